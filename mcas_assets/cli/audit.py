"""`mcas audit`, `mcas plan`, `mcas calibrate`: what measures, and what belongs before it."""

from typing import TYPE_CHECKING, Annotated

import typer

from mcas_assets.cli.common import FORMATS, console, only_one, require_format
from mcas_assets.core import paths
from mcas_assets.core.errors import BadInput
from mcas_assets.core.terminal import say
from mcas_assets.declare.limits import MOST_IMAGES

if TYPE_CHECKING:
    from mcas_assets.declare.audit import Audit

MISSED = 4


def audit(
    audit: Annotated[str, typer.Argument(help="Name of a declared audit, or path of a YAML file.")] = "phantom",
    system: Annotated[
        str, typer.Option(help="Name of a declared system, or folder of a diffusers pipeline.")
    ] = "phantom-stereotyped",
    steps: Annotated[int | None, typer.Option(help="Sampling steps, instead of the declared ones.")] = None,
    guidance: Annotated[float | None, typer.Option(help="Guidance scale, instead of the declared one.")] = None,
    width: Annotated[int | None, typer.Option(help="Pixels, instead of the declared or default ones.")] = None,
    height: Annotated[int | None, typer.Option(help="Pixels, instead of the declared or default ones.")] = None,
    images: Annotated[
        int | None,
        typer.Option(
            help="Images of each prompt of a concept, instead of the declared number.", min=2, max=MOST_IMAGES
        ),
    ] = None,
    embedder: Annotated[
        list[str] | None, typer.Option(help="Embedder, instead of the declared panel; several times for several.")
    ] = None,
    population: Annotated[
        list[str] | None,
        typer.Option(
            help="Population, or locale of one (US, de-AT), to hold shares against, before those of the audit."
        ),
    ] = None,
    rows: Annotated[bool, typer.Option(help="Print the table of concepts.")] = True,
) -> None:
    """Run an audit of a system: generate, embed, check, score, publish. Killed, it goes on where it was.

    Example: mcas audit gender --system /path/to/pipeline --steps 30 --guidance 7.5
    """
    from rich.text import Text

    from mcas_assets.declare.audit import load_audit
    from mcas_assets.estimate.cost import Estimate, estimate
    from mcas_assets.store.database import Store
    from mcas_assets.systems.find import find_system
    from mcas_assets.views.plan import head_rows, table_of
    from mcas_assets.views.rewriting import rewriter_lines

    note = console(stderr=True)
    declared = load_audit(audit)
    if images is not None:
        declared = declared.with_images(images)
    if embedder:
        declared = by_embedders(declared, embedder)
    if population:
        from mcas_assets.declare.populations import chosen_populations

        declared = declared.with_populations(chosen_populations(population, declared))
    known = paths.home() / "digests.json"
    subject = find_system(system, steps=steps, guidance=guidance, width=width, height=height, cache=known)
    note.print(
        Text.assemble((declared.title, "bold"), f"\n{declared.audit} of {subject.name}, in {paths.home()}"),
        soft_wrap=True,
    )
    found = estimate(declared, subject, Store(paths.home()))
    if isinstance(found, Estimate):
        note.print(table_of(head_rows(subject.identity(), found)))
    else:
        note.print(found.line(), soft_wrap=True)
    for line in rewriter_lines(subject.identity().document):
        note.print(line, soft_wrap=True)
    note.print("loading...", style="dim")
    from mcas_assets.views.audit import truth_of
    from mcas_assets.watch.look import present

    subject = present(Store(paths.home()), subject)
    truth = truth_of(subject.identity().version)
    from mcas_assets.core.progress import BothProgress, LogProgress, TerminalProgress
    from mcas_assets.orchestration.instance import instance_at_work
    from mcas_assets.orchestration.runs import run_audit
    from mcas_assets.orchestration.telling import news_sent
    from mcas_assets.stages.workplace import Workplace

    with (
        instance_at_work(paths.home()) as instance,
        news_sent(instance),
        only_one(),
        TerminalProgress() as bars,
    ):
        ran = run_audit(declared, subject, Workplace(progress=BothProgress(LogProgress(), bars)), instance)
    if ran.is_current:
        note.print(f"up to date: {declared.audit} of {ran.system_version} is as it was audited; nothing was done")
    is_measured = _show(console(), declared, ran.system_version, truth, rows)
    from mcas_assets.core.errors import NothingMeasured
    from mcas_assets.views.warnings import trial_lines, warnings, why_nothing

    store, about = Store(paths.home()), (declared.audit, ran.system_version)
    for line in (*trial_lines(store, *about), *warnings(store, *about)):
        say(line, err=True, always=True)
    if not is_measured:
        raise NothingMeasured(why_nothing(store, *about))
    note.print(_next(declared.audit, ran.system_version))


def by_embedders(declared: "Audit", names: list[str]) -> "Audit":
    """An audit by other embedders than it names.

    Raises:
        BadInput: One of them is not declared.
    """
    from mcas_assets.embedders.find import find_embedder

    for name in names:
        find_embedder(name)
    return declared.with_embedders(names)


