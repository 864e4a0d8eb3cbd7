"""The registers as they are asked: by version, by name, in the order of meeting."""

import dataclasses

import polars as pl

from mcas_assets.store import facts, ledger, registers


def test_what_is_registered_is_found_and_what_is_not_is_empty(store):
    with store.open() as con:
        facts.register_system(con, "s@2", "s", {"steps": 30})
        facts.register_system(con, "s@1", "s", {"steps": 20})
        assert registers.system_versions(con) == ["s@1", "s@2"]
        assert registers.identity_of(con, "s@2") == {"steps": 30}
        assert registers.identity_of(con, "t@1") == {}


def test_systems_come_newest_first_with_the_audits_that_scored_them(store, scores, materialisation):
    with store.open() as con:
        facts.register_system(con, "s@1", "s", {"steps": 20})
        facts.register_system(con, "s@2", "s", {"steps": 30})
        ledger.record(con, materialisation, {"scores": scores})
        rows = registers.read_systems(con)
    assert rows.select("system_version", "audits").rows() == [("s@2", None), ("s@1", "gender")]
    assert rows["last_audited"].dtype == pl.Datetime("us", "UTC")


def test_of_two_embedders_of_one_name_the_later_is_the_newest(store):
    with store.open() as con:
        facts.register_embedder(con, "e@2", "e", 4, {"model": "first"})
        facts.register_embedder(con, "e@1", "e", 8, {"model": "second"})
        assert [one.embedder for one in registers.read_embedders(con)] == ["e@2", "e@1"]
        assert registers.newest_embedder(con, "e") == ("e@1", "e", 8)
        assert registers.newest_embedder(con, "f") is None


def test_a_panel_is_told_by_name_and_id(store, materialisation):
    rows = pl.DataFrame(
        {"system_version": "s@1", "audit": "gender", "embedder": "e@1", "kind": "image", "content": ["a", "b"]}
    )
    with store.open() as con:
        facts.register_embedder(con, "e@1", "e", 4, {})
        version = ledger.record(con, dataclasses.replace(materialisation, asset="embeddings"), {"embeddings": rows})
        assert registers.panel_of(con, version) == [("e", "e@1")]
