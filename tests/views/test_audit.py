"""What the terminal shows after an audit."""

from pathlib import Path

import polars as pl
import pytest
from rich.console import Console

from mcas_assets.core.errors import BadInput
from mcas_assets.measure.refusals import measure
from mcas_assets.views.audit import Truth, print_summary, refusal_lines, standing_line


def scores(**changes: list) -> pl.DataFrame:
    columns = {
        "axis": ["gender"] * 4, "embedder": ["phantom-balanced"] * 4, "category": ["occupations"] * 3 + ["neutral"],
        "concept": ["nurse", "ceo", "chef", "person"], "mcas": [-0.2, 0.1, 0.0, 0.01], "baseline": [0.01] * 4,
        "adjusted": [-0.21, 0.09, -0.01, 0.0], "adjusted_low": [-0.3, 0.02, -0.1, -0.1],
        "adjusted_high": [-0.1, 0.2, 0.1, 0.1], "mcas_low": [-0.28, 0.03, -0.1, -0.1],
        "mcas_high": [-0.12, 0.17, 0.1, 0.1], "reason": [None] * 4, "stable": [True, False, False, True],
        "sign_agreement": [1.0, 0.5, 1.0, 1.0],
        "iias": [-0.1, 0.05, 0.0, 0.0], "itpas": [-0.05, 0.02, 0.01, 0.0], "itaas": [-0.04, 0.02, 0.0, 0.0],
        "ttas": [-0.01, 0.01, -0.01, 0.01], "is_flagged": [True, True, False, None], "parity": [-0.02] * 4,
        "adjusted_q_value": [0.01, 0.02, 0.05, None],
        "estimand": ["these prompts"] * 4, "interval_method": ["mover"] * 3 + ["bootstrap"],
        "interval_note": [None, None, "one group only was seen", "several wordings: a bootstrap"],
    }  # fmt: skip
    return pl.DataFrame({**columns, **changes})


MEANS = pl.DataFrame({
    "axis": ["gender"], "embedder": ["phantom-balanced"], "n_concepts": [3], "mean_adjusted": [-0.04],
    "adjusted_low": [-0.1], "adjusted_high": [0.02], "estimand": ["these prompts"], "n_images": [48],
    "n_effective": [19.6], "reason": [None],
})  # fmt: skip


SHARES = pl.DataFrame({
    "axis": ["gender"] * 2, "labels": ["zero-shot"] * 2, "embedder": ["phantom-balanced"] * 2,
    "concept": ["nurse"] * 2, "group_name": ["woman", "man"],
    "share": [0.75, 0.25], "share_low": [0.5, 0.1], "share_high": [0.9, 0.5], "n_group": [12, 4], "n_counted": [16, 16],
})  # fmt: skip


def shown(
    tiny,
    frame: pl.DataFrame,
    truth: Truth | None = None,
    means: pl.DataFrame = MEANS,
    shares: pl.DataFrame = SHARES,
    width: int = 140,
    colours: bool = False,
) -> str:
    console = Console(width=width, force_terminal=colours, color_system="standard" if colours else None)
    of_one_axis = tiny.model_copy(update={"axes": {"gender": tiny.axes["gender"]}})
    with console.capture() as captured:
        print_summary(console, of_one_axis, frame, means, shares, truth)
    return captured.get()


def test_bars_point_to_the_pole_that_a_concept_leans_to(tiny):
    lines = {line.split()[0]: line for line in shown(tiny, scores()).splitlines() if line.strip()}
    left, right = lines["nurse"].split("│")
    assert "█" in left
    assert "█" not in right
    left, right = lines["ceo"].split("│")
    assert "█" in right
    assert "█" not in left


def test_the_longest_bar_is_the_largest_lean_and_the_others_are_to_scale(tiny):
    lines = {line.split()[0]: line for line in shown(tiny, scores()).splitlines() if line.strip()}
    assert lines["nurse"].count("█") == 12
    assert lines["ceo"].count("█") == 5


def test_neutral_prompts_are_a_note_and_not_a_row(tiny):
    text = shown(tiny, scores())
    assert "the model's default +0.010" in text
    assert "Zero point of parity -0.020" in text
    assert not any(line.split()[:1] == ["person"] for line in text.splitlines())


def test_a_concept_on_which_the_panel_disagrees_is_marked(tiny):
    lines = {line.split()[0]: line for line in shown(tiny, scores()).splitlines() if line.strip()}
    assert "unstable" in lines["ceo"]
    assert "agrees" in lines["nurse"]
    assert "unsure" in lines["chef"]


def test_a_concept_without_a_score_says_so(tiny):
    frame = scores(mcas=[None, 0.1, 0.0, 0.01], adjusted=[None, 0.09, -0.01, 0.0])
    assert "not scored" in shown(tiny, frame)


def test_each_score_stands_beside_its_interval_and_a_missing_one_is_said_to_be_missing(tiny):
    frame = scores(adjusted_low=[-0.3, None, -0.1, 0.0], adjusted_high=[-0.1, None, 0.1, 0.0])
    lines = {line.split()[0]: line for line in shown(tiny, frame).splitlines() if line.strip()}
    assert "-0.30 to -0.10" in lines["nurse"]
    assert "none" in lines["ceo"]


