"""A key that a server repeats is known again in any writing of it, and is kept nowhere."""

import base64
import json
import logging
import re
import urllib.parse

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcas_assets.systems.hosted.redaction import MOST_BYTES, Redactor
from tests.systems.hosted.providers import KEY, Reply, google_error, openai_error, requests_of

WRITINGS = {
    "itself": lambda key: key,
    "in capitals": str.upper,
    "in small letters": str.lower,
    "backwards": lambda key: key[::-1],
    "backwards in capitals": lambda key: key[::-1].upper(),
    "base64": lambda key: base64.b64encode(key.encode()).decode(),
    "base64 without its end": lambda key: base64.b64encode(key.encode()).decode().rstrip("="),
    "base64 for addresses": lambda key: base64.urlsafe_b64encode(key.encode()).decode(),
    "base64 in lines": lambda key: base64.encodebytes(key.encode() * 2).decode(),
    "base64 in lines, as JSON": lambda key: json.dumps(base64.encodebytes(key.encode() * 2).decode()),
    "base64 of a header": lambda key: base64.b64encode(f"Bearer {key}".encode()).decode(),
    "base64 of a name and it": lambda key: base64.b64encode(f"me:{key}\n".encode()).decode(),
    "base64 of it backwards": lambda key: base64.b64encode(key[::-1].encode()).decode(),
    "base64 of it in capitals": lambda key: base64.b64encode(key.upper().encode()).decode(),
    "base64 backwards": lambda key: base64.b64encode(key.encode()).decode()[::-1],
    "hex": lambda key: key.encode().hex(),
    "hex in capitals": lambda key: key.encode().hex().upper(),
    "hex in pairs": lambda key: key.encode().hex(":"),
    "hex backwards": lambda key: key.encode().hex()[::-1],
    "hex as Python has it": lambda key: "".join(f"\\x{byte:02x}" for byte in key.encode()),
    "for an address": lambda key: urllib.parse.quote(key, safe=""),
    "wholly escaped for an address": lambda key: "".join(f"%{byte:02X}" for byte in key.encode()),
    "twice escaped for an address": lambda key: urllib.parse.quote("".join(f"%{byte:02X}" for byte in key.encode())),
    "as JSON": lambda key: "".join(f"\\u{ord(sign):04x}" for sign in key),
    "as JSON within JSON": lambda key: json.dumps("".join(f"\\u{ord(sign):04x}" for sign in key)),
    "as HTML": lambda key: "".join(f"&#{ord(sign)};" for sign in key),
    "as HTML in hex": lambda key: "".join(f"&#x{ord(sign):X};" for sign in key),
    "with backslashes": lambda key: key.replace("-", "\\-"),
}
KEYS = (KEY, "AIzaSy_B-" + "q7Zx" * 7 + "aB", "no+form/that=is_known", "q7" * 82)


def bare(text: str) -> str:
    return re.sub(r"[^a-zA-Z0-9+/_-]", "", text)


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("writing", WRITINGS)
def test_a_key_is_known_again_in_every_writing(writing, key):
    written = WRITINGS[writing](key)
    kept = Redactor([key, "another-key-beside-it"]).text(f"you sent {written}, which is wrong")
    assert "[key]" in kept
    assert kept.startswith("you sent ")
    assert kept.endswith(", which is wrong")
    whole, left = bare(written), bare(kept)
    assert not any(whole[i : i + 12] in left for i in range(len(whole) - 12)), kept


@given(st.sampled_from(sorted(WRITINGS)), st.text(max_size=300), st.text(max_size=300), st.integers(0, 12_000))
@settings(max_examples=60, deadline=None)
def test_wherever_a_key_stands_nothing_of_it_is_kept(writing, before, after, length):
    written = WRITINGS[writing](KEY)
    kept = Redactor([KEY]).text(". " * (length // 2) + before + " " + written + " " + after)
    whole = bare(written)
    assert not any(whole[i : i + 16] in bare(kept) for i in range(len(whole) - 16))
    assert len(kept.encode()) <= MOST_BYTES


def test_of_a_text_of_megabytes_only_the_beginning_is_read():
    text = "a1b2-" * 200_000
    assert Redactor([KEY]).text(text) == Redactor([KEY]).text(text[:20_000]) != ""


@pytest.mark.parametrize("text", ["", "a nurse in a hospital", "é" * 10, "[" * 50, "%25%25", "\\\\u"])
def test_what_is_no_key_stays(text):
    assert Redactor(KEYS).text(text) == text


@pytest.mark.parametrize(
    "text", ["sk-abc***********wxyz", "sk-svcacct-a_b-c9", "AIzaSyA1234567890abcdef", "Bearer abc.def-ghi"], ids=str
)
def test_what_looks_like_a_key_goes_too(text):
    kept = Redactor([]).text(f"Incorrect API key provided: {text} for this")
    assert text.removeprefix("Bearer ") not in kept
    assert kept.endswith("for this")


def test_a_key_is_taken_out_before_a_text_is_cut():
    kept = Redactor([KEY]).text("x" * (MOST_BYTES - 8) + KEY)
    assert "sk-" not in kept
    assert len(kept.encode()) <= MOST_BYTES


@pytest.mark.parametrize("writing", WRITINGS)
def test_no_writing_of_a_key_is_kept_or_printed(gpt, gemini, openai_provider, google_provider, caplog, writing):
    caplog.set_level(logging.INFO)
    written = WRITINGS[writing](KEY)
    told = f"no such key: {written}."
    google_provider.script = lambda body: google_error(400, "INVALID_ARGUMENT", told, [{"reason": written}])
    openai_provider.script = lambda body: openai_error(400, written, told, headers={"x-request-id": "req"})
    for system in (gpt(), gemini()):
        (outcome,) = system.generate(requests_of(system))
        kept = bare(json.dumps([outcome.reason, outcome.provider]) + str(system.probe()) + caplog.text)
        whole = bare(written)
        assert not any(whole[i : i + 14] in kept for i in range(len(whole) - 14))


def test_an_answer_in_bytes_that_are_no_text_is_kept_without_the_key(gpt, openai_provider):
    openai_provider.script = lambda body: Reply(b"\xff" + KEY.encode() + b"\xfe", 200)
    (outcome,) = gpt().generate(requests_of(gpt()))
    assert KEY[:12] not in json.dumps([outcome.reason, outcome.provider])
