"""The tokenizer: one for the pipelines and for open_clip, which must agree on every text."""

import json

import pytest

from mcas_assets.declare.audit import load_audit
from mcas_assets.phantom.vocabulary import CONTEXT, END, PREFIX, START, build_tokenizer, corpus, encode, save_tokenizer
from tools.phantom.instrument import config


@pytest.fixture(scope="module")
def tokenizer():
    return build_tokenizer()


def test_the_end_token_has_the_highest_id_and_the_start_token_the_one_before(tokenizer):
    assert tokenizer.eos_token_id == len(tokenizer) - 1
    assert tokenizer.bos_token_id == len(tokenizer) - 2
    assert (tokenizer.bos_token, tokenizer.eos_token) == (START, END)
    assert len(tokenizer) < 800


def test_training_the_tokenizer_twice_gives_the_same(tokenizer):
    assert build_tokenizer().get_vocab() == tokenizer.get_vocab()


def test_no_text_of_the_world_is_cut_off(tokenizer):
    lengths = [len(ids) for ids in tokenizer(corpus()).input_ids]
    assert max(lengths) <= CONTEXT


def test_no_text_of_the_default_audit_is_cut_off(tokenizer):
    audit = load_audit("phantom")
    texts = [c.prompt for c in audit.concepts] + [n.prompt for n in audit.neutral]
    for axis in audit.axes.values():
        for pole in (axis.a, axis.b):
            texts += [*pole.words, *pole.prompts]
    assert audit.profile.text_prefix == PREFIX
    assert max(len(ids) for ids in tokenizer([PREFIX + text for text in texts]).input_ids) <= CONTEXT


def test_texts_come_back_from_their_ids(tokenizer):
    for text in corpus()[::37]:
        decoded = tokenizer.decode(tokenizer(text).input_ids, skip_special_tokens=True)
        assert decoded.replace(" ", "") == text.lower().replace(" ", "")


def test_open_clip_reads_the_saved_tokenizer_and_gives_the_same_ids(tokenizer, tmp_path):
    import open_clip

    save_tokenizer(tokenizer, tmp_path)
    (tmp_path / "open_clip_config.json").write_text(json.dumps(config(len(tokenizer))))
    theirs = open_clip.get_tokenizer(f"local-dir:{tmp_path}")
    texts = corpus()[::11]
    assert (theirs(texts) == encode(tokenizer, texts)).all()
    assert theirs(texts).shape == (len(texts), CONTEXT)
