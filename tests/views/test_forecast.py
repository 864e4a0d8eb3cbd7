"""What a standing watch says before it begins, of systems as they are declared: a folder, a provider with a budget, one without."""

from pathlib import Path

import dagster as dg
import pytest

from mcas_assets.core.errors import BadInput
from mcas_assets.core.paths import DATA
from mcas_assets.orchestration.sensor import consider
from mcas_assets.stages.workplace import Workplace
from mcas_assets.store.database import Store
from mcas_assets.systems.find import load_systems
from mcas_assets.systems.protocol import Probe
from mcas_assets.views.forecast import WIDTH, due, lines, require_limits
from mcas_assets.watch.decide import Decision, Seen, Wanted

SYSTEMS = f"""\
systems:
  phantom-stereotyped:
    kind: diffusers
    path: {DATA / "phantom" / "stereotyped"}
    steps: 8
    guidance: 1.0
    width: 64
    height: 64
    dtype: float32
    audits: [phantom]
  hosted:
    kind: openai
    model: gpt-image-1
    base_url: http://127.0.0.1:9
    width: 1024
    height: 1024
    quality: low
    price: 0.5
    budget: {{usd: 20}}
    audits: [phantom]
"""


@pytest.fixture
def workplace(tmp_path) -> Workplace:
    (tmp_path / "systems.yaml").write_text(SYSTEMS)
    return Workplace(home=tmp_path / "home", system_file=tmp_path / "systems.yaml")


def told(workplace: Workplace, decision: Decision, seen: list[Seen]) -> str:
    entries = load_systems(workplace.system_file)
    said = list(lines(workplace, decision, list(due(workplace, decision, seen, entries)), entries, 300))
    assert max(map(len, said[1:])) <= WIDTH, "the first holds a path, as long as it is"
    return "\n".join(said)


@pytest.fixture
def looked(workplace) -> tuple[Decision, list[Seen]]:
    """As a look finds it where the provider answers."""
    seen = []
    for name in load_systems(workplace.system_file):
        system = workplace.find(name)
        seen.append(Seen(name, "available", Probe("available"), ("phantom",), system.identity()))
    request = tuple(Wanted("phantom", one.identity.version) for one in seen if one.identity)
    return Decision((), request, (), frozenset(), ()), seen


def test_it_says_what_would_be_audited_what_that_costs_and_what_the_budget_allows(workplace, looked):
    text = " ".join(told(workplace, *looked).split())
    assert "phantom of phantom-stereotyped@" in text
    assert "688 images, time unknown until a first batch was made, 344.00 USD at 0.5 an image" in text
    assert "budget 20.00 USD covers 40 of them" in text
    assert "in all 344.00 USD, of which budgets allow 20.00" in text
    assert "Spending ends at, for each version of a system and over all runs of it: hosted: 20.00 USD" in text
    assert "Every Monday at 6 UTC a canary asks: hosted" in text


def test_what_was_spent_already_is_no_longer_allowed(workplace, looked):
    version = looked[0].request[1].system_version
    with Store(workplace.home).open() as con:
        con.execute(
            "insert into attempt_facts by name "
            "select 'i' as image_id, ? as system_version, 1 as attempt, 'ok' as outcome, 19.0 as cost_usd",
            [version],
        )
    assert "19.00 USD and 1 requests spent, covers 2 of them" in " ".join(told(workplace, *looked).split())


def test_a_look_that_keeps_nothing_makes_no_home(workplace):
    with dg.DagsterInstance.ephemeral() as instance:
        decision, _ = consider(workplace, instance, ["phantom"])
    assert not (workplace.home / "store.duckdb").exists()
    assert [one.system_version.rpartition("@")[0] for one in decision.request] == ["phantom-stereotyped"]
    states = {state.system: state.state for state in decision.states}
    assert states["hosted"] == "unreachable", "there is no key"


def test_a_system_that_costs_money_needs_a_limit_unless_nothing_asks_it(tmp_path):
    file = tmp_path / "systems.yaml"
    for text, is_refused in (
        (SYSTEMS, False),
        (SYSTEMS.replace("    budget: {usd: 20}\n", ""), True),
        (
            SYSTEMS.replace("    budget: {usd: 20}\n    audits: [phantom]\n", "    audits: []\n    canary: null\n"),
            False,
        ),
        (SYSTEMS.replace("    budget: {usd: 20}\n    audits: [phantom]\n", "    audits: []\n"), True),
    ):
        file.write_text(text)
        entries = load_systems(file)
        if is_refused:
            with pytest.raises(
                BadInput, match=r"hosted.budget: is not set, so a standing watch would spend without a limit"
            ):
                require_limits(entries, file)
        else:
            require_limits(entries, file)


JUDGE = "labellers:\n  paid: {kind: hosted_judge, model: judge, base_url: 'https://judge.example/v1', %s}\n"


@pytest.mark.parametrize(
    ("said", "is_refused"),
    [("key: JUDGE_KEY", True), ("key: JUDGE_KEY, most_images: 500", False), ("key: null", False)],
)
def test_a_labeller_that_costs_money_needs_a_limit_too(tmp_path, monkeypatch, said, is_refused):
    audits = tmp_path / "audits"
    audits.mkdir()
    text = (Path(__file__).parents[1] / "data" / "smallest.yaml").read_text()
    (audits / "smallest.yaml").write_text(f"{text}labellers: [zero-shot, paid]\n")
    (tmp_path / "labellers.yaml").write_text(JUDGE % said)
    (tmp_path / "mcas.yaml").write_text("project: paid\n")
    (tmp_path / "systems.yaml").write_text("systems:\n  drawn: {kind: drawn, world: harder, audits: [smallest]}\n")
    monkeypatch.setenv("MCAS_PROJECT", str(tmp_path))
    monkeypatch.delenv("MCAS_AUDITS", raising=False)
    entries = load_systems(tmp_path / "systems.yaml")
    if is_refused:
        with pytest.raises(BadInput, match=r"paid.most_images: is not set, so a standing watch of audit smallest"):
            require_limits(entries, tmp_path / "systems.yaml")
    else:
        require_limits(entries, tmp_path / "systems.yaml")


def test_what_a_person_has_to_look_at_before_it_is_audited_again_is_said(workplace):
    notes = (
        "mine: phantom of mine@0123456789ab: given up after 6 runs (run 1234abcd says why); run it by hand once that is mended",
        "mine: gender of mine@0123456789ab: up to date",
    )
    text = " ".join(told(workplace, Decision((), (), (), frozenset(), notes), []).split())
    assert "Would audit nothing now. mine: phantom of mine@0123456789ab: given up after 6 runs" in text
    assert "up to date" not in text
