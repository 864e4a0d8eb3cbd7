"""Vectors that depend on the image or text alone, by an instrument that is exactly the one identified."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from mcas_assets.core.errors import BadInput
from mcas_assets.embedders.find import find_embedder
from mcas_assets.embedders.protocol import Embedder
from tests.embedders.tiny import KINDS, TEXTS


@pytest.fixture(scope="module", params=KINDS)
def embedder(request, made, tmp_path_factory) -> Iterator[Embedder]:
    """One of each kind, loaded once. Its folder is not to be written to."""
    kind, dim = KINDS[request.param]
    path = tmp_path_factory.mktemp("declared") / "embedders.yaml"
    path.write_text(json.dumps({"embedders": {"tiny": {"kind": kind, "folder": str(made(request.param))}}}))
    instrument = find_embedder("tiny", path)
    assert instrument.dim == dim
    yield instrument
    instrument.close()


def test_vectors_are_float32_of_length_one_in_the_order_given(embedder, images):
    for vectors, count in ((embedder.embed_images(images[:5]), 5), (embedder.embed_texts(TEXTS), len(TEXTS))):
        assert vectors.dtype == np.float32
        assert vectors.shape == (count, embedder.dim)
        assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
        assert len(np.unique(vectors, axis=0)) > 1


def test_a_vector_does_not_depend_on_what_else_is_embedded_bit_for_bit(embedder, images):
    together, order = embedder.embed_images(images), np.random.default_rng(1).permutation(len(images))
    assert (embedder.embed_images([images[i] for i in order]) == together[order]).all()
    assert (np.vstack([embedder.embed_images([image]) for image in images[:3]]) == together[:3]).all()
    said, turned = embedder.embed_texts(TEXTS), embedder.embed_texts(TEXTS[::-1])
    assert (turned[::-1] == said).all()
    assert (embedder.embed_texts(TEXTS[-1:]) == said[-1:]).all()


def test_a_stream_gives_the_same_vectors_and_takes_files_only_so_far_ahead(embedder, images):
    taken, many = [], images[:4] * 72

    def files():
        for file in many:
            taken.append(file)
            yield file

    stream = embedder.stream_images(files())
    first = next(stream)
    assert len(taken) < len(many)
    rest = np.concatenate(list(stream))
    assert taken == many
    assert (np.concatenate([first, rest]) == np.tile(embedder.embed_images(images[:4]), (72, 1))).all()


def test_nothing_in_nothing_out(embedder):
    assert embedder.embed_images([]).shape == (0, embedder.dim)
    assert embedder.embed_texts([]).shape == (0, embedder.dim)


def test_after_closing_it_can_be_used_again(embedder):
    before = embedder.embed_texts(TEXTS[:2])
    embedder.close()
    embedder.close()
    assert (embedder.embed_texts(TEXTS[:2]) == before).all()


def test_an_image_that_cannot_be_decoded_is_bad_input(embedder, images):
    with pytest.raises(BadInput, match="no image in a format that is read"):
        embedder.embed_images([images[0], b"no image"])


def test_open_clip_vectors_are_those_of_the_bare_library(made, declare, images):
    import io

    import open_clip
    import torch
    from PIL import Image

    where = f"local-dir:{made('open_clip')}"
    model, _, preprocess = open_clip.create_model_and_transforms(where)
    model.eval()
    assert callable(preprocess)
    with torch.no_grad():
        pixels = torch.stack([preprocess(Image.open(io.BytesIO(image))) for image in images[:4]])
        seen = model.encode_image(pixels, normalize=True).numpy()
        said = model.encode_text(open_clip.get_tokenizer(where)(TEXTS[:4]), normalize=True).numpy()
    embedder = find_embedder("tiny", declare(kind="open_clip", folder=str(made("open_clip"))))
    assert np.allclose(embedder.embed_images(images[:4]), seen, atol=1e-6)
    assert np.allclose(embedder.embed_texts(TEXTS[:4]), said, atol=1e-6)


def test_siglip_vectors_are_those_of_the_bare_library(made, declare):
    import torch
    from transformers import AutoModel, AutoTokenizer

    model = AutoModel.from_pretrained(made("siglip"))
    tokenizer: Any = AutoTokenizer.from_pretrained(made("siglip"))
    with torch.no_grad():
        tokens = tokenizer(TEXTS[:4], padding="max_length", max_length=16, truncation=True, return_tensors="pt")
        said = torch.nn.functional.normalize(model.get_text_features(**tokens).pooler_output).numpy()
    embedder = find_embedder("tiny", declare(kind="transformers", folder=str(made("siglip"))))
    assert np.allclose(embedder.embed_texts(TEXTS[:4]), said, atol=1e-6)


@pytest.mark.parametrize("name", ["open_clip", "siglip", "clip"])
def test_the_scale_of_the_softmax_is_the_models_own_read_without_loading_it(made, declare, name):
    from safetensors import safe_open

    file = next(made(name).glob("*.safetensors"))
    with safe_open(file, framework="np") as weights:
        stated = float(weights.get_tensor("logit_scale").item())
    kind = "open_clip" if name == "open_clip" else "transformers"
    embedder = find_embedder("tiny", declare(kind=kind, folder=str(made(name))))
    assert embedder.logit_scale == pytest.approx(np.exp(stated), rel=1e-6)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_the_scale_is_read_in_whatever_precision_it_was_stored(dtype, folder, declare):
    import torch
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / "open_clip_model.safetensors")
    weights["logit_scale"] = torch.tensor(3.0, dtype=getattr(torch, dtype))
    save_file(weights, folder / "open_clip_model.safetensors")
    assert find_embedder("tiny", declare(kind="open_clip", folder="tiny")).logit_scale == pytest.approx(np.exp(3.0))


def test_weights_without_a_scale_have_none(folder, declare):
    from safetensors.numpy import load_file, save_file

    weights = load_file(folder / "open_clip_model.safetensors")
    del weights["logit_scale"]
    save_file(weights, folder / "open_clip_model.safetensors")
    assert find_embedder("tiny", declare(kind="open_clip", folder="tiny")).logit_scale is None
