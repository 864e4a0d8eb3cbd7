"""Is what was planted found again: dose-response, shares held against the truth reader, and the positive control."""

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from scipy.special import stdtrit

from mcas_assets.calibrate.known_limits import of_correction, weak_control
from mcas_assets.calibrate.pool import UNREAD, Mixture, Pool
from mcas_assets.calibrate.rows import LINE, SHARE, Goal, Row, Z, row
from mcas_assets.scoring.mcas.association import ComponentScores, Score, association
from mcas_assets.scoring.shares.label_error import corrected_shares
from mcas_assets.scoring.stats.arrays import Floats, Ints
from mcas_assets.scoring.stats.power import minimum_detectable

DOSES = np.linspace(0, 1, 11)
STEP = 10  # a set holds a multiple of this many images, so that every dose can be mixed exactly
RESPONSES = ("iias", "itaas", "mcas", "corrected share")


@dataclass(frozen=True)
class Line:
    """A straight line through (doses, responses).

    Attributes:
        slope: Response per unit of share.
        error: Standard error of the slope.
        r2: Share of the responses' variance that the line explains; 0 where they do not vary.
        spread: Standard deviation about the line, with two degrees of freedom less than doses.
    """

    slope: float
    error: float
    r2: float
    spread: float


def fit(responses: Floats, doses: Floats = DOSES) -> Line:
    """The least-squares line of responses (k,) on doses (k,); all is NaN where a response is missing."""
    x, y = doses - doses.mean(), responses - responses.mean()
    slope = float(x @ y / (x @ x))
    residual = float(((y - slope * x) ** 2).sum())
    total = float((y**2).sum())
    spread = float(np.sqrt(residual / (len(x) - 2)))
    return Line(slope, spread / float(np.sqrt(x @ x)), 0.0 if total == 0 else 1 - residual / total, spread)


def dose_response(pool: Pool, images: int, seed: int, is_judged: bool) -> list[Row]:
    """Mix sets of images at shares 0, 0.1 ... 1 and see what the instrument says of them.

    Args:
        pool: With its mixtures.
        images: Of each set and concept, a multiple of `STEP`; fewer where the mixtures have too few.
        seed: Of which image goes into which set. No image is in two sets of a concept.
        is_judged: Whether the goals hold for this embedder.

    Returns:
        For each response its slope, R2 and detection limit.
    """
    known = pool.confusion()
    responses, sizes, skipped, unread = [], [], [], 0
    for at, mixture in enumerate(pool.mixtures):
        unread += int((mixture.truth == UNREAD).sum())
        size = _set_size(mixture, images)
        if not size:
            skipped.append(mixture.concept)
            continue
        sets = mix(mixture, size, np.random.default_rng([seed, at]))
        responses.append(_responses(pool, mixture, sets, known))
        sizes.append(size)
    if not responses:
        why = f"too few images of both groups of {', '.join(skipped) or 'any concept'}"
        figure = partial(row, "dose_response", pool.axis, pool.embedder, goal=LINE if is_judged else None, detail=why)
        return [figure(f"{name}: r2", None) for name in RESPONSES]
    table = np.array(responses)  # (concepts, doses, responses)
    about = (
        f"mean of {len(table)} concepts, {min(sizes)} images each at every share, read from the pixels; {unread} unread"
        + (f"; without {', '.join(skipped)}: too few images of both groups" if skipped else "")
    )
    rows: list[Row] = []
    for k, name in enumerate(RESPONSES):
        rows += _line_rows(pool, name, table[..., k], about, is_judged)
    return rows


