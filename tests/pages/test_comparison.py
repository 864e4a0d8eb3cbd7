"""The pairs of a comparison: those of the later rounds are shown too, apart from the first ones, and marked alike."""

import re
from urllib.parse import quote

import httpx2
import polars as pl

from mcas_assets.pages import comparison
from mcas_assets.pages.links import LiveLinks
from mcas_assets.store import publication


def pairs_of(shown, reader, concept: str) -> dict:
    section = comparison.section(
        reader, LiveLinks(reader.at), shown.audit, shown.before, shown.after, concept, "gender"
    )
    return section.context["axes"][0]["pairs"][0]


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


def test_who_changed_in_the_further_pairs_is_marked_and_stands_first(shown, reader):
    further = pairs_of(shown, reader, "ceo")["further"]
    marks = [pair["has_changed"] for pair in further]
    assert marks == sorted(marks, reverse=True)
    assert marks == [pair["label_before"] != pair["label_after"] for pair in further]
    labels = reader.table("further_labels", audit=shown.audit, after=shown.after)
    named = {group for axis in ("gender", "skin_tone") for group in reader.groups(shown.audit, shown.after, axis)}
    assert set(labels["label"]) <= named | {"ambiguous", "outside", "unreadable"}


def test_labels_of_further_pairs_are_those_by_which_their_shares_were_counted(shown, reader):
    """Of the pairs in which both images count for a group, just those that differ are counted as such in the change of shares."""

    def are_counted(pair: dict) -> bool:
        return {pair["label_before"], pair["label_after"]} <= set(reader.groups(shown.audit, shown.after, "gender"))

    one, labeller = pairs_of(shown, reader, "ceo"), reader.labellers(shown.audit, shown.after, "gender")[0]
    both = [pair for pair in (*one["pairs"], *one["further"]) if are_counted(pair)]
    changes = reader.table("share_comparisons", audit=shown.audit, before=shown.before, after=shown.after).filter(
        pl.col("embedder") == labeller.embedder, axis="gender", concept="ceo", measure="share"
    )
    assert changes["n_pairs"].to_list() == [len(both)] * 2
    assert (changes["n_only_before"] + changes["n_only_after"])[0] == sum(pair["has_changed"] for pair in both)


def test_the_page_says_which_pairs_are_of_the_second_stage_and_each_image_of_them_has_its_page(shown, site):
    address = f"{site}/comparison?audit={shown.audit}&before={quote(shown.before)}&after={quote(shown.after)}"
    text = httpx2.get(f"{address}&axis=gender&concept=ceo", follow_redirects=True).text
    n = len(re.findall(r'<li class="pair[^"]* further"', text))
    assert f"Second stage: {n} of {n} further pairs" in text
    shown_there = re.findall(r'href="(/image[?][^"]+)"><img src="(/pictures/[^"]+)"[^>]*second stage', text)
    assert len(shown_there) == 2 * n > 0
    page, picture = shown_there[0]
    assert httpx2.get(site + picture).headers["content-type"] == "image/webp"
    own = httpx2.get(site + page.replace("&amp;", "&")).text
    assert "A later round of a comparison drew it, because the first pairs pointed to ceo" in own
    assert picture.rpartition("/")[2].partition(".")[0] in own  # its sha256
    assert "phantom-balanced" in own  # what a labeller says, and its cosines
    nurse = httpx2.get(f"{address}&axis=gender&concept=nurse", follow_redirects=True).text
    assert "further pairs" not in nurse


def test_an_image_has_no_page_under_a_version_that_is_not_its_own(shown, site, reader):
    image = pairs_of(shown, reader, "ceo")["further"][0]["image_before"]
    address = f"{site}/image?audit={shown.audit}&version={quote(shown.after)}&image={image}"
    assert httpx2.get(address, follow_redirects=True).status_code == 404
