"""What only some kinds of systems can do, and a system that was seen to be another: it can do what its kind can."""

import pytest
import yaml

from mcas_assets.core.paths import systems_file
from mcas_assets.declare.catalogue import Entry
from mcas_assets.systems.find import find_entry, find_system
from mcas_assets.systems.hosted.budget import Past
from mcas_assets.systems.observed import ObservedSystem
from mcas_assets.systems.protocol import Metered, Mirrored, Probed, System

HOSTED = {"kind": "openai", "model": "gpt-image-2.5-flare-2026-09-08", "width": 1024, "height": 1024, "quality": "low",
          "price": 0.25, "budget": {"usd": 1.0}}  # fmt: skip
CAN_DO = {"hosted": {Probed, Metered}, "set": set(), "pipeline": {Probed, Mirrored}}


@pytest.fixture(params=CAN_DO)
def kind(request) -> str:
    return request.param


@pytest.fixture
def system(kind, tmp_path, monkeypatch) -> System:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-none")
    if kind == "pipeline":
        return find_system("phantom-stereotyped")
    entries = {"hosted": HOSTED, "set": {"kind": "import", "path": ".", "model": "m", "prompt": "prompt"}}
    (tmp_path / "systems.yaml").write_text(yaml.safe_dump({"systems": {kind: entries[kind]}}))
    return find_system(kind, tmp_path / "systems.yaml")


def test_a_kind_can_do_what_it_says_and_no_more(system, kind):
    assert {one for one in (Probed, Mirrored, Metered) if isinstance(system, one)} == CAN_DO[kind]


def test_an_observed_system_does_what_its_kind_does_and_else_what_stands_for_nothing(system, kind):
    observed = ObservedSystem(system, {"behaviour_since": "2026-11-01"})
    assert isinstance(observed, Probed)
    assert isinstance(observed, Mirrored)
    assert isinstance(observed, Metered)
    if kind != "set":
        assert observed.identity().document == system.identity().document | {
            "observed": {"behaviour_since": "2026-11-01"}
        }
    assert observed.price == (0.25 if kind == "hosted" else None)
    assert observed.allowance(Past(), 2) == ("budget 1.00 USD covers that" if kind == "hosted" else "")
    observed.recall(Past())
    assert observed.upstream() is None
    if kind != "hosted":
        assert observed.probe().state == "available"


@pytest.mark.parametrize(
    ("keys", "path", "repo"),
    [
        ({"path": "here"}, "here", None),
        ({"repo": "a/b", "revision": "0" * 40}, None, None),
        ({"repo": "a/b", "revision": "0" * 40, "watch": "main"}, None, "a/b"),
    ],
)
def test_an_entry_says_where_its_system_lies_and_which_repository_it_follows(tmp_path, keys, path, repo):
    (tmp_path / "systems.yaml").write_text(yaml.safe_dump({"systems": {"one": {"kind": "diffusers", **keys}}}))
    _, entry, _ = find_entry("one", tmp_path / "systems.yaml")
    assert (entry.local_path, entry.watched_repo) == (path, repo)


def test_an_entry_of_a_kind_without_files_lies_nowhere():
    entry = Entry(kind="pencil")
    assert (entry.local_path, entry.watched_repo) == (None, None)
    assert find_entry("phantom-fair")[1].local_path == "phantom/fair"
    assert (systems_file().parent / "phantom/fair").is_dir()
