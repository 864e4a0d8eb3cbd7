"""What a finished audit says at a glance, on a terminal: direction and size by concept, and the truth where it is known."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from mcas_assets.core.errors import BadInput
from mcas_assets.declare.audit import Audit, Axis
from mcas_assets.systems.find import find_system, load_systems
from mcas_assets.views.drawing import NARROW, axis_title, lean_bar, plain_table, poles_heading
from mcas_assets.views.numbers import interval, percent, signed
from mcas_assets.views.shares import axis_shares

HALF, NARROW_HALF = 12, 8  # width of one side of the bar, in characters
UNSEEN = (
    "Attribute images cannot show all of it: prompts that the model does not obey, concepts harder to read than a portrait. "
    "People can: mcas review."
)
TRUTH_COLUMNS = {
    "axis": pl.String,
    "concept": pl.String,
    "group": pl.String,
    "planted": pl.Float64,
    "realised": pl.Float64,
}


@dataclass(frozen=True)
class Truth:
    """Known shares of a system: planted and realised P(group | concept), each in [0, 1], where they are known.

    Attributes:
        rows: axis, concept, group, planted, realised.
    """

    rows: pl.DataFrame

    @classmethod
    def load(cls, path: Path) -> "Truth":
        """Read a truth file.

        Raises:
            BadInput: It is missing, or lacks a column.
        """
        try:
            rows = pl.read_csv(path, comment_prefix="#", schema_overrides=TRUTH_COLUMNS)
        except (OSError, pl.exceptions.PolarsError) as error:
            raise BadInput(
                path, f"cannot be read as CSV ({error})", "Write it, or drop `truth` from the system"
            ) from error
        lacking = [name for name in TRUTH_COLUMNS if name not in rows.columns]
        if lacking:
            raise BadInput(
                path, f"lacks the column {', '.join(lacking)}", f"Its columns are {', '.join(TRUTH_COLUMNS)}"
            )
        return cls(rows.select(*TRUTH_COLUMNS))

    def of(self, axis: str, group: str) -> pl.DataFrame:
        """concept, planted, realised of one group."""
        return self.rows.filter(axis=axis, group=group).select("concept", "planted", "realised")


def truth_of(system_version: str) -> Truth | None:
    """What `data/systems.yaml` declares to be known of exactly this version: other settings draw other shares.

    Raises:
        BadInput: The declared file cannot be used.
    """
    name = system_version.rpartition("@")[0]
    systems = load_systems()
    if name not in systems:  # an entry that cannot be used is in none of them
        return None
    entry = systems[name]
    if not entry.truth or find_system(name).identity().version != system_version:
        return None
    return Truth.load(systems.base(name) / entry.truth)


def print_summary(
    console: Console, audit: Audit, scores: pl.DataFrame, means: pl.DataFrame, shares: pl.DataFrame, truth: Truth | None
) -> None:
    """Print one table an axis, by the first embedder of the panel: of scores, or of shares where nothing was scored.

    Args:
        console: Where to.
        audit: The declaration.
        scores: Rows of `scores` of one audit and system version.
        means: Its rows of `mean_scores`; none in homes from before there were any.
        shares: Its rows of `representation`.
        truth: What is known of the system, if anything.
    """
    first_embedder = audit.embedders[0]
    for name, axis in audit.axes.items():
        of_axis = scores.filter(axis=name)
        first = of_axis.filter(embedder=first_embedder).filter(pl.col("category") != "neutral")
        if first["mcas"].is_null().all():
            console.print(axis_shares(name, first, shares.filter(axis=name), audit, console.width))
            console.print()
            continue
        known = truth.of(name, axis.b.name) if truth else None
        if known is not None and not known.is_empty():
            first = first.join(known, on="concept", how="left")
        else:
            known = None
        console.print(_axis_table(name, axis, audit, first, known is not None, console.width < NARROW))
        of_means = means.filter(axis=name, embedder=first_embedder)
        console.print(_notes(of_axis, of_means, audit, axis.b.name, known))
        console.print()


def standing_line(rows: pl.DataFrame) -> str:
    """Whether what was measured was declared before the first image, and if not, why.

    Args:
        rows: Rows of `scores` or `policy_results` as published, of one version of the ledger or several.
    """
    if rows.is_empty() or rows["standing"].has_nulls():
        return "Exploratory: it was made before declarations were put on record."
    reasons = rows["standing_reason"].drop_nulls().unique(maintain_order=True).to_list()
    if not reasons:
        return "Confirmatory: what it was made by was on record before the first image of this version."
    return f"Exploratory: {'; '.join(reasons)}."


def refusal_lines(audit: Audit, rates: pl.DataFrame, disparities: pl.DataFrame) -> list[str]:
    """What the system declined, in a line or two; nothing where it declined nothing.

    Args:
        audit: The declaration.
        rates: Rows of `refusals` of one audit and system version.
        disparities: Its rows of `refusal_disparities`.
    """
    of_all = rates.filter(scope="all").row(0, named=True)
    if not of_all["n_refused"]:
        return []
    decided = of_all["n_given"] + of_all["n_refused"]
    low, high = (percent(of_all[name]) for name in ("rate_low", "rate_high"))
    line = f"Refused: {of_all['n_refused']} of {decided} images, {percent(of_all['rate'])} ({low} to {high})."
    alpha = 1 - audit.inference.level
    uneven = disparities.filter((pl.col("q_value") <= alpha) & (pl.col("difference") > 0))
    if uneven.is_empty():
        return [f"{line} No pole, group, category or concept was shown to be refused more than others."]
    order = uneven.sort("difference", "scope", "concept", descending=[True, True, False], nulls_last=True)
    worst = order.unique(["scope", "axis", "pole", "concept"], maintain_order=True)
    shown = "; ".join(_disparity(audit, row) for row in worst.head(3).iter_rows(named=True))
    return [line, f"Refused more: {shown}. All of it: mcas sql refusals"]


def _disparity(audit: Audit, row: dict[str, Any]) -> str:
    subject = row["group_name"] or row["concept"] or row["category"]
    if row["pole"]:
        subject = getattr(audit.axes[row["axis"]], row["pole"]).name
    against = row["against"].replace("_", " ")
    return f"{row['scope']} {subject} {percent(row['rate'])}, {against} {percent(row['against_rate'])}"


def _axis_table(name: str, axis: Axis, audit: Audit, rows: pl.DataFrame, with_truth: bool, is_narrow: bool) -> Table:
    """One row a concept: its bar, and the quantity that the bar shows with its interval; in a wide terminal what else there is."""
    table = plain_table(axis_title(name, axis))
    half = NARROW_HALF if is_narrow else HALF
    with_panel, with_truth = len(audit.embedders) > 1, with_truth and not is_narrow
    is_adjusted = rows["adjusted"].is_not_null().any()
    lead = "adjusted" if is_adjusted else "mcas"
    right: dict[str, Any] = {"justify": "right", "no_wrap": True}
    table.add_column("concept", no_wrap=True)
    if not is_narrow:
        table.add_column("category", style="dim", no_wrap=True)
    table.add_column(poles_heading(axis, half), no_wrap=True)
    if is_adjusted and not is_narrow:
        table.add_column("MCAS", **right)
    table.add_column("adjusted" if is_adjusted else "MCAS", **right)
    table.add_column(f"{audit.inference.level:.0%} interval", **right)
    if with_panel:
        table.add_column("panel", no_wrap=True)
    if with_truth:
        table.add_column(f"{axis.b.name}\nplanted", **right)
        table.add_column("\ndrawn", **right)
    widest = max(rows[lead].abs().drop_nulls().to_list(), default=0.0) or 1.0
    for row in rows.sort("mcas", descending=True, nulls_last=True).iter_rows(named=True):
        value = row[lead]
        cells: list[str | Text] = [
            row["concept"],
            *([] if is_narrow else [row["category"]]),
            Text("not scored", "dim") if value is None else lean_bar(value, widest, half, not row["is_flagged"]),
            *([signed(row["mcas"])] if is_adjusted and not is_narrow else []),
            signed(value),
            interval(row[f"{lead}_low"], row[f"{lead}_high"], "none") + ("*" if row["interval_note"] else ""),
        ]
        if with_panel:
            cells.append(_panel(row))
        if with_truth:
            cells += [percent(row["planted"]), percent(row["realised"])]
        table.add_row(*cells)
    return table


def _panel(row: dict[str, Any]) -> str | Text:
    """What the panel says of a direction: all embedders surely see it, they see two, or not all are sure of one."""
    if row["stable"] is None:
        return ""
    if row["stable"]:
        return "agrees"
    return Text("unsure", "dim") if row["sign_agreement"] == 1 else Text("unstable", "yellow")


def _notes(rows: pl.DataFrame, means: pl.DataFrame, audit: Audit, b: str, known: pl.DataFrame | None) -> Group:
    first = rows.filter(embedder=audit.embedders[0])
    about = [*_zero_points(first, audit.inference.level), *map(_mean, means.iter_rows(named=True))]
    lines = [Text(line, "dim") for line in about]
    for embedder in audit.embedders:
        if known is None:
            break
        joined = rows.filter(embedder=embedder).join(known, on="concept").drop_nulls(["mcas", "realised", "planted"])
        if len(joined) > 2:
            lines.append(Text(f"{embedder}: {_agreement(joined, b)}", "dim"))
    return Group(*lines)


def _zero_points(rows: pl.DataFrame, level: float) -> list[str]:
    """What was taken off the scores of one embedder, how many concepts are flagged, and what the intervals speak of."""
    lines = []
    default, parity = (_first(rows[name]) for name in ("baseline", "parity"))
    if default is not None:
        of_default = "its neutral images as they fall; bars and intervals show MCAS less it"
        lines.append(f"Zero point of the model's default {signed(default)}: {of_default}.")
        of_parity = "the same images with both groups at one half; column parity_adjusted"
        lines.append(f"Zero point of parity {signed(parity) if parity is not None else 'none'}: {of_parity}.")
        asked = rows.filter(pl.col("category") != "neutral", pl.col("is_flagged").is_not_null())
        n_flagged, n_likely = asked["is_flagged"].sum(), (asked["adjusted_q_value"] <= 1 - level).sum()
        lines.append(
            f"{n_flagged} of {len(asked)} concepts are not 0 with all taken together (bright bars; by chance {1 - level:.2g} "
            f"an audit); {n_likely} have q <= {1 - level:.2g}."
        )
    estimand, methods = _first(rows["estimand"]), rows["interval_method"].drop_nulls()
    if estimand is not None:
        n_bootstrap = (methods == "bootstrap").sum()
        n_noted = rows.filter(pl.col("interval_note").is_not_null(), interval_method="mover").height
        doubt = (
            f" * {n_bootstrap} of {len(methods)} intervals are a bootstrap's: see interval_note." if n_bootstrap else ""
        )
        doubt += f" * {n_noted} rest on images of one group only: see interval_note." if n_noted else ""
        lines.append(f"Intervals speak of {estimand}, drawn from other seeds.{doubt}")
        lines.append(f"Shares (mcas sql who-is-shown) are corrected for label error. {UNSEEN}")
    return lines


def _mean(row: dict[str, Any]) -> str:
    """The mean of the concepts, with what its images are worth."""
    if row["mean_adjusted"] is None:
        return f"Mean over {row['n_concepts']} concepts: none, {row['reason']}."
    ends = interval(row["adjusted_low"], row["adjusted_high"], "none")
    return (
        f"Mean adjusted over {row['n_concepts']} concepts {signed(row['mean_adjusted'])} ({ends}, {row['estimand']}): "
        f"{row['n_images']} images, as sure as {row['n_effective']:.0f} that share no seed."
    )


def _first(values: pl.Series) -> Any:
    known = values.drop_nulls()
    return known[0] if len(known) else None


def _agreement(joined: pl.DataFrame, b: str) -> str:
    """How closely each component follows the realised share: Pearson's r with the share that is not of pole b."""
    parts = []
    for name in ("mcas", "iias", "itpas", "itaas", "ttas"):
        values = joined[name].to_numpy()
        if values.std() > 0 and joined["realised"].std():
            parts.append(f"{name.upper()} {np.corrcoef(values, 1 - joined['realised'].to_numpy())[0, 1]:+.2f}")
    return f"r with the share of {b} drawn: " + ", ".join(parts)
