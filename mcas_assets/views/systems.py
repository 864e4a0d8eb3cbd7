"""The system versions that a home knows, as people compare them: what differs between two versions stands in the columns."""

import json
from collections.abc import Iterator, Mapping

import polars as pl

from mcas_assets.store.database import Store
from mcas_assets.store.registers import read_systems
from mcas_assets.store.states import State, read_states
from mcas_assets.systems.protocol import SystemIdentity

_LOOK = ("state", "since", "last_seen", "shutdown_date", "detail")
# What of an identity document tells versions apart at a glance; the rest is in the document.
SHOWN = (
    "kind", "pipeline", "weights", "model", "content", "endpoint", "quality", "moderation", "aspect_ratio", "image_size",
    "thinking_level",
    "steps", "guidance", "width", "height", "dtype", "safety_checker", "rewriter",
)  # fmt: skip

_SETTINGS = (
    "pipeline", "model", "steps", "guidance", "negative_prompt", "dtype", "quality", "aspect_ratio", "image_size", "thinking_level",
    "match", "rewriter",
)  # fmt: skip


def known_systems(store: Store, declared: Mapping[str, str], whole: bool = False) -> pl.DataFrame:
    """One row a system version, newest first.

    Args:
        store: The store to read.
        declared: Where each declared system is from, by its name.
        whole: Give the identity document whole instead of its telling parts.

    Returns:
        system_version, then identity (a struct) or the columns of `SHOWN`, first_seen, last_audited, the audits made, declared
        (where from; null where it no longer is); and, where systems were looked at, for the version that is or last was there:
        state, since, last_seen, shutdown_date and detail. A system of which no version was ever met has a row with its name.
    """
    with store.open() as con:
        rows, states = read_systems(con), read_states(con)
    unmet = [state.system for state in states.values() if state.system_version not in rows["system_version"].to_list()]
    never = pl.DataFrame({"system_version": unmet}, schema={"system_version": pl.String})
    rows = pl.concat([rows, never.with_columns(pl.lit("{}").alias("identity"))], how="diagonal")
    found = {state.system_version if state.system not in unmet else state.system: state for state in states.values()}
    looked = [_told(found.get(version)) for version in rows["system_version"]]
    origins = [declared.get(version.rpartition("@")[0] or version) for version in rows["system_version"]]
    documents = [json.loads(text) for text in rows["identity"]]
    if whole:
        frame = rows.drop("identity").to_dicts()
        return pl.DataFrame(
            [
                {**row, "declared": origin, "identity": document, **look}
                for row, origin, document, look in zip(frame, origins, documents, looked, strict=True)
            ],
            infer_schema_length=None,
        )
    told = {name: [_short(document.get(name)) for document in documents] for name in SHOWN}
    present = {name: values for name, values in told.items() if any(values)}
    seen = {name: rows[name].dt.strftime("%Y-%m-%d %H:%M") for name in ("first_seen", "last_audited")}
    looks = {name: [look[name] for look in looked] for name in _LOOK} if states else {}
    looks = {name: values for name, values in looks.items() if any(values)}
    return pl.DataFrame(
        {
            "system_version": rows["system_version"],
            **looks,
            **present,
            **seen,
            "audits": rows["audits"],
            "declared": pl.Series(origins, dtype=pl.String),
        }
    )


def settings_rows(identity: SystemIdentity) -> Iterator[tuple[str, str]]:
    """With what a system is asked: each setting of its identity that changes what an image shows or costs, and its value."""
    document = identity.document
    yield "kind", str(document.get("kind", "system"))
    for name in _SETTINGS:
        if document.get(name) is not None:
            yield name.replace("_", " "), _number(document[name])
    if document.get("width") and document.get("height"):
        yield "size", f"{document['width']} x {document['height']}"


def _number(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else _short(value)


def _told(state: State | None) -> dict[str, str | None]:
    if state is None:
        return dict.fromkeys(_LOOK)
    times = {name: f"{at:%Y-%m-%d %H:%M}" if (at := getattr(state, name)) else None for name in ("since", "last_seen")}
    end = str(state.shutdown_date) if state.shutdown_date else None
    return {"state": state.state, **times, "shutdown_date": end, "detail": state.detail or None}


def _short(value: object) -> str:
    text = "" if value is None else str(value)
    return text[:12] if len(text) == 64 else text
