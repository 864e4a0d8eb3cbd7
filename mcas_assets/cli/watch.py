"""`mcas watch`, `mcas canary`: what the daemon does by itself, done once and in the foreground."""

from typing import Annotated

import typer

from mcas_assets.cli.common import console, only_one
from mcas_assets.core import paths
from mcas_assets.core.errors import BadInput, McasError
from mcas_assets.core.terminal import say


def watch(
    run: Annotated[bool, typer.Option(help="Run the audits that are wanted, one after the other.")] = False,
) -> None:
    """Look once at every declared system: is it there, is it another by now, which audits does it want?"""
    from mcas_assets.core.progress import BothProgress, LogProgress, TerminalProgress
    from mcas_assets.orchestration.definitions import declared_audits
    from mcas_assets.orchestration.instance import instance_at_work
    from mcas_assets.orchestration.runs import run_audit, tell
    from mcas_assets.orchestration.sensor import observe
    from mcas_assets.orchestration.telling import news_sent
    from mcas_assets.stages.workplace import Workplace
    from mcas_assets.store.publication import publish
    from mcas_assets.watch.look import at_source

    audits = {audit.audit: audit for audit in declared_audits()}
    with instance_at_work(paths.home()) as instance, news_sent(instance), only_one():
        workplace = Workplace()
        decision, seen = observe(workplace, instance, audits)
        _show(decision)
        if not run:
            return
        failed: list[str] = []
        sources = {one.identity.version: one.source for one in seen if one.identity is not None}
        # What its system no longer is can be finished by the daemon only, whose runs are of a partition.
        for wanted in (one for one in decision.request if one.system_version in sources):
            name = wanted.system_version.rpartition("@")[0]
            system = at_source(workplace.find, name, sources[wanted.system_version])
            with TerminalProgress() as bars:
                told = Workplace(progress=BothProgress(LogProgress(), bars))
                say(f"{wanted.audit} of {wanted.system_version}", err=True)
                try:
                    run_audit(audits[wanted.audit], system, told, instance)
                except McasError as error:  # told at once: the audits of other systems go on
                    say(f"error: {error}", err=True, always=True)
                    failed.append(f"{wanted.audit} of {wanted.system_version}")
        tell(instance, decision.states)
        publish(workplace.store)
    if failed:
        raise McasError(f"{len(failed)} of {len(decision.request)} audits failed: {', '.join(failed)}")


def _show(decision) -> None:  # noqa: ANN001 - imported late
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for heading in (
        "system",
        "state",
        "since (UTC)",
        "",
    ):  # a version begins with its system's name: 80 columns hold it whole
        table.add_column(heading, overflow="fold")
    for state in decision.states:
        end = f"ends {state.shutdown_date}" if state.shutdown_date else ""
        told = "; ".join(filter(None, (state.detail, end)))
        table.add_row(state.system_version or state.system, state.state, f"{state.since:%Y-%m-%d %H:%M}", told)
    out = console()
    out.print(table)
    for note in decision.notes:
        out.print(note)
    if decision.request:
        say(
            "\nmcas watch --run runs what is requested; mcas serve does all this by itself, whenever something is new",
            err=True,
        )


def canary(
    system: Annotated[str, typer.Argument(help="Name of a declared system; its entry names the canary.")],
    window: Annotated[str, typer.Option(help="Name of the window; by default the day (UTC).")] = "",
) -> None:
    """Ask a system its canary's prompts anew, and say whether it behaves as before."""
    from mcas_assets.core.progress import BothProgress, LogProgress, TerminalProgress
    from mcas_assets.declare.audit import list_audits
    from mcas_assets.orchestration.canary import run_window
    from mcas_assets.orchestration.instance import instance_at_work
    from mcas_assets.orchestration.sensor import observe
    from mcas_assets.orchestration.telling import news_sent
    from mcas_assets.stages.workplace import Workplace

    with (
        instance_at_work(paths.home()) as instance,
        news_sent(instance),
        only_one(),
        TerminalProgress() as bars,
    ):
        workplace = Workplace(progress=BothProgress(LogProgress(), bars))
        states = {state.system: state for state in observe(workplace, instance, list_audits())[0].states}
        if system not in states:
            raise BadInput(paths.systems_file(), f"declares no system {system!r}", f"Known: {', '.join(states)}")
        state = states[system]
        if state.state != "available" or state.system_version is None:
            raise BadInput(system, f"is {state.state}: {state.detail}", "A window can be asked once it is available")
        row = run_window(workplace, instance, state.system_version, window)
    p_value = "" if row["p_value"] is None else f", p {row['p_value']:.4f} (alarm at {row['level']:.2g})"
    if row["reference_p_value"] is not None:
        p_value += f", p {row['reference_p_value']:.4f} against {row['reference']}"
    against = f" against {row['previous']}" if row["previous"] else ""
    say(f"{row['system_version']}, window {row['window_name']}{against}: {row['verdict']}{p_value}")
    say(f"{row['n_images']} images, {row['n_refused']} refused, {row['n_lost']} lost of {row['n_requested']}", err=True)
