"""Good and bad images, accounts of imported sets, and vectors: real files and a real store, since the rules look at them."""

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from PIL import Image

from mcas_assets.declare.audit import load_audit
from mcas_assets.stages.contract import Checked, Work
from mcas_assets.stages.registry import STAGES
from mcas_assets.stages.workplace import Workplace
from mcas_assets.store import facts, ledger
from mcas_assets.store.database import Store
from mcas_assets.store.files import write_image
from tests.stages.breaches import GOOD, Breaks, Rows, StoredExample, as_stored

AUDIT = load_audit(Path(__file__).parents[1] / "data" / "tiny.yaml")
VERSION = "s@1"


def png(shade: int, size: tuple[int, int] = (8, 8)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, (shade, 0, 0)).save(buffer, "PNG")
    return buffer.getvalue()


class Kept:
    """A home to which requests and what came of them are added, each with its mark, and which is then recorded."""

    def __init__(self, home: Path, mark: str) -> None:
        self.home, self.mark = home, mark
        self.plan: Rows = []
        self.images: Rows = []
        self.facts: Rows = []
        self.account: Rows = []
        with Store(home).open():
            pass  # a home has its store before its images

    def file(self, data: bytes = png(1)) -> dict[str, Any]:
        """What is said of an image whose file is kept."""
        sha256, path = write_image(self.home, data, ".png")
        return {"outcome": "ok", "sha256": sha256, "path": path}

    def request(self, mark: str, image: dict[str, Any] | None, **fact: Any) -> None:
        """A planned request, and what came of it if anything; the fact differs from the row where `fact` says so."""
        number = len(self.plan)
        prompt_id = hashlib.sha256(mark.encode()).hexdigest()[:16]
        asked = {"prompt_id": prompt_id, "role": "concept", "concept": "nurse", "replicate": number, self.mark: mark}
        self.plan.append(asked | {"seed": number})
        if image is not None:
            about = {"image_id": f"{number}", "system_version": VERSION, "width": 8, "height": 8} | image
            self.images.append(about | asked)
            kept = {name: about[name] for name in ("image_id", "system_version", "width", "height", "outcome")}
            self.facts.append(
                kept | {"prompt": "a nurse", "reason": None, "record": None, "provider": None, "run_id": "run"} | fact
            )

    def recorded(self, table: str) -> Checked:
        """The rows of a table of the images' stage, as a check is given them."""
        tables = {
            "images": as_stored("images", self.images),
            "import_account": as_stored("import_account", self.account),
        }
        work = Work(STAGES, AUDIT, Workplace(home=self.home), VERSION, "run")
        with Store(self.home).open() as con:
            if self.facts:
                facts.append_images(con, pl.DataFrame(self.facts, infer_schema_length=None))
            ledger.record(con, _made("plan", ""), {"plan": as_stored("plan", self.plan)})
            version = ledger.record(con, _made("images", VERSION), tables)
            return Checked(ledger.read_table(con, table, version), version, work)


def _made(stage: str, partition: str) -> ledger.Materialisation:
    return ledger.Materialisation(
        asset=stage, partition=partition, audit=AUDIT.audit, run_id="run", code_version="1", data_version="d"
    )


NOT_GIVEN = {"outcome": "timeout", "sha256": None, "path": None}
IMAGES_BREAK: Breaks = {
    rule: {rule}
    for rule in (
        "every planned request has an image row",
        "outcome is known",
        "without image there is a reason",
        "image has a file",
        "file has the stated digest",
        "file is an image",
        "image has the stated size",
    )
}
OVER_ALL_IMAGES = {
    "imported and generated images never share a version",
    "nine in ten requests gave an image",
    "images of one prompt differ",
}
"""Rules that cannot be broken for one image alone."""


def good_images(home: Path, delivered: int = 40) -> Kept:
    """Images of which all but one were delivered; of that one, it is said why not."""
    kept = Kept(home, mark="prompt_id")
    for _ in range(delivered):
        kept.request(GOOD, kept.file())
    kept.request(GOOD, kept.file(png(2, (9, 7))), provider=json.dumps({"size": "9x7"}))  # as the system itself stated
    kept.request(GOOD, NOT_GIVEN, reason="no answer")
    return kept


