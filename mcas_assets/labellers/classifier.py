"""Labellers of kind `classifier`: image classification of transformers, of what a person detector finds.

Both models are of a person's own choice, by folder or by repository and commit. What one classifier is right of on photographs says
little of generated images: its errors are measured on those of each version, as those of every labeller.
"""

from collections.abc import Generator, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from mcas_assets.core.errors import BadInput, kind_and_line
from mcas_assets.core.overlap import HELPERS, ahead
from mcas_assets.declare.documents import Slug, Text
from mcas_assets.declare.mistakes import Mistake, did_you_mean
from mcas_assets.declare.parts import Axis
from mcas_assets.embedders.model import FolderEntry
from mcas_assets.labellers.model_folder import STRANGE, ModelFolder, ModelLabeller, pretty, require_groups, shown
from mcas_assets.labellers.protocol import AMBIGUOUS, NO_PERSON, OUTSIDE, SEVERAL, Answer
from mcas_assets.systems.pipelines import devices

if TYPE_CHECKING:
    from PIL import Image

LOOKS = "1"
"""Raised with any change of this module after which an image may be told otherwise."""

COMPARABLE = 0.5
"""A person whose box has this part of the largest one's area, or more, is looked at too."""

SMALLEST = 8
"""Pixels: a box with a shorter side is no person that could be told."""

Part = Annotated[float, Field(gt=0, lt=1)]
Classes = Annotated[
    dict[Slug, dict[Slug, Annotated[tuple[Text, ...], Field(min_length=1, strict=False)]]], Field(min_length=1)
]


