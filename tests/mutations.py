"""Spoils files as people, tools and attackers do, the same way each time: for tests that read what was spoiled.

How much is tried is `MCAS_FUZZ`, seconds for each reader: a second by default, an hour or a night on demand.
"""

import os
import random
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

SECONDS = float(os.environ.get("MCAS_FUZZ", "1"))
FEWEST = 12

ODD = (
    "", "~", "null", "[1]", "{}", "{a: {b: [1]}}", "[[[[]]]]", "true", "-1", "0", "1e999", "-.inf", ".nan", "2001-01-01",
    "9" * 400, "9" * 5000, "0x" + "f" * 100_000, "0o17", "1_000", "²", "١", "0.8_5", "\\0", '"\\0"', '"\\ud800"', "~nobody/x",
    "~nobody", "/dev/zero", "/dev/full", "/proc/self/mem", "../../../etc/passwd", "a" * 5000, "con", "*", "&a [*a]", "!!binary x",
    "!!python/object:os.system x", "!!timestamp 1", "!!set {a}", "<<: 1", "? [a]", "[" * 2000, "{" * 2000, "[" * 100_000,
    "- " * 3000, "é", "\u202e", "\ufeff", "{x}", "{0}", "%s", "a: b: c", "'", '"', "`", "|", ">", "@", "=1+1", "=cmd|' /C calc'!A0",
    "\x1b[31m", "[/b]", "1" * 30, "-9223372036854775809", "18446744073709551616", "1.7976931348623159e308", "0.1", "NaN",
)  # fmt: skip
"""Values where another was expected."""

_VALUE = re.compile(rb'(?<=[:,\[{ \n])[^:,\[\]{}\n"]+(?=[,\]}\n])|"[^"\n]*"')
_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?")


def spoiled(data: bytes, dice: random.Random, head: int | None = None) -> bytes:
    """The data with one to three things wrong with it; only in the first `head` bytes where that is given."""
    first, rest = (data, b"") if head is None else (data[:head], data[head:])
    for _ in range(dice.choice((1, 1, 2, 3))):
        first = dice.choice(_WAYS)(first, dice)
    return first + rest


def _other_value(data: bytes, dice: random.Random) -> bytes:
    return _replaced(data, _VALUE, dice, lambda: dice.choice(ODD).encode("utf-8", "surrogatepass"))


def _other_number(data: bytes, dice: random.Random) -> bytes:
    numbers = (b"-1", b"0", b"9" * 19, b"9" * 400, b"1e400", b"NaN", b"4294967296", b"0.5", b"2147483648")
    return _replaced(data, _NUMBER, dice, lambda: dice.choice(numbers))


def _replaced(data: bytes, pattern: re.Pattern[bytes], dice: random.Random, by: Callable[[], bytes]) -> bytes:
    found = list(pattern.finditer(data[:200_000]))
    if not found:
        return data
    one = dice.choice(found)
    return data[: one.start()] + by() + data[one.end() :]


def _flipped(data: bytes, dice: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(dice.choice((1, 4, 40))):
        if changed:
            changed[dice.randrange(len(changed))] = dice.randrange(256)
    return bytes(changed)


def _cut(data: bytes, dice: random.Random) -> bytes:
    return data[: dice.randrange(len(data) + 1)]


def _without(data: bytes, dice: random.Random) -> bytes:
    start = dice.randrange(len(data) + 1)
    return data[:start] + data[start + dice.choice((1, 10, 1000)) :]


def _twice(data: bytes, dice: random.Random) -> bytes:
    start = dice.randrange(len(data) + 1)
    piece = data[start : start + dice.choice((1, 20, 2000))]
    return data[:start] + piece * 2 + data[start:]


def _inserted(data: bytes, dice: random.Random) -> bytes:
    start = dice.randrange(len(data) + 1)
    piece = dice.choice(
        (b"\0", b"\0" * 512, b"\xff\xfe", b"\r", b"\x1a", b"\xed\xa0\x80", b"\n\n", b"[" * 3000, b'{"a":' * 3000)
    )
    return data[:start] + piece + data[start:]


def _encoded(data: bytes, dice: random.Random) -> bytes:
    return data.decode("utf-8", "replace").encode(
        dice.choice(("utf-16", "utf-16-le", "utf-8-sig", "utf-32")), "replace"
    )


_WAYS = (_other_value, _other_value, _other_value, _other_number, _other_number, _flipped, _cut, _without, _twice, _inserted,
         _encoded)  # fmt: skip


def spoil_files(
    files: list[Path], read: Callable[[], object], allowed: type[Exception], head: int | None = None
) -> Iterator[int]:
    """Read again and again with one of the files spoiled, for `SECONDS`, and at least some times. Files are as before after it.

    Args:
        files: What may be spoiled.
        read: Reads them.
        allowed: What it may raise; anything else fails the test, with the number of the try.
        head: See `spoiled`.
    """
    kept = {file: file.read_bytes() for file in files}
    begun, tries = time.monotonic(), 0
    while tries < FEWEST or time.monotonic() - begun < SECONDS:
        dice = random.Random(tries)
        file = dice.choice(files)
        file.write_bytes(spoiled(kept[file], dice, head))
        try:
            read()
        except allowed:
            pass
        except Exception as error:  # noqa: BLE001 - the test is that there is none
            pytest.fail(
                f"try {tries}, {file.name}: {type(error).__name__}: {str(error)[:300]}\n{file.read_bytes()[:300]!r}"
            )
        finally:
            file.write_bytes(kept[file])
        tries += 1
        yield tries
