"""How long pages take in a large home: `python -m benchmarks.bench_pages [--versions 100] [--concepts 100] [--images 64]`.

The home is made of rows, with a thousand small pictures that the images share. Each page is asked for twice; then one page of
a thousand images with all of its thumbnails. Seconds are of this machine; the ratio of second to first is what keeping does.
"""

import argparse
import io
import socket
import tempfile
import threading
import time
from pathlib import Path

import httpx2
import numpy as np
import uvicorn
from PIL import Image

from mcas_assets.pages.app import build_app
from mcas_assets.servers.guard import Guard
from mcas_assets.store.database import Store
from mcas_assets.store.files import write_images
from mcas_assets.store.publication import publish

PICTURES = 1000

ROWS = """
    create temp table v as select range as n, 'model@' || lpad(range::varchar, 12, '0') as name from range($versions);
    create temp table c as select range as n, 'concept-' || range as name from range($concepts);
    insert into materialisations by name
    select n * 10 + place as version, asset, name as partition, 'large' as audit, tables, 'run' as run_id, '1' as code_version,
        'data' as data_version, '{}' as input_versions, '{}' as packages, 1 as n_rows, now() as created_at
    from v, (values (1, 'images', ['images']), (2, 'representation', ['representation', 'image_labels', 'amplification']),
             (3, 'scores', ['scores', 'components', 'mean_scores'])) stages(place, asset, tables);
    insert into materialisations by name
    select 0 as version, 'texts' as asset, '' as partition, 'large' as audit, ['texts'] as tables, 'run' as run_id,
        '1' as code_version, 'data' as data_version, '{}' as input_versions, '{}' as packages, 1 as n_rows, now() as created_at;
    insert into texts_history by name
    select 0 as version, 'large' as audit, word as text_id, word as text, word as raw, 'word' as kind, 'gender' as axis, pole
    from (values ('man', 'a'), ('woman', 'b')) words(word, pole);
    insert into images_history by name
    select v.n * 10 + 1 as version, 'large' as audit, md5(v.n || '/' || c.n || '/' || r.range) as image_id,
        v.name as system_version, 'p' || c.n as prompt_id, 'an image of ' || c.name as prompt, 'concept' as role,
        'things' as category, c.name as concept, r.range as replicate, r.range as seed, 'ok' as outcome, 32 as width,
        32 as height, f.sha256, f.path
    from v, c, range($images) r join files f on f.n = (v.n * 7919 + c.n * 104729 + r.range) % $pictures;
    insert into image_labels_history by name
    select distinct version + 1 as version, audit, system_version, 'gender' as axis, 'zero-shot' as labels, 'e' as embedder,
        sha256, if(ascii(sha256) % 3 = 0, 'man', 'woman') as label
    from images_history;
    insert into representation_history by name
    select v.n * 10 + 2 as version, 'model' as system, v.name as system_version, 'large' as audit, 'gender' as axis,
        'zero-shot' as labels, 'e' as embedder, 'things' as category, c.name as concept, g.name as group_name, 1 as n_prompts,
        $images as n_requested, 0 as n_missing, 0 as n_abstained, $images as n_counted, $images // 2 as n_group, 0 as n_known,
        '{}' as outcomes, 0.5 as share, 0.4 as share_low, 0.6 as share_high
    from v, c, (values ('man'), ('woman')) g(name);
    insert into scores_history by name
    select v.n * 10 + 3 as version, 'model' as system, v.name as system_version, 'large' as audit, 'gender' as axis,
        'e' as embedder, 'things' as category, c.name as concept, $images as n_images, sin(v.n + c.n) as mcas,
        sin(v.n + c.n) as adjusted, sin(v.n + c.n) - 0.1 as adjusted_low, sin(v.n + c.n) + 0.1 as adjusted_high
    from v, c;
    insert into mean_scores_history by name
    select v.n * 10 + 3 as version, 'model' as system, v.name as system_version, 'large' as audit, 'gender' as axis,
        'e' as embedder, $concepts as n_concepts, sin(v.n) as mean_adjusted, sin(v.n) - 0.1 as adjusted_low,
        sin(v.n) + 0.1 as adjusted_high, 'these prompts' as estimand
    from v;
"""


def make_home(home: Path, versions: int, concepts: int, images: int) -> None:
    """Fill a home with rows of so many versions, concepts and images."""
    rng = np.random.default_rng(0)
    data = []
    for _ in range(PICTURES):
        buffer = io.BytesIO()
        Image.fromarray(rng.integers(0, 255, (32, 32, 3), dtype=np.uint8)).save(buffer, "PNG")
        data.append(buffer.getvalue())
    store = Store(home)
    with store.open() as con:
        kept = write_images(home, data, ".png")
        con.execute("create temp table files (n bigint, sha256 varchar, path varchar)")
        con.executemany("insert into files values (?, ?, ?)", [(n, *one) for n, one in enumerate(kept)])
        text = ROWS
        sizes = {"versions": versions, "concepts": concepts, "images": images, "pictures": PICTURES}
        for name, value in sizes.items():
            text = text.replace(f"${name}", str(value))
        con.execute(text)
    publish(store)


def main() -> None:
    """Make the home, serve it, and print how long each page takes."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, number in (("versions", 100), ("concepts", 100), ("images", 64)):
        parser.add_argument(f"--{name}", type=int, default=number)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, socket.socket() as listening:
        start = time.perf_counter()
        make_home(Path(folder), asked.versions, asked.concepts, asked.images)
        size = (Path(folder) / "published.duckdb").stat().st_size / 2**20
        print(f"made in {time.perf_counter() - start:.0f} s, published copy of {size:.0f} MiB")
        listening.bind(("127.0.0.1", 0))
        listening.listen(64)
        config = uvicorn.Config(Guard(build_app(Store(Path(folder)))), log_level="error", lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            _time_pages(f"http://127.0.0.1:{listening.getsockname()[1]}")
        finally:
            server.should_exit = True
            thread.join()


def _time_pages(address: str) -> None:
    of = "audit=large&version=model@000000000007"
    pages = {
        "overview": "/", "version": f"/version?{of}", "concept": f"/concept?{of}&axis=gender&concept=concept-5",
        "1,000 images": f"/images?{of}&axis=gender&size=1000", "trend": "/trend?audit=large&system=model",
        "trust": f"/trust?{of}",
    }  # fmt: skip
    print(f"{'page':<14} {'first s':>8} {'second s':>9} {'kB':>7}")
    with httpx2.Client(base_url=address, follow_redirects=True, timeout=600) as client:
        client.get("/static/charts.js")
        for name, page in pages.items():
            took = []
            for _ in range(2):
                start = time.perf_counter()
                answer = client.get(page)
                took.append(time.perf_counter() - start)
                assert answer.status_code == 200, answer.text
            print(f"{name:<14} {took[0]:>8.2f} {took[1]:>9.2f} {len(answer.content) / 1000:>7.0f}")
            if name == "1,000 images":
                _time_pictures(client, answer.text)


def _time_pictures(client: httpx2.Client, text: str) -> None:
    sources = [part.split('"')[0] for part in text.split('src="')[1:] if part.startswith("/pictures/")]
    took = []
    for _ in range(2):
        start = time.perf_counter()
        for source in sources:
            client.get(source)
        took.append(time.perf_counter() - start)
    print(
        f"{'  its pictures':<14} {took[0]:>8.2f} {took[1]:>9.2f}   (asked one by one; a browser keeps them after that)"
    )


if __name__ == "__main__":
    main()
