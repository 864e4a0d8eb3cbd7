"""`mcas export` and `mcas verify`: what was measured, handed over, and held against itself by whoever gets it."""

from pathlib import Path
from typing import Annotated

import typer

from mcas_assets.core import paths
from mcas_assets.core.extras import require_extra
from mcas_assets.core.terminal import say

export = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

Version = Annotated[
    str, typer.Argument(help="System version, its beginning, or a system's name; by default the newest.")
]
Audit = Annotated[str, typer.Option(help="Name of the audit; by default that of the newest scores.")]
Organization = Annotated[str, typer.Option(help="Who gives the records.")]
Relationship = Annotated[
    str, typer.Option(help="Theirs to the model: first_party, third_party, collaborative or other.")
]
Model = Annotated[str, typer.Option(help="The model's id on a hub, OWNER/NAME; by default the system's name.")]
Dataset = Annotated[
    str, typer.Option(help="Data set on a hub, OWNER/NAME, that .eval_results is held against; none without.")
]


@export.callback()
def _export() -> None:
    """Hand over what was measured: evidence that can be checked, records in the field's formats, the images as a data set.

    Example: mcas export evidence phantom-stereotyped --out evidence
    """


@export.command()
def evidence(
    out: Annotated[Path, typer.Option(help="Folder to make.")],
    version: Version = "",
    audit: Audit = "",
    images: Annotated[bool, typer.Option("--images", help="Copy the image files; else their digests alone.")] = False,
    vectors: Annotated[
        bool, typer.Option(help="Write the vectors, from which mcas verify computes the scores again.")
    ] = True,
    organization: Organization = "not stated",
    relationship: Relationship = "other",
    model: Model = "",
    dataset: Dataset = "",
) -> None:
    """Write one folder that holds what was measured of a version: report, tables, identity, policies, versions, digests.

    Whole or not at all; mcas verify checks it without this home. Example: mcas export evidence --out evidence
    """
    origin = _origin(organization, relationship, model, dataset)
    for extra in ("view", "evidence"):
        require_extra(extra, "mcas export evidence")
    from mcas_assets.export.evidence import write_evidence

    reader, measured = _measured(version, audit)
    filed = write_evidence(reader, measured, out, with_images=images, with_vectors=vectors, records=origin)
    say(
        f"{filed.folder}: {filed.files:,} files of audit {measured.audit} of {measured.system_version}, open report/index.html"
    )
    say(f"manifest {filed.manifest}")
    say(
        "Note this digest elsewhere, or sign statement.json: whoever can change a file can write another manifest.",
        err=True,
    )


@export.command()
def records(
    out: Annotated[Path, typer.Option(help="Folder to make.")],
    version: Version = "",
    audit: Audit = "",
    organization: Organization = "not stated",
    relationship: Relationship = "other",
    model: Model = "",
    dataset: Dataset = "",
) -> None:
    """Write records for others to show: Every Eval Ever with samples, a model-card section, .eval_results of a hub.

    Nothing is sent anywhere. Example: mcas export records phantom-fair --out records
    """
    origin = _origin(organization, relationship, model, dataset)
    from mcas_assets.core.drafts import whole_folder
    from mcas_assets.export import every_eval_ever, hub

    _, measured = _measured(version, audit)
    with whole_folder(out) as draft:
        written = [*every_eval_ever.write(measured, draft, origin), *hub.write(measured, draft, origin)]
        names = [file.relative_to(draft) for file in written]
    for name in names:
        say(f"made {out / name}")


@export.command()
def dataset(
    out: Annotated[Path, typer.Option(help="Folder to make.")],
    version: Version = "",
    audit: Audit = "",
    license: Annotated[str, typer.Option(help="Address of the licence of the images, for their description.")] = "",
) -> None:
    """Write the delivered images as an ImageFolder with prompts, labels and vectors, described in Croissant 1.1.

    Prints how other programs open it. Example: mcas export dataset phantom-stereotyped --out images
    """
    from mcas_assets.export.dataset import explorers, write_dataset

    reader, measured = _measured(version, audit)
    handed = write_dataset(reader, measured, out, licence=license or None)
    say(f"{handed.folder}: {handed.images:,} images, vectors of {len(handed.vectors)} embedders")
    for program, line in explorers(handed):
        say(f"  {program}\n    {line}", err=True)


def verify(
    folder: Annotated[Path, typer.Argument(help="What mcas export evidence made.")],
    manifest: Annotated[
        str, typer.Option(help="The sha256 that its manifest must have, as it was noted elsewhere.")
    ] = "",
) -> None:
    """Hold a folder of evidence against its manifest, and its numbers against its rows. Needs no home and no network.

    Exit status 0: all agrees; 7: something does not, and each thing is named. Example: mcas verify evidence
    """
    from mcas_assets.core.errors import Unsound
    from mcas_assets.export.verify import verify as check

    found = check(folder, manifest.strip().lower() or None)
    if found.about:
        say(found.about)
    for one in found.found:
        say(f"{one.kind:<10} {one.text}")
    say(f"{'files':<10} {found.n_files:,} in the manifest, whose sha256 is\n{'':<10} {found.manifest}")
    say(f"{'computed':<10} {found.checked}")
    for name in found.signatures:
        say(f"{'signed':<10} {name} lies there; whether it is good is for the program that signed to say")
    if found.found:
        raise Unsound(
            f"{folder}: {len(found.found):,} {'thing does' if len(found.found) == 1 else 'things do'} not agree"
        )
    say(f"{'all':<10} agrees with itself{'' if manifest else '; who made it is not told by that'}")


def _origin(organization: str, relationship: str, model: str, dataset: str):  # noqa: ANN202 - Origin is imported late
    from mcas_assets.export.origin import Origin

    return Origin(organization, relationship, model or None, dataset or None)


def _measured(version: str, audit: str):  # noqa: ANN202 - as above
    """The published copy, and what it holds of one audit of the version that is meant."""
    from mcas_assets.export.tables import read
    from mcas_assets.pages.reader import Reader
    from mcas_assets.store.database import Store
    from mcas_assets.store.reading import Published

    reader = Reader(Published(Store(paths.home())))
    name = audit or reader.newest_audit()
    return reader, read(reader, name, reader.resolve(name, version))
