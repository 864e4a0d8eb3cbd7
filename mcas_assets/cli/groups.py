"""How `mcas --help` lists its commands: in groups by what a person is about, each with one line."""

from typing import Any

from typer.core import TyperGroup

GROUPS = {
    "Measure": ("audit", "plan", "compare", "attribute", "calibrate", "review"),
    "Look at what was measured": ("view", "report", "ui", "sql", "systems"),
    "Hand over": ("export", "verify"),
    "Judge, and keep watch": ("gate", "serve", "watch", "canary"),
    "Have a place of one's own": ("init", "list", "population"),
    "Look after a home": ("doctor", "repair", "redraw", "backup", "restore", "prune"),
}
EXAMPLES = (
    "mcas audit                                        the phantom, whose bias is known",
    "mcas plan gender --system /path/to/pipeline       what an audit takes; makes nothing",
    "mcas audit gender --system /path/to/pipeline      audit a model of your own",
    "mcas view                                         pages, from any number to its images",
    "mcas compare phantom-stereotyped phantom-updated  what changed",
)


class Grouped(TyperGroup):
    """Commands in groups, and examples below them."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the groups, then the examples."""
        width = max(map(len, self.commands))
        for title, names in GROUPS.items():
            with formatter.section(title):
                rows = [(name, self.commands[name].get_short_help_str(formatter.width - width - 6)) for name in names]
                formatter.write_dl([(f"{name:<{width}}", told) for name, told in rows])
        with formatter.section("Examples"):
            for example in EXAMPLES:
                formatter.write(f"{'':>{formatter.current_indent}}{example}\n")
