"""A frame as people and programs want it: a terminal table, CSV, JSON or Parquet."""

import json
import sys
from pathlib import Path

import polars as pl


def write(frame: pl.DataFrame, format: str, output: Path | None = None) -> None:
    """Write a frame to a file, or to standard output (Parquet as bytes).

    Args:
        frame: What to write.
        format: `table`, `csv`, `json` or `parquet`.
        output: The file, or None for standard output.
    """
    match format:
        case "table":
            text = _table(frame)
        case "csv":
            text = _flat(frame).write_csv()
        case "json":
            text = json.dumps(frame.to_dicts(), default=str, indent=1, ensure_ascii=False) + "\n"
        case "parquet":
            frame.write_parquet(output if output is not None else sys.stdout.buffer)
            return
        case other:
            raise ValueError(f"unknown format {other!r}")
    if output is not None:
        output.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)


def _flat(frame: pl.DataFrame) -> pl.DataFrame:
    """Nested columns as JSON text, which CSV can hold."""
    nested = [name for name, kind in frame.schema.items() if kind.is_nested()]
    return frame.with_columns(
        pl.Series(name, [json.dumps(value, default=str) for value in frame[name].to_list()], pl.String)
        for name in nested
    )


def _table(frame: pl.DataFrame) -> str:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name, kind in frame.schema.items():
        table.add_column(name, justify="right" if kind.is_numeric() else "left", overflow="fold")
    for row in frame.iter_rows():
        table.add_row(*(_cell(value) for value in row))
    console = Console(width=None if sys.stdout.isatty() else 200)
    with console.capture() as captured:
        console.print(table)
        console.print(f"{len(frame)} row{'' if len(frame) == 1 else 's'}", style="dim")
    return captured.get()


def _cell(value: object) -> str:
    from rich.markup import escape

    if value is None:
        return ""
    return f"{value:.4f}" if isinstance(value, float) else escape(str(value))
