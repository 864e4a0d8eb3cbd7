"""The reference pages, docs/reference/*.md, written from what they describe, so that they cannot say something else.

YAML and CSV files from the models that read them, tables from the comments of sql/schema.sql, questions from the files
that hold them, outcomes from their list, commands from the command line itself. A test holds the committed pages against these.

    uv run python -m tools.reference
"""

import inspect
from collections.abc import Iterator
from types import ModuleType

from mcas_assets.core.outcomes import FATAL, MEANINGS, REFUSED, RETRYABLE, SETTLED
from mcas_assets.core.paths import ROOT
from mcas_assets.declare import population_files as population_forms
from mcas_assets.declare import populations
from mcas_assets.declare.audit import Audit
from mcas_assets.declare.catalogue import Entry, kinds
from mcas_assets.declare.project import Project
from mcas_assets.embedders.model import FolderEntry
from mcas_assets.policy import load, requirements
from mcas_assets.store.publication import questions
from mcas_assets.systems.hosted.entry import HostedEntry
from mcas_assets.systems.image_sets.mapping import MappingKeys, Ready
from mcas_assets.watch.canary import Canary
from tools.reference.commands import commands
from tools.reference.families import known_families
from tools.reference.markdown import Page, capital, table
from tools.reference.models import section
from tools.reference.schema import described

FOLDER = ROOT / "docs" / "reference"
NOTE = "<!-- Written by `python -m tools.reference`: change what it reads, and run it again. -->"
# What means the same in every table, and is not said beside each column.
EVERYWHERE = {
    "`version`": "of the row in `materialisations` that wrote this one",
    "`system`": "name in `data/systems.yaml`, or of a folder",
    "`system_version`": "`name@` and 12 hex digits of its identity: what exactly was measured",
    "`audit`, `axis`, `category`, `concept`": "as the audit declares them; neutral prompts are of category `neutral`",
    "`pole`": "`a`, towards which scores are positive, or `b`",
    "`group_name`": "a perceived group of the axis",
    "`embedder`": "the instrument, with the digest of its weights",
    "`prompt_id`, `replicate`, `seed`": "which prompt, which image of it (from 0), and what its noise is made from",
    "`p_value`, `q_value`": "of a test; and after the correction of Benjamini and Hochberg for the number of concepts",
    "`reason`": "why a number is null",
}


def write() -> None:
    """Write every page."""
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


def pages() -> dict[str, str]:
    """Every page by the name of its file."""
    makers = (
        audits,
        systems,
        known_families,
        embedders,
        labellers,
        mappings,
        population_files,
        policies,
        canaries,
        projects,
        tables,
        asked,
        outcomes,
        commands,
    )
    return {name: "\n\n".join(filter(None, [NOTE, *parts])) + "\n" for name, parts in (made() for made in makers)}


def audits() -> Page:
    """`data/audits/*.yaml`."""

    def parts() -> Iterator[str]:
        yield "# Audits"
        yield (
            "One file an audit, `data/audits/<audit>.yaml`, or any path that is given to `mcas audit`. How to write one: "
            "[Declare an audit](../how-to/declare-an-audit.md)."
        )
        yield from section(Audit, "Keys of an audit")

    return "audits.md", parts()


def systems() -> Page:
    """`data/systems.yaml`."""

    def parts() -> Iterator[str]:
        yield "# Systems"
        yield (
            "`data/systems.yaml`, or the file that `MCAS_SYSTEMS` names: `systems:`, and below it one entry a system, by its name. "
            "What an entry may say depends on its `kind`. Folders are relative to the file."
        )
        yield from section(Entry, "Keys of every kind")
        yield from section(HostedEntry, "Keys of every hosted kind", beside=Entry)
        for kind, module in kinds("mcas_assets.systems").items():
            model, about = module.Declaration, _about(module)
            if issubclass(model, HostedEntry):
                hosted = "All [keys of every hosted kind](#keys-of-every-hosted-kind) may stand here too."
                yield from section(
                    model, f"Kind {kind}", about=f"{about}\n\n{hosted}", beside=HostedEntry, skip={"kind"}
                )
            elif issubclass(model, MappingKeys):
                mapped = "All [keys of a mapping](mappings.md#keys) may stand here too."
                skip = {"kind", *MappingKeys.model_fields}
                yield from section(model, f"Kind {kind}", about=f"{about}\n\n{mapped}", beside=Entry, skip=skip)
            else:
                yield from section(model, f"Kind {kind}", about=about, beside=Entry, skip={"kind"})

    return "systems.md", parts()


def embedders() -> Page:
    """`data/embedders.yaml`."""

    def parts() -> Iterator[str]:
        yield "# Embedders"
        yield (
            "`data/embedders.yaml`: `embedders:`, and below it one entry an embedder, by its name. Audits name one or more. "
            "`kind`, `title`, `description`, `licence` and `source` mean what they mean for [systems](systems.md)."
        )
        yield from section(FolderEntry, "Keys of every kind", beside=Entry)
        for kind, module in kinds("mcas_assets.embedders").items():
            yield from section(
                module.Declaration, f"Kind {kind}", about=_about(module), beside=FolderEntry, skip={"kind"}
            )

    return "embedders.md", parts()


