"""What the terminal says of the universes of choices."""

import polars as pl

from mcas_assets.store.schema import frame_schema
from mcas_assets.views.multiverse import multiverse_lines


def test_concepts_that_turn_round_in_some_universe_are_named_with_how_often_they_do_not(tiny):
    key = {"axis": "gender", "measure": "score", "wording": "all", "baseline": "none"}
    values = {"nurse": (-0.2, -0.1, 0.1, -0.3), "ceo": (0.2, 0.1, 0.3, 0.2)}
    rows = [
        key | {"concept": concept, "value": value, "is_declared": i == 0, "words": str(i)}
        for concept, own in values.items()
        for i, value in enumerate(own)
    ]
    (line,) = multiverse_lines(tiny, pl.DataFrame(rows, schema=frame_schema("multiverse")))
    assert line == (
        "gender: of 2 concepts 1 lean to one pole in all 4 universes of choices; as declared in fewest: nurse 75 %. "
        "All: mcas sql multiverse"
    )
    assert multiverse_lines(tiny, pl.DataFrame(schema=frame_schema("multiverse"))) == []
