"""Where a server is called: which names it answers to, and whether strangers need a token."""

import pytest

from mcas_assets.core.errors import BadInput
from mcas_assets.servers.door import open_door

TOKEN = "a-token-that-nobody-will-guess-0123"


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch):
    monkeypatch.delenv("MCAS_TOKEN", raising=False)
    monkeypatch.delenv("MCAS_PAGES", raising=False)


def test_on_this_machine_nobody_needs_a_token():
    with open_door("127.0.0.1", 0) as door:
        assert (door.token, door.shown, door.is_open) == (None, door.url, False)
        assert "localhost" in door.names


def test_a_host_that_others_reach_wants_a_new_token_that_is_shown():
    with open_door("0.0.0.0", 0) as door, open_door("0.0.0.0", 0) as other:
        assert door.token != other.token
        assert door.shown == f"{door.url}/?token={door.token}"
        assert door.is_open


def test_a_token_of_the_environment_lasts_is_wanted_everywhere_and_is_not_printed(monkeypatch):
    monkeypatch.setenv("MCAS_TOKEN", TOKEN)
    with open_door("127.0.0.1", 0) as door:
        assert door.token == TOKEN
        assert TOKEN not in door.shown
        assert door.shown.endswith("/?token=$MCAS_TOKEN")


@pytest.mark.parametrize(
    "token", ["short", "long enough, but it has ümlauts in it", "a line\nand another one, long enough"]
)
def test_a_token_that_can_be_guessed_or_not_be_sent_is_refused(token, monkeypatch):
    monkeypatch.setenv("MCAS_TOKEN", token)
    with pytest.raises(BadInput, match=r"MCAS_TOKEN: .* openssl rand"), open_door("127.0.0.1", 0):
        pass


def test_the_name_of_a_proxy_before_it_is_answered_to(monkeypatch):
    monkeypatch.setenv("MCAS_PAGES", "https://mcas.example.org/")
    with open_door("127.0.0.1", 0) as door:
        assert "mcas.example.org" in door.names
