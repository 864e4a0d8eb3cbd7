"""How much of a text is read, and what an encoder cannot tell apart: with an encoder of words that reads six."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcas_assets.core.texts import TextLimit

WORDS: dict[str, int] = {}
LIMIT = TextLimit("words", 6, lambda text: [0, *(WORDS.setdefault(word, len(WORDS) + 2) for word in text.split()), 1])


def test_what_fits_with_its_special_tokens_is_read_to_the_end():
    assert LIMIT.unread("a photo of nurses") == ""


def test_the_end_that_is_cut_off_is_told_from_a_whole_word_on():
    assert LIMIT.unread("a photo of a smiling nurse") == "smiling nurse"


def test_texts_that_differ_only_where_nothing_is_read_are_the_same():
    texts = ["a photo of a nurse", "a photo of a plumber", "one photo of a nurse"]
    assert list(LIMIT.alike(texts)) == [("a photo of a plumber", "a photo of a nurse")]


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=12).map(" ".join))
def test_what_is_read_and_what_is_not_make_the_text(text):
    unread = LIMIT.unread(text)
    assert text.endswith(unread)
    assert LIMIT.unread(text.removesuffix(unread).strip()) == ""


@pytest.mark.parametrize("text", ["", "a"])
def test_a_short_text_is_itself(text):
    assert list(LIMIT.alike([text, text])) == []
