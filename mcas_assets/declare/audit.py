"""The declaration of an audit: which question is put to every system, in which words, how often.

Belongs here: the document `data/audits/<name>.yaml`, and reading it. Its parts are `parts`, rules that span several of
them `contradictions`; what follows from an audit (requests, ids, seeds) is `plan`; the
populations it names are `populations`; the embedders it names are resolved where embedders are.
"""

import json
from collections.abc import Iterable, Iterator
from math import ceil
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, ValidationError, model_validator

from mcas_assets.core.digests import document_digest
from mcas_assets.core.paths import audits_folder
from mcas_assets.declare.contradictions import contradictions, numbered
from mcas_assets.declare.documents import Slug, Text, find_document, load_document, named_files, require_name
from mcas_assets.declare.limits import Batch
from mcas_assets.declare.mistakes import Mistake, fault
from mcas_assets.declare.parts import (
    LABELLERS,
    PHRASE,
    Axis,
    Concept,
    ImagesPerPrompt,
    Inference,
    Names,
    NeutralPrompt,
    Part,
    Profile,
    Seed,
    Spending,
    Template,
    distinct,
)


class Audit(Part):
    """One declared question, complete and consistent. `load_audit` reads it.

    Attributes:
        audit: Its name: that of its file, if it lies in the folder of audits.
        title: One line for people.
        description: For people.
        profile: How texts are put to an embedder.
        run_seed: What every image's seed is derived from, together with the prompt and the number of the image.
        images_per_prompt: How many images are requested.
        batch_size: Images that are drawn together. It is part of what an image is made of: another size gives other low bits.
        seeds: `per_prompt` gives every prompt seeds of its own; `shared` gives the n-th image of every prompt but the
            neutral ones the same seed, so that what a seed decides is paired across concepts.
        axes: The social dimensions, by name.
        templates: Texts with `{phrase}`, into which the phrase of every concept that has one is written.
        concepts: What is measured.
        neutral: Persons without a concept: the zero that scores are held against.
        embedders: The instruments, by their names in `data/embedders.yaml`.
        labellers: What tells the groups in images, by their names in `data/labellers.yaml`.
        populations: What shares are held against, by the names of files in `data/populations`.
        inference: How the sureness of a number is found.
        comparison: How images are spent when two versions are compared.
        cut_texts: `refuse` ends the audit before anything is drawn where an encoder would not read a text to its end; `allow`
            goes on, and says so.
    """

    audit: Slug
    title: Text
    description: str
    profile: Profile = Profile()
    run_seed: Seed
    images_per_prompt: ImagesPerPrompt
    batch_size: Batch = 16
    seeds: Literal["per_prompt", "shared"] = "per_prompt"
    axes: Annotated[dict[Slug, Axis], Field(min_length=1)]
    templates: Annotated[tuple[Template, ...], AfterValidator(distinct)] = ()
    concepts: Annotated[tuple[Concept, ...], Field(min_length=1)]
    neutral: Annotated[tuple[NeutralPrompt, ...], Field(min_length=1)]
    embedders: Names
    labellers: Names = LABELLERS
    populations: Names = ("parity",)
    inference: Inference = Inference()
    comparison: Spending = Spending()
    cut_texts: Literal["refuse", "allow"] = "refuse"

    @model_validator(mode="after")
    def _complete_and_consistent(self) -> Self:
        parts = (self.axes, numbered(self.concepts), numbered(self.neutral), self.templates)
        for mistake in contradictions(*parts):
            raise fault(f"{mistake.key}: {mistake.problem}", mistake.remedy)
        completed = tuple(concept.completed(self.templates) for concept in self.concepts)
        object.__setattr__(self, "concepts", completed)  # completes the value before anyone has seen it
        return self

    def document(self) -> dict[str, Any]:
        """The whole document with its defaults, as JSON values in the form that stored digests were made of."""
        document = self.model_dump(mode="json")
        for concept in document["concepts"]:
            concept["half"] = None  # a key that is gone; without it what homes hold would count as of another audit
        for part in (*document["concepts"], *document["neutral"]):
            for key in ("images", "language", "text"):  # keys that are new
                if part.get(key, 0) is None:
                    del part[key]
        if self.comparison == Spending():
            del document["comparison"]  # likewise
        elif self.comparison.most == Spending().most:
            del document["comparison"]["most"]  # likewise
        if self.labellers == LABELLERS:
            del document["labellers"]  # likewise
        if self.cut_texts == "refuse":
            del document["cut_texts"]  # likewise
        return document

    @classmethod
    def of_document(cls, text: str) -> "Audit | None":
        """The audit whose `document` is a JSON text, or None where it was written for another release."""
        document = json.loads(text)
        for concept in document.get("concepts", []):
            concept.pop("half", None)
        try:
            return cls.model_validate_json(json.dumps(document))
        except ValidationError:
            return None

    def with_images(self, concept: int) -> "Audit":
        """The same audit with another number of images of each prompt of a concept, 2 or more."""
        return self.model_copy(
            update={"images_per_prompt": self.images_per_prompt.model_copy(update={"concept": concept})}
        )

    def with_embedders(self, chosen: Iterable[str]) -> "Audit":
        """The same audit by other embedders, in their order."""
        return self.model_copy(update={"embedders": tuple(dict.fromkeys(chosen))})

    def with_populations(self, chosen: Iterable[str]) -> "Audit":
        """The same audit, held against other populations first, then against those that it names."""
        return self.model_copy(update={"populations": tuple(dict.fromkeys([*chosen, *self.populations]))})

    @property
    def further(self) -> int:
        """Further images of a concept on average that a comparison draws of each version."""
        declared = self.comparison.further
        return self.images_per_prompt.concept // 2 if declared is None else declared

    @property
    def rounds(self) -> list[tuple[int, int]]:
        """The rounds in which further images are spent: (concepts at most, images of each).

        Two fifths of what there is goes to the half of the concepts that the first images point to most, the rest to the share
        `comparison.most` that these then point to. Both numbers are fixed before anything is drawn.
        """
        count, budget = len(self.concepts), self.further * len(self.concepts)
        half, last = ceil(count / 2), ceil(self.comparison.most * count)
        early = 2 * budget // 5 // half if last < half else 0
        each = [(half, early), (last, (budget - early * half) // last)]
        return [(concepts, images) for concepts, images in each if images]

    def neutral_images(self) -> dict[str, int]:
        """How many images are requested of each neutral prompt, by its name."""
        return {one.name: one.images or self.images_per_prompt.neutral for one in self.neutral}

    def digest(self) -> str:
        """64 hex digits of the whole document with its defaults, whatever its layout and order of keys."""
        return document_digest(self.document())


def list_audits(folder: Path | None = None) -> dict[str, Path]:
    """The declared audits by name, in order of name. Nothing is read, so a broken file is listed too."""
    return named_files(folder or audits_folder())


def load_audit(name_or_path: str | Path, folder: Path | None = None) -> Audit:
    """Read and check one audit.

    Args:
        name_or_path: A name in `folder`, or the path of a YAML file (a `Path`, or text with a separator or
            a suffix).
        folder: Where named audits lie, by default in the project.

    Raises:
        BadInput: there is no such file, or it cannot be read. The message lists the audits there are.
        BadDocument: the file has mistakes. The message lists all of them.
    """
    path, asked = find_document(name_or_path, list_audits(folder), "audit")
    audit = load_document(path, Audit, _contradictions_in)
    require_name(path, audit.audit, asked, "audit")
    return audit


def _contradictions_in(raw: dict[str, Any]) -> Iterator[Mistake]:
    """The contradictions among those entries of a raw document that are well-formed by themselves."""
    axes = _sound(raw.get("axes"), Axis)
    concepts = _sound(raw.get("concepts"), Concept)
    neutral = _sound(raw.get("neutral"), NeutralPrompt)
    templates = raw.get("templates")
    written = tuple(map(str, templates)) if isinstance(templates, list) else (PHRASE,) if templates else ()
    yield from contradictions(axes, concepts, neutral, written)


def _sound(entries: object, model: type[Part]) -> dict[Any, Any]:
    """Those entries of a mapping or list, by key or place, that `model` accepts."""
    named = numbered(entries) if isinstance(entries, list) else entries
    sound = {}
    for key, entry in named.items() if isinstance(named, dict) else ():
        try:
            sound[key] = model.model_validate(entry)
        except ValidationError:
            continue  # already explained, field by field
    return sound


Targets = list[tuple[str, str, str]]  # (category, concept, prompt), in the order of the scores


def targets_of(audit: Audit) -> Targets:
    """Everything that gets a score: the concepts, then the neutral prompts."""
    return [
        *((concept.category, concept.concept, concept.prompt) for concept in audit.concepts),
        *(("neutral", neutral.name, neutral.prompt) for neutral in audit.neutral),
    ]


def wordings_of(audit: Audit) -> dict[str, str]:
    """The wording that each prompt of a concept is of: the template that it was written by, which concepts may share, or itself."""
    found: dict[str, str] = {}
    for concept in audit.concepts:
        written = {template.replace(PHRASE, concept.phrase): template for template in audit.templates if concept.phrase}
        found |= {prompt: written.get(prompt, prompt) for prompt in concept.prompts}
    return found
