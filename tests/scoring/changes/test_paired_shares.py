"""Paired shares: published intervals, exact p by hand, coverage, and corrected shares."""

import numpy as np
import pytest

from mcas_assets.scoring.changes.paired_shares import Table, corrected_change, paired_share, paired_table
from mcas_assets.scoring.shares.label_error import corrected_shares
from tests.known import known


def test_pairs_are_counted_by_where_the_versions_agree():
    before, after = np.array([1, 1, 0, 0, 1]), np.array([1, 0, 1, 0, 1])
    assert paired_table(before, after) == Table(2, 1, 1, 1)
    with pytest.raises(ValueError, match="same pairs"):
        paired_table(before, after[:4])


def test_the_interval_is_that_of_newcombe():
    """36, 2, 12 and 0 pairs, a table of Newcombe (1998); his formula by hand: Wilson ends, phi = (0 x 36 - 2 x 12) / sqrt(...)."""
    change = paired_share(Table(36, 2, 12, 0))
    assert change.difference == pytest.approx(0.2)
    assert (change.low, change.high) == pytest.approx((0.0569, 0.3404), abs=1e-4)


def test_the_p_value_counts_half_of_what_is_as_extreme():
    """By hand: 0 of 5 pairs, 1 of 5, 3 of 6 (McNemar's mid-p)."""
    assert paired_share(Table(3, 0, 5, 8)).p_value == pytest.approx(1 / 2**5)
    assert paired_share(Table(3, 1, 4, 8)).p_value == pytest.approx(2 * (1 + 5 / 2) / 2**5)
    assert paired_share(Table(3, 3, 3, 8)).p_value == 1.0


def test_pairs_that_never_differ_show_nothing_and_could_have_missed_little():
    change = paired_share(Table(0, 0, 0, 64))
    assert (change.difference, change.p_value) == (0.0, 1.0)
    assert 0 < known(change.minimum_detectable) < 0.1
    assert known(change.low) < 0 < known(change.high)


def test_too_few_pairs_have_a_reason():
    assert paired_share(Table(0, 0, 0, 0)).reason == "no pair"
    assert paired_share(Table(1, 1, 1, 1)).reason == "fewer than 5 independent images"


def test_swapping_the_versions_turns_the_interval():
    there, back = paired_share(Table(9, 2, 7, 14)), paired_share(Table(9, 7, 2, 14))
    assert (there.low, there.high) == pytest.approx((-known(back.high), -known(back.low)))


@pytest.mark.parametrize("shares", [(0.1, 0.1), (0.5, 0.8), (0.9, 0.6)])
def test_the_interval_covers_and_the_test_keeps_its_level(shares):
    generator = np.random.default_rng(7)
    covered, alarms = [], []
    for _ in range(400):
        common = generator.random(32)
        table = paired_table(
            common < shares[0], np.where(generator.random(32) < 0.6, common, generator.random(32)) < shares[1]
        )
        change = paired_share(table)
        covered.append(change.low <= shares[1] - shares[0] <= change.high)
        alarms.append(known(change.p_value) <= 0.05)
    assert np.mean(covered) >= 0.93
    if shares[0] == shares[1]:
        assert np.mean(alarms) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 400)


def test_a_corrected_change_is_wider_than_the_labels_and_shows_what_they_show():
    confusion = np.array([[30, 2], [3, 29]])
    apart = corrections([28, 4], [12, 20], confusion)
    change = corrected_change(*apart[0], 1, Table(4, 0, 16, 12), apart[1])
    assert known(change.low) < known(change.difference) < known(change.high)
    assert known(change.low) > 0
    assert known(change.p_value) < 0.05
    unpaired = corrected_change(*apart[0], 1, Table(2, 2, 18, 10), apart[1])
    assert known(unpaired.high) - known(unpaired.low) > known(change.high) - known(change.low)
    same = corrections([28, 4], [28, 4], confusion)
    again = corrected_change(*same[0], 1, Table(4, 0, 0, 28), same[1])
    assert (again.difference, again.p_value) == (0.0, 1.0)


@pytest.mark.parametrize("share", [0.2, 0.5])
def test_a_corrected_change_keeps_its_level_and_uses_the_pairs(share):
    """40 pairs that agree in four of five cases, labels right in 95 %: rejects a true null in 1 to 8 %, not in .1 %."""
    generator = np.random.default_rng(3)
    rejected = []
    for _ in range(600):
        known_images = [generator.multinomial(64, row) for row in ((0.95, 0.05), (0.05, 0.95))]
        old = generator.random(40) < share
        new = np.where(generator.random(40) < 0.8, old, generator.random(40) < share)
        labels = [one ^ (generator.random(40) < 0.05) for one in (old, new)]
        counts = [[int((~one).sum()), int(one.sum())] for one in labels]
        found = corrections(*counts, np.array(known_images))
        change = corrected_change(*found[0], 1, paired_table(*labels), found[1])
        rejected.append(known(change.p_value) <= 0.05)
    assert 0.01 <= np.mean(rejected) <= 0.08


def corrections(before, after, confusion):
    """Corrected shares of both versions, and the same as if the confusion matrix were certain."""
    return [[corrected_shares(counts, scale * confusion) for counts in (before, after)] for scale in (1, 1_000_000)]


def test_a_corrected_change_without_known_images_has_a_reason():
    nothing = corrected_shares([3, 5], [[0, 0], [3, 4]])
    assert (
        corrected_change(nothing, nothing, 0, Table(2, 2, 2, 2), (nothing, nothing)).reason
        == "no image of known group 0"
    )
