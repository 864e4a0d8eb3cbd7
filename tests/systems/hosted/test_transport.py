"""What leaves for a provider goes to it alone, and what comes in ends: by size, by depth, by time. Two real servers."""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager

import httpx2
import pytest

from mcas_assets.systems.hosted import transport
from tests.systems.hosted.providers import KEY, Provider, Reply, requests_of, speak_openai

CODES = (301, 302, 303, 307, 308)


@pytest.fixture(params=["openai", "google", "gateway"])
def asked(request, gpt, gemini, behind, openai_provider, google_provider, house):
    """(makes a system, its provider), for each client that keys are given to."""
    return {"openai": (gpt, openai_provider), "google": (gemini, google_provider), "gateway": (behind, house)}[
        request.param
    ]


@pytest.fixture
def elsewhere() -> Iterator[Provider]:
    other = Provider(speak_openai)
    yield other
    other.stop()


@pytest.mark.parametrize("status", CODES)
def test_no_key_follows_where_a_provider_leads(asked, elsewhere, status):
    make, provider = asked
    provider.script = lambda body: Reply({}, status, {"location": f"{elsewhere.url}/v1/images/generations"})
    system = make(retry={"attempts": 3})
    (outcome,) = system.generate(requests_of(system))
    assert outcome.outcome == "invalid_settings"
    assert "leads on to 127.0.0.1, where no key is sent" in outcome.reason
    assert system.probe().state == "unreachable"
    assert elsewhere.asked == []
    assert any(KEY in str(headers) for _, headers, _ in provider.asked), "the key went to the provider itself"


@pytest.mark.parametrize(
    "location", ["//evil.example/x", "http://[", "", "/elsewhere", "\\\\evil.example", "http://a:b:c/"]
)
def test_whatever_form_the_lead_has_it_is_told_and_not_followed(asked, location):
    make, provider = asked
    provider.script = lambda body: Reply({}, 307, {"location": location})
    system = make()
    (outcome,) = system.generate(requests_of(system))
    assert outcome.outcome == "invalid_settings"
    assert len(provider.bodies) == 1


def test_a_request_to_another_host_is_not_sent(elsewhere):
    with transport.client("https://provider.example/v1", 5.0) as client:
        for url in (elsewhere.url, "http://provider.example/v1", "https://provider.example:8443/v1"):
            with pytest.raises(transport.Refused, match="which was not declared"):
                client.get(url)
    assert elsewhere.asked == []


@pytest.mark.parametrize("kind", ["openai", "google"])
def test_plain_http_beyond_this_machine_is_declared_or_refused(kind):
    from importlib import import_module

    from pydantic import ValidationError

    from tests.systems.hosted import providers

    entry = getattr(providers, f"{kind}_entry")(type("Far", (), {"url": "http://gateway.example"}))
    declaration = import_module(f"mcas_assets.systems.{kind}").Declaration
    told = [mistake.problem for mistake in declaration.contradictions(entry)]
    assert told == ["is http beyond this machine: the key would travel for others to read"]
    assert list(declaration.contradictions(entry | {"plain_http": True})) == []
    for near in ("http://localhost:8000/v1", "http://127.0.0.1", "http://[::1]:1/", "https://gateway.example"):
        assert list(declaration.contradictions(entry | {"base_url": near})) == []
    with pytest.raises(ValidationError):
        declaration.model_validate(entry | {"plain_http": "yes"})


# Answers without bound ------------------------------------------------------------------------------------------------


