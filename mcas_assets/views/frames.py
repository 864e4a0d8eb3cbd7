"""A frame as people and programs want it: a terminal table, CSV, JSON or Parquet."""

import json
import os
import sys
from pathlib import Path

import polars as pl

from mcas_assets.core.terminal import console, escaped, escaped_json

PIPE_WIDTH = 200


def write(
    frame: pl.DataFrame, format: str, output: Path | None = None, *, rows: int | None = None, whole: bool = False
) -> None:
    """Write a frame to a file, or to standard output (Parquet as bytes).

    Args:
        frame: What to write.
        format: `table`, `csv`, `json` or `parquet`.
        output: The file, or None for standard output.
        rows: Rows of a table at most, 0 for all; None for as many as suit a terminal, and all in a pipe.
        whole: Print all columns of a table, whatever the width.
    """
    match format:
        case "table":
            text = _table(frame, rows, whole)
        case "csv":
            text = _flat(frame).write_csv()
            if output is None and sys.stdout.isatty():
                text = escaped(text)
        case "json":
            whole_rows = json.dumps(frame.to_dicts(), default=str, indent=1, ensure_ascii=False)
            text = escaped_json(whole_rows) + "\n"
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


def _table(frame: pl.DataFrame, rows: int | None, whole: bool) -> str:
    """A pipe has no width and no end: all rows, within COLUMNS characters or those of a large terminal."""
    from mcas_assets.views.fit import TERMINAL_ROWS, captured

    if sys.stdout.isatty():
        return captured(frame, console(), TERMINAL_ROWS if rows is None else rows, whole)
    width = os.environ.get("COLUMNS", "")
    return captured(frame, console(width=int(width) if width.isdecimal() else PIPE_WIDTH), rows or 0, whole)
