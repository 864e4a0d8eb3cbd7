"""Digests of content: stored ones must be found again, so each is held to sha256 over a text that is spelled out."""

import hashlib

from mcas_assets.core.digests import (
    bytes_digest,
    canonical_json,
    compact_json,
    document_digest,
    file_digest,
    rows_digest,
    text_digest,
)


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_a_document_is_the_same_whatever_the_order_of_its_keys():
    assert document_digest({"a": 1, "b": 2}) == document_digest({"b": 2, "a": 1}) == sha256('{"a":1,"b":2}')


def test_canonical_json_holds_infinities_and_what_json_does_not_know_as_text():
    assert canonical_json({"b": (1, 2), "a": float("-inf")}) == '{"a":"-inf","b":[1,2]}'
    assert (
        canonical_json({1: {2}, "n": float("nan"), "t": True, "é": None}) == '{"1":"{2}","n":"nan","t":true,"é":null}'
    )


def test_rows_are_told_apart_by_their_order():
    assert rows_digest([("é", 1.5), ("b", None)]) == sha256('[["é",1.5],["b",null]]')
    assert rows_digest([("é", 1.5)], is_ascii=True) == sha256('[["\\u00e9",1.5]]')
    assert rows_digest([1, 2]) != rows_digest([2, 1])


def test_compact_json_keeps_the_order_of_keys_and_writes_numbers_that_are_none():
    assert compact_json({"b": float("nan"), "a": float("inf")}) == '{"b":NaN,"a":Infinity}'


def test_bytes_a_text_and_a_file_of_the_same_content_have_one_digest(tmp_path):
    (tmp_path / "file").write_text("café" * 100_000, encoding="utf-8")
    expected = sha256("café" * 100_000)
    assert file_digest(tmp_path / "file") == expected
    assert text_digest("café" * 100_000) == bytes_digest(("café" * 100_000).encode()) == expected
