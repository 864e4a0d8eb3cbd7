"""What each stage reads of what people declare, as a digest: so an edit makes stale what reads it, and nothing else.

Belongs here: the parts of an audit, of the declared embedders and of the populations that stages look at. Which of them a
stage reads is said by its `declares`. What it reads of other stages is told by their data versions.

Everything here is cheap enough for every load of the definitions: no model is loaded, no weight file read through. Of an
embedder from a local folder, `sketch` looks at names, sizes and samples of the files; the digest of all bytes is found
when a run begins, names the vectors, and so reaches the data version of `embeddings` whatever a sketch may have missed.
A tag or a repository counts as it is declared: pin a revision, since what stands behind a name may move.
"""

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from mcas_assets.core.digests import document_digest
from mcas_assets.core.errors import BadInput
from mcas_assets.core.paths import embedders_file, labellers_file, populations_folder
from mcas_assets.declare.audit import Audit
from mcas_assets.declare.catalogue import Catalogue
from mcas_assets.declare.parts import LABELLERS
from mcas_assets.declare.populations import list_populations, load_population
from mcas_assets.embedders.find import load_embedders
from mcas_assets.labellers.find import is_default, load_labellers

log = logging.getLogger(__name__)

_FOR_PEOPLE = {"title", "description", "licence", "source", "truth", "parameters"}
_READ_BY_LOADERS = {".json", ".safetensors", ".bin", ".pth", ".pt", ".txt", ".model"}
_SAMPLES, _SAMPLE = 32, 1 << 14  # so many samples of so many bytes: training anew changes every one of them


@dataclass(frozen=True)
class Declared:
    """The declarations that lie beside the audits. Read once for each object.

    Attributes:
        embedder_file: The declared embedders.
        population_folder: The reference populations.
        labeller_file: The declared labellers.
    """

    embedder_file: Path = field(default_factory=embedders_file)
    population_folder: Path = field(default_factory=populations_folder)
    labeller_file: Path = field(default_factory=labellers_file)
    _sketches: dict[Path, list] = field(default_factory=dict, compare=False)

    @cached_property
    def _entries(self) -> Catalogue | None:
        """The embedders, or None where their file cannot be used: a run says what is wrong, the definitions still load."""
        try:
            return load_embedders(self.embedder_file)
        except BadInput as problem:
            log.error("embedders cannot be told apart: %s", problem)
            return None

    def embedder(self, name: str) -> list:
        """What determines an embedder, as far as its declaration and a look at its folder tell."""
        if self._entries is None:
            return [name, "unreadable", _bytes_digest(self.embedder_file)]
        if name in self._entries.unusable:
            return [name, "unreadable", _bytes_digest(self._entries.files[name])]
        entry = self._entries.get(name)
        if entry is None:
            return [name, "undeclared"]
        folder = entry.local_path
        seen = self._sketch(self._entries.base(name) / Path(folder).expanduser()) if folder else []
        return [name, entry.model_dump(mode="json", exclude=_FOR_PEOPLE), seen]

    @cached_property
    def _labellers(self) -> Catalogue | None:
        """The labellers, as `_entries` are."""
        try:
            return load_labellers(self.labeller_file)
        except BadInput as problem:
            log.error("labellers cannot be told apart: %s", problem)
            return None

    def labeller(self, name: str) -> list | None:
        """What determines a labeller, as `embedder` does; None for what tells groups where an audit does not say."""
        if self._labellers is None:
            return [name, "unreadable", _bytes_digest(self.labeller_file)]
        if name in self._labellers.unusable:
            return [name, "unreadable", _bytes_digest(self._labellers.files[name])]
        entry = self._labellers.get(name)
        if entry is None:
            return [name, "undeclared"]
        if is_default(name, entry):
            return None
        base = self._labellers.base(name)
        seen = [self._sketch(base / Path(folder).expanduser()) for folder in entry.local_paths]
        return [name, entry.model_dump(mode="json", exclude=_FOR_PEOPLE), seen]

    def population(self, name: str, audit: Audit) -> list:
        """What a population says of the concepts and groups of an audit, and whose numbers they are."""
        try:
            population = load_population(name, self.population_folder)
        except BadInput:
            path = list_populations(self.population_folder).get(name, self.population_folder / f"{name}.csv")
            return [name, "unreadable", _bytes_digest(path)]
        shares = {
            axis: {concept: population.shares.get(axis, {}).get(concept) for concept in _names(audit)}
            for axis in audit.axes
        }
        sizes = [[axis, concept, population.weight(axis, concept)] for axis in audit.axes for concept in _names(audit)]
        known_sizes = [
            one for one in sizes if one[2] is not None
        ]  # only where there are any, so that no other population moves
        about = [name, population.year, population.locale, population.source, population.is_equal]
        return [*about, shares, *([known_sizes] if known_sizes else [])]

    def _sketch(self, folder: Path) -> list:
        if folder not in self._sketches:
            self._sketches[folder] = sketch(folder)
        return self._sketches[folder]


