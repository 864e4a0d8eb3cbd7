"""A policy is read as strictly as an audit: every mistake is named with file, line, key and remedy."""

from pathlib import Path

import pytest

from mcas_assets.core.errors import BadInput
from mcas_assets.declare.audit import list_audits, load_audit
from mcas_assets.declare.mistakes import BadDocument
from mcas_assets.policy.load import list_policies, load_policy, require_fit
from mcas_assets.policy.requirements import KINDS_OF_REQUIREMENTS

GOOD = """\
policy: mine
title: Mine
audits: [tiny]
requirements:
  - {requirement: lean, kind: association, beyond: 0.5}
  - {requirement: shares, kind: share, groups: [woman], least: 0.2, most: 0.8}
"""


def write(folder: Path, *changes: tuple[str, str]) -> Path:
    text = GOOD
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = folder / "mine.yaml"
    path.write_text(text)
    return path


@pytest.mark.parametrize("name", list_policies())
def test_a_shipped_policy_is_read_and_fits_every_audit_that_it_names(name):
    policy = load_policy(name)
    assert set(policy.audits) <= set(list_audits())
    for audit in policy.audits:
        require_fit(policy, load_audit(audit))
        assert policy.requirements_of(audit), audit


def test_every_kind_of_requirement_is_explained_in_the_default_policy():
    text = list_policies()["release"].read_text()
    assert all(f"#   {kind} " in text for kind in KINDS_OF_REQUIREMENTS)


def test_a_good_policy_is_read(tmp_path):
    policy = load_policy(write(tmp_path))
    assert [requirement.requirement for requirement in policy.requirements_of("tiny")] == ["lean", "shares"]
    assert [requirement.requirement for requirement in policy.requirements_of("tiny", "scores")] == ["lean"]
    assert policy.requirements_of("gender") == []
    assert policy.requirements[0].condition == "|adjusted| at most 0.5 (breach: q at most 0.05 over its rows)"
    assert not policy.requirements[0].blocking


def test_the_digest_follows_what_is_asked_and_not_how_it_is_written(tmp_path):
    first = load_policy(write(tmp_path)).digest()
    assert load_policy(write(tmp_path, ("least: 0.2, most: 0.8", "most: 0.8, least: 0.2"))).digest() == first
    assert load_policy(write(tmp_path, ("least: 0.2", "least: 0.3"))).digest() != first


DIGESTS = {
    "instrument": "b032ac6fb7ed966b01debf03ffef1fe996660d952fd821cdcc8d11accfeab59b",
    "release": "83a9f614b257a2308610a9912b61a87111d76975992d8524625bae8ff191d329",
    "update": "082e03a341f517f53b5d31f031a964290964b64d6881a7d2ea0a81d7b0029fa1",
}
"""Those that homes have on record of the policies that ship, from before requirements were called so."""


def test_a_policy_that_asks_the_same_has_the_digest_that_homes_have_on_record():
    assert {name: load_policy(name).digest() for name in DIGESTS} == DIGESTS


