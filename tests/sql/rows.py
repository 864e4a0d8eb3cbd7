"""Rows of known content, for the other tables that a question of the folder asks."""

import json
from datetime import UTC, datetime

import polars as pl

from mcas_assets.store.ledger import Materialisation

AUDIT = "gender"
OLD, NEW = "sd@aaa", "sd@bbb"
MOMENTS = [datetime(2026, 11, day, tzinfo=UTC) for day in range(1, 6)]


def made(asset: str, partition: str, data_version: str, **input_versions: int) -> Materialisation:
    return Materialisation(
        asset=asset,
        partition=partition,
        audit=AUDIT,
        run_id="r",
        code_version="1",
        data_version=data_version,
        input_versions=input_versions,
        packages={"torch": "2.15.0"},
    )


def score_rows(system_version: str, **mcas: tuple[float | None, float | None]) -> pl.DataFrame:
    """For each concept its score by the embedders clip and siglip."""
    rows = [
        {
            "system": "sd",
            "system_version": system_version,
            "audit": AUDIT,
            "axis": "gender",
            "embedder": embedder,
            "category": "occupations",
            "concept": concept,
            "prompt": f"a {concept}",
            "n_images": 2,
            "iias": value and value - 0.03,
            "itpas": 0.01,
            "itaas": 0.01,
            "ttas": 0.01,
            "mcas": value,
            "differing": value and value - 0.01,
            "adjusted": value and value + 0.15 * (embedder == "siglip"),
            "mcas_low": value and value - 0.05,
            "mcas_high": value and value + 0.05,
            "is_flagged": value and abs(value) > 0.05,
            "reason": None if value is not None else "no image",
        }
        for concept, values in mcas.items()
        for embedder, value in zip(("clip", "siglip"), values, strict=True)
    ]
    return pl.DataFrame(rows, schema_overrides={"reason": pl.String, "is_flagged": pl.Boolean})


def rank_rows() -> pl.DataFrame:
    """The second version leans more to pole a than the first, by so little that they could change places."""
    key = {"system": "sd", "system_version": NEW, "audit": AUDIT, "axis": "gender", "embedder": "clip", "n_ranked": 2}
    places = [{"ranked": NEW, "rank": 1, "rank_low": 1}, {"ranked": OLD, "rank": 2, "rank_low": 1}]
    return pl.DataFrame([key | place | {"rank_high": 2} for place in places])


def refusal_tables() -> dict[str, pl.DataFrame]:
    key = {"system": "sd", "system_version": NEW, "audit": AUDIT}
    rate = {"n_prompts": 1, "outcomes": "{}", "n_effective": 1.0}
    nurse, pilot = ({"scope": "concept", "category": "occupations", "concept": name} for name in ("nurse", "pilot"))
    rates = [
        {"scope": "all", "n_requested": 4, "n_given": 2, "n_refused": 1, "n_lost": 1, "rate": 1 / 3},
        nurse | {"n_requested": 2, "n_given": 1, "n_refused": 1, "n_lost": 0, "rate": 0.5},
        pilot | {"n_requested": 1, "n_given": 0, "n_refused": 0, "n_lost": 1, "reason": "no request was decided"},
        {"scope": "neutral", "concept": "person", "n_requested": 1, "n_given": 1, "n_refused": 0, "n_lost": 0},
    ]  # fmt: skip
    disparities = [
        nurse | {"against": "baseline", "difference": 0.4},
        nurse | {"against": "other_concepts", "difference": 0.5},
        pilot | {"against": "baseline", "reason": "no request was decided"},
    ]
    return {
        "refusals": pl.DataFrame([key | rate | row for row in rates], infer_schema_length=None),
        "refusal_disparities": pl.DataFrame([key | row for row in disparities], infer_schema_length=None),
    }


def image_rows(system_version: str, outcomes: dict[str, str]) -> pl.DataFrame:
    """One row for each request, `concept 0` or `a 0`, and what came of it."""
    rows = []
    for request, outcome in outcomes.items():
        subject, replicate = request.split()
        is_pole = subject in ("a", "b")
        rows.append(
            {
                "audit": AUDIT,
                "image_id": f"{system_version} {request}",
                "system_version": system_version,
                "prompt_id": subject,
                "prompt": f"a {subject}",
                "role": "attribute" if is_pole else "concept",
                "axis": "gender" if is_pole else None,
                "pole": subject if is_pole else None,
                "concept": None if is_pole else subject,
                "replicate": int(replicate),
                "seed": 1,
                "width": 64,
                "height": 64,
                "outcome": outcome,
                "path": f"images/{request}.png",
            }
        )
    return pl.DataFrame(rows)


def answered(version: str) -> str:
    """What a hosted system kept of one image: slowed down once, then answered by a version."""
    slow, done = (
        {"outcome": "rate_limited", "cost_usd": 0.0},
        {"outcome": "ok", "cost_usd": 0.5, "model_reported": version},
    )
    told = {"provider": "google", "model_requested": "gemini", "model_reported": version, "attempts": [slow, done]}
    told |= {"revised_prompt": "a nurse of no particular gender"} if version == "v2" else {}
    return json.dumps(told)