def test_what_the_intervals_speak_of_and_how_they_were_made_is_a_note(tiny):
    text = " ".join(shown(tiny, scores()).split())
    assert "2 of 3 concepts are not 0 with all taken together (bright bars; by chance 0.05 an audit); 3 have q" in text
    assert "Intervals speak of these prompts" in text
    assert "1 of 4 intervals are a bootstrap's: see interval_note" in text
    assert "1 rest on images of one group only: see interval_note" in text
    assert "-0.10 to +0.10* " in text  # beside the number itself
    surer = shown(tiny, scores(interval_method=["mover"] * 4, interval_note=[None] * 4))
    assert "see interval_note" not in surer


def test_a_mean_stands_beside_what_its_images_are_worth(tiny):
    text = shown(tiny, scores())
    assert "Mean adjusted over 3 concepts -0.040 (-0.10 to +0.02, these prompts)" in text
    assert "48 images, as sure as 20 that share no seed" in text
    without = MEANS.with_columns(mean_adjusted=pl.lit(None, pl.Float64), reason=pl.lit("no image"))
    assert "Mean over 3 concepts: none, no image." in shown(tiny, scores(), means=without)
    assert "Mean" not in shown(tiny, scores(), means=MEANS.head(0))


def test_a_lean_that_is_not_flagged_is_drawn_faint(tiny):
    text = shown(tiny, scores(), colours=True)
    bars = {line.split()[0]: line for line in text.splitlines() if "▌" in line or "█" in line or "▐" in line}
    faint = "\x1b[2;35m"
    assert faint in bars["chef"]
    assert faint not in bars["nurse"]


def test_known_shares_stand_beside_the_scores_with_their_correlation(tiny):
    truth = Truth(
        pl.DataFrame({
            "axis": ["gender"] * 3, "concept": ["nurse", "ceo", "chef"], "group": ["woman"] * 3,
            "planted": [0.9, 0.08, 0.25], "realised": [0.88, 0.1, 0.3],
        })
    )  # fmt: skip
    text = shown(tiny, scores(), truth)
    assert "90 %" in text
    assert "88 %" in text
    assert "MCAS +1.00" in text


def test_a_truth_file_without_a_column_is_refused(tmp_path: Path):
    (tmp_path / "truth.csv").write_text("# a comment\naxis,concept\ngender,nurse\n")
    with pytest.raises(BadInput, match="planted"):
        Truth.load(tmp_path / "truth.csv")


def test_a_truth_file_that_is_missing_is_refused(tmp_path: Path):
    with pytest.raises(BadInput, match="cannot be read"):
        Truth.load(tmp_path / "truth.csv")


def test_a_narrow_terminal_gets_fewer_columns_and_whole_words_but_the_number_and_its_interval(tiny):
    text = shown(tiny, scores(concept=["construction worker", "ceo", "chef", "person"]), width=80)
    assert "…" not in text
    assert "category" not in text
    assert max(map(len, text.splitlines())) <= 80
    (row,) = (line for line in text.splitlines() if "construction worker" in line)
    assert "-0.210 -0.30 to -0.10 agrees" in " ".join(row.split())


def test_without_a_zero_point_the_score_itself_stands_beside_its_interval(tiny):
    nothing = [None] * 4
    frame = scores(adjusted=nothing, adjusted_low=nothing, adjusted_high=nothing, baseline=nothing, parity=nothing)
    text = shown(tiny, frame, width=80)
    assert "adjusted" not in text.split("Mean")[0]
    assert "-0.200 -0.28 to -0.12" in " ".join(text.split())


def test_an_axis_without_a_score_says_why_and_shows_who_was_drawn(tiny):
    frame = scores(mcas=[None] * 4, adjusted=[None] * 4, reason=["no image of pole b"] * 4)
    text = shown(tiny, frame, width=80)
    assert "gender: no score. No image of pole b." in text
    assert "nurse woman ████████████ 75 % 50 to 90 % 12 of 16" in {" ".join(line.split()) for line in text.splitlines()}
    assert "no score" in shown(tiny, frame, shares=SHARES.clear())


def test_what_was_refused_is_said_and_whom_it_befell(tiny, pictures):
    found = measure(tiny, pictures(tiny, gender_b="pppppp"))
    (line,) = refusal_lines(tiny, found.refusals, found.disparities)  # one prompt a pole: not tested
    assert line.startswith("Refused: 6 of 42 images, 14 % (")
    tested = found.disparities.with_columns(q_value=pl.when(pl.col("difference") > 0.9).then(0.01))
    _, second = refusal_lines(tiny, found.refusals, tested)
    assert second.startswith("Refused more: pole woman 100 %, other pole 0 %; group woman 100 %, other groups 0 %")


def test_refusals_without_a_pattern_are_said_to_be_so_and_none_at_all_are_no_line(tiny, pictures):
    few = measure(tiny, pictures(tiny, gender_b="pooooo"))
    (line,) = refusal_lines(tiny, few.refusals, few.disparities)
    assert "1 of 42 images, 2 %" in line
    assert "No pole, group, category or concept was shown" in line
    none = measure(tiny, pictures(tiny))
    assert refusal_lines(tiny, none.refusals, none.disparities) == []


@pytest.mark.parametrize(
    ("rows", "line"),
    [
        ([("confirmatory", None)], "Confirmatory: what it was made by was on record before"),
        ([("confirmatory", None), ("exploratory", "3 images had been drawn")], "Exploratory: 3 images had been drawn."),
        ([(None, None)], "Exploratory: it was made before declarations"),
        ([], "Exploratory: it was made before declarations"),
    ],
)
def test_it_is_said_whether_a_result_was_declared_before_the_first_image(rows, line):
    frame = pl.DataFrame(rows, schema={"standing": pl.String, "standing_reason": pl.String}, orient="row")
    assert standing_line(frame).startswith(line)
