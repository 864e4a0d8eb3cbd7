"""Standard streams that cannot write every sign: what they cannot is drawn with what they can, and never ends a command."""

import codecs
import io
import os
import sys
from typing import TextIO

_ALIKE = str.maketrans(dict(zip("█▉▊▋▌▍▎▏▐━─│◀▶●·…×−–—‘’“”±╸╺⠋", "#####:::#=-|<>o..x---''\"\"~==*", strict=True)))
_HANDLER = "mcas_alike"
_OWN: dict[int, int] = {}


def alike(error: UnicodeError) -> tuple[str, int]:
    """For `codecs.register_error`: signs of the same width that look alike in ASCII, and `?` for the others.

    Raises:
        UnicodeError: It was not raised by writing.
    """
    if not isinstance(error, UnicodeEncodeError):
        raise error
    drawn = error.object[error.start : error.end].translate(_ALIKE)
    return "".join(sign if sign.isascii() else "?" for sign in drawn), error.end


def tolerate(*streams: TextIO) -> None:
    """Let streams write whatever they are given: standard output and error unless others are named."""
    codecs.register_error(_HANDLER, alike)
    for stream in streams or (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_HANDLER)


def keep_own() -> None:
    """Remember where standard output and error lead, under numbers of our own."""
    for number in (1, 2):
        try:
            _OWN[number] = os.dup(number)
        except OSError:  # it is closed
            _OWN.pop(number, None)


def restore_own() -> None:
    """Lead standard output and error to where they led at first.

    While a step runs Dagster points both at a file in its home, and where the disk is full it cannot point them back: what
    was said at the end would be lost with what it could not write.
    """
    for number, kept in _OWN.items():
        os.dup2(kept, number)
