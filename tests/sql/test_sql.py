"""Every question in sql/ says what it answers, and answers it on a published store of known content."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from rich.console import Console

from mcas_assets.store import declarations, facts, ledger, publication, quality, votes
from mcas_assets.store.database import Store
from mcas_assets.store.declarations import Declaration
from mcas_assets.store.ledger import Materialisation
from mcas_assets.store.schema import frame_schema
from mcas_assets.views.fit import captured

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


def people_tables() -> dict[str, pl.DataFrame]:
    """Two raters agree on one nurse and differ on another."""
    key = {"system": "sd", "system_version": NEW, "audit": AUDIT, "axis": "gender"}
    by = key | {"labels": "zero-shot", "embedder": "clip", "group_name": "woman"}
    agreement = {"n_drawn": 2, "n_raters": 2, "n_rated": 2, "n_single": 0, "n_agreed": 1, "n_settled": 0, "n_open": 1,
                 "n_no_group": 0, "alpha": 0.0, "alpha_low": -0.5, "alpha_high": 1.0, "told_reason": "too few"}  # fmt: skip
    share = {
        "concept": "nurse",
        "n_images": 2,
        "n_rated": 1,
        "n_group": 1,
        "n_open": 1,
        "method": "rogan-gladen",
        "share": 0.75,
    }
    return {
        "rater_agreement": pl.DataFrame([key | agreement]),
        "people_confusion": pl.DataFrame([by | {"answer": "woman", "n_images": 1, "n_known": 1, "rate": 1.0}]),
        "people_shares": pl.DataFrame([by | share]),
    }


def draw_rows() -> pl.DataFrame:
    about = {
        "draw": "d",
        "audit": AUDIT,
        "system_version": NEW,
        "seed": 1,
        "scheme": "all",
        "concept": "nurse",
        "n_concept": 2,
    }
    return pl.DataFrame([about | {"place": n, "image_id": f"image{n}", "sha256": "s", "path": "p"} for n in (1, 2)])


def vote_rows() -> pl.DataFrame:
    about = {"draw": "d", "axis": "gender", "is_adjudication": False, "source": "page", "voted_at": MOMENTS[0]}
    given = [("image1", "ada", "man"), ("image1", "ada", "woman"), ("image1", "ben", "woman"), ("image2", "ada", "man"),
             ("image2", "ben", "woman")]  # fmt: skip
    return pl.DataFrame(
        [about | {"image_id": image, "rater": rater, "answer": answer} for image, rater, answer in given]
    )


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
    return json.dumps(told)


def share_rows() -> pl.DataFrame:
    """Shares of the nurse by clip, corrected, and by pixels, not."""
    key = {"system": "sd", "system_version": NEW, "audit": AUDIT, "axis": "gender", "concept": "nurse"}
    counts = {"n_prompts": 1, "n_requested": 10, "n_missing": 1, "n_abstained": 1, "n_counted": 8, "n_known": 8}
    rows = []
    for labels, embedder in (("zero-shot", "clip"), ("pixels", None)):
        for group, n in (("man", 2), ("woman", 6)):
            corrected = n / 8 + (0.05 if n > 4 else -0.05) if embedder else None
            row = {"labels": labels, "embedder": embedder, "group_name": group, "n_group": n, "outcomes": "{}"}
            shares = {"share": n / 8, "share_low": n / 8 - 0.2, "share_high": n / 8 + 0.2, "corrected_share": corrected}
            rows.append(key | counts | row | shares)
    return pl.DataFrame(rows, infer_schema_length=None)


def confusion_rows() -> pl.DataFrame:
    """Two of three men are read right and one not at all."""
    cells = [("man", 2, 2 / 3), ("woman", 0, 0.0), ("no group", 1, 1 / 3)]
    rows = [
        {
            "system": "phantom", "system_version": NEW, "audit": AUDIT, "axis": "gender", "labels": "zero-shot",
            "embedder": "clip", "group_name": "man", "answer": answer, "n_images": n, "n_known": 3, "rate": rate,
        }
        for answer, n, rate in cells
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=frame_schema("confusion"))


def cell_rows() -> pl.DataFrame:
    """Men are shown light; of men who are dark there are too few."""
    key = {
        "system": "sd",
        "system_version": NEW,
        "audit": AUDIT,
        "axis_1": "gender",
        "labels_1": "zero-shot",
        "embedder": "clip",
    }
    key |= {"axis_2": "tone", "labels_2": "zero-shot", "scope": "all concepts", "group_1": "man"}
    cells = [
        {"group_2": "dark", "n_cell": 1, "share_high": 0.1, "reason": "few", "ratio_reason": "few"},
        {"group_2": "light", "n_cell": 49, "share": 0.98, "share_low": 0.9, "share_high": 1.0, "impact_ratio": 1.0},
    ]
    return pl.DataFrame([key | {"n_counted": 50, "n_effective": 50.0} | one for one in cells], infer_schema_length=None)


def comparison_rows() -> pl.DataFrame:
    """Women among the nurses, by clip: more than at parity, fewer than in the town; engineers all but none."""
    key = {
        "system": "sd",
        "system_version": NEW,
        "audit": AUDIT,
        "axis": "gender",
        "labels": "zero-shot",
        "embedder": "clip",
    }
    rows = []
    for concept, share, references, verdicts in (
        ("nurse", 0.7, (0.5, 0.9), ("over-represented", "under-represented")),
        ("engineer", 0.0, (0.5, 0.12), ("under-represented", "under-represented")),
    ):
        for population, year, reference, verdict in zip(
            ("parity", "town"), (None, 2020), references, verdicts, strict=True
        ):
            row = {
                "concept": concept,
                "group_name": "woman",
                "population": population,
                "locale": population,
                "year": year,
            }
            row |= {
                "share": share,
                "is_corrected": True,
                "reference": reference,
                "verdict": verdict,
                "survives_missing": True,
            }  # ty: ignore[unsupported-operator]
            rows.append(key | row | {"depends_on_population": verdicts[0] != verdicts[1], "is_erased": share == 0})
    return pl.DataFrame(rows, infer_schema_length=None)


def direction_rows() -> pl.DataFrame:
    """What the town associates is made stronger; parity associates nothing."""
    key = {"system": "sd", "system_version": NEW, "audit": AUDIT, "axis": "gender", "labels": "zero-shot",
           "embedder": "clip", "measure": "share", "n_concepts": 2, "is_weighted": False, "estimand": "these prompts"}  # fmt: skip
    town = {"population": "town", "mean": 0.2, "low": 0.1, "high": 0.3, "n_images": 8, "n_effective": 6.0}
    parity = {"population": "parity", "reason": "the population associates no concept with a group"}
    return pl.DataFrame([key | town, key | parity], infer_schema_length=None)


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
    about = {"policy": "release", "system": "a", "system_version": NEW, "audit": AUDIT, "requirement": "at most 0.4"}
    about |= {"is_blocking": False, "threshold": 0.4}  # ty: ignore[unsupported-operator]
    rows = [
        {
            "rule": "lean",
            "kind": "association",
            "concept": "nurse",
            "observed": 0.5,
            "verdict": "failed",
            "reason": "beyond",
        },
        {
            "rule": "lean",
            "kind": "association",
            "concept": "pilot",
            "observed": 0.9,
            "verdict": "failed",
            "reason": "beyond",
        },
        {"rule": "lean", "kind": "association", "concept": "ceo", "observed": 0.1, "verdict": "passed"},
        {"rule": "update", "kind": "worsening", "verdict": "not judged", "reason": "no version before"},
        {"rule": "refused", "kind": "refusals", "observed": 0.0, "verdict": "passed"},
    ]
    return pl.DataFrame([about | row for row in rows])


def comparison_tables() -> tuple[dict[str, pl.DataFrame], dict[str, pl.DataFrame]]:
    """The nurse changed by both embedders, the pilot could have been missed; steps and torch differ, steps were recombined."""
    pair = {"system": "sd", "system_version": NEW, "before": OLD, "after": NEW, "is_predecessor": True, "audit": AUDIT}
    numbers = {"n_before": 2, "n_after": 2, "n_pairs": 2, "category": "occupations", "axis": "gender"}
    changes = [
        pair | numbers | {"embedder": embedder, "concept": concept, "component": component, "difference": difference,
                          "verdict": verdict}
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


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Two versions of one system; the second scored twice, once with nothing for the pilot."""
    store = Store(tmp_path_factory.mktemp("home"))
    texts = pl.DataFrame(
        {
            "audit": AUDIT,
            "text_id": ["1", "2", "3"],
            "text": ["This is he", "This is she", "This is a nurse"],
            "raw": ["he", "she", "a nurse"],
            "kind": ["word", "word", "prompt"],
            "axis": ["gender", "gender", None],
            "pole": ["a", "b", None],
            "concept": [None, None, "nurse"],
        }
    )
    outcomes = {"a 0": "ok", "b 0": "ok", "nurse 0": "ok", "nurse 1": "refused_prompt", "pilot 0": "timeout"}
    with store.open() as con:
        facts.register_embedder(con, "clip@1", "clip", 4, {})
        facts.register_embedder(con, "siglip@1", "siglip", 8, {})
        facts.register_system(con, OLD, "sd", {"steps": 20})
        facts.register_system(con, NEW, "sd", {"steps": 30})
        facts.mark_audited(con, NEW)
        declarations.note(con, NEW, [Declaration("audit", AUDIT, "d", {})])
        fact = image_rows(NEW, outcomes).select(
            "image_id", "system_version", "prompt", "seed", "width", "height", "outcome"
        )
        # The provider moved between the third answer and the fourth, and had to be asked twice each time.
        told = [answered("v1")] * 3 + [answered("v2")] * 2
        asked = fact.with_columns(
            bytes=pl.lit(100),
            attempt=pl.lit(2),
            run_id=pl.lit("r"),
            provider=pl.Series(told),
            created_at=pl.Series(MOMENTS),
        )
        facts.append_images(con, asked)
        ledger.record(con, made("plan", "", "p"), {})  # 1
        ledger.record(
            con,
            made("images", OLD, "i", plan=1),
            {"images": image_rows(OLD, {"nurse 0": "ok"}), "import_account": account_rows()},
        )  # 2
        ledger.record(con, made("scores", OLD, "s", images=2), {"scores": score_rows(OLD, nurse=(-0.1, -0.1))})  # 3
        ledger.record(con, made("images", NEW, "i", plan=1), {"images": image_rows(NEW, outcomes)})  # 4
        first = score_rows(NEW, nurse=(-0.2, -0.1), pilot=(0.3, 0.1))
        ledger.record(con, made("scores", NEW, "s1", images=4), {"scores": first})  # 5
        second = score_rows(NEW, nurse=(-0.25, 0.02), pilot=(None, None))
        mean = {"system": "sd", "system_version": NEW, "audit": AUDIT, "axis": "gender", "embedder": "clip",
                "n_concepts": 2, "n_images": 4, "n_effective": 2.5, "mean_adjusted": -0.2, "adjusted_low": -0.3,
                "adjusted_high": -0.1, "estimand": "these prompts"}  # fmt: skip
        means = pl.DataFrame([mean])
        declared = replace(made("scores", NEW, "s2", images=4), declarations=("d",))
        second = second.with_columns(
            lean_rank=pl.Series([1, None, None, None], dtype=pl.Int64), lean_rank_low=1, lean_rank_high=2
        )
        ledger.record(
            con,
            declared,
            {"scores": second, "mean_scores": means, "score_variances": variance_rows(), "multiverse": universe_rows()},
        )  # 6
        ledger.record(con, made("representation", NEW, "n", images=4), {  # 7
            "representation": share_rows(), "confusion": confusion_rows(), "amplification": comparison_rows(),
            "intersections": cell_rows(), "mean_amplification": direction_rows(),
        })  # fmt: skip
        ledger.record(con, made("calibration", NEW, "c"), {"calibration": calibration_rows()})  # 8
        ledger.record(con, made("refusals", NEW, "r", images=4), refusal_tables())  # 9
        ledger.record(con, made("policy/release/scores", NEW, "p"), {"policy_results": policy_rows()})  # 10
        ledger.record(con, made("texts", "", "x"), {"texts": texts})  # 11
        ledger.record(con, made("ranks", NEW, "k"), {"system_ranks": rank_rows()})
        ledger.record(con, made("review", NEW, "v"), people_tables())
        votes.append_draw(con, draw_rows())
        votes.append_votes(con, vote_rows())
        changed, doing = comparison_tables()
        ledger.record(con, made("comparison", NEW, "d", images=4), changed)  # 12
        ledger.record(con, made("attribution", NEW, "t"), doing)  # 13
        for version, failing in ((5, "has rows"), (6, "each request once")):
            quality.append(
                con,
                pl.DataFrame(
                    [
                        {
                            "run_id": "r",
                            "version": version,
                            "asset": "plan",
                            "partition": "",
                            "audit": AUDIT,
                            "rule": rule,
                            "success": rule != failing,
                            "outcome": "fail" if rule == failing else "pass",
                            "severity": "critical",
                        }
                        for rule in ("has rows", "each request once")
                    ]
                ),
            )
    publication.publish(store)
    return store