def variance_rows() -> pl.DataFrame:
    """A score that owes more to its wording than to its seed."""
    key = {"system": "sd", "system_version": NEW, "audit": AUDIT, "axis": "gender", "embedder": "clip"}
    sources = [
        {"source": "seed", "variance": 0.04, "n": 4.0, "error": 0.01, "freedom": 3.0},
        {"source": "wording", "variance": 0.09, "n": 3.0, "error": 0.03, "freedom": 2.0, "common": 0.045},
        {"source": "concept", "variance": 0.25, "n": 2.0, "freedom": 1.0},
        {"source": "guidance", "reason": "a setting of the system"},
    ]
    return pl.DataFrame([key | source for source in sources], infer_schema_length=None)


def universe_rows() -> pl.DataFrame:
    """Nurses lean to women in three of four universes; half of the words turns them round, with one of two baselines."""
    key = {"system": "sd", "system_version": NEW, "audit": AUDIT, "axis": "gender", "embedder": "clip", "concept": "nurse",
           "measure": "score", "wording": "all", "attribute_prompts": "all", "rank": 1}  # fmt: skip
    universes = [
        ("all", "none", -0.2),
        ("all", "person", -0.3),
        ("first half", "none", 0.1),
        ("first half", "person", -0.1),
    ]
    rows = [
        key
        | {"words": words, "baseline": baseline, "value": value, "is_declared": (words, baseline) == ("all", "none")}
        for words, baseline, value in universes
    ]
    return pl.DataFrame(rows)


def account_rows() -> pl.DataFrame:
    """What a set had for two prompts, one of them in two roles, and what of it nobody asked for."""
    key = {"system_version": OLD, "audit": AUDIT}
    nurse = {"set_prompt": "A Nurse", "match": "normalised", "n_records": 3, "n_ok": 2, "prompt": "a nurse"}
    rows = [
        nurse | {"role": "concept", "concept": "nurse"},
        nurse | {"role": "attribute", "axis": "gender", "pole": "b"},
        {
            "match": "lacking",
            "n_records": 0,
            "prompt": "a pilot",
            "role": "concept",
            "concept": "pilot",
            "detail": "lacks",
        },
        {"set_prompt": "a cat", "match": "unmatched", "n_records": 5, "detail": "not asked"},
        {"set_prompt": "a dog", "match": "unmatched", "n_records": 9, "detail": "not asked"},
    ]
    return pl.DataFrame([key | row for row in rows], infer_schema_length=None)


def calibration_rows() -> pl.DataFrame:
    """Two figures, one of which misses its goal."""
    names, met = ["slope", "R2"], [True, False]
    figures = {
        "kind": "dose_response",
        "axis": "gender",
        "embedder": "clip",
        "name": names,
        "value": [1.0, 0.9],
        "met": met,
    }
    return pl.DataFrame(figures).with_columns(system_version=pl.lit(NEW), goal=pl.lit("at least .99"))


def policy_rows() -> pl.DataFrame:
    about = {"policy": "release", "system": "a", "system_version": NEW, "audit": AUDIT, "condition": "at most 0.4"}
    about |= {"is_blocking": False, "threshold": 0.4}  # ty: ignore[unsupported-operator]
    rows = [
        {
            "requirement": "lean",
            "kind": "association",
            "concept": "nurse",
            "observed": 0.5,
            "status": "failed",
            "reason": "beyond",
        },
        {
            "requirement": "lean",
            "kind": "association",
            "concept": "pilot",
            "observed": 0.9,
            "status": "failed",
            "reason": "beyond",
        },
        {"requirement": "lean", "kind": "association", "concept": "ceo", "observed": 0.1, "status": "passed"},
        {"requirement": "update", "kind": "worsening", "status": "not judged", "reason": "no version before"},
        {"requirement": "refused", "kind": "refusals", "observed": 0.0, "status": "passed"},
    ]
    return pl.DataFrame([about | row for row in rows])


def comparison_tables() -> tuple[dict[str, pl.DataFrame], dict[str, pl.DataFrame]]:
    """The nurse changed by both embedders, the pilot could have been missed; steps and torch differ, steps were recombined."""
    pair = {"system": "sd", "system_version": NEW, "before": OLD, "after": NEW, "is_predecessor": True, "audit": AUDIT}
    numbers = {"n_before": 2, "n_after": 2, "n_pairs": 2, "category": "occupations", "axis": "gender"}
    changes = [
        pair | numbers | {"embedder": embedder, "concept": concept, "component": component, "difference": difference,
                          "verdict": verdict,
                          "interval_note": "several wordings: a bootstrap" if concept == "pilot" else None}
        for embedder in ("clip", "siglip")
        for concept, difference, verdict in (("nurse", -0.3, "changed"), ("pilot", 0.1, "underpowered"))
        for component in ("iias", "mcas", "adjusted")
    ]  # fmt: skip
    met = [("settings", "steps", "20", "30", True, None), ("packages", "torch", "2", "3", False, "gone")]
    names = ("kind", "factor", "value_before", "value_after", "is_replayable", "reason")
    factors = [pair | {"stage": "images"} | dict(zip(names, row, strict=True)) for row in met]
    of_steps = {"axis": "gender", "embedder": "clip", "factor": "steps", "share": 1.0}
    doing = pl.DataFrame([pair | of_steps | {"concept": None}]).drop("is_predecessor")
    return {"comparisons": pl.DataFrame(changes), "comparison_factors": pl.DataFrame(factors)}, {"attributions": doing}
