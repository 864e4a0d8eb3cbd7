"""Whole audits of hosted systems through the front door: paid once, kept whatever happens, and no key left behind."""

import traceback
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from mcas_assets.cli import app as cli
from mcas_assets.core.errors import BadInput, McasError
from mcas_assets.core.progress import LogProgress
from mcas_assets.declare.audit import Audit
from mcas_assets.images.generate import generate, requests
from mcas_assets.orchestration.runs import run_audit
from mcas_assets.plan.requests import build_plan
from mcas_assets.stages.workplace import Workplace
from mcas_assets.store import facts, publication
from mcas_assets.store.database import Store
from mcas_assets.systems import find as systems
from mcas_assets.systems.hosted.course import UNUSABLE_IN_A_ROW
from tests.systems.hosted.providers import (
    KEY,
    Provider,
    Reply,
    google_entry,
    google_ok,
    google_parts,
    openai_entry,
    openai_error,
    picture,
)

TINY = Path(__file__).parents[2] / "data" / "tiny.yaml"
SOON = {"attempts": 3, "first_wait": 0.01, "longest_wait": 0.02}
IMAGES = 42  # of the tiny audit


def rows(store: Store, sql: str) -> list[tuple]:
    with store.open() as con:
        return con.execute(sql).fetchall()


@pytest.fixture
def mcas(tmp_path, monkeypatch, capfd):
    """The command in this process: `mcas(path of declarations, word, ...)` gives its exit status and all that it wrote."""
    home, left = tmp_path / "home", []
    monkeypatch.setenv("MCAS_HOME", str(home))
    monkeypatch.setattr(cli, "_leave", left.append)
    monkeypatch.setattr(cli, "_quieten", lambda: None)

    def run(path: Path, *words: str) -> tuple[int, str]:
        monkeypatch.setattr("sys.argv", ["mcas", *words])
        monkeypatch.setattr(systems, "find_system", partial(systems.find_system, path=path))
        cli.main()
        out, err = capfd.readouterr()
        return left[-1], out + err

    return run


@pytest.mark.timeout(300)
def test_an_audit_of_a_gpt_image_model_is_paid_once_and_leaves_no_key(mcas, declare, openai_provider, tmp_path):
    path = declare(gpt=openai_entry(openai_provider, retry=SOON, concurrency=2, budget={"requests": 100}))
    openai_provider.replies = [
        openai_error(429, "rate_limit_exceeded", f"Slow down, {KEY}."),
        openai_error(400, "moderation_blocked", f"Rejected by the safety system, {KEY}."),
    ]
    status, said = mcas(path, "audit", str(TINY), "--system", "gpt")
    assert status == 0, said
    assert "42 images" in said
    assert "0.42 USD at 0.01 an image" in said
    assert "budget 100 requests covers that" in said
    assert "41 ok, 1 refused_prompt" in said
    store = Store(tmp_path / "home")
    assert rows(store, "select count(*), count(distinct image_id) from image_facts") == [(IMAGES, IMAGES)]
    counted = dict(rows(store, "select outcome, count(*) from attempt_facts group by 1"))
    assert counted == {"ok": 41, "rate_limited": 1, "refused_prompt": 1}
    assert len(openai_provider.asked) == 43
    leaning = dict(
        rows(store, "select concept, iias from scores where axis = 'gender' and embedder = 'phantom-balanced'")
    )
    assert leaning["nurse"] < leaning["ceo"], "the provider draws nurses as women, and leaders as men"

    assert KEY not in said
    files = [file for file in (tmp_path / "home").rglob("*") if file.is_file()]
    assert {"store.duckdb", "published.duckdb"} < {file.name for file in files}
    assert any("dagster" in file.parts and file.suffix == ".db" for file in files)
    for file in files:
        data = file.read_bytes()
        assert KEY.encode() not in data, file
        assert KEY[8:].encode() not in data, file
    assert KEY[8:] not in dump(store), "also where the store packs its texts"
    assert "an image of a nurse" in dump(store)

    answered = publication.query(store, publication.questions()["what-hosted-models-answered"].read_text())
    (row,) = answered.iter_rows(named=True)
    assert (row["model_requested"], row["images"], row["refused"]) == ("gpt-image-2.5-flare-2026-09-08", 41, 1)
    assert row["usd"] == pytest.approx(0.41)


def dump(store: Store) -> str:
    """Every row of every table as text."""
    with store.open() as con:
        tables = con.execute("select table_name from duckdb_tables() where not internal").fetchall()
        return "".join(str(con.execute(f"select * from {table}").fetchall()) for (table,) in tables)


