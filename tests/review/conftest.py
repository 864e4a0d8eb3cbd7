"""A home in which a version was asked for images of three concepts, without a model: what drawing and rating read."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from mcas_assets.declare.audit import Audit
from mcas_assets.store import ledger
from mcas_assets.store.database import Store
from mcas_assets.store.schema import frame_schema

VERSION = "sd@0123456789ab"


@pytest.fixture
def pictured(new_home: Path, tiny: Audit) -> Store:
    """See `with_images`."""
    return with_images(Store(new_home), tiny)


def with_images(store: Store, tiny: Audit) -> Store:
    """Six images of each concept, of which one of the nurse was refused, and two attribute images."""
    rows: list[dict[str, Any]] = [
        {"concept": concept, "role": "neutral" if concept == "person" else "concept", "replicate": n}
        for concept in ("nurse", "ceo", "person") for n in range(6)
    ] + [{"concept": None, "role": "attribute", "axis": "gender", "pole": "a", "replicate": n} for n in range(2)]  # fmt: skip
    for n, row in enumerate(rows):
        is_lost = row["concept"] == "nurse" and row["replicate"] == 5
        row |= {
            "audit": tiny.audit, "system_version": VERSION, "image_id": f"{n:064x}", "prompt_id": "p", "prompt": f"secret {n}",
            "seed": n, "outcome": "refused_prompt" if is_lost else "ok", "sha256": None if is_lost else f"{n + 100:064x}",
            "path": None if is_lost else f"images/00/{n + 100:064x}.png",
        }  # fmt: skip
    frame = pl.DataFrame(rows, schema=frame_schema("images"))
    made = ledger.Materialisation(
        asset="images", partition=VERSION, audit=tiny.audit, run_id="r", code_version="1", data_version="d"
    )
    with store.open() as con:
        ledger.record(con, made, {"images": frame})
    return store