class Detector(BaseModel):
    """What finds persons: object detection of transformers.

    Attributes:
        folder: Relative to the folder of the file that declares it.
        repo, revision: 'organisation/name' and the 40 hex digits of a commit.
        classes: The classes of the detector that are persons, or their faces.
        confidence: A box with a score below this is none.
        margin: Part of a box's sides that is added around it before it is classified.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    folder: str | None = None
    repo: str | None = None
    revision: str | None = None
    classes: Annotated[tuple[Text, ...], Field(min_length=1, strict=False)] = ("person",)
    confidence: Part = 0.7
    margin: Annotated[float, Field(ge=0, le=1)] = 0.1


class Declaration(FolderEntry):
    """One entry of kind `classifier`: see `FolderEntry` for the classifier's own files.

    Attributes:
        axes: By axis of an audit and group of it: the classes of the classifier that show the group.
        detector: What finds the persons that are classified: folder, or repo and revision; classes, confidence, margin.
        confidence: An image whose group has a probability below this counts for none.
    """

    kind: Literal["classifier"]
    axes: Classes
    detector: Detector
    confidence: Annotated[float, Field(ge=0, lt=1)] = 0.5

    @property
    def local_paths(self) -> tuple[str, ...]:
        """The folders of both models that lie in one."""
        return tuple(folder for folder in (self.folder, self.detector.folder) if folder is not None)

    @classmethod
    def contradictions(cls, raw: dict[str, Any]) -> Iterable[Mistake]:
        """As of every folder, for both models; and a class shows one group."""
        yield from FolderEntry.contradictions(raw)
        if isinstance(detector := raw.get("detector"), dict):
            for one in FolderEntry.contradictions(detector):
                yield Mistake(("detector", *one.at), one.problem, one.remedy)
        axes = raw.get("axes")
        for axis, groups in axes.items() if isinstance(axes, dict) else ():
            seen: dict[str, str] = {}
            for group, classes in groups.items() if isinstance(groups, dict) else ():
                for one in classes if isinstance(classes, list) else ():
                    if seen.setdefault(str(one), group) != group:
                        problem = f"{one!r} shows {seen[str(one)]!r} already"
                        yield Mistake(("axes", axis, group), problem, "Keep it in one group")


def build(name: str, entry: Declaration, base: Path, cache: Path | None = None) -> "Classifier":
    """The labeller of an entry; `base` is what its folders are relative to, `cache` a file that remembers digests."""
    return Classifier(name, entry, base, cache)


class Classifier(ModelLabeller):
    """Finds persons, and classifies the largest, and those that are nearly as large. See `labellers.protocol.Looker`."""

    def __init__(self, name: str, entry: Declaration, base: Path, cache: Path | None = None) -> None:
        super().__init__(name, entry)
        found = FolderEntry(kind="detector", **entry.detector.model_dump(include={"folder", "repo", "revision"}))
        self._classes = ModelFolder(f"labeller {name}", entry, base, cache, "ForImageClassification")
        self._persons = ModelFolder(f"the detector of labeller {name}", found, base, cache, "ForObjectDetection")

    def tells(self, name: str, axis: Axis) -> bool:
        """An axis that it has classes for."""
        if name not in self.entry.axes:
            return False
        require_groups(f"labeller {self.name}", f"axes.{name}", self.entry.axes[name], axis)
        return True

    def _facts(self) -> dict[str, Any]:
        wanted = {one for groups in self.entry.axes.values() for classes in groups.values() for one in classes}
        self._require_classes(self._classes, wanted, "axes")
        self._require_classes(self._persons, set(self.entry.detector.classes), "detector.classes")
        return {
            "weights": self._classes.weights(), "detector": self._persons.weights(), "confidence": self.entry.confidence,
            "persons": self.entry.detector.model_dump(mode="json", include={"classes", "confidence", "margin"}),
            "looks": LOOKS, "precision": "float32",
        }  # fmt: skip

    def _asks(self, name: str, axis: Axis) -> Any:
        return {group.name: list(self.entry.axes[name][group.name]) for group in axis.groups}

    def _require_classes(self, model: ModelFolder, wanted: set[str], key: str) -> None:
        config = model.config()
        if config.get("problem_type") == "multi_label_classification":
            problem = "gives each class a probability of its own, so that no one of them is the answer"
            raise BadInput(
                model.path() / "config.json", problem, "Give a classifier of classes that exclude one another"
            )
        known = [str(one) for one in (config.get("id2label") or {}).values()]
        for one in sorted(wanted - set(known)):
            raise BadInput(
                f"labeller {self.name}", f"names {one!r}, no class of its model", did_you_mean(one, known), key
            )

    def look(self, name: str, axis: Axis, files: Iterable[bytes]) -> Generator[Answer]:
        """See `mcas_assets.labellers.protocol.Looker.look`. One image at a time: none depends on what else is looked at."""
        groups = {one: group.name for group in axis.groups for one in self.entry.axes[name][group.name]}
        for picture in ahead(shown, files, HELPERS):
            if self._loaded is None:
                self._loaded = self._load()
            for model in (self._classes, self._persons):
                model.check("while it was at work")
            try:
                yield self._told(picture, groups)
            except STRANGE as error:
                problem = f"ended with an error of the model ({kind_and_line(error, 500)})"
                remedy = "See that detector and classifier are of this version of transformers, and fit into memory"
                raise BadInput(f"labeller {self.name}", problem, remedy) from error

    def _told(self, picture: "Image.Image", groups: dict[str, str]) -> Answer:
        boxes = self._boxes(picture)
        persons, said = [], []
        for score, box in boxes:
            probabilities = self._probabilities(picture.crop(box))
            said.append(_label(probabilities, groups, self.entry.confidence))
            persons.append({"box": list(box), "score": score, "probabilities": probabilities})
        raw = pretty({"persons": persons})
        if not said:
            return Answer(NO_PERSON, None, raw)
        several = len({one for one in said if one in groups.values()}) > 1
        return Answer(SEVERAL if several else said[0], None, raw)

    def _boxes(self, picture: "Image.Image") -> list[tuple[float, tuple[int, int, int, int]]]:
        """(score, box with its margin) of the largest person and of those that are nearly as large, the largest first."""
        import torch

        model, processor = self._loaded[1]
        device, wanted = model.device, set(self.entry.detector.classes)
        with torch.inference_mode(), devices.full_precision():
            inputs = processor(images=[picture], return_tensors="pt").to(device)
            (found,) = processor.post_process_object_detection(
                model(**inputs), threshold=self.entry.detector.confidence, target_sizes=[picture.size[::-1]]
            )
        known, boxes = model.config.id2label, []
        for score, label, corners in zip(found["scores"], found["labels"], found["boxes"], strict=True):
            left, upper, right, lower = (float(one) for one in corners)
            if known[int(label)] in wanted and min(right - left, lower - upper) >= SMALLEST:
                boxes.append(((right - left) * (lower - upper), float(score), (left, upper, right, lower)))
        boxes.sort(key=lambda one: (-one[0], -one[1], one[2]))
        kept = [one for one in boxes if one[0] >= COMPARABLE * boxes[0][0]]
        return [(score, _widened(box, picture.size, self.entry.detector.margin)) for _, score, box in kept]

    def _probabilities(self, person: "Image.Image") -> dict[str, float]:
        import torch

        model, processor = self._loaded[0]
        with torch.inference_mode(), devices.full_precision():
            inputs = processor(images=[person], return_tensors="pt").to(model.device)
            probabilities = torch.softmax(model(**inputs).logits[0].float(), dim=-1).cpu().numpy()
        return {str(model.config.id2label[i]): float(one) for i, one in enumerate(probabilities)}

    def _load(self) -> Any:
        import weakref

        import torch
        from transformers import AutoImageProcessor, AutoModelForImageClassification, AutoModelForObjectDetection

        def of(auto: Any) -> Any:
            def load(folder: Path) -> Any:
                options = {"local_files_only": True}
                model = auto.from_pretrained(folder, dtype=torch.float32, use_safetensors=True, **options)
                processor = AutoImageProcessor.from_pretrained(folder, **options)
                return model.eval().requires_grad_(False).to(devices.best_device()), processor

            return load

        loaded = (
            self._classes.load(of(AutoModelForImageClassification)),
            self._persons.load(of(AutoModelForObjectDetection)),
        )
        self._models = tuple(weakref.ref(model) for model, _ in loaded)
        return loaded


def _label(probabilities: dict[str, float], groups: dict[str, str], least: float) -> str:
    """The group whose classes are likeliest together; 'outside' where the classes of no group are, 'ambiguous' below `least`."""
    sums: dict[str, float] = dict.fromkeys([*groups.values(), OUTSIDE], 0.0)
    for one, probability in probabilities.items():
        sums[groups.get(one, OUTSIDE)] += probability
    label = max(sums, key=lambda name: sums[name])
    return label if label == OUTSIDE or sums[label] >= least else AMBIGUOUS


def _widened(box: tuple[float, float, float, float], size: tuple[int, int], margin: float) -> tuple[int, int, int, int]:
    """A box in whole pixels with a margin, within the picture."""
    corners, sides = np.array(box).reshape(2, 2), np.array(size)
    around = margin * (corners[1] - corners[0])
    left, upper = np.floor(np.maximum(corners[0] - around, 0)).astype(int).tolist()
    right, lower = np.ceil(np.minimum(corners[1] + around, sides)).astype(int).tolist()
    return left, upper, right, lower