@pytest.mark.timeout(300)
def test_an_audit_of_a_gemini_model_takes_images_at_the_size_they_come(
    tmp_path, tiny, declare, google_provider, instance
):
    def script(body):
        seed, prompt = body["generationConfig"]["seed"], body["contents"][0]["parts"][0]["text"]
        if prompt.endswith("nurse") and seed % 2:
            return Reply(google_parts(None, "IMAGE_SAFETY"))
        return Reply(google_ok(picture(prompt, (96, 64), "jpeg"), "image/jpeg"))

    google_provider.script = script
    path = declare(gemini=google_entry(google_provider, aspect_ratio="3:2", concurrency=4))
    system = systems.find_system("gemini", path)
    workplace = Workplace(home=tmp_path / "home")
    ran = run_audit(tiny, system, workplace, instance)
    wanted = build_plan(tiny).unique(["prompt", "seed"])
    odd = wanted.filter(pl.col("prompt").str.ends_with("nurse") & (pl.col("seed") % 2 == 1))
    assert 0 < len(odd) < 6
    found = dict(rows(workplace.store, "select outcome, count(distinct image_id) from images group by 1"))
    assert found == {"ok": IMAGES - len(odd), "refused_output": len(odd)}
    asked = {(b["contents"][0]["parts"][0]["text"], b["generationConfig"]["seed"]) for b in google_provider.bodies}
    assert asked == set(wanted.select("prompt", "seed").rows()), "the seed of the plan is sent"
    assert len(google_provider.bodies) == IMAGES
    suffixes = {Path(p).suffix for (p,) in rows(workplace.store, "select path from image_facts where path is not null")}
    assert suffixes == {".jpg"}
    failed = rows(workplace.store, "select rule from quality_results where not success and severity = 'critical'")
    assert failed == []
    assert rows(
        workplace.store, "select distinct provider ->> 'model_reported' from image_facts where outcome = 'ok'"
    ) == [("gemini-3.1-flash-image-001",)]
    assert ran.system_version.startswith("gemini@")


class Asking:
    """`asking(**keys)` runs the stage of images alone, as a new process would: what it raised, or None."""

    def __init__(self, store: Store, audit: Audit, declare: Callable[..., Path], provider: Provider) -> None:
        self.store, self._audit, self._declare, self._provider = store, audit, declare, provider

    def __call__(self, number: int = 0, **keys: Any) -> McasError | None:
        entry = openai_entry(self._provider, retry=SOON, concurrency=2, **keys)
        system = systems.find_system("gpt", self._declare(gpt=entry))
        version = system.identity().version
        wanted = requests(build_plan(self._audit), version, system.size())
        try:
            generate(self.store, wanted, system, version, LogProgress(), f"run-{number}")
        except McasError as error:
            return error
        finally:
            system.close()
        return None


@pytest.fixture
def asking(tmp_path, tiny, declare, openai_provider) -> Asking:
    return Asking(Store(tmp_path / "home"), tiny, declare, openai_provider)


def test_a_run_survives_the_death_of_its_provider(asking, openai_provider):
    given = Counter()

    def script(body):
        given[body["prompt"]] += 1
        if given.total() == 17:
            openai_provider.stop()

    openai_provider.script = script
    assert "gpt: unavailable: the provider cannot be reached" in str(asking())
    kept = rows(asking.store, "select count(*) from image_facts where outcome = 'ok'")[0][0]
    assert kept == given.total() < IMAGES
    assert "unavailable" in str(asking(1)), "still dead"
    openai_provider.start()
    assert asking(2) is None
    assert given.total() == IMAGES, "nothing is asked for twice"
    assert set(given.values()) == {6}
    found = rows(asking.store, "select count(*), count(distinct image_id), min(outcome), max(outcome) from image_facts")
    assert found == [(IMAGES, IMAGES, "ok", "ok")]


def test_a_fatal_error_does_not_carry_the_key_that_the_server_repeats(asking, openai_provider):
    openai_provider.script = lambda body: openai_error(401, "invalid_api_key", f"Incorrect API key provided: {KEY}.")
    error = asking()
    assert "gpt: auth: HTTP 401 invalid_api_key: Incorrect API key provided: [key]" in str(error)
    told = "".join(traceback.format_exception(error))  # what Dagster keeps of it
    assert "generate" in told
    assert KEY[8:] not in told + dump(asking.store)


