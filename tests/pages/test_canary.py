"""The page of a window of the canary: its answers above those that they are held against, and nothing that it did not ask."""

from typing import Any

import polars as pl
import pytest

from mcas_assets.core.progress import LogProgress
from mcas_assets.images.generate import generate
from mcas_assets.pages import canary as page
from mcas_assets.pages.app import LiveLinks
from mcas_assets.pages.reader import NotThere, Reader
from mcas_assets.pages.site import render
from mcas_assets.store import ledger
from mcas_assets.store.database import Store
from mcas_assets.store.publication import publish
from mcas_assets.store.reading import Published
from mcas_assets.store.schema import frame_schema
from mcas_assets.systems.find import find_system
from mcas_assets.watch.canary import load_canary, requests

WINDOWS = ("2026-11-16", "2026-11-23", "2026-11-30")
DECLARED = load_canary("phantom")


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A home in which two windows were asked, of a third nothing is kept, and a fourth asked another question."""
    store, system = Store(tmp_path_factory.mktemp("asked") / "home"), find_system("phantom-harder")
    version = system.identity().version
    wanted = {name: requests(DECLARED, version, name, system.size()) for name in WINDOWS[:2]}
    for frame in wanted.values():
        generate(store, frame, system, version, LogProgress(), "r")
    with store.open() as con:
        con.execute(
            "update image_facts set outcome = 'refused_prompt', sha256 = null, path = null where image_id = ?",
            [wanted[WINDOWS[1]]["image_id"][0]],
        )
    about = {
        "system": "phantom-harder", "system_version": version, "canary": "phantom", "embedder": "e", "n_requested": 1,
        "n_images": 1, "n_refused": 0, "n_lost": 0, "alpha": 0.05, "verdict": "not shown",
        "energy_distance": 0.5, "p_value": 0.5, "level": 0.01,
    }  # fmt: skip
    rows = [
        about | {"window_number": n, "window_name": name, "previous": WINDOWS[n - 2] if n > 1 else None,
                 "reference": WINDOWS[0] if n == 3 else None, "canary_digest": DECLARED.digest() if n < 4 else "0" * 64}
        for n, name in enumerate((*WINDOWS, "2026-12-07"), 1)
    ]  # fmt: skip
    made = ledger.made_here(
        asset="canary", partition=version, audit="phantom", run_id="r", code_version="1", data_version="0" * 64, input_versions={}
    )  # fmt: skip
    with store.open() as con:
        ledger.record(con, made, {"canary": pl.DataFrame(rows, schema=frame_schema("canary"))})
    publish(store)
    return Reader(Published(store)), wanted


def of(asked: Any, window: str, **against: str) -> Any:
    return page.section(asked[0], LiveLinks(1), "phantom-harder", "phantom", window, **against)


def test_every_answer_of_a_window_stands_below_that_of_the_window_before_by_prompt_and_seed(asked):
    section = of(asked, WINDOWS[1])
    for prompt, shown in zip(DECLARED.prompts, section.context["prompts"], strict=True):
        before, after = (asked[1][name].filter(prompt=prompt).sort("replicate") for name in WINDOWS[:2])
        assert [pair["image_before"] for pair in shown["pairs"]] == before["image_id"].to_list()
        assert [pair["image_after"] for pair in shown["pairs"]] == after["image_id"].to_list()
        assert [pair["seed"] for pair in shown["pairs"]] == after["seed"].to_list()


def test_an_answer_without_a_picture_is_shown_as_what_it_was(asked):
    text = render([of(asked, WINDOWS[1])], LiveLinks(1))
    assert text.count('<span class="absent">refused_prompt</span>') == 1
    assert text.count("<img ") == 2 * len(asked[1][WINDOWS[0]]) - 1


def test_the_first_window_is_held_against_nothing(asked):
    pairs = [pair for one in of(asked, WINDOWS[0]).context["prompts"] for pair in one["pairs"]]
    assert len(pairs) == len(asked[1][WINDOWS[0]])
    assert not any(pair["has_before"] for pair in pairs)


def test_a_window_leads_to_the_first_since_a_change_and_back(asked):
    ((name, address),) = of(asked, WINDOWS[2]).context["others"]
    assert (name, "against=reference" in address) == ("reference", True)
    held = of(asked, WINDOWS[2], against="reference")
    assert held.context["before"]["window_name"] == WINDOWS[0]
    assert [name for name, _ in held.context["others"]] == ["previous"]


def test_answers_to_another_question_are_not_shown_as_answers_to_this(asked):
    section = of(asked, "2026-12-07")
    assert section.context["prompts"] == []
    assert "not declared any more" in render([section], LiveLinks(1))


@pytest.mark.parametrize(("window", "against"), [("2020-01-01", "previous"), (WINDOWS[1], "next")])
def test_a_window_that_there_is_not_is_refused(asked, window, against):
    with pytest.raises(NotThere):
        of(asked, window, against=against)
