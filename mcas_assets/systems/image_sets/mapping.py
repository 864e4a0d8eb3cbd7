"""What the columns of a set mean: declared by the entry of a system, or ready-made for a known set.

`data/mappings/<name>.yaml` holds the ready ones. A key of the entry stands before the same key of the ready mapping
that it names.
"""

import json
import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from mcas_assets.core.errors import BadInput
from mcas_assets.core.outcomes import OUTCOMES, OutcomeName
from mcas_assets.core.paths import mappings_folder
from mcas_assets.declare.documents import Slug, Text, load_document, named_files
from mcas_assets.declare.mistakes import Mistake, did_you_mean, fault
from mcas_assets.declare.parts import Pattern
from mcas_assets.systems.image_sets import wording
from mcas_assets.systems.image_sets.guards import Limits

MOST_SEED = 2**62  # what lies above stands for images of unknown seed where units are counted
Scalar = str | int | float | bool


def _outcome(word: object) -> object:
    if isinstance(word, str) and word not in OUTCOMES:
        raise fault(f"is {word!r}, which is no outcome", did_you_mean(word, OUTCOMES))
    return word


def _placeholders(text: str) -> str:
    if wording.is_template(text) and (bad := wording.bad_placeholder(text)):
        remedy = "Write the name of a column in braces: {profession}, {part_id:06d} for leading zeros, {a} for a or an"
        raise fault(f"is {bad!r}, with a placeholder that cannot be filled", remedy)
    return text


OutcomeWord = Annotated[OutcomeName, BeforeValidator(_outcome)]
ColumnOrTemplate = Annotated[Text, AfterValidator(_placeholders)]


class Part(BaseModel):
    """A part of a mapping: it holds no key that is not known."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Status(Part):
    """What became of each image, where the set says so.

    Attributes:
        column: The column that tells.
        values: From what stands there to an outcome ('2.0': refused_output); numbers are compared as numbers.
        others: The outcome where something else, or nothing, stands there; 'ok' leaves it to the file.
        reason: A column with the reason in words.
    """

    column: Text
    values: Annotated[dict[str, OutcomeWord], Field(min_length=1)]
    others: OutcomeWord = "failed"
    reason: Text | None = None

    def of(self, fields: dict[str, Any]) -> tuple[OutcomeName, str | None]:
        """(outcome, reason) of a row; 'ok' where the file decides."""
        cell = fields.get(self.column)
        reason = fields.get(self.reason) if self.reason else None
        for value, outcome in self.values.items():
            if cell is not None and wording.same(cell, value):
                return outcome, str(reason or f"the set says so: {self.column} is {value}")[:500]
        return self.others, str(reason or f"the set says so: {self.column} is {cell!r}, not a value that is declared")[
            :500
        ]


class Rewrite(Part):
    """Every match of a regular expression in a set's prompt is replaced before the prompt is looked for in the audit."""

    pattern: Pattern
    by: str

    @model_validator(mode="after")
    def _can_be_filled(self) -> Self:
        try:
            re.sub(self.pattern, self.by, "")
        except (re.error, IndexError) as error:
            remedy = "Refer to a group that the pattern has: \\1 is its first pair of round brackets"
            raise fault(f"has by: {self.by!r}, which cannot be filled ({error})", remedy) from error
        return self