def test_without_a_key_nothing_is_asked_and_nothing_is_kept(asking, openai_provider, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY")
    error = asking()
    assert isinstance(error, BadInput)
    assert "OPENAI_API_KEY" in str(error)
    assert openai_provider.asked == []
    assert rows(asking.store, "select count(*) from image_facts") == [(0,)]


def test_what_is_stored_needs_no_key(asking, monkeypatch):
    assert asking() is None
    monkeypatch.delenv("OPENAI_API_KEY")
    assert asking(1) is None


def test_a_budget_ends_a_run_cleanly_and_the_next_run_says_so(asking, openai_provider):
    openai_provider.replies = [openai_error(500, None)] * 2
    error = asking(budget={"requests": 11})
    assert "gpt: budget_exhausted: the budget of 11 requests" in str(error)
    assert len(openai_provider.asked) == 11
    kept = rows(asking.store, "select count(*) from image_facts where outcome = 'ok'")
    assert kept == [(9,)]
    assert "budget_exhausted" in str(asking(1, budget={"requests": 11}))
    assert len(openai_provider.asked) == 11
    assert asking(2, budget={"requests": 60}) is None, "raised, it goes on"
    assert len(openai_provider.asked) == IMAGES + 2
    with asking.store.open() as con:
        (version,) = {version for (version,) in con.execute("select system_version from image_facts").fetchall()}
        assert facts.spent(con, version)[:2] == (IMAGES + 2, pytest.approx(0.42))


def every_third(provider: Any, reply: Reply) -> Any:
    return lambda body: reply if len(provider.asked) % 3 == 0 else None


def test_dollars_count_over_runs_also_for_images_that_are_asked_again(asking, openai_provider):
    no_image = Reply({"data": [{"b64_json": "!!!"}]})  # billed all the same
    openai_provider.script = every_third(openai_provider, no_image)
    assert asking(budget={"usd": 0.5}) is None
    spent = rows(asking.store, "select sum(cost_usd), count(*) from attempt_facts")
    assert spent == [(pytest.approx(0.42), IMAGES)]
    assert rows(asking.store, "select distinct outcome from image_facts where sha256 is null") == [("decode_error",)]
    assert "budget_exhausted" in str(asking(1, budget={"usd": 0.5}))
    assert len(openai_provider.asked) == 50
    spent = rows(asking.store, "select sum(cost_usd), count(*), count(distinct run_id) from attempt_facts")
    assert spent == [(pytest.approx(0.5), 50, 2)]


@pytest.mark.parametrize(
    "first", [{"b64_json": "!!!"}, {"b64_json": "", "revised_prompt": "a nurse"}], ids=["unreadable", "empty"]
)
def test_a_paid_run_stops_when_answer_after_answer_is_no_image(asking, openai_provider, first):
    openai_provider.script = lambda body: Reply({"data": [first]})
    assert "unusable" in str(asking())
    asked = len(openai_provider.asked)
    assert asked < 2 * (UNUSABLE_IN_A_ROW + 8)  # those under way, and an empty answer is asked for once more
    openai_provider.script = lambda body: None
    assert asking(1) is None  # mended: what had not been answered is asked
    assert rows(asking.store, "select count(*) from image_facts where outcome = 'ok'")[0][0] > IMAGES / 2


def test_an_answer_in_a_form_that_is_not_known_stops_the_run_and_is_asked_again(asking, openai_provider):
    openai_provider.script = lambda body: Reply({"data": [{"url": "https://cdn.example/1.png"}]})
    assert "sends a url in place of the image" in str(asking())
    assert len(openai_provider.asked) <= 8  # the first, and what was under way
    openai_provider.script = lambda body: None
    assert asking(1) is None
    assert rows(asking.store, "select distinct outcome from image_facts") == [("ok",)]


def test_what_was_not_sent_is_asked_by_the_next_run_and_settled_answers_are_not(asking, openai_provider):
    openai_provider.script = lambda body: (
        openai_error(404, "model_not_found") if len(openai_provider.asked) > 6 else None
    )
    assert "retired" in str(asking())
    assert rows(asking.store, "select count(*) from image_facts where outcome = 'not_sent'")[0][0] <= 1
    openai_provider.script = lambda body: openai_error(400, "moderation_blocked")
    assert asking(1) is None
    found = dict(rows(asking.store, "select outcome, count(*) from image_facts group by 1"))
    assert found == {"ok": 6, "refused_prompt": IMAGES - 6}
    before = len(openai_provider.asked)
    assert asking(2) is None
    assert len(openai_provider.asked) == before
