"""Rating in a real browser, by keyboard alone: blind, kept at once, and closed to every page but our own."""

import http.client
import json
import re
import shutil
import socket
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest

from mcas_assets.core.errors import BadInput
from mcas_assets.review.draw import draw_images
from mcas_assets.review.queue import Queue
from mcas_assets.servers.review import serve
from mcas_assets.store import votes
from mcas_assets.store.database import Store

pytestmark = pytest.mark.timeout(300)


class Home:
    """An audited home, of which nine images are drawn for review."""

    def __init__(self, home: Path, audit: Any, version: str) -> None:
        self.store, self.audit, self.version = Store(home), audit, version
        self.draw = draw_images(self.store, audit, version, 9, None)

    def queue(self, rater: str, *, third: bool = False) -> Queue:
        return Queue(self.store, self.audit, self.draw, "gender", rater, is_adjudication=third)

    def votes(self) -> list[tuple]:
        with self.store.open() as con:
            return (
                votes.read_votes(con, self.audit.audit, self.version)
                .select("rater", "answer", "is_adjudication")
                .rows()
            )

    @contextmanager
    def page(self, rater: str, *, third: bool = False) -> Generator[SimpleNamespace]:
        """The page of a rater: `address` holds the token; `ended` is set when serving is over."""
        told, ended = [], threading.Event()
        is_ready = threading.Event()

        def ready(address: str) -> None:
            told.append(address)
            is_ready.set()

        def run() -> None:
            serve(self.store, self.queue(rater, third=third), 0, ready)
            ended.set()

        thread = threading.Thread(target=run)
        thread.start()
        assert is_ready.wait(30)
        token = told[0].partition("token=")[2]
        try:
            yield SimpleNamespace(address=told[0], port=urlsplit(told[0]).port, ended=ended, token=token)
        finally:
            if not ended.is_set():
                send(told[0], "/finish", {})
            thread.join(30)
        assert ended.is_set()


def send(address: str, path: str, told: Any, **headers: str) -> tuple[int, str]:
    """(status, text) of a POST that knows the token, with other headers where they are given; one of None is left out."""
    port = urlsplit(address).port
    given = {
        "Host": f"127.0.0.1:{port}", "Content-Type": "application/json", "Origin": f"http://127.0.0.1:{port}",
        "Authorization": f"Bearer {address.partition('token=')[2]}",
    } | {name.replace("_", "-"): value for name, value in headers.items()}  # fmt: skip
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    body = told if isinstance(told, bytes) else json.dumps(told).encode()
    connection.request("POST", path, body, {name: value for name, value in given.items() if value})
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


@pytest.fixture
def home(audited, tiny, tmp_path) -> Home:
    return Home(Path(shutil.copytree(audited.home, tmp_path / "home")), tiny, audited.ran.system_version)


def test_two_raters_and_a_third_by_keyboard_alone(home, seen):
    n = len(home.draw)
    for rater, keys in (("ada", "1" * n), ("ben", "1" * (n - 2) + "2 ")):
        with home.page(rater) as served:
            page = seen.open(served.address)
            assert page.url.endswith("/")  # the token is in a cookie, and no longer in the address
            order = [one.image_id for one in home.queue(rater).shown]
            for place, key in enumerate(keys):
                page.wait_for_selector(f"img.subject[data-seen='{place}']")
                page.keyboard.press("Space" if key == " " else key)
            page.wait_for_selector(".over:not([hidden])")
            assert page.locator(".progress").inner_text() == f"{n} of {n} answered"
            page.keyboard.press("Enter")  # Finish has the focus
            page.wait_for_selector("text=This page can be closed")
            assert served.ended.wait(30)
        last = order[-2:]
    assert len(home.votes()) == 2 * n
    with home.page("cy", third=True) as served:
        assert sorted(one.image_id for one in home.queue("cy", third=True).shown) == sorted(last)
        page = seen.open(served.address)
        assert "Where raters differ" in page.locator("h1").inner_text()
        page.wait_for_selector("img.subject[data-seen='0']")
        page.keyboard.press("2")
        page.wait_for_selector("text=/^1 of 2/")
        page.keyboard.press("u")
        page.wait_for_selector("text=/^0 of 2/")
        page.wait_for_selector("img.subject[data-seen='0']")
        page.keyboard.press("0")
        page.wait_for_selector("text=/^1 of 2/")
    assert home.votes()[-1] == ("cy", "no group", True)
    assert seen.wrong == []
    assert {urlsplit(url).hostname for url in seen.asked if not url.startswith("data:")} == {"127.0.0.1"}


