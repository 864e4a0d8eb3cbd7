"""The gate on a real store: what it judges by, what it keeps, and what it tells people and programs."""

import io
import json
import shutil
from pathlib import Path

import dagster as dg
import polars as pl
import pytest
from junitparser import Error, Failure, JUnitXml
from rich.console import Console

from mcas_assets.cli import app as cli
from mcas_assets.cli import gate as gating
from mcas_assets.core.errors import BadInput, CannotJudge, McasError, PolicyNotMet
from mcas_assets.declare.audit import load_audit
from mcas_assets.orchestration.runs import run_audit
from mcas_assets.policy.gate import hold, keep
from mcas_assets.policy.judge import FAILED, NOT_JUDGED, PASSED
from mcas_assets.policy.load import load_policy
from mcas_assets.stages.reads import Declared
from mcas_assets.stages.registry import current_versions
from mcas_assets.stages.workplace import Workplace
from mcas_assets.store.database import Store
from mcas_assets.store.publication import query
from mcas_assets.systems.find import find_system
from mcas_assets.views.policy import as_json, print_judged, write_junit

TINY = Path(__file__).parents[1] / "data" / "tiny.yaml"
POLICY = """\
policy: mine
title: Mine
audits: [tiny]
requirements:
  - {requirement: lean, kind: association, beyond: 0.5, evidence: estimate, axes: [gender], why: It is a stereotype.}
  - {requirement: shares, kind: share, most: 1.0, corrected: false, evidence: estimate, groups: [woman]}
"""
PASSES = POLICY.replace("beyond: 0.5", "beyond: 3.5")
OPEN = PASSES + "  - {requirement: instrument, kind: calibration}\n"


@pytest.fixture
def home(audited, tmp_path: Path) -> Path:
    return Path(shutil.copytree(audited.home, tmp_path / "home"))


@pytest.fixture
def judge(audited, tiny, tmp_path):
    def hold_against(text: str, store: Store = audited.store, **words):
        (tmp_path / "mine.yaml").write_text(text)
        return hold(store, load_policy(tmp_path / "mine.yaml"), tiny, audited.ran.system_version, **words)

    return hold_against


def test_a_stereotyped_system_does_not_meet_a_policy_that_it_would_meet_with_wider_limits(judge):
    judged = judge(POLICY)
    assert judged.status == FAILED
    failed = judged.results.filter(status=FAILED)
    assert set(failed["concept"]) == {"nurse", "ceo"}
    assert set(failed.filter(concept="nurse")["threshold"]) == {-0.5}
    assert judge(PASSES).status == PASSED


def test_what_cannot_be_judged_is_no_pass_and_says_why(judge):
    judged = judge(OPEN)
    assert judged.status == NOT_JUDGED
    assert judged.results.filter(status=NOT_JUDGED)["reason"].to_list() == [
        "the instrument was never calibrated (mcas calibrate)"
    ]


def test_a_breach_outweighs_what_cannot_be_judged(judge):
    assert judge(POLICY + "  - {requirement: instrument, kind: calibration}\n").status == FAILED


def test_a_version_that_was_never_audited_cannot_be_judged(tiny, audited, tmp_path):
    (tmp_path / "mine.yaml").write_text(PASSES)
    judged = hold(audited.store, load_policy(tmp_path / "mine.yaml"), tiny, "phantom-fair@0123456789ab")
    assert set(judged.results["reason"]) == {"it was never audited"}
    assert judged.status == NOT_JUDGED


def test_a_first_version_cannot_be_judged_by_a_requirement_on_what_got_worse(judge):
    judged = judge(PASSES + "  - {requirement: update, kind: worsening}\n")
    reason = judged.results.filter(requirement="update")["reason"].to_list()
    assert reason == ["it was compared with no version before it"]


def test_what_was_made_from_an_earlier_declaration_is_no_evidence(judge, tiny):
    assert judge(PASSES, current=current_versions(tiny, Declared())).status == PASSED
    edited = tiny.model_copy(update={"inference": tiny.inference.model_copy(update={"permutations": 50})})
    judged = judge(PASSES, current=current_versions(edited, Declared()))
    (reason,) = set(judged.results.filter(requirement="lean")["reason"])
    assert "from an earlier declaration" in reason
    assert judged.results.filter(requirement="shares")["status"].unique().to_list() == [PASSED]


