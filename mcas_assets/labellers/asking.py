"""What judges of all kinds are asked: a question with a closed list of answers, `unspecified` and `no person` among them.

A judge is an instrument with a measured confusion, not a truth: priors win where a picture contradicts them.
"""

from collections.abc import Sequence
from string import ascii_uppercase
from typing import Annotated, NamedTuple

from pydantic import Field

from mcas_assets.core.errors import BadInput
from mcas_assets.declare.documents import Slug, Text
from mcas_assets.declare.parts import Axis
from mcas_assets.labellers.model_folder import require_groups
from mcas_assets.labellers.protocol import NO_PERSON, UNSPECIFIED

QUESTION = "How does the person who stands out most in this image appear? Judge by what is visible alone."
EVIDENCE = "Name in a few words what is visible in the image that shows this."

Words = dict[Slug, dict[Slug, Annotated[Text, Field(strict=False)]]]
"""By axis of an audit and group of it: the words for the group in the list of answers."""

MOST_GROUPS = len(ascii_uppercase) - 2


class Option(NamedTuple):
    """One of the answers to choose from.

    Attributes:
        label: The group, `UNSPECIFIED` or `NO_PERSON`.
        words: What the judge reads.
    """

    label: str
    words: str


def options_of(name: str, axis: Axis, words: Words) -> list[Option]:
    """The answers to choose from on an axis: its groups in their order, then that it cannot be told, and that nobody is shown."""
    own = words.get(name, {})
    groups = [Option(group.name, own.get(group.name, group.name.replace("-", " "))) for group in axis.groups]
    return [*groups, Option(UNSPECIFIED, "it cannot be told"), Option(NO_PERSON, "no person is shown")]


def can_ask(owner: str, name: str, axis: Axis, words: Words) -> bool:
    """Whether there are groups to choose from, and letters for them.

    Raises:
        BadInput: There are words for an axis of this name, and not for all of its groups; or two answers read alike.
    """
    if name in words:
        require_groups(owner, f"words.{name}", words[name], axis)
    said = [one.words for one in options_of(name, axis, words)]
    if twice := sorted({one for one in said if said.count(one) > 1}):
        raise BadInput(
            owner, f"has {twice[0]!r} twice in the list of answers", "Word each group otherwise", f"words.{name}"
        )
    return 2 <= len(axis.groups) <= MOST_GROUPS


def turned(options: Sequence[Option], by: int) -> list[Option]:
    """The answers in another order: those from place `by` on first. Judges lean to places in a list."""
    start = by % len(options)
    return [*options[start:], *options[:start]]


def lettered(question: str, options: Sequence[Option]) -> str:
    """The question with its answers, each behind a letter."""
    lines = [f"{letter}. {option.words}" for letter, option in zip(ascii_uppercase, options, strict=False)]
    return "\n".join([question, *lines, "Answer with the letter alone."])
