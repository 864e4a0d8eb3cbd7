"""A remedy that is printed works: each situation is brought about, its error's remedy is followed, and what failed succeeds.

Each place of the source that words a remedy is either brought about here, or listed in `elsewhere` with the test or the reason.
"""

import inspect
import re
from pathlib import Path

import pytest

from mcas_assets.core.errors import BadInput
from tests.remedies import (
    asked,
    beside_models,
    buckets,
    copies,
    declared,
    entries,
    far,
    given_embedders,
    given_labellers,
    given_models,
    given_sets,
    handed,
    homes,
    measured,
    models_at_work,
    offices,
    own_kinds,
    projects,
    python,
    reviews,
    serving,
    sets_meanwhile,
    versions,
    workflows,
)
from tests.remedies.elsewhere import ELSEWHERE
from tests.remedies.sites import Site, all_sites, executed, watched
from tests.remedies.situations import Situation, in_module, name_of

MODULES = (
    declared, entries, given_sets, sets_meanwhile, beside_models, given_models, models_at_work, given_embedders, homes, copies,
    asked, versions, measured, far, own_kinds, workflows, projects, python, reviews, handed, serving, offices, buckets,
    given_labellers,
)  # fmt: skip
SITUATIONS = [
    pytest.param(one, id=f"{module.__name__.rpartition('.')[2]}: {name_of(one).replace('_', ' ')}")
    for module in MODULES
    for one in in_module(vars(module))
]
SITES = all_sites()
TESTS = Path(__file__).parents[1]
RAN: dict[Situation, set[Site]] = {}


@pytest.mark.parametrize("situation", SITUATIONS)
def test_what_is_done_as_the_error_says_works(situation, request, tmp_path, monkeypatch):
    monkeypatch.setenv("MCAS_HOME", str(tmp_path / "home"))
    names = inspect.signature(situation).parameters
    step = situation(**{name: tmp_path if name == "place" else request.getfixturevalue(name) for name in names})
    fails, words = next(step)
    with watched() as noted, pytest.raises(BadInput) as raised:
        fails()
    assert words in str(raised.value)
    RAN[situation] = executed(SITES, noted, str(raised.value))
    next(step, None)
    fails()


def listed(site: Site) -> list[tuple[str, str]]:
    return [(file, part) for file, part in ELSEWHERE if file == site.file and part in site.source]


def test_every_remedy_of_the_source_is_brought_about_or_listed_with_the_reason():
    if len(RAN) < len(SITUATIONS):
        pytest.skip("only where all situations ran before it")
    ran = set().union(*RAN.values())
    missing = [str(site) for site in SITES if site not in ran and not listed(site)]
    assert not missing, "\n".join(missing)


def test_what_is_listed_is_in_the_source_and_not_brought_about_here_too():
    named = [key for site in SITES for key in listed(site)]
    assert sorted(set(ELSEWHERE) - set(named)) == []
    for where in ELSEWHERE.values():
        for file, test in re.findall(r"(\S+\.py)::(\w+)", where):
            assert f"def {test}(" in (TESTS / file).read_text(encoding="utf-8")