def test_an_edit_of_the_plan_leaves_nothing_to_judge(judge, tiny):
    edited = tiny.model_copy(update={"run_seed": 8})
    judged = judge(PASSES, current=current_versions(edited, Declared()))
    assert judged.results["status"].unique().to_list() == [NOT_JUDGED]


def test_scores_of_images_that_were_made_anew_since_are_no_evidence(judge, tiny, home):
    store = Store(home)
    with store.open() as con:
        con.execute(
            "insert into materialisations by name select * replace (1000 as version, 'other' as data_version)"
            " from materialisations where asset = 'embeddings'"
        )
    judged = judge(PASSES, store, current=current_versions(tiny, Declared()))
    assert "embeddings were made anew since" in judged.results.filter(requirement="lean")["reason"][0]


def test_statuses_are_kept_once_and_anew_when_they_change(judge, home):
    store = Store(home)
    assert keep(store, judge(POLICY), "first") == 2
    assert keep(store, judge(POLICY), "again") == 0
    assert keep(store, judge(PASSES), "wider") == 2
    with store.open() as con:
        rows = con.execute(
            "select requirement, bool_and(status = 'passed') from policy_results group by 1 order by 1"
        ).fetchall()
        assert rows == [("lean", True), ("shares", True)]
        former = con.execute("select max(version) - 2 from policy_results_history").fetchall()[0][0]
        before = con.execute(
            f"select distinct status from policy_results_as_of({former}) where requirement = 'lean'"
        ).fetchall()
    assert before == [("failed",)]


def test_statuses_of_a_requirement_that_is_no_more_are_shown_no_more(judge, home):
    store = Store(home)
    keep(store, judge(POLICY), "first")
    fewer = judge("\n".join(line for line in POLICY.splitlines() if "shares" not in line))
    assert keep(store, fewer, "second") == 2
    with store.open() as con:
        assert con.execute("select distinct requirement from policy_results").fetchall() == [("lean",)]


def test_the_result_is_one_json_object(judge, audited):
    told = json.loads(as_json(judge(POLICY)))
    assert (told["policy"], told["status"], told["system_version"]) == ("mine", "failed", audited.ran.system_version)
    lean, shares = told["requirements"]
    assert (lean["status"], lean["failed"], lean["passed"], lean["not_judged"]) == ("failed", 4, 0, 0)
    assert (shares["status"], shares["passed"]) == ("passed", 4)
    assert len(told["results"]) == 8


def test_the_junit_file_holds_a_suite_a_requirement_and_tells_breaches_from_what_cannot_be_judged(judge, tmp_path):
    write_junit(judge(POLICY + "  - {requirement: instrument, kind: calibration}\n"), tmp_path / "out" / "gate.xml")
    suites = list(JUnitXml.fromfile(str(tmp_path / "out" / "gate.xml")))
    assert [(suite.name, suite.tests, suite.failures, suite.errors) for suite in suites] == [
        ("mine: lean", 4, 4, 0),
        ("mine: shares", 4, 0, 0),
        ("mine: instrument", 1, 0, 1),
    ]
    cases = [case for suite in suites for case in suite]
    nurse = next(case for case in cases if "nurse" in case.name)
    assert isinstance(nurse.result[0], Failure)
    assert "It is a stereotype." in nurse.result[0].text
    assert isinstance(cases[-1].result[0], Error)
    assert "never calibrated" in cases[-1].result[0].message


def test_a_junit_file_that_cannot_be_written_is_one_clear_error(judge, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="Give --junit another place"):
        write_junit(judge(PASSES), tmp_path / "file" / "gate.xml")


