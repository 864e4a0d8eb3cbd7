"""The pairs of a comparison: those of the later rounds are shown too, apart from the first ones, and said to be so."""

import re
from urllib.parse import quote

import httpx2
import polars as pl

from mcas_assets.pages import comparison
from mcas_assets.pages.links import LiveLinks
from mcas_assets.store import publication


def test_the_further_pairs_are_just_those_that_the_comparison_drew(shown, reader):
    facts = publication.query(
        shown.store,
        "select distinct f.image_id from image_facts f anti join images i using (image_id)"
        " where prompt = 'an image of a ceo'",
    )
    counted = reader.table("comparisons", audit=shown.audit, after=shown.after).filter(component="mcas")
    n_further = dict(counted.select("concept", "n_further").unique().drop_nulls().rows())
    assert n_further["ceo"] > 0
    section = comparison.section(reader, LiveLinks(reader.at), shown.audit, shown.before, shown.after)
    for axis in section.context["axes"]:
        for one in axis["pairs"]:
            assert len(one["further"]) == n_further[one["concept"]]
        (ceo,) = (one for one in axis["pairs"] if one["concept"] == "ceo")
        ids = [pair[f"image_{side}"] for pair in ceo["further"] for side in ("before", "after")]
        assert sorted(ids) == sorted(facts["image_id"])
        assert {pair["seed"] for pair in ceo["further"]}.isdisjoint(pair["seed"] for pair in ceo["pairs"])


def test_further_pairs_whose_pictures_differ_most_stand_first(shown, reader):
    section = comparison.section(reader, LiveLinks(reader.at), shown.audit, shown.before, shown.after, "ceo", "gender")
    (axis,) = section.context["axes"]
    further = pl.DataFrame(axis["pairs"][0]["further"])
    panel = (
        reader.rows("panel", audit=shown.audit, version=shown.after).filter(name=axis["embedder"]).row(0, named=True)
    )
    vectors = {}
    for side in ("before", "after"):
        found = reader.published.vectors(
            panel["dim"], embedder=panel["embedder"], kind="image", contents=further[f"sha256_{side}"].to_list()
        )
        vectors |= dict(zip(found["content"], found["vector"].to_numpy(), strict=True))
    alike = [float(vectors[old] @ vectors[new]) for old, new in further.select("sha256_before", "sha256_after").rows()]
    assert alike == sorted(alike)
    assert alike[0] < alike[-1]


def test_the_page_says_which_pairs_are_of_the_second_stage(shown, site):
    address = f"{site}/comparison?audit={shown.audit}&before={quote(shown.before)}&after={quote(shown.after)}"
    text = httpx2.get(f"{address}&axis=gender&concept=ceo", follow_redirects=True).text
    n = len(re.findall(r'<li class="pair further"', text))
    assert f"Second stage: {n} of {n} further pairs" in text
    pictures = re.findall(r'src="(/pictures/[^"]+)"[^>]*second stage', text)
    assert len(pictures) == 2 * n > 0
    assert httpx2.get(site + pictures[0]).headers["content-type"] == "image/webp"
    nurse = httpx2.get(f"{address}&axis=gender&concept=nurse", follow_redirects=True).text
    assert "further pairs" not in nurse
