"""`mcas review`: people as raters, by keyboard or by files, and what their answers say."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from mcas_assets.cli.common import console, only_one
from mcas_assets.cli.interrupts import ending_a_part
from mcas_assets.core import paths
from mcas_assets.core.errors import BadInput
from mcas_assets.core.extras import require_extra
from mcas_assets.core.terminal import say


def review(
    version: Annotated[
        str,
        typer.Argument(help="System version, its beginning, or a system's name; by default the newest of the audit."),
    ] = "",
    rater: Annotated[str | None, typer.Option(help="Who answers; opens a page, and waits for its answers.")] = None,
    audit: Annotated[str, typer.Option(help="Name of a declared audit, or path of a YAML file.")] = "phantom",
    axis: Annotated[str | None, typer.Option(help="What is asked about; by default the audit's first axis.")] = None,
    images: Annotated[
        int | None,
        typer.Option(help="Images to ask about, spread evenly over the concepts; by default 200.", min=1, max=100_000),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Of the draw; by default the audit's.", min=0, max=2**62)] = None,
    disagreements: Annotated[
        bool, typer.Option("--disagreements", help="Ask only about images on which raters differ, to settle them.")
    ] = False,
    exported: Annotated[
        Path | None, typer.Option("--export", help="Write the votes as .csv, or .json for Label Studio.")
    ] = None,
    imported: Annotated[Path | None, typer.Option("--import", help="Take in votes from such a file.")] = None,
    port: Annotated[int, typer.Option(help="Port of the page; 0 takes a free one.", min=0, max=65535)] = 0,
    open: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
) -> None:
    """Let people say who is shown in a drawn sample of the images, and hold the labels against them.

    Each rater answers alone, by keyboard, without seeing model, prompt or others' answers. Without an option it says how far
    raters agree. Example: mcas review --rater ada --open
    """
    from mcas_assets.compare.versions import audited_versions, resolve_version
    from mcas_assets.declare.audit import load_audit
    from mcas_assets.review.draw import draw_images
    from mcas_assets.store.database import Store

    if disagreements and rater is None:
        raise BadInput("--disagreements", "is for one person", "Say who: --rater NAME")
    declared, store = load_audit(audit), Store(paths.home())
    newest = audited_versions(store, declared)[-1:] if not version else []
    of = newest[0] if newest else resolve_version(store, declared, version)
    about = axis or next(iter(declared.axes))
    draw = draw_images(store, declared, of, images, seed)
    if imported is not None:
        _import(store, declared, of, draw, imported, rater)
    elif exported is not None:
        _export(store, declared, of, draw, exported, about)
        return
    elif rater is not None:
        _ask(store, declared, draw, about, rater, disagreements, port, open)
    _take_in(declared, of, about)


def _ask(store, declared, draw, axis: str, rater: str, disagreements: bool, port: int, open: bool) -> None:  # noqa: ANN001
    require_extra("view", "mcas review")
    from mcas_assets.review.queue import Queue
    from mcas_assets.servers.review import serve

    queue = Queue(store, declared, draw, axis, rater, is_adjudication=disagreements)
    state = queue.state()
    say(f"drawn: {len(draw)} images, {draw['scheme'][0]}, by seed {draw['seed'][0]}", err=True)
    say(f"{rater} has answered {state['done']} of {state['all']} images on {axis}", err=True)

    def ready(address: str) -> None:
        say(
            f"review: {address}  (Finish on the page, or Ctrl+C here, ends it and takes the answers in)",
            err=True,
            always=True,
        )
        if open:
            import webbrowser

            webbrowser.open(address)

    with ending_a_part():
        serve(store, queue, port, ready)


def _import(store, declared, of: str, draw, file: Path, rater: str | None) -> None:  # noqa: ANN001 - imports are late
    from mcas_assets.review.exchange import keep_new, read_votes

    found = read_votes(file, declared, draw, rater)
    kept = keep_new(store, declared, of, found)
    say(f"{kept} votes taken in from {file}, {len(found) - kept} were known already", err=True)


def _export(store, declared, of: str, draw, file: Path, axis: str) -> None:  # noqa: ANN001 - imports are late
    from mcas_assets.review.exchange import labelling_config, of_local_files, write_votes
    from mcas_assets.store import votes
    from mcas_assets.store.files import address_of
    from mcas_assets.store.image_place import objects_of

    with store.open() as con:
        given = votes.read_votes(con, declared.audit, of)
    is_local = objects_of(store.home) is None
    address = (
        of_local_files if is_local else partial(address_of, store.home)
    )  # Label Studio reads a bucket that it is given
    n = write_votes(file, declared, draw, given, axis, address)
    say(f"{n} votes on {axis}, and the images without one, are in {file}", err=True)
    if file.suffix.lower() == ".json":
        say(f"labelling interface for Label Studio: {labelling_config(declared, axis)}", err=True, always=True)


def _take_in(declared, of: str, axis: str) -> None:  # noqa: ANN001 - imports are late
    """Make anew what rests on votes, where there are new ones, and say what they come to."""
    from mcas_assets.core.progress import BothProgress, LogProgress, TerminalProgress
    from mcas_assets.orchestration.instance import instance_at_work
    from mcas_assets.orchestration.runs import run_review
    from mcas_assets.stages.workplace import Workplace
    from mcas_assets.store.database import Store
    from mcas_assets.store.publication import published_rows
    from mcas_assets.views.raters import review_lines

    with instance_at_work(paths.home()) as instance, only_one(), TerminalProgress() as bars:
        run_review(declared, of, Workplace(progress=BothProgress(LogProgress(), bars)), instance)
    agreement = published_rows(Store(paths.home()), "rater_agreement", declared.audit, of)
    lines = review_lines(agreement) or [f"nobody has rated an image on {axis} yet: mcas review --rater NAME"]
    for line in lines:
        console().print(line, soft_wrap=True, highlight=False, markup=False)
