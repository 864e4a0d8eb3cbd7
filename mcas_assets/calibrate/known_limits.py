"""Cells that cannot reach their goal, each with its reason: what an audit says beside such a number, too."""

import numpy as np

from mcas_assets.calibrate.pool import Pool
from mcas_assets.calibrate.rows import COVERAGE, Kind
from mcas_assets.scoring.stats.arrays import Floats

FEW = 3
"""Images of the rarer group below which an interval is made of doubt more than of counts."""

RARE = "fewer than three images of the rarer group: the interval is cautious (inference.md)"
BOOTSTRAP = "a bootstrap, which covers less than it says where a group is rare and images are few (interval_note)"
RIGHT = "labels right on all known images do not exclude errors in one or two of a hundred: cautious (inference.md)"
DISOBEYED = "attribute images that do not show what was asked for count as errors of the labels (said below each table of scores)"


def reason_of(kind: Kind, pool: Pool, name: str, images: int, share: float, found: Floats) -> str | None:
    """Why a cell may miss its goal, or None if that is not known.

    Args:
        kind: Of the figure.
        pool: That audits are drawn from.
        name: Of the interval.
        images: Of the concept in each audit.
        share: Of group b in the concept.
        found: (audits,) 1 where the interval held, else 0 or NaN.
    """
    known = found[~np.isnan(found)]
    is_cautious = COVERAGE.most is not None and len(known) > 0 and known.mean() > COVERAGE.most
    if is_cautious and images * min(share, 1 - share) < FEW:
        return RARE
    if name.endswith("bca") or (pool.groups > 2 and not name.startswith("itpas")):
        return BOOTSTRAP
    if name != "corrected share":
        return None
    return DISOBEYED if kind == "harder" else RIGHT if is_cautious else None
