"""A small audit of one axis, and images that are a letter each: what they show is known."""

from typing import Any

import polars as pl

from mcas_assets.declare.audit import Audit

MAN, WOMAN, BETWEEN = [1.0, 0.0], [0.0, 1.0], [0.5**0.5, 0.5**0.5]
VECTORS = {"m": MAN, "w": WOMAN, "?": BETWEEN}
NAMES = {"m": 0, "w": 1, "?": "ambiguous"}
VERSION = "phantom@1"


def declared(**axis: Any) -> Audit:
    poles = {
        "a": {"name": "man", "words": ["he"], "prompts": ["a man"]},
        "b": {"name": "woman", "words": ["she"], "prompts": ["a woman"]},
    }
    document = {
        "audit": "small",
        "title": "A small audit",
        "description": "For tests",
        "run_seed": 7,
        "images_per_prompt": {"concept": 5, "attribute": 3, "neutral": 2},
        "axes": {"gender": poles | axis},
        "concepts": [{"concept": name, "category": "things", "prompts": [f"a {name}"]} for name in ("nurse", "pilot")],
        "neutral": [{"name": "person", "prompt": "a person"}],
        "embedders": ["tiny"],
        "inference": {"resamples": 10, "permutations": 10},
    }
    return Audit.model_validate(document)


def pictures(**contents: str) -> pl.DataFrame:
    """Image rows: for each concept (or pole a, b) a letter an image, 'm', 'w', '?', or 'x' for one that was refused."""
    rows = []
    for subject, letters in contents.items():
        is_pole = subject in ("a", "b")
        for n, letter in enumerate(letters):
            rows.append(
                {
                    "system_version": VERSION,
                    "prompt_id": subject,
                    "role": "attribute" if is_pole else "concept",
                    "axis": "gender" if is_pole else None,
                    "pole": subject if is_pole else None,
                    "concept": None if is_pole else subject,
                    "outcome": "refused_output" if letter == "x" else "ok",
                    "sha256": None if letter == "x" else f"{letter}{subject}{n}",
                }
            )
    return pl.DataFrame(rows, infer_schema_length=None)
