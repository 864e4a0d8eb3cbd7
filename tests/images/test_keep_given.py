"""Keeping the images of a set: bytes and outcomes as facts, nothing twice, and a killed import goes on where it was."""

import hashlib
import json
import tracemalloc
from types import SimpleNamespace

import pytest

from mcas_assets.core.errors import StoreError
from mcas_assets.core.progress import LogProgress
from mcas_assets.images import generate
from mcas_assets.images import keep_given as given
from mcas_assets.images import match_given as matching
from mcas_assets.store.database import Store

NURSE, CEO = "an image of a nurse", "an image of a ceo"


class Importing:
    """A set of pictures, its system, and a home to import it into."""

    def __init__(self, sets: SimpleNamespace, folder, tiny, home) -> None:
        self.folder, self.audit, self.home, self.store = folder, tiny, home, Store(home)
        self.system = sets.declared(folder, seed="seed", keep=["steps"], licence="CC0-1.0")
        self.version = self.system.identity().version

    def run(self, run_id: str = "run") -> tuple[int, matching.Matched]:
        matched = matching.holding(self.audit, self.system)
        return given.take(self.store, matched, self.system, self.version, LogProgress(), run_id), matched

    def rows(self, sql: str) -> list[tuple]:
        with self.store.open() as con:
            return con.execute(sql).fetchall()


@pytest.fixture
def importing(sets, image_folder, tiny, new_home) -> Importing:
    files = {f"{n}.png": sets.picture(n) for n in range(6)} | {
        "again.png": sets.picture(2),
        "broken.png": sets.picture(0)[:30],
    }
    rows = [
        {"file_name": f"{n}.png", "prompt": NURSE if n < 4 else CEO, "seed": n or None, "steps": 50} for n in range(6)
    ]
    rows += [{"file_name": "again.png", "prompt": NURSE}, {"file_name": "again.png", "prompt": CEO}]
    rows += [{"file_name": "broken.png", "prompt": CEO}, {"prompt": NURSE}, {"file_name": "0.png", "prompt": "a cat"}]
    return Importing(sets, image_folder(rows, files), tiny, new_home)


def test_each_record_that_counts_is_one_fact_with_the_bytes_of_the_set(importing):
    made, matched = importing.run()
    assert made == len(matched.wanted) == 10
    for record, path, sha256, prompt in importing.rows(
        "select record, path, sha256, prompt from image_facts where outcome = 'ok' order by record"
    ):
        assert hashlib.sha256((importing.home / path).read_bytes()).hexdigest() == sha256, (record, prompt)
    assert importing.rows("select outcome, count(*) from image_facts group by 1 order by 1") == [
        ("decode_error", 1), ("empty", 1), ("ok", 7), ("rejected", 1)
    ]  # fmt: skip


def test_an_image_that_a_prompt_has_twice_counts_once_and_another_prompt_may_have_it_too(importing):
    importing.run()
    twice = "select record, outcome, reason, provider->>'sha256' from image_facts where record like '%#7' or record like '%#8'"
    (first, second) = importing.rows(f"{twice} order by record")
    assert first[:2] == ("metadata.jsonl#7", "rejected")
    assert "there twice" in first[2]
    assert len(first[3]) == 64
    assert second[:2] == ("metadata.jsonl#8", "ok")


def test_a_seed_that_is_not_known_is_null_and_what_the_set_tells_is_kept(importing):
    importing.run()
    seeds = importing.rows("select seed from image_facts where outcome = 'ok' order by record")
    assert seeds == [(None,), (1,), (2,), (3,), (4,), (5,), (None,)]
    ((provider, environment, width, height),) = importing.rows(
        "select provider, environment, width, height from image_facts where record = 'metadata.jsonl#1'"
    )
    assert (json.loads(provider), json.loads(environment)) == ({"steps": 50}, {"licence": "CC0-1.0"})
    assert (width, height) == (8, 6)


def test_an_import_that_is_there_takes_nothing_again(importing):
    importing.run()
    before = importing.rows("select * from image_facts order by image_id")
    assert importing.run("another")[0] == 0
    assert importing.rows("select * from image_facts order by image_id") == before


@pytest.mark.parametrize("after", [1, 4])
def test_a_killed_import_goes_on_where_it_was_and_ends_as_an_undisturbed_one(
    importing, sets, tiny, tmp_path, monkeypatch, after
):
    monkeypatch.setattr(generate, "COMMIT_EVERY", 0)
    monkeypatch.setattr(given, "CHUNK", 2)
    append, calls = given.facts.append_images, []

    def dies(*given_to):
        calls.append(1)
        if len(calls) > after:
            raise KeyboardInterrupt
        return append(*given_to)

    with monkeypatch.context() as patch:
        patch.setattr(given.facts, "append_images", dies)
        with pytest.raises(KeyboardInterrupt):
            importing.run("first")
    assert importing.rows("select count(*) from image_facts") == [(2 * after,)]
    assert importing.run("second")[0] == 10 - 2 * after
    straight = Importing(sets, importing.folder, tiny, tmp_path / "straight")
    straight.run()
    same = "select image_id, record, outcome, sha256, path, reason from image_facts order by image_id"
    assert importing.rows(same) == straight.rows(same)
    assert importing.rows("select count(distinct run_id) from image_facts") == [(2,)]


def test_a_kept_file_that_was_changed_is_one_clear_error(importing):
    importing.run()
    ((path,),) = importing.rows("select path from image_facts where outcome = 'ok' limit 1")
    (importing.home / path).write_bytes(b"something else")
    with pytest.raises(StoreError, match="its digest differs"):
        importing.run()
    assert generate.forget_lost(importing.store) >= 1
    assert importing.run()[0] >= 1


def test_memory_does_not_grow_with_the_images(sets, image_folder, tiny, tmp_path, monkeypatch):
    """Twenty pictures of a megabyte each, kept with a few of them in memory."""
    monkeypatch.setattr(given, "CHUNK_BYTES", 3 << 20)
    files = {f"{n}.png": sets.picture(n) + bytes([n]) * (1 << 20) for n in range(20)}
    folder = image_folder([{"file_name": name, "prompt": NURSE, "seed": 1, "steps": 1} for name in files], files)
    del files
    tracemalloc.start()
    importing = Importing(sets, folder, tiny, tmp_path / "home")
    made, _ = importing.run()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert made == 20
    assert peak < 12 << 20
