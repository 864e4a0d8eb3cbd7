"""Comparison and attribution on the real phantom, whose changes are known, and on made-up rows where it is about counting."""

from pathlib import Path

import dagster as dg
import polars as pl
import pytest
from rich.console import Console

from mcas_assets.compare.factors import find_factors, identity_factors
from mcas_assets.compare.versions import FIRST, former_tables, predecessor, resolve_version
from mcas_assets.core.errors import BadInput, CheckFailed, StoreError
from mcas_assets.declare.audit import load_audit
from mcas_assets.orchestration.attribution import keep, run_attribution
from mcas_assets.orchestration.runs import run_audit, run_comparison
from mcas_assets.stages.beside import ATTRIBUTIONS
from mcas_assets.stages.workplace import Workplace
from mcas_assets.store.database import Store
from mcas_assets.store.schema import frame_schema
from mcas_assets.systems.find import find_system
from mcas_assets.views.attribution import print_attribution
from mcas_assets.views.audit import truth_of
from mcas_assets.views.comparison import print_comparison

AUDIT = load_audit(Path(__file__).parents[1] / "data" / "moved.yaml")


class Moved:
    """A home in which three versions were audited: stereotyped, updated, and updated at another step count."""

    def __init__(self, home: Path) -> None:
        self.workplace, self.store = Workplace(home=home), Store(home)
        self.instance = dg.DagsterInstance.ephemeral()
        systems = [
            find_system("phantom-stereotyped"),
            find_system("phantom-updated"),
            find_system("phantom-updated", steps=3),
        ]
        ran = [run_audit(AUDIT, system, self.workplace, self.instance) for system in systems]
        self.old, self.new, self.fewer_steps = (one.system_version for one in ran)

    def compare(self, before: str, after: str):
        return run_comparison(AUDIT, before, after, self.workplace, self.instance)

    def rows(self, sql: str) -> list[tuple]:
        with self.store.open() as con:
            return con.execute(sql).fetchall()


@pytest.fixture(scope="module")
def moved(tmp_path_factory):
    made = Moved(tmp_path_factory.mktemp("moved"))
    yield made
    made.instance.dispose()


@pytest.fixture(scope="module")
def updated(moved):
    return moved.compare(moved.old, moved.new)


def test_the_first_version_of_a_system_has_nothing_to_be_compared_with_and_says_so(moved):
    rows = moved.rows("select after, before, reason from comparison_summary where before is null order by after")
    assert rows == [(moved.old, None, FIRST), (moved.new, None, FIRST)]
    assert moved.rows("select count(*) from comparisons where before is null") == [(0,)]


def test_the_next_version_of_a_system_is_compared_with_the_one_before_by_itself(moved):
    assert predecessor(moved.store, AUDIT, moved.fewer_steps) == moved.new
    rows = moved.rows(f"select distinct before, is_predecessor from comparisons where after = '{moved.fewer_steps}'")
    assert (moved.new, True) in rows
    passed = moved.rows("select count(*) from quality_results where asset = 'comparison' and not success")
    assert passed == [(0,)]


def test_the_concept_that_was_moved_is_found_and_the_other_is_not(updated):
    tables, is_new = updated
    assert is_new
    rows = {row["concept"]: row for row in tables["comparisons"].filter(component="mcas").iter_rows(named=True)}
    assert (rows["golfer"]["verdict"], rows["secretary"]["verdict"]) == ("changed", "not shown")
    assert rows["golfer"]["high"] < 0  # towards dark, as it was moved
    assert rows["golfer"]["noise_band"] > 0
    whole = tables["comparison_summary"].filter(pl.col("axis").is_null()).row(0, named=True)
    assert (whole["verdict"], whole["n_changed"], whole["n_only_before"], whole["n_only_after"]) == ("changed", 1, 0, 0)


def test_the_share_that_was_moved_is_found_with_its_direction(updated):
    shares = updated[0]["share_comparisons"].filter(concept="golfer", group_name="dark", measure="share")
    assert shares["difference"][0] > 0.2
    assert shares["value_after"][0] - shares["value_before"][0] == pytest.approx(shares["difference"][0])


def test_the_components_add_up_and_the_values_are_those_of_the_scores(moved, updated):
    rows = updated[0]["comparisons"].filter(concept="secretary")  # which gets no further images
    of = dict(rows.select("component", "difference").iter_rows())
    assert of["iias"] + of["itpas"] + of["itaas"] == pytest.approx(of["mcas"])
    scored = moved.rows(
        f"select mcas, adjusted from scores where system_version = '{moved.new}' and concept = 'secretary'"
    )[0]
    values = dict(rows.select("component", "value_after").iter_rows())
    assert (values["mcas"], values["adjusted"]) == pytest.approx(scored)


