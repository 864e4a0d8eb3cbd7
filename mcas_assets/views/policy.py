"""What a policy said, for people (a terminal), for programs (JSON) and for CI (JUnit XML)."""

import json
from pathlib import Path
from typing import Any

import polars as pl
from junitparser import Error, Failure, JUnitXml, TestCase, TestSuite
from rich.console import Console
from rich.text import Text

from mcas_assets.core.errors import BadInput
from mcas_assets.policy.gate import Judged
from mcas_assets.policy.judge import FAILED, NOT_JUDGED, PASSED, Status, overall
from mcas_assets.policy.requirements import Requirement
from mcas_assets.views.drawing import NARROW, cell_of, plain_table, track
from mcas_assets.views.numbers import signed

HALF = 12  # width of one side of a bar, in characters
MOST_ROWS = 6  # breaches shown of each requirement
MARKS: dict[Status, tuple[str, str]] = {PASSED: ("✔", "green"), FAILED: ("✘", "red"), NOT_JUDGED: ("?", "yellow")}
WORDS: dict[Status, str] = {PASSED: "met", FAILED: "NOT MET", NOT_JUDGED: "CANNOT BE JUDGED"}


def as_json(judged: Judged) -> str:
    """The result as one JSON object: status, counts of every requirement, every row."""
    requirements = []
    for requirement, rows in by_requirement(judged):
        counts = {word.replace(" ", "_"): rows.filter(status=word).height for word in (PASSED, FAILED, NOT_JUDGED)}
        told = {
            "requirement": requirement.requirement,
            "kind": requirement.kind,
            "condition": requirement.condition,
            "why": requirement.why,
        }
        requirements.append({**told, "is_blocking": requirement.blocking, "status": overall(rows), **counts})
    document = {
        "policy": judged.policy.policy, "policy_digest": judged.policy.digest(), "audit": judged.audit,
        "system_version": judged.system_version, "status": judged.status, "requirements": requirements,
        "results": judged.results.drop("policy", "system", "system_version", "audit", "condition").to_dicts(),
    }  # fmt: skip
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def write_junit(judged: Judged, path: Path) -> None:
    """Write JUnit XML: a suite a requirement, a case for each thing judged. What cannot be judged is an error, as a crash would be.

    Raises:
        BadInput: The file cannot be written.
    """
    document = JUnitXml(f"mcas gate {judged.policy.policy}")
    for requirement, rows in by_requirement(judged):
        suite = TestSuite(f"{judged.policy.policy}: {requirement.requirement}")
        about = {"system_version": judged.system_version, "audit": judged.audit, "condition": requirement.condition}
        for name, value in (about | {"policy_digest": judged.policy.digest()}).items():
            suite.add_property(name, value)
        for row in rows.iter_rows(named=True):
            suite.add_testcase(_case(judged, requirement, row))
        document.add_testsuite(suite)
    document.update_statistics()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        document.write(str(path), pretty=True)
    except OSError as error:
        raise BadInput(path, f"cannot be written ({error.strerror})", "Give --junit another place") from error


def _case(judged: Judged, requirement: Requirement, row: dict[str, Any]) -> TestCase:
    case = TestCase(
        place(row) or requirement.requirement, classname=f"mcas.{judged.audit}.{requirement.requirement}", time=0
    )
    if row["status"] == PASSED:
        return case
    kind = Failure if row["status"] == FAILED else Error
    result = kind(f"{row['reason']}: {numbers(row)}" if row["observed"] is not None else row["reason"], row["status"])
    result.text = "\n".join(filter(None, (requirement.condition, requirement.why, numbers(row))))
    case.result = [result]
    return case


def print_judged(console: Console, judged: Judged) -> None:
    """Print the requirements with their statuses, then what broke them, then the status of the whole."""
    title = Text.assemble((f"policy {judged.policy.policy}", "bold"), f"  {judged.policy.title}\n")
    title.append(f"{judged.system_version}, audit {judged.audit}", "dim")
    console.print(title, "", sep="\n", highlight=False)
    table = plain_table(pad_edge=False)
    table.add_column("", width=1)
    table.add_column("requirement", no_wrap=True)
    table.add_column("what must hold", style="dim")
    table.add_column("judged", justify="right")
    table.add_column("failed", justify="right")
    table.add_column("open", justify="right")
    for requirement, rows in by_requirement(judged):
        mark, colour = MARKS[overall(rows)]
        n_failed, n_open = (rows.filter(status=word).height for word in (FAILED, NOT_JUDGED))
        cells = [
            Text(mark, colour),
            Text(requirement.requirement, colour),
            requirement.condition,
            str(rows.height - n_open),
        ]
        cells += [Text(str(n_failed), "red") if n_failed else "", Text(str(n_open), "yellow") if n_open else ""]
        table.add_row(*cells)
    console.print(table)
    for requirement, rows in by_requirement(judged):
        for status in (FAILED, NOT_JUDGED):
            some = rows.filter(status=status)
            if not some.is_empty():
                console.print()
                _print_rows(console, requirement, status, some)
    console.print()
    console.print(_conclusion(judged), highlight=False)