def test_raters_are_asked_how_far_they_agree_and_what_they_differ_on_is_named(published):
    """The first of Ada's two answers to one image gave way to the second."""
    assert ask(published, "how-far-raters-agree", "alpha", "n_open", "differ_on") == [(0.0, 1, ["image2"])]


def test_shares_by_people_stand_beside_those_by_labels(published):
    columns = ("concept", "group_name", "share", "labelled", "by_attribute_images", "label_is_right", "method")
    ((*row, _),) = ask(published, "who-is-shown-to-people", *columns)
    labelled = [
        one
        for one in share_rows().iter_rows(named=True)
        if (one["labels"], one["group_name"]) == ("zero-shot", "woman")
    ]
    assert row == ["nurse", "woman", 0.75, labelled[0]["share"], labelled[0]["corrected_share"], 1.0]


def ask(store: Store, name: str, *columns: str) -> list[tuple]:
    return publication.query(store, publication.questions()[name].read_text()).select(columns).rows()


@pytest.mark.parametrize("file", publication.questions().values(), ids=lambda file: file.stem)
def test_a_question_begins_with_what_it_answers_and_runs(file: Path, published):
    first = file.read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith("-- ")
    assert first.rstrip().endswith((".", "?"))
    assert not publication.query(published, file.read_text(encoding="utf-8")).is_empty()


