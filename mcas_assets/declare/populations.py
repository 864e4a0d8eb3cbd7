"""Reference populations: whom a share is held against, as data with source, year and place.

Belongs here: the CSV files in `data/populations`, and reading them; the form of a file is `population_files`. Comparing a
share with a reference is `scoring`.

A file begins with lines `# key: value` that say what it is: title, source, year, locale, licence if wanted, and axis unless a
column gives it row by row (a line of `## words` is a remark). Then come the columns concept, group, share
and, if wanted, axis, weight and note. Shares lie in [0, 1] and sum to 1 within a concept; a concept without a
value has no rows. A weight is how large the concept is in the population, such as persons employed, in any
unit: the same in all rows of a concept, and given for all concepts of an axis or for none. A file that says
`# rule: equal` has no rows at all: every group of every axis has the same share.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import Field

from mcas_assets.core.errors import BadInput
from mcas_assets.core.paths import populations_folder
from mcas_assets.declare.audit import Audit
from mcas_assets.declare.documents import named_files, read_text
from mcas_assets.declare.mistakes import BadDocument, Mistake, did_you_mean
from mcas_assets.declare.parts import Part
from mcas_assets.declare.population_files import contradictions, read_head, read_rows

Shares = dict[str, dict[str, dict[str, float]]]


class Population(Part):
    """One reference population. `load_population` reads it.

    Attributes:
        name: The name of its file, by which audits call it.
        title: What it is, for people.
        source: Who published the numbers, and where.
        year: The year they describe; None only where every group has the same share.
        locale: Where they hold, for example US.
        axes: The axes it speaks of; empty where it holds for any.
        shares: Axis, then concept, then group, to a share in [0, 1].
        is_equal: Whether every group has the same share, whatever axis and concept.
        licence: Under which the numbers may be used; None where the file does not say.
        weights: Axis, then concept, to how large it is in the population, above 0; empty where that is not told.
    """

    name: str
    title: str
    source: str
    year: int | None
    locale: str
    axes: tuple[str, ...]
    shares: Shares
    is_equal: bool = False
    licence: str | None = None
    weights: dict[str, dict[str, float]] = Field(default_factory=dict)

    def share(self, axis: str, concept: str, group: str, groups: Sequence[str]) -> float | None:
        """The share of one of an axis's `groups` in a concept, in [0, 1]; None where there is no value."""
        if self.is_equal:
            return 1 / len(groups)
        return self.shares.get(axis, {}).get(concept, {}).get(group)

    def weight(self, axis: str, concept: str) -> float | None:
        """How large a concept is in the population, in units of its own; None where the population does not tell."""
        return self.weights.get(axis, {}).get(concept)


def list_populations(folder: Path | None = None) -> dict[str, Path]:
    """The populations by name, in order of name. Nothing is read, so a broken file is listed too."""
    return named_files(folder or populations_folder(), "*.csv")


def load_population(name: str, folder: Path | None = None) -> Population:
    """Read and check one population.

    Args:
        name: The name of a file in `folder`, without its suffix.
        folder: Where populations lie, by default in the project.

    Raises:
        BadInput: there is no such population, or it cannot be read. The message lists those there are.
        BadDocument: the file has mistakes. The message lists all of them.
    """
    known = list_populations(folder)
    if name not in known:
        raise BadInput(f"population {name!r}", "does not exist", did_you_mean(name, known))
    path = known[name]
    # By line ends alone: splitlines also parts a line at signs that may stand within it (form feed, U+2028).
    lines = re.split(r"\r\n|\r|\n", read_text(path).rstrip("\r\n"))
    n_head = next((n for n, line in enumerate(lines) if not line.lstrip('"').startswith("#")), len(lines))
    head, mistakes = read_head(lines[:n_head])
    rows, row_mistakes = read_rows(lines[n_head:], n_head)
    mistakes += row_mistakes
    if head and not row_mistakes:  # else sums and counts would be wrong only because a row is
        mistakes += contradictions(head, rows)
    if head is None or mistakes:
        raise BadDocument(path, sorted(mistakes, key=lambda mistake: mistake.line or 0))
    shares: Shares = {}
    weights: dict[str, dict[str, float]] = {}
    for row in rows:
        axis = row.axis or str(head.axis)
        shares.setdefault(axis, {}).setdefault(row.concept, {})[row.group] = row.share
        if row.weight is not None:
            weights.setdefault(axis, {})[row.concept] = row.weight
    return Population(
        name=name,
        title=head.title,
        source=head.source,
        year=head.year,
        locale=head.locale,
        axes=tuple(shares),
        shares=shares,
        is_equal=head.rule == "equal",
        licence=head.licence,
        weights=weights,
    )


