"""What is asked of commands: their options, the versions and images that they name, and what no longer is what it was."""

import json
import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from mcas_assets.cli.app import app
from mcas_assets.cli.ask import typed
from mcas_assets.core.paths import DATA
from mcas_assets.stages.workplace import Workplace
from mcas_assets.store import sandbox
from mcas_assets.store.publication import query
from mcas_assets.systems.find import find_system
from tests.remedies.conftest import SMALLEST
from tests.remedies.situations import Situation, Step, situation

AUDIT = str(SMALLEST)


def mcas(*words: str) -> None:
    app([*words], standalone_mode=False)


def command(words: str, wrong: list[str], right: list[str]) -> Situation:
    """A command in a home with two versions, and the same as the remedy says. `BEFORE` and `AFTER` stand for these."""

    def of_a_command(home, place: Path) -> Iterator[Step]:
        (place / "p.yaml").write_text(POLICY)
        known = {"BEFORE": home.before, "AFTER": home.after, "POLICY": str(place / "p.yaml")}

        def filled(given: list[str]) -> list[str]:
            return [known.get(word, word) for word in given]

        asked = filled(wrong)
        yield lambda: mcas(*asked), words
        asked[:] = filled(right)

    of_a_command.__name__ = f"mcas {wrong[0]}: {words}"
    return of_a_command


ONE = ["sql", "select 1 as x"]
POLICY = """
policy: p
title: P
audits: [smallest]
requirements: [{requirement: far, kind: association, beyond: 7.9, evidence: estimate}]
"""
GATE = ["gate", AUDIT, "--policy", "POLICY"]

COMMANDS_TABLE = [
    command("Files: ", ["sql", "who-leans-mst"], ["sql", "who-leans-most"]),
    command("Use one of table, csv", [*ONE, "--format", "xlsx"], [*ONE, "--format", "csv"]),
    command("Give a time above 0", [*ONE, "--seconds", "0"], [*ONE, "--seconds", "9"]),
    command("Give a time above 0", [*ONE, "--seconds", "nan"], [*ONE, "--seconds", "9"]),
    command("Give 16 to", [*ONE, "--memory", "1"], [*ONE, "--memory", "16"]),
    command("select ...", ["sql", "/* nothing */"], ONE),
    command("Ask one question at a time", ["sql", "select 1; select 2"], ONE),
    command("Only what reads is taken", ["sql", "drop table scores"], ["sql", "show tables"]),
    command('`mcas sql "show tables"` lists', ["sql", "from no_such_table"], ["sql", "show tables"]),
    command("column::varchar", ["sql", "select interval 1 year as span"], ["sql", "select (interval 1 year)::varchar as span"]),
    command("raise the limit with --seconds", ["sql", "select count(*) from range(1000000000) a, range(999) b", "--seconds", "0.1"],
            ["sql", "select count(*) from range(100) a, range(10) b", "--seconds", "60"]),
    command("raise the limit with --memory", ["sql", "select range, repeat('x', 100) as y from range(400000)", "--format", "csv",
                                              "--output", os.devnull, "--memory", "16"],
            ["sql", "select range, repeat('x', 100) as y from range(400000)", "--format", "csv", "--output", os.devnull]),
    command("or raise the limit with --memory", ["sql", "select count(distinct repeat(range::varchar, 99)) from range(900000)",
                                                 "--memory", "16"],
            ["sql", "select count(distinct repeat(range::varchar, 9)) from range(900)", "--memory", "2048"]),
    command("Give a change of MCAS above 0", ["plan", AUDIT, "--detect", "9"], ["plan", AUDIT, "--detect", "0.02"]),
    command("Use one of table, json", [*GATE, "--system", "AFTER", "--format", "xml"],
            [*GATE, "--system", "AFTER", "--format", "json"]),
    command("Known: ", [*GATE, "--system", "phantom-stereotyped@0123456789ab"], [*GATE, "--system", "AFTER"]),
    command("Name two", ["compare", "BEFORE", "BEFORE", "--audit", AUDIT], ["compare", "BEFORE", "AFTER", "--audit", AUDIT]),
    command("Name two", ["attribute", "AFTER", "AFTER", "--audit", AUDIT], ["attribute", "BEFORE", "AFTER", "--audit", AUDIT]),
    command("Compare without --images", ["compare", "BEFORE", "AFTER", "--audit", AUDIT, "--images", "2"],
            ["compare", "BEFORE", "AFTER", "--audit", AUDIT]),
]  # fmt: skip


@situation
def a_query_that_is_not_utf8() -> Iterator[Step]:
    asked = [os.fsdecode(b"select '\xe4'")]
    yield lambda: typed(asked[0]), "or ask without such signs"
    asked[0] = "select 'a'"


@situation
def an_answer_larger_than_its_limit(home) -> Iterator[Step]:
    limit = [16]
    text = "select range, repeat('x', 200) as y from range(200000)"
    yield lambda: query(home.store, text, limits=sandbox.Limits(60, limit[0])), "raise the limit with --memory"
    limit[0] = 2048


