"""The published copy as pages read it: one connection, the questions of sql/pages, and the newer copy once there is one."""

import pytest

from mcas_assets.core.errors import StoreError
from mcas_assets.store.database import Store
from mcas_assets.store.publication import publish
from mcas_assets.store.reading import PAGES, Published


def test_a_copy_that_was_replaced_is_read_anew(new_home):
    store = Store(new_home)
    publish(store)
    published = Published(store)
    assert published.rows("identity", version="x").is_empty()
    with store.open() as con:
        con.execute("insert into systems (system_version, system, identity) values ('x', 's', '{}')")
    publish(store)
    assert published.rows("identity", version="x")["system"].to_list() == ["s"]
    published.close()


def test_every_question_of_the_pages_is_answered_by_a_home_of_nothing(new_home):
    store = Store(new_home)
    publish(store)
    published = Published(store)
    names = ("audit", "version", "system", "axis", "concept", "labels", "embedder", "role", "pole", "outcome",
             "group_name", "image", "sha256", "before", "after", "images", "versions", "prompts")  # fmt: skip
    for file in sorted(PAGES.glob("*.sql")):
        answer = published.rows(file.stem, at=0, **dict.fromkeys(names))
        assert file.read_text().startswith("-- ")
        assert len(answer) == (file.stem == "newest"), file.stem


def test_a_name_of_a_table_is_a_name(new_home):
    store = Store(new_home)
    publish(store)
    with pytest.raises(ValueError, match="no names"):
        Published(store).table("scores; drop table x", 0)


def test_a_table_that_is_younger_than_the_copy_has_no_rows(new_home):
    store = Store(new_home)
    with store.open() as con:
        con.execute("drop macro table people_shares_as_of")
    publish(store)
    rows = Published(store).table("people_shares", 0, audit="a")
    assert rows.is_empty()
    assert "share_low" in rows.columns


def test_a_copy_says_whether_it_is_from_after_a_table_was_added(new_home):
    store = Store(new_home)
    with store.open() as con:
        con.execute("drop table mark_facts")
    publish(store)
    published = Published(store)
    assert (published.has("image_facts"), published.has("mark_facts")) == (True, False)


def test_nothing_published_is_said(tmp_path):
    with pytest.raises(StoreError, match="nothing is published"):
        Published(Store(tmp_path)).rows("newest")