def test_asking_again_computes_nothing_and_gives_the_same_rows(moved, updated):
    before = moved.rows("select count(*) from materialisations")
    again, is_new = moved.compare(moved.old, moved.new)
    assert not is_new
    assert all(again[name].equals(updated[0][name]) for name in ("comparisons", "share_comparisons"))
    assert moved.rows("select count(*) from materialisations") == before


def test_two_pairs_of_one_later_version_stand_side_by_side_each_once(moved):
    moved.compare(moved.old, moved.fewer_steps)
    rows = moved.rows(
        "select before, is_predecessor, count(*) from comparisons where after = "
        f"'{moved.fewer_steps}' and component = 'mcas' group by all order by 1"
    )
    assert rows == [(moved.old, False, 3), (moved.new, True, 3)]
    tables = former_tables(moved.store, AUDIT, moved.fewer_steps)
    assert tables["comparisons"].is_unique().all()


def test_what_differs_besides_the_weights_is_named(moved):
    with moved.store.open() as con:
        found = find_factors(con, AUDIT.audit, moved.old, moved.fewer_steps)
    told = {(one.kind, one.factor): (one.before, one.after) for one in found}
    assert told[("settings", "steps")] == ("8", "3")
    assert ("weights", "weights") in told
    assert not any(kind in ("packages", "machine", "instrument", "question") for kind, _ in told)


def test_another_package_device_or_instrument_is_told_from_the_record(moved, tmp_path):
    import shutil

    home = Path(shutil.copytree(moved.store.home, tmp_path / "home"))
    store = Store(home)
    with store.open() as con:
        con.execute(
            "update materialisations set packages = json_merge_patch(packages, '{\"torch\": \"1.0\"}'), git_commit = 'abc'"
            " where partition = ? and asset = 'images'", [moved.old],
        )  # fmt: skip
        con.execute("update image_facts set environment = json_merge_patch(environment, '{\"device\": \"tpu\"}') where"
                    " system_version = ?", [moved.old])  # fmt: skip
        con.execute("update embeddings_history set embedder = 'older' where system_version = ?", [moved.old])
        con.execute(
            "insert into embedders (embedder, name, dim, identity) values ('older', 'phantom-balanced', 8, '{}')"
        )
        found = {(one.kind, one.factor): one for one in find_factors(con, AUDIT.audit, moved.old, moved.new)}
    assert found["packages", "torch"].before == "1.0"
    assert found["code", "git commit"].before.startswith("abc")  # ty: ignore[missing-union-attribute]
    assert found["machine", "device"].before == "tpu"
    assert found["instrument", "phantom-balanced"].before == "older"


def test_an_attribution_that_breaks_a_rule_is_not_recorded_and_which_rule_is(tmp_path):
    of, workplace = ("sd@1", "sd@2"), Workplace(home=tmp_path)
    about = {"system": "sd", "system_version": "sd@2", "before": "sd@1", "after": "sd@2", "audit": AUDIT.audit}
    whole = about | {
        "axis": "gender",
        "embedder": "e",
        "factor": "weights",
        "share": 0.8,
        "share_low": 0.7,
        "share_high": 0.9,
    }
    rows = pl.DataFrame([whole], schema=frame_schema("attributions"))
    for _ in range(2):
        with pytest.raises(CheckFailed, match="attribution: shares sum to 1: failed for 1"):
            keep(workplace, AUDIT, of, rows)
    with workplace.store.open() as con:
        assert con.execute("select count(*) from materialisations").fetchall() == [(0,)]
        failed = con.execute("select rule, version from quality_results where not success").fetchall()
    assert failed == [("shares sum to 1", None)] * 2


def test_the_part_of_the_weights_is_told_from_the_part_of_the_steps(moved):
    found = run_attribution(AUDIT, (moved.old, moved.fewer_steps), (None, None), moved.workplace, moved.instance)
    assert set(found.factors) == {"weights", "steps"}
    shares = dict(found.rows.filter(pl.col("concept").is_null()).select("factor", "share").iter_rows())
    assert sum(shares.values()) == pytest.approx(1)
    assert shares["interaction"] == pytest.approx(0, abs=1e-3)
    assert shares["weights"] > 0.5  # the golfer was moved by the weights
    # The updated weights at the former step count were audited already, under their own name: they are not drawn again.
    assert moved.new in found.audited
    assert moved.rows("select count(*) from systems where system like 'replay-%'") == [(1,)]
    checked = "select count(*), bool_and(success) from quality_results where asset = 'attribution'"
    assert moved.rows(checked) == [(len(ATTRIBUTIONS.suite), True)]
    effects = found.rows.filter(concept="golfer")
    change = former_tables(moved.store, AUDIT, moved.fewer_steps)["comparisons"]
    total = change.filter(before=moved.old, concept="golfer", component="adjusted")["difference"]
    if len(total):
        assert effects["effect"].sum() == pytest.approx(total[0])
    console = Console(record=True, width=118)
    print_attribution(console, AUDIT, (moved.old, moved.fewer_steps), found.rows, found.not_recombined)
    text = console.export_text()
    assert "weights" in text
    assert "steps" in text