def _line_rows(pool: Pool, name: str, responses: Floats, about: str, is_judged: bool) -> list[Row]:
    line, worst = fit(responses.mean(axis=0)), min(fit(own).r2 for own in responses)
    half = float(stdtrit(len(DOSES) - 2, 0.975)) * line.error
    limit = None
    if line.slope and line.spread > 0:
        limit = minimum_detectable(line.spread, len(DOSES) - 2) / abs(line.slope)
    figure = partial(row, "dose_response", pool.axis, pool.embedder)
    one = "pole b" if name == "corrected share" else "pole a, against the share of pole b"
    ends = line.slope - half, line.slope + half
    goal = LINE if is_judged else None
    power = "departure from a known share found with 80 % power"
    return [
        figure(f"{name}: slope", line.slope, ends, detail=f"towards {one}; {about}"),
        figure(f"{name}: r2", line.r2, goal=goal, detail=f"worst concept {worst:.4f}; {about}"),
        figure(f"{name}: detection limit", limit, detail=f"{power}; {about}"),
    ]


def mix(mixture: Mixture, size: int, generator: np.random.Generator) -> list[Ints]:
    """For each dose, which images make a set of that share of group 1, none in two sets."""
    queues = [list(generator.permutation(np.flatnonzero(mixture.truth == group))) for group in (0, 1)]
    sets = []
    for dose in DOSES:
        ones = round(dose * size)
        sets.append(np.array([queues[0].pop() for _ in range(size - ones)] + [queues[1].pop() for _ in range(ones)]))
    return sets


