"""Who gives records to others, as far as a person says so: nothing of it is guessed."""

from dataclasses import dataclass
from typing import Literal, get_args

Relationship = Literal["first_party", "third_party", "collaborative", "other"]

RELATIONSHIPS: tuple[Relationship, ...] = get_args(Relationship)
"""Of who evaluates to whose model it is, in the words of Every Eval Ever."""


@dataclass(frozen=True)
class Origin:
    """Who evaluated, and what others know the model and the data by.

    Attributes:
        organization: Who gives the record.
        relationship: Theirs to the model.
        model: The model's id on a hub (`owner/name`); by default the name of the system.
        dataset: The id of the data set on a hub that `.eval_results` is held against; without it there is no such file.
    """

    organization: str = "not stated"
    relationship: Relationship = "other"
    model: str | None = None
    dataset: str | None = None
