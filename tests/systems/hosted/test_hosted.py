"""What hosted systems share: order and concurrency, budgets, keys that go nowhere, and versions that are noticed."""

import json
import logging
import re
import subprocess
import sys
import threading

import pytest

from mcas_assets.core.errors import BadInput
from mcas_assets.core.paths import systems_file
from mcas_assets.systems.find import find_system, load_systems
from mcas_assets.systems.hosted.answer import Answer, delivered
from mcas_assets.systems.hosted.budget import Budget, Past, Purse, TokenPrices
from mcas_assets.systems.hosted.entry import HostedEntry
from mcas_assets.systems.protocol import Metered
from tests.systems.hosted.providers import KEY, Reply, google_ok, openai_error, picture, requests_of

CEO = "an image of a ceo"


def outcomes(found):
    return [outcome.outcome for outcome in found]


def test_outcomes_come_in_the_order_of_the_requests(gpt, openai_provider):
    prompts = [f"an image of a {word}" for word in ("nurse", "ceo", "man", "woman", "person")]
    openai_provider.script = lambda body: Reply({}, 400) if body["prompt"] == prompts[2] else None
    system = gpt(concurrency=5)
    requests = [requests_of(system, prompt=prompt)[0] for prompt in prompts]
    found = system.generate(requests)
    assert outcomes(found) == ["ok", "ok", "invalid_request", "ok", "ok"]
    assert [outcome.image for outcome in found] == [None if p == prompts[2] else picture(p) for p in prompts]


def test_as_many_requests_are_under_way_as_declared_and_no_more(gpt, openai_provider):
    lock, under_way, most, met = threading.Lock(), 0, 0, threading.Barrier(3)

    def script(body):
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        met.wait(10)  # passes only when three are here at once
        with lock:
            under_way -= 1

    openai_provider.script = script
    system = gpt(concurrency=3)
    assert outcomes(system.generate(requests_of(system, 9))) == ["ok"] * 9
    assert most == 3


