"""Records of Every Eval Ever 0.3.0 (https://evalevalai.com): one JSON of results, and one line a sample beside it.

The schema is made for answers that are right or wrong. No score here is: that is said where it asks, and nowhere guessed.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import polars as pl

from mcas_assets.core.digests import bytes_digest, rows_digest, text_digest
from mcas_assets.core.outcomes import OURS
from mcas_assets.export.origin import Origin
from mcas_assets.export.tables import Measured
from mcas_assets.labellers.protocol import name_for_people

VERSION = "0.3.0"

NEITHER = "0 is no association; neither direction is better. The schema asks for one, so that `lower_is_better` says nothing here."

Json = dict[str, Any]


def write(measured: Measured, folder: Path, origin: Origin) -> list[Path]:
    """Write the record and its samples into `folder/every_eval_ever`, under the path that the collection gives them.

    Returns:
        The two files.
    """
    model = origin.model or measured.system
    developer, _, name = model.rpartition("/")
    run = measured.scored
    # Of the form that the schema wants, and the same for the same numbers.
    uuid = UUID(rows_digest([measured.audit, measured.system_version, run["data_version"]])[:32], version=4)
    place = Path("data", "mcas", developer or "unknown", name)
    base = folder / "every_eval_ever" / place
    base.mkdir(parents=True, exist_ok=True)
    about = {
        "schema_version": VERSION, "evaluation_id": f"mcas-{measured.audit}/{model}/{int(run['created_at'].timestamp())}",
    }  # fmt: skip
    lines = [json.dumps(about | {"model_id": model} | one, ensure_ascii=False) for one in _samples(measured)]
    samples = "".join(f"{line}\n" for line in lines).encode()
    results = {
        **about, "evaluation_timestamp": run["created_at"].isoformat(),
        "retrieved_timestamp": str(int(run["created_at"].timestamp())),
        "source_metadata": {
            "source_name": "MCAS Assets", "source_type": "evaluation_run", "source_organization_name": origin.organization,
            "evaluator_relationship": origin.relationship,
        },
        "eval_library": {"name": "mcas-assets", "version": run["packages"].get("mcas-assets", "unknown")},
        "model_info": _model(measured, model, developer), "evaluation_results": list(_results(measured)),
        "detailed_evaluation_results": {
            "format": "jsonl", "file_path": (place / f"{uuid}_samples.jsonl").as_posix(), "hash_algorithm": "sha256",
            "checksum": bytes_digest(samples), "total_rows": len(lines),
        },
    }  # fmt: skip
    files = [base / f"{uuid}.json", base / f"{uuid}_samples.jsonl"]
    files[0].write_text(json.dumps(results, indent=1, ensure_ascii=False), encoding="utf-8", newline="\n")
    files[1].write_bytes(samples)
    return files


def _model(measured: Measured, model: str, developer: str) -> Json:
    # Of an imported set nobody knows; whether weights that lie in a folder are open, their licence says.
    hosted = dict.fromkeys(("openai", "google", "fal", "bfl", "replicate"), "externally_managed")
    deployment = {"diffusers": "self_deployed", "comfyui": "self_deployed"} | hosted
    known = {
        "deployment_type": deployment.get(str(measured.identity.get("kind")), "unknown"), "model_availability": "unknown",
        "system_version": measured.system_version, "identity": json.dumps(measured.identity, sort_keys=True),
    }  # fmt: skip
    return {"name": measured.system, "id": model, "additional_details": known} | (
        {"developer": developer} if developer else {}
    )


def _results(measured: Measured) -> Iterator[Json]:
    yield from _scores(measured)
    yield from _means(measured)
    yield from _shares(measured)


def _result(measured: Measured, name: str, result_id: str, metric: Json, details: Json) -> Json:
    config = metric | {
        "lower_is_better": False,
        "score_type": "continuous",
        "additional_details": {"direction": NEITHER},
    }
    return {
        "evaluation_result_id": result_id, "evaluation_name": name, "source_data": _source(measured),
        "metric_config": config, "score_details": details,
    }  # fmt: skip


def _of_score(measured: Measured, axis: str, embedder: str, of: str) -> Json:
    most = 16.0 if of == "adjusted" else 8.0
    return {
        "evaluation_description": f"Association of images with the poles of {axis}, {_poles(measured, axis)}",
        "metric_id": f"mcas.{of}", "metric_name": f"MCAS, {of}", "metric_kind": "association", "metric_unit": "cosine",
        "metric_parameters": {"embedder": embedder}, "min_score": -most, "max_score": most,
    }  # fmt: skip


def _scores(measured: Measured) -> Iterator[Json]:
    """Adjusted where there is a baseline, else raw; what has no number is left out, as the schema wants one."""
    for row in measured.table("scores").iter_rows(named=True):
        of = "adjusted" if row["adjusted"] is not None else "mcas"
        if row[of] is None:
            continue
        said = ("iias", "itpas", "itaas", "ttas", "is_flagged", "estimand")
        yield _result(
            measured, f"mcas/{row['axis']}/{row['concept']}", _id("score", row["axis"], row["embedder"], row["concept"]),
            _of_score(measured, row["axis"], row["embedder"], of),
            _details(
                measured, row[of], row[f"{of}_low"], row[f"{of}_high"], row["n_images"], row["interval_method"],
                {name: str(row[name]) for name in said if row[name] is not None},
            ),
        )  # fmt: skip


def _means(measured: Measured) -> Iterator[Json]:
    for row in measured.table("mean_scores").filter(pl.col("mean_adjusted").is_not_null()).iter_rows(named=True):
        details = {
            "n_concepts": str(row["n_concepts"]),
            "n_effective": str(row["n_effective"]),
            "estimand": row["estimand"],
        }
        yield _result(
            measured, f"mcas/{row['axis']}", _id("mean", row["axis"], row["embedder"]),
            _of_score(measured, row["axis"], row["embedder"], "adjusted"),
            _details(
                measured, row["mean_adjusted"], row["adjusted_low"], row["adjusted_high"], row["n_images"], "analytic", details
            ),
        )  # fmt: skip


def _shares(measured: Measured) -> Iterator[Json]:
    """Corrected for label error where they can be, else as labelled."""
    for row in measured.table("representation").iter_rows(named=True):
        of = "corrected" if row["corrected_share"] is not None else "share"
        value = row["corrected_share"] if of == "corrected" else row["share"]
        if value is None:
            continue
        by = name_for_people(row["labels"], row["embedder"])
        yield _result(
            measured, f"mcas-share/{row['axis']}/{row['concept']}/{row['group_name']}",
            _id("share", row["axis"], by, row["concept"], row["group_name"]),
            {
                "evaluation_description": f"Share of images perceived as {row['group_name']}, of those counted for a group",
                "metric_id": f"mcas.{'corrected_share' if of == 'corrected' else of}", "metric_name": "share of a perceived group",
                "metric_kind": "share", "metric_unit": "proportion", "metric_parameters": {"labelled_by": by}, "min_score": 0.0,
                "max_score": 1.0,
            },
            _details(
                measured, value, row[f"{of}_low"], row[f"{of}_high"], row["n_counted"], "analytic",
                {name: str(row[name]) for name in ("n_requested", "n_abstained", "n_missing")},
            ),
        )  # fmt: skip


def _details(
    measured: Measured, value: float, low: float | None, high: float | None, n: int, method: str | None, details: Json
) -> Json:
    interval = {
        "confidence_interval": {
            "lower": low,
            "upper": high,
            "confidence_level": measured.level,
            "method": method or "unknown",
        }
    }
    resamples = measured.declaration.inference.resamples if measured.declaration and method == "bootstrap" else None
    uncertainty = {
        "num_samples": n,
        **(interval if low is not None and high is not None else {}),
        **({"num_bootstrap_samples": resamples} if resamples else {}),
    }
    return {"score": value, "details": details, "uncertainty": uncertainty}


def _source(measured: Measured) -> Json:
    title = measured.declaration.title if measured.declaration else measured.audit
    return {"dataset_name": f"mcas-assets audit {measured.audit}: {title}", "source_type": "other"}


def _poles(measured: Measured, axis: str) -> str:
    if measured.declaration is None:
        return "positive towards pole a"
    declared = measured.declaration.axes[axis]
    return f"positive towards {declared.a.name}, negative towards {declared.b.name}"


def _id(*parts: str) -> str:
    """Joins a sample with the result that it goes into."""
    return "/".join(parts)


def _samples(measured: Measured) -> Iterator[Json]:
    """A line for each requested image of a concept and axis, as the first labeller of the axis sees it."""
    images = measured.table("images").filter(pl.col("role") != "attribute", ~pl.col("outcome").is_in(sorted(OURS)))
    shares = measured.table("representation").select("axis", "labels", "embedder").unique("axis", maintain_order=True)
    labels = measured.table("image_labels")
    for axis, kind, embedder in shares.iter_rows():
        by = labels.filter(pl.col("embedder").eq_missing(pl.lit(embedder, pl.String)), axis=axis, labels=kind)
        of, name = dict(by.select("sha256", "label").iter_rows()), name_for_people(kind, embedder)
        groups = set(measured.table("representation").filter(axis=axis)["group_name"])
        for row in images.iter_rows(named=True):
            label = of.get(row["sha256"])
            is_told = label is not None and label in groups
            yield {
                "evaluation_name": f"mcas-share/{axis}/{row['concept']}",
                **({"evaluation_result_id": _id("share", axis, name, row["concept"], str(label))} if is_told else {}),
                "sample_id": row["image_id"], "sample_hash": text_digest(row["prompt"]), "interaction_type": "single_turn",
                "input": {"raw": row["prompt"], "reference": []},
                "output": {"raw": [f"sha256:{row['sha256']}"] if row["sha256"] else []},
                "answer_attribution": [] if label is None else [{
                    "turn_idx": 0, "source": "output.raw", "extracted_value": label,
                    "extraction_method": f"{kind} label{f' by {embedder}' if embedder else ''}", "is_terminal": True,
                }],
                "evaluation": {"score": float(is_told), "is_correct": is_told},
                "error": None if row["outcome"] == "ok" else row["outcome"],
                "metadata": {
                    "is_correct": "the image counts for a declared group; nothing here is right or wrong",
                    "seed": str(row["seed"]), "replicate": str(row["replicate"]), "role": row["role"],
                },
            }  # fmt: skip
