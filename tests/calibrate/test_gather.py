"""What is asked of the phantom for a calibration, in the phantom's own words."""

import pytest

from mcas_assets.calibrate.gather import MIXED, TRUTHS, known_axes, mixtures_of
from mcas_assets.core.errors import BadInput
from mcas_assets.declare.audit import load_audit


def test_the_groups_are_said_in_the_phantoms_own_words():
    audit = load_audit("phantom")
    mixtures = mixtures_of(audit, known_axes(audit))
    assert len(mixtures) == 2 * 2 * len(MIXED)
    prompts = [concept.prompts[0] for _, _, concept in mixtures]
    assert "an image of a female nurse" in prompts
    assert "an image of a light-skinned engineer" in prompts
    assert len(set(prompts)) == len(prompts)


def test_an_audit_without_a_known_axis_is_refused():
    audit = load_audit("phantom")
    swapped = {name: axis.model_copy(update={"a": axis.b, "b": axis.a}) for name, axis in audit.axes.items()}
    with pytest.raises(BadInput, match="no axis of which"):
        known_axes(audit.model_copy(update={"axes": swapped}))
    with pytest.raises(BadInput, match="lacks nurse"):
        known_axes(audit.model_copy(update={"concepts": audit.concepts[1:]}))
    assert set(TRUTHS) == {"gender", "skin_tone"}