def images(home: Path) -> Checked:
    kept = good_images(home)
    whole, torn = png(3), home / "torn.png"
    torn.write_bytes(whole[: len(whole) // 2])
    kept.request("every planned request has an image row", None)
    kept.request("outcome is known", NOT_GIVEN | {"outcome": "fine"}, outcome="failed", reason="?")
    kept.request("without image there is a reason", NOT_GIVEN)
    kept.request("image has a file", kept.file() | {"path": "gone.png"})
    kept.request("file has the stated digest", kept.file() | {"sha256": "0" * 64})
    kept.request(
        "file is an image",
        {"outcome": "ok", "sha256": hashlib.sha256(torn.read_bytes()).hexdigest(), "path": torn.name},
    )
    kept.request("image has the stated size", kept.file(png(4, (8, 9))))
    return kept.recorded("images")


ACCOUNTS_BREAK: Breaks = {
    "every use of a prompt matched or is lacking": {
        "every use of a prompt matched or is lacking", "without a match there is a detail",  # there is no row at all
    },
    "a match names its prompt": {"a match names its prompt"},
    "every record that counts is an image row": {"every record that counts is an image row"},
    "every record has an outcome": {"every record has an outcome"},
    "what is lacking has no record": {"what is lacking has no record", "the set has every prompt of the audit"},
    "without a match there is a detail": {"without a match there is a detail"},
    "the set has every prompt of the audit": {"the set has every prompt of the audit"},
}  # fmt: skip


def import_account(home: Path) -> Checked:
    kept = Kept(home, mark="concept")

    def matched(mark: str, **account: Any) -> None:
        """Two records that count for a prompt: one an image, one refused."""
        kept.request(mark, kept.file(), record=f"{mark}/0")
        kept.request(mark, NOT_GIVEN | {"outcome": "refused_prompt"}, reason="policy", record=f"{mark}/1")
        use = {name: kept.plan[-1][name] for name in ("prompt_id", "role", "concept")}
        told = {
            "set_prompt": mark,
            "match": "exact",
            "n_records": 2,
            "n_ok": 1,
            "outcomes": '{"ok": 1, "refused_prompt": 1}',
        }
        kept.account.append(use | told | account)

    def lacking(mark: str, n_records: int) -> None:
        kept.request(mark, None)
        use = {name: kept.plan[-1][name] for name in ("prompt_id", "role", "concept")}
        kept.account.append(use | {"match": "lacking", "n_records": n_records, "detail": "the set has no such prompt"})

    matched(GOOD)
    kept.account.append({"set_prompt": "a dog", "match": "unmatched", "n_records": 2, "detail": "not asked"})
    kept.request("every use of a prompt matched or is lacking", None)
    matched("a match names its prompt", prompt_id="a nurse")
    for row in (*kept.plan[-2:], *kept.images[-2:]):
        row["prompt_id"] = "a nurse"
    matched("every record that counts is an image row", n_records=3, outcomes='{"ok": 2, "refused_prompt": 1}')
    matched("every record has an outcome", outcomes='{"ok": 1}')
    lacking("what is lacking has no record", n_records=1)
    kept.account.append({"concept": "without a match there is a detail", "match": "unmatched", "n_records": 2})
    lacking("the set has every prompt of the audit", n_records=0)
    return kept.recorded("import_account")


VECTORS_BREAK: Breaks = {
    rule: {rule}
    for rule in (
        "every content has a vector",
        "vector has the embedder's length",
        "vector is finite",
        "vector has unit norm",
    )
}


def embeddings(home: Path) -> Checked:
    vectors = {GOOD: [1, 0, 0, 0], "vector is finite": [np.nan, 0, 0, 0], "vector has unit norm": [1.002, 0, 0, 0]}
    too_short, missing = "vector has the embedder's length", "every content has a vector"
    wanted = [("other", GOOD), *(("e@1", content) for content in (*vectors, too_short, missing))]
    rows = [{"embedder": embedder, "kind": "image", "content": content} for embedder, content in wanted]
    with Store(home).open() as con:
        facts.register_embedder(con, "e@1", "e", 4, {})
        facts.append_vectors(con, "e@1", "image", list(vectors), None, np.array(list(vectors.values()), np.float32))
        facts.register_embedder(con, "other", "e", 2, {})
        facts.append_vectors(con, "other", "image", [GOOD, too_short], None, np.array([[1, 0]] * 2, np.float32))
        con.execute("update embedding_facts_2 set embedder = 'e@1' where content = ?", [too_short])
    work = Work(STAGES, AUDIT, Workplace(home=home), VERSION, "run")
    return Checked(as_stored("embeddings", rows), None, work)


IMAGES = StoredExample("prompt_id", IMAGES_BREAK, images)
IMPORT_ACCOUNT = StoredExample("concept", ACCOUNTS_BREAK, import_account)
EMBEDDINGS = StoredExample("content", VECTORS_BREAK, embeddings)
