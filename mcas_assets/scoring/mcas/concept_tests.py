"""Permutation tests of single concepts: is a concept closer to one pole than to the other?

The labels of the attributes are permuted, as in the single-category test of WEAT (Caliskan et al. 2017); the
images and the prompt of the concept stay as they are, so the test is conditional on them. Labels of attribute
images and of attribute words are permuted independently, and MCAS, which uses both, adds the two up.
"""

from dataclasses import dataclass
from math import comb

import numpy as np

from mcas_assets.scoring.mcas.vectors import AuditVectors
from mcas_assets.scoring.stats.arrays import NO_SPREAD, Floats, unit_matrix
from mcas_assets.scoring.stats.permutation import (
    DRAWS,
    PermutationTests,
    count_extreme,
    permutation_tests,
    tie_tolerance,
)
from mcas_assets.scoring.stats.resampling import (
    EXACT_LIMIT,
    bit_stream,
    every_partition,
    is_enumerable,
    partition_masks,
)


@dataclass(frozen=True)
class ConceptTests:
    """Tests of c concepts; columns iias, itpas, itaas, ttas, mcas, differing. A NaN stands only beside a reason.

    Attributes:
        p_values: (c, 6) in (0, 1].
        reasons: (c)(6) why there is no p-value, or None.
        is_exact: (6,) whether every partition was counted.
    """

    p_values: Floats
    reasons: tuple[tuple[str | None, ...], ...]
    is_exact: tuple[bool, ...]


def concept_tests(
    vectors: AuditVectors,
    *,
    draws: int = DRAWS,
    seed: int = 0,
    exact_limit: int = EXACT_LIMIT,
) -> ConceptTests:
    """Test every component and MCAS of every concept against exchangeable attribute labels.

    Args:
        vectors: The embeddings of one axis.
        draws: As in `permutation_test`. All concepts share the draws.
        seed: As in `permutation_test`. All concepts share the draws.
        exact_limit: As in `permutation_test`. All concepts share the draws.

    Returns:
        The p-values, with a reason where a score is missing or nothing varies.

    Raises:
        ValueError: Bad vectors.
    """
    scores = vectors.scores()
    texts = vectors.mean_prompts()
    poles = [unit_matrix(p, "attribute images", texts.shape[1]) for p in (vectors.a_images, vectors.b_images)]
    words = [unit_matrix(w, "attribute words", texts.shape[1]) for w in (vectors.a_words, vectors.b_words)]
    means, both = scores.mean_images, scores.mean_images + texts
    split = [len(poles[0]), len(words[0])]
    images, tokens = np.concatenate(poles), np.concatenate(words)
    tests = [
        permutation_tests(targets @ attributes.T, n_a, draws=draws, seed=seed, exact_limit=exact_limit)
        for attributes, n_a in ((images, split[0]), (tokens, split[1]))
        for targets in (means, texts)
    ]
    for of_words in (both, means):
        tests.append(_sum_tests(both @ images.T, of_words @ tokens.T, split, draws, seed, exact_limit))
    return _gather(tests, scores.reasons)


def _gather(tests: list[PermutationTests], missing: tuple[tuple[str | None, ...], ...]) -> ConceptTests:
    """One table of the tests of all columns, with the reasons of the scores before those of the tests."""
    p_values = np.stack([test.p_values for test in tests], axis=1)
    reasons = []
    for c, row in enumerate(missing):
        sums = [next((r for r in row if r), None), next((r for r in row[:3] if r), None)]
        reasons.append(tuple(own or tests[k].reasons[c] for k, own in enumerate([*row, *sums])))
    is_missing = np.array([[reason is not None for reason in row] for row in reasons], dtype=bool).reshape(
        p_values.shape
    )
    return ConceptTests(
        np.where(is_missing, np.nan, p_values), tuple(reasons), tuple(bool(test.is_exact) for test in tests)
    )


def _sum_tests(
    first: Floats, second: Floats, split: list[int], draws: int, seed: int, exact_limit: int
) -> PermutationTests:
    """Tests of the sum of two differences of means whose labels are permuted independently.

    Args:
        first: (k, n) cosines with the attribute images, those of pole A in the first `split[0]` columns.
        second: (k, m) cosines with the attribute words, those of pole A in the first `split[1]` columns.
        split: Size of pole A in each.
        draws: As in `permutation_test`.
        seed: As in `permutation_test`.
        exact_limit: As in `permutation_test`.
    """
    k = len(first)
    if not 0 < split[0] < first.shape[1] or not 0 < split[1] < second.shape[1]:
        return PermutationTests(np.full(k, np.nan), ("one of the two sets is empty",) * k, False)
    tables, observed, tolerance = [], np.zeros(k), np.zeros(k)
    for table, n_a in zip((first, second), split, strict=True):
        # Scaled so that the sum over the first set is the difference of the means.
        scaled = (table - table.mean(axis=1, keepdims=True)) * (1 / n_a + 1 / (table.shape[1] - n_a))
        observed += scaled[:, :n_a].sum(axis=1)
        tolerance += tie_tolerance(scaled, table * (1 / n_a + 1 / (table.shape[1] - n_a)))
        tables.append(np.ascontiguousarray(scaled.T))
    sizes = [(len(table), n_a) for table, n_a in zip(tables, split, strict=True)]
    ways = [comb(n, size) for n, size in sizes]
    exact = ways[0] * ways[1] <= exact_limit and all(is_enumerable(*size, exact_limit) for size in sizes)
    counts = np.zeros(k, dtype=np.int64)
    if exact:
        null = [np.concatenate([m @ t for m in every_partition(*s)]) for t, s in zip(tables, sizes, strict=True)]
        for row in null[0]:
            counts += count_extreme(null[1] + row, observed, tolerance)
        total = ways[0] * ways[1]
    else:
        masks = [
            partition_masks(*size, draws, bit_stream(seed, f"sum {place} {size}")) for place, size in enumerate(sizes)
        ]
        for one, two in zip(*masks, strict=True):
            counts += count_extreme(one @ tables[0] + two @ tables[1], observed, tolerance)
        counts, total = counts + 1, draws + 1
    flat = (first.std(axis=1) < NO_SPREAD) & (second.std(axis=1) < NO_SPREAD)
    p_values = np.where(flat, np.nan, counts / total)
    reasons = tuple("zero variance" if f else None for f in flat)
    return PermutationTests(p_values, reasons, exact)
