"""What checks see of the facts that rows point to."""

import numpy as np
import polars as pl

from mcas_assets.store import facts
from mcas_assets.store.checked import vector_rows
from mcas_assets.store.database import Store


def test_vectors_are_measured_in_the_store(tmp_path):
    unit = np.eye(4, dtype=np.float32)
    bad = np.array([[np.nan, 0, 0, 0], [np.inf, 0, 0, 0], [0.5, 0, 0, 0]], dtype=np.float32)
    expected = pl.DataFrame({"embedder": "e@1", "kind": "image", "content": ["c0", "c1", "n", "i", "s", "gone"]})
    with Store(tmp_path).open() as con:
        facts.register_embedder(con, "e@1", "e", 4, {})
        facts.append_vectors(con, "e@1", "image", ["c0", "c1"], None, unit[:2])
        facts.append_vectors(con, "e@1", "image", ["n", "i", "s"], None, bad)
        frame = vector_rows(con, expected)
        assert vector_rows(con, expected.clear()).is_empty()
        unknown = vector_rows(con, expected.with_columns(embedder=pl.lit("e@2")))
    assert frame["norm"].to_list() == [1.0, 1.0, None, None, 0.5, None]
    assert frame["is_finite"].to_list() == [True, True, False, False, True, None]
    assert frame["dim"].to_list() == [4, 4, 4, 4, 4, None]
    assert unknown["dim"].to_list() == unknown["expected_dim"].to_list() == [None] * 6