def code_version(
    by_hand: str, declares: Callable[[Audit, Declared], Any] | None, audit: Audit, declared: Declared
) -> str:
    """The code version of a stage of an audit: the version of its code, and 12 hex digits of what it reads.

    Args:
        by_hand: The version that is raised when the stage's code would give another result from the same inputs.
        declares: What the stage reads of the declarations; None for all there is.
        audit: The declaration.
        declared: What lies beside it.
    """
    read = (declares or everything)(audit, declared)
    return f"{by_hand}+{document_digest(read)[:12]}" if read else by_hand


def sketch(folder: Path) -> list:
    """Name, size and a digest of samples of every file that a loader may read; nothing of a folder that is not there.

    A file of up to half a megabyte is read whole. Independent of time stamps, so that a fresh checkout changes nothing.
    """
    try:
        files = sorted(path for path in folder.iterdir() if path.suffix in _READ_BY_LOADERS and path.is_file())
        return [[path.name, path.stat().st_size, _samples_digest(path)] for path in files]
    except OSError:
        return []


def _samples_digest(path: Path) -> str:
    size, digest = path.stat().st_size, hashlib.sha256()
    with path.open("rb") as file:
        if size <= _SAMPLES * _SAMPLE:
            return hashlib.sha256(file.read()).hexdigest()
        for i in range(_SAMPLES):
            file.seek((size - _SAMPLE) * i // (_SAMPLES - 1))
            digest.update(file.read(_SAMPLE))
    return digest.hexdigest()


def _bytes_digest(path: Path) -> str | None:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None


def targets(audit: Audit) -> list:
    """What gets a score: category, name and prompt."""
    concepts = [(concept.category, concept.concept, concept.prompt) for concept in audit.concepts]
    return [*concepts, *(("neutral", neutral.name, neutral.prompt) for neutral in audit.neutral)]


def prompts(audit: Audit) -> list:
    """What is both drawn and embedded as a text: the prompts of concepts, and the neutral ones."""
    concepts = [[concept.category, concept.concept, concept.prompts] for concept in audit.concepts]
    return [concepts, [[one.name, one.prompt] for one in audit.neutral]]


def groups(audit: Audit) -> list:
    """The groups of each axis, and the tones that stand for them."""
    return [
        [name, axis.a.name, axis.b.name, [[group.name, group.monk_tones] for group in axis.groups]]
        for name, axis in audit.axes.items()
    ]


def embedders(audit: Audit, declared: Declared) -> list:
    """What determines the embedders of an audit."""
    return [declared.embedder(name) for name in audit.embedders]


def labellers(audit: Audit, declared: Declared) -> list:
    """What determines the labellers of an audit; empty where they are those of an audit that names none."""
    told = [declared.labeller(name) for name in audit.labellers]
    return [] if audit.labellers == LABELLERS and not any(told) else [[audit.labellers, told]]


def populations(audit: Audit, declared: Declared) -> list:
    """What the populations of an audit say of its concepts and groups."""
    return [declared.population(name, audit) for name in audit.populations]


def nothing(_audit: Audit, _declared: Declared) -> None:
    """Nothing: what the stage makes follows from other stages, and from the system version."""


def everything(audit: Audit, declared: Declared) -> list:
    """All there is."""
    what = [audit.document(), embedders(audit, declared), populations(audit, declared)]
    return [*what, *labellers(audit, declared)]


def _names(audit: Audit) -> list[str]:
    return [*(concept.concept for concept in audit.concepts), *(neutral.name for neutral in audit.neutral)]
