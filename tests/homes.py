"""Homes that many tests copy."""

from pathlib import Path
from typing import NamedTuple

from mcas_assets.store.database import Store


class Home(NamedTuple):
    """A home, and the two versions that it holds, of one and of two steps."""

    path: Path
    before: str
    after: str

    @property
    def store(self) -> Store:
        return Store(self.path)
