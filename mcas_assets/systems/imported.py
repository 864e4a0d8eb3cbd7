"""Systems of kind `import`: image sets made earlier, of models that can no longer be asked, or never could.

Belongs here: what such a system is, its declaration and its identity. Reading sets is `image_sets`; which of their images
an audit takes is `mcas_assets.images.keep_given`.
"""

import json
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import polars as pl
from pydantic import Field

from mcas_assets.core.digests import bytes_digest, plain
from mcas_assets.core.errors import BadInput
from mcas_assets.declare.catalogue import Entry
from mcas_assets.declare.documents import Slug
from mcas_assets.declare.mistakes import Mistake
from mcas_assets.systems.image_sets.mapping import Mapping, MappingKeys, complete, load_mapping, mistakes
from mcas_assets.systems.protocol import Capabilities, Outcome, Request, SystemIdentity

if TYPE_CHECKING:
    from mcas_assets.systems.image_sets.manifest import Manifest
    from mcas_assets.systems.image_sets.rows import Reader


class Declaration(Entry, MappingKeys):
    """One entry of kind `import`; see `image_sets.mapping.MappingKeys` for the keys that a ready mapping can give.

    Attributes:
        path: The set's folder, or its one file, relative to the folder of the file that declares it.
        mapping: A ready mapping of data/mappings.
        audits: As for every kind, but none by default: a set answers the prompts that it has, and few audits ask those.
    """

    kind: Literal["import"]
    path: str
    mapping: str | None = None
    audits: Annotated[tuple[Slug, ...], Field(strict=False)] = ()

    @property
    def local_path(self) -> str | None:
        """The set's folder or file."""
        return self.path

    @classmethod
    def contradictions(cls, raw: dict[str, Any]) -> Iterable[Mistake]:
        """What no single field shows: prompts and model must be told, by the entry or by its ready mapping."""
        return mistakes(raw)


def build(name: str, entry: Declaration, base: Path, cache: Path | None = None) -> "ImportedSystem":
    """The system of an entry; `base` is what its path is relative to, beside `cache` it keeps what it read."""
    return ImportedSystem(name, entry, base, cache)


class ImportedSystem:
    """An image set under audit. See `protocol.System`, and `protocol.ImageSet` for what it adds."""

    def __init__(self, name: str, entry: Declaration, base: Path, cache: Path | None = None) -> None:
        self.name = name
        self._entry = entry
        self._path = base / Path(entry.path).expanduser()
        self._cache = cache
        self._temporary: tempfile.TemporaryDirectory | None = None

    def identity(self) -> SystemIdentity:
        """What exactly is measured: everything that the set holds, and what its columns are taken to mean."""
        return self._identity

    def capabilities(self) -> Capabilities:
        """It has what it has: nothing can be asked of it."""
        return Capabilities(seed="none", images="given")

    def size(self) -> tuple[int, int]:
        """A set has no one size.

        Raises:
            BadInput: Always.
        """
        raise self._cannot("has images of whatever size they are")

    def generate(self, requests: Sequence[Request]) -> list[Outcome]:
        """A set draws nothing.

        Raises:
            BadInput: Always.
        """
        raise self._cannot("draws nothing")

    def environment(self) -> dict[str, Any]:
        """Where the set is from and under which terms; under which conditions it was made is not known."""
        ready, entry = self._ready, self._entry
        facts = {
            "source": entry.source or (ready.source if ready else ""), "revision": self.mapping.revision,
            "licence": entry.licence or (ready.licence if ready else ""), "citation": self.mapping.citation,
        }  # fmt: skip
        return {key: value for key, value in facts.items() if value}

    def close(self) -> None:
        """Nothing is held open."""

    @cached_property
    def mapping(self) -> Mapping:
        """What the set's columns mean."""
        return complete(self._entry.model_dump(include=set(MappingKeys.model_fields)), self._ready)

    @property
    def manifest(self) -> "Manifest":
        """What the set holds. Read once: the instance stands for this version."""
        return self._manifest

    def records(self) -> Iterator[pl.DataFrame]:
        """The set's rows in its order, some thousands at a time; see `protocol.ImageSet`."""
        return self._manifest.pieces()

    def counts_as(self, prompt: str) -> tuple[str, bool]:
        """The prompt that a set's prompt is looked for by, and whether that is declared prompt by prompt."""
        return self.mapping.counts_as(prompt)

    def take(self, records: pl.DataFrame) -> Iterator[Outcome]:
        """One outcome per record, in their order, whatever came of it; the bytes are those of the set.

        Raises:
            BadInput: An image is no longer what it was when the set was identified, or cannot be read.
        """
        from mcas_assets.systems.image_sets.guards import inspect
        from mcas_assets.systems.image_sets.rows import At

        rows = records.to_dicts()
        images = self._reader.read([At(row["file"], row["offset"], row["size"]) for row in rows if not row["outcome"]])
        for row in rows:
            extras = json.loads(row["extras"])
            if row["outcome"]:
                yield Outcome(row["outcome"], reason=row["reason"], provider=extras)
                continue
            data = next(images)
            if bytes_digest(data) != row["sha256"]:
                problem = "changed since the set was identified"
                raise BadInput(self._path / row["file"], problem, "Run again: the set will count as another version")
            outcome = inspect(data, self.mapping.limits)
            if outcome.image is None:
                extras |= {"sha256": row["sha256"]}
            yield Outcome(
                outcome.outcome,
                outcome.reason,
                outcome.image,
                outcome.suffix,
                extras | outcome.provider,
                size=outcome.size,
            )

    @cached_property
    def _ready(self) -> Any:
        return load_mapping(self._entry.mapping) if self._entry.mapping else None

    @cached_property
    def _reader(self) -> "Reader":
        from mcas_assets.systems.image_sets.formats import open_set

        return open_set(self._path, self.mapping)

    @cached_property
    def _manifest(self) -> "Manifest":
        from mcas_assets.systems.image_sets.manifest import read_set

        return read_set(self._reader, self.mapping, self._folder(), self.name)

    @cached_property
    def _identity(self) -> SystemIdentity:
        mapping, manifest = self.mapping, self._manifest
        if not manifest.n_rows:
            raise BadInput(
                self._path, f"holds no image of {mapping.model}{_others(manifest.filtered)}", "See model and where"
            )
        document = {
            "kind": "import",
            "model": mapping.model,
            "content": manifest.content,
            "mapping": mapping.document(),
            "parameters": mapping.parameters or "unknown",
            "prompt_rewriter": mapping.prompt_rewriter,
        }
        return SystemIdentity(self.name, plain(document))

    def _folder(self) -> Path:
        """Where what was read is kept: beside the store, or for as long as this instance lives."""
        if self._cache is not None:
            return self._cache.parent / "image-sets"
        self._temporary = self._temporary or tempfile.TemporaryDirectory(prefix="mcas-")
        return Path(self._temporary.name)

    def _cannot(self, what: str) -> BadInput:
        return BadInput(
            self.name, f"is an image set, and {what}", "Audit it (mcas audit), or name a system that generates"
        )


def _others(filtered: dict[str, int]) -> str:
    if not filtered:
        return ""
    return ": its rows are of " + ", ".join(f"{value} ({count:,})" for value, count in list(filtered.items())[:10])
