"""Keys taken out of what is kept, logged or shown, in whatever writing a server repeats them."""

import base64
import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

MOST_BYTES = 2000
"""Of one text that is kept, as UTF-8."""

_HIDDEN = "[key]"
# What keys of these providers look like, also where a server shortens them, or echoes one that is not ours.
_LOOKS_LIKE_A_KEY = re.compile(r"\bsk-[\w*.…-]{4,}|\bAIza[\w*.…-]{4,}|(?<=Bearer )[\w.~+/=*-]+")
_LONGEST_SIGN = 12  # a sign of a key, written as `\\\\u0073` and broken into lines
_BREAK = r"(?:\s|\\+[rn]|%0[ad])*"  # base64 and hex come in lines
_BETWEEN = r"(?:\s|\\+[rn]|\\*0?x|[:,%-])*"


class Redactor:
    """Takes keys out of what is kept, logged or shown.

    Known again are: the key itself in any case, backwards, with signs escaped for addresses, JSON, HTML or Python, in hex, and
    in base64 of either alphabet, alone or within more that was encoded with it.

    Args:
        secrets: The keys in use; what merely looks like a key goes too.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = tuple(sorted({secret for secret in secrets if secret}, key=len, reverse=True))

    def text(self, text: str) -> str:
        """The text without keys, cut to `MOST_BYTES` (after that: a cut key would not be known again)."""
        longest = _LONGEST_SIGN * max(map(len, self._secrets), default=0)
        most = 4 * MOST_BYTES + longest
        kept = text[:most]
        if self._secrets:
            kept = _writings(self._secrets).sub(_HIDDEN, kept)
        kept = _LOOKS_LIKE_A_KEY.sub(_HIDDEN, kept)
        if len(text) > most:  # its end may be a key that was cut
            kept = kept[: max(len(kept) - longest, 0)]
        return kept.encode(errors="replace")[:MOST_BYTES].decode(errors="ignore")

    def value(self, value: Any) -> Any:
        """The same for every text in a JSON value, keys of mappings included."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(str(key)): self.value(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(item) for item in value]
        return value


@cache
def _writings(secrets: tuple[str, ...]) -> re.Pattern[str]:
    """What finds each key in each writing of it, the longer ones first."""
    return re.compile("|".join(one for secret in secrets for one in _writings_of(secret)), re.IGNORECASE)


def _writings_of(secret: str) -> Iterator[str]:
    for way in (secret, secret[::-1]):
        yield "".join(map(_sign, way))
        digits = way.encode().hex()
        for written in (digits, digits[::-1]):
            yield _BETWEEN.join(written[i : i + 2] for i in range(0, len(written), 2))
        for case in dict.fromkeys((way, way.upper(), way.lower())):
            for encoded in _base64s(case.encode()):
                for written in (encoded, encoded[::-1]):
                    yield _BREAK.join({"+": r"[+-]", "/": r"[/_]"}.get(sign, re.escape(sign)) for sign in written)


def _sign(sign: str) -> str:
    r"""One sign, itself or escaped: `%2d` (or `%252d`), `\u002d`, `\x2d`, `&#45;`, `&#x2d;`, or behind backslashes."""
    code = ord(sign)
    return rf"(?:\\*{re.escape(sign)}|%(?:25)*{code:02x}|\\+u0*{code:04x}|\\+x{code:02x}|&\#0*{code};|&\#x0*{code:x};)"


def _base64s(data: bytes) -> Iterator[str]:
    """The base64 of data within more, for each of the three places where it may begin: the signs that it alone decides."""
    for before, unsure in enumerate((0, 2, 3)):
        whole = base64.b64encode(bytes(before) + data).decode()
        yield whole[unsure : (before + len(data)) * 8 // 6]
