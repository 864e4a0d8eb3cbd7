"""Intervals whose coverage missed its level in simulation say so, as the page on changes has it."""

from pathlib import Path

from mcas_assets.scoring.changes.measured_coverage import COVERAGE, PAIRS, SHARES, coverage_note

PAGE = Path(__file__).parents[3] / "docs" / "explanation" / "comparing.md"


def test_a_cell_outside_its_level_is_told_with_its_side_and_one_within_is_not():
    assert coverage_note(16, 0.5) is None
    assert (coverage_note(16, 0.25) or "").startswith(
        "narrower than its level asks: of 16 simulated pairs at a share of 0.25"
    )
    assert "held the change in 0.985" in (coverage_note(14, 0.11) or "")
    assert (coverage_note(8, 0.0) or "").startswith("wider")
    assert (coverage_note(8, 1.0) or "").startswith("wider")


def test_more_pairs_than_were_simulated_are_not_spoken_of():
    assert coverage_note(60, 0.0) is not None
    assert coverage_note(200, 0.0) is None


def test_the_figures_are_those_of_the_page():
    page = PAGE.read_text(encoding="utf-8")
    assert f"| pairs | {' | '.join(map(str, SHARES))} |" in page
    for pairs, row in zip(PAIRS, COVERAGE, strict=True):
        assert f"| {pairs} | {' | '.join(f'{cell:.3f}' for cell in row)} |" in page
