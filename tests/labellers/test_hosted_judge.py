"""A judge behind an API: what is asked, what each answer means, and that nothing that was answered is lost or asked twice."""

import base64
import io
import json
import ssl
from functools import cache

import numpy as np
import pytest
from PIL import Image

from mcas_assets.core.errors import BadInput
from mcas_assets.labellers.find import find_labeller, load_labellers
from mcas_assets.labellers.hosted_judge import HostedJudge
from mcas_assets.labellers.protocol import Looker
from tests.labellers import tiny
from tests.measure.small import declared
from tests.systems.hosted.providers import Provider, Reply

AXIS = declared().axes["gender"]
KEY = "sk-proj-Qz7hUnmistakable0123456789"
FAST = {"attempts": 3, "first_wait": 0.0, "longest_wait": 0.0}


def says(answer: object, evidence: str = "a beard") -> dict:
    """A completion that holds an answer, or a text that is none."""
    text = answer if isinstance(answer, str) else json.dumps({"evidence": evidence, **dict(answer)})  # ty: ignore
    return {"model": "judge-2026-01-01", "usage": {"total_tokens": 7}, "choices": [{"message": {"content": text}}]}


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("JUDGE_KEY", KEY)
    monkeypatch.setattr(ssl, "create_default_context", cache(ssl.create_default_context))


@pytest.fixture
def provider():
    server = Provider(lambda path, body: Reply(says({"answer": "man"})))
    yield server
    server.stop()


@pytest.fixture
def made(declare, provider):
    """From keys of the entry to the labeller."""

    def make(**keys) -> HostedJudge:
        entry = {
            "kind": "hosted_judge",
            "model": "judge",
            "base_url": f"{provider.url}/v1",
            "key": "JUDGE_KEY",
            "retry": FAST,
        }
        return find_labeller("mine", declare(**entry | keys))

    return make


def ask(labeller: HostedJudge, *files: bytes) -> list:
    answers = list(labeller.look("gender", AXIS, files or [tiny.picture()]))
    labeller.close()
    return answers


def test_an_image_and_a_closed_list_are_sent_and_the_answer_is_kept_with_its_evidence(made, provider):
    labeller = made(extra={"temperature": 0}, side=64)
    assert isinstance(labeller, Looker)
    (answer,) = ask(labeller, tiny.picture(size=(200, 100)))
    assert (answer.label, answer.evidence) == ("man", "a beard")
    assert answer.raw["model"] == "judge-2026-01-01"
    assert json.loads(answer.raw["answer"]) == {"evidence": "a beard", "answer": "man"}
    ((path, headers, body),) = provider.asked
    assert (path, headers["authorization"]) == ("/v1/chat/completions", f"Bearer {KEY}")
    assert (body["model"], body["temperature"]) == ("judge", 0)
    schema = body["response_format"]["json_schema"]["schema"]
    assert sorted(schema["properties"]["answer"]["enum"]) == ["it cannot be told", "man", "no person is shown", "woman"]
    text, shown = body["messages"][0]["content"]
    assert all(f"- {one}" in text["text"] for one in schema["properties"]["answer"]["enum"])
    picture = Image.open(io.BytesIO(base64.b64decode(shown["image_url"]["url"].partition(",")[2])))
    assert picture.size == (64, 32)


def test_the_order_of_the_list_is_the_images_own_and_all_orders_occur(made, provider):
    ask(made(), *(tiny.picture(n) for n in range(24)), tiny.picture(0))
    orders = [
        tuple(body["response_format"]["json_schema"]["schema"]["properties"]["answer"]["enum"])
        for body in provider.bodies
    ]
    assert len(set(orders)) == 4
    answered = ask(made(), tiny.picture(0), tiny.picture(0))
    assert answered[0].raw["order"] == answered[1].raw["order"]


def test_answers_come_in_the_order_of_the_images_though_several_are_asked_at_once(made, provider):
    truth = {}

    def slow_first(body: dict) -> Reply:
        url = body["messages"][0]["content"][1]["image_url"]["url"]
        picture = Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2])))
        is_first = np.asarray(picture).tobytes() == truth["first"]
        return Reply(says({"answer": "man" if is_first else "woman"}), delay=0.2 if is_first else 0.0)

    files = [tiny.picture(n) for n in range(6)]
    truth["first"] = np.asarray(Image.open(io.BytesIO(files[0]))).tobytes()
    provider.script = slow_first
    assert [one.label for one in ask(made(), *files)] == ["man", *["woman"] * 5]


