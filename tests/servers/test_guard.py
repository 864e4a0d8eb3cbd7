"""What a foreign page, a rebound name or a stranger sends to a server of ours is refused; what its own page asks is not."""

import base64
import json
import os
import socket

import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute

from mcas_assets.servers.guard import LOOPBACK, Guard, new_token

JSON = {"Content-Type": "application/json"}


async def _answer(request):
    asked = (await request.body()).decode()
    return JSONResponse({"method": request.method, "path": request.url.path, "asked": asked})


async def _talk(websocket):
    await websocket.accept()
    await websocket.close()


def app():
    methods = ["GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"]
    return Starlette(routes=[WebSocketRoute("/talk", _talk), Route("/{path:path}", _answer, methods=methods)])


@pytest.fixture(scope="module")
def port(serve):
    return serve(Guard(app(), posts_only=["/graphql"]))


@pytest.fixture(scope="module")
def ask(port, request_to):
    return lambda *words, **more: request_to(port, *words, **more)


def websocket_status(port: int, **headers: str) -> int:
    key = base64.b64encode(os.urandom(16)).decode()
    told = {
        "Host": f"127.0.0.1:{port}",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": key,
        "Sec-WebSocket-Version": "13",
        **headers,
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        line.sendall(f"GET /talk HTTP/1.1\r\n{lines}\r\n".encode())
        return int(line.recv(64).split()[1])


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST", "localhost.", "[::1]"])
def test_this_machine_s_own_names_are_answered(ask, port, host):
    assert ask("GET", "/", {"Host": f"{host}:{port}"})[0] == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:3000", "127.0.0.1.evil.example", "localhost@evil.example", "evil.example@localhost",
     "localhost/evil", "localhost:x", "[::1", "", "10.0.0.1", "localhost#.evil.example", "127.0.0.1 evil.example"],
)  # fmt: skip
def test_another_name_than_this_server_s_is_refused(ask, host):
    assert ask("GET", "/", {"Host": host})[0] in (400, 421)


def test_a_request_with_two_names_is_refused(port):
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        line.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\n\r\n")
        assert line.recv(64).split()[1] in (b"400", b"421")


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1", "file://", "http://[", ""])
def test_what_another_page_sends_is_refused_whatever_its_form(ask, origin):
    assert ask("POST", "/", {**JSON, "Origin": origin}, b"{}")[0] == 403
    assert ask("GET", "/", {"Origin": origin})[0] == 403


def test_what_the_server_s_own_page_sends_is_answered(ask, port):
    own = {**JSON, "Origin": f"http://127.0.0.1:{port}", "Sec-Fetch-Site": "same-origin"}
    status, _, body = ask("POST", "/x", own, b'{"a": 1}')
    assert (status, json.loads(body)["asked"]) == (200, '{"a": 1}')


def test_a_program_that_is_no_browser_is_answered(ask):
    assert ask("POST", "/", JSON, b"{}")[0] == 200


@pytest.mark.parametrize(
    ("site", "mode", "dest", "status"),
    [
        ("cross-site", "no-cors", "image", 403),
        ("same-site", "no-cors", "script", 403),
        ("cross-site", "navigate", "iframe", 403),
        ("cross-site", "navigate", "document", 200),  # a link that a person follows
        ("none", "navigate", "document", 200),
        ("same-origin", "cors", "empty", 200),
    ],
)
def test_a_page_elsewhere_can_link_here_but_not_load_from_here(ask, site, mode, dest, status):
    assert ask("GET", "/", {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": dest})[0] == status


@pytest.mark.parametrize(
    "content_type",
    ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain", "text/plain; application/json",
     "text/plain;charset=application/json", "application/graphql", "application/jsonp", ""],
)  # fmt: skip
def test_what_a_form_can_send_changes_nothing(ask, content_type):
    assert ask("POST", "/", {"Content-Type": content_type}, b"{}")[0] == 415
    assert ask("POST", "/", {}, b"{}")[0] == 415


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_no_other_method_is_answered_so_no_page_may_ask_first(ask, method):
    status, headers, _ = ask(method, "/", {**JSON, "Access-Control-Request-Method": "POST"})
    assert status == 405
    assert headers["Access-Control-Allow-Origin"] is None


@pytest.mark.parametrize("path", ["/graphql?query=mutation", "/graphql/?query=mutation", "/%67raphql?query=mutation"])
@pytest.mark.parametrize("accept", ["application/json", "text/html"])
def test_a_path_that_acts_on_a_query_takes_none_by_get(ask, path, accept):
    assert ask("GET", path, {"Accept": accept})[0] == 405
    assert ask("HEAD", path, {"Accept": accept})[0] == 405


def test_a_websocket_of_another_page_is_refused_and_one_of_ours_is_not(port):
    assert websocket_status(port, Origin="http://evil.example") == 403
    assert websocket_status(port, Host="evil.example") == 403
    assert websocket_status(port, Origin=f"http://127.0.0.1:{port}") == 101


def test_every_answer_says_what_a_page_may_load(ask):
    for answer in (ask("GET", "/"), ask("POST", "/", {}, b""), ask("GET", "/", {"Host": "evil.example"})):
        assert "default-src 'none'" in answer[1]["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in answer[1]["Content-Security-Policy"]
        assert answer[1]["X-Content-Type-Options"] == "nosniff"
        assert answer[1]["Referrer-Policy"] == "no-referrer"


# The token -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def token():
    return new_token()


@pytest.fixture(scope="module")
def closed(serve, token):
    return serve(Guard(app(), hosts=[*LOOPBACK, "gpu7"], token=token))


def test_a_stranger_is_refused_in_every_way_of_asking(closed, request_to, token):
    assert request_to(closed, "GET", "/")[0] == 401
    assert request_to(closed, "GET", f"/?token={token[:-1]}")[0] == 401
    assert request_to(closed, "GET", "/", {"Authorization": "Bearer é"})[0] == 401
    assert request_to(closed, "GET", "/", {"Cookie": "mcas-0=\x80; ;=;"})[0] == 401
    assert request_to(closed, "POST", f"/?token={token}", JSON, b"{}")[0] == 401
    assert websocket_status(closed) == 403


def test_the_token_in_the_address_becomes_a_cookie_that_no_other_page_sends(closed, request_to, token):
    status, headers, _ = request_to(closed, "GET", f"/runs/a%20b?token={token}&x=1", {"Host": "gpu7:80"})
    assert (status, headers["Location"]) == (303, "/runs/a%20b?x=1")
    said = headers["Set-Cookie"].lower()
    assert "samesite=strict" in said
    assert "httponly" in said
    cookie = headers["Set-Cookie"].partition(";")[0]
    assert request_to(closed, "GET", "/", {"Cookie": f"other=1; {cookie}"})[0] == 200
    assert websocket_status(closed, Cookie=cookie) == 101
    assert request_to(closed, "POST", "/", {**JSON, "Cookie": cookie, "Origin": "http://evil.example"}, b"{}")[0] == 403


def test_the_token_leads_to_no_other_host(closed, request_to, token):
    for path in ("//evil.example/", "/%5C%5Cevil.example", "/%2Fevil.example"):
        assert request_to(closed, "GET", f"{path}?token={token}")[1]["Location"].startswith("/evil.example")


def test_a_program_brings_the_token_as_bearer(closed, request_to, token):
    assert request_to(closed, "POST", "/", {**JSON, "Authorization": f"Bearer {token}"}, b"{}")[0] == 200
