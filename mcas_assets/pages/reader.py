"""What the pages read: the published copy as of one version of the ledger, so that an address keeps its meaning."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import polars as pl

from mcas_assets.core.errors import BadInput
from mcas_assets.declare.audit import Audit, load_audit
from mcas_assets.labellers.protocol import name_for_people
from mcas_assets.store.reading import Published

Row = dict[str, Any]


class NotThere(BadInput):
    """An address that names what the published copy does not hold."""


@dataclass(frozen=True)
class Poles:
    """The two ends of an axis, in words. Scores are positive towards `a`.

    Attributes:
        a, b: A name of each.
        a_words, b_words: The words that describe them.
    """

    a: str
    b: str
    a_words: tuple[str, ...] = ()
    b_words: tuple[str, ...] = ()

    def towards(self, value: float | None) -> str:
        """The pole that a score leans to; none where it is 0 or missing."""
        return self.a if (value or 0) > 0 else self.b if (value or 0) < 0 else ""


@dataclass(frozen=True)
class Labeller:
    """Whose labels sort images into groups."""

    labels: str
    embedder: str | None

    @property
    def name(self) -> str:
        """For people."""
        return name_for_people(self.labels, self.embedder)


class Reader:
    """The published copy as of a version of the ledger; each table and question is read once.

    Attributes:
        at: The version of the ledger: what was recorded later is not seen.
        newest: The newest version there is.
    """

    def __init__(self, published: Published, at: int | None = None) -> None:
        self.published = published
        found = published.rows("newest").row(0, named=True)
        self.newest, self.made_at = int(found["at"]), found["made_at"]
        self.at = self.newest if at is None else at
        if not 0 <= self.at <= self.newest:
            raise NotThere("at", f"version {at} of the ledger is not published", f"The newest is {self.newest}")
        self._kept: dict[tuple, pl.DataFrame] = {}

    def rows(self, question: str, **values: object) -> pl.DataFrame:
        """The answer to a question of sql/pages. See `Published.rows`."""
        key = (question, tuple(sorted(values.items(), key=lambda item: item[0])))
        if key not in self._kept:
            self._kept[key] = self.published.rows(question, at=self.at, **values)
        return self._kept[key]

    def marks(self, question: str, audit: str, version: str) -> pl.DataFrame:
        """The answer to a question about provenance marks; nothing where the copy is from before they were read."""
        if not self.published.has("mark_facts"):
            return pl.DataFrame()
        return self.rows(question, audit=audit, version=version)

    def table(self, name: str, **equal: object) -> pl.DataFrame:
        """The rows of a versioned table in which each named column is equal to its value."""
        key = ("", name, tuple(sorted(equal.items(), key=lambda item: item[0])))
        if key not in self._kept:
            self._kept[key] = self.published.table(name, self.at, **equal)
        return self._kept[key]

    @cached_property
    def audited(self) -> pl.DataFrame:
        """The versions that each audit has scores of: `audit, system, system_version, first_version, version, last_audited`."""
        return self.rows("audited")

    def require(self, audit: str, version: str) -> Row:
        """The row of `audited` of one version.

        Raises:
            NotThere: The audit has no scores of it.
        """
        found = self.audited.filter(audit=audit, system_version=version)
        if found.is_empty():
            raise NotThere(version, f"audit {audit!r} has no scores of it", "The overview lists what there is")
        return found.row(0, named=True)

    def newest_audit(self) -> str:
        """The audit of the newest scores.

        Raises:
            NotThere: There are none.
        """
        if self.audited.is_empty():
            raise NotThere(self.published.store.home, "has no scores yet", "Run an audit first: mcas audit")
        return self.audited.sort("version")["audit"][-1]

    def resolve(self, audit: str, asked: str) -> str:
        """The version of an audit that a text means: itself, the newest of a system, the only one it begins; "" the newest.

        Raises:
            NotThere: It means none, or several.
        """
        known = self.audited.filter(audit=audit).sort("first_version")
        versions = known["system_version"].to_list()
        if asked in versions:
            return asked
        named = known.filter(system=asked)["system_version"].to_list() if asked else versions
        if named:
            return named[-1]
        begun = [version for version in versions if version.startswith(asked)]
        if len(begun) == 1:
            return begun[0]
        problem = f"begins {len(begun)} versions" if begun else f"is no system version that {audit!r} has scores of"
        raise NotThere(asked or audit, problem, f"There are: {', '.join(versions) or 'none; run mcas audit'}")

    def predecessor(self, audit: str, version: str) -> str | None:
        """The version of the same system that was audited before, or None."""
        row = self.require(audit, version)
        before = self.audited.filter(
            (pl.col("audit") == audit) & (pl.col("system") == row["system"])
            & (pl.col("first_version") < row["first_version"])
        )  # fmt: skip
        return before["system_version"][-1] if len(before) else None

    def declared(self, audit: str) -> Audit | None:
        """The declaration of an audit as it is today, or None where there is none by that name: it may have changed since."""
        try:
            return load_audit(audit)
        except BadInput:
            return None

    def poles(self, audit: str) -> dict[str, Poles]:
        """The poles of each axis of an audit, in the order in which they were declared."""
        words = self.rows("poles", audit=audit).unique(maintain_order=True)
        declared = self.declared(audit)
        found: dict[str, Poles] = {}
        for axis in words["axis"].unique(maintain_order=True):
            a, b = (tuple(words.filter(axis=axis, pole=pole)["raw"].to_list()) for pole in ("a", "b"))
            named = declared.axes.get(axis) if declared else None
            names = (named.a.name, named.b.name) if named else ((a or ("pole a",))[0], (b or ("pole b",))[0])
            found[axis] = Poles(*names, a, b)
        return found

    def require_axis(self, audit: str, axis: str) -> Poles:
        """The poles of one axis.

        Raises:
            NotThere: The audit has no such axis.
        """
        poles = self.poles(audit)
        if axis not in poles:
            raise NotThere(axis, f"is no axis of audit {audit!r}", f"Its axes are {', '.join(poles)}")
        return poles[axis]

    def embedders(self, audit: str, version: str) -> Sequence[str]:
        """The panel of an audit of a version, the first first: the order of the declaration where there is one."""
        there = (
            self.table("scores", audit=audit, system_version=version)["embedder"].unique(maintain_order=True).to_list()
        )
        declared = self.declared(audit)
        order = list(declared.embedders) if declared else []
        return sorted(there, key=lambda name: order.index(name) if name in order else len(order))

    def labellers(self, audit: str, version: str, axis: str) -> list[Labeller]:
        """Who labels the images of a version on an axis; what sorts images on pages stands first."""
        shares = self.table("representation", audit=audit, system_version=version)
        known = shares.filter(axis=axis).select("labels", "embedder").unique(maintain_order=True)
        order = self.embedders(audit, version)
        found = [Labeller(*row) for row in known.iter_rows()]
        return sorted(found, key=lambda one: order.index(one.embedder) if one.embedder in order else len(order))

    def groups(self, audit: str, version: str, axis: str) -> list[str]:
        """The declared groups of an axis."""
        shares = self.table("representation", audit=audit, system_version=version)
        return shares.filter(axis=axis)["group_name"].unique(maintain_order=True).to_list()

    def people(self, audit: str, version: str, axis: str) -> dict[tuple, Row]:
        """Shares with people as the reference, by (labels, embedder, concept, group); nothing where nobody rated."""
        rows = self.table("people_shares", audit=audit, system_version=version).filter(axis=axis)
        key = ("labels", "embedder", "concept", "group_name")
        return {tuple(row[name] for name in key): row for row in rows.iter_rows(named=True)}

    def agreement(self, audit: str, version: str, axis: str) -> Row | None:
        """How far raters agree on an axis, or None where nobody rated."""
        rows = self.table("rater_agreement", audit=audit, system_version=version).filter(axis=axis)
        return rows.row(0, named=True) if len(rows) else None

    def images(self, audit: str, version: str, axis: str | None = None, **narrowed: str | None) -> pl.DataFrame:
        """Rows of the question `images`: uses of images with the label of the first labeller of `axis`.

        Args:
            audit: Its name.
            version: The system version.
            axis: Whose labels to give; none without.
            narrowed: role, pole, concept, outcome, group_name: only these.
        """
        labellers = self.labellers(audit, version, axis) if axis else []
        labels, embedder = (labellers[0].labels, labellers[0].embedder) if labellers else ("", None)
        keys = dict.fromkeys(("role", "pole", "concept", "outcome", "group_name")) | narrowed
        return self.rows("images", audit=audit, version=version, axis=axis, labels=labels, embedder=embedder, **keys)
