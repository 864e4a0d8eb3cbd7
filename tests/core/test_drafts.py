"""Small files that are written whole or not at all."""

import pytest

from mcas_assets.core.drafts import replace_text


def test_a_text_takes_the_place_of_the_former_one_and_leaves_no_draft(tmp_path):
    file = tmp_path / "new" / "told.json"
    replace_text(file, "once")
    replace_text(file, "twice, with an é")
    assert file.read_text(encoding="utf-8") == "twice, with an é"
    assert list(file.parent.iterdir()) == [file]


def test_what_cannot_be_put_in_place_raises_and_leaves_no_draft(tmp_path):
    (tmp_path / "told.json" / "within").mkdir(parents=True)
    with pytest.raises(OSError, match=r"told\.json"):
        replace_text(tmp_path / "told.json", "once")
    assert [path.name for path in tmp_path.iterdir()] == ["told.json"]
