"""What an audit can see: the smallest change it would detect, and how many images a wanted change needs.

A change is detected when its interval leaves out 0; `power` is the chance of that. Formula: minimum
detectable change = (t[1 - alpha/2] + t[power]) x standard error, with Student's t at the error's degrees of
freedom (normal when infinite).
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri, stdtrit

from mcas_assets.scoring.stats.arrays import Statistic, missing

POWER = 0.8
MOST_IMAGES = 1_000_000


def minimum_detectable(
    standard_error: float, freedom: float = np.inf, *, level: float = 0.95, power: float = POWER
) -> float:
    """Smallest change found with the given power.

    Args:
        standard_error: Of the estimated change, > 0, in the unit of the score.
        freedom: Degrees of freedom that the standard error was estimated with.
        level: Of the interval that must leave out 0.
        power: Chance of finding a change of this size.

    Returns:
        The change, > 0, in the unit of the standard error.

    Raises:
        ValueError: A standard error, level, power or freedom that makes no sense.
    """
    if not standard_error > 0 or not np.isfinite(standard_error):
        raise ValueError(f"standard_error must be positive and finite, not {standard_error}")
    if not (0 < level < 1 and 0.5 < power < 1 and freedom > 0):
        raise ValueError("level must be in (0, 1), power in (0.5, 1) and freedom above 0")
    points = np.array([(1 + level) / 2, power])
    factors = ndtri(points) if np.isinf(freedom) else stdtrit(freedom, points)
    return float(factors.sum() * standard_error)


@dataclass(frozen=True)
class Spread:
    """How much the images of one system vary, from an earlier audit or a pilot.

    Attributes:
        image: Standard deviation of the score between images of one concept (s_img + s_word for MCAS).
        attribute: Standard deviation of the cosine of attribute images with the concept, within a pole.
        correlation: Between the scores of the two versions at one prompt and seed; 0 for fresh seeds.
    """

    image: float
    attribute: float = 0.0
    correlation: float = 0.0

    def __post_init__(self) -> None:
        if not (self.image >= 0 and self.attribute >= 0 and -1 <= self.correlation < 1):
            raise ValueError("image and attribute must be 0 or more, and correlation in [-1, 1)")


def change_error(spread: Spread, images: int, attribute_images: int) -> float:
    """Standard error of the change of a concept's score between two versions.

    Args:
        spread: Of one version; the other is taken to be alike.
        images: Per concept and version.
        attribute_images: Per pole and version.

    Returns:
        sqrt(2 (1 - correlation) (image^2 / images + 2 attribute^2 / attribute_images)).
    """
    if images < 1 or attribute_images < 1:
        raise ValueError("images and attribute_images must be 1 or more")
    one = spread.image**2 / images + 2 * spread.attribute**2 / attribute_images
    return float(np.sqrt(2 * (1 - spread.correlation) * one))


def images_needed(
    detectable: float, spread: Spread, attribute_images: int, *, level: float = 0.95, power: float = POWER
) -> Statistic:
    """Fewest images per concept whose minimum detectable change is `detectable` or less.

    Args:
        detectable: Wanted change of the score, > 0.
        spread: How much images vary.
        attribute_images: Per pole; they are shared by all concepts and bound what more images of a concept
            can reach.
        level: As in `minimum_detectable`.
        power: As in `minimum_detectable`.

    Returns:
        The number, or None with a reason when the attribute images alone leave too much error.

    Raises:
        ValueError: `detectable` is not positive.
    """
    if not detectable > 0:
        raise ValueError(f"detectable must be positive, not {detectable}")

    def reached(images: int) -> bool:
        error = change_error(spread, images, attribute_images)
        return error == 0 or minimum_detectable(error, images - 1, level=level, power=power) <= detectable

    low, high = 1, 2
    while not reached(high):
        low, high = high, 2 * high
        if high > MOST_IMAGES:
            least = change_error(Spread(0.0, spread.attribute, spread.correlation), 1, attribute_images)
            floor = minimum_detectable(least, level=level, power=power) if least else 0.0
            why = f"{attribute_images} attribute images per pole alone allow {floor:.3g}" if floor >= detectable else (
                f"more than {MOST_IMAGES} images"
            )  # fmt: skip
            return missing(f"a change of {detectable:.3g} is out of reach: {why}")
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) else (middle, high)
    return Statistic(float(high))