def labellers() -> Page:
    """`data/labellers.yaml`."""

    def parts() -> Iterator[str]:
        yield "# Labellers"
        yield (
            "`data/labellers.yaml`: `labellers:`, and below it one entry a labeller, by its name. Audits name one or more under "
            "`labellers`. `kind`, `title`, `description`, `licence` and `source` mean what they mean for [systems](systems.md); a "
            "`folder`, or `repo` and `revision`, what it means for [embedders](embedders.md)."
        )
        for kind, module in kinds("mcas_assets.labellers").items():
            model = module.Declaration
            beside = FolderEntry if issubclass(model, FolderEntry) else Entry
            yield from section(model, f"Kind {kind}", about=_about(module), beside=beside, skip={"kind"})

    return "labellers.md", parts()


def mappings() -> Page:
    """`data/mappings/*.yaml`, and the same keys in an entry of kind import."""

    def parts() -> Iterator[str]:
        yield "# Mappings"
        yield (
            "What the columns of an image set mean. These keys stand in an entry of kind `import`, or in a ready mapping, "
            "`data/mappings/<mapping>.yaml`; a key of the entry stands before the same key of the mapping that it names."
        )
        yield from section(MappingKeys, "Keys")
        yield from section(Ready, "Further keys of a ready mapping", beside=MappingKeys)

    return "mappings.md", parts()


def population_files() -> Page:
    """`data/populations/*.csv`."""

    def parts() -> Iterator[str]:
        yield "# Populations"
        yield "One file a population, `data/populations/<name>.csv`."
        yield "\n\n".join((inspect.getdoc(populations) or "").split("\n\n")[2:])
        yield from section(population_forms.Head, "The head")
        yield from section(population_forms.Row, "The columns", skip={"line"})

    return "populations.md", parts()


def policies() -> Page:
    """`data/policies/*.yaml`."""

    def parts() -> Iterator[str]:
        yield "# Policies"
        yield (
            "One file a policy, `data/policies/<policy>.yaml`, or any path that is given to `mcas gate`. How to write one: "
            "[Declare a policy](../how-to/declare-a-policy.md)."
        )
        yield from section(load.Outline, "Keys of a policy", about="")
        yield from section(requirements.Requirement, "Keys of every requirement", about="")
        yield from section(
            requirements._Weighed,
            "Keys of every requirement but calibration",
            about="",
            beside=requirements.Requirement,
        )
        for kind, model in requirements.KINDS_OF_REQUIREMENTS.items():
            yield from section(model, f"Kind {kind}", beside=requirements._Weighed, skip={"kind"})

    return "policies.md", parts()


def canaries() -> Page:
    """`data/canaries/*.yaml`."""

    def parts() -> Iterator[str]:
        yield "# Canaries"
        yield "One file a canary, `data/canaries/<canary>.yaml`; a system asks for it by `canary:` in its entry."
        yield from section(Canary, "Keys of a canary")

    return "canaries.md", parts()


def projects() -> Page:
    """`mcas.yaml`."""

    def parts() -> Iterator[str]:
        yield "# Projects"
        yield (
            "The `mcas.yaml` of a folder makes it a project. How to have one: "
            "[Make a project](../how-to/make-a-project.md)."
        )
        yield from section(Project, "Keys of a project")

    return "projects.md", parts()


def tables() -> Page:
    """The tables of sql/schema.sql."""

    def parts() -> Iterator[str]:
        yield "# Tables"
        yield (
            "What `published.duckdb` holds, and what `mcas sql` asks. Names of tables and columns are a contract: some are "
            "added, and none is renamed without a word in the changelog."
        )
        yield (
            "A *versioned* table has four names. `scores` and `scores_latest` hold the newest version of every asset, partition "
            "and audit; `scores_history` holds every version; `scores_as_of(12)` holds what was newest when the ledger stood at 12."
        )
        yield (
            "Vectors lie in `embedding_facts_<dim>`, one table for each number of values that an embedder has. Some columns "
            "mean the same everywhere:"
        )
        yield table(("column", "meaning"), list(EVERYWHERE.items()))
        last = ""
        for one in described(ROOT / "sql" / "schema.sql"):
            yield f"## {one.section}" if one.section != last else ""
            last = one.section
            yield f"### {one.name.removesuffix('_history')}"
            yield one.about
            yield table(
                ("column", "type", "meaning"), [(f"`{name}`", kind, about) for name, kind, about in one.columns]
            )

    return "tables.md", parts()


def asked() -> Page:
    """The questions in sql/."""

    def parts() -> Iterator[str]:
        yield "# Questions"
        yield "What ships in `sql/`. `mcas sql NAME` asks one. The files are ordinary SQL, to be read and changed."
        for name, path in questions().items():
            lines = path.read_text(encoding="utf-8").splitlines()
            yield f"## {name}"
            yield " ".join(line.removeprefix("--").strip() for line in lines if line.startswith("--"))

    return "questions.md", parts()


def outcomes() -> Page:
    """What can come of a requested image."""
    groups = {"declined": REFUSED, "tried again in the same run": RETRYABLE, "ends the run": FATAL, "stays": SETTLED}

    def parts() -> Iterator[str]:
        yield "# Outcomes"
        yield (
            "Every requested image has one row, whatever came of it, and one of these words says what. What was *declined* "
            "counts in the refusal rate. What *stays* is not asked for again by a later run; all else is."
        )
        yield table(
            ("outcome", "meaning", ""),
            [
                (f"`{word}`", meaning, ", ".join(name for name, words in groups.items() if word in words))
                for word, meaning in MEANINGS.items()
            ],
        )

    return "outcomes.md", parts()


def _about(module: ModuleType) -> str:
    """The first sentence of a kind's module, without the words that name the kind."""
    return capital((inspect.getdoc(module) or "").split("\n\n")[0].replace("\n", " ").partition(": ")[2])
