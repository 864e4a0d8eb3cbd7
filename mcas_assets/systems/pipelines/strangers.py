"""Where a stranger's program begins: a pipeline under audit, and the libraries that it is made of.

It may raise anything. What it raises says nothing of this program, and is told as a refusal or as an outcome; what this program
raises is a mistake of it, and passes as it is. Nothing else tells the two apart than where the error arose.
"""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from mcas_assets.core.errors import kind_and_line

_OURS = Path(__file__).parents[2]


class Raised(Exception):  # noqa: N818 - what was met, not an error of this program
    """What a stranger's program raised.

    Attributes:
        error: The error itself.
    """

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


@contextmanager
def strangers_code() -> Generator[None]:
    """Around a call of a stranger's program, and around nothing else.

    Raises:
        Raised: It raised something. What arose in this package passes through, wherever it was called from.
    """
    try:
        yield
    except Exception as error:
        if _arose_here(error):
            raise
        raise Raised(error) from error


def describe(error: BaseException) -> str:
    """What a stranger's program raised, as a reason without a full stop at its end."""
    return kind_and_line(error, 500).rstrip(".")


def _arose_here(error: Exception) -> bool:
    """Whether the innermost frame that an error passed through is one of this package."""
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    return frame is None or _OURS in Path(frame.tb_frame.f_code.co_filename).parents
