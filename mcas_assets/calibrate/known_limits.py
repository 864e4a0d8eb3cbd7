"""Cells that cannot reach their goal, each with its reason: what an audit says beside such a number, too."""

import numpy as np
from scipy.special import bdtr, ndtri

from mcas_assets.calibrate.pool import Pool
from mcas_assets.calibrate.rows import COVERAGE
from mcas_assets.measure.confusion import RARELY
from mcas_assets.scoring.changes.labelled_changes import POOLED
from mcas_assets.scoring.stats.arrays import Floats
from mcas_assets.scoring.stats.power import POWER

MORE_ALIKE = 0.2
"""By so much more the pairs of a concept must correlate than those of all for that to make its interval too wide."""

FEW = 3
"""Images of the rarer group below which an interval is made of doubt more than of counts."""

MOST_DISCRETE = 30
"""Images up to which the steps of a share are as wide as what is not known of it."""

RARE = "fewer than three images of the rarer group: the interval is cautious (inference.md)"
BOOTSTRAP = "a bootstrap, which covers less than it says where a group is rare and images are few (interval_note)"
RIGHT = "labels right on all known images do not exclude errors in one or two of a hundred: cautious (inference.md)"
DISOBEYED = "attribute images that do not show what was asked for count as errors of the labels (corrected_note)"
DISCRETE = (
    "few images give few possible shares: coverage rises and falls about .95 with share and number (inference.md)"
)
UNREAD_MORE = (
    "attribute images of the shown groups go unlabelled in {:.1%}, concepts in {:.1%}: taken for alike (corrected_note)"
)


ALIKE = "one seed's groups before and after correlate by {:.2f} here and {:.2f} over all concepts, to which that is drawn: cautious"


def reason_of(
    pool: Pool, name: str, images: int, share: float, found: Floats, alike: tuple[float, float] | None = None
) -> str | None:
    """Why a cell may miss its goal, or None if that is not known.

    Args:
        pool: That audits are drawn from.
        name: Of the interval.
        images: Of the concept in each audit.
        share: Of the group in the concept.
        found: (audits,) 1 where the interval held, else 0 or NaN.
        alike: Of a change, the correlation of its pairs, and its mean over concepts.
    """
    known = found[~np.isnan(found)]
    is_cautious = COVERAGE.most is not None and len(known) > 0 and known.mean() > COVERAGE.most
    if is_cautious and images * min(share, 1 - share) < FEW:
        return RARE
    if alike and is_cautious and images < 2 * POOLED and alike[0] > alike[1] + MORE_ALIKE:
        return ALIKE.format(*alike)
    if name in ("share, wilson", "corrected share"):
        return _of_share(pool, name, images, is_cautious)
    return BOOTSTRAP if name.endswith("bca") else None


def of_correction(pool: Pool) -> str | None:
    """Why corrected shares may be off, by what is known of the attribute images, or None where they are as is assumed."""
    reasons, (other, known) = [], pool.disobeyed()
    if other:
        reasons.append(f"{other} of {known} {DISOBEYED}")
    table, asked = pool.confusion(), pool.truth[pool.asked]
    shares = np.array([(asked == group).sum() for group in (0, 1)]) / max((asked >= 0).sum(), 1)
    expected = float(shares @ (table[:, -1] / np.maximum(table.sum(axis=1), 1)))
    seen = pool.labels[pool.asked][asked >= 0]
    if bdtr((seen == -1).sum(), len(seen), expected) < RARELY:
        reasons.append(UNREAD_MORE.format(expected, float((seen == -1).mean())))
    return "; ".join(reasons) or None


def weak_control(r: float | None, n: int, is_found_elsewhere: bool) -> str | None:
    """Why a correlation that was planted over n concepts may not be told from 0, or None.

    It is told by an instrument that shows what was planted on another axis, has the right sign, and is smaller than one which n
    concepts would find in 8 of 10 cases (Fisher's z).
    """
    found = float(np.tanh((ndtri(0.975) + ndtri(POWER)) / np.sqrt(n - 3)))
    if not is_found_elsewhere or r is None or not 0 < r < found:
        return None
    return f"{n} concepts find a correlation of {found:.2f} in 8 of 10 cases, one of {r:.2f} less often; another axis shows it"


def _of_share(pool: Pool, name: str, images: int, is_cautious: bool) -> str | None:
    if name == "corrected share" and not is_cautious and (why := of_correction(pool)):
        return why
    if images <= MOST_DISCRETE:
        return DISCRETE
    return RIGHT if is_cautious and name == "corrected share" else None
