"""What follows from a look at the systems: pure decisions, one sentence a test."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from mcas_assets.store.states import State
from mcas_assets.systems.protocol import Probe, SystemIdentity
from mcas_assets.watch.decide import DEATHS, WAITS, Known, Seen, Tried, Wanted, decide

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def identity(weights: str = "a", name: str = "sd") -> SystemIdentity:
    return SystemIdentity(name, {"weights": weights})


V = identity().version


def seen(weights: str = "a", name: str = "sd", **probe) -> Seen:
    return Seen(name, "available", Probe("available", **probe), ("gender",), identity(weights, name))


def away(state: str = "unreachable", name: str = "sd", detail: str = "no answer") -> Seen:
    return Seen(name, state, Probe("unreachable", detail), ("gender",))  # ty: ignore[invalid-argument-type]


def before(**given) -> State:
    told = {"system_version": V, "last_seen": NOW - timedelta(days=1)} | given
    return State("sd", told.pop("state", "available"), "", NOW - timedelta(days=2), NOW - timedelta(days=1), **told)  # ty: ignore[invalid-argument-type]


def test_a_new_identity_is_added_and_its_audit_requested():
    decision = decide([seen()], Known(), NOW)
    assert decision.add == (V,)
    assert decision.request == (Wanted("gender", V),)
    assert decision.changed == {"sd"}


def test_what_is_known_and_audited_asks_for_nothing_and_says_so():
    known = Known(frozenset([V]), frozenset([("gender", V)]), states={"sd": before()})
    decision = decide([seen()], known, NOW)
    assert (decision.add, decision.request, decision.changed) == ((), (), frozenset())
    assert decision.notes == (f"sd: gender of {V}: up to date",)


def test_a_run_that_is_under_way_is_not_requested_again():
    assert decide([seen()], Known(in_flight=frozenset([("gender", V)])), NOW).request == ()


def test_the_same_look_twice_asks_for_the_same_run_by_the_same_key():
    first, second = (decide([seen()], Known(), NOW + timedelta(hours=hours)) for hours in (0, 5))
    assert [one.run_key for one in first.request] == [one.run_key for one in second.request]


def test_another_commit_with_the_same_weights_is_touched_and_nothing_more():
    known = Known(frozenset([V]), frozenset([("gender", V)]), states={"sd": before(revision="1" * 40)})
    decision = decide([seen(revision="2" * 40)], known, NOW)
    assert decision.request == ()
    assert decision.notes[0] == "sd: touched, weights same: 111111111111 to 222222222222"
    assert decision.states[0].revision == "2" * 40


@pytest.mark.parametrize("state", ["withdrawn", "unreachable", "unusable"])
def test_a_system_that_is_away_is_a_state_that_remembers_what_it_was(state):
    decision = decide([away(state)], Known(frozenset([V]), states={"sd": before(revision="1" * 40)}), NOW)
    (row,) = decision.states
    assert (row.state, row.system_version, row.revision, row.since) == (state, V, "1" * 40, NOW)
    assert row.last_seen == NOW - timedelta(days=1)
    assert (decision.add, decision.request) == ((), ())


def test_a_state_that_lasts_keeps_its_beginning_whatever_the_detail():
    known = Known(states={"sd": before(state="unreachable")})
    decision = decide([away(detail="another message")], known, NOW)
    assert decision.changed == frozenset()
    assert (decision.states[0].since, decision.states[0].last_looked) == (NOW - timedelta(days=2), NOW)
    assert decision.states[0].detail == "another message"


def test_one_system_that_is_away_does_not_stop_the_others():
    decision = decide([away(name="a"), seen(name="b"), away("withdrawn", name="c")], Known(), NOW)
    assert [one.system_version for one in decision.request] == [identity(name="b").version]
    assert [state.state for state in decision.states] == ["unreachable", "available", "withdrawn"]


def test_a_system_that_is_no_longer_declared_is_a_state_and_no_deletion():
    decision = decide([], Known(frozenset([V]), states={"sd": before()}), NOW)
    assert [(row.state, row.system_version) for row in decision.states] == [("undeclared", V)]
    assert (decision.add, decision.request) == ((), ())


def test_a_system_that_comes_back_is_available_since_now():
    decision = decide(
        [seen()], Known(frozenset([V]), frozenset([("gender", V)]), states={"sd": before(state="withdrawn")}), NOW
    )
    assert (decision.states[0].state, decision.states[0].since) == ("available", NOW)


def test_an_announced_end_is_said_and_is_a_new_state():
    known = Known(frozenset([V]), frozenset([("gender", V)]), states={"sd": before()})
    decision = decide([seen(shutdown_date=date(2026, 12, 1))], known, NOW)
    assert "sd: its provider ends it on 2026-12-01" in decision.notes
    assert decision.changed == {"sd"}


def test_a_deleted_partition_is_added_again_and_its_audit_is_not_run_again():
    known = Known(frozenset(), frozenset([("gender", V)]), states={"sd": before()})
    decision = decide([seen()], known, NOW)
    assert (decision.add, decision.request) == ((V,), ())


def test_a_partition_deleted_while_its_run_is_under_way_is_added_and_not_run_twice():
    decision = decide([seen()], Known(in_flight=frozenset([("gender", V)])), NOW)
    assert (decision.add, decision.request) == ((V,), ())


def tried(last: str, runs: int = 1, ago: timedelta = timedelta(0)) -> Known:
    deaths = runs if last == "died" else 0
    return Known(frozenset([V]), tried={("gender", V): Tried(runs, last, NOW - ago, "0123456789", deaths)})


def test_a_run_that_died_is_requested_again_at_once_under_another_key():
    (again,) = decide([seen()], tried("died"), NOW).request
    assert again.run_key == f"gender/{V}#2"


def test_a_run_that_failed_is_tried_again_after_a_growing_wait_and_then_given_up():
    for runs, wait in enumerate(WAITS, start=1):
        early, due = (
            decide([seen()], tried("failed", runs, wait + step), NOW) for step in (-timedelta(seconds=1), timedelta(0))
        )
        assert early.request == ()
        assert [one.attempt for one in due.request] == [runs + 1]
    given_up = decide([seen()], tried("failed", len(WAITS) + 1, timedelta(days=400)), NOW)
    assert given_up.request == ()
    assert "given up after 5 runs (run 01234567 says why)" in given_up.notes[0]


def test_a_run_that_died_again_and_again_is_given_up_too():
    assert len(decide([seen()], tried("died", DEATHS), NOW).request) == 1
    assert decide([seen()], tried("died", DEATHS + 1), NOW).request == ()


def test_deaths_do_not_count_as_failures():
    known = Known(frozenset([V]), tried={("gender", V): Tried(8, "failed", NOW - WAITS[0], deaths=7)})
    assert [one.attempt for one in decide([seen()], known, NOW).request] == [9]


def test_what_a_person_cancelled_is_not_run_again():
    assert decide([seen()], tried("cancelled", 1, timedelta(days=9)), NOW).request == ()


def test_a_clock_that_was_set_back_does_not_put_off_the_next_try():
    assert len(decide([seen()], tried("failed", 1, -timedelta(days=365)), NOW).request) == 1


def test_a_clock_that_jumps_either_way_asks_for_nothing_that_is_there():
    known = Known(frozenset([V]), frozenset([("gender", V)]), states={"sd": before()})
    for now in (NOW - timedelta(days=3650), NOW + timedelta(days=3650)):
        decision = decide([seen()], known, now)
        assert (decision.add, decision.request, decision.changed) == ((), (), frozenset())


def test_an_audit_whose_publication_failed_is_not_taken_for_complete():
    known = replace(tried("failed", 1, timedelta(days=1)), complete=frozenset([("gender", V)]))
    assert len(decide([seen()], known, NOW).request) == 1


def test_what_died_of_a_version_that_has_passed_is_finished_first():
    unfinished = replace(tried("died"), unfinished=frozenset([("gender", V)]))
    now_is = identity("b").version
    decision = decide([seen("b")], unfinished, NOW)
    assert [one.run_key for one in decision.request] == [f"gender/{V}#2", f"gender/{now_is}#1"]
    assert decision.add == (now_is,)
    assert decide([seen("b")], replace(unfinished, partitions=frozenset()), NOW).add == (V, now_is)
    assert f"gender of {V}, which its system no longer is: requested again" in decision.notes[0]