class MappingKeys(Part):
    """The keys that an entry of kind `import` and a ready mapping share; all may be left out.

    Attributes:
        format: image-folder, tree, parquet or webdataset; found by looking if not given.
        metadata: image-folder: names of the metadata files, with wildcards, instead of metadata.csv, .jsonl or .parquet.
        file: image-folder: the column with the file's name, or a template for its path below the metadata file.
        image: parquet: the column with the images.
        prompt: The column with the prompt, or a template: 'Photo portrait of {a} {profession}'.
        constants: Columns that every row has, for templates.
        model: Which model made the images: a label, and the value that is looked for where there is a `model_column`.
        model_column: The column that tells several models of one set apart.
        where: Only rows with these values in these columns.
        seed: The column with the seed.
        status: What became of each image.
        keep: Columns that are kept with each image, as the set has them.
        revised_prompt: The column with what the provider made of the prompt.
        prompt_rewriter: Whether the provider rewrote prompts: off, on or unknown.
        parameters: What is known of how the images were made: {steps: 50}. Without, it counts as unknown.
        rewrite: Changes to a set's prompt before it is looked for in the audit.
        prompts: For prompts of the set, the prompt of an audit that they count as.
        max_bytes, max_pixels: Larger images are not taken.
        citation, revision: Where the set is described, and which state of the source this is.
    """

    format: Literal["image-folder", "tree", "parquet", "webdataset"] | None = None
    metadata: Text | None = None
    file: ColumnOrTemplate | None = None
    image: Text | None = None
    prompt: ColumnOrTemplate | None = None
    constants: dict[str, Scalar] | None = None
    model: Text | None = None
    model_column: Text | None = None
    where: dict[str, Scalar | list[Scalar]] | None = None
    seed: Text | None = None
    status: Status | None = None
    keep: list[Text] | None = None
    revised_prompt: Text | None = None
    prompt_rewriter: Literal["off", "on", "unknown"] | None = None
    parameters: dict[str, Scalar] | None = None
    rewrite: list[Rewrite] | None = None
    prompts: dict[str, Text] | None = None
    max_bytes: Annotated[int, Field(ge=1, le=2**31)] | None = None
    # The images' own check decodes them with Pillow's limit, which is 89,478,485 pixels.
    max_pixels: Annotated[int, Field(ge=1, le=89_478_485)] | None = None
    citation: str | None = None
    revision: str | None = None


class Ready(MappingKeys):
    """A ready mapping, `data/mappings/<mapping>.yaml`."""

    mapping: Slug
    title: str
    description: str
    licence: str = ""
    source: str = ""


class Mapping(MappingKeys):
    """A whole mapping: what an entry and the ready mapping that it names say together."""

    prompt: ColumnOrTemplate = "folder"  # what `tree` calls the folder that an image lies in
    model: Text  # type: ignore[assignment]
    prompt_rewriter: Literal["off", "on", "unknown"] = "unknown"
    max_bytes: Annotated[int, Field(ge=1, le=2**31)] = 1 << 26
    max_pixels: Annotated[int, Field(ge=1, le=89_478_485)] = 1 << 26

    @cached_property
    def declared_prompts(self) -> dict[str, str]:
        """From the normal form of a set's prompt to the audit's prompt that it is declared to count as."""
        return {wording.normal(of_set): of_audit for of_set, of_audit in (self.prompts or {}).items()}

    @property
    def limits(self) -> Limits:
        """The largest image that is taken."""
        return Limits(bytes=self.max_bytes, pixels=self.max_pixels)

    def document(self) -> dict[str, Any]:
        """What of it decides which images count for which prompt: part of the identity."""
        descriptive = {"citation", "revision", "model", "parameters", "prompt_rewriter"}
        return self.model_dump(mode="json", exclude=descriptive, exclude_none=True)

    def columns(self) -> dict[str, str]:
        """Each key that needs a column, and the column; those of `constants` are there in any case."""
        templates = {"prompt": self.prompt, "file": self.file}
        columns = {}
        for key, text in templates.items():
            names = wording.fields_of(text) if text and wording.is_template(text) else [text] if text else []
            columns |= {f"{key}: {name}" if len(names) > 1 else key: name for name in names}
        columns |= {"model_column": self.model_column, "seed": self.seed, "revised_prompt": self.revised_prompt}
        columns |= {f"where.{name}": name for name in self.where or {}}
        columns |= {f"keep: {name}": name for name in self.keep or []}
        if self.status:
            columns |= {"status.column": self.status.column, "status.reason": self.status.reason}
        return {key: name for key, name in columns.items() if name and name not in (self.constants or {})}

    def filtered(self, fields: dict[str, Any]) -> str | None:
        """Why a row is not of this system, as `column=value`, or None if it is."""
        wanted: dict[str, Any] = dict(self.where or {})
        if self.model_column:
            wanted[self.model_column] = self.model
        for column, value in wanted.items():
            options = value if isinstance(value, list) else [value]
            if not any(wording.same(fields.get(column), option) for option in options):
                return f"{column}={fields.get(column)}"
        return None

    def prompt_of(self, fields: dict[str, Any]) -> str | None:
        """The set's prompt of a row, or None if it has none."""
        if wording.is_template(self.prompt):
            return wording.fill(self.prompt, fields) or None
        value = fields.get(self.prompt)
        text = "" if value is None or value != value else str(value).strip()
        return text or None

    def seed_of(self, fields: dict[str, Any]) -> int | None:
        """The seed of a row in [0, 2**62), or None where it is not known."""
        number = wording.whole(fields.get(self.seed)) if self.seed else None
        return number if number is not None and 0 <= number < MOST_SEED else None

    def extras_of(self, fields: dict[str, Any]) -> dict[str, Any]:
        """What is kept with the image as the set has it (JSON values)."""
        extras = {name: fields.get(name) for name in self.keep or []}
        if self.revised_prompt:
            extras["revised_prompt"] = fields.get(self.revised_prompt)
        return {name: json.loads(json.dumps(value, default=str)) for name, value in extras.items() if value is not None}

    def counts_as(self, prompt: str) -> tuple[str, bool]:
        """The prompt that a set's prompt is looked for by in an audit, and whether that is declared prompt by prompt."""
        declared = self.declared_prompts.get(wording.normal(prompt))
        if declared is not None:
            return declared, True
        for rewrite in self.rewrite or []:
            prompt = re.sub(rewrite.pattern, rewrite.by, prompt)
        return prompt, False


