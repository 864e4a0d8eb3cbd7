"""Labellers: entries that no axis, model or provider answers to, and models that cannot be asked."""

import hashlib
import json
import shutil
from collections.abc import Callable, Generator, Iterable, Iterator
from pathlib import Path
from typing import Any

import polars as pl

from mcas_assets.declare.audit import Audit
from mcas_assets.declare.parts import Axis
from mcas_assets.labellers.find import find_labeller, labellers_of
from mcas_assets.labellers.judge import Judge
from mcas_assets.labellers.protocol import Answer
from mcas_assets.measure.labels import looked
from mcas_assets.store import files
from mcas_assets.store.database import Store
from tests.labellers import tiny
from tests.labellers.heads import head, write_detector
from tests.measure.small import declared
from tests.remedies.given_models import Spoil, edit
from tests.remedies.situations import Situation, Step, situation

AXIS = declared().axes["gender"]
GENDER = {"man": ["Male"], "woman": ["Female"]}
KINDS: dict[str, dict[str, Any]] = {
    "classifier": {"folder": "classes", "axes": {"gender": GENDER}, "detector": {"folder": "persons"}},
    "judge": {"folder": "judge", "evidence": 0},
    "hosted_judge": {"model": "judge", "base_url": "http://127.0.0.1:9/v1", "key": None, "retry": {"attempts": 1}},
}
MAKERS = {"classes": tiny.classifier, "persons": tiny.detector, "judge": tiny.judge}


def write(place: Path, kind: str, **keys: object) -> None:
    """Declares `mine`, with models beside it."""
    for name in ("classes", "persons") if kind == "classifier" else (kind,) if kind == "judge" else ():
        if not (place / name).exists():
            MAKERS[name](place / name)
    plain = {"zero-shot": {"kind": "zero_shot"}, "mine": {"kind": kind, **KINDS.get(kind, {}), **keys}}
    (place / "labellers.yaml").write_text(json.dumps({"labellers": plain}))


def mine(place: Path) -> Any:
    return find_labeller("mine", place / "labellers.yaml")


def require(place: Path) -> object:
    return mine(place).require()


def tell(place: Path) -> object:
    return mine(place).tells("gender", AXIS)


def look(place: Path) -> object:
    return list(mine(place).look("gender", AXIS, [tiny.picture()]))


def naming(*names: str) -> Callable[[Path], object]:
    audit: Audit = declared().model_copy(update={"labellers": names})
    return lambda place: labellers_of(audit, place / "labellers.yaml")


def labeller(words: str, act: Callable[[Path], object], kind: str, wrong: dict, right: dict | None = None) -> Situation:
    """Keys that are wrong, then others, as the remedy says."""

    def of_a_labeller(place: Path) -> Iterator[Step]:
        write(place, kind, **wrong)
        yield lambda: act(place), words
        write(place, kind, **(right or {}))

    of_a_labeller.__name__ = f"labeller: {words}"
    return of_a_labeller


def model(words: str, act: Callable[[Path], object], kind: str, folder: str, spoil: Spoil) -> Situation:
    """A model's folder that is spoiled, then another in its place."""

    def of_a_model(place: Path) -> Iterator[Step]:
        write(place, kind)
        spoil(place / folder)
        yield lambda: act(place), words
        shutil.rmtree(place / folder, ignore_errors=True)
        MAKERS[folder](place / folder)

    of_a_model.__name__ = f"model of a labeller: {words}"
    return of_a_model


def without_chat(folder: Path) -> None:
    (folder / "chat_template.jinja").unlink()


def without_capitals(folder: Path) -> None:
    shutil.rmtree(folder)
    tiny.judge(folder, signs="abcdefghijklmnopqrstuvwxyz .,:\n")


def of_another_kind(folder: Path) -> None:
    shutil.rmtree(folder)
    tiny.detector(folder)


HALF = {"gender": {"man": ["Male"]}}
LABELLERS_TABLE = [
    labeller("Add the embedder to embedders, or leave the labeller out", naming("mine"), "zero_shot", {"embedder": "other"}),
    labeller("Give it the groups of an axis: axes: of labeller mine", naming("zero-shot", "mine"), "classifier",
             {"axes": {"age": GENDER}}),
    labeller("Give every group of the axis: man, woman", tell, "classifier", {"axes": HALF}),
    labeller("Known: man, woman", tell, "classifier", {"axes": {"gender": GENDER | {"x": ["Other"]}}}),
    labeller("Known: Female, Male, Other", require, "classifier", {"axes": {"gender": GENDER | {"woman": ["Woman"]}}}),
    labeller("Keep it in one group", tell, "classifier", {"axes": {"gender": GENDER | {"woman": ["Male"]}}}),
    labeller("Leave it out", require, "hosted_judge", {"extra": {"stream": True}}),
    labeller("Word each group otherwise", tell, "judge", {"words": {"gender": {"man": "x", "woman": "x"}}}),
    model("Correct the folder of labeller mine", require, "judge", "judge", shutil.rmtree),
    model("Give labeller mine a model of that kind", require, "judge", "judge", of_another_kind),
    model("Give a classifier of classes that exclude one another", require, "classifier", "classes",
          edit("config.json", problem_type="multi_label_classification")),
    model("See that the folder is whole and made for this version of transformers", look, "judge", "judge",
          edit("config.json", model_type="no-such-model")),
    model("Give a model that was trained to follow instructions", look, "judge", "judge", without_chat),
    model("Give a model whose tokenizer knows the letters A to Z", look, "judge", "judge", without_capitals),
    model("See that it is of this version of transformers, and fits into memory", look, "judge", "judge",
          lambda folder: (folder / "chat_template.jinja").write_text("{{ no_such_thing() }}")),
    model("See that detector and classifier are of this version of transformers", look, "classifier", "classes",
          edit("preprocessor_config.json", size={"height": 3, "width": 3})),
]  # fmt: skip


