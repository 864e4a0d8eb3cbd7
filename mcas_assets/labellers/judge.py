"""Labellers of kind `judge`: an image-text model of transformers, by how likely it finds each of a closed list of answers.

Nothing that it writes is parsed: what is read is the probability of each answer's letter as the next token. Each answer stands in
each place of the list once, and probabilities are averaged over these orders, since such models lean to places.
"""

from collections.abc import Generator, Iterable
from pathlib import Path
from string import ascii_uppercase
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from mcas_assets.core.errors import BadInput, kind_and_line
from mcas_assets.core.overlap import HELPERS, ahead
from mcas_assets.declare.documents import Text
from mcas_assets.declare.parts import Axis
from mcas_assets.embedders.model import FolderEntry
from mcas_assets.labellers.asking import EVIDENCE, QUESTION, Option, Words, can_ask, lettered, options_of, turned
from mcas_assets.labellers.model_folder import STRANGE, ModelFolder, ModelLabeller, pretty, shown
from mcas_assets.labellers.protocol import AMBIGUOUS, NO_ANSWER, Answer
from mcas_assets.systems.pipelines import devices

if TYPE_CHECKING:
    from PIL import Image

ASKS = "1"
"""Raised with any change of this module after which an image may be told otherwise."""

LEAST_MASS = 0.01
"""Probability of all letters together below which the judge was about to say something else: no answer."""


class Declaration(FolderEntry):
    """One entry of kind `judge`: see `FolderEntry` for its files.

    Attributes:
        question: What is asked of each image; the list of answers follows it.
        words: By axis of an audit and group of it: the words for the group in the list; the group's name, if not given.
        confidence: An image whose likeliest answer has a probability below this counts for none.
        evidence: Tokens, at most, in which it says what it saw; 0 asks for none, which is quicker.
        dtype: The number format of the weights.
    """

    kind: Literal["judge"]
    question: Text = QUESTION
    words: Words = Field(default_factory=dict)
    confidence: Annotated[float, Field(ge=0, lt=1)] = 0.5
    evidence: Annotated[int, Field(ge=0, le=256)] = 32
    dtype: Literal["float32", "bfloat16", "float16"] = "float32"


def build(name: str, entry: Declaration, base: Path, cache: Path | None = None) -> "Judge":
    """The labeller of an entry; `base` is what its folder is relative to, `cache` a file that remembers digests."""
    return Judge(name, entry, base, cache)


