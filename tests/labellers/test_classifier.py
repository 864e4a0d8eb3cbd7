"""A classifier behind a person detector: the person is found first, and nobody is told where nobody is found."""

import json
import shutil

import pytest

from mcas_assets.core.errors import BadInput
from mcas_assets.labellers.classifier import SEVERAL, Classifier, _label, _widened
from mcas_assets.labellers.find import find_labeller, load_labellers
from mcas_assets.labellers.protocol import NO_PERSON, OUTSIDE, Looker
from tests.labellers import tiny
from tests.measure.small import declared

AXIS = declared().axes["gender"]
GENDER = {"gender": {"man": ["Male"], "woman": ["Female"]}}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Folders of a classifier that says Male, and of a detector that sees persons. Not to be written to."""
    root = tmp_path_factory.mktemp("models")
    return tiny.classifier(root / "classes", (0.0, 9.0, 0.0)), tiny.detector(root / "persons")


@pytest.fixture
def made(models, declare):
    """From keys of the entry to the labeller."""

    def make(detector=None, **keys) -> Classifier:
        classes, persons = models
        entry = {"kind": "classifier", "folder": str(classes), "axes": GENDER}
        found = {"folder": str(persons)} | (detector or {})
        return find_labeller("mine", declare(**{**entry, "detector": found, **keys}))

    return make


def test_the_largest_person_is_classified_and_all_that_was_seen_is_kept(made):
    labeller = made()
    assert isinstance(labeller, Looker)
    first, second = labeller.look("gender", AXIS, [tiny.picture(0), tiny.picture(1)])
    labeller.close()
    assert (first.label, first.evidence) == ("man", None)
    (person, *_) = first.raw["persons"]
    assert sum(person["probabilities"].values()) == pytest.approx(1, abs=1e-5)
    assert set(person["probabilities"]) == {"Male", "Female", "Other"}
    left, upper, right, lower = person["box"]
    assert 0 <= left < right <= 40
    assert 0 <= upper < lower <= 48
    assert json.loads(json.dumps(second.raw)) == second.raw != first.raw


def test_what_is_said_of_an_image_does_not_depend_on_what_else_is_looked_at(made):
    labeller, files = made(), [tiny.picture(n) for n in range(3)]
    together = list(labeller.look("gender", AXIS, files))
    assert [next(labeller.look("gender", AXIS, [file])) for file in files] == together
    labeller.close()


def test_where_no_person_is_found_nobody_is_told(made, tmp_path):
    for bias in ((0.0, 0.0, 9.0), (0.0, 9.0, 0.0)):  # nothing there, and a dog
        empty = tiny.detector(tmp_path / f"{bias}", bias)
        (answer,) = made({"folder": str(empty)}).look("gender", AXIS, [tiny.picture()])
        assert (answer.label, answer.raw) == (NO_PERSON, {"persons": []})


def test_classes_of_a_group_count_together_and_what_is_likeliest_of_no_group_is_outside():
    groups = {"boy": "man", "father": "man", "mother": "woman"}
    assert _label({"boy": 0.3, "father": 0.3, "mother": 0.4}, groups, 0.5) == "man"
    assert _label({"boy": 0.2, "father": 0.2, "mother": 0.35, "cat": 0.25}, groups, 0.5) == "ambiguous"
    assert _label({"boy": 0.1, "father": 0.1, "mother": 0.2, "cat": 0.6}, groups, 0.9) == OUTSIDE


def test_persons_of_two_groups_that_are_much_of_one_size_are_told_apart_from_one(made, monkeypatch):
    labeller = made()
    boxes = [(0.9, (0, 0, 20, 48)), (0.9, (20, 0, 40, 48))]
    said = iter([{"Male": 1.0}, {"Female": 1.0}, {"Male": 1.0}, {"Other": 1.0}])
    monkeypatch.setattr(labeller, "_boxes", lambda picture: boxes)
    monkeypatch.setattr(labeller, "_probabilities", lambda person: next(said))
    answers = labeller.look("gender", AXIS, [tiny.picture(), tiny.picture()])
    assert [answer.label for answer in answers] == [SEVERAL, "man"]
    labeller.close()


def test_a_box_gets_its_margin_within_the_picture():
    assert _widened((10.2, 0.0, 20.2, 40.0), (40, 48), 0.1) == (9, 0, 22, 44)
    assert _widened((0.0, 0.0, 40.0, 48.0), (40, 48), 1.0) == (0, 0, 40, 48)


def test_weights_of_both_models_settings_and_classes_are_what_answers_are_kept_under(made, models, tmp_path):
    def key(labeller: Classifier) -> str:
        return labeller.id_on("gender", AXIS)

    other = tiny.classifier(tmp_path / "other", (1.0, 0.0, 0.0))
    finder = tiny.detector(tmp_path / "finder", (8.0, 0.0, 0.0))
    moved = tmp_path / "moved"
    shutil.copytree(models[0], moved)
    keys = [
        key(made()), key(made(folder=str(other))), key(made({"folder": str(finder)})), key(made({"confidence": 0.8})),
        key(made(confidence=0.6)), key(made(axes={"gender": {"man": ["Male", "Other"], "woman": ["Female"]}})),
    ]  # fmt: skip
    assert len(set(keys)) == len(keys)
    assert key(made(folder=str(moved))) == keys[0]
    assert all(one.startswith("mine@") for one in keys)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (
            {"axes": {"gender": {"man": ["Man"], "woman": ["Female"]}}},
            "names 'Man', no class of its model. Known: Female, Male, Other",
        ),
        ({"detector": {"classes": ["human"]}}, "names 'human', no class of its model"),
        ({"folder": "persons"}, "is of YolosForObjectDetection, where one ...ForImageClassification is wanted"),
        ({"folder": "nowhere"}, "is not a folder"),
    ],
)
def test_what_the_models_cannot_do_is_refused_before_they_are_loaded(made, models, keys, message):
    if keys.get("folder") == "persons":
        keys = {"folder": str(models[1])}
    with pytest.raises(BadInput, match=message):
        made(**keys).require()


def test_an_axis_is_told_only_by_classes_for_all_of_its_groups(made):
    assert made().tells("gender", AXIS)
    assert not made().tells("skin-tone", AXIS)
    with pytest.raises(BadInput, match="says nothing of woman, so it would never be told"):
        made(axes={"gender": {"man": ["Male"]}}).tells("gender", AXIS)
    with pytest.raises(BadInput, match="names 'men', which is no group of the axis"):
        made(axes={"gender": GENDER["gender"] | {"men": ["Other"]}}).tells("gender", AXIS)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"axes": {"gender": {"man": ["Male"], "woman": ["Male"]}}}, "'Male' shows 'man' already"),
        ({"detector": {}}, "one of folder and repo is needed"),
        ({"detector": {"repo": "org/persons", "revision": "main"}}, "40 hex digits"),
    ],
)
def test_an_entry_that_contradicts_itself_is_told(declare, keys, message):
    entry = {"kind": "classifier", "folder": "x", "axes": GENDER, "detector": {"folder": "y"}}
    found = load_labellers(declare(**entry | keys))
    assert message in str(found.unusable["mine"])


def test_a_folder_that_changed_meanwhile_is_not_used(models, declare, tmp_path):
    folder = tmp_path / "mine"
    shutil.copytree(models[0], folder)
    entry = {"kind": "classifier", "folder": str(folder), "axes": GENDER, "detector": {"folder": str(models[1])}}
    labeller = find_labeller("mine", declare(**entry))
    labeller.require()
    (folder / "preprocessor_config.json").write_text("{}")
    with pytest.raises(BadInput, match="changed since the audit began"):
        list(labeller.look("gender", AXIS, [tiny.picture()]))
