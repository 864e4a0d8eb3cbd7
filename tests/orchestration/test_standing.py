"""`mcas serve` as a person or a service manager has it: what it serves, and that all that it started ends with it, however."""

import json
import os
import signal
import sys
from collections.abc import Iterator

import dagster as dg
import pytest

from mcas_assets.orchestration.instance import open_instance
from mcas_assets.orchestration.orphans import DIED
from tests.standing import Standing

pytestmark = [
    pytest.mark.long,
    pytest.mark.timeout(900),
    pytest.mark.skipif(sys.platform != "linux", reason="processes are counted in /proc"),
]
DELETE = {"query": 'mutation { deleteRun(runId: "x") { __typename } }'}


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    made = Standing(tmp_path_factory.mktemp("standing"))
    try:
        made.wait(made.is_ready)
        made.wait(lambda: made.get("/health")[0] == 200)
        yield made
    finally:
        made.process.kill()
        made.process.wait()


def test_it_says_beforehand_what_it_will_look_at_audit_and_spend(standing):
    said = " ".join(standing.said().partition("watching;")[0].split())
    assert "Looks every 2 seconds at the systems of" in said
    assert "phantom-stereotyped@" in said
    assert "Would audit now: slow of phantom-stereotyped@" in said
    assert "No system is hosted, so nothing is paid for." in said


def test_pages_and_ui_stand_under_one_address_and_lead_to_each_other(standing):
    status, page = standing.get("/")
    assert status == 503, "nothing is published yet, which the page says"
    assert 'href="/dagster/"' in page
    status, ui = standing.get("/dagster/", Accept="text/html")
    assert status == 200
    assert "/dagster/" in ui, "the UI knows the path that it lies below"
    assert standing.get("/dagster/server_info")[0] == 200


def test_the_ui_changes_nothing_and_no_foreign_page_reaches_any_of_it(standing):
    words = {"Content-Type": "application/json"}
    _, body = standing.get("/dagster/graphql", json.dumps(DELETE).encode(), **words)
    assert json.loads(body)["data"]["deleteRun"]["__typename"] == "UnauthorizedError"
    for path in ("/", "/dagster/", "/dagster/graphql?query={version}", "/health"):
        assert standing.get(path, Host="evil.example")[0] == 421
        assert standing.get(path, Origin="http://evil.example")[0] == 403


def test_what_is_under_way_is_told_in_words(standing):
    standing.wait(standing.is_drawing)
    standing.wait(lambda: "slow of phantom-stereotyped@e694acf: images: " in standing.said())
    said = standing.said()
    assert "slow of phantom-stereotyped@e694acf581b6: queued" in said
    assert "slow of phantom-stereotyped@e694acf581b6: begun" in said
    assert "Traceback" not in said
    assert "INFO" not in said, "lines of Dagster's are for Dagster's log"


def test_when_a_process_of_it_dies_all_else_ends_and_says_so(standing):
    (daemon,) = standing.find("dagster._daemon")
    os.kill(daemon, signal.SIGKILL)
    assert standing.process.wait(60) == 1
    standing.wait(standing.is_all_gone, 10)
    assert "error: the daemon ended by itself with status -9, and all else with it" in standing.said()


def test_however_it_ends_nothing_goes_on_and_the_next_one_takes_up_the_work(tmp_path):
    def start(**how: bool) -> Standing:
        made = Standing(tmp_path, **how)  # ty: ignore[invalid-argument-type]
        made.wait(made.is_ready)
        return made

    killed = start()
    killed.wait(killed.is_drawing)
    killed.process.kill()
    killed.wait(killed.is_all_gone, 10)

    hung_up = start(terminal=True)
    hung_up.wait(hung_up.is_drawing)
    hung_up.hang_up()
    assert hung_up.process.wait(60) == 0
    hung_up.wait(hung_up.is_all_gone, 10)

    for number, status in ((signal.SIGTERM, 0), (signal.SIGINT, 130)):
        ended = start()
        ended.process.send_signal(number)
        assert ended.process.wait(60) == status
        ended.wait(ended.is_all_gone, 10)
        assert "Traceback" not in ended.said()

    with open_instance(killed.home) as instance:
        runs = instance.get_runs()
        assert {run.status for run in runs} == {dg.DagsterRunStatus.FAILURE}, (
            "none is left as if it were at work, or queued"
        )
        assert [run.tags[DIED] for run in runs][-2:] == ["stopped", "true"], "the newest comes first"