def test_former_keys_are_one_mistake_each_with_the_present_word(tmp_path):
    with pytest.raises(BadDocument) as both:
        load_policy(write(tmp_path, ("requirements:", "rules:"), ("{requirement:", "{rule:")))
    assert str(both.value).partition("mine.yaml:")[2] == (
        "4: rules: is what requirements were called. Rename it to requirements, and the key rule of each entry to requirement"
    )
    with pytest.raises(BadDocument) as one:
        load_policy(write(tmp_path, ("{requirement: shares", "{rule: shares")))
    assert str(one.value).partition("mine.yaml:")[2] == (
        "6: requirements.1.rule: is what requirement was called. Rename it to requirement"
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("beyond: 0.5", "beyond: high"), r"mine.yaml:5: requirements.0.beyond: is 'high'"),
        (("beyond: 0.5", "beyond: 0"), r"mine.yaml:5: requirements.0.beyond: is 0"),
        (("beyond: 0.5", "beyondd: 0.5"), r"requirements.0.beyondd: is not a known key. Did you mean 'beyond'"),
        (("kind: association, ", ""), r"mine.yaml:5: requirements.0.kind: is missing"),
        (
            ("kind: association", "kind: asociation"),
            r"is 'asociation', which is no kind of requirement. Did you mean 'association'",
        ),
        (
            ("requirement: shares", "requirement: lean"),
            r"mine.yaml:6: requirements.1.requirement: is 'lean', as at requirements.0 already",
        ),
        (("beyond: 0.5", "beyond: 0.5, evidence: guess"), r"requirements.0.evidence: is 'guess'"),
        (
            ("beyond: 0.5", "beyond: 0.5, measure: mcas, stable: true"),
            r"requirements.0.stable: speaks of adjusted, but the measure is mcas. Judge adjusted, or leave it out",
        ),
        (
            ("beyond: 0.5", "beyond: 0.5, q_below: 0.1, evidence: interval"),
            r"requirements.0.q_below: is given, but the evidence is no q_value",
        ),
        (("least: 0.2, most: 0.8", "least: 0.9, most: 0.8"), r"requirements.1.least: is 0.9, above most"),
        (("least: 0.2, most: 0.8", "corrected: true"), r"requirements.1: has neither least nor most"),
        (
            ("beyond: 0.5", "beyond: 0.5, audits: [gender]"),
            r"requirements.0.audits: names 'gender', which is none of the",
        ),
        (("beyond: 0.5", "beyond: 0.5, concepts: []"), r"requirements.0.concepts: has too few entries"),
        (("title: Mine\n", ""), r"title: is missing"),
        (("audits: [tiny]", "audit: [tiny]"), r"audit: is not a known key. Did you mean 'audits'"),
        (
            ("  - {requirement: lean, kind: association, beyond: 0.5}", "  - lean"),
            r"mine.yaml:5: requirements.0: is 'lean', not a mapping",
        ),
    ],
    ids=lambda value: value[1] if isinstance(value, tuple) else "",
)
def test_a_mistake_is_named_with_its_line_key_and_remedy(change, said, tmp_path):
    with pytest.raises(BadDocument, match=said):
        load_policy(write(tmp_path, change))


def test_all_mistakes_are_named_at_once(tmp_path):
    path = write(tmp_path, ("beyond: 0.5", "beyond: -1"), ("least: 0.2", "leest: 0.2"), ("title: Mine", "titel: Mine"))
    with pytest.raises(BadDocument) as found:
        load_policy(path)
    keys = [(mistake.line, mistake.key) for mistake in found.value.mistakes]
    assert keys == [(1, "title"), (2, "titel"), (5, "requirements.0.beyond"), (6, "requirements.1.leest")]


def test_a_kind_of_calibration_that_there_is_not_is_refused(tmp_path):
    wrong = ("kind: association, beyond: 0.5", "kind: calibration, figures: [covrage]")
    with pytest.raises(BadDocument, match=r"no kind of calibration. Did you mean 'coverage'"):
        load_policy(write(tmp_path, wrong))


@pytest.mark.parametrize(
    ("field", "remedy"),
    [
        ("concepts: [nurze]", "'nurse'"),
        ("except_concepts: [nurze]", "'nurse'"),
        ("axes: [gendr]", "'gender'"),
        ("embedders: [phantom-balancd]", "'phantom-balanced'"),
        ("categories: [ocupations]", "'occupations'"),
    ],
)
def test_a_scope_that_the_audit_does_not_have_is_refused_since_it_would_judge_nothing(tmp_path, tiny, field, remedy):
    policy = load_policy(write(tmp_path, ("beyond: 0.5", f"beyond: 0.5, {field}")))
    with pytest.raises(BadDocument, match=f"mine.yaml:5: requirements.0.*does not have. Did you mean {remedy}"):
        require_fit(policy, tiny)


def test_an_audit_that_the_policy_does_not_name_is_refused(tmp_path):
    with pytest.raises(BadInput, match=r"does not judge audit 'gender'. Add it there"):
        require_fit(load_policy(write(tmp_path)), load_audit("gender"))


def test_a_policy_that_is_not_there_is_named_with_those_that_are():
    with pytest.raises(BadInput, match=r"policy 'relese': does not exist. Did you mean 'release'"):
        load_policy("relese")


def test_a_file_named_otherwise_than_its_policy_is_refused(tmp_path):
    write(tmp_path).rename(tmp_path / "other.yaml")
    with pytest.raises(BadInput, match="is 'mine', but its file is named 'other'"):
        load_policy("other", tmp_path)
