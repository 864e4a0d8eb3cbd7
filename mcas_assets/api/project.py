"""A project as Python sees it: what is declared, audits and comparisons to run, what was measured as polars frames.

Everything that takes long to import is imported where it is first needed, so that `import mcas_assets` takes no time.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from mcas_assets.core import paths
from mcas_assets.core.errors import BadInput

if TYPE_CHECKING:
    import altair
    import polars as pl

    from mcas_assets.core.progress import Progress

Chart = Literal["scores", "shares", "changes"]
_PLACES = threading.RLock()
"""Where things lie is said by variables of the environment, which the steps of a run read too: one project works at a time."""


@dataclass(frozen=True)
class Project:
    """A folder of declarations, and the home that runs write to. `open_project` finds one.

    Attributes:
        folder: Holds the declarations; None where only what ships is declared.
        home: Holds all that runs produce.
    """

    folder: Path | None
    home: Path

    @contextmanager
    def _at_work(self) -> Generator[None]:
        ours = {"MCAS_HOME": str(self.home)} | ({"MCAS_PROJECT": str(self.folder)} if self.folder else {})
        with _PLACES:
            former = {name: os.environ.get(name) for name in ("MCAS_HOME", "MCAS_PROJECT")}
            os.environ.update(ours)
            try:
                yield
            finally:
                for name, value in former.items():
                    if value is None:
                        os.environ.pop(name, None)
                    else:
                        os.environ[name] = value

    def declared(self, kind: str = "") -> pl.DataFrame:
        """What is declared, a row each: kind, name, title, from, problem (why it cannot be used, else empty).

        Args:
            kind: systems, embedders, labellers, audits, populations, policies, canaries, mappings or questions; all without.

        Raises:
            BadInput: There is no such kind.
        """
        from mcas_assets.views.declared import declared

        with self._at_work():
            return declared(kind)

    def versions(self) -> pl.DataFrame:
        """The system versions that this home knows, newest first, a row each: system_version, its settings, what audited it."""
        from mcas_assets.store.database import Store
        from mcas_assets.systems.find import load_systems
        from mcas_assets.views.systems import known_systems

        with self._at_work():
            declared = {name: paths.origin(path) for name, path in load_systems().files.items()}
            return known_systems(Store(self.home), declared)

    def audit(
        self,
        audit: str = "phantom",
        system: str = "phantom-stereotyped",
        *,
        images: int | None = None,
        steps: int | None = None,
        guidance: float | None = None,
        progress: Progress | None = None,
    ) -> str:
        """Run an audit of a system, and wait for it. Interrupted, the same call goes on where it was.

        Args:
            audit: Name of a declared audit, or path of a YAML file.
            system: Name of a declared system, or folder of a diffusers pipeline.
            images: Images of each prompt of a concept, instead of the declared number.
            steps: Sampling steps, instead of the declared ones.
            guidance: Guidance scale, instead of the declared one.
            progress: Told how far it is; by default lines of the log `mcas_assets`.

        Returns:
            The system version that was audited.

        Raises:
            BadInput: Something of the declarations, or of the system, cannot be used, or another run works in this home.
            CheckFailed: A blocking check of the data did not pass.
        """
        from mcas_assets.core.progress import LogProgress
        from mcas_assets.declare.audit import load_audit
        from mcas_assets.orchestration.instance import instance_at_work
        from mcas_assets.orchestration.runs import run_audit
        from mcas_assets.orchestration.telling import news_sent
        from mcas_assets.stages.workplace import Workplace
        from mcas_assets.store.database import Store
        from mcas_assets.store.home_lock import hold_home_lock
        from mcas_assets.systems.find import find_system
        from mcas_assets.watch.look import present

        with self._at_work():
            declared = load_audit(audit)
            if images is not None:
                declared = declared.with_images(images)
            subject = find_system(system, steps=steps, guidance=guidance, cache=self.home / "digests.json")
            subject = present(Store(self.home), subject)
            workplace = Workplace(home=self.home, progress=progress or LogProgress())
            with (
                instance_at_work(self.home) as instance,
                news_sent(instance),
                hold_home_lock(self.home, wait=False),
            ):
                return run_audit(declared, subject, workplace, instance).system_version

    def compare(
        self, before: str, after: str, audit: str = "phantom", *, progress: Progress | None = None
    ) -> pl.DataFrame:
        """Compare two audited versions, image by image of one prompt and seed, unless that was done before.

        Args:
            before: System version, its beginning, or a system's name: its newest version.
            after: The same; the later one.
            audit: Name of a declared audit, or path of a YAML file.
            progress: As of `audit`.

        Returns:
            The rows of `comparisons` of this pair: a row a concept, axis, embedder and quantity.

        Raises:
            BadInput: A version is not known, both are one, or another run works in this home.
        """
        from mcas_assets.compare.versions import resolve_pair
        from mcas_assets.core.progress import LogProgress
        from mcas_assets.declare.audit import load_audit
        from mcas_assets.orchestration.instance import instance_at_work
        from mcas_assets.orchestration.runs import run_comparison
        from mcas_assets.stages.workplace import Workplace
        from mcas_assets.store.database import Store
        from mcas_assets.store.home_lock import hold_home_lock

        with self._at_work():
            declared = load_audit(audit)
            first, second = resolve_pair(Store(self.home), declared, before, after)
            workplace = Workplace(home=self.home, progress=progress or LogProgress())
            with instance_at_work(self.home) as instance, hold_home_lock(self.home, wait=False):
                tables, _ = run_comparison(declared, first, second, workplace, instance)
        return tables["comparisons"]

    def sql(self, query: str, values: Mapping[str, object] | None = None) -> pl.DataFrame:
        """The answer of the published copy to one statement that reads, or to a question of `declared("questions")`.

        Args:
            query: SQL in which `$name` stands for a value of `values`; or the name of a question.
            values: Values by name.

        Raises:
            BadInput: The statement is wrong, does more than read, or asks for too much.
            StoreError: Nothing is published yet.
        """
        from mcas_assets.store.database import Store
        from mcas_assets.store.publication import query as ask
        from mcas_assets.store.publication import questions

        with self._at_work():
            known = questions()
            text = known[query].read_text(encoding="utf-8") if query in known else query
            return ask(Store(self.home), text, values)

    def scores(self, audit: str = "phantom", version: str = "") -> pl.DataFrame:
        """The rows of `scores`, a row a concept, axis and embedder: mcas, adjusted, intervals, p and q values.

        Args:
            audit: Name of an audit.
            version: System version, its beginning, or a system's name; the newest that was audited without.

        Raises:
            BadInput: The audit has no scores of such a version.
            StoreError: Nothing is published yet.
        """
        return self._rows("scores", audit, version)

    def components(self, audit: str = "phantom", version: str = "") -> pl.DataFrame:
        """The rows of `components`: IIAS, ITPAS, ITAAS and TTAS of each score. Arguments and errors as of `scores`."""
        return self._rows("components", audit, version)

    def shares(self, audit: str = "phantom", version: str = "") -> pl.DataFrame:
        """The rows of `representation`, a row a concept, group and labeller: share and corrected share, 0 to 1, with intervals.

        Arguments and errors as of `scores`.
        """
        return self._rows("representation", audit, version)

    def images(self, audit: str = "phantom", version: str = "") -> pl.DataFrame:
        """The rows of `images`, a row an image: prompt, seed, outcome, size, and `file`, where it lies (null where there is none).

        That is a path, or an address where images lie in a bucket. Arguments and errors as of `scores`.
        """
        import polars as pl

        from mcas_assets.store.files import address_of

        rows = self._rows("images", audit, version)
        where = pl.col("path").map_elements(lambda path: address_of(self.home, path), return_dtype=pl.String)
        return rows.with_columns(where.alias("file"))

    def comparisons(self, audit: str = "phantom", version: str = "") -> pl.DataFrame:
        """The rows of `comparisons` in which `version` is the later one. Arguments and errors as of `scores`."""
        return self._rows("comparisons", audit, version)

    def chart(self, of: Chart = "scores", audit: str = "phantom", version: str = "", axis: str = "") -> altair.Chart:
        """A chart of what the pages show: `scores` or `shares` of a version, or its `changes` since the version before.

        Args:
            of: What is drawn.
            audit: Name of an audit.
            version: As of `scores`.
            axis: One of the audit's; its first without.

        Raises:
            BadInput: There is nothing to draw, no such axis, or the extra `view` is not installed.
        """
        from mcas_assets.core.extras import require_extra

        require_extra("view", "Project.chart")
        from mcas_assets.api.drawing import chart

        with self._at_work():
            return chart(self.home, of, audit, version, axis)

    def _rows(self, table: str, audit: str, version: str) -> pl.DataFrame:
        from mcas_assets.api.reading import rows

        with self._at_work():
            return rows(self.home, table, audit, version)


def open_project(folder: str | Path | None = None, *, home: str | Path | None = None) -> Project:
    """A project: of a folder, or the one that the `mcas` command would find here.

    Args:
        folder: A folder with a `mcas.yaml` (see `mcas init`). Without: `MCAS_PROJECT`, else the nearest folder upwards that is
            one, else only what ships.
        home: Where runs write to. Without: `home` of `folder` if one is given, else as the command finds it.

    Raises:
        BadInput: The folder is no project.
    """
    if folder is None:
        found = paths.project()
        return Project(found, Path(home).expanduser().resolve() if home else paths.home())
    own = Path(folder).expanduser().resolve()
    if not (own / paths.MARKER).is_file():
        raise BadInput(own, f"holds no {paths.MARKER}", f"Make it a project: mcas init {folder}")
    return Project(own, Path(home).expanduser().resolve() if home else own / "home")
