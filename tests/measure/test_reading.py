"""What an audit says is read to its end by every encoder, before anything is drawn, or it is refused or declared."""

from typing import Any

import pytest

from mcas_assets.core.errors import BadInput
from mcas_assets.declare.audit import Audit
from mcas_assets.measure.reading import require_read
from mcas_assets.stages.workplace import Workplace
from mcas_assets.systems.find import find_system


def changed(audit: Audit, **keys: Any) -> Audit:
    return Audit.model_validate(audit.model_dump() | keys)


LONG = "a nurse " * 12 + "at work"


@pytest.fixture(scope="module")
def panel(tiny):
    return Workplace().embedders(tiny.embedders)


@pytest.fixture(scope="module")
def phantom():
    return find_system("phantom-stereotyped")


def test_the_shipped_audit_of_the_phantom_is_read_whole_and_told_apart(tiny, phantom, panel):
    assert require_read(tiny, phantom, panel) == []


def test_a_prompt_that_is_cut_off_is_refused_with_the_encoder_and_what_is_lost(tiny, phantom, panel):
    audit = changed(tiny, concepts=[{"concept": "nurse", "category": "c", "phrase": LONG}])
    with pytest.raises(BadInput, match=r"tokenizer of phantom-stereotyped reads 20 tokens.* at work'") as caught:
        require_read(audit, phantom, panel)
    assert "embedder phantom-balanced reads 20 tokens" in str(caught.value)
    assert "cut_texts: allow" in caught.value.remedy


def test_the_remedy_that_is_named_lets_the_audit_go_on_and_is_told(tiny, phantom, panel):
    audit = changed(tiny, concepts=[{"concept": "nurse", "category": "c", "phrase": LONG}], cut_texts="allow")
    notes = require_read(audit, phantom, panel)
    assert len(notes) == 1 + len(panel)  # the system's encoder, and each embedder's


def test_two_concepts_that_are_one_to_an_encoder_are_never_scored_as_two(tiny, phantom, panel):
    concepts = [
        {"concept": name, "category": "c", "phrase": LONG + tail} for name, tail in (("one", ""), ("two", " today"))
    ]
    audit = changed(tiny, concepts=concepts, cut_texts="allow")
    with pytest.raises(BadInput, match="are the same to tokenizer of phantom-stereotyped"):
        require_read(audit, phantom, panel)
