"""Who gives records to others, as far as a person says so: nothing of it is guessed."""

import re
from dataclasses import dataclass

from mcas_assets.core.errors import BadInput

RELATIONSHIPS = ("first_party", "third_party", "collaborative", "other")
"""Of who evaluates to whose model it is, in the words of Every Eval Ever."""

_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}")


@dataclass(frozen=True)
class Origin:
    """Who evaluated, and what others know the model and the data by.

    Attributes:
        organization: Who gives the record.
        relationship: Theirs to the model, one of `RELATIONSHIPS`.
        model: The model's id on a hub (`owner/name`); by default the name of the system.
        dataset: The id of the data set on a hub that `.eval_results` is held against; without it there is no such file.
    """

    organization: str = "not stated"
    relationship: str = "other"
    model: str | None = None
    dataset: str | None = None

    def __post_init__(self) -> None:
        """Hold names to what a hub has.

        Raises:
            BadInput: One is no `owner/name`, or the relationship is none of `RELATIONSHIPS`.
        """
        if self.relationship not in RELATIONSHIPS:
            raise BadInput("--relationship", f"is {self.relationship!r}", f"Use one of {', '.join(RELATIONSHIPS)}")
        for what, name in (("--model", self.model), ("--dataset", self.dataset)):
            if name is not None and (
                name.count("/") != 1 or not all(_PART.fullmatch(part) for part in name.split("/"))
            ):
                raise BadInput(what, f"is {name!r}", "Use OWNER/NAME, as a hub has it")