def chosen_populations(asked: Sequence[str], audit: Audit, folder: Path | None = None) -> list[str]:
    """The names of the populations that were asked for by name or by locale, in that order.

    A locale is that of a population, whatever its capitals, or a tag of a language and region whose region it is: `de-AT` finds
    what holds for AT. Of the populations of a locale those count that speak of an axis of the audit.

    Raises:
        BadInput: One is neither. The message lists both.
    """
    known = list_populations(folder)
    # Files that cannot be read are told where they are asked for by name.
    readable = {name: population for name in known if (population := _readable(name, folder)) is not None}
    found: list[str] = []
    for one in asked:
        wanted = {one.casefold(), re.split("[-_]", one)[-1].casefold()}
        by_locale = [
            name
            for name, population in readable.items()
            if population.locale.casefold() in wanted and set(population.axes) & set(audit.axes)
        ]
        if one not in known and not by_locale:
            locales = sorted({population.locale for population in readable.values() if not population.is_equal})
            remedy = f"{did_you_mean(one, known)}. Locales: {', '.join(locales)}. Others: mcas population --help"
            raise BadInput(f"--population {one}", f"is no population, and no locale of one for {audit.audit!r}", remedy)
        found += [one] if one in known else by_locale
    return list(dict.fromkeys(found))


def _readable(name: str, folder: Path | None) -> Population | None:
    try:
        return load_population(name, folder)
    except BadInput:
        return None


def populations_of(audit: Audit, folder: Path | None = None) -> list[Population]:
    """The populations that an audit names, in its order, each seen to speak of what the audit asks.

    Raises:
        BadInput: One of them does not exist or cannot be read.
        BadDocument: One speaks of no axis or no concept of the audit, or of groups that the axis does not declare.
    """
    populations = []
    for name in audit.populations:
        population = load_population(name, folder)
        if mistakes := list(_strangers(audit, population)):
            raise BadDocument(list_populations(folder)[name], mistakes)
        populations.append(population)
    return populations


def _strangers(audit: Audit, population: Population) -> Iterator[Mistake]:
    """What a population says that the audit has no place for. Concepts beyond the audit's are fine, groups are not."""
    if population.is_equal:
        return
    shared = [axis for axis in population.axes if axis in audit.axes]
    if not shared:
        problem = f"speaks of {', '.join(population.axes)}, no axis of audit {audit.audit!r}"
        yield Mistake((), problem, did_you_mean(population.axes[0], audit.axes))
        return
    asked = {*(concept.concept for concept in audit.concepts), *(neutral.name for neutral in audit.neutral)}
    if not any(asked & set(population.shares[axis]) for axis in shared):
        remedy = "Name its concepts as the audit does, or take it out of the audit's populations"
        yield Mistake((), f"has no concept of audit {audit.audit!r}", remedy)
    for axis in shared:
        declared = [group.name for group in audit.axes[axis].groups]
        concept_of = {group: concept for concept in asked for group in population.shares[axis].get(concept, {})}
        for group in sorted(set(concept_of) - set(declared)):
            problem = f"is a group that axis {axis} of audit {audit.audit!r} does not declare"
            yield Mistake((axis, concept_of[group], group), problem, did_you_mean(group, declared))
