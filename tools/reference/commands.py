"""The page of the command line."""

import inspect
from collections.abc import Iterator
from typing import Any

import typer

from mcas_assets.cli import app as cli
from tools.reference.markdown import Page, table


def commands() -> Page:
    """The command line."""
    group: Any = typer.main.get_command(cli.app)

    def parts() -> Iterator[str]:
        yield "# Commands"
        yield "`uv run mcas COMMAND` in a checkout, `mcas COMMAND` where the environment is active."
        yield (inspect.getdoc(cli) or "").split("\n\n")[1].replace("\n", " ")
        yield "These stand before the command:"
        yield table(("", "default", "meaning"), [(*_parameter(one), one.help or "") for one in group.params])
        for name, command in _all(group):
            arguments = [one for one in command.params if one.param_type_name == "argument"]
            named = [one.name.upper() if one.required else f"[{one.name.upper()}]" for one in arguments]
            if hasattr(command, "commands"):
                named.append("COMMAND")
            options = ["[OPTIONS]"] * (len(command.params) > len(arguments))
            yield f"## mcas {name}"
            yield command.help.strip()
            yield "```text\n" + " ".join(["mcas", name, *options, *named]) + "\n```"
            if command.params:
                yield table(("", "default", "meaning"), [(*_parameter(one), one.help or "") for one in command.params])

    return "commands.md", parts()


def _all(group: Any, above: str = "") -> Iterator[tuple[str, Any]]:
    """Every command by its words, those of a group after it."""
    for name, command in group.commands.items():
        yield f"{above}{name}", command
        if hasattr(command, "commands"):
            yield from _all(command, f"{above}{name} ")


def _parameter(one: Any) -> tuple[str, str]:
    """How an argument or an option is written, and what it is by default."""
    spelling = one.name.upper() if one.param_type_name == "argument" else " / ".join([*one.opts, *one.secondary_opts])
    if one.required:
        return f"`{spelling}`", "needed"
    if isinstance(one.default, bool):
        on, off = one.opts[0], one.secondary_opts[0] if one.secondary_opts else ""
        default = on if one.default else off
    else:
        default = "" if one.default is None else str(one.default)
    return f"`{spelling}`", f"`{default}`" if default else ""
