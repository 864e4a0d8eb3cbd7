"""The pictures themselves on pages: their numbers are those of the tables, each with a way to its images."""

import pytest

from mcas_assets.pages import comparison, version
from mcas_assets.pages.links import LiveLinks


def test_the_page_of_a_version_tells_alignment_and_diversity_of_every_concept(shown, reader):
    section = version.section(reader, LiveLinks(reader.at), shown.audit, shown.before)
    pictures = section.context["pictures"]
    assert [row["concept"] for row in pictures["rows"]][-1] == "person"  # which is held against no concept
    for row in pictures["rows"]:
        assert row["varied"]["n_images"] == row["n_images"]
        assert row["url"]
    assert {row["group_name"] for row in pictures["groups"]} == {"man", "woman", "light", "dark"}
    table = reader.table("alignment", audit=shown.audit, system_version=shown.before)
    whole = table.filter(scope="all", embedder=pictures["embedder"])
    assert pictures["whole"]["first_share"] == pytest.approx(whole["first_share"].item())


def test_the_page_of_a_comparison_tells_what_became_of_the_pictures_over_all_concepts(shown, reader):
    links = LiveLinks(reader.at)
    rows = comparison.section(reader, links, shown.audit, shown.before, shown.after).context["pictures"]
    over_all = [row for row in rows if row["concept"] is None]
    assert {row["measure"] for row in over_all} == {"alignment", "first_share", "similarity"}
    assert all(row["before_url"] and row["after_url"] for row in rows)
    assert not any(row["is_worse"] for row in over_all)  # two concepts are too few for a verdict
    assert comparison.section(reader, links, shown.audit, shown.before, shown.after, "ceo").context["pictures"] == []