@contextmanager
def raw_server(speak: Callable[[socket.socket], None]) -> Generator[str]:
    """A server that reads a request and then does with the connection what it likes."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            while True:
                try:
                    line, _ = listening.accept()
                except OSError:
                    return
                with line:
                    line.recv(1 << 16)
                    try:
                        speak(line)
                    except OSError:
                        continue

        threading.Thread(target=answer, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        listening.shutdown(socket.SHUT_RDWR)


def endless(line: socket.socket) -> None:
    line.sendall(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{"data": [{"b64_json": "')
    while True:
        line.sendall(b"A" * (1 << 20))


def drip_body(line: socket.socket) -> None:
    line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n{")
    while True:
        line.sendall(b" ")
        time.sleep(0.05)


def drip_headers(line: socket.socket) -> None:
    line.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while True:
        line.sendall(b"a")
        time.sleep(0.05)


def silence(line: socket.socket) -> None:
    line.recv(1)


MEASURED = """
import os, resource, sys
from mcas_assets.systems import google, openai
from tests.systems.hosted.providers import google_entry, openai_entry, requests_of
os.environ.update(OPENAI_API_KEY="k" * 40, GEMINI_API_KEY="k" * 40)
kind, url = sys.argv[1:]
module, entry = (openai, openai_entry) if kind == "openai" else (google, google_entry)
at = type("At", (), {"url": url})
system = module.build("far", module.Declaration.model_validate(entry(at, timeout=120.0, concurrency=1)), None)
system.recall(__import__("mcas_assets.systems.hosted.budget", fromlist=["Past"]).Past())
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
(outcome,) = system.generate(requests_of(system))
print(outcome.outcome, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024, outcome.reason)
"""


@pytest.mark.parametrize("kind", ["openai", "google"])
def test_an_answer_without_end_takes_no_more_memory_than_the_largest_that_is_taken_in(kind):
    with raw_server(endless) as url:
        done = subprocess.run(
            [sys.executable, "-c", MEASURED, kind, url], capture_output=True, text=True, check=False, timeout=200
        )
    outcome, mib, reason = done.stdout.split(maxsplit=2)
    assert outcome == "decode_error", done.stderr
    assert "larger than 64 MiB" in reason
    assert int(mib) < 200


@pytest.mark.parametrize("speak", [drip_body, drip_headers, silence])
def test_an_answer_in_drops_ends_when_its_time_is_over(speak):
    begun = time.monotonic()
    with raw_server(speak) as url, transport.client(url, 1.0) as client, pytest.raises(httpx2.ReadTimeout):
        client.get(url)
    assert time.monotonic() - begun < 30, "the clock does not depend on the server"


def drip_handshake(line: socket.socket) -> None:
    line.sendall(b"\x16\x03\x03\x40\x00")  # a record of TLS, of which one byte after the other comes
    while True:
        line.sendall(b"\x02")
        time.sleep(0.05)


def test_a_handshake_in_drops_ends_when_its_time_is_over():
    with raw_server(drip_handshake) as url:
        far = url.replace("http://", "https://")
        # The client's own limit is above the one that was declared: the clock ends it, not the library.
        with (
            transport.OneHost(far, 0.5) as host,
            pytest.raises(httpx2.ReadTimeout, match=r"no whole answer within 0\.5 s"),
        ):
            host.handle_request(
                httpx2.Request("GET", far, extensions={"timeout": dict.fromkeys(("connect", "read"), 120.0)})
            )


@pytest.mark.parametrize("speak", [drip_body, drip_headers])
def test_a_client_that_waits_for_drops_says_that_there_was_no_answer(gpt, speak):
    with raw_server(speak) as url:
        system = gpt(base_url=f"{url}/v1", timeout=0.5, retry={"attempts": 1})
        (outcome,) = system.generate(requests_of(system))
    assert (outcome.outcome, outcome.reason) == ("timeout", "no answer within 0.5 s")


DEEP = 100_000
NESTED = {
    "lists": b"[" * DEEP + b"]" * DEEP,
    "mappings": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    "in the data": b'{"data": [{"b64_json": ' + b"[" * 5000 + b"]" * 5000 + b"}]}",
    "never closed": b"[" * DEEP,
    "beside a text": b'{"a": "\\"[]", "b": ' + b"[" * 200 + b"]" * 200 + b"}",
    "many": b"[" + b"[]," * 300_000 + b"[]]",
}


@pytest.mark.parametrize("status", [200, 400, 500])
@pytest.mark.parametrize("nested", NESTED)
def test_what_lies_too_deep_is_not_read(asked, nested, status):
    make, provider = asked
    provider.script = lambda body: Reply(NESTED[nested], status)
    system = make(retry={"attempts": 1})
    (outcome,) = system.generate(requests_of(system))
    assert outcome.outcome == "decode_error"
    assert "levels deep" in outcome.reason or "parts" in outcome.reason
    assert system.probe().state == "unreachable"


def test_brackets_within_texts_are_no_depth(gpt, openai_provider):
    openai_provider.script = lambda body: Reply({"error": {"message": "[" * 5000 + '"\\{'}}, 400)
    system = gpt()
    assert system.generate(requests_of(system))[0].outcome == "invalid_request"


def test_a_packed_answer_is_not_unpacked(asked):
    make, provider = asked
    provider.script = lambda body: Reply(b"\x1f\x8b" + bytes(100), 200, {"content-encoding": "gzip"})
    system = make()
    (outcome,) = system.generate(requests_of(system))
    assert (outcome.outcome, "packed (gzip)" in outcome.reason) == ("decode_error", True)
    assert provider.asked[0][1]["accept-encoding"] == "identity"


def test_of_a_long_error_the_first_part_is_read(asked):
    make, provider = asked
    provider.script = lambda body: Reply(b"no way " * 400_000, 503)
    system = make(retry={"attempts": 1})
    assert system.generate(requests_of(system))[0].outcome == "server_error"


def test_answers_that_are_no_image_end_a_paid_run(asked):
    make, provider = asked
    provider.script = lambda body: Reply(NESTED["lists"])
    system = make(concurrency=1, retry={"attempts": 1})
    found = [outcome.outcome for outcome in system.generate(requests_of(system, 100))]
    assert found.count("unusable") == 1
    assert found.count("not_sent") > 70
    assert len(provider.bodies) < 30
