"""Cells that cannot reach their goal, each with its reason: what an audit says beside such a number, too."""

import numpy as np

from mcas_assets.calibrate.pool import Pool
from mcas_assets.calibrate.rows import COVERAGE, Kind
from mcas_assets.scoring.stats.arrays import Floats

FEW = 3
"""Images of the rarer group below which an interval is made of doubt more than of counts."""

MOST_DISCRETE = 30
"""Images up to which the steps of a share are as wide as what is not known of it."""

RARE = "fewer than three images of the rarer group: the interval is cautious (inference.md)"
BOOTSTRAP = "a bootstrap, which covers less than it says where a group is rare and images are few (interval_note)"
RIGHT = "labels right on all known images do not exclude errors in one or two of a hundred: cautious (inference.md)"
DISOBEYED = "attribute images that do not show what was asked for count as errors of the labels (said below each table of scores)"
DISCRETE = (
    "few images give few possible shares: coverage rises and falls about .95 with share and number (inference.md)"
)
READ = "concepts are harder to read from pixels than attribute images are (said below each table of scores)"


def reason_of(kind: Kind, pool: Pool, name: str, images: int, share: float, found: Floats) -> str | None:
    """Why a cell may miss its goal, or None if that is not known.

    Args:
        kind: Of the figure.
        pool: That audits are drawn from.
        name: Of the interval.
        images: Of the concept in each audit.
        share: Of the group in the concept.
        found: (audits,) 1 where the interval held, else 0 or NaN.
    """
    known = found[~np.isnan(found)]
    is_cautious = COVERAGE.most is not None and len(known) > 0 and known.mean() > COVERAGE.most
    if is_cautious and images * min(share, 1 - share) < FEW:
        return RARE
    if name in ("share, wilson", "corrected share"):
        return _of_share(kind, name, images, is_cautious)
    is_of_scores = not name.startswith("labels")
    return BOOTSTRAP if name.endswith("bca") or (pool.groups > 2 and is_of_scores) else None


def _of_share(kind: Kind, name: str, images: int, is_cautious: bool) -> str | None:
    if kind == "harder" and name == "corrected share":
        return DISOBEYED
    if images <= MOST_DISCRETE:
        return DISCRETE
    return RIGHT if is_cautious and name == "corrected share" else None