def _print_rows(console: Console, requirement: Requirement, status: Status, rows: pl.DataFrame) -> None:
    mark, colour = MARKS[status]
    console.print(Text.assemble((f"{mark} {requirement.requirement}", colour), (f"  {requirement.why or ''}", "dim")))
    if status == NOT_JUDGED:
        for reason, n in rows["reason"].value_counts(sort=True).iter_rows():
            console.print(Text(f"    {reason}" + (f"  ({n})" if n > 1 else ""), "yellow"))
        return
    worst = farthest(rows)
    widest = max((abs(value) for value in (*worst["observed"], *worst["threshold"].drop_nulls())), default=1.0) or 1.0
    table = plain_table(show_header=False, pad_edge=False)
    for column in ("indent", "what", "where", "bar", "numbers"):
        table.add_column(column, no_wrap=True)
    for row in worst.iter_rows(named=True):
        bar = Text() if console.width < NARROW else _bar(row["observed"], row["threshold"], widest)
        table.add_row("  ", row["concept"] or row["measure"] or "", Text(_where(row), "dim"), bar, numbers(row))
    console.print(table)
    if rows.height > worst.height:
        command = (
            f"mcas sql \"from policy_results where requirement = '{requirement.requirement}' and status = 'failed'\""
        )
        console.print(Text(f"    and {rows.height - worst.height} more: {command}", "dim"), soft_wrap=True)


def farthest(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows farthest beyond their limits, `MOST_ROWS` at most. Of two groups one mirrors the other: the farther tells it."""
    distance = (pl.col("observed") - pl.coalesce("threshold", pl.lit(0.0))).abs()
    ordered = rows.sort(distance, descending=True, maintain_order=True)
    one_each = ["axis", "concept", "embedder", "labels", "measure"]
    return ordered.unique(one_each, keep="first", maintain_order=True).head(MOST_ROWS)


def _conclusion(judged: Judged) -> Text:
    statuses = [overall(rows) for _, rows in by_requirement(judged)]
    counts = [(statuses.count(word), said) for word, said in ((FAILED, "failed"), (NOT_JUDGED, "cannot be judged"))]
    n = len(statuses)
    told = ", ".join(f"{count} {said}" for count, said in counts if count).replace(" ", f" of {n} requirements ", 1)
    _, colour = MARKS[judged.status]
    text = Text(f"Policy {judged.policy.policy}: {WORDS[judged.status]}", f"bold {colour}")
    return text.append(f"  {told or f'all {n} requirements hold'}", "not bold")


def by_requirement(judged: Judged) -> list[tuple[Requirement, pl.DataFrame]]:
    """Each requirement that was asked, with its rows, in the order of the policy."""
    return [
        (requirement, judged.results.filter(requirement=requirement.requirement))
        for requirement in judged.policy.requirements_of(judged.audit)
    ]


def place(row: dict[str, Any]) -> str:
    """What a row is of: axis, concept, group, instrument, measure."""
    return " / ".join(filter(None, (row["axis"], row["concept"], row["group_name"], _labeller(row), row["measure"])))


def _where(row: dict[str, Any]) -> str:
    return ", ".join(filter(None, (row["axis"], row["group_name"], _labeller(row))))


def _labeller(row: dict[str, Any]) -> str | None:
    return row["embedder"] or row["labels"]


def numbers(row: dict[str, Any]) -> str:
    """What was observed, with its interval and its limit; nothing where nothing was."""
    if row["observed"] is None:
        return ""
    text = signed(row["observed"])
    if row["low"] is not None and row["high"] is not None:
        text += f" [{signed(row['low'])}, {signed(row['high'])}]"
    return text + (f"  limit {row['threshold']:+.3g}" if row["threshold"] is not None else "")


def _bar(value: float, limit: float | None, widest: float) -> Text:
    """A bar from the middle, and a tick where the limit lies."""
    end = cell_of(value, widest, HALF)
    cells = {cell: ("█", "red") for cell in range(min(end, HALF), max(end, HALF) + 1) if cell != HALF}
    if limit is not None:
        cells[cell_of(limit, widest, HALF)] = ("┃", "bold")
    return track(cells, HALF)
