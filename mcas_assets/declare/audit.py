"""The declaration of an audit: which question is put to every system, in which words, how often.

Belongs here: the document `data/audits/<name>.yaml`, the rules of its fields, and reading it. Rules that
span several fields are in `audit_rules`; what follows from an audit (requests, ids, seeds) is `plan`; the
populations it names are `populations`; the embedders it names are resolved where embedders are.
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    ValidationError,
    model_validator,
)

from mcas_assets.core.paths import audits_folder
from mcas_assets.declare.contradictions import contradictions, numbered
from mcas_assets.declare.documents import Mistake, Slug, Text, fault, load_document
from mcas_assets.declare.named import find_document, require_name

AUDITS = audits_folder()
PHRASE = "{phrase}"

Count = Annotated[int, Field(strict=True, ge=1)]
# One image has no spread, so nothing could be said of how sure its score is.
Images = Annotated[int, Field(strict=True, ge=2)]
Seed = Annotated[int, Field(strict=True, ge=0, lt=2**63)]
Tone = Annotated[int, Field(strict=True, ge=1, le=10)]


def _distinct(values: tuple[Any, ...]) -> tuple[Any, ...]:
    repeated = sorted({str(value) for value in values if values.count(value) > 1})
    if repeated:
        raise fault(f"gives {', '.join(map(repr, repeated))} twice", "Keep one of the two")
    return values


def _without_placeholder(text: str) -> str:
    if "{" in text or "}" in text:  # nothing would fill it, so it would be read aloud
        remedy = f"Only templates have one, {PHRASE}; write the words out"
        raise fault(f"is {text!r}, with an unknown placeholder", remedy)
    return text


def _with_phrase(template: str) -> str:
    if PHRASE not in template:
        raise fault(f"is {template!r}, without {PHRASE}", f"Write it in, for example: an image of {PHRASE}")
    _without_placeholder(template.replace(PHRASE, ""))
    return template


Wording = Annotated[Text, AfterValidator(_without_placeholder)]
Wordings = Annotated[tuple[Wording, ...], Field(min_length=1), AfterValidator(_distinct)]
Names = Annotated[tuple[Slug, ...], Field(min_length=1), AfterValidator(_distinct)]
Template = Annotated[Text, AfterValidator(_with_phrase)]


class Part(BaseModel):
    """A part of a declaration: it never changes, and holds no key that is not known."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Profile(Part):
    """How texts are put to an embedder: `text_prefix` stands before every one, words and prompts alike."""

    text_prefix: str = "This is "


class ImagesPerPrompt(Part):
    """How many images are requested of each prompt, by the role of the prompt."""

    concept: Images
    attribute: Images
    neutral: Images


class Pole(Part):
    """One end of an axis: `words` are its attribute words, `prompts` make its attribute images."""

    name: Slug
    words: Wordings
    prompts: Wordings


class Group(Part):
    """A perceived group whose share is counted: told by texts, or by the Monk tones (1 to 10) it spans."""

    name: Slug
    texts: Wordings
    monk_tones: Annotated[tuple[Tone, ...], AfterValidator(_distinct)] = ()


class Axis(Part):
    """A social dimension: MCAS compares pole `a` (positive) with pole `b`; shares are counted per group.

    Without `groups`, the two poles are the groups, described by their prompts.
    """

    description: str = ""
    a: Pole
    b: Pole
    groups: tuple[Group, ...] = ()

    @model_validator(mode="after")
    def _poles_are_the_default_groups(self) -> Self:
        if not self.groups:  # completes the value before anyone has seen it
            object.__setattr__(self, "groups", self.poles_as_groups())
        return self

    def poles_as_groups(self) -> tuple[Group, Group]:
        """The two poles as groups, each told by its prompts."""
        a, b = (Group(name=pole.name, texts=pole.prompts) for pole in (self.a, self.b))
        return a, b


class Concept(Part):
    """What a system is asked for: by whole `prompts`, by a noun `phrase` for the templates, or by both.

    In a loaded audit `prompts` is complete: those given, then the phrase in every template. The first is the
    one text prompt of ITPAS and TTAS, the others are further wordings.
    """

    concept: Slug
    category: Slug
    prompts: Annotated[tuple[Wording, ...], AfterValidator(_distinct)] = ()
    phrase: Wording | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.prompts and not self.phrase:
            remedy = "Give prompts: [an image of ...], or a phrase for the templates"
            raise fault("has neither prompts nor phrase", remedy)
        return self

    @property
    def prompt(self) -> str:
        """The text prompt of ITPAS and TTAS."""
        return self.prompts[0]

    def completed(self, templates: tuple[str, ...]) -> "Concept":
        """The same concept with its phrase, if it has one, written into every template."""
        filled = [template.replace(PHRASE, self.phrase) for template in templates] if self.phrase else []
        return self.model_copy(update={"prompts": tuple(dict.fromkeys([*self.prompts, *filled]))})


class NeutralPrompt(Part):
    """A person without a concept. If `baseline`, scores are adjusted by its score, else it is only shown."""

    prompt: Wording
    name: Slug
    baseline: StrictBool = True


class Inference(Part):
    """How the sureness of a number is found: level of intervals, draws of bootstrap and permutation, seed.

    An image whose perceived group has a probability below `confidence` is counted for no group. A change of a score by
    `detectable`, or of a share by `detectable_share`, matters: a comparison that could miss it says `underpowered`.
    """

    level: Annotated[float, Field(strict=True, gt=0, lt=1)] = 0.95
    resamples: Count = 2000
    permutations: Count = 10_000
    confidence: Annotated[float, Field(strict=True, ge=0, lt=1)] = 0.8
    detectable: Annotated[float, Field(strict=True, gt=0, lt=8)] = 0.02
    detectable_share: Annotated[float, Field(strict=True, gt=0, lt=1)] = 0.2
    seed: Seed = 0


class Audit(Part):
    """One declared question, complete and consistent. `load_audit` reads it."""

    audit: Slug
    title: Text
    description: str
    profile: Profile = Profile()
    run_seed: Seed
    images_per_prompt: ImagesPerPrompt
    batch_size: Count = 16
    seeds: Literal["per_prompt", "shared"] = "per_prompt"
    axes: Annotated[dict[Slug, Axis], Field(min_length=1)]
    templates: Annotated[tuple[Template, ...], AfterValidator(_distinct)] = ()
    concepts: Annotated[tuple[Concept, ...], Field(min_length=1)]
    neutral: Annotated[tuple[NeutralPrompt, ...], Field(min_length=1)]
    embedders: Names
    populations: Names = ("parity",)
    inference: Inference = Inference()

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
        return document

    def digest(self) -> str:
        """64 hex digits of the whole document with its defaults, whatever its layout and order of keys."""
        canonical = json.dumps(self.document(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(canonical.encode()).hexdigest()


def list_audits(folder: Path = AUDITS) -> dict[str, Path]:
    """The declared audits by name, in order of name. Nothing is read, so a broken file is listed too."""
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def load_audit(name_or_path: str | Path, folder: Path = AUDITS) -> Audit:
    """Read and check one audit.

    Args:
        name_or_path: A name in `folder`, or the path of a YAML file (a `Path`, or text with a separator or
            a suffix).
        folder: Where named audits lie.

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
