"""What the first image of a version tells of its pipeline: whether a seed fixes an image, and which settings do anything.

Neither is asserted. A pipeline may draw from generators that are nobody's, may take its neighbours' noise, may ignore the generator
that it is given, and ignores settings without a word.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from mcas_assets.core.pictures import blank
from mcas_assets.systems.pipelines.strangers import Raised
from mcas_assets.systems.protocol import Request

if TYPE_CHECKING:
    import numpy as np

Seed = Literal["exact", "best_effort", "none"]
Draw = Callable[[Sequence[Request], Mapping[str, Any]], Sequence["np.ndarray"]]
"""From requests and the arguments of the call to the pictures: floats in [0, 1] of shape (height, width, 3), in order."""

_ANOTHER_SEED = 4
"""A picture is another one if it is farther (root mean square) from the first than a quarter of what a new seed makes: a batch
changes low bits of an image, and noise of another image changes it altogether."""


@dataclass(frozen=True)
class Trial:
    """What the first image told.

    Attributes:
        seed: 'exact': drawn twice it was the same. 'best_effort': it was not. 'none': another seed gave the same picture.
        alone: Beside another image it was another one, so every image must be drawn by itself.
        without_effect: Settings without which the image was the same, by their names in the call.
    """

    seed: Seed = "exact"
    alone: bool = False
    without_effect: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """What is worth knowing of it (JSON values): empty where a seed fixes the image and every setting does something."""
        told = {"seed": self.seed, "drawn_alone": self.alone, "without_effect": list(self.without_effect)}
        return {key: value for key, value in told.items() if value and value != "exact"}


def try_first(
    draw: Draw, first: Request, arguments: Mapping[str, Any], declared: Mapping[str, Any], *, one_by_one: bool
) -> Trial | None:
    """Draw an image twice, beside another, and without each declared setting.

    Args:
        draw: Draws with the pipeline.
        first: The image.
        arguments: What the pipeline is called with.
        declared: Of them those that were declared, by name, with what the pipeline takes where nothing is: each is tried.
        one_by_one: Images are never drawn together.

    Returns:
        What was found, or None where the picture shows nothing, from which nothing can be told.

    Raises:
        Raised: The pipeline cannot draw it.
    """
    (once,), (twice,) = draw([first], arguments), draw([first], arguments)
    if _shows_nothing(once):
        return None
    without = tuple(key for key, default in declared.items() if _is_idle(draw, first, once, arguments, key, default))
    if not _is_same(once, twice):
        return Trial("best_effort", without_effect=without)
    other = replace(first, seed=first.seed ^ 1)
    if one_by_one:
        (apart,) = draw([other], arguments)
        return Trial("none" if _is_same(once, apart) else "exact", without_effect=without)
    try:
        apart, beside = draw([other, first], arguments)
    except Raised:
        return Trial(alone=True, without_effect=without)
    if _is_same(once, apart):
        return Trial("none", without_effect=without)
    far = _apart(once, beside) * _ANOTHER_SEED > _apart(once, apart)
    return Trial(alone=bool(far), without_effect=without)


def _is_idle(
    draw: Draw, first: Request, once: "np.ndarray", arguments: Mapping[str, Any], key: str, default: Any
) -> bool:
    """Whether the image is the same without a setting. What cannot be drawn without it needs it."""
    if arguments.get(key) == default:
        return False
    try:
        (bare,) = draw([first], {name: value for name, value in arguments.items() if name != key})
    except Raised:
        return False
    return _is_same(once, bare)


def _shows_nothing(picture: "np.ndarray") -> bool:
    import numpy as np

    return not np.isfinite(picture).all() or blank(picture) is not None


def _is_same(one: "np.ndarray", other: "np.ndarray") -> bool:
    """Whether two pictures are equal as files hold them, in 256 levels."""
    import numpy as np

    return one.shape == other.shape and bool((np.round(one * 255) == np.round(other * 255)).all())


def _apart(one: "np.ndarray", other: "np.ndarray") -> float:
    import numpy as np

    return float(np.sqrt(np.mean((one.astype(float) - other) ** 2))) if one.shape == other.shape else np.inf