@pytest.mark.parametrize(
    ("reply", "label", "asked"),
    [
        (Reply(says({"answer": "it cannot be told"})), "unspecified", 1),
        (Reply(says({"answer": "no person is shown"})), "no person", 1),
        (Reply({"choices": [{"message": {"content": None, "refusal": "I will not"}}]}), "declined", 1),
        (Reply({"choices": [{"message": {"content": ""}, "finish_reason": "content_filter"}]}), "declined", 1),
        (Reply({"error": {"message": "blocked", "code": "moderation_blocked"}}, status=400), "declined", 1),
        (Reply(says({"answer": "a man, I think"})), "no answer", 2),
        (Reply(says("I think that this is a man.")), "no answer", 2),
    ],
)
def test_what_is_no_group_has_its_own_word_and_what_was_said_is_kept(made, provider, reply, label, asked):
    provider.script = lambda body: reply
    (answer,) = ask(made())
    assert (answer.label, len(provider.asked)) == (label, asked)
    assert answer.raw["attempts"] == asked


@pytest.mark.parametrize(
    ("first", "n"),
    [
        ([Reply({"error": {"message": "slow down"}}, status=429), Reply(b"oops", status=502)], 3),
        ([Reply({"error": {"message": "overloaded", "code": 529}})], 2),
        ([Reply(says({"answer": "man"}), cut=9)], 2),
        ([Reply(says("certainly!"))], 2),
    ],
)
def test_passing_trouble_is_asked_again(made, provider, first, n):
    provider.replies = list(first)
    (answer,) = ask(made())
    assert (answer.label, len(provider.asked)) == ("man", n)


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (Reply({"error": {"message": f"bad key {KEY}"}}, status=401), "auth: HTTP 401: bad key \\[key\\]"),
        (Reply({"error": {"message": "no such model"}}, status=404), "retired"),
        (Reply({"error": {"message": "pay", "code": "insufficient_quota"}}, status=429), "quota_exhausted"),
        (Reply({"error": {"message": "unknown parameter"}}, status=400), "invalid_settings"),
        (Reply(b"oops", status=500), "server_error"),
        (Reply({"detail": "hello"}), "not_understood"),
        (Reply(b"", status=302, headers={"location": "http://elsewhere.test/"}), "invalid_settings"),
    ],
)
def test_what_lasts_ends_the_asking_with_the_reason_and_without_the_key(made, provider, reply, told):
    provider.script = lambda body: reply
    with pytest.raises(BadInput, match=f"cannot be asked further: {told}") as raised:
        ask(made(concurrency=1), *(tiny.picture(n) for n in range(9)))
    assert KEY not in str(raised.value)
    assert len(provider.asked) <= 2 * FAST["attempts"]


def test_without_its_key_nothing_is_asked_and_a_server_of_ones_own_may_want_none(made, provider, monkeypatch):
    monkeypatch.delenv("JUDGE_KEY")
    with pytest.raises(BadInput, match="no key for the provider is in the environment \\(JUDGE_KEY\\)"):
        made().require()
    with pytest.raises(BadInput, match="no key"):
        ask(made())
    assert provider.asked == []
    (answer,) = ask(made(key=None))
    assert answer.label == "man"
    assert "authorization" not in provider.asked[0][1]


def test_model_question_and_words_are_what_answers_are_kept_under_and_how_it_is_asked_is_not(made):
    words = {"gender": {"man": "a man", "woman": "a woman"}}
    changes = ({}, {"model": "b"}, {"question": "Who?"}, {"words": words}, {"side": 64}, {"extra": {"seed": 1}})
    keys = [made(**one).id_on("gender", AXIS) for one in changes]
    assert len(set(keys)) == len(keys)
    assert made(concurrency=1, timeout=9.0, key=None).id_on("gender", AXIS) == keys[0]


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"base_url": "http://judge.test/v1"}, "is http beyond this machine"),
        ({"base_url": "judge"}, "no http address"),
        ({"extra": {"messages": []}}, "is sent by itself"),
    ],
)
def test_an_entry_that_cannot_be_asked_is_told(declare, keys, message):
    entry = {"kind": "hosted_judge", "model": "judge", "base_url": "https://judge.test/v1"}
    assert message in str(load_labellers(declare(**entry | keys)).unusable["mine"])