def test_weights_that_are_gone_are_listed_and_where_they_are_can_be_said(moved, tmp_path):
    from mcas_assets.compare.attribution import locate, plan_recombination
    from mcas_assets.compare.factors import identity_of

    with moved.store.open() as con:
        old, new = (identity_of(con, key) for key in (moved.old, moved.fewer_steps))
    gone = locate(moved.old, old, "phantom-fair", None)
    assert gone.system is None
    assert "does not hold the weights" in gone.reason  # ty: ignore[unsupported-operator]
    plan = plan_recombination(gone, locate(moved.fewer_steps, new, None, None), [], tmp_path)
    assert set(plan.systems) == {("weights", "first"), ("steps", "last")}  # what the later weights alone can tell
    found = locate(moved.old, old, str(find_system("phantom-stereotyped").folder.path), None)  # ty: ignore[missing-attribute]
    assert found.reason is None


def test_a_scheduler_is_exchanged_without_touching_the_weights(tmp_path):
    import json
    import shutil

    from mcas_assets.compare.attribution import locate, plan_recombination
    from mcas_assets.systems.recombine import recombine

    other = Path(shutil.copytree(find_system("phantom-fair").folder.path, tmp_path / "other"))  # ty: ignore[missing-attribute]
    config = other / "scheduler" / "scheduler_config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"shift": 2.0}))
    settings = find_system("phantom-fair").identity().document
    documents = [find_system("phantom-stereotyped").identity(), recombine(other, settings, "other").identity()]
    before = locate(documents[0].version, documents[0].document, None, None)
    after = locate(documents[1].version, documents[1].document, other, None)
    plan = plan_recombination(before, after, [], tmp_path)
    assert set(plan.factors) == {"weights", "scheduler"}
    mixed = plan.systems["scheduler", "first"].identity().document
    assert mixed["scheduler"] == documents[1].document["scheduler"]
    assert mixed["steps"] == documents[0].document["steps"]


def test_a_comparison_reads_at_a_glance(moved, updated):
    console = Console(record=True, width=118)
    print_comparison(console, AUDIT, updated[0], (truth_of(moved.old), truth_of(moved.new)))
    text = console.export_text()
    assert "CHANGED" in text
    assert "golfer" in text.split("secretary")[0]
    assert "14 % ▶ 55 %" in text.replace("\n", " ") or "dark drawn" in text
    assert "weights" in text


def test_versions_are_named_by_themselves_their_beginning_or_their_system(moved):
    assert resolve_version(moved.store, AUDIT, moved.old) == moved.old
    assert resolve_version(moved.store, AUDIT, "phantom-updated") == moved.fewer_steps
    assert resolve_version(moved.store, AUDIT, "phantom-s") == moved.old
    with pytest.raises(BadInput, match="begins"):
        resolve_version(moved.store, AUDIT, "phantom-updated@")
    with pytest.raises(BadInput, match="mcas audit moved --system phantom-fair"):
        resolve_version(moved.store, AUDIT, "phantom-fair")


def test_a_version_that_was_not_audited_cannot_be_compared(moved):
    with pytest.raises(StoreError, match="has no images of nobody@000000000000"):
        moved.compare("nobody@000000000000", moved.new)


def test_identities_differ_by_weights_settings_arguments_and_scheduler():
    before = {
        "weights": "a" * 64,
        "steps": 8,
        "arguments": {"eta": 0.0},
        "scheduler": {"class": "A", "config": {"shift": 1}},
    }
    after = {
        "weights": "b" * 64,
        "steps": 8,
        "arguments": {"eta": 0.5},
        "scheduler": {"class": "A", "config": {"shift": 3}},
    }
    found = {one.factor: one for one in identity_factors(before, after)}
    assert set(found) == {"weights", "eta", "scheduler"}
    assert (found["scheduler"].before, found["scheduler"].after) == ("A shift=1", "A shift=3")
    assert found["weights"].kind == "weights"
