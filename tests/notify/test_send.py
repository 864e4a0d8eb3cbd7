"""Being told, by real HTTP against a server of this machine: each piece once, in words, with a link, and not too often."""

import json
import logging
import shutil
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from mcas_assets.declare.project import Event, Notify, load_project
from mcas_assets.notify.send import FRESH, MOST, send
from mcas_assets.notify.words import FailedRun, News, gathered
from mcas_assets.orchestration.definitions import build_definitions
from mcas_assets.orchestration.instance import open_instance
from mcas_assets.orchestration.orphans import DIED
from mcas_assets.orchestration.telling import MEMORY, send_news
from mcas_assets.policy.gate import hold, keep
from mcas_assets.policy.load import load_policy
from mcas_assets.project.make import make
from mcas_assets.stages.workplace import Workplace
from mcas_assets.store import ledger
from mcas_assets.store.database import Store
from mcas_assets.store.facts import register_system

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
POLICY = """\
policy: mine
title: Mine
audits: [tiny]
requirements:
  - {requirement: lean, kind: association, beyond: 0.5, evidence: estimate, axes: [gender]}
"""


class Inbox:
    """What a server was sent, and the address that Apprise sends to it by."""

    def __init__(self, port: int) -> None:
        self.address, self.messages, self.status = f"json://127.0.0.1:{port}/hook", [], 200


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            made.messages.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(made.status)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        made = Inbox(server.server_port)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield made
        server.shutdown()


def news(n: int = 1, event: Event = "audit-failed") -> list[News]:
    return [News(event, f"key {i}", "phantom", f"Audit failed: number {i}", "version?audit=tiny") for i in range(n)]


def test_a_piece_of_news_is_sent_once_with_its_sentence_and_its_link(inbox, tmp_path):
    one = Notify(to=inbox.address, minutes=0, pages="https://mcas.example/")
    assert send(news(), [one], tmp_path / "told.json", NOW) == 1
    assert send(news(), [one], tmp_path / "told.json", NOW) == 0
    (message,) = inbox.messages
    assert message["title"] == "MCAS: Audit failed"
    assert message["message"] == "Audit failed: number 0\nhttps://mcas.example/version?audit=tiny"


def test_what_happens_soon_after_a_message_waits_for_the_next_one(inbox, tmp_path):
    one, memory = Notify(to=inbox.address, minutes=10), tmp_path / "told.json"
    send(news(1), [one], memory, NOW)
    assert send(news(3), [one], memory, NOW + timedelta(minutes=9)) == 0
    assert send(news(3), [one], memory, NOW + timedelta(minutes=10)) == 1
    assert [message["title"] for message in inbox.messages] == ["MCAS: Audit failed", "MCAS: 2 news of your audits"]


def test_a_flood_is_one_message_that_says_how_many_more(inbox, tmp_path):
    send(news(MOST + 5), [Notify(to=inbox.address)], tmp_path / "told.json", NOW)
    (message,) = inbox.messages
    assert message["message"].endswith("and 5 more")
    assert message["message"].count("Audit failed") == MOST


def test_each_is_told_what_it_asked_for(inbox, tmp_path):
    wanted = [Notify(to=inbox.address, events=("gate-broken",)), Notify(to=f"{inbox.address}/2", systems=("other",))]
    assert send(news(), wanted, tmp_path / "told.json", NOW) == 0
    assert send(news(event="gate-broken"), wanted, tmp_path / "told.json", NOW) == 1


def test_what_could_not_be_sent_is_a_warning_without_the_key_and_is_sent_later(inbox, tmp_path, caplog, monkeypatch):
    monkeypatch.setenv("HOOK", f"{inbox.address}/a-secret-key")
    one, memory = Notify(to="$HOOK", minutes=0), tmp_path / "told.json"
    inbox.status = 500
    with caplog.at_level(logging.WARNING, "mcas_assets"):
        assert send(news(), [one], memory, NOW) == 0
    assert "a message by json could not be sent" in caplog.text
    assert "a-secret-key" not in caplog.text
    inbox.status = 200
    assert send(news(), [one], memory, NOW) == 1
    assert "a-secret-key" not in memory.read_text()


@pytest.mark.parametrize(("to", "says"), [("$NOT_SET_HERE", "is not set"), ("no://such", "does not know")])
def test_an_address_that_cannot_be_used_is_a_warning_and_stops_no_other(to, says, inbox, tmp_path, caplog):
    with caplog.at_level(logging.WARNING, "mcas_assets"):
        assert send(news(), [Notify(to=to), Notify(to=inbox.address)], tmp_path / "told.json", NOW) == 1
    assert says in caplog.text


def test_a_spoiled_memory_is_begun_anew(inbox, tmp_path):
    (tmp_path / "told.json").write_text("{")
    assert send(news(), [Notify(to=inbox.address)], tmp_path / "told.json", NOW) == 1


# What there is to tell, from a real store


@pytest.fixture
def store(audited, tmp_path) -> Store:
    return Store(Path(shutil.copytree(audited.home, tmp_path / "home")))


def lines(store: Store, *failed: FailedRun) -> dict[str, str]:
    with store.open() as con:
        found = gathered(con, datetime.now(UTC) - FRESH, failed)
    return {one.event: one.line("http://pages") for one in found}


def test_an_audit_of_a_first_version_is_no_news(store):
    assert lines(store) == {}


def test_a_broken_policy_is_told_with_the_concept_that_is_farthest(store, tiny, audited, tmp_path):
    (tmp_path / "mine.yaml").write_text(POLICY)
    policy = load_policy(tmp_path / "mine.yaml")
    keep(store, hold(store, policy, tiny, audited.ran.system_version), "gate-1")
    told = lines(store)["gate-broken"]
    assert told.startswith(f"Policy mine is not met by {audited.ran.system_version} in audit tiny: ")
    assert "by most nurse with -" in told or "by most ceo with +" in told
    assert "http://pages/version?audit=tiny&version=phantom-stereotyped%40" in told