@pytest.mark.parametrize("file", publication.questions().values(), ids=lambda file: file.stem)
def test_a_question_is_answered_in_an_order_that_does_not_change(file: Path, published):
    sql = file.read_text(encoding="utf-8")
    assert publication.query(published, sql).equals(publication.query(published, sql), null_equal=True)


def test_a_question_to_an_empty_store_has_no_rows(tmp_path):
    store = Store(tmp_path)
    publication.publish(store)
    for name in publication.questions():
        assert ask(store, name) == [], name


@pytest.mark.parametrize("file", publication.questions().values(), ids=lambda file: file.stem)
def test_a_question_says_what_an_empty_answer_means(file: Path):
    assert publication.why_empty(file).endswith(".")


@pytest.mark.parametrize("width", [80, 200])
@pytest.mark.parametrize("file", publication.questions().values(), ids=lambda file: file.stem)
def test_an_answer_fits_the_terminal_and_cuts_no_value(file: Path, width: int, published):
    text = captured(publication.query(published, file.read_text(encoding="utf-8")), Console(width=width), 0, False)
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text


def test_how_labels_err(published):
    found = ask(published, "how-labels-err", "asked_for", "answer", "n_images", "n_known")
    assert found == [("man", "man", 2, 3), ("man", "woman", 0, 3), ("man", "no group", 1, 3)]


