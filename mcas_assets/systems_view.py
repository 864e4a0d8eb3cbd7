"""The system versions that a home knows, as people compare them: what differs between two versions stands in the columns."""

import json

import polars as pl

from mcas_assets.store import Store

# What of an identity document tells versions apart at a glance; the rest is in the document.
SHOWN = (
    "kind", "pipeline", "weights", "model", "content", "endpoint", "quality", "moderation", "aspect_ratio", "image_size",
    "thinking_level",
    "steps", "guidance", "width", "height", "dtype", "safety_checker",
)  # fmt: skip


def known_systems(store: Store, whole: bool = False) -> pl.DataFrame:
    """One row a system version, newest first.

    Args:
        store: The store to read.
        whole: Give the identity document whole instead of its telling parts.

    Returns:
        system_version, then identity (a struct) or the columns of `SHOWN`, first_seen, last_audited, and the audits made.
    """
    with store.open() as con:
        rows = con.sql(
            "select s.system_version, s.identity, s.first_seen, s.last_audited,"
            " (select string_agg(distinct m.audit, ', ') from materialisations m"
            "  where m.asset = 'scores' and m.partition = s.system_version) as audits"
            " from systems s order by s.first_seen desc"
        ).pl()
    documents = [json.loads(text) for text in rows["identity"]]
    if whole:
        frame = rows.drop("identity").to_dicts()
        return pl.DataFrame([{**row, "identity": document} for row, document in zip(frame, documents, strict=True)])
    told = {name: [_short(document.get(name)) for document in documents] for name in SHOWN}
    present = {name: values for name, values in told.items() if any(values)}
    seen = {name: rows[name].dt.strftime("%Y-%m-%d %H:%M") for name in ("first_seen", "last_audited")}
    return pl.DataFrame({"system_version": rows["system_version"], **present, **seen, "audits": rows["audits"]})


def _short(value: object) -> str:
    text = "" if value is None else str(value)
    return text[:12] if len(text) == 64 else text
