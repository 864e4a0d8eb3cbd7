"""A judge on this machine: closed answers by likelihood, in every order, with what else it may say."""

import shutil
import string

import pytest
import torch

from mcas_assets.core.errors import BadInput
from mcas_assets.labellers.asking import lettered, options_of, turned
from mcas_assets.labellers.find import find_labeller
from mcas_assets.labellers.judge import Judge
from mcas_assets.labellers.protocol import Looker
from tests.labellers import tiny
from tests.measure.small import declared

AXIS = declared().axes["gender"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A judge's folder. Not to be written to."""
    return tiny.judge(tmp_path_factory.mktemp("models") / "judge")


@pytest.fixture
def made(folder, declare):
    """From keys of the entry to the labeller."""

    def make(**keys) -> Judge:
        return find_labeller("mine", declare(**{"kind": "judge", "folder": str(folder), "confidence": 0.0, **keys}))

    return make


def test_an_answer_is_the_likeliest_letter_over_all_orders_as_the_library_gives_it(made, folder):
    from transformers import AutoModelForImageTextToText, AutoProcessor

    labeller = made(evidence=0)
    assert isinstance(labeller, Looker)
    (answer,) = labeller.look("gender", AXIS, [tiny.picture()])
    labeller.close()
    model = AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32)
    processor = AutoProcessor.from_pretrained(folder)
    from mcas_assets.labellers.asking import QUESTION
    from mcas_assets.labellers.model_folder import shown

    expected = dict.fromkeys(["man", "woman", "unspecified", "no person"], 0.0)
    for place in range(4):
        order = turned(options_of("gender", AXIS, {}), place)
        content = [
            {"type": "image", "image": shown(tiny.picture())},
            {"type": "text", "text": lettered(QUESTION, order)},
        ]
        inputs = processor.apply_chat_template(
            [{"role": "user", "content": content}], add_generation_prompt=True, tokenize=True, return_dict=True,
            return_tensors="pt",
        )  # fmt: skip
        ids = [processor.tokenizer.convert_tokens_to_ids(letter) for letter in "ABCD"]
        chances = torch.softmax(model(**inputs).logits[0, -1, ids].double(), dim=-1)
        for option, chance in zip(order, chances.tolist(), strict=True):
            expected[option.label] += chance / 4
    assert answer.raw["probabilities"] == pytest.approx(expected, abs=1e-5)
    assert answer.label == max(expected, key=lambda one: expected[one])
    assert 0 < answer.raw["letters"] < 1


def test_a_judge_that_leans_to_a_place_in_the_list_is_unsure_and_one_that_knows_is_not(made, monkeypatch):
    labeller = made(confidence=0.5, evidence=0)
    monkeypatch.setattr(labeller, "_letters", lambda picture, text, count: [0.7, 0.1, 0.1, 0.1])
    (leaning,) = labeller.look("gender", AXIS, [tiny.picture()])
    assert leaning.label == "ambiguous"
    assert leaning.raw["probabilities"] == pytest.approx(
        dict.fromkeys(("man", "woman", "unspecified", "no person"), 0.25)
    )

    def knows(what: str):
        return lambda picture, text, count: [0.9 if what in line else 0.01 for line in text.split("\n")[1 : count + 1]]

    for words, label in ((" woman", "woman"), ("cannot be told", "unspecified"), ("no person", "no person")):
        monkeypatch.setattr(labeller, "_letters", knows(words))
        assert [one.label for one in labeller.look("gender", AXIS, [tiny.picture()])] == [label]
    for chance in (0.001, 0.0):  # it was about to say something else
        monkeypatch.setattr(labeller, "_letters", lambda picture, text, count, chance=chance: [chance] * count)
        assert [one.label for one in labeller.look("gender", AXIS, [tiny.picture()])] == ["no answer"]
    labeller.close()


def test_what_it_saw_is_kept_in_its_words_and_the_same_image_gives_the_same(made):
    labeller, files = made(evidence=5), [tiny.picture(n) for n in range(2)]
    together = list(labeller.look("gender", AXIS, files))
    assert any(one.evidence for one in together)
    assert all(len(one.evidence or "") <= 9 for one in together)  # five signs, and spaces between them
    assert list(labeller.look("gender", AXIS, files[::-1])) == together[::-1]
    labeller.close()


def test_weights_question_words_and_settings_are_what_answers_are_kept_under(made, folder, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(folder, other)
    (other / "chat_template.jinja").write_text(tiny.CHAT + " ")
    words = {"gender": {"man": "a man", "woman": "a woman"}}
    changes = (
        {},
        {"folder": str(other)},
        {"question": "Who?"},
        {"words": words},
        {"evidence": 1},
        {"dtype": "bfloat16"},
    )
    keys = [made(**one).id_on("gender", AXIS) for one in changes]
    assert len(set(keys)) == len(keys)
    assert made().id_on("skin-tone", AXIS) != keys[0] == made().id_on("gender", AXIS)


def test_half_precision_answers_too(made):
    (answer,) = made(dtype="bfloat16", evidence=0).look("gender", AXIS, [tiny.picture()])
    assert sum(answer.raw["probabilities"].values()) == pytest.approx(1, abs=1e-4)


def test_a_model_that_cannot_be_asked_is_refused(made, tmp_path):
    silent = tiny.judge(tmp_path / "silent", chat=None)
    with pytest.raises(BadInput, match="has no chat template"):
        list(made(folder=str(silent)).look("gender", AXIS, [tiny.picture()]))
    dumb = tiny.judge(tmp_path / "dumb", signs=string.ascii_lowercase + string.punctuation + " \n")
    with pytest.raises(BadInput, match="has no token for a letter"):
        list(made(folder=str(dumb)).look("gender", AXIS, [tiny.picture()]))
    with pytest.raises(BadInput, match=r"where one \.\.\.ForConditionalGeneration is wanted"):
        made(folder=str(tiny.classifier(tmp_path / "classes"))).require()


def test_an_error_within_the_model_is_told_with_what_helps(made, monkeypatch):
    labeller = made()

    def broken(*_: object) -> None:
        raise AttributeError("no such thing")

    monkeypatch.setattr(labeller, "_letters", broken)
    with pytest.raises(BadInput, match=r"ended with an error of the model \(AttributeError: no such thing\)"):
        list(labeller.look("gender", AXIS, [tiny.picture()]))


def test_words_are_for_all_groups_of_an_axis_and_no_two_answers_read_alike(made):
    assert made().tells("gender", AXIS)
    with pytest.raises(BadInput, match="says nothing of woman"):
        made(words={"gender": {"man": "a man"}}).tells("gender", AXIS)
    with pytest.raises(BadInput, match="has 'a person' twice in the list of answers"):
        made(words={"gender": {"man": "a person", "woman": "a person"}}).tells("gender", AXIS)
