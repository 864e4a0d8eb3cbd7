"""Prompts in several languages: what embedders are given in their place, and what tells the languages apart."""

import polars as pl

from mcas_assets.declare.audit import load_audit
from mcas_assets.plan.requests import build_texts, plan_digest


def test_a_text_of_a_concept_stands_in_the_place_of_its_prompts_and_the_language_beside_it():
    texts = build_texts(load_audit("languages")).filter(concept="nursing-de")
    told = "This is an image of a person who works in nursing"
    asked = "ein Bild einer Person, die in der Pflege arbeitet"
    assert texts.select("text", "raw", "language").rows() == [(told, asked, "de")]


def test_all_languages_of_a_request_are_one_text_to_an_embedder():
    texts = build_texts(load_audit("languages")).filter(kind="prompt")
    assert texts.group_by("text_id").len()["len"].unique().to_list() == [5]
    assert texts["text_id"].n_unique() == 9  # eight fields of work, and a person


def test_languages_count_in_the_digest_of_texts_where_one_is_told():
    texts = build_texts(load_audit("phantom"))
    assert plan_digest(texts) == plan_digest(texts.drop("language"))
    assert plan_digest(texts.with_columns(language=pl.lit("en"))) != plan_digest(texts)
