"""Declares labellers in a file of the test's own."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def declare(tmp_path: Path) -> Callable[..., Path]:
    """Writes a labellers.yaml with one labeller `mine`, given its keys, beside those that ship; returns its path."""

    def write(**keys: object) -> Path:
        path = tmp_path / "labellers.yaml"
        plain = {"zero-shot": {"kind": "zero_shot"}, "pixels": {"kind": "pixels"}, "people": {"kind": "people"}}
        path.write_text(json.dumps({"labellers": plain | ({"mine": keys} if keys else {})}))
        return path

    return write
