"""Where a server of ours is called: its socket, the names that it answers to, and the token that strangers lack."""

import os
import socket
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from mcas_assets.core.errors import BadInput
from mcas_assets.core.hosts import is_loopback
from mcas_assets.core.paths import PAGES
from mcas_assets.servers.guard import LOOPBACK, new_token

TOKEN = "MCAS_TOKEN"
"""Variable of a token that is to last, where a service is started anew."""

SHORTEST_TOKEN = 24


@dataclass(frozen=True)
class Door:
    """Where a server is called.

    Attributes:
        listening: The socket, bound before anything is started.
        names: By which it may be called, those of this machine itself among them.
        token: What whoever asks must know; None where nobody needs one.
        url: Its address for a person, without the token.
        shown: The same with the token, unless that was given by whoever started the server, who knows it.
        is_open: Whether other machines reach it.
    """

    listening: socket.socket
    names: tuple[str, ...]
    token: str | None
    url: str
    shown: str
    is_open: bool


@contextmanager
def open_door(host: str, port: int) -> Generator[Door]:
    """A door that is closed again afterwards.

    A host that other machines reach wants a token. `MCAS_TOKEN` gives one, which is wanted on any host then.

    Raises:
        BadInput: Something else listens there, there is no such address on this machine, or the token can be guessed.
    """
    given = _given_token()
    token = given or (None if is_loopback(host) else new_token())
    with listen(host, port) as listening:
        names, port = names_of(host), listening.getsockname()[1]
        url = f"http://{f'[{names[0]}]' if ':' in names[0] else names[0]}:{port}"
        shown = f"{url}/?token={f'${TOKEN}' if given else token}" if token else url
        beyond = urlsplit(os.environ.get(PAGES, "")).hostname  # the name by which a proxy before it is called
        known = (*LOOPBACK, *names, *([beyond] if beyond else []))
        yield Door(listening, known, token, url, shown, not is_loopback(host))


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens on an address.

    Raises:
        BadInput: There is no such address on this machine, or something listens there.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host.strip("[]"), port), family=family)
    except (OSError, OverflowError) as error:
        raise BadInput(
            f"--host {host} --port {port}", f"cannot be listened on: {error}", "Give another --port"
        ) from error


def names_of(host: str) -> list[str]:
    """The names by which a server on a host may be called: the host, and on all addresses each name and address of this machine."""
    if host not in ("0.0.0.0", "::", "[::]"):
        return [host]
    names = {socket.gethostname(), socket.getfqdn()}
    for name in tuple(names):
        with suppress(OSError):
            names |= {str(found[4][0]) for found in socket.getaddrinfo(name, None)}
    return sorted(names | {_way_out()} - {""})


def _way_out() -> str:
    """The address of this machine on its way to others. Nothing is sent: a datagram's socket is only pointed somewhere."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way:
        try:
            way.connect(("192.0.2.1", 9))
        except OSError:
            return ""
        return way.getsockname()[0]


def _given_token() -> str | None:
    given = os.environ.get(TOKEN, "").strip()
    if given and (len(given) < SHORTEST_TOKEN or not given.isascii() or not given.isprintable()):
        remedy = "Make one: openssl rand -hex 32"
        raise BadInput(TOKEN, f"is no token of {SHORTEST_TOKEN} or more plain signs, and can be guessed", remedy)
    return given or None