@situation
def a_home_without_a_history(place: Path, home, monkeypatch) -> Iterator[Step]:
    monkeypatch.setattr("mcas_assets.orchestration.standing.show", lambda *given, **options: None)
    monkeypatch.setenv("MCAS_HOME", str(place / "empty"))
    yield lambda: mcas("ui", "--port", "0"), "Run an audit first: mcas audit"
    monkeypatch.setenv("MCAS_HOME", str(home.path))


@situation
def a_port_of_another_program(home, monkeypatch) -> Iterator[Step]:
    from mcas_assets.servers.door import listen

    with socket.create_server(("127.0.0.1", 0)) as other:
        port = [other.getsockname()[1]]
        yield lambda: listen("127.0.0.1", port[0]).close(), "Give another --port"
        port[0] = 0


@situation
def a_port_of_another_program_for_pages(home, monkeypatch) -> Iterator[Step]:
    import uvicorn

    from mcas_assets.servers.pages import serve

    monkeypatch.setattr(uvicorn.Server, "run", lambda *given, **keys: None)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = [other.getsockname()[1]]
        yield lambda: serve(home.store, port[0], lambda address: None), "Give another one, or 0"
        port[0] = 0


@situation
def a_home_that_is_not_there_to_back_up(place: Path, home, monkeypatch) -> Iterator[Step]:
    monkeypatch.setenv("MCAS_HOME", str(place / "none"))
    yield lambda: mcas("backup", str(place / "copy")), "Run an audit first: mcas audit."
    monkeypatch.setenv("MCAS_HOME", str(home.path))


@situation
def a_home_without_a_store_to_prune(place: Path, home, monkeypatch) -> Iterator[Step]:
    monkeypatch.setenv("MCAS_HOME", str(place / "none"))
    yield lambda: mcas("prune"), "Run an audit first: mcas audit."
    monkeypatch.setenv("MCAS_HOME", str(home.path))


# Watching -------------------------------------------------------------------------------------------------------------

ROW = {
    "p_value": None, "reference_p_value": None, "previous": None, "system_version": "s@1", "window_name": "w",
    "verdict": "first window", "n_images": 1, "n_refused": 0, "n_lost": 0, "n_requested": 1,
}  # fmt: skip


def declared_systems(place: Path, monkeypatch, folder: Path) -> None:
    """The one system that commands know; a window of it is not asked, as that is not what is tried here."""
    file = place / "systems.yaml"
    entry = {"kind": "diffusers", "path": str(folder), "width": 64, "height": 64, "canary": "hosted"}
    file.write_text(json.dumps({"systems": {"mine": entry}}))
    monkeypatch.setenv("MCAS_SYSTEMS", str(file))
    monkeypatch.setattr("mcas_assets.orchestration.canary.run_window", lambda *given: ROW)


@situation
def a_canary_of_a_system_misspelt(place: Path, monkeypatch) -> Iterator[Step]:
    declared_systems(place, monkeypatch, DATA / "phantom" / "fair")
    asked = ["mein"]
    yield lambda: mcas("canary", asked[0]), "Known: mine"
    asked[0] = "mine"


@situation
def a_canary_of_a_system_that_is_not_there(place: Path, monkeypatch) -> Iterator[Step]:
    declared_systems(place, monkeypatch, place / "model")
    yield lambda: mcas("canary", "mine"), "A window can be asked once it is available"
    shutil.copytree(DATA / "phantom" / "fair", place / "model")


class Reached(Exception):  # noqa: N818 - a sign, not an error
    """What was refused is gone on with."""


def reach(*given: object) -> None:
    raise Reached


@situation
def a_window_of_a_system_without_a_canary(place: Path, new_home: Path, instance, monkeypatch) -> Iterator[Step]:
    from types import SimpleNamespace

    from mcas_assets.orchestration import canary

    version = find_system("phantom-fair").identity().version
    file = place / "systems.yaml"
    entry = {
        "kind": "diffusers",
        "path": str(DATA / "phantom" / "fair"),
        "width": 64,
        "height": 64,
        "steps": 8,
        "guidance": 1.0,
    }
    file.write_text(json.dumps({"systems": {"phantom-fair": entry}}))
    workplace = Workplace(home=new_home, system_file=file)
    monkeypatch.setattr(canary, "note_all", reach)
    context: Any = SimpleNamespace(run=SimpleNamespace(run_id="r"))

    def take() -> None:
        with suppress(Reached):
            canary._take(context, workplace, version, "w")

    yield take, "Add canary: hosted to its entry"
    file.write_text(json.dumps({"systems": {"phantom-fair": entry | {"canary": "hosted"}}}))


@situation
def an_interval_that_is_none(monkeypatch) -> Iterator[Step]:
    from mcas_assets.orchestration.sensor import interval

    monkeypatch.setenv("MCAS_WATCH_EVERY", "often")
    yield interval, "Give the seconds between two looks, 1 or more"
    monkeypatch.setenv("MCAS_WATCH_EVERY", "60")


@situation
def a_partition_that_is_no_version(instance) -> Iterator[Step]:
    from mcas_assets.orchestration.partitions import register

    asked = ["phantom"]
    yield lambda: register(instance, asked[0]), "It must be name@ and 12 hex digits"
    asked[0] = "phantom@0123456789ab"
