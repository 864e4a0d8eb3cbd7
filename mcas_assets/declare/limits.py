"""The largest numbers that may be declared, each with its reason: what is larger is a slip of the pen, and would run for ever."""

from typing import Annotated

from pydantic import AfterValidator, Field

from mcas_assets.declare.mistakes import fault

MOST_IMAGES = 2_000
"""Of one prompt: a share is then known to within two points in a hundred, and a plan of forty prompts is made in a second."""

MOST_BATCH = 1_024
"""Images drawn together: more than any accelerator holds."""

MOST_DRAWS = 1_000_000
"""Of a bootstrap or permutation: its own error is then below a thousandth of what it measures."""


def at_most(most: int, reason: str) -> AfterValidator:
    """A validator: a number up to `most`."""

    def check(value: int) -> int:
        if value > most:
            raise fault(f"is {value:,}, above {most:,}", f"Give at most {most:,}: {reason}")
        return value

    return AfterValidator(check)


# One image has no spread, so nothing could be said of how sure its score is.
Images = Annotated[
    int, Field(strict=True, ge=2), at_most(MOST_IMAGES, "more of one prompt tell no more about it; add prompts instead")
]
Further = Annotated[int, Field(strict=True, ge=0), at_most(MOST_IMAGES, "more of one prompt tell no more about it")]
Batch = Annotated[int, Field(strict=True, ge=1), at_most(MOST_BATCH, "no accelerator draws more together")]
Draws = Annotated[int, Field(strict=True, ge=1), at_most(MOST_DRAWS, "more change no digit that is shown")]
