"""`mcas compare` and `mcas attribute`: what changed between two versions, and what of it is whose doing."""

from typing import Annotated

import typer

from mcas_assets.cli.common import FORMATS, console, only_one, require_format
from mcas_assets.core import paths
from mcas_assets.core.errors import BadInput
from mcas_assets.core.terminal import say
from mcas_assets.declare.limits import MOST_IMAGES


def compare(
    before: Annotated[
        str, typer.Argument(help="System version, its beginning, or a system's name: its newest version.")
    ],
    after: Annotated[str, typer.Argument(help="The same; the later one.")],
    audit: Annotated[str, typer.Option(help="Name of a declared audit, or path of a YAML file.")] = "phantom",
    format: Annotated[str, typer.Option(help=f"One of {', '.join(FORMATS)}; all but table give the rows.")] = "table",
    every: Annotated[bool, typer.Option("--all", help="Show every concept.")] = False,
    images: Annotated[
        int | None,
        typer.Option(
            help="Images of each prompt of a concept; what a version lacks of them is drawn first.",
            min=2,
            max=MOST_IMAGES,
        ),
    ] = None,
) -> None:
    """Say what changed from one audited version to another, image by image of one prompt and seed.

    Example: mcas compare phantom-stereotyped phantom-updated --all
    """
    require_format(format)
    from mcas_assets.compare.versions import resolve_pair
    from mcas_assets.declare.audit import load_audit
    from mcas_assets.store.database import Store
    from mcas_assets.views.frames import write

    declared, store = load_audit(audit), Store(paths.home())
    versions = resolve_pair(store, declared, before, after)
    if images is not None:
        declared = declared.with_images(images)
    from mcas_assets.core.progress import BothProgress, LogProgress, TerminalProgress
    from mcas_assets.orchestration.instance import instance_at_work
    from mcas_assets.orchestration.runs import run_audit, run_comparison
    from mcas_assets.stages.workplace import Workplace

    with instance_at_work(paths.home()) as instance, only_one(), TerminalProgress() as bars:
        workplace = Workplace(progress=BothProgress(LogProgress(), bars))
        for version in versions if images is not None else ():
            run_audit(declared, still_there(workplace, version), workplace, instance)
        tables, is_new = run_comparison(declared, *versions, workplace, instance)
    if format != "table":
        write(tables["comparisons"], format)
        return
    from mcas_assets.views.audit import truth_of
    from mcas_assets.views.comparison import print_comparison

    print_comparison(console(), declared, tables, (truth_of(versions[0]), truth_of(versions[1])), every)
    if not is_new:
        say("nothing has moved since this was compared: these are the rows that were kept", err=True)
    say('the rows: mcas sql what-changed, or mcas sql "from comparisons"', err=True)


def still_there(workplace, version: str):  # noqa: ANN001, ANN201 - imports are late here
    """The system of a version, as it was.

    Raises:
        BadInput: It is not declared, or is another version by now.
    """
    system = workplace.system_of(version)
    now = system.identity().version
    if now != version:
        raise BadInput(version, f"can no longer be drawn: {system.name} is {now} by now", "Compare without --images")
    return system


def attribute(
    before: Annotated[
        str, typer.Argument(help="System version, its beginning, or a system's name: its newest version.")
    ],
    after: Annotated[str, typer.Argument(help="The same; the later one.")],
    audit: Annotated[str, typer.Option(help="Name of a declared audit, or path of a YAML file.")] = "phantom",
    before_from: Annotated[
        str | None, typer.Option(help="Folder or name that holds the parts of BEFORE, if moved.")
    ] = None,
    after_from: Annotated[str | None, typer.Option(help="The same for AFTER.")] = None,
    format: Annotated[str, typer.Option(help=f"One of {', '.join(FORMATS)}; all but table give the rows.")] = "table",
) -> None:
    """Say what part of a change is whose doing: audit the versions between, one factor switched at a time.

    Example: mcas attribute phantom-stereotyped phantom-updated
    """
    require_format(format)
    from mcas_assets.compare.versions import resolve_pair
    from mcas_assets.declare.audit import load_audit
    from mcas_assets.store.database import Store
    from mcas_assets.views.frames import write

    declared = load_audit(audit)
    first, second = resolve_pair(Store(paths.home()), declared, before, after)
    from mcas_assets.core.progress import BothProgress, LogProgress, TerminalProgress
    from mcas_assets.orchestration.attribution import run_attribution
    from mcas_assets.orchestration.instance import instance_at_work
    from mcas_assets.stages.workplace import Workplace

    note = console(stderr=True)
    with instance_at_work(paths.home()) as instance, only_one(), TerminalProgress() as bars:
        workplace = Workplace(progress=BothProgress(LogProgress(), bars))
        attributed = run_attribution(
            declared, (first, second), (before_from, after_from), workplace, instance,
            lambda line: note.print(line, style="dim"),
        )  # fmt: skip
    if format != "table":
        write(attributed.rows, format)
        return
    from mcas_assets.views.attribution import print_attribution

    print_attribution(console(), declared, (first, second), attributed.rows, attributed.not_recombined)
