"""What checks found, as others ask for it: whether the newest materialisation broke a rule."""

import polars as pl

from mcas_assets.store import ledger, quality


def test_only_the_newest_materialisation_and_critical_rules_count_as_broken(store, scores, materialisation):
    def checked(version: int, severity: str, success: bool) -> pl.DataFrame:
        about = {"run_id": "r", "asset": "scores", "partition": "s@1", "audit": "gender", "rule": "has rows"}
        result = {
            "version": version,
            "success": success,
            "status": "pass" if success else "fail",
            "severity": severity,
        }
        return pl.DataFrame([about | result])

    with store.open() as con:
        first = ledger.record(con, materialisation, {"scores": scores})
        quality.append(con, checked(first, "critical", success=False))
        assert quality.newest_has_failed(con, "scores", "s@1", "gender")
        assert not quality.newest_has_failed(con, "scores", "s@1", "another")
        second = ledger.record(con, materialisation, {"scores": scores})
        quality.append(con, checked(second, "warning", success=False))
        quality.append(con, checked(second, "critical", success=True))
        assert not quality.newest_has_failed(con, "scores", "s@1", "gender")


def test_check_results_are_appended(store):
    row = pl.DataFrame(
        {
            "run_id": "r",
            "version": 1,
            "asset": "scores",
            "partition": "s@1",
            "audit": "gender",
            "rule": "has rows",
            "success": True,
            "status": "pass",
            "severity": "critical",
            "observed": '{"rows": 2}',
        }
    )
    with store.open() as con:
        quality.append(con, row)
        quality.append(con, row)
        assert con.execute("select count(*), max(observed->>'rows') from quality_results").fetchall() == [(2, "2")]
