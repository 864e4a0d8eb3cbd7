"""The parts of an audit: what each may say by itself.

Rules that span several parts are `contradictions`; the whole document is `audit`.
"""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, model_validator

from mcas_assets.declare.documents import Slug, Text
from mcas_assets.declare.limits import Draws, Further, Images
from mcas_assets.declare.mistakes import fault

Role = Literal["attribute", "concept", "neutral"]
"""What a prompt is asked for: it shows a pole of an axis, names a concept, or shows a person without a concept."""
PoleKey = Literal["a", "b"]
LABELLERS = ("zero-shot", "pixels")
"""By what the group in an image is told where an audit does not say: its embedders, and the tone of the pixels."""
PHRASE = "{phrase}"

Seed = Annotated[int, Field(strict=True, ge=0, lt=2**63)]
Tone = Annotated[int, Field(strict=True, ge=1, le=10)]


def distinct(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """A validator: the values, none of which may be given twice."""
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
Wordings = Annotated[tuple[Wording, ...], Field(min_length=1), AfterValidator(distinct)]
Names = Annotated[tuple[Slug, ...], Field(min_length=1), AfterValidator(distinct)]
Template = Annotated[Text, AfterValidator(_with_phrase)]


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        remedy = "Escape what is meant literally: \\( \\. \\?"
        raise fault(f"is {text!r}, no regular expression ({error})", remedy) from error
    return text


Pattern = Annotated[str, Field(min_length=1), AfterValidator(_pattern)]
"""A regular expression of Python."""


def _language(tag: str) -> str:
    if not re.fullmatch(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", tag):
        raise fault(f"is {tag!r}, no tag of a language", "Write it as BCP 47 does, for example en, de or zh-Hans")
    return tag


Language = Annotated[str, AfterValidator(_language)]
"""A language by its tag (BCP 47): `de`, `pt-BR`, `zh-Hans`."""


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
    monk_tones: Annotated[tuple[Tone, ...], AfterValidator(distinct)] = ()


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

    def pole(self, key: PoleKey) -> Pole:
        """The pole `a` or `b`."""
        return {"a": self.a, "b": self.b}[key]

    def poles_as_groups(self) -> tuple[Group, Group]:
        """The two poles as groups, each told by its prompts."""
        a, b = (Group(name=pole.name, texts=pole.prompts) for pole in (self.a, self.b))
        return a, b


class Concept(Part):
    """What a system is asked for: by whole `prompts`, by a noun `phrase` for the templates, or by both.

    In a loaded audit `prompts` is complete: those given, then the phrase in every template. The first is the
    one text prompt of ITPAS and TTAS, the others are further wordings.

    Prompts in several languages are concepts of their own, each with its `language`. `text` is what embedders are given in place
    of the prompts: the same words for all languages, in the language of the axis's words, since an embedder reads some languages
    worse than others, and that would count as an association of the system.
    """

    concept: Slug
    category: Slug
    prompts: Annotated[tuple[Wording, ...], AfterValidator(distinct)] = ()
    phrase: Wording | None = None
    language: Language | None = None
    text: Wording | None = None

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
    """A person without a concept. If `baseline`, scores are adjusted by its score, else it is only shown.

    `images` is how many are requested of it, where that is not `images_per_prompt.neutral`. `language` and `text` are as those of a
    concept.
    """

    prompt: Wording
    name: Slug
    baseline: StrictBool = True
    images: Images | None = None
    language: Language | None = None
    text: Wording | None = None


class Inference(Part):
    """How the sureness of a number is found.

    Attributes:
        level: Of every interval.
        resamples: Draws of the bootstrap, where there is one.
        permutations: Draws of a permutation test that cannot be exact.
        confidence: An image whose perceived group has a probability below this is counted for no group.
        detectable: A change of a score that matters: a comparison that could miss it says `underpowered`.
        detectable_share: The same for a share.
        seed: Of every draw of bootstrap and permutation.
    """

    level: Annotated[float, Field(strict=True, gt=0, lt=1)] = 0.95
    resamples: Draws = 2000
    permutations: Draws = 10_000
    confidence: Annotated[float, Field(strict=True, ge=0, lt=1)] = 0.8
    detectable: Annotated[float, Field(strict=True, gt=0, lt=8)] = 0.02
    detectable_share: Annotated[float, Field(strict=True, gt=0, lt=1)] = 0.2
    seed: Seed = 0


class Spending(Part):
    """How a re-audit spends its images: some of every concept first, further ones where these point.

    Attributes:
        further: Further images of a concept on average, drawn of both versions when two are compared; 0 for none. By default
            half as many as there are of each prompt of a concept.
        below: Concepts whose pairs so far give a p-value below this on any axis, by the first embedder, get some.
        most: So large a share of the concepts at most gets all that a concept can get: those with the smallest p-values. The
            smaller it is, the more images each of them gets.
    """

    further: Further | None = None
    below: Annotated[float, Field(strict=True, gt=0, le=0.5)] = 0.5
    most: Annotated[float, Field(strict=True, gt=0, le=1)] = 0.2
