"""Standard streams that cannot write every sign: what they cannot is drawn with what they can, and never ends a command."""

import codecs
import io
import sys
from typing import TextIO

_ALIKE = str.maketrans(dict(zip("█▉▊▋▌▍▎▏▐━─│◀▶●·…×−–—‘’“”±╸╺⠋", "#####:::#=-|<>o..x---''\"\"~==*", strict=True)))
_HANDLER = "mcas_alike"


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
