"""The outcomes of an image: each has a meaning, and what follows from one does not contradict what follows from it else."""

from mcas_assets.core.outcomes import FATAL, MEANINGS, OUTCOMES, REFUSED, RETRYABLE, SETTLED


def test_every_outcome_has_a_meaning():
    assert tuple(MEANINGS) == OUTCOMES


def test_what_is_settled_is_neither_asked_again_nor_ends_a_run():
    assert REFUSED < SETTLED
    assert not SETTLED & (RETRYABLE | FATAL)
