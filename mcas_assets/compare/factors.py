"""What differs between two versions, or between the conditions that they were measured under: from what the store recorded.

The identity documents say what the systems are, the facts of images under what conditions they were drawn, the ledger with
which packages and code they were drawn and embedded. Scores are computed anew for a comparison, both versions alike, so what
scored them before plays no part.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple, get_args

import polars as pl
from duckdb import DuckDBPyConnection

from mcas_assets.store import image_facts, ledger
from mcas_assets.store.registers import identity_of, panel_of
from mcas_assets.store.schema import frame_schema

Kind = Literal["weights", "settings", "scheduler", "instrument", "packages", "code", "machine", "question"]
KINDS: tuple[Kind, ...] = get_args(Kind)
# What can change a picture, and what can change a vector; the rest of ledger.PACKAGES can change neither.
_DRAWING = ("diffusers", "numpy", "pillow", "safetensors", "torch", "transformers")
_EMBEDDING = ("numpy", "open-clip-torch", "pillow", "safetensors", "torch", "transformers")
_WHY_NOT: dict[Kind, str] = {
    "packages": "only an installation with the former packages could draw with them",
    "code": "only a checkout of the former commit could run it",
    "machine": "only the former machine could draw on it",
    "question": "only what both versions were asked is compared",
    "instrument": "both versions are compared by the same instrument, so it has no part in this comparison",
}
_WEIGHTS = ("weights", "adapters", "single_file")
_MACHINE = {"batch_size": "images drawn together"}


class Factor(NamedTuple):
    """One thing that differs; values as text, None where a version has no such thing."""

    kind: Kind
    factor: str
    stage: str
    before: str | None
    after: str | None


def factor_rows(con: DuckDBPyConnection, audit: str, about: Mapping[str, object]) -> pl.DataFrame:
    """The rows of `comparison_factors` of one pair of versions, by kind.

    Args:
        con: A connection to the store.
        audit: Name of the audit.
        about: system, system_version, before, after, is_predecessor, audit.
    """
    found = find_factors(con, audit, str(about["before"]), str(about["after"]))
    rows = []
    for one in sorted(found, key=lambda factor: (KINDS.index(factor.kind), factor.factor, factor.stage)):
        why = _WHY_NOT.get(one.kind)
        rows.append({
            **about, "kind": one.kind, "factor": one.factor, "stage": one.stage, "value_before": one.before,
            "value_after": one.after, "is_replayable": why is None, "reason": why,
        })  # fmt: skip
    return pl.DataFrame(rows, schema=frame_schema("comparison_factors"))


def find_factors(con: DuckDBPyConnection, audit: str, before: str, after: str) -> list[Factor]:
    """Everything that is recorded to differ."""
    factors = list(identity_factors(identity_of(con, before), identity_of(con, after)))
    factors += _differing("machine", "images", _conditions(con, before), _conditions(con, after))
    for stage, names in (("images", _DRAWING), ("embeddings", _EMBEDDING)):
        old, new = (ledger.latest(con, stage, version, audit) for version in (before, after))
        if old is None or new is None:
            continue
        packages = [{name: row.packages.get(name) for name in names} for row in (old, new)]
        factors += _differing("packages", stage, *packages)
        factors += _differing("code", stage, *(_code(row) for row in (old, new)))
        if stage == "images":
            factors += _differing("question", "plan", *(_plan(con, row) for row in (old, new)))
        else:
            factors += _differing("instrument", stage, *(_panel(con, row.version) for row in (old, new)))
    return factors


def identity_factors(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Factor]:
    """What differs between two identity documents: `arguments` one by one, the scheduler by its options."""
    for key in dict.fromkeys([*before, *after]):
        old, new = before.get(key), after.get(key)
        if old == new:
            continue
        if key == "arguments":
            yield from _differing("settings", "identity", *(_arguments(one or {}) for one in (old, new)))
        elif key == "scheduler":
            yield Factor("scheduler", key, "identity", *(_scheduler(old, new), _scheduler(new, old)))
        else:
            yield Factor("weights" if key in _WEIGHTS else "settings", key, "identity", _text(old), _text(new))


def _arguments(given: Mapping[str, Any]) -> dict[str, Any]:
    """As they are, but null as a word: to give an argument null is not to leave it out."""
    return {key: "null" if value is None else value for key, value in given.items()}


def _scheduler(one: Any, other: Any) -> str | None:
    """The class, and those options that the other has otherwise."""
    if not one:
        return None
    theirs = (other or {}).get("config", {})
    options = {key: value for key, value in one.get("config", {}).items() if key not in theirs or theirs[key] != value}
    return " ".join([str(one.get("class")), *(f"{key}={_text(value)}" for key, value in sorted(options.items()))])


def _conditions(con: DuckDBPyConnection, version: str) -> dict[str, str | None]:
    """On what the images of a version were drawn: each condition with all of its values."""
    seen: dict[str, set[str]] = {}
    for environment, batch_size in image_facts.conditions(con, version):
        told = {key: value for key, value in json.loads(environment or "{}").items() if not isinstance(value, dict)}
        told.pop("dtype", None)  # part of the identity
        for key, value in [*told.items(), ("batch_size", batch_size)]:
            if value is not None:
                seen.setdefault(_MACHINE.get(key, key), set()).add(str(_text(value)))
    return {key: ", ".join(sorted(values)) for key, values in seen.items()}


def _code(row: ledger.LedgerRow) -> dict[str, str | None]:
    commit = None if row.git_commit is None else row.git_commit[:12] + (" with changes" if row.git_dirty else "")
    return {"git commit": commit, "code version": row.code_version}


def _plan(con: DuckDBPyConnection, row: ledger.LedgerRow) -> dict[str, str | None]:
    version = row.input_versions.get("plan")
    digest = None if version is None else ledger.data_version(con, version)
    return {"plan": digest and digest[:12]}


def _panel(con: DuckDBPyConnection, version: int) -> dict[str, str | None]:
    panel: dict[str, str] = {}
    for name, embedder in panel_of(con, version):
        panel[name] = f"{panel[name]}, {embedder}" if name in panel else embedder
    return dict(panel)


def _differing(kind: Kind, stage: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Factor]:
    keys = dict.fromkeys([*before, *after])
    pairs = [(key, _text(before.get(key)), _text(after.get(key))) for key in keys]
    return [Factor(kind, key, stage, old, new) for key, old, new in pairs if old != new]


def _text(value: Any) -> str | None:
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    return text[:12] if len(text) == 64 else text
