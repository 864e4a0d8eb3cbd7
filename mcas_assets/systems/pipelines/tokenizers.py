"""What the text encoders of a pipeline read, told from its files without loading a model."""

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from mcas_assets.core.errors import BadInput, kind_and_line
from mcas_assets.core.texts import Ids, TextLimit
from mcas_assets.systems.pipelines import signatures

_UNBOUNDED = 1_000_000  # transformers writes 1e30 where a tokenizer has no limit


def text_limits(
    name: str, folder: Path, pipeline: str, components: Mapping[str, str], given: Mapping[str, Any]
) -> list[TextLimit]:
    """A limit for every text encoder of a pipeline that states one.

    Args:
        name: Of the system.
        folder: The pipeline's.
        pipeline: Its class in diffusers.
        components: Classes by the name of the component.
        given: Arguments that the pipeline is called with.

    Raises:
        BadInput: A tokenizer cannot be read.
    """
    taken = signatures.parameters(pipeline) or {}
    asked = given.get("max_sequence_length", taken.get("max_sequence_length"))
    found = []
    for part in sorted(part for part in components if part.startswith("tokenizer")):
        encoder = folder / part.replace("tokenizer", "text_encoder", 1) / "config.json"
        config = json.loads(encoder.read_bytes()) if encoder.is_file() else {}
        is_clip = str(config.get("model_type", "")).startswith("clip")
        stated = [_declared(folder / part), config.get("max_position_embeddings")]
        if isinstance(asked, int) and not is_clip:  # which of several encoders it is for: CLIP has a length of its own
            stated = [asked]
        most = [length for length in stated if isinstance(length, int) and 0 < length < _UNBOUNDED]
        if most:
            found.append(TextLimit(f"{part} of {name}", min(most), tokenizer_ids(folder / part)))
    return found


@lru_cache(maxsize=32)
def tokenizer_ids(folder: Path) -> Ids:
    """The tokens of a text by the tokenizer in a folder.

    Raises:
        BadInput: It cannot be read.
    """
    file = folder / "tokenizer.json"
    try:
        if file.is_file():
            from tokenizers import Tokenizer

            fast = Tokenizer.from_str(file.read_text(encoding="utf-8"))
            fast.no_truncation()
            fast.no_padding()
            return lambda text: fast.encode(text).ids
        from transformers import AutoTokenizer

        slow: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except Exception as error:
        # `tokenizers` raises Exception itself for what it cannot read.
        if type(error) is not Exception and not isinstance(
            error, (OSError, ValueError, ImportError, KeyError, TypeError)
        ):
            raise
        problem = f"holds no tokenizer that can be read ({kind_and_line(error, 200)})"
        raise BadInput(folder, problem, "Copy or download it again") from error
    return lambda text: slow(text, truncation=False, verbose=False)["input_ids"]


def _declared(folder: Path) -> int | None:
    file = folder / "tokenizer_config.json"
    length = json.loads(file.read_bytes()).get("model_max_length") if file.is_file() else None
    return int(length) if isinstance(length, (int, float)) and length < _UNBOUNDED else None