def _set_size(mixture: Mixture, images: int) -> int:
    """The largest set, up to `images`, of which all doses can be mixed: they take 11 / 2 as many of each group."""
    fewest = min(int((mixture.truth == group).sum()) for group in (0, 1))
    return min(images, fewest * 2 // len(DOSES)) // STEP * STEP


def _responses(pool: Pool, mixture: Mixture, sets: list[Ints], known: Ints) -> Floats:
    """(doses, RESPONSES) of one concept."""
    d = pool.images.shape[2]
    poles = pool.a_images.reshape(-1, d), pool.b_images.reshape(-1, d)
    prompt = pool.prompts[pool.concepts.index(mixture.concept)][None]
    by_images, by_words = association(mixture.images, *poles), association(mixture.images, pool.a_words, pool.b_words)
    fixed = float(association(prompt, *poles)[0] + association(prompt, pool.a_words, pool.b_words)[0])
    rows = []
    for some in sets:
        iias, itaas = float(by_images[some].mean()), float(by_words[some].mean())
        counts = [int((mixture.labels[some] == group).sum()) for group in (0, 1)]
        rows.append([iias, itaas, iias + itaas + fixed, corrected_shares(counts, known).shares[1]])
    return np.array(rows)


def recovery(pool: Pool, is_judged: bool) -> list[Row]:
    """Hold the corrected share of every concept against the truth reader, on the same images."""
    errors, raw, places = [], [], []
    known = pool.confusion()
    truth = pool.shares()
    for c in pool.asked:
        labels = pool.labels[c][pool.truth[c] != UNREAD]
        counts = [int((labels == group).sum()) for group in (0, 1)]
        corrected = corrected_shares(counts, known)
        if corrected.reason is None and np.isfinite(truth[c]):
            errors.append(corrected.shares[1] - truth[c])
            raw.append(counts[1] / sum(counts) - truth[c])
            places.append(c)
    figure = partial(row, "recovery", pool.axis, pool.embedder)
    goal = SHARE if is_judged else None
    if not errors:
        why = "no share can be given; see the confusion matrix"
        return [figure("corrected share: mean error", None, goal=goal, detail=why)]
    error, uncorrected = np.array(errors), np.array(raw)
    is_by_correction = float(np.abs(uncorrected).mean()) < float(np.abs(error).mean())
    worst = int(np.abs(error).argmax())
    unread = int((pool.truth[pool.asked] == UNREAD).sum())
    abstained = int((pool.labels[pool.asked] < 0).sum())
    about = (
        f"{len(error)} concepts, {pool.replicates} images each, {unread} unread, {abstained} not labelled; "
        f"confusion {known.tolist()}"
    )
    worst_one = f"{pool.concepts[places[worst]]}: {error[worst]:+.3f}"
    within = float((np.abs(error) <= 0.02).mean())
    rows = [
        figure("corrected share: mean error", float(np.abs(error).mean()), goal=goal, detail=f"absolute; {about}"),
        figure("corrected share: largest error", float(np.abs(error).max()), goal=goal,
            detail=f"{worst_one}; {within:.0%} of concepts are within 0.02; {about}"),
        figure("corrected share: bias", float(error.mean()), detail=f"mean signed error; {about}"),
        figure("labelled share: mean error", float(np.abs(uncorrected).mean()), detail=f"absolute, uncorrected; {about}"),
    ]  # fmt: skip
    why = of_correction(pool) if is_by_correction else None
    return [replace(one, reason=why) if one.met is False else one for one in rows] + _agreements(pool, truth)


def _agreements(pool: Pool, truth: Floats) -> list[Row]:
    """How closely each component follows the realised share of pole a: Pearson's r over concepts."""
    scores = pool.audit(np.arange(pool.replicates)).scores()
    rows = []
    for name in ("iias", "itpas", "itaas", "ttas", "mcas"):
        values = _values(scores, pool.asked, name)
        r, ends, count = correlation(values, 1 - truth[pool.asked])
        detail = f"with the share of pole a that was drawn, {count} concepts"
        rows.append(row("recovery", pool.axis, pool.embedder, f"{name}: r with the truth", r, ends, detail=detail))
    return rows


def positive_control(pool: Pool, planted: dict[str, float], is_biased: bool) -> list[Row]:
    """Whether TTAS follows the shares that were planted in the captions an embedder learned from.

    Args:
        pool: Of one axis and embedder.
        planted: Share of group b by concept.
        is_biased: Whether this embedder learned from them, so that it must be found; the others are shown beside it.
    """
    scores = pool.audit(np.arange(pool.replicates)).scores()
    places = [c for c in pool.asked if pool.concepts[c] in planted]
    values = _values(scores, np.array(places, dtype=np.int64), "ttas")
    r, ends, count = correlation(values, 1 - np.array([planted[pool.concepts[c]] for c in places]))
    goal = Goal("interval above 0", least=1e-12) if is_biased else None
    spread = float(np.nanstd(values, ddof=1)) if count > 1 else float("nan")
    what = "made biased: must be found" if is_biased else "not made biased, shown beside the one that was"
    detail = f"Pearson over {count} concepts with the planted share of pole a; TTAS has sd {spread:.4f}; {what}"
    name = "ttas: r with the planted share"
    low = float("nan") if ends[0] is None else ends[0]
    return [row("positive_control", pool.axis, pool.embedder, name, r, ends, goal, detail, judged=low)]


def with_reasons(controls: list[Row], concepts: int) -> list[Row]:
    """Positive controls of all axes of one embedder over so many concepts, with why one may be missed that another is not."""
    met = {one.axis for one in controls if one.met}
    return [
        replace(one, reason=weak_control(one.value, concepts, bool(met - {one.axis}))) if one.met is False else one
        for one in controls
    ]


def correlation(first: Floats, second: Floats) -> tuple[float | None, tuple[float | None, float | None], int]:
    """Pearson's r over pairs that are both known, its 95 % interval by Fisher's z, and their number."""
    known = np.isfinite(first) & np.isfinite(second)
    x, y, n = first[known], second[known], int(known.sum())
    if n < 4 or not np.ptp(x) > 0 or not np.ptp(y) > 0:
        return None, (None, None), n
    r = float(np.clip(np.corrcoef(x, y)[0, 1], -1, 1))
    z, half = np.arctanh(np.clip(r, -1 + 1e-12, 1 - 1e-12)), Z / np.sqrt(n - 3)
    return r, (float(np.tanh(z - half)), float(np.tanh(z + half))), n


def _values(scores: ComponentScores, places: Ints, name: Score) -> Floats:
    """One score of some concepts, NaN where it is missing."""
    values = (scores.statistic(int(c), name).value for c in places)
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
