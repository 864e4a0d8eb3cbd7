"""Portraits through OpenCV's detector: a tiny file of its form that finds one face at a known place."""

import hashlib
import sys

import pytest

from mcas_assets.core.errors import BadInput
from mcas_assets.declare.audit import load_audit
from mcas_assets.labellers.find import find_labeller, labellers_of
from mcas_assets.labellers.portrait import Portrait
from tests.labellers.heads import FACE, head, png, write_detector

AXIS = load_audit("skin-tone").axes["skin_tone"]


@pytest.fixture
def portrait(tmp_path, declare) -> Portrait:
    """The labeller with a detector that finds a face where heads are drawn."""
    file = write_detector(tmp_path / "faces.onnx")
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    return find_labeller("mine", declare(kind="portrait", weights="faces.onnx", sha256=digest))


def test_the_detector_of_opencv_gives_boxes_and_landmarks_in_pixels(portrait):
    (found,) = portrait.faces(head(5))
    assert found.box == pytest.approx(FACE.box, abs=0.01)
    assert found.points == pytest.approx(FACE.points, abs=0.01)
    assert found.area == pytest.approx(140 * 190, rel=1e-4)


def test_an_image_is_told_by_the_group_of_its_tone_with_all_scales_and_the_light_beside_it(portrait):
    answers = list(portrait.look("skin_tone", AXIS, (png(head(tone)) for tone in (2, 5, 9))))
    assert [one.label for one in answers] == ["light", "medium", "dark"]
    assert [one.raw["monk"] for one in answers] == [2, 5, 9]
    assert {"perla", "ita", "lightness", "light", "cast", "n_pixels", "n_faces"} <= set(answers[0].raw)
    assert answers[0].raw["light_is_known"]
    portrait.close()
    assert next(portrait.look("skin_tone", AXIS, [png(head(2))])).label == "light"  # it loads anew


def test_what_is_not_read_is_no_group_and_says_why(tmp_path, declare, portrait):
    grey = head(5).mean(axis=2, keepdims=True).repeat(3, axis=2).astype("uint8")
    (unread,) = portrait.look("skin_tone", AXIS, [png(grey)])
    assert (unread.label, unread.evidence) == ("unreadable", "a picture without colour")
    nobody = write_detector(tmp_path / "nobody.onnx", score=0.1)
    digest = hashlib.sha256(nobody.read_bytes()).hexdigest()
    one = find_labeller("mine", declare(kind="portrait", weights="nobody.onnx", sha256=digest))
    (empty,) = one.look("skin_tone", AXIS, [png(head(5))])
    assert (empty.label, empty.evidence, empty.raw["n_faces"]) == ("no person", "no face", 0)


def test_its_identity_is_weights_and_confidence_and_what_it_is_asked_are_the_tones_of_groups(portrait):
    other = load_audit("phantom").axes["skin_tone"]
    assert portrait.id_on("skin_tone", AXIS) != portrait.id_on("skin_tone", other)
    assert portrait.identity()["weights"] == portrait.entry.sha256
    assert portrait.tells("skin_tone", AXIS)
    assert not portrait.tells("gender", load_audit("gender").axes["gender"])


def test_an_audit_of_skin_tone_may_name_it(portrait, tmp_path):
    audit = load_audit("skin-tone").model_copy(update={"labellers": ("zero-shot", "mine")})
    assert [one.name for one in labellers_of(audit, tmp_path / "labellers.yaml")] == ["zero-shot", "mine"]


def test_weights_that_are_missing_others_or_no_detector_are_refused_before_anything_is_read(tmp_path, declare):
    absent = declare(kind="portrait", weights="absent.onnx", sha256="0" * 64)
    with pytest.raises(BadInput, match=r"absent.onnx: cannot be read.*opencv_zoo"):
        find_labeller("mine", absent).require()
    (tmp_path / "other.onnx").write_bytes(b"version https://git-lfs")
    with pytest.raises(BadInput, match=r"has the sha256 .* declares 000000000000.*not Git LFS's pointer"):
        find_labeller("mine", declare(kind="portrait", weights="other.onnx", sha256="0" * 64)).require()
    digest = hashlib.sha256(b"version https://git-lfs").hexdigest()
    with pytest.raises(BadInput, match="is no face detector that OpenCV"):
        find_labeller("mine", declare(kind="portrait", weights="other.onnx", sha256=digest)).faces(head(5))


def test_without_the_extra_it_says_which(portrait, monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    monkeypatch.setattr("mcas_assets.core.extras.find_spec", lambda name: None)
    with pytest.raises(BadInput, match=r"labeller mine.*needs cv2, which is not installed.*portraits"):
        portrait.require()