def test_a_page_says_nothing_of_model_prompt_concept_or_others(home, seen):
    home.queue("ben").answer(0, 1)
    with home.page("ada") as served:
        page = seen.open(served.address)
        text = page.content()
        name = home.version.partition("@")[0]
        known = [
            name,
            home.version,
            *home.draw["concept"],
            *home.draw["image_id"],
            *home.draw["sha256"],
            "ben",
            "an image of",
        ]
        assert [word for word in known if word in text] == []
        assert page.locator("img.subject").get_attribute("alt") == f"picture 1 of {len(home.draw)}"
        kinds = {re.sub(r"\d+$", "N", urlsplit(url).path) for url in seen.asked if not url.startswith("data:")}
        assert kinds == {"/", "/picture/N", "/static/style.css", "/static/review.js"}


def test_an_answer_that_cannot_be_kept_is_said_and_not_counted(home, seen, monkeypatch):
    with home.page("ada") as served:
        page = seen.open(served.address)

        def fail(*_: Any) -> None:
            raise BadInput("store", "the disk is full", "Make room")

        page.wait_for_selector("img.subject[data-seen='0']")
        monkeypatch.setattr(votes, "append_votes", fail)
        page.keyboard.press("1")
        page.wait_for_selector(".wrong:not([hidden])")
        assert page.locator(".wrong").inner_text() == "Not kept: store: the disk is full. Make room"
        assert page.locator(".progress").inner_text().startswith("0 of")
        monkeypatch.undo()
        page.keyboard.press("1")
        page.wait_for_selector("text=/^1 of/")
    assert len(home.votes()) == 1


HOSTILE = {
    "another page": ({"Origin": "http://evil.example"}, 403),
    "another port of this machine": ({"Origin": "http://127.0.0.1:1"}, 403),
    "a page that hides where it is": ({"Origin": "null"}, 403),
    "a rebound name": ({"Host": "evil.example"}, 421),
    "a form": ({"Content_Type": "text/plain"}, 415),
    "a form that calls itself JSON": ({"Content_Type": "text/plain; application/json"}, 415),
    "no token": ({"Authorization": ""}, 401),
    "another token": ({"Authorization": "Bearer x"}, 401),
    "a cookie of another server": ({"Authorization": "", "Cookie": "mcas-00000000=x"}, 401),
    "another site": ({"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "cors"}, 403),
}


def test_no_vote_is_taken_from_another_page_name_form_or_stranger(home):
    with home.page("ada") as served:
        for who, (headers, status) in HOSTILE.items():
            for path in ("/answer", "/back", "/finish"):
                assert send(served.address, path, {"place": 0, "answer": 0}, **headers)[0] == status, (who, path)
        for body in (
            b"",
            b"[]",
            b"{",
            b'{"place": true, "answer": 0}',
            b'{"place": 0}',
            b"[" * 5000,
            b'{"place": 99, "answer": 0}',
        ):
            status, text = send(served.address, "/answer", body)
            assert status == 422, body
            assert "error" in json.loads(text)
        for path in ("/", "/picture/0", "/static/review.js"):
            connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=30)
            connection.request("GET", path)
            assert connection.getresponse().status == 401
            connection.close()
        connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=30)
        connection.request("GET", "/answer", headers={"Authorization": f"Bearer {served.token}"})
        assert connection.getresponse().status == 405
        assert home.votes() == []
        assert send(served.address, "/answer", {"place": 0, "answer": 0}) == (200, '{"next":1,"done":1,"all":9}')
    assert home.votes() == [("ada", "man", False)]


def test_a_port_that_is_taken_is_said(home):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen(1)
        with pytest.raises(BadInput, match="cannot be had"):
            serve(home.store, home.queue("ada"), taken.getsockname()[1], lambda _: None)
