"""What the standing watch refuses before it begins: no answer, no limit, another watch, a weak token, a history elsewhere."""

import sys
from collections.abc import Iterator
from pathlib import Path

from mcas_assets.orchestration import postgres
from mcas_assets.orchestration.instance import begin_history_anew, dagster_home, open_instance
from mcas_assets.servers.door import open_door
from mcas_assets.store.home_lock import hold_daemon_lock
from mcas_assets.systems.find import load_systems
from mcas_assets.views.forecast import require_limits
from tests.remedies.asked import mcas
from tests.remedies.situations import Step, situation

HOSTED = """\
systems:
  hosted: {kind: openai, model: gpt-image-2, base_url: "http://127.0.0.1:9", width: 1024, height: 1024, quality: low, price: 0.04}
"""

PAID = "labellers:\n  paid: {kind: hosted_judge, model: judge, base_url: 'https://judge.example/v1'}\n"
SMALLEST = Path(__file__).parents[1] / "data" / "smallest.yaml"


@situation
def a_watch_that_nobody_is_there_to_allow(place: Path, monkeypatch) -> Iterator[Step]:
    monkeypatch.setattr("mcas_assets.orchestration.standing.stand", lambda *given, **options: None)
    (place / "systems.yaml").write_text("systems: {}\n")
    monkeypatch.setenv("MCAS_SYSTEMS", str(place / "systems.yaml"))
    monkeypatch.setattr(sys, "stdin", (place / "systems.yaml").open())
    allowed: list[str] = []
    yield lambda: mcas("serve", "--port", "0", *allowed), "Give --yes"
    allowed.append("--yes")


@situation
def a_system_that_would_be_paid_for_without_a_limit(place: Path) -> Iterator[Step]:
    file = place / "systems.yaml"
    file.write_text(HOSTED)
    yield lambda: require_limits(load_systems(file), file), "Set budget.usd or budget.requests"
    file.write_text(HOSTED.replace("price: 0.04", "price: 0.04, budget: {usd: 5}"))


@situation
def a_labeller_that_would_be_paid_for_without_a_limit(place: Path, monkeypatch) -> Iterator[Step]:
    (place / "audits").mkdir()
    (place / "audits/smallest.yaml").write_text(f"{SMALLEST.read_text()}labellers: [zero-shot, paid]\n")
    (place / "mcas.yaml").write_text("project: paid\n")
    (place / "systems.yaml").write_text("systems:\n  drawn: {kind: drawn, world: harder, audits: [smallest]}\n")
    (place / "labellers.yaml").write_text(PAID)
    monkeypatch.setenv("MCAS_PROJECT", str(place))
    file = place / "systems.yaml"
    yield lambda: require_limits(load_systems(file), file), "Set most_images"
    (place / "labellers.yaml").write_text(PAID.replace("model: judge", "model: judge, most_images: 500"))


@situation
def a_home_that_is_watched(place: Path) -> Iterator[Step]:
    watched = hold_daemon_lock(place)
    watched.__enter__()

    def watch() -> None:
        with hold_daemon_lock(place):
            pass

    yield watch, "End that one first"
    watched.__exit__(None, None, None)


@situation
def a_token_that_can_be_guessed(monkeypatch) -> Iterator[Step]:
    def opened() -> None:
        with open_door("127.0.0.1", 0):
            pass

    monkeypatch.setenv("MCAS_TOKEN", "secret")
    yield opened, "openssl rand -hex 32"
    monkeypatch.setenv("MCAS_TOKEN", "J8s-7Qm2Zx_4Lk9Vb1Nc5Rt0Wp3")


@situation
def a_database_that_is_none(monkeypatch) -> Iterator[Step]:
    monkeypatch.setenv("MCAS_HISTORY", "sqlite:///history.db")
    yield postgres.place, "Write it as postgresql://"
    monkeypatch.setenv("MCAS_HISTORY", "postgresql://mcas@localhost/mcas")


@situation
def a_history_in_a_database_that_is_not_named(place: Path, monkeypatch) -> Iterator[Step]:
    monkeypatch.setenv("MCAS_HISTORY", "postgresql://mcas@localhost/mcas")
    dagster_home(place)
    monkeypatch.delenv("MCAS_HISTORY")
    yield lambda: dagster_home(place), "Set MCAS_HISTORY to it"
    monkeypatch.setenv("MCAS_HISTORY", "postgresql://mcas@localhost/mcas")


@situation
def a_history_in_files_where_a_database_is_named(place: Path, monkeypatch) -> Iterator[Step]:
    with open_instance(place):
        pass
    monkeypatch.setenv("MCAS_HISTORY", "postgresql://mcas@localhost/mcas")
    yield lambda: dagster_home(place), "begin anew in the database: mcas repair --history"
    begin_history_anew(place)
