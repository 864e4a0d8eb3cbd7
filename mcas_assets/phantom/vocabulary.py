"""The phantom's tokenizer: byte-level BPE in the CLIP format, trained on the world's captions."""

from pathlib import Path

from mcas_assets.phantom.world import IMAGE_TEMPLATES, captions, word_captions

CONTEXT = 20
START, END = "<|startoftext|>", "<|endoftext|>"
PREFIX = "This is "


def corpus() -> list[str]:
    """Every text that the models may meet, without and with the prefix of the published protocol."""
    phrases = [caption.text for caption in captions()]
    texts = [*phrases, *(t.format(p) for t in IMAGE_TEMPLATES for p in phrases), *(c.text for c in word_captions())]
    return [*texts, *(PREFIX + text for text in texts)]


def build_tokenizer(merges: int = 400):  # noqa: ANN201 - a transformers class, imported late
    """Train the tokenizer.

    The end-of-text token gets the highest id, since open_clip pools the text tower where the id is largest.

    Args:
        merges: Upper bound on the number of BPE merges.

    Returns:
        transformers.CLIPTokenizer with `model_max_length` = `CONTEXT`.
    """
    import json

    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    from transformers import CLIPTokenizer

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    # The same splits as CLIPTokenizer makes, so that the merges are the ones it will look for.
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([CLIPTokenizer().backend_tokenizer.pre_tokenizer])
    trainer = trainers.BpeTrainer(
        vocab_size=2 * len(alphabet) + merges, initial_alphabet=alphabet, end_of_word_suffix="</w>", show_progress=False
    )
    tokenizer.train_from_iterator([text.lower() for text in corpus()], trainer)
    learned = json.loads(tokenizer.to_str())["model"]["merges"]
    pairs = [tuple(pair) for pair in learned]
    tokens = [*alphabet, *(letter + "</w>" for letter in alphabet), *("".join(pair) for pair in pairs), START, END]
    vocab = {token: i for i, token in enumerate(dict.fromkeys(tokens))}
    return CLIPTokenizer(vocab=vocab, merges=pairs, model_max_length=CONTEXT)


def encode(tokenizer, texts: list[str]):  # noqa: ANN001, ANN201 - transformers and torch, imported late
    """Token ids, padded to `CONTEXT`: int64 tensor of shape (texts, CONTEXT)."""
    return tokenizer(texts, padding="max_length", truncation=True, max_length=CONTEXT, return_tensors="pt").input_ids


def save_tokenizer(tokenizer, folder: Path) -> None:  # noqa: ANN001
    """Write the tokenizer's files into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save_pretrained(folder)