def _show(console, declared, system_version: str, truth, rows: bool) -> bool:  # noqa: ANN001
    """Print what was measured. Returns whether anything was: one score, or one share."""
    from mcas_assets.images.match_given import describe
    from mcas_assets.store.database import Store
    from mcas_assets.store.publication import count_outcomes, published_rows
    from mcas_assets.views.amplification import amplification_lines
    from mcas_assets.views.audit import print_summary, refusal_lines, standing_line
    from mcas_assets.views.fidelity import picture_lines
    from mcas_assets.views.intersections import intersection_lines
    from mcas_assets.views.multiverse import multiverse_lines
    from mcas_assets.views.populations import population_lines
    from mcas_assets.views.raters import review_lines

    store = Store(paths.home())
    scores, means, shares, cells, amplified, many, rates, disparities, account, raters, against, aligned, varied = (
        published_rows(store, table, declared.audit, system_version)
        for table in (
            "scores",
            "mean_scores",
            "representation",
            "intersections",
            "mean_amplification",
            "multiverse",
            "refusals",
            "refusal_disparities",
            "import_account",
            "rater_agreement",
            "amplification",
            "alignment",
            "diversity",
        )
    )
    counts = ", ".join(f"{n} {outcome}" for outcome, n in count_outcomes(store, declared.audit, system_version))
    console.print(f"\n{system_version}", style="bold", end="")
    console.print(f"  images: {counts}")
    console.print(standing_line(scores), soft_wrap=True)
    if not account.is_empty():
        console.print(f"{describe(account)}: mcas sql what-was-imported")
    for line in refusal_lines(declared, rates, disparities):
        console.print(line, soft_wrap=True)
    console.print()
    if rows:
        print_summary(console, declared, scores, means, shares, truth)
        for line in (
            *multiverse_lines(declared, many),
            *population_lines(declared, against),
            *amplification_lines(amplified),
            *picture_lines(declared, aligned, varied),
            *intersection_lines(cells),
            *review_lines(raters),
        ):
            console.print(line, style="dim", highlight=False, markup=False, soft_wrap=True)
    return not scores["mcas"].drop_nulls().is_empty() or bool(shares["n_counted"].sum())


def _next(audit: str, system_version: str) -> str:
    return (
        "Where to look next\n"
        "  mcas ui                          lineage, checks and history in the browser\n"
        "  mcas sql where-is-the-bias       one of the questions in sql/\n"
        f"  mcas sql \"select concept, mcas from scores where audit = '{audit}' order by mcas\"\n"
        "  mcas systems                     every version that was audited"
    )


def plan(
    audit: Annotated[str, typer.Argument(help="Name of a declared audit, or path of a YAML file.")] = "phantom",
    system: Annotated[
        str, typer.Option(help="Name of a declared system, or folder of a diffusers pipeline.")
    ] = "phantom-stereotyped",
    embedder: Annotated[
        list[str] | None, typer.Option(help="Embedder, instead of the declared panel; several times for several.")
    ] = None,
    detect: Annotated[
        float | None,
        typer.Option(
            help="Change of MCAS that should be found, with 80 % power; by default what the audit calls important."
        ),
    ] = None,
) -> None:
    """Say how many images an audit takes, how long they take, and what change they can show. Makes nothing.

    Example: mcas plan gender --system /path/to/pipeline --detect 0.1
    """
    from mcas_assets.declare.audit import load_audit
    from mcas_assets.estimate.cost import Estimate, estimate
    from mcas_assets.store.database import Store
    from mcas_assets.systems.find import find_system
    from mcas_assets.views.plan import plan_rows, table_of
    from mcas_assets.views.rewriting import rewriter_lines

    if detect is not None and not 0 < detect < 8:
        raise BadInput("--detect", f"is {detect:g}", "Give a change of MCAS above 0 and below 8, for example 0.02")
    known = paths.home() / "digests.json"  # in a home that is not there yet nothing is made
    declared, subject = load_audit(audit), find_system(system, cache=known if known.parent.is_dir() else None)
    if embedder:
        declared = by_embedders(declared, embedder)
    from mcas_assets.labellers.find import looks, require
    from mcas_assets.measure.reading import require_read
    from mcas_assets.stages.workplace import Workplace

    labellers = Workplace().labellers(declared)
    for labeller in labellers:
        require(labeller)
    for note in looks(declared, labellers):
        say(note)
    for note in require_read(declared, subject, Workplace().embedders(declared.embedders)):
        say(note)
    say(f"{declared.audit} of {subject.identity().version}")
    for line in rewriter_lines(subject.identity().document):
        say(line)
    found = estimate(declared, subject, Store(paths.home()), detect)
    if isinstance(found, Estimate):
        console().print(table_of(plan_rows(subject.identity(), found)))
        return
    for line in found.lines():
        say(line)


def calibrate(
    audit: Annotated[str, typer.Option(help="Audit to calibrate with: one like phantom.")] = "phantom",
    system: Annotated[str, typer.Option(help="Phantom to draw with.")] = "phantom-stereotyped",
    format: Annotated[str, typer.Option(help=f"One of {', '.join(FORMATS)}.")] = "table",
) -> None:
    """Hold the whole measurement against the phantom, whose truth is known. Killed, it goes on where it was.

    Exit status 4 if a goal is missed for no reason that is known.
    """
    require_format(format)
    from mcas_assets.core.progress import BothProgress, LogProgress, TerminalProgress
    from mcas_assets.declare.audit import load_audit
    from mcas_assets.orchestration.calibration import run_calibration
    from mcas_assets.orchestration.instance import instance_at_work
    from mcas_assets.stages.workplace import Workplace
    from mcas_assets.systems.find import find_system
    from mcas_assets.views import calibration
    from mcas_assets.views.frames import write

    declared, subject = load_audit(audit), find_system(system)
    with instance_at_work(paths.home()) as instance, only_one(), TerminalProgress() as bars:
        table = run_calibration(declared, subject, Workplace(progress=BothProgress(LogProgress(), bars)), instance)
    write(calibration.shown(table) if format == "table" else calibration.misses_first(table), format)
    for line in calibration.summary(table):
        say(line, err=True)
    if calibration.unexplained(table):
        raise typer.Exit(MISSED)
