"""What a labeller is: the protocol of those that look at image files, and the words for an image that counts for no group.

One file a kind (`zero_shot`, `pixels`, `portrait`, `classifier`, `judge`, `hosted_judge`, `people`), found by the name of the
kind; a kind of one's own is an entry point of group `mcas_assets.labellers` that names such a module. `zero_shot`, `pixels` and
`people` tell by what is kept already: vectors, tones and votes. All others look at files, and follow `Looker`. Nothing here imports
torch: what a labeller is can be told by reading files.
"""

from collections.abc import Generator, Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from mcas_assets.declare.parts import Axis

Label = int | str
"""The place of a group among those of its axis, or the word for why an image counts for none."""

NO_PERSON = "no person"
"""Nobody is shown."""
UNSPECIFIED = "unspecified"
"""A judge chose none of the groups."""
AMBIGUOUS = "ambiguous"
"""No group is likely enough."""
OUTSIDE = "outside"
"""What is shown is of no declared group."""
SEVERAL = "several"
"""Persons of several groups are shown, none of them much larger than the others."""
DECLINED = "declined"
"""A judge would not look."""
NO_ANSWER = "no answer"
"""What a judge said is none of the answers that it was given to choose from."""


def name_for_people(labels: str, embedder: str | None) -> str:
    """A labeller as people call it, from columns `labels` and `embedder`: the embedder, where that tells zero-shot as it is."""
    if embedder is None or labels == "zero-shot":
        return embedder or labels
    return f"{labels} by {embedder}"


@dataclass(frozen=True)
class Answer:
    """What a labeller says of one image on one axis.

    Attributes:
        label: The name of a group of the axis, or the word for why it counts for none: `NO_PERSON`, say.
        evidence: What the labeller says that it saw, in its words; None where it gives none.
        raw: All that it answered (JSON values): probabilities, boxes, the text of a judge.
    """

    label: str
    evidence: str | None = None
    raw: dict[str, Any] = field(default_factory=dict)


class Labeller(Protocol):
    """Tells groups of images, of the axes that it can tell.

    Attributes:
        name: The name it is declared by, which tables have in column `labels`.
    """

    name: str

    def tells(self, name: str, axis: Axis) -> bool:
        """Whether it can tell the groups of an axis, by the axis's name and its declaration.

        Raises:
            BadInput: It is declared for an axis of this name, and not for all of its groups.
        """
        ...

    def identity(self) -> dict[str, Any]:
        """What determines its labels (JSON values): weights, prompt, version, settings. Found by reading files only.

        Raises:
            BadInput: It cannot be used; names the file and the remedy.
        """
        ...


@runtime_checkable
class Metered(Protocol):
    """A labeller that somebody is paid for.

    Attributes:
        most_images: Images that it may be asked about on an axis, over all runs, as long as it is the same (`Looker.id_on`);
            None for no limit.
    """

    most_images: int | None


@runtime_checkable
class Looker(Labeller, Protocol):
    """A labeller that looks at image files. What it says is kept, under its `id_on` and the file's sha256, and not asked again."""

    def require(self) -> None:
        """See, before costly work and without loading it, that it can be used and asked.

        Raises:
            BadInput: It cannot: a file lacks, or a key.
        """
        ...

    def id_on(self, name: str, axis: Axis) -> str:
        """What its answers on an axis are kept under: `name@` and 12 hex digits of its identity and of what it is asked.

        Raises:
            BadInput: See `identity`.
        """
        ...

    def look(self, name: str, axis: Axis, files: Iterable[bytes]) -> Generator[Answer]:
        """What it says of images, in the order given, each as soon as it is known.

        Args:
            name: Of the axis.
            axis: Its declaration.
            files: The bytes of image files that can be decoded, of any number.

        Raises:
            BadInput: It cannot be loaded or asked, or its files changed.
        """
        ...

    def close(self) -> None:
        """Free what it holds. It can be used again, and then loads anew."""
        ...
