"""Ranks are those of the table, whichever version they were made after; stamps are the status of the gate."""

from itertools import product
from pathlib import Path

import polars as pl
import pytest

from mcas_assets.pages.overview import ranks
from mcas_assets.pages.reader import Reader
from mcas_assets.policy.judge import overall
from mcas_assets.store import ledger
from mcas_assets.store.database import Store
from mcas_assets.store.publication import publish
from mcas_assets.store.reading import Published
from mcas_assets.store.schema import frame_schema


def test_systems_are_ranked_by_the_newest_ranking_and_one_without_has_none(tmp_path: Path):
    store, about = Store(tmp_path), {"audit": "a", "axis": "gender", "embedder": "e"}
    with store.open() as con:
        for of, places in (
            ("s@1", {"s@1": (1, 1, 1)}),
            ("t@2", {"s@1": (2, 1, 2), "t@2": (1, 1, 2), "u@3": (None, None, None)}),
        ):
            rows = [
                about | {"system": of[0], "system_version": of, "ranked": ranked, "rank": rank, "rank_low": low, "rank_high": high,
                         "n_ranked": 2}
                for ranked, (rank, low, high) in places.items()
            ]  # fmt: skip
            row = ledger.Materialisation(
                asset="ranks", partition=of, audit="a", run_id="r", code_version="1", data_version="d"
            )
            ledger.record(con, row, {"system_ranks": pl.DataFrame(rows, schema=frame_schema("system_ranks"))})
    publish(store)
    found = ranks(Reader(Published(store)), "a", "gender")
    assert {of: (row["rank"], row["rank_low"], row["rank_high"]) for (of, _), row in found.items()} == {
        "s@1": (2, 1, 2), "t@2": (1, 1, 2), "u@3": (None, None, None)
    }  # fmt: skip
    assert ranks(Reader(Published(store)), "a", "skin_tone") == {}


@pytest.mark.parametrize("is_blocking", [False, True])
def test_the_stamp_of_a_policy_is_the_status_of_the_gate_whether_its_requirements_block_or_not(
    tmp_path: Path, is_blocking
):
    words = ("passed", "failed", "not judged")
    about = {
        "requirement": "r",
        "kind": "share",
        "system": "s",
        "audit": "a",
        "condition": "little",
        "is_blocking": is_blocking,
    }
    expected = {}
    store = Store(tmp_path)
    with store.open() as con:
        for number, pair in enumerate(product(words, words)):
            of = {"policy": f"p{number}", "system_version": "s@1"}
            results = pl.DataFrame(
                [about | of | {"status": word} for word in pair], schema=frame_schema("policy_results")
            )
            expected[of["policy"]] = overall(results)
            row = ledger.Materialisation(
                asset=f"policy/p{number}/scores",
                partition="s@1",
                audit="a",
                run_id="r",
                code_version="1",
                data_version="d",
            )
            ledger.record(con, row, {"policy_results": results})
    publish(store)
    stamps = Reader(Published(store)).rows("stamps")
    assert dict(stamps.select("policy", "status").rows()) == expected
    assert set(expected.values()) == set(words)
