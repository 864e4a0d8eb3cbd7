"""Results as several packages ask for them: rows, digests, versions, and whether a check was broken."""

import dataclasses

import polars as pl

from mcas_assets.store import facts, ledger, results


def test_rows_are_those_of_one_audit_and_version_without_the_ledger_s_number(store, scores, materialisation):
    other = dataclasses.replace(materialisation, partition="s@2")
    with store.open() as con:
        ledger.record(con, materialisation, {"scores": scores})
        ledger.record(con, other, {"scores": scores.with_columns(system_version=pl.lit("s@2"))})
        rows = results.rows_of(con, "scores", "gender", "s@2")
    assert rows["system_version"].to_list() == ["s@2"] * 2
    assert "version" not in rows.columns


def test_a_digest_is_that_of_the_version_and_none_of_an_unknown_one(store, scores, materialisation):
    with store.open() as con:
        version = ledger.record(con, materialisation, {"scores": scores})
        assert results.data_version_of(con, version) == "abc"
        assert results.data_version_of(con, version + 1) is None
        assert results.data_version_of(con, None) is None


def test_versions_come_in_the_order_of_their_first_scores(store, scores, materialisation):
    with store.open() as con:
        for partition in ("s@2", "s@1", "s@2"):
            ledger.record(con, dataclasses.replace(materialisation, partition=partition), {"scores": scores})
        ledger.record(con, dataclasses.replace(materialisation, asset="images", partition="s@3"), {})
        assert results.audited_versions(con, "gender") == ["s@2", "s@1"]
        assert results.audited_versions(con, "another") == []


def test_a_panel_is_told_by_name_and_id(store, materialisation):
    rows = pl.DataFrame(
        {"system_version": "s@1", "audit": "gender", "embedder": "e@1", "kind": "image", "content": ["a", "b"]}
    )
    with store.open() as con:
        facts.register_embedder(con, "e@1", "e", 4, {})
        version = ledger.record(con, dataclasses.replace(materialisation, asset="embeddings"), {"embeddings": rows})
        assert results.panel_of(con, version) == [("e", "e@1")]


def test_only_the_newest_materialisation_and_critical_rules_count_as_broken(store, scores, materialisation):
    def checked(version: int, severity: str, success: bool) -> pl.DataFrame:
        about = {"run_id": "r", "asset": "scores", "partition": "s@1", "audit": "gender", "rule": "has rows"}
        result = {
            "version": version,
            "success": success,
            "outcome": "pass" if success else "fail",
            "severity": severity,
        }
        return pl.DataFrame([about | result])

    with store.open() as con:
        first = ledger.record(con, materialisation, {"scores": scores})
        ledger.append_quality(con, checked(first, "critical", success=False))
        assert results.has_failed(con, "scores", "s@1", "gender")
        assert not results.has_failed(con, "scores", "s@1", "another")
        second = ledger.record(con, materialisation, {"scores": scores})
        ledger.append_quality(con, checked(second, "warning", success=False))
        ledger.append_quality(con, checked(second, "critical", success=True))
        assert not results.has_failed(con, "scores", "s@1", "gender")
