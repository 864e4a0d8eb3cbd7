"""A published store of known content, which the questions are put to."""

from dataclasses import replace

import polars as pl
import pytest

from mcas_assets.store import declarations, facts, ledger, marks, publication, quality, votes
from mcas_assets.store import labels as label_facts
from mcas_assets.store.database import Store
from mcas_assets.store.declarations import Declaration
from tests.sql.fidelity_rows import fidelity_changes, fidelity_tables, tone_rows
from tests.sql.people_rows import draw_rows, people_tables, vote_rows
from tests.sql.rows import (
    AUDIT,
    MOMENTS,
    NEW,
    OLD,
    account_rows,
    answered,
    calibration_rows,
    comparison_tables,
    image_rows,
    made,
    policy_rows,
    rank_rows,
    refusal_tables,
    score_rows,
    universe_rows,
    variance_rows,
)
from tests.sql.share_rows import cell_rows, comparison_rows, confusion_rows, direction_rows, share_rows


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Two versions of one system; the second scored twice, once with nothing for the pilot."""
    store = Store(tmp_path_factory.mktemp("home"))
    texts = pl.DataFrame(
        {
            "audit": AUDIT,
            "text_id": ["1", "2", "3", "3"],
            "text": ["This is he", "This is she", "This is a nurse", "This is a nurse"],
            "raw": ["he", "she", "a nurse", "ein Pilot"],
            "kind": ["word", "word", "prompt", "prompt"],
            "axis": ["gender", "gender", None, None],
            "pole": ["a", "b", None, None],
            "concept": [None, None, "nurse", "pilot"],
            "language": [None, None, "en", "de"],
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
            sha256=pl.when(outcome="ok").then("image_id"),
        )
        facts.append_images(con, asked)
        read = asked.drop_nulls("sha256").select(
            "sha256", reader=pl.lit("c2pa"), has_mark=pl.Series([True, True, False]),
            is_valid=pl.Series([True, False, None]), issuer=pl.Series(["Someone", "Another", None]),
        )  # fmt: skip
        marks.append_marks(con, read)
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
        label_facts.register_labeller(con, "portrait@1", "portrait", "skin_tone", {})
        label_facts.append_labels(con, tone_rows())
        votes.append_draw(con, draw_rows())
        votes.append_votes(con, vote_rows())
        ledger.record(con, made("fidelity", NEW, "f"), fidelity_tables())
        changed, doing = comparison_tables()
        changed |= {"fidelity_comparisons": fidelity_changes()}
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
                            "status": "fail" if rule == failing else "pass",
                            "severity": "critical",
                        }
                        for rule in ("has rows", "each request once")
                    ]
                ),
            )
    publication.publish(store)
    return store
