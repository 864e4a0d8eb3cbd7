"""What embedders take: weights by their headers and their entries, time by the pace of stored vectors."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from mcas_assets.declare.audit import load_audit
from mcas_assets.estimate.panel import instruments
from mcas_assets.store import facts
from mcas_assets.store.database import Store
from mcas_assets.views.plan import panel_rows


def test_weights_are_those_of_the_entry_or_of_the_headers_of_its_files():
    from safetensors import safe_open

    from mcas_assets.core.paths import DATA

    with safe_open(DATA / "phantom" / "clip-balanced" / "open_clip_model.safetensors", "numpy") as file:
        of_file = sum(int(np.prod(file.get_slice(key).get_shape())) for key in file.keys())  # noqa: SIM118 - no mapping
    (phantom, _) = instruments(load_audit("phantom"), 10, (), None)
    assert phantom.weights == of_file
    panel = instruments(load_audit("gender"), 1154, (), None)
    assert [one.weights for one in panel] == [151_277_313, 151_277_313, 375_187_970]
    assert panel[2].gigabytes == pytest.approx(1.500752)


def test_an_embedder_that_is_not_declared_takes_what_nobody_knows():
    (one,) = instruments(load_audit("gender").with_embedders(["no-such"]), 3, (), None)
    assert (one.weights, one.gigabytes, one.milliseconds, one.images) == (None, None, None, 3)


def test_the_pace_is_that_of_the_newest_run_without_its_first_chunk(tmp_path):
    begun = datetime(2026, 11, 29, tzinfo=UTC)
    audit = load_audit("phantom").with_embedders(["phantom-balanced"])
    with Store(tmp_path).open() as con:
        facts.register_embedder(con, "e@1", "phantom-balanced", 2, {})
        for run, chunks in {"old": (5, 9), "new": (0, 4, 8), "single": (9,)}.items():
            for place, after in enumerate(chunks):
                shas = [f"{run} {place} {i}" for i in range(10)]
                facts.append_vectors(con, "e@1", "image", shas, None, np.ones((10, 2), np.float32), run)
                moment = begun + timedelta(seconds=after + (60 if run == "new" else 0))
                con.execute("update embedding_facts_2 set created_at = ? where content in ?", [moment, shas])
        (one,) = instruments(audit, 100, ["new 0 0", "new 0 1", "no"], con)
    assert one.milliseconds == pytest.approx(400.0)  # 20 images in 8 seconds
    assert one.images == 98
    rows = dict(panel_rows([one]))
    assert rows["  phantom-balanced"].endswith("GB of weights, about 39 s for 98 images")


def test_a_plan_says_what_each_embedder_takes_and_the_most_at_once():
    rows = dict(panel_rows(instruments(load_audit("gender"), 1154, (), None)))
    assert rows["  siglip2-b-16"] == "1.5 GB of weights, time unknown for 1,154 images"
    assert rows["  most at once"] == "1.5 GB, beside a batch of images"
