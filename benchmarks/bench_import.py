"""Importing a large image set piece by piece beside reading it whole, each in a process of its own: peak memory and rate.

    uv run python benchmarks/bench_import.py [--images 100000] [--size 64] [--format parquet]

A set of noise pictures is made, as parquet or as an ImageFolder. `import` is what an audit does with it: identify the set
(every byte is hashed), match its prompts, look at every image that counts, keep files and rows. `read whole` is the usual
notebook: all rows and bytes into lists, every picture decoded, digests of all, nothing kept. `imports` is what a process
takes before it does anything.
"""

import argparse
import hashlib
import io
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import yaml
from PIL import Image

from mcas_assets.core.paths import ROOT
from mcas_assets.systems.protocol import is_given

TINY = ROOT / "tests" / "data" / "tiny.yaml"
PROMPTS = ("an image of a nurse", "an image of a ceo", "an image of a man", "an image of a woman", "a dog")


def make(folder: Path, images: int, size: int, format: str) -> None:
    """A set of so many distinct pictures of size x size pixels; four in five have a prompt of the audit."""
    import pyarrow as pa
    from pyarrow import parquet

    folder.mkdir()
    dice = np.random.default_rng(0)

    def picture() -> bytes:
        buffer = io.BytesIO()
        noise = dice.integers(0, 256, (size // 8, size // 8, 3), dtype=np.uint8)
        Image.fromarray(noise).resize((size, size), Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=90)
        return buffer.getvalue()

    if format == "image-folder":
        with (folder / "metadata.jsonl").open("w") as table:
            for n in range(images):
                name = f"{n // 1000:03}/{n}.jpg"
                (folder / name).parent.mkdir(exist_ok=True)
                (folder / name).write_bytes(picture())
                table.write(json.dumps({"file_name": name, "prompt": PROMPTS[n % 5], "seed": n}) + "\n")
        return
    kind = pa.struct({"bytes": pa.binary(), "path": pa.string()})
    schema = pa.schema({"image": kind, "prompt": pa.string(), "seed": pa.int64()})
    with parquet.ParquetWriter(folder / "train.parquet", schema) as writer:
        for start in range(0, images, 1000):
            some = range(start, min(start + 1000, images))
            rows = [{"image": {"bytes": picture(), "path": None}, "prompt": PROMPTS[n % 5], "seed": n} for n in some]
            writer.write_table(pa.Table.from_pylist(rows, schema=schema))


def imported(folder: Path, home: Path) -> dict[str, float]:
    """What an audit does with the set, up to the rows of `images` and `import_account`."""
    from mcas_assets.core.progress import LogProgress
    from mcas_assets.declare.audit import load_audit
    from mcas_assets.images import generate
    from mcas_assets.images import keep_given as given
    from mcas_assets.images import match_given as matching
    from mcas_assets.store.database import Store
    from mcas_assets.systems.find import find_system

    declared = home.parent / "systems.yaml"
    entry = {"kind": "import", "path": str(folder), "model": "noise", "prompt": "prompt", "seed": "seed"}
    declared.write_text(yaml.safe_dump({"systems": {"noise": entry}}))
    system, audit, store = find_system("noise", declared, cache=home / "digests.json"), load_audit(TINY), Store(home)
    assert is_given(system)
    begun = time.perf_counter()
    version = system.identity().version
    identified = time.perf_counter()
    matched = matching.holding(audit, system)
    sorted_out = time.perf_counter()
    made = given.take(store, matched, system, version, LogProgress(), "run")
    kept = time.perf_counter()
    table = given.image_table(store, matched, audit.audit, version)
    matching.account_table(matched, table)
    generate.images_digest(table)
    return {"identify": identified - begun, "match": sorted_out - identified, "keep": kept - sorted_out,
            "tables": time.perf_counter() - kept, "kept": made}  # fmt: skip


def whole(folder: Path) -> dict[str, float]:
    """The set as one would read it in a notebook."""
    from pyarrow import parquet

    begun = time.perf_counter()
    if (folder / "metadata.jsonl").exists():
        rows = [json.loads(line) for line in (folder / "metadata.jsonl").read_text().splitlines()]
        rows = [row | {"data": (folder / row["file_name"]).read_bytes()} for row in rows]
    else:
        table = parquet.read_table(folder / "train.parquet")
        rows = [row | {"data": row["image"]["bytes"]} for row in table.to_pylist()]
    for row in rows:
        row["picture"] = Image.open(io.BytesIO(row["data"])).convert("RGB")
        row["sha256"] = hashlib.sha256(row["data"]).hexdigest()
    return {"all": time.perf_counter() - begun, "kept": len(rows)}


def measure(what: str, folder: Path, home: Path) -> None:
    """One of the two in this process: prints seconds of its steps and peak memory in MiB as JSON."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    found = imported(folder, home) if what == "import" else whole(folder) if what == "read whole" else {"kept": 0}
    told = found | {"before": before, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}
    print(json.dumps(told))


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--images", type=int, default=100_000)
    words.add_argument("--size", type=int, default=64, help="side in pixels")
    words.add_argument("--format", choices=["parquet", "image-folder"], default="parquet")
    words.add_argument("--folder", type=Path, help="where to work; a temporary folder by default")
    words.add_argument("--measure", nargs=3, help=argparse.SUPPRESS)
    given = words.parse_args()
    if given.measure:
        measure(given.measure[0], Path(given.measure[1]), Path(given.measure[2]))
        return
    with tempfile.TemporaryDirectory(dir=given.folder) as place:
        folder, home = Path(place) / "set", Path(place) / "home"
        make(folder, given.images, given.size, given.format)
        held = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 2**20
        print(f"{given.images:,} JPEG of {given.size} x {given.size} pixels, {given.format}, {held:,.0f} MiB on disk")
        for what in ("import", "read whole"):
            done = subprocess.run([sys.executable, __file__, "--measure", what, str(folder), str(home)],
                                  capture_output=True, text=True, check=True)  # fmt: skip
            told = json.loads(done.stdout.splitlines()[-1])
            steps = {name: value for name, value in told.items() if name not in ("kept", "before", "peak")}
            total = sum(steps.values())
            each = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in steps.items())
            print(f"  {what:<11} peak {told['peak']:7,.0f} MiB (imports {told['before']:,.0f})   "
                  f"{given.images / total:7,.0f} images/s   {each}")  # fmt: skip


if __name__ == "__main__":
    main()
