"""The words behind a score: their cosines make up the TTAS and the mean cosines that pages give."""

import numpy as np
import polars as pl
import pytest

from mcas_assets.pages.texts import against_words


@pytest.mark.timeout(300)
def test_the_words_of_a_concept_s_prompt_give_its_ttas_by_every_embedder(shown, reader):
    texts = reader.table("texts", audit=shown.audit).filter(kind="prompt")
    components = reader.table("components", audit=shown.audit, system_version=shown.before).filter(component="ttas")
    checked = 0
    for concept, axis in components.select("concept", "axis").unique().iter_rows():
        prompts = texts.filter(concept=concept)["text_id"].to_list()
        for one in against_words(reader, shown.audit, shown.before, [axis], "text", prompts):
            (ttas,) = components.filter(concept=concept, axis=axis, embedder=one.embedder)["value"].to_list()
            assert one.difference == pytest.approx(ttas, abs=1e-6)
            assert {row["pole"] for row in one.words} == {"a", "b"}
            checked += 1
    assert checked == len(components) > 0


@pytest.mark.timeout(300)
def test_a_mean_is_that_of_the_words_shown_and_what_has_no_vector_has_none(shown, reader):
    image = reader.images(shown.audit, shown.before).filter(pl.col("sha256").is_not_null())["sha256"][0]
    one, *_ = against_words(reader, shown.audit, shown.before, ["gender"], "image", [image])
    assert one.a == pytest.approx(np.mean([row["cosine"] for row in one.words if row["pole"] == "a"]))
    assert all(-1 <= row["cosine"] <= 1 for row in one.words)
    assert against_words(reader, shown.audit, shown.before, ["gender"], "image", ["0" * 64]) == []