def test_where_is_the_bias(published):
    found = ask(
        published, "where-is-the-bias", "system_version", "embedder", "concept", "mcas", "towards", "is_flagged"
    )
    assert found == [
        (NEW, "clip", "nurse", -0.25, "she", True),
        (NEW, "siglip", "nurse", 0.02, "he", False),
        (OLD, "clip", "nurse", -0.1, "she", True),
        (OLD, "siglip", "nurse", -0.1, "he", True),
        (NEW, "clip", "pilot", None, None, None),
        (NEW, "siglip", "pilot", None, None, None),
    ]


def test_what_was_declared_before(published):
    found = ask(published, "what-was-declared-before", "system_version", "asset", "standing", "declared")
    assert found == [(NEW, "scores", "confirmatory", "audit gender")]


def test_who_leans_most(published):
    found = ask(
        published, "who-leans-most", "ranked", "system_version", "concept", "rank", "rank_high", "not_told_apart"
    )
    assert found == [
        ("system", NEW, None, 1, 2, 1),
        ("system", OLD, None, 2, 2, 1),
        ("concept", NEW, "nurse", 1, 2, 1),
    ]


def test_as_a_whole(published):
    found = ask(published, "as-a-whole", "system_version", "mean_adjusted", "is_shown", "n_images", "n_effective")
    assert found == [(NEW, -0.2, True, 4, 2.5)]