def list_mappings(folder: Path | None = None) -> dict[str, Path]:
    """The ready mappings by name."""
    return named_files(folder or mappings_folder())


def load_mapping(name: str, folder: Path | None = None) -> Ready:
    """A ready mapping.

    Raises:
        BadInput: There is none of that name, or its file has mistakes.
    """
    known = list_mappings(folder)
    if name not in known:
        raise BadInput(f"mapping {name!r}", "is no ready mapping", did_you_mean(name, known))
    ready = load_document(known[name], Ready, lambda raw: ())
    if ready.mapping != name:
        raise BadInput(
            known[name], f"is {ready.mapping!r}, but its file is named {name!r}", "Give both one name", "mapping"
        )
    return ready


def complete(keys: dict[str, Any], ready: Ready | None) -> Mapping:
    """One mapping of an entry's keys and a ready one; those of the entry stand first, key by key."""
    given = {name: value for name, value in keys.items() if name in MappingKeys.model_fields and value is not None}
    below = ready.model_dump(include=set(MappingKeys.model_fields), exclude_none=True) if ready else {}
    return Mapping.model_validate(below | given)


def mistakes(raw: dict[str, Any], folder: Path | None = None) -> Iterator[Mistake]:
    """What is wrong with the mapping of a raw entry that no single key shows."""
    known, name = list_mappings(folder), raw.get("mapping")
    if isinstance(name, str) and name not in known:
        yield Mistake(("mapping",), f"is {name!r}, which is no ready mapping", did_you_mean(name, known))
        return
    ready = load_mapping(name, folder).model_dump(exclude_none=True) if isinstance(name, str) else {}
    both = ready | {key: value for key, value in raw.items() if value is not None}
    if both.get("prompt") is None and both.get("format") != "tree":
        remedy = "Name its column, or give a template: 'Photo portrait of {a} {profession}'. Only a tree needs none"
        yield Mistake(("prompt",), "is missing", remedy)
    if both.get("model") is None:
        remedy = "Say which model made the images"
        if both.get("model_column"):
            remedy += f": the rows of one model are taken, by the column {both['model_column']}"
        yield Mistake(("model",), "is missing", remedy)
    yield from _misplaced(both)


def _misplaced(both: dict[str, Any]) -> Iterable[Mistake]:
    format = both.get("format")
    homes = {"metadata": "image-folder", "file": "image-folder", "image": "parquet"}
    for key, home in homes.items():
        if both.get(key) is not None and format not in (None, home):
            yield Mistake((key,), f"is only for format: {home}", f"Leave it out, or give format: {home}")