class Judge(ModelLabeller):
    """Asks a model of a person's own choice, on this machine. See `mcas_assets.labellers.protocol.Looker`."""

    def __init__(self, name: str, entry: Declaration, base: Path, cache: Path | None = None) -> None:
        super().__init__(name, entry)
        self._files = ModelFolder(f"labeller {name}", entry, base, cache, "ForConditionalGeneration")

    def tells(self, name: str, axis: Axis) -> bool:
        """Every axis of two groups or more, up to the letters."""
        return can_ask(f"labeller {self.name}", name, axis, self.entry.words)

    def _facts(self) -> dict[str, Any]:
        settings = self.entry.model_dump(mode="json", include={"question", "confidence", "evidence", "dtype"})
        return settings | {"weights": self._files.weights(), "asks": [ASKS, EVIDENCE, LEAST_MASS]}

    def _asks(self, name: str, axis: Axis) -> Any:
        return [lettered(self.entry.question, options_of(name, axis, self.entry.words)), name]

    def look(self, name: str, axis: Axis, files: Iterable[bytes]) -> Generator[Answer]:
        """See `mcas_assets.labellers.protocol.Looker.look`. One image at a time: none depends on what else is looked at."""
        from jinja2 import TemplateError  # of a chat template, which is a stranger's program too

        options = options_of(name, axis, self.entry.words)
        for picture in ahead(shown, files, HELPERS):
            if self._loaded is None:
                self._loaded = self._load()
            self._files.check("while it was at work")
            try:
                yield self._told(picture, options)
            except (*STRANGE, TemplateError) as error:
                problem = f"ended with an error of the model ({kind_and_line(error, 500)})"
                remedy = (
                    "See that it is of this version of transformers, and fits into memory (dtype: bfloat16 takes half)"
                )
                raise BadInput(f"labeller {self.name}", problem, remedy) from error

    def _told(self, picture: "Image.Image", options: list[Option]) -> Answer:
        """The answer that is likeliest over all orders of the list, and what the judge says that it saw."""
        import torch

        sums, mass = dict.fromkeys([one.label for one in options], 0.0), 0.0
        with torch.inference_mode(), devices.full_precision():
            for place in range(len(options)):
                order = turned(options, place)
                letters = self._letters(picture, lettered(self.entry.question, order), len(order))
                said_any = sum(letters) or 1.0  # of a model that is sure of something else nothing is left
                for option, probability in zip(order, letters, strict=True):
                    sums[option.label] += probability / said_any / len(options)
                mass += sum(letters) / len(options)
            label = max(sums, key=lambda one: sums[one])
            raw = pretty({"probabilities": sums, "letters": mass})
            if mass < LEAST_MASS:
                return Answer(NO_ANSWER, None, raw)
            if sums[label] < self.entry.confidence:
                return Answer(AMBIGUOUS, None, raw)
            said = self._evidence(picture, options, label) if self.entry.evidence else None
        return Answer(label, said, raw)

    def _letters(self, picture: "Image.Image", text: str, count: int) -> list[float]:
        """The probability of each of the first `count` letters as what comes next."""
        import torch

        model, _, ids = self._loaded
        logits = model(**self._inputs(picture, [("user", text)])).logits[0, -1].double()
        chances = torch.softmax(logits, dim=-1).cpu()
        return [float(chances[ids[letter]].sum()) for letter in ascii_uppercase[:count]]

    def _evidence(self, picture: "Image.Image", options: list[Option], label: str) -> str | None:
        model, processor, _ = self._loaded
        chosen = ascii_uppercase[[one.label for one in options].index(label)]
        asked = [("user", lettered(self.entry.question, options)), ("assistant", chosen), ("user", EVIDENCE)]
        inputs = self._inputs(picture, asked)
        written = model.generate(**inputs, max_new_tokens=self.entry.evidence, do_sample=False)
        said = processor.decode(written[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
        return " ".join(said.split()) or None

    def _inputs(self, picture: "Image.Image", turns: list[tuple[str, str]]) -> Any:
        model, processor, _ = self._loaded
        shown_first: list[dict[str, Any]] = [{"type": "image", "image": picture}]
        messages = [
            {"role": role, "content": [*(shown_first if place == 0 else []), {"type": "text", "text": text}]}
            for place, (role, text) in enumerate(turns)
        ]
        options = {"add_generation_prompt": True, "tokenize": True, "return_dict": True, "return_tensors": "pt"}
        return processor.apply_chat_template(messages, **options).to(model.device, dtype=model.dtype)

    def _load(self) -> Any:
        import weakref

        import torch
        from transformers import AutoModelForImageTextToText, AutoProcessor

        def load(folder: Path) -> Any:
            kind, local = getattr(torch, self.entry.dtype), {"local_files_only": True}
            model: Any = AutoModelForImageTextToText.from_pretrained(folder, dtype=kind, use_safetensors=True, **local)
            processor: Any = AutoProcessor.from_pretrained(folder, **local)
            return model.eval().requires_grad_(False).to(devices.best_device()), processor

        model, processor = self._files.load(load)
        if not getattr(processor, "chat_template", None):
            problem = "has no chat template, by which a question is put to it"
            raise BadInput(self._files.path(), problem, "Give a model that was trained to follow instructions")
        self._models = (weakref.ref(model),)
        return model, processor, self._letter_ids(processor.tokenizer)

    def _letter_ids(self, tokenizer: Any) -> dict[str, list[int]]:
        """The tokens that a letter can be said by: alone, and behind a space."""
        ids = {}
        for letter in ascii_uppercase:
            written = [tokenizer.encode(text, add_special_tokens=False) for text in (letter, f" {letter}")]
            ids[letter] = sorted({one[0] for one in written if len(one) == 1 and one[0] != tokenizer.unk_token_id})
        if not all(ids.values()):
            problem = "has no token for a letter, so answers cannot be told apart by one"
            raise BadInput(self._files.path(), problem, "Give a model whose tokenizer knows the letters A to Z")
        return ids