def test_what_drives_the_score(published):
    found = ask(published, "what-drives-the-score", "system_version", "embedder", "largest")
    assert found[0] == (NEW, "clip", "iias")
    assert len(found) == 4


def test_embedder_disagreement(published):
    found = ask(
        published,
        "embedder-disagreement",
        "system_version",
        "concept",
        "n_embedders",
        "lowest_by",
        "highest_by",
    )
    # Of the old version MCAS is below 0 by both, and adjusted is not.
    assert found == [(NEW, "nurse", 2, "clip", "siglip"), (OLD, "nurse", 2, "clip", "siglip")]


def test_refusals(published):
    columns = ("subject", "requested", "refused", "lost", "rate", "against", "difference")
    found = ask(published, "refusals", "system_version", "scope", *columns)
    assert found == [
        (NEW, "concept", "nurse", 2, 1, 0, 0.5, "other_concepts", 0.5),
        (NEW, "all", "all", 4, 1, 1, 1 / 3, None, None),
        (NEW, "concept", "pilot", 1, 0, 1, None, "baseline", None),
    ]


def test_images_behind_the_scores(published):
    found = ask(published, "images-behind-the-scores", "system_version", "embedder", "concept", "replicate", "path")
    assert found[0] == (NEW, "clip", "nurse", 0, "images/nurse 0.png")
    assert len(found) == 2 * (2 + 1) + 2


def test_what_was_imported(published):
    found = ask(published, "what-was-imported", "match", "set_prompt", "prompt", "counts_for", "records", "given")
    assert found == [
        ("normalised", "A Nurse", "a nurse", ["gender b", "nurse"], 3, 2),
        ("lacking", None, "a pilot", ["pilot"], 0, None),
        ("unmatched", "a dog", None, None, 9, None),
        ("unmatched", "a cat", None, None, 5, None),
    ]


def test_lineage(published):
    found = ask(published, "lineage", "scores_version", "steps_back", "version", "asset", "partition")
    assert found == [
        (6, 0, 6, "scores", NEW),
        (6, 1, 4, "images", NEW),
        (6, 2, 1, "plan", ""),
        (3, 0, 3, "scores", OLD),
        (3, 1, 2, "images", OLD),
        (3, 2, 1, "plan", ""),
    ]


def test_history(published):
    found = ask(
        published,
        "history",
        "system_version",
        "embedder",
        "concept",
        "version",
        "mcas",
        "change",
        "is_new_data",
    )
    nurse = [row[3:] for row in found if row[:3] == (NEW, "clip", "nurse")]
    assert nurse == [(5, -0.2, None, True), (6, -0.25, pytest.approx(-0.05), True)]


def test_quality(published):
    found = ask(published, "quality", "rule", "outcome", "version")
    assert found == [("each request once", "fail", 6), ("has rows", "pass", 6)]


def test_systems(published):
    found = ask(published, "systems", "system_version", "n_requests", "n_images", "n_bytes")
    assert found == [(OLD, 0, 0, None), (NEW, 5, 3, 500)]


def test_what_hosted_models_answered(published):
    columns = (
        "system_version",
        "model_requested",
        "model_reported",
        "has_moved",
        "images",
        "refused",
        "requests",
        "usd",
    )
    assert ask(published, "what-hosted-models-answered", *columns) == [
        (NEW, "gemini", "v1", True, 3, 0, 3, 1.5),
        (NEW, "gemini", "v2", True, 0, 1, 2, 1.0),
    ]


