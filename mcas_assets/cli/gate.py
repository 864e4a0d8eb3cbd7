"""`mcas gate`: whether an audited system meets a policy, with an exit status that a release can depend on."""

import re
from pathlib import Path
from typing import Annotated

import typer

from mcas_assets.cli.common import console
from mcas_assets.core.errors import BadInput, CannotJudge, PolicyNotMet
from mcas_assets.core.terminal import escaped_json, say
from mcas_assets.declare.limits import MOST_IMAGES

_VERSION = re.compile(r"[a-z0-9][a-z0-9._-]*@[0-9a-f]{12}")


def gate(
    audit: Annotated[str, typer.Argument(help="Name of a declared audit, or path of a YAML file.")] = "phantom",
    system: Annotated[
        str,
        typer.Option(
            help="Name of a declared system, folder of a diffusers pipeline, or a system version (name@12hex)."
        ),
    ] = "phantom-stereotyped",
    policy: Annotated[str, typer.Option(help="Name of a declared policy, or path of a YAML file.")] = "release",
    steps: Annotated[
        int | None, typer.Option(help="Sampling steps that were audited, if not the declared ones.")
    ] = None,
    guidance: Annotated[
        float | None, typer.Option(help="Guidance scale that was audited, if not the declared one.")
    ] = None,
    images: Annotated[
        int | None,
        typer.Option(
            help="Images of each prompt of a concept that were audited, if not the declared number.",
            min=2,
            max=MOST_IMAGES,
        ),
    ] = None,
    format: Annotated[str, typer.Option(help="table or json.")] = "table",
    junit: Annotated[Path | None, typer.Option(help="File to write JUnit XML to, for CI.")] = None,
    markdown: Annotated[
        Path | None, typer.Option(help="File to write Markdown to, for a pull request or a summary of a CI job.")
    ] = None,
    annotations: Annotated[
        bool,
        typer.Option("--annotations", help="Print a workflow command of GitHub for each requirement that is not met."),
    ] = False,
) -> None:
    """Hold an audited system against a policy. Exit status: 0 met, 4 not met, 5 cannot be judged, 2 bad input.

    Example: mcas gate phantom --system phantom-fair --junit gate.xml
    """
    if format not in ("table", "json"):
        raise BadInput("--format", f"is {format!r}", "Use one of table, json")
    from uuid import uuid4

    from mcas_assets.declare.audit import load_audit
    from mcas_assets.orchestration.telling import send_news
    from mcas_assets.policy.gate import hold, keep
    from mcas_assets.policy.judge import FAILED, PASSED
    from mcas_assets.policy.load import load_policy
    from mcas_assets.stages.registry import current_versions
    from mcas_assets.stages.workplace import Workplace
    from mcas_assets.store.publication import publish, published_rows
    from mcas_assets.views.audit import standing_line
    from mcas_assets.views.policy import as_json, print_judged, write_junit
    from mcas_assets.views.review import github_annotations, write_markdown

    declared, required, workplace = load_audit(audit), load_policy(policy), Workplace()
    declared = declared if images is None else declared.with_images(images)
    version = _version(workplace, system, steps, guidance)
    current = current_versions(declared, workplace.declared)
    judged = hold(workplace.store, required, declared, version, current)
    if keep(workplace.store, judged, f"gate-{uuid4()}"):
        publish(workplace.store)
        send_news(workplace.store)
    if junit is not None:
        write_junit(judged, junit)
    if markdown is not None:
        write_markdown(judged, markdown)
    if format == "json":
        say(escaped_json(as_json(judged)).rstrip())
    else:
        print_judged(console(), judged)
        rows = published_rows(workplace.store, "policy_results", declared.audit, version).filter(policy=required.policy)
        console().print(standing_line(rows), soft_wrap=True)
    for line in github_annotations(judged) if annotations else ():
        say(line)
    if judged.status != PASSED:
        what = f"policy {required.policy}, {version}, audit {declared.audit}"
        raise PolicyNotMet(what) if judged.status == FAILED else CannotJudge(what)


def _version(workplace, system: str, steps: int | None, guidance: float | None) -> str:  # noqa: ANN001
    """The version that is judged: one that is named whole, or what the system is now."""
    from mcas_assets.store.registers import system_versions
    from mcas_assets.systems.find import find_system

    if not _VERSION.fullmatch(system):
        return find_system(system, steps=steps, guidance=guidance, cache=workplace.digests).identity().version
    with workplace.store.open() as con:
        known = system_versions(con)
    if system not in known:
        raise BadInput(
            system, "is no system version of this home", f"Known: {', '.join(known) or 'none'} (mcas systems)"
        )
    return system
