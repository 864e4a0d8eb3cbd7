"""Every rule is shown to fail, by one bad frame that breaks it and no other; an empty frame always fails."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
import pytest

from mcas_assets.quality import comparison_frames, frames
from mcas_assets.quality.adapter import validate
from mcas_assets.quality.rules import SUITES

Change = Callable[[pl.DataFrame], pl.DataFrame]


@dataclass(frozen=True)
class Bad:
    """A frame that breaks `rule`, and unavoidably `also`."""

    table: str
    rule: str
    change: Change
    also: Sequence[str] = ()


def first(**values: Any) -> Change:
    """The frame with other values in its first row."""

    def change(frame: pl.DataFrame) -> pl.DataFrame:
        is_first = pl.int_range(pl.len()) == 0
        return frame.with_columns(
            pl.when(is_first).then(pl.lit(value)).otherwise(pl.col(name)).alias(name) for name, value in values.items()
        )

    return change


def last_as_first(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with its first row in place of its last."""
    return pl.concat([frame.head(-1), frame.head(1)])


def shorter(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.head(-1)


def rebuilt(build: Change, **values: Any) -> Change:
    """Other values in the first row, before the columns that the rules look at are derived."""
    return lambda frame: build(first(**values)(frame))


NAN = float("nan")


def everywhere(**values: Any) -> Change:
    """The attributions with other values in all rows."""
    return lambda frame: comparison_frames.attributions(frame.with_columns(**values))


BAD = [
    Bad("plan", "has rows", lambda frame: frame.clear()),
    *(
        Bad("plan", f"{name} is present", first(**{name: None}))
        for name in ("prompt_id", "prompt", "replicate", "seed", "batch_id")
    ),
    Bad("plan", "role is present", first(role=None), also=["concept is named"]),
    Bad("plan", "each request once", last_as_first),
    Bad("plan", "role is known", first(role="target", concept="nurse")),
    Bad("plan", "attribute has an axis", first(axis=None)),
    Bad("plan", "attribute has a pole", rebuilt(frames.plan, pole=None)),
    Bad("plan", "concept is named", lambda frame: first(concept=None)(frame.reverse())),
    Bad("plan", "seed has 31 bits", first(seed=2**31)),
    Bad("plan", "replicate counts from 0", first(replicate=-1)),
    Bad("texts", "has rows", lambda frame: frame.clear()),
    Bad("texts", "text_id is present", first(text_id=None)),
    Bad("texts", "text is present", rebuilt(frames.texts, text=" ")),
    Bad("texts", "each use of a text once", last_as_first),
    Bad("texts", "kind is known", rebuilt(frames.texts, kind=None)),
    Bad("texts", "group text has an axis", first(kind="group", axis=None, concept="man")),
    Bad("texts", "group text names its group", first(kind="group")),
    Bad("images", "as many rows as planned", shorter),
    Bad(
        "images",
        "every planned request has an image row",
        first(image_id=None, outcome=None, outcome_or_missing="missing", sha256=None, file_exists=False),
    ),
    Bad("images", "each request once", last_as_first),
    Bad("images", "outcome is known", first(outcome="fine", outcome_or_missing="fine", reason="?")),
    Bad("images", "without image there is a reason", first(outcome="timeout", outcome_or_missing="timeout")),
    Bad("images", "image has a file", first(file_exists=False)),
    Bad("images", "file has the stated digest", first(digest_agrees=False)),
    Bad("images", "file is an image", first(decodable=False)),
    Bad("images", "image has the stated size", first(decoded_size="8x9")),
    Bad(
        "images",
        "nine in ten requests gave an image",
        lambda frame: frame.with_columns(
            outcome=pl.lit("blanked"), outcome_or_missing=pl.lit("blanked"), reason=pl.lit("?")
        ),
    ),
    Bad("images", "imported and generated images never share a version", first(is_mixed=True)),
    Bad("import_account", "no row but those of the account", shorter),
    Bad("import_account", "each prompt of the set once a use", last_as_first),
    Bad("import_account", "every use of a prompt matched or is lacking", first(match_or_missing="missing")),
    Bad("import_account", "a match names its prompt", first(prompt_id_or_missing="missing")),
    Bad("import_account", "every record that counts is an image row", first(n_images=3)),
    Bad("import_account", "every record has an outcome", first(n_outcomes=3)),
    Bad("import_account", "what is lacking has no record", first(n_lacking=1)),
    Bad("import_account", "without a match there is a detail", lambda frame: first(detail=None)(frame.reverse())),
    Bad("import_account", "the set has every prompt of the audit", first(is_lacking=True)),
    Bad("embeddings", "as many rows as images and texts", shorter),
    Bad("embeddings", "each content once", last_as_first),
    Bad("embeddings", "every content has a vector", first(dim=None, norm=None, is_finite=None)),
    Bad("embeddings", "vector has the embedder's length", first(dim=256)),
    Bad("embeddings", "vector is finite", first(is_finite=False, norm=None)),
    Bad("embeddings", "vector has unit norm", first(norm=1.002)),
    Bad("scores", "one row for each axis, embedder and concept", shorter),
    Bad("scores", "each score once", last_as_first),
    *(
        Bad("scores", f"{name} is present", first(**{name: None}))
        for name in ("system_version", "audit", "axis", "embedder", "concept")
    ),
    Bad("scores", "n_images is a count", rebuilt(frames.scores, n_images=-1)),
    Bad("scores", "null score has a reason", rebuilt(frames.scores, mcas=None)),
    Bad("scores", "no score is NaN", rebuilt(frames.scores, iias=NAN)),
    *(Bad("scores", f"{name} within bounds", first(**{name: -2.1})) for name in ("iias", "itpas", "itaas", "ttas")),
    Bad("scores", "mcas within bounds", first(mcas=8.1)),
    Bad("scores", "components sum to mcas", rebuilt(frames.scores, mcas=0.15001)),
    Bad("scores", "differing is mcas without ttas", rebuilt(frames.scores, differing=0.16)),
    Bad("scores", "mcas interval is ordered", first(mcas_low=0.3)),
    Bad("scores", "adjusted interval is ordered", first(adjusted_low=0.3)),
    *(Bad("scores", f"{name} in (0, 1]", first(**{name: 0.0})) for name in ("p_value", "q_value")),
    *(Bad("scores", f"{name} in (0, 1]", first(**{name: 1.1})) for name in ("p_value", "q_value")),
    Bad("components", "one row for each score and component", shorter),
    Bad("components", "each component once", last_as_first),
    Bad("components", "component is known", rebuilt(frames.components, component="wsas")),
    Bad("components", "null value has a reason", rebuilt(frames.components, value=None)),
    Bad("components", "no value is NaN", rebuilt(frames.components, value=NAN)),
    Bad("components", "value within bounds", first(value=2.1)),
    Bad("components", "interval is ordered", first(low=0.3)),
    Bad("components", "p_value in (0, 1]", first(p_value=0.0)),
    Bad("scores", "sign_agreement within [0, 1]", first(sign_agreement=1.1)),
    Bad("panel", "one row for each axis", shorter),
    Bad("panel", "each axis once", last_as_first),
    Bad("panel", "axis is present", first(axis=None)),
    Bad("panel", "stable concepts are among those scored", first(n_stable=4)),
    Bad("panel", "rank_agreement within [0, 1]", first(rank_agreement=1.1)),
    Bad("panel", "lowest_correlation within [-1, 1]", first(lowest_correlation=-1.1)),
    Bad("panel", "null agreement has a reason", rebuilt(frames.panel, rank_agreement=None)),
    Bad("panel", "no agreement is NaN", rebuilt(frames.panel, lowest_correlation=NAN)),
    Bad("representation", "one row for each axis, labeller, concept and group", shorter),
    Bad("representation", "each share once", last_as_first),
    *(
        Bad("representation", f"{name} is present", first(**{name: None}))
        for name in ("system_version", "audit", "axis", "concept", "group_name")
    ),
    Bad("representation", "labels are known", first(labels="guess", labels_or_missing="guess")),
    Bad("representation", "zero-shot names its embedder", first(embedder=None)),
    Bad("representation", "every requested image is accounted for", rebuilt(frames.representation, n_missing=0)),
    Bad("representation", "groups hold the counted images", rebuilt(frames.representation, n_group=2)),
    *(
        Bad("representation", f"{name} counts from 0", first(**{name: -1}))
        for name in ("n_missing", "n_abstained", "n_group", "n_known")
    ),
    Bad("representation", "null share has a reason", rebuilt(frames.representation, share=None)),
    Bad("representation", "null corrected share has a reason", rebuilt(frames.representation, corrected_share=None)),
    Bad("representation", "no share is NaN", rebuilt(frames.representation, share_best=NAN)),
    *(
        Bad("representation", f"{name} within [0, 1]", first(**{name: value}))
        for name, value in (("share_low", -0.1), ("share_high", 1.1), ("corrected_low", -0.1), ("corrected_high", 1.1))
    ),
    Bad("representation", "shares sum to 1", rebuilt(frames.representation, share=0.31)),
    Bad("representation", "corrected shares sum to 1", rebuilt(frames.representation, corrected_share=0.21)),
    Bad("representation", "share lies in its interval", rebuilt(frames.representation, share_low=0.31)),
    Bad("representation", "corrected share lies in its interval", rebuilt(frames.representation, corrected_high=None)),
    Bad("representation", "worst is at most best", first(share_worst=0.95)),
    Bad("representation", "some labeller counts half of the images", first(best_counted=0.4)),
    Bad("amplification", "one row for each share and population", shorter),
    Bad("amplification", "each comparison once", last_as_first),
    *(Bad("amplification", f"{name} is present", first(**{name: None})) for name in ("population", "locale", "source")),
    Bad("amplification", "reference within [0, 1]", lambda frame: first(reference=1.1)(frame.reverse())),
    Bad("amplification", "difference is share less reference", rebuilt(frames.amplification, difference=-0.29)),
    Bad("amplification", "difference interval is ordered", first(difference_low=0.0)),
    Bad("amplification", "directional within [-1, 1]", first(directional=1.1)),
    Bad(
        "amplification", "verdict follows from the interval", rebuilt(frames.amplification, verdict="over-represented")
    ),
    Bad("amplification", "verdict follows from the interval", rebuilt(frames.amplification, verdict=None)),
    Bad("amplification", "null difference has a reason", rebuilt(frames.amplification, log_odds=None)),
    Bad("amplification", "null directional has a reason", rebuilt(frames.amplification, directional=None)),
    Bad("amplification", "no difference is NaN", rebuilt(frames.amplification, log_odds=NAN)),
    Bad("divergence", "one row for each concept, population and kind", shorter),
    Bad("divergence", "each divergence once", last_as_first),
    Bad("divergence", "kind is known", rebuilt(frames.divergence, kind=None)),
    Bad("divergence", "value within [0, 1]", first(value=1.1)),
    Bad("divergence", "every value has its floor", first(floor=None)),
    Bad("divergence", "floor within [0, 1]", first(floor=1.1)),
    Bad("divergence", "excess is value less floor", rebuilt(frames.divergence, excess=0.2)),
    *(Bad("divergence", f"{name} in (0, 1]", first(**{name: 0.0})) for name in ("p_value", "q_value")),
    *(Bad("divergence", f"{name} in (0, 1]", first(**{name: 1.1})) for name in ("p_value", "q_value")),
    Bad("divergence", "null value has a reason", rebuilt(frames.divergence, value=None)),
    Bad("divergence", "no value is NaN", rebuilt(frames.divergence, p_value=NAN)),
    Bad("refusals", "one row for each subject", shorter),
    Bad("refusals", "each subject once", last_as_first),
    *(Bad("refusals", f"{name} is present", first(**{name: None})) for name in ("system_version", "audit")),
    Bad("refusals", "scope is known", rebuilt(frames.refusals, scope=None)),
    Bad("refusals", "every requested image is accounted for", rebuilt(frames.refusals, n_lost=1)),
    *(
        Bad("refusals", f"{name} counts from 0", first(**{name: -1}))
        for name in ("n_prompts", "n_given", "n_refused", "n_lost")
    ),
    Bad("refusals", "rate is refused by decided", rebuilt(frames.refusals, rate=0.2)),
    Bad("refusals", "null rate has a reason", rebuilt(frames.refusals, rate=None)),
    Bad("refusals", "no rate is NaN", rebuilt(frames.refusals, rate_most=NAN)),
    Bad("refusals", "rate lies in its interval", rebuilt(frames.refusals, rate_low=0.3)),
    Bad("refusals", "rate lies in its interval", rebuilt(frames.refusals, rate_high=None)),
    Bad("refusals", "rate_low within [0, 1]", first(rate_low=-0.1)),
    Bad("refusals", "rate_high within [0, 1]", first(rate_high=1.1)),
    Bad("refusals", "least is at most most", first(rate_least=0.5)),
    Bad("refusals", "n_effective is at most the decided", rebuilt(frames.refusals, n_effective=9.0)),
    Bad(
        "refusals",
        "nine in ten requests were decided",
        lambda frame: first(share_lost=0.2)(frame.reverse()),
    ),
    Bad("refusal_disparities", "one row for each subject and what it is held against", shorter),
    Bad("refusal_disparities", "each disparity once", last_as_first),
    Bad("refusal_disparities", "against is known", rebuilt(frames.refusal_disparities, against=None)),
    Bad(
        "refusal_disparities", "difference is rate less the other", rebuilt(frames.refusal_disparities, difference=0.1)
    ),
    Bad(
        "refusal_disparities",
        "difference lies in its interval",
        rebuilt(frames.refusal_disparities, difference_low=None),
    ),
    Bad("refusal_disparities", "difference_low within [-1, 1]", first(difference_low=-1.1)),
    Bad("refusal_disparities", "difference_high within [-1, 1]", first(difference_high=1.1)),
    Bad("refusal_disparities", "ratio is rate by the other", rebuilt(frames.refusal_disparities, ratio=4.0)),
    Bad("refusal_disparities", "test names its unit", rebuilt(frames.refusal_disparities, unit=None)),
    *(Bad("refusal_disparities", f"{name} in (0, 1]", first(**{name: 0.0})) for name in ("p_value", "q_value")),
    *(Bad("refusal_disparities", f"{name} in (0, 1]", first(**{name: 1.1})) for name in ("p_value", "q_value")),
    Bad("refusal_disparities", "null difference has a reason", rebuilt(frames.refusal_disparities, difference=None)),
    Bad("refusal_disparities", "null ratio has a reason", rebuilt(frames.refusal_disparities, ratio=None)),
    Bad("refusal_disparities", "no disparity is NaN", rebuilt(frames.refusal_disparities, q_value=NAN)),
    Bad("canary", "one row more than before", shorter),
    Bad("canary", "each window once", last_as_first),
    Bad("canary", "window_name is present", first(window_name=None)),
    Bad("canary", "windows count from 1", first(window_number=0)),
    Bad("canary", "every answer is accounted for", rebuilt(frames.canary, n_lost=1)),
    Bad(
        "canary",
        "verdict is known",
        rebuilt(frames.canary, verdict="model changed"),
        also=["verdict follows from the p-value"],
    ),
    Bad("canary", "verdict follows from the p-value", rebuilt(frames.canary, verdict="behaviour changed")),
    Bad("canary", "distance within [0, 2 sqrt 2]", first(energy_distance=2.9)),
    Bad("canary", "p_value in (0, 1]", first(p_value=0.0)),
    Bad("canary", "null distance has a reason", rebuilt(frames.canary, reason=None)),
    Bad("canary", "no value is NaN", rebuilt(frames.canary, energy_distance=NAN)),
    Bad("canary", "half of what was asked was answered", rebuilt(frames.canary, n_images=7, n_lost=9)),
    *(
        bad
        for table in ("comparisons", "share_comparisons", "refusal_comparisons")
        for again in (getattr(comparison_frames, table),)
        for bad in (
            Bad(table, "verdict is known", rebuilt(again, verdict="moved")),
            Bad(table, "null number has a reason", rebuilt(again, verdict="not shown", q_value=None)),
            Bad(table, "no number is NaN", rebuilt(again, minimum_detectable=NAN)),
            Bad(table, "after is this version", first(after="s@3")),
            Bad(table, "difference lies in its interval", rebuilt(again, low=-0.2)),
            Bad(table, "a change is shown", rebuilt(again, q_value=None, reason="?")),
            Bad(table, "p_value in (0, 1]", first(p_value=0.0)),
            Bad(table, "q_value in (0, 1]", first(q_value=1.1)),
            Bad(table, "p_value is at most q_value", first(p_value=0.03)),
            Bad(table, "minimum_detectable above 0", first(minimum_detectable=0.0)),
            Bad(table, "each comparison once", last_as_first),
            Bad(table, "before is present", first(before=None)),
        )
    ),
    Bad("comparisons", "one row for each pair, axis, embedder, concept and component", shorter),
    *(Bad("comparisons", f"{name} is present", first(**{name: None})) for name in ("axis", "embedder", "concept")),
    Bad("comparisons", "component is known", rebuilt(comparison_frames.comparisons, component="ttas")),
    Bad("comparisons", "pairs are among the images of both", rebuilt(comparison_frames.comparisons, n_pairs=9)),
    Bad("comparisons", "difference is after less before", rebuilt(comparison_frames.comparisons, value_after=0.21)),
    Bad("comparisons", "noise_band counts from 0", first(noise_band=-0.1)),
    Bad("share_comparisons", "one row for each pair, axis, labeller, concept, group and measure", shorter),
    Bad("share_comparisons", "measure is known", rebuilt(comparison_frames.share_comparisons, measure="part")),
    Bad(
        "share_comparisons",
        "pairs that differ are among the pairs",
        rebuilt(comparison_frames.share_comparisons, n_pairs=4),
    ),
    Bad(
        "share_comparisons",
        "difference is after less before",
        rebuilt(comparison_frames.share_comparisons, value_after=0.7),
    ),
    Bad(
        "share_comparisons",
        "difference within [-1, 1]",
        first(difference=-1.1, low=-1.2, is_difference_in_interval=True),
    ),
    Bad("refusal_comparisons", "one row for each pair and subject", shorter),
    Bad("refusal_comparisons", "role is known", rebuilt(comparison_frames.refusal_comparisons, role="target")),
    Bad("refusal_comparisons", "refusals balance", rebuilt(comparison_frames.refusal_comparisons, n_refused_after=2)),
    Bad("refusal_comparisons", "difference within [-1, 1]", first(difference=-1.1)),
    Bad("comparison_summary", "one row for each pair, axis and embedder, and one over all", shorter),
    Bad("comparison_summary", "each summary once", last_as_first),
    Bad("comparison_summary", "after is this version", first(after="s@3")),
    Bad("comparison_summary", "changed concepts are among those compared", first(n_concepts=0)),
    Bad(
        "comparison_summary",
        "changed concepts have a direction",
        rebuilt(comparison_frames.comparison_summary, n_towards_a=1),
    ),
    Bad("comparison_summary", "any_p_value in (0, 1]", first(any_p_value=0.0)),
    Bad("comparison_summary", "mean interval is ordered", first(mean_low=0.2)),
    Bad("comparison_summary", "lean interval is ordered", first(lean_low=0.2)),
    Bad("comparison_summary", "verdict is known", rebuilt(comparison_frames.comparison_summary, verdict=None)),
    Bad(
        "comparison_summary",
        "null number has a reason",
        rebuilt(comparison_frames.comparison_summary, any_p_value=None),
    ),
    Bad("comparison_summary", "no number is NaN", rebuilt(comparison_frames.comparison_summary, mean_high=NAN)),
    Bad("comparison_factors", "has rows", lambda frame: frame.clear()),
    Bad("comparison_factors", "each factor once", last_as_first),
    Bad("comparison_factors", "kind is known", rebuilt(comparison_frames.comparison_factors, kind="fate")),
    Bad("comparison_factors", "a factor differs", rebuilt(comparison_frames.comparison_factors, value_after="a")),
    Bad(
        "comparison_factors",
        "what cannot be replayed has a reason",
        rebuilt(comparison_frames.comparison_factors, is_replayable=False),
    ),
    Bad("attributions", "has rows", lambda frame: frame.clear()),
    Bad("attributions", "each effect once", last_as_first),
    Bad("attributions", "before is present", first(before=None)),
    Bad("attributions", "after is this version", first(after="s@9")),
    Bad(
        "attributions",
        "every factor has an effect on the same concepts",
        lambda frame: comparison_frames.attributions(frame.head(3)),
    ),
    Bad(
        "attributions",
        "effect lies in its interval",
        lambda frame: comparison_frames.attributions(frame.with_columns(high=-1.0)),
    ),
    Bad(
        "attributions",
        "share lies in its interval",
        lambda frame: comparison_frames.attributions(frame.with_columns(share_high=-1.0)),
    ),
    Bad("attributions", "shares sum to 1", rebuilt(comparison_frames.attributions, share=0.8)),
    Bad("attributions", "p_value in (0, 1]", first(p_value=0.0)),
    Bad("attributions", "q_value in (0, 1]", first(q_value=1.5)),
    Bad("attributions", "p_value is at most q_value", lambda frame: frame.with_columns(p_value=pl.lit(0.5))),
    Bad("attributions", "null number has a reason", everywhere(effect=None)),
    Bad("attributions", "no number is NaN", rebuilt(comparison_frames.attributions, p_value=NAN)),
]


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: f"{bad.table}: {bad.rule}")
def test_a_bad_frame_breaks_its_rule_and_no_other(bad, good, facts):
    results = validate(bad.change(good[bad.table]), bad.table, facts[bad.table])
    assert {result.rule: result.outcome for result in results if not result.success} == dict.fromkeys(
        [bad.rule, *bad.also], "fail"
    )