def test_who_is_shown(published):
    found = ask(published, "who-is-shown", "labels", "embedder", "group_name", "shown", "is_corrected", "n_counted")
    assert found == [
        ("zero-shot", "clip", "woman", pytest.approx(0.8), True, 8),
        ("zero-shot", "clip", "man", pytest.approx(0.2), True, 8),
        ("pixels", None, "woman", 0.75, False, 8),
        ("pixels", None, "man", 0.25, False, 8),
    ]


def test_what_a_score_depends_on_is_told_from_the_largest_part_of_its_error_on(published):
    found = ask(
        published, "what-the-score-depends-on", "source", "spread", "standard_error", "part", "part_common_to_concepts"
    )
    assert [row[0] for row in found] == ["concept", "wording", "seed", "guidance"]
    assert found[0][1:] == (0.5, None, None, None)
    assert found[1][1:] == pytest.approx((0.3, 0.03**0.5, 0.75, 0.5))
    assert found[2][1:4] == pytest.approx((0.2, 0.1, 0.25))


def test_a_finding_is_held_against_every_universe_and_the_choice_that_turns_it_is_named(published):
    found = ask(
        published,
        "multiverse",
        "concept",
        "declared",
        "universes",
        "same_sign",
        "least_by",
        "least_part",
        "smallest",
        "largest",
    )
    assert found == [("nurse", -0.2, 4, 0.75, "baseline none", 0.5, -0.3, 0.1)]


def test_the_associations_of_a_population_are_made_stronger_where_the_interval_leaves_out_0(published):
    found = ask(published, "does-it-make-associations-stronger", "population", "mean", "is_shown", "reason")
    assert found == [
        ("parity", None, None, "the population associates no concept with a group"),
        ("town", 0.2, True, None),
    ]


def test_who_is_shown_on_two_axes(published):
    found = ask(published, "who-is-shown-on-two-axes", "scope", "group_1", "group_2", "share", "high", "reason")
    assert found == [
        ("all concepts", "man", "light", 0.98, 1.0, None), ("all concepts", "man", "dark", None, 0.1, "few"),
    ]  # fmt: skip


def test_against_which_population(published):
    columns = ("concept", "verdicts", "depends_on_population", "is_reversed", "erased_in", "locales")
    locales = "parity (parity); town (town, 2020)"
    reversed_ = "parity 50.0 %: over-represented; town 90.0 %: under-represented"
    fewer = "parity 50.0 %: under-represented; town 12.0 %: under-represented"
    assert ask(published, "against-which-population", *columns) == [
        ("nurse", reversed_, True, True, None, locales),
        ("engineer", fewer, False, False, "parity, town", locales),
    ]


def test_is_the_instrument_right(published):
    found = ask(published, "is-the-instrument-right", "name", "met")
    assert found == [("R2", False), ("slope", True)]


def test_which_policies_hold(published):
    columns = ("rule", "verdict", "judged", "failed", "not_judged", "worst_concept", "why_not_judged")
    assert ask(published, "which-policies-hold", *columns) == [
        ("lean", "failed", 3, 2, 0, "pilot", None),
        ("update", "not judged", 0, 0, 1, None, "no version before"),
        ("refused", "passed", 1, 0, 0, None, None),
    ]


def test_what_changed_is_told_once_a_concept_and_embedder_with_what_else_differed(published):
    rows = ask(
        published, "what-changed", "concept", "embedder", "verdict", "embedders_that_say_changed", "also_different"
    )
    assert rows == [
        ("nurse", "clip", "changed", 2, "packages, settings"),
        ("nurse", "siglip", "changed", 2, "packages, settings"),
        ("pilot", "clip", "underpowered", 0, "packages, settings"),
        ("pilot", "siglip", "underpowered", 0, "packages, settings"),
    ]


def test_whose_doing_lists_what_was_recombined_and_what_could_not_be(published):
    assert sorted(ask(published, "whose-doing", "factor", "share", "reason")) == [
        ("packages: torch", None, "gone"),
        ("steps", 1.0, None),
    ]
