"""`mcas doctor`, `mcas repair`, `mcas prune`, `mcas backup`, `mcas restore`: keeping a home sound, small and safe."""

from pathlib import Path
from typing import Annotated

import typer

from mcas_assets.cli.common import only_one
from mcas_assets.core import paths
from mcas_assets.core.errors import BadInput
from mcas_assets.core.terminal import say


def doctor(
    deep: Annotated[
        bool,
        typer.Option("--deep", help="Read every row and every image; else sizes of all images, digests of a sample."),
    ] = False,
) -> None:
    """Say in one screen whether this home is sound, what it takes and what would be audited now. Changes nothing.

    Exit status 0: it is sound; 7: something is not, and beside it stands what to do. Example: mcas doctor --deep
    """
    from mcas_assets.core.errors import Unsound
    from mcas_assets.stages.workplace import Workplace
    from mcas_assets.views.doctor import findings, lines

    say(f"{'home':<18} {paths.home()}")
    found = []
    for finding in findings(Workplace(), deep=deep):
        found.append(finding)
        for line in lines([finding]):
            say(line)
    unsound = [finding.part for finding in found if finding.is_unsound]
    if unsound:
        raise Unsound(", ".join(dict.fromkeys(unsound)))
    say(f"{'all':<18} sound")


def backup(
    target: Annotated[Path, typer.Argument(help="Folder to make, or file to make where the name ends in .tar.")],
) -> None:
    """Copy the home as it is at one moment, each file with its digest, and read the copy back.

    Refused while a run is under way. Example: mcas backup /mnt/safe/mcas-2026-11-29.tar
    """
    from mcas_assets.store.backup import back_up
    from mcas_assets.store.database import Store
    from mcas_assets.store.image_place import objects_of
    from mcas_assets.store.sizes import in_words

    store = Store(paths.home())
    if not store.home.is_dir():
        raise BadInput(store.home, "there is no home to back up", "Run an audit first: mcas audit.")
    with only_one():
        copied = back_up(store, target)
    say(f"{copied.files:,} files, {in_words(copied.size)}, each as its digest says: {copied.path}")
    if (objects := objects_of(store.home)) is not None:
        kept = "the image files are there and not in the copy; keep versions of that bucket, or copy it too"
        say(f"{objects.address}: {kept}", err=True, always=True)
    if paths.history_url():
        say("Dagster's history is in Postgres and not in the copy: pg_dump copies it", err=True, always=True)


def restore(
    source: Annotated[Path, typer.Argument(help="What mcas backup made.")],
) -> None:
    """Make the home that MCAS_HOME names from a backup, each file held against its digest. A used home is never overwritten.

    Example: MCAS_HOME=restored mcas restore /mnt/safe/mcas-2026-11-29.tar
    """
    from mcas_assets.store.backup import restore as make
    from mcas_assets.store.sizes import in_words

    copied = make(source, paths.home())
    say(
        f"{paths.home()} is as it was on {copied.created_at}: {copied.files:,} files, {in_words(copied.size)}, each as its "
        f"digest says"
    )


def prune(
    keep: Annotated[int, typer.Option(help="Versions to keep of each result, and runs.", min=1, max=1_000_000)] = 1,
    days: Annotated[float | None, typer.Option(help="Keep what is younger, too.", min=0, max=36_500)] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Drop it. Without this, it is only said what would go.")] = False,
) -> None:
    """Say what nothing stands on any more, and with --yes drop it: former versions, their images, runs, logs, caches.

    Caches: digests of files that changed, tables of image sets that no declared system has. Never what a kept score stands
    on, nor a record of what was paid. Example: mcas prune --keep 3 --days 30 --yes
    """
    from datetime import UTC, datetime, timedelta

    from mcas_assets.orchestration.instance import instance_at_work
    from mcas_assets.orchestration.pruning import drop_runs, superfluous_runs
    from mcas_assets.store.database import Store
    from mcas_assets.store.pruning import drop, superfluous
    from mcas_assets.store.publication import publish
    from mcas_assets.store.sizes import in_words
    from mcas_assets.systems.find import load_systems
    from mcas_assets.systems.leftovers import drop_leftovers, leftovers

    home, store = paths.home(), Store(paths.home())
    if not store.path.exists():
        raise BadInput(store.path, "there is no store to prune", "Run an audit first: mcas audit.")
    with only_one(), instance_at_work(home) as instance:
        what, runs = superfluous(store, keep, days), superfluous_runs(instance, keep, days)
        say(
            f"{'dropped' if yes else 'would go'}: {len(what.versions):,} former versions, {len(what.images):,} images that only "
            f"they used, {len(what.files):,} image files ({in_words(what.size)}), {len(runs):,} runs of Dagster"
        )
        rest = leftovers(home, load_systems(paths.systems_file()))
        say(
            f"{'forgotten' if yes else 'would be forgotten'}: digests of {len(rest.digests):,} files that changed or are gone, "
            f"{len(rest.tables):,} tables of image sets that no system has ({in_words(rest.size)})"
        )
        before = _sizes(home)
        if yes:
            drop_leftovers(home, rest)
            drop(store, what)
            if store.published.exists():
                publish(store)
            drop_runs(instance, home, runs, datetime.now(UTC) - timedelta(days=days or 0))
        _print_sizes(before, _sizes(home) if yes else None)
    if not yes:
        say("nothing was changed; --yes drops it. mcas backup FILE keeps a copy first")


def _sizes(home: Path) -> dict[str, int]:
    from mcas_assets.store.sizes import parts_of

    return {part.name: part.size for part in parts_of(home)}


def _print_sizes(before: dict[str, int], after: dict[str, int] | None) -> None:
    from mcas_assets.store.sizes import in_words

    for name, size in [*before.items(), ("all", sum(before.values()))]:
        line = f"  {name:<18} {in_words(size):>10}"
        if after is not None:
            line += f" -> {in_words(sum(after.values()) if name == 'all' else after.get(name, 0)):>10}"
        say(line)


def repair(
    from_published: Annotated[
        bool,
        typer.Option("--from-published", help="Make the store anew from the published copy, though there is one."),
    ] = False,
    history: Annotated[
        bool, typer.Option("--history", help="Put Dagster's history aside where it is damaged, and begin it anew.")
    ] = False,
) -> None:
    """Make a missing store anew from the published copy, forget images whose files were changed or deleted, read marks.

    Provenance marks are read of images that were drawn before the extra `provenance` was installed.
    """
    from mcas_assets.images.generate import forget_lost
    from mcas_assets.measure.marks import installed_reader, read_all_marks
    from mcas_assets.store.database import Store
    from mcas_assets.store.publication import publish, rebuild

    store = Store(paths.home())
    if history:
        from mcas_assets.orchestration.instance import begin_history_anew

        with only_one():
            aside = begin_history_anew(paths.home())
        kept = f"; the former one is kept as {aside}" if aside else ""
        say(f"Dagster's history begins anew with the next audit{kept}")
    if from_published or (store.published.exists() and not store.path.exists()):
        with only_one():
            former = rebuild(store)
        kept = f"; what it replaces is kept as {former}" if former else ""
        say(f"the store was made anew from the published copy{kept}")
    lost = forget_lost(store)
    say(
        f"{lost} images forgotten; run the audit again to make them anew"
        if lost
        else "every kept file is as it was made"
    )
    reader = installed_reader()
    if reader is not None and (n_read := read_all_marks(store, reader)):
        publish(store)
        say(f"{n_read:,} images looked at for a provenance mark (mcas sql which-images-are-marked)")