@pytest.mark.parametrize("table", SUITES)
def test_a_good_frame_breaks_no_rule_and_every_rule_reports(table, good, facts):
    results = validate(good[table], table, facts[table])
    assert [(result.rule, result.outcome) for result in results] == [(rule.name, "pass") for rule in SUITES[table]]


@pytest.mark.parametrize("table", SUITES)
def test_an_empty_frame_fails_on_its_count_of_rows(table, good, facts):
    results = validate(good[table].clear(), table, facts[table])
    assert results[0].outcome == "fail"
    assert results[0].expectation == "expect_table_row_count_to_be_between"
    assert results[0].blocking


@pytest.mark.parametrize("table", SUITES)
def test_an_empty_frame_fails_even_where_no_rows_are_expected(table, good):
    results = validate(good[table].clear(), table, {"expected_rows": 0})
    assert not results[0].success


def test_every_rule_has_a_frame_that_breaks_it():
    assert {(rule.table, rule.name) for rules in SUITES.values() for rule in rules} == {
        (bad.table, bad.rule) for bad in BAD
    }


def test_rules_have_unique_names_and_know_their_table():
    for table, rules in SUITES.items():
        assert len({rule.name for rule in rules}) == len(rules)
        assert {rule.table for rule in rules} == {table}


def test_a_warning_never_blocks():
    assert all(rule.blocking == (rule.severity == "critical") for rules in SUITES.values() for rule in rules)
