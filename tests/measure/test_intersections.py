"""Who is shown on two axes at once, held against what the phantom's pictures show by their pixels."""

import numpy as np
import polars as pl
from PIL import Image

from mcas_assets.labellers.find import labellers_of
from mcas_assets.measure.confusion import Labels
from mcas_assets.measure.intersections import measure, n_rows
from mcas_assets.measure.labels import keys
from mcas_assets.phantom.reader import read


def truth(audited, concept: str) -> dict[tuple[str, str], int]:
    """How many pictures of a concept show each figure and half of the tones, of those that the truth reader can read."""
    paths = audited.rows(f"select path from images where concept = '{concept}' order by replicate")
    pictures = np.stack([np.asarray(Image.open(audited.home / path).convert("RGB")) for (path,) in paths])
    seen = read(pictures)
    figures, halves = np.where(seen.woman, "woman", "man"), np.where(seen.dark, "dark", "light")
    return {
        (f, h): int(((figures == f) & (halves == h) & seen.person_read).sum())
        for f in ("man", "woman")
        for h in ("light", "dark")
    }


def test_joint_counts_hold_what_the_pictures_of_the_phantom_show_where_they_can_be_read(audited):
    for concept in ("nurse", "ceo", "person"):
        rows = audited.rows(
            "select group_1, group_2, n_cell from intersections where labels_1 = 'zero-shot' and labels_2 = 'zero-shot'"
            f" and embedder = 'phantom-balanced' and concept = '{concept}'"
        )
        counts, known = {(one, two): n for one, two, n in rows}, truth(audited, concept)
        assert sum(counts.values()) == 6
        assert sum(known.values()) >= 4
        assert all(counts[cell] >= n for cell, n in known.items())


def test_there_is_a_row_for_each_pair_of_groups_concept_and_pair_of_labellers_and_one_over_all(audited, tiny):
    assert audited.rows("select count(*) from intersections") == [(n_rows(tiny, keys(tiny, labellers_of(tiny))),)]
    scopes = audited.rows(
        "select scope, count(distinct concept), count(*) from intersections group by scope order by 1"
    )
    assert [(scope, concepts) for scope, concepts, _ in scopes] == [("all concepts", 0), ("concept", 3)]


def test_images_that_one_labeller_does_not_count_are_left_out(tiny, pictures):
    images = pictures(tiny, nurse="oooooo").with_columns(
        sha256=pl.col("image_id"), seed=pl.int_range(pl.len()), outcome=pl.lit("ok")
    )
    of = dict.fromkeys(images["sha256"], 0)
    unclear = of | dict.fromkeys(images.filter(concept="nurse")["sha256"].head(2), "ambiguous")
    table = measure(tiny, images, {
        "gender": [Labels("zero-shot", "e", of)], "skin_tone": [Labels("zero-shot", "e", unclear)],
    })  # fmt: skip
    nurse = table.filter(concept="nurse")
    assert nurse["n_counted"].unique().to_list() == [4]
    assert nurse.select("group_1", "group_2", "n_cell").row(0) == ("man", "light", 4)
    one_axis = tiny.model_copy(update={"axes": {"gender": tiny.axes["gender"]}})
    assert measure(one_axis, images, {"gender": [Labels("zero-shot", "e", of)]}).is_empty()
