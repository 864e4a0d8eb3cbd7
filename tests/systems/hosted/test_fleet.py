"""A fleet of servers as one system: all of them at work, past those in trouble, and never two of different makes."""

import threading
import time

import pytest

from mcas_assets.core.errors import BadInput
from mcas_assets.systems.hosted.fleet import REST, Fleet, differences
from mcas_assets.systems.hosted.rest import Line
from mcas_assets.systems.streams import drawn
from tests.systems.hosted.gateways import RUNS
from tests.systems.hosted.providers import Reply, requests_of

STEPS = {"num_inference_steps": 8}


@pytest.fixture
def fleet(behind, servers):
    """Makes a fleet of so many servers: (the system, its servers)."""

    def make(count: int = 3, **keys):
        some = [servers() for _ in range(count)]
        urls = [f"{server.url}/v1" for server in some]
        return behind(base_url=None, servers=urls, extra_body=STEPS, **keys), some

    return make


def test_all_servers_are_kept_at_work_however_small_the_batches_are(fleet):
    system, servers = fleet(3, concurrency=2)
    gathered = threading.Barrier(6, timeout=20)  # as many as can be under way; none is answered before all are there

    def answer(body: dict) -> Reply | None:
        gathered.wait()
        return None

    for server in servers:
        server.script = answer
    batches = [requests_of(system, 1) for _ in range(12)]
    outcomes = [batch[0].outcome for batch in drawn(system, batches)]
    assert outcomes == ["ok"] * 12
    assert [len(server.bodies) for server in servers] == [4, 4, 4]


def test_batches_come_back_in_order_each_with_its_own_images(fleet):
    system, servers = fleet(2)
    servers[0].script = lambda body: time.sleep(0.05 * (body["prompt"] == "an image of a ceo"))
    batches = [
        requests_of(system, size, prompt) for size, prompt in ((3, "an image of a ceo"), (1, "a nurse"), (2, "a man"))
    ]
    found = list(drawn(system, batches))
    assert [len(outcomes) for outcomes in found] == [3, 1, 2]
    assert len({outcome.image for outcome in found[0]}) == 1
    assert len({outcome.image for outcomes in found for outcome in outcomes}) == 3


def test_after_a_fatal_answer_nothing_more_is_sent_and_what_was_under_way_is_kept(fleet):
    system, (server,) = fleet(1, concurrency=2)
    server.script = lambda body: Reply({"error": {"code": "x"}}, 401) if len(server.bodies) == 3 else None
    found = list(drawn(system, [requests_of(system, 1) for _ in range(50)]))
    outcomes = [batch[0].outcome for batch in found]
    assert "auth" in outcomes
    assert len(found) < 10
    assert len(server.bodies) == len([outcome for outcome in outcomes if outcome != "not_sent"])


def test_each_image_says_which_server_drew_it_and_the_version_does_not(fleet):
    system, servers = fleet(2)
    (outcome,) = system.generate(requests_of(system))
    assert outcome.provider["settings"]["server"] in [f"{server.url}/v1" for server in servers]
    assert system.identity() == fleet(3)[0].identity()
    assert system.identity().document["endpoint"] == "fleet"


@pytest.mark.parametrize("trouble", ["gone", "503", "429", "cut off"])
def test_a_server_in_trouble_is_gone_past(fleet, trouble):
    system, (bad, good) = fleet(2, concurrency=1)
    if trouble == "gone":
        bad.stop()
    else:
        reply = Reply({"x": 1}, cut=2) if trouble == "cut off" else Reply(b"", int(trouble))
        bad.script = lambda body: reply
    outcomes = system.generate(requests_of(system, 20))
    assert {outcome.outcome for outcome in outcomes} == {"ok"}
    assert len(good.bodies) == 20
    assert len(bad.bodies) <= 2, "what fails at once does not draw all the work to itself"
    if trouble == "gone":
        bad.start()


def test_a_server_that_rests_is_asked_again_after_a_while_and_where_there_is_no_other():
    now = [0.0]
    lines = [Line(f"http://127.0.0.1:{port}", 1.0, {}) for port in (1, 2)]
    fleet = Fleet(lines, clock=lambda: now[0])
    fleet.rest(lines[0])
    with fleet.free() as first, fleet.free() as second:
        assert (first, second) == (lines[1], lines[1])
    fleet.rest(lines[1])
    with fleet.free() as one:
        assert one is lines[0]
    now[0] = REST + 1
    with fleet.free() as first, fleet.free() as second:
        assert {first, second} == set(lines)


# What servers say that they run ---------------------------------------------------------------------------------------


def runs(**other) -> Reply:
    return Reply({"runs": RUNS | other, "created": 7})


def test_what_the_servers_run_is_part_of_the_version(fleet):
    system, servers = fleet(2, server_info=["/server", "/v1/models"])
    document = system.identity().document
    assert document["server_info"]["/server"] == {"runs": RUNS}, "and not when they were started"
    assert document["server_info"]["/v1/models"]["data"] == [{"id": "z-image", "object": "model"}]
    assert system.generate(requests_of(system))[0].outcome == "ok"
    other, servers = fleet(2, server_info=["/server"])
    for server in servers:
        server.script = lambda body: None if body else runs(num_inference_steps=50)
    assert other.identity().version != system.identity().version


def test_servers_that_do_not_run_the_same_are_no_system(fleet):
    system, servers = fleet(3, server_info=["/server"])
    servers[2].script = lambda body: runs(dit_precision="fp8")
    with pytest.raises(
        BadInput, match=r"/server\.runs\.dit_precision is 'fp8', not 'bf16'. Have all servers run the same"
    ):
        system.identity()


def test_servers_that_were_started_anew_with_something_else_are_not_asked_to_draw(fleet):
    system, servers = fleet(1, server_info=["/server"])
    system.identity()
    servers[0].script = lambda body: runs(num_inference_steps=50)
    with pytest.raises(BadInput, match="runs something else than what was identified"):
        system.generate(requests_of(system))
    assert servers[0].bodies == []


def test_a_server_that_does_not_say_what_it_runs_draws_nothing(fleet):
    system, (silent, there) = fleet(2, server_info=["/server"])
    silent.script = lambda body: None if body else Reply(b"", 404)
    assert {outcome.outcome for outcome in system.generate(requests_of(system, 6))} == {"ok"}
    assert len(there.bodies) == 6
    there.script = silent.script
    lone, servers = fleet(1, server_info=["/server"])
    servers[0].script = lambda body: Reply(b"<html>")
    with pytest.raises(BadInput, match=r"none of its servers says what it runs: .*no JSON"):
        lone.identity()


def test_the_first_difference_of_two_values_is_named():
    assert differences({"a": {"b": [1]}, "c": 1}, {"a": {"b": [1]}, "c": 1}) == ""
    assert differences({"a": {"b": 1}}, {"a": {"b": 2}}) == "a.b is 2, not 1"
    assert differences({"a": 1}, {}) == "a is None, not 1"