def test_a_changed_verdict_is_told_with_the_numbers_and_the_pole(store, audited):
    version = audited.ran.system_version
    with store.open() as con:
        rows = pl.DataFrame({
            "system": ["phantom-stereotyped"], "system_version": [version], "before": ["phantom-stereotyped@000000000000"],
            "after": [version], "is_predecessor": [True], "audit": ["gender"], "axis": ["gender"], "embedder": ["e"],
            "category": ["occupations"], "concept": ["nurse"], "component": ["mcas"], "n_before": [9], "n_after": [9],
            "n_pairs": [9], "value_before": [-0.1], "value_after": [-0.4], "difference": [-0.3], "low": [-0.5],
            "high": [-0.1], "verdict": ["changed"],
        })  # fmt: skip
        made = ledger.made_here(
            asset="comparison", partition=version, audit="gender", run_id="r", code_version="1", data_version="x",
            input_versions={}, declarations=(),
        )  # fmt: skip
        ledger.record(con, made, {"comparisons": rows})
    told = lines(store)["verdict-changed"]
    assert "nurse (gender) in audit gender went from -0.100 to -0.400, by -0.300 towards woman (-0.50 to -0.10)" in told
    assert "http://pages/comparison?audit=gender&before=phantom-stereotyped%40000000000000&after=" in told


def test_a_system_that_moved_is_told_with_what_it_was(store, audited):
    with store.open() as con:
        register_system(con, "phantom-stereotyped@ffffffffffff", "phantom-stereotyped", {}, {})
    told = lines(store)["system-moved"]
    assert (
        f"phantom-stereotyped is phantom-stereotyped@ffffffffffff by now; it was {audited.ran.system_version}" in told
    )


def test_a_failed_run_is_told_with_the_rules_that_did_not_hold(store):
    told = lines(store, FailedRun("r", "tiny", "phantom@000000000000", ("images: decodable",)))["audit-failed"]
    assert told.startswith("Audit failed: tiny of phantom@000000000000: images: decodable")


def test_the_project_says_who_is_told(store, inbox, tmp_path, monkeypatch, instance: dg.DagsterInstance):
    project = make(tmp_path / "mine").folder
    monkeypatch.setenv("MCAS_PROJECT", str(project))
    with store.open() as con:
        register_system(con, "phantom-stereotyped@ffffffffffff", "phantom-stereotyped", {}, {})
    assert send_news(store, instance) == 0, "nobody is named"
    (project / "mcas.yaml").write_text(f"project: mine\nnotify:\n  - to: {inbox.address}\n    events: [system-moved]\n")
    assert send_news(store, instance) == 1
    assert send_news(store, instance) == 0
    assert (store.home / MEMORY).is_file()
    assert inbox.messages[0]["title"] == "MCAS: System moved"


def test_a_project_file_that_cannot_be_read_ends_nothing(store, tmp_path, monkeypatch, caplog):
    project = make(tmp_path / "mine").folder
    monkeypatch.setenv("MCAS_PROJECT", str(project))
    (project / "mcas.yaml").write_text("project: mine\nnotify: {to: x}\n")
    with caplog.at_level(logging.WARNING, "mcas_assets"):
        assert send_news(store) == 0
    assert "nobody is told" in caplog.text


def test_the_example_in_a_new_project_is_taken_once_it_is_no_comment(tmp_path):
    project = make(tmp_path / "mine").folder
    file = project / "mcas.yaml"
    written = (
        file.read_text()
        .replace("#notify:", "notify:")
        .replace("#  - to:", "  - to:")
        .replace("#    events:", "    events:")
    )
    file.write_text(written)
    (one,) = load_project(project).notify
    assert (one.to, one.events) == ("$MCAS_NOTIFY", ("audit-failed", "gate-broken"))


@dg.op
def breaks() -> None:
    raise RuntimeError("the disk is gone")


@dg.job
def audit_tiny() -> None:
    breaks()


def fail(instance: dg.DagsterInstance, **tags: str) -> None:
    """A run of an audit that fails, as Dagster records it."""
    known = {"mcas/audit": "tiny", "dagster/partition": "phantom@000000000000", **tags}
    assert not audit_tiny.execute_in_process(instance=instance, raise_on_error=False, tags=known).success


def test_the_watch_tells_of_a_failed_run_and_says_nothing_of_one_that_died(store, inbox, tiny, tmp_path, monkeypatch):
    project = make(tmp_path / "mine").folder
    (project / "mcas.yaml").write_text(f"project: mine\nnotify:\n  - to: {inbox.address}\n    minutes: 0\n")
    (project / "systems.yaml").write_text("systems: {}\n")
    monkeypatch.setenv("MCAS_PROJECT", str(project))
    workplace = Workplace(home=store.home, system_file=project / "systems.yaml")
    watch = build_definitions([tiny], workplace).resolve_sensor_def("watch")
    with open_instance(store.home) as instance:

        def look() -> list[dict[str, str]]:
            watch(dg.build_sensor_context(instance=instance), workplace=workplace)
            return inbox.messages

        assert look() == []
        fail(instance, **{DIED: "true"})
        assert look() == []
        fail(instance)
        (message,) = look()
        assert message["title"] == "MCAS: Audit failed"
        assert message["message"].startswith(
            "Audit failed: tiny of phantom@000000000000. The run's log says why: mcas ui"
        )
        assert len(look()) == 1, "each is told once"