@situation
def a_labeller_that_was_asked_about_as_many_images_as_it_may(place: Path) -> Iterator[Step]:
    store, audit = Store(place / "home"), declared()
    with store.open():
        pass
    kept = [files.write_image(store.home, tiny.picture(n), ".png") for n in range(2)]
    images = pl.DataFrame(kept, schema=["sha256", "path"], orient="row").with_columns(outcome=pl.lit("ok"))
    one = Counted()
    yield lambda: looked(store, images, one, ("gender", audit.axes["gender"])), "Raise it, and run again"
    one.most_images = 2


class Counted:
    """A labeller that sees men, and may look once."""

    name, most_images = "mine", 1

    def tells(self, name: str, axis: Axis) -> bool:
        return True

    def identity(self) -> dict[str, Any]:
        return {"kind": "counted"}

    def require(self) -> None: ...

    def id_on(self, name: str, axis: Axis) -> str:
        return "mine@0123456789ab"

    def look(self, name: str, axis: Axis, files: Iterable[bytes]) -> Generator[Answer]:
        yield from (Answer("man") for _ in files)

    def close(self) -> None: ...


@situation
def a_labeller_misspelt(place: Path) -> Iterator[Step]:
    write(place, "judge")
    names = ["zero-shto"]
    yield lambda: naming(*names)(place), "Did you mean 'zero-shot'?"
    names[0] = "zero-shot"


@situation
def an_axis_that_people_alone_would_tell(place: Path) -> Iterator[Step]:
    write(place, "people")
    names = ["mine"]
    yield lambda: naming(*names)(place), "Add zero-shot, or one with groups for this axis"
    names.append("zero-shot")


@situation
def a_kind_of_another_package_that_lacks_a_method(place: Path, monkeypatch) -> Iterator[Step]:
    write(place, "judge")
    monkeypatch.delattr(Judge, "look")
    yield lambda: naming("mine")(place), "Give it the methods of mcas_assets.labellers.protocol.Looker"
    monkeypatch.undo()


@situation
def a_file_that_no_labeller_can_read(place: Path) -> Iterator[Step]:
    write(place, "judge")
    files = [b"no picture"]
    yield (
        lambda: list(mine(place).look("gender", AXIS, files)),
        "Check the image files of the stage before",
    )
    files[0] = tiny.picture()


@situation
def a_judge_without_its_key(place: Path, monkeypatch) -> Iterator[Step]:
    write(place, "hosted_judge", key="MCAS_TEST_JUDGE_KEY")
    yield lambda: require(place), "Set MCAS_TEST_JUDGE_KEY"
    monkeypatch.setenv("MCAS_TEST_JUDGE_KEY", "key")


@situation
def a_judge_that_does_not_take_the_key(place: Path, monkeypatch) -> Iterator[Step]:
    from tests.labellers.test_hosted_judge import says
    from tests.systems.hosted.providers import Provider, Reply

    monkeypatch.delenv("HTTP_PROXY", raising=False)
    monkeypatch.delenv("http_proxy", raising=False)
    server = Provider(lambda path, body: Reply(says({"answer": "man"})))
    server.script = lambda body: Reply({"error": {"message": "no"}}, status=401)
    write(place, "hosted_judge", base_url=server.url)
    yield lambda: look(place), "Correct what it names and run again"
    server.script = lambda body: None


@situation
def weights_of_a_portrait_that_are_not_there(place: Path) -> Iterator[Step]:
    detector = write_detector(place / "kept.onnx")
    digest = hashlib.sha256(detector.read_bytes()).hexdigest()
    write(place, "portrait", weights="faces.onnx", sha256=digest)
    yield lambda: require(place), "and put it there"
    detector.rename(place / "faces.onnx")


@situation
def weights_of_a_portrait_that_are_others(place: Path) -> Iterator[Step]:
    digest = hashlib.sha256(write_detector(place / "kept.onnx").read_bytes()).hexdigest()
    (place / "faces.onnx").write_bytes(b"version https://git-lfs")
    write(place, "portrait", weights="faces.onnx", sha256=digest)
    yield lambda: require(place), "(not Git LFS's pointer to it), or declare what it is"
    shutil.copy(place / "kept.onnx", place / "faces.onnx")


@situation
def weights_of_a_portrait_that_are_no_detector(place: Path) -> Iterator[Step]:
    (place / "faces.onnx").write_bytes(b"none")
    write(place, "portrait", weights="faces.onnx", sha256=hashlib.sha256(b"none").hexdigest())
    yield lambda: mine(place).faces(head(5)), "Download face_detection_yunet_2023mar.onnx"
    digest = hashlib.sha256(write_detector(place / "faces.onnx").read_bytes()).hexdigest()
    write(place, "portrait", weights="faces.onnx", sha256=digest)
