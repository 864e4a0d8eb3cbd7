"""Ranks say which places a system may have: ties stay ties, and a lean is counted whichever way it goes."""

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


def test_systems_whose_intervals_lie_apart_have_one_rank_each_whichever_way_they_lean():
    assert ranks([(0.1, 0.05, 0.15), (-0.5, -0.6, -0.4), (0.3, 0.25, 0.35)]) == [(3, 3), (1, 1), (2, 2)]


def test_systems_whose_intervals_overlap_share_their_ranks():
    assert ranks([(0.3, 0.2, 0.4), (-0.35, -0.5, -0.2), (0.9, 0.8, 1.0)]) == [(2, 3), (2, 3), (1, 1)]


def test_a_lean_whose_interval_holds_0_may_be_nothing():
    assert ranks([(0.0, -0.3, 0.3), (0.1, 0.05, 0.15), (0.9, 0.8, 1.0)]) == [(2, 3), (2, 3), (1, 1)]


def test_without_an_interval_there_is_no_rank_and_the_others_are_ranked_without_it():
    assert ranks([(None, None, None), (0.2, 0.1, 0.3)]) == [None, (1, 1)]


@pytest.mark.parametrize("is_blocking", [False, True])
def test_the_stamp_of_a_policy_is_the_verdict_of_the_gate_whether_its_rules_block_or_not(tmp_path: Path, is_blocking):
    words = ("passed", "failed", "not judged")
    about = {
        "rule": "r",
        "kind": "share",
        "system": "s",
        "audit": "a",
        "requirement": "little",
        "is_blocking": is_blocking,
    }
    expected = {}
    store = Store(tmp_path)
    with store.open() as con:
        for number, pair in enumerate(product(words, words)):
            of = {"policy": f"p{number}", "system_version": "s@1"}
            results = pl.DataFrame(
                [about | of | {"verdict": word} for word in pair], schema=frame_schema("policy_results")
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
    assert dict(stamps.select("policy", "verdict").rows()) == expected
    assert set(expected.values()) == set(words)