def test_no_requests_have_no_outcomes_and_need_no_key(gpt, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY")
    assert gpt().generate([]) == []


def test_another_size_than_that_of_the_identity_is_not_drawn(gpt, gemini):
    with pytest.raises(ValueError, match="its size is part of its identity"):
        gpt().generate(requests_of(gemini()))


def test_after_a_fatal_outcome_nothing_more_is_sent_until_the_system_is_closed(gpt, openai_provider):
    openai_provider.replies = [openai_error(429, "insufficient_quota")]
    system = gpt(concurrency=1)
    first = system.generate(requests_of(system, 3))
    assert outcomes(first) == ["quota_exhausted", "not_sent", "not_sent"]
    assert [outcome.attempt for outcome in first] == [1, 0, 0]
    assert "quota_exhausted came first" in first[1].reason
    assert outcomes(system.generate(requests_of(system, 2))) == ["not_sent"] * 2
    assert len(openai_provider.asked) == 1
    system.close()
    assert outcomes(system.generate(requests_of(system, 2))) == ["ok"] * 2


def test_an_error_of_the_program_ends_the_run_and_sends_nothing_more(gpt, openai_provider, monkeypatch):
    system = gpt(concurrency=1)

    def fail(request):
        raise RuntimeError("a bug")

    monkeypatch.setattr(system, "_ask", fail)
    with pytest.raises(RuntimeError, match="a bug"):
        system.generate(requests_of(system, 5))
    monkeypatch.undo()
    assert outcomes(system.generate(requests_of(system, 2))) == ["not_sent"] * 2
    assert openai_provider.asked == []


def test_a_budget_of_requests_is_kept_to_by_all_threads_and_counts_failed_attempts(gpt, openai_provider):
    openai_provider.replies = [openai_error(500, None)] * 3
    system = gpt(budget={"requests": 10}, concurrency=8)
    found = system.generate(requests_of(system, 16))
    assert len(openai_provider.asked) == sum(outcome.attempt for outcome in found) == 10
    assert outcomes(found).count("ok") <= 7
    assert "budget_exhausted" in outcomes(found)
    assert set(outcomes(found)) <= {"ok", "budget_exhausted", "not_sent", "server_error"}
    assert any("10 requests" in outcome.reason for outcome in found if outcome.outcome == "budget_exhausted")


def test_a_budget_in_dollars_is_never_passed_however_many_are_under_way(gpt, openai_provider):
    system = gpt(budget={"usd": 0.05}, price=0.01, concurrency=8)
    found = system.generate(requests_of(system, 16))
    assert outcomes(found).count("ok") == len(openai_provider.asked) == 5
    assert sum(outcome.provider["cost_usd"] for outcome in found) == pytest.approx(0.05)


def test_what_was_spent_before_counts(gpt, openai_provider):
    system = gpt(budget={"requests": 10, "usd": 1.0})
    system.recall(Past(8, 0.5))
    assert outcomes(system.generate(requests_of(system, 3))).count("ok") == 2
    system = gpt(budget={"usd": 1.0})
    system.recall(Past(8, 0.995))
    (refused,) = system.generate(requests_of(system))
    assert refused.outcome == "budget_exhausted"
    assert "1 USD" in refused.reason
    assert refused.attempt == 0


NO_NUMBERS = (".nan", ".inf", "-.inf", "-1", "1e400", "1.0e+400", '"5"', "$5", "5 USD", '"0,05"', "true", "[1]", "{}")
ODD_NUMBERS = [
    *((key, number) for key in ("price", "token_prices", "budget", "requests", "requests_per_minute") for number in NO_NUMBERS),
    ("price", "10001"), ("token_prices", "10001"), ("budget", "1.0e+10"), ("requests", "0"), ("requests", "2000000000"),
    ("requests_per_minute", "0"), ("requests_per_minute", "1.0e-300"),
]  # fmt: skip


@pytest.mark.parametrize(("key", "number"), ODD_NUMBERS)
def test_a_price_or_budget_that_no_one_means_is_refused_with_its_key(key, number, tmp_path):
    given = {"price": "0.05", "token_prices": "1.0", "budget": "9.0", "requests": "9", "requests_per_minute": "60"} | {
        key: number
    }
    (tmp_path / "systems.yaml").write_text(
        "systems:\n  mine:\n    kind: openai\n    model: m\n    width: 64\n    height: 64\n    quality: low\n"
        f"    price: {given['price']}\n    token_prices: {{input: {given['token_prices']}, output: 1.0}}\n"
        f"    budget: {{usd: {given['budget']}, requests: {given['requests']}}}\n"
        f"    requests_per_minute: {given['requests_per_minute']}\n"
    )
    where = {"token_prices": "token_prices.input", "budget": "budget.usd", "requests": "budget.requests"}.get(key, key)
    with pytest.raises(BadInput, match=rf"systems\.mine\.{where}: "):
        load_systems(tmp_path / "systems.yaml")["mine"]


def test_a_budget_in_dollars_at_a_price_of_nothing_is_refused():
    told = list(HostedEntry.contradictions({"price": 0.0, "budget": {"usd": 1.0}}))
    assert [mistake.problem for mistake in told] == ["cannot be held to at a price of 0"]
    assert list(HostedEntry.contradictions({"price": 0.0, "budget": {"requests": 9}})) == []


@pytest.mark.parametrize("counted", [(-5, -9), (10**400, 1), (1, 10**400), (True, None), ("7", 7), (1.5, 2)])
def test_what_a_provider_counts_never_gives_a_budget_back(counted):
    cost = TokenPrices(input=5.0, output=30.0).of(*counted)
    assert cost is None


def test_a_purse_gives_back_what_a_request_did_not_cost():
    purse = Purse(Budget(usd=0.02), 0.01, Past())
    for _ in range(50):
        assert purse.take() is None
        purse.settle(0.0)
    assert purse.take() is None
    assert purse.take() is None
    assert "0.02 USD" in str(purse.take())
    purse.settle(0.01)
    assert "0.01 are spent" in str(purse.take())


def test_a_missing_key_is_one_clear_message(gpt, gemini, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY")
    monkeypatch.setenv("GEMINI_API_KEY", "  ")
    for system, name in ((gpt(), "OPENAI_API_KEY"), (gemini(), "GEMINI_API_KEY or GOOGLE_API_KEY")):
        with pytest.raises(BadInput, match=name):
            system.recall(Past())
        assert system.probe().state == "unreachable"
        system.identity(), system.size(), system.price, system.environment()


def test_a_missing_package_is_one_clear_message():
    script = """
import sys
sys.modules["openai"] = None
from pathlib import Path
from mcas_assets.core.errors import BadInput
from mcas_assets.systems import openai
from mcas_assets.systems.hosted.budget import Past
entry = openai.Declaration(kind="openai", model="gpt-image-2", width=64, height=64, quality="low")
try:
    openai.build("gpt", entry, Path()).recall(Past())
except BadInput as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "gpt: needs the package openai" in done.stdout
    assert "--extra openai" in done.stdout


def test_the_examples_that_ship_can_be_used_as_they_are(tmp_path):
    names, path = (
        ("gpt-image-25-flare", "gemini-flash-image", "flux-dev-fal", "flux-2-pro", "qwen-image-replicate", "mai-image"),
        tmp_path / "systems.yaml",
    )
    text = systems_file().read_text() + "\n"
    examples = [re.findall(rf"^  # {name}:\n(?:  #   .*\n)+", text, re.MULTILINE)[0] for name in names]
    path.write_text("systems:\n" + "".join(example.replace("  # ", "  ") for example in examples))
    for name in names:
        system = find_system(name, path)
        assert system.identity().version.startswith(f"{name}@")
        assert system.size() == (1024, 1024)
        assert isinstance(system, Metered)
        assert (system.price or 0) > 0


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500])
def test_a_key_that_a_server_repeats_is_kept_nowhere(gpt, openai_provider, caplog, status):
    caplog.set_level(logging.INFO)  # below that the clients' own libraries log headers, for those who turn it on
    told = f"Incorrect API key provided: {KEY}. Bearer {KEY}! {'x' * 1930}{KEY}"
    reply = openai_error(status, f"bad_{KEY}", told, param=KEY, headers={"x-request-id": KEY})
    openai_provider.script = lambda body: reply
    system = gpt(retry={"attempts": 2})
    found = system.generate(requests_of(system, 2))
    kept = json.dumps([[vars(outcome)["reason"], outcome.provider] for outcome in found]) + caplog.text
    assert found[0].reason
    assert KEY[:12] not in kept
    assert KEY[-12:] not in kept
    assert KEY not in str(system.probe())


def test_a_key_in_a_delivered_version_or_setting_is_kept_nowhere(gemini, google_provider, caplog):
    google_provider.script = lambda body: Reply(google_ok(picture(CEO), version=f"v-{KEY}"))
    system = gemini()
    system.recall(Past(reported=("v-0",)))
    (found,) = system.generate(requests_of(system))
    assert KEY not in json.dumps(found.provider) + caplog.text


def test_another_version_than_before_is_told_once(gemini, google_provider, caplog):
    google_provider.script = lambda body: Reply(google_ok(picture(CEO), version="v-2"))
    system = gemini()
    system.recall(Past(reported=("v-1",)))
    system.generate(requests_of(system, 3))
    said = [record.message for record in caplog.records if "answers as" in record.message]
    assert said == ["gemini: the provider answers as v-2 now, before as v-1"]


def test_the_first_version_is_no_news(gemini, caplog):
    system = gemini()
    system.recall(Past())
    system.generate(requests_of(system, 2))
    assert "answers as" not in caplog.text


def test_other_settings_than_asked_for_are_told_once(gpt, openai_provider, caplog):
    from tests.systems.hosted.providers import openai_ok

    openai_provider.script = lambda body: Reply(openai_ok(picture(CEO, (32, 32)), body) | {"quality": "medium"})
    system = gpt()
    found = system.generate(requests_of(system, 3))
    assert outcomes(found) == ["ok"] * 3
    assert found[0].provider["size"] == "32x32"
    assert sum("quality medium, where low was asked for" in record.message for record in caplog.records) == 1
    assert sum("come at 32x32, where 64x64" in record.message for record in caplog.records) == 1


@pytest.mark.parametrize(
    "data", [b"", b"<svg/>", b"GIF89a" + bytes(40), picture(CEO)[:-30], picture(CEO)[:300], b"\x89PNG\r\n\x1a\n" + bytes(99)],
    ids=["nothing", "svg", "cut gif", "cut at the end", "cut in the middle", "no chunks"],
)  # fmt: skip
def test_data_that_is_no_image_is_told(data):
    assert delivered(Answer("ok"), data).outcome == "decode_error"


def test_an_image_too_large_to_have_been_asked_for_is_not_decoded():
    import io

    from PIL import Image

    out = io.BytesIO()
    Image.new("1", (9000, 9000)).save(out, "PNG")
    answer = delivered(Answer("ok"), out.getvalue())
    assert (answer.outcome, answer.image) == ("decode_error", None)
    assert "9000 x 9000" in str(answer.reason)
