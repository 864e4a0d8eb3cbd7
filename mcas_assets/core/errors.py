"""The errors that a user can mend. What went wrong inside the program is left to raise as it is."""

from pathlib import Path


class McasError(Exception):
    """Root of all errors that this package raises on purpose."""


class BadInput(McasError):  # noqa: N818 - the word of this field for what a user can mend
    """Something given from outside cannot be used.

    Attributes:
        where: The file, folder or thing at fault.
        key: The key inside it, or None.
        problem: What is wrong, in one clause.
        remedy: What to do about it, as a sentence.
    """

    def __init__(self, where: str | Path, problem: str, remedy: str, key: str | None = None) -> None:
        self.where = str(where)
        self.key = key
        self.problem = problem
        self.remedy = remedy
        place = f"{self.where}: {key}" if key else self.where
        super().__init__(f"{place}: {problem}. {remedy}")


class StoreError(BadInput):
    """The store, or a file it vouches for, is not in a state that can be worked with."""


class ImageLost(StoreError):  # noqa: N818 - what was found of an image, like the others here
    """An image file that the store vouches for was deleted or changed. Where its place does not answer, that is another error."""


class SystemMoved(BadInput):
    """The system is no longer the version that is asked for."""


class CheckFailed(McasError):  # noqa: N818 - an outcome of an audit, not an error of the program
    """A blocking quality check failed, so the stages after it did not run."""


class NothingMeasured(McasError):  # noqa: N818 - an outcome of an audit, not an error of the program
    """An audit ran to its end, and no concept of it has a score."""


class Unsound(McasError):  # noqa: N818 - what was found, not an error of the program
    """A part of a home is damaged or missing."""


class PolicyNotMet(McasError):  # noqa: N818 - an outcome of a gate, not an error of the program
    """A requirement of a policy failed."""


class CannotJudge(McasError):  # noqa: N818 - an outcome of a gate, not an error of the program
    """No requirement of a policy failed, but one could not be judged: no interval, no comparison, not audited. Never a pass."""


def one_line(error: object, most: int | None = None) -> str:
    """The message of an error without line breaks, cut to `most` characters."""
    return " ".join(str(error).split())[:most]


def kind_and_line(error: BaseException, most: int = 300) -> str:
    """The type of an error and its message, as `one_line`."""
    return one_line(f"{type(error).__name__}: {error}", most)
