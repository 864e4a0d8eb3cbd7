"""Where an installation works: where things lie, how systems and embedders are found, and the progress to report to."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from mcas_assets.core import paths
from mcas_assets.core.progress import LogProgress, Progress
from mcas_assets.declare.audit import Audit
from mcas_assets.declare.populations import Population, populations_of
from mcas_assets.embedders.find import find_embedder
from mcas_assets.embedders.protocol import Embedder
from mcas_assets.labellers.find import labellers_of
from mcas_assets.labellers.protocol import Labeller
from mcas_assets.measure.marks import MarkReader, installed_reader
from mcas_assets.measure.tone import SalientTone, ToneReader
from mcas_assets.stages.reads import Declared
from mcas_assets.store.database import Store
from mcas_assets.store.states import read_sources
from mcas_assets.systems.find import find_system
from mcas_assets.systems.protocol import System
from mcas_assets.watch.look import Find, at_source


def _unheard(step: str) -> None:
    """Where nobody wants to be told."""


@dataclass(frozen=True)
class Workplace:
    """Given to whatever works; a test gives its own.

    Attributes:
        home: Everything that runs produce.
        find_system: From a declared name (or a folder) to a System.
        system_file: Where systems are declared.
        find_embedder: From a declared name to an Embedder.
        embedder_file: Where embedders are declared.
        labeller_file: Where labellers are declared.
        population_folder: Where reference populations lie.
        canary_folder: Where canaries lie.
        policy_folder: Where policies lie.
        tone_reader: Reads skin tones from pixels, for axes whose groups name Monk tones.
        mark_reader: Reads provenance marks of image files; None where the extra is not installed.
        progress: Told of long work.
        at_step: Told of each stage that a run begins.
        system: The system of this run where it was not declared in `data/systems.yaml` (a folder given to the command).
    """

    home: Path = field(default_factory=paths.home)
    find_system: Callable[..., System] = find_system
    system_file: Path = field(default_factory=paths.systems_file)
    find_embedder: Callable[..., Embedder] = find_embedder
    embedder_file: Path = field(default_factory=paths.embedders_file)
    labeller_file: Path = field(default_factory=paths.labellers_file)
    population_folder: Path = field(default_factory=paths.populations_folder)
    canary_folder: Path = field(default_factory=paths.canaries_folder)
    policy_folder: Path = field(default_factory=paths.policies_folder)
    tone_reader: ToneReader = field(default_factory=SalientTone)
    mark_reader: MarkReader | None = field(default_factory=installed_reader)
    progress: Progress = field(default_factory=LogProgress)
    at_step: Callable[[str], None] = _unheard
    system: System | None = None

    @property
    def store(self) -> Store:
        """The store of this home."""
        return Store(self.home)

    @property
    def declared(self) -> Declared:
        """What stages read beside the audit."""
        return Declared(self.embedder_file, self.population_folder, self.labeller_file)

    @property
    def digests(self) -> Path:
        """The file that remembers the digests of large weight files."""
        return self.home / "digests.json"

    @property
    def find(self) -> Find:
        """From the name of a declared system (or that and a revision) to the system."""
        return partial(self.find_system, path=self.system_file, cache=self.digests)

    def system_of(self, system_version: str) -> System:
        """The system that a version is of, had as it was when the version was met: at that commit of a watched branch, say.

        Raises:
            BadInput: It is not declared.
        """
        name = system_version.rpartition("@")[0]
        if self.system is not None and self.system.name == name:
            return self.system
        with self.store.open() as con:
            source = read_sources(con).get(system_version, {})
        return at_source(self.find, name, source)

    def embedders(self, names: tuple[str, ...]) -> list[Embedder]:
        """The embedders of an audit, in its order.

        Raises:
            BadInput: One is not declared, or its files cannot be used.
        """
        return [self.find_embedder(name, path=self.embedder_file, cache=self.digests) for name in names]

    def labellers(self, audit: Audit) -> list[Labeller]:
        """The labellers of an audit, in its order.

        Raises:
            BadInput: One is not declared, or can tell nothing of the audit; or an axis has none that needs no people.
        """
        return labellers_of(audit, self.labeller_file, cache=self.digests)

    def populations(self, audit: Audit) -> list[Population]:
        """The reference populations of an audit, in its order.

        Raises:
            BadInput: One does not exist, cannot be read, or does not speak of what the audit asks.
        """
        return populations_of(audit, self.population_folder)
