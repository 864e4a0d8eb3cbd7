"""What asset pages show beside numbers, after real runs of two versions."""

import re
import shutil
from base64 import b64decode
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mcas_assets.orchestration.instance import open_instance
from mcas_assets.orchestration.looks import A_ROW, SIDE
from mcas_assets.orchestration.records import key_of
from mcas_assets.store import publication
from mcas_assets.store.database import Store
from tests.homes import Home

STRIP = re.compile(r"!\[images\]\(data:image/webp;base64,([^)]+)\)")


@pytest.fixture(scope="module")
def pages(audited_twice: Home, tmp_path_factory: pytest.TempPathFactory):
    """Metadata of the newest materialisation of a stage, by stage."""
    home = Path(shutil.copytree(audited_twice.path, tmp_path_factory.mktemp("looks") / "home"))
    events: dict[str, Any] = {"home": {"store": Store(home)}}
    with open_instance(home) as instance:
        for stage in ("images", "scores", "representation", "comparison", "texts"):
            event = instance.get_latest_materialization_event(key_of("smallest", stage))
            assert event is not None
            assert event.asset_materialization is not None
            events[stage] = {name: value.value for name, value in event.asset_materialization.metadata.items()}
    return events


def test_images_stand_in_rows_of_thumbnails_by_concept(pages):
    text = pages["images"]["thumbnails"]
    strips = [Image.open(BytesIO(b64decode(data))) for data in STRIP.findall(text)]
    assert [line.split("|")[1].strip() for line in text.splitlines()[2:4]] == ["nurse", "ceo"]
    assert [strip.size for strip in strips] == [(A_ROW * SIDE, SIDE)] * 2
    assert all(np.asarray(strip.convert("L")).min() < 200 for strip in strips)


def test_scores_and_shares_carry_the_table_of_the_terminal(pages):
    assert "gender: woman ◀ ▶ man" in pages["scores"]["table"]
    assert re.search(r"nurse +occupations .*[+-]\d\.\d{3}", pages["scores"]["table"])
    assert re.search(r"nurse +(wo)?man +█* +\d+ %", pages["representation"]["table"])
    assert "no score" not in pages["representation"]["table"]


@pytest.mark.parametrize("stage", ["images", "scores", "representation"])
def test_images_scores_and_shares_carry_thumbnails_a_table_and_the_way_to_their_page(pages, stage):
    heads = [line.split("|")[1].strip() for line in pages[stage]["thumbnails"].splitlines()[2:] if line.startswith("|")]
    assert len(STRIP.findall(pages[stage]["thumbnails"])) == len(heads) > 0
    assert {head.split()[0] for head in heads} == {"nurse", "ceo"}
    if stage == "representation":
        assert all(re.fullmatch(r"(nurse|ceo) (man|woman|ambiguous)", head) for head in heads)
    assert re.search(r"nurse +\w+", pages[stage]["table"])
    assert pages[stage]["pages"].startswith("http://127.0.0.1:3333/")


def test_a_comparison_shows_pairs_before_above_after(pages):
    text = pages["comparison"]["pairs"]
    heads = [line.split("|")[1].strip() for line in text.splitlines()[2:]]
    assert heads[:2] in (["nurse before", "nurse after"], ["ceo before", "ceo after"])
    assert len(STRIP.findall(text)) == 4
    assert "q" in pages["comparison"]["table"]


def test_terminal_ui_and_sql_say_the_same_verdict_of_each_concept(pages):
    store = pages["home"]["store"]
    asked = publication.query(store, publication.questions()["what-changed"].read_text(encoding="utf-8"))
    by_sql = dict(asked.select("concept", "verdict").rows())
    table = pages["comparison"]["table"]  # what `mcas compare` prints
    by_table = {line.split()[0]: line for line in table.splitlines() if line.split()[:1] and line.split()[0] in by_sql}
    assert set(by_table) == set(by_sql) == {"nurse", "ceo"}
    assert all(by_sql[concept] in line for concept, line in by_table.items())
    (whole,) = [value for name, value in pages["comparison"].items() if name.startswith("against ")]
    (summary,) = publication.query(
        store, "select verdict from comparison_summary where axis is null and before is not null"
    ).rows()
    assert whole == summary[0]
    assert whole.upper() in table


@pytest.mark.parametrize("stage", ["images", "scores", "representation", "comparison"])
def test_a_page_leads_to_the_version_as_it_is_recorded(pages, stage):
    address = pages[stage]["pages"]
    assert address.startswith("http://127.0.0.1:3333/")
    assert "audit=smallest" in address
    assert "phantom-stereotyped%40" in address
    assert address.endswith(f"at={pages[stage]['version']}")


def test_a_stage_without_anything_to_look_at_shows_its_numbers(pages):
    assert "pages" not in pages["texts"]
    assert pages["texts"]["dagster/row_count"] > 0
