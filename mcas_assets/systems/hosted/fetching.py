"""An image that a provider answers with an address of, in place of its bytes: fetched, within the bounds of every answer.

Whoever answers chooses the address, so it is called like any stranger's: without a key, by https or where the provider itself
was declared to be, never on a network that only this machine reaches, and where it leads on is not followed.
"""

import ipaddress
import socket
from collections.abc import Callable

import httpx2

from mcas_assets.systems.hosted import transport
from mcas_assets.systems.hosted.transport import Refused, origin_of, proxy_for


def fetch(url: str, base: str, timeout: float) -> bytes:
    """The bytes at an address, at most `transport.MOST_BODY` of them.

    Args:
        url: As a provider gave it.
        base: The address that was declared for the provider: its own origin may be plain http, and on a private network.
        timeout: Seconds, for each of two attempts.

    Raises:
        Refused: The address may not be called (`not_understood`), or what is there is no file that can be had
            (`decode_error`).
        httpx2.TransportError: No answer.
    """
    try:
        target = httpx2.URL(url)
        at_home = origin_of(target) == origin_of(httpx2.URL(base))
        require = None if at_home else require_public
        if not at_home:
            _require_far(target)
    except (httpx2.InvalidURL, UnicodeError) as error:
        raise Refused("not_understood", f"the image is at {url[:200]!r}, which is no address") from error
    try:
        return _once(target, timeout, require)
    except Refused:
        raise
    except httpx2.TransportError:  # once more: it is paid for, and asking for another image would pay again
        return _once(target, timeout, require)


def _once(target: httpx2.URL, timeout: float, require: Callable[[str], None] | None) -> bytes:
    try:
        with transport.client(str(target), timeout, require) as line:
            answer = line.get(target)
    except transport.LedOn as led:
        problem = f"the image at {target.host} leads on to {led.host}, which is not followed"
        raise Refused("not_understood", problem) from led
    if answer.status_code >= 500:
        raise httpx2.RemoteProtocolError(f"HTTP {answer.status_code}")
    if answer.status_code != 200:
        raise Refused("decode_error", f"the image at {target.host} cannot be had: HTTP {answer.status_code}")
    return answer.content


def _require_far(url: httpx2.URL) -> None:
    """Refuse what is no https, or is a name for this machine or its network. Asks the name service, unless a proxy does."""
    if url.scheme != "https":
        problem = (
            f"the image is at {url.scheme}://{url.host}, which is neither https nor where the provider was declared"
        )
        raise Refused("not_understood", problem)
    if proxy_for(url):
        require_public(url.host, is_name=True)
        return
    try:
        found = socket.getaddrinfo(url.host, url.port or 443, type=socket.SOCK_STREAM)
    except OSError as error:
        raise httpx2.ConnectError(f"{url.host} is not known: {error}") from error
    for *_, address in found:
        require_public(str(address[0]))


def require_public(host: str, *, is_name: bool = False) -> None:
    """Refuse an IP address that is not on the public internet.

    Args:
        host: An address, or a name.
        is_name: Whether a name is let pass that is not this machine's: another resolves it.

    Raises:
        Refused: It is this machine's, of a private network, or of no network.
    """
    bare = host.strip("[]").partition("%")[0]
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        if is_name and "." in bare and not bare.rstrip(".").endswith(("localhost", ".local", ".internal")):
            return
        raise Refused("not_understood", f"the image is at {host[:200]}, which is not on the public internet") from None
    inner = getattr(address, "ipv4_mapped", None) or getattr(address, "sixtofour", None) or address
    if not (address.is_global and inner.is_global) or inner.is_multicast:
        raise Refused("not_understood", f"the image is at {host}, which is not on the public internet")
