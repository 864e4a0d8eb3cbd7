"""Votes make stale what rests on them, and nothing else: what is drawn, embedded, scored and labelled stands."""

import shutil
from pathlib import Path

from mcas_assets.orchestration.runs import run_audit, run_review
from mcas_assets.pages import concept
from mcas_assets.pages.links import LiveLinks
from mcas_assets.pages.reader import Reader
from mcas_assets.pages.site import render
from mcas_assets.review.draw import draw_images
from mcas_assets.review.queue import Queue
from mcas_assets.stages.workplace import Workplace
from mcas_assets.store.database import Store
from mcas_assets.store.publication import published_rows
from mcas_assets.store.reading import Published
from mcas_assets.systems.find import find_system


def made(store: Store) -> list[tuple]:
    with store.open() as con:
        return con.execute("select version, asset from materialisations order by version").fetchall()


def rate(store: Store, audit, version: str, rater: str) -> None:
    draw = draw_images(store, audit, version, 1000, None)
    queue = Queue(store, audit, draw, "gender", rater)
    for shown in queue.shown:
        queue.answer(shown.place, int(shown.image_id[0], 16) % 2)


def test_new_votes_are_taken_in_by_one_stage_and_no_vote_by_none(audited, tiny, tmp_path, instance):
    store, version = Store(Path(shutil.copytree(audited.home, tmp_path / "home"))), audited.ran.system_version
    workplace, before = Workplace(home=store.home), made(store)
    assert not run_review(tiny, version, workplace, instance)
    for rater in ("ada", "ben"):
        rate(store, tiny, version, rater)
    assert run_review(tiny, version, workplace, instance)
    assert [asset for _, asset in made(store)[len(before) :]] == ["review"]
    agreement = published_rows(store, "rater_agreement", tiny.audit, version).row(0, named=True)
    assert (agreement["n_raters"], agreement["n_rated"], agreement["alpha"]) == (2, agreement["n_drawn"], 1)
    shares = published_rows(store, "people_shares", tiny.audit, version)
    assert shares["share"].null_count() == 0
    assert set(shares["embedder"].drop_nulls()) == {"phantom-balanced", "phantom-biased"}
    assert not run_review(tiny, version, workplace, instance)
    said = page_of(store, tiny.audit, version, "nurse")
    assert "with people as the reference" in said
    assert "by its 6 rated images" in said
    assert "Krippendorff's alpha 1.00" in said


def page_of(store: Store, audit: str, version: str, name: str) -> str:
    reader = Reader(Published(store))
    links = LiveLinks(reader.at)
    return render([concept.section(reader, links, audit, version, "gender", name)], links)


def test_an_audit_takes_in_votes_that_came_since(audited, tiny, tmp_path, instance):
    store, version = Store(Path(shutil.copytree(audited.home, tmp_path / "home"))), audited.ran.system_version
    workplace = Workplace(home=store.home)
    run_audit(tiny, find_system("phantom-stereotyped"), workplace, instance)
    rate(store, tiny, version, "ada")
    before = made(store)
    assert not run_audit(tiny, find_system("phantom-stereotyped"), workplace, instance).is_current
    assert [asset for _, asset in made(store)[len(before) :]] == ["review"]
    assert run_audit(tiny, find_system("phantom-stereotyped"), workplace, instance).is_current