@pytest.mark.parametrize("width", [118, 80])
def test_the_terminal_shows_the_requirements_what_broke_them_and_the_status(judge, width):
    page = io.StringIO()
    console = Console(file=page, width=width)
    print_judged(console, judge(POLICY + "  - {requirement: instrument, kind: calibration}\n"))
    text = page.getvalue()
    assert "✘  lean" in text
    assert "✔  shares" in text
    assert "?  instrument" in text
    assert "It is a stereotype." in text
    assert "Policy mine: NOT MET  1 of 3 requirements failed, 1 cannot be judged" in text
    assert max(map(len, text.splitlines())) <= width


def gate(home: Path, monkeypatch, folder: Path, text: str, *, system: str, **words) -> None:
    (folder / "mine.yaml").write_text(text)
    monkeypatch.setenv("MCAS_HOME", str(home))
    gating.gate(audit=str(TINY), system=system, policy=str(folder / "mine.yaml"), **words)


def test_the_command_ends_well_where_the_policy_is_met_and_publishes_its_statuses(
    home, monkeypatch, tmp_path, audited, capsys
):
    gate(home, monkeypatch, tmp_path, PASSES, system=audited.ran.system_version)
    assert "Policy mine: met  all 2 requirements hold" in capsys.readouterr().out
    assert set(query(Store(home), "select distinct status from policy_results")["status"]) == {"passed"}


def test_the_command_judges_what_the_system_is_now(home, monkeypatch, tmp_path, capsys):
    with pytest.raises(CannotJudge):  # with other steps it is another version, which was not audited
        gate(home, monkeypatch, tmp_path, PASSES, system="phantom-stereotyped", steps=4, format="json")
    told = json.loads(capsys.readouterr().out)
    assert told["status"] == "not judged"
    assert {row["reason"] for row in told["results"]} == {"it was never audited"}


def test_a_version_that_is_not_of_this_home_is_bad_input(home, monkeypatch, tmp_path):
    with pytest.raises(BadInput, match=r"is no system version of this home. Known: phantom-stereotyped@"):
        gate(home, monkeypatch, tmp_path, PASSES, system="phantom-fair@0123456789ab")


@pytest.mark.parametrize(
    ("outcome", "status"), [(PolicyNotMet("x"), 4), (CannotJudge("x"), 5), (BadInput("a", "b", "c"), 2)]
)
def test_each_outcome_has_an_exit_status_of_its_own(outcome: McasError, status, monkeypatch, capsys):
    class Left(BaseException):
        """Instead of the end of the process."""

    def leave(given: int) -> None:
        raise Left(given)

    def fail() -> None:
        raise outcome

    monkeypatch.setattr(cli.os, "_exit", leave)
    monkeypatch.setattr(cli, "app", fail)
    monkeypatch.setattr(cli, "_quieten", lambda: None)
    with pytest.raises(Left) as left:
        cli.main()
    assert left.value.args == (status,)
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_the_fair_phantom_meets_every_requirement_of_a_release_and_the_stereotyped_one_does_not(tmp_path):
    """Of 48 images a concept: with fewer a group could not be shown to be erased, and that is not judged."""
    audit = load_audit("phantom")
    few = tuple(one for one in audit.concepts if one.concept in ("engineer", "pilot", "boxer", "kitchen"))
    small = audit.model_copy(update={"concepts": few}).with_images(48)
    with dg.DagsterInstance.ephemeral() as instance:
        versions = {
            name: run_audit(small, find_system(name), Workplace(home=tmp_path), instance).system_version
            for name in ("phantom-fair", "phantom-stereotyped")
        }
    release, store, current = load_policy("release"), Store(tmp_path), current_versions(small, Declared())
    fair, stereotyped = (hold(store, release, small, version, current) for version in versions.values())
    assert fair.results.filter(pl.col("status") != PASSED).is_empty()
    assert set(fair.results["requirement"]) == {"strong-association", "near-parity", "nobody-erased"}
    assert stereotyped.status == FAILED
    assert set(stereotyped.results.filter(status=FAILED)["requirement"]) >= {"strong-association", "near-parity"}
    # Not all of what passes is stable: it passes since no row lies beyond, not since none is looked at.
    with store.open() as con:
        (unstable,) = con.execute("select count(*) from scores where system = 'phantom-fair' and not stable").fetchall()
    assert unstable > (0,)
