"""Cosines with the words of the poles, one by one: the rows behind what a page gives of texts."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mcas_assets.pages.reader import Poles, Reader, Row


@dataclass(frozen=True)
class Against:
    """What texts or an image make with the words of both poles of an axis, by one embedder.

    Attributes:
        embedder: Its name.
        axis: Its name.
        poles: Of the axis.
        words: One row a word: pole ("a" or "b"), word, cosine (-1 to 1; the mean over what is compared with it).
    """

    embedder: str
    axis: str
    poles: Poles
    words: list[Row]

    def mean(self, pole: str) -> float | None:
        """The mean cosine with the words of a pole, -1 to 1; None where no word has a vector."""
        found = [row["cosine"] for row in self.words if row["pole"] == pole]
        return float(np.mean(found)) if found else None

    @property
    def a(self) -> float | None:
        """See `mean`."""
        return self.mean("a")

    @property
    def b(self) -> float | None:
        """See `mean`."""
        return self.mean("b")

    @property
    def difference(self) -> float | None:
        """The mean of pole a less that of pole b, -2 to 2: of prompts it is TTAS (arXiv 2304.13855)."""
        return None if self.a is None or self.b is None else self.a - self.b


def against_words(
    reader: Reader, audit: str, version: str, axes: Sequence[str], kind: str, contents: Sequence[str]
) -> list[Against]:
    """Cosines of an image (`kind` image, by its sha256) or of texts (text, by their ids) with every word of some axes.

    Each word counts once, however often it is declared, and several texts count alike.
    """
    words = (
        reader.table("texts", audit=audit).filter(kind="word").unique(["axis", "pole", "text_id"], maintain_order=True)
    )
    poles = reader.poles(audit)
    found: list[Against] = []
    for panel in reader.rows("panel", audit=audit, version=version).iter_rows(named=True):
        asked = {"embedder": panel["embedder"]}
        of = reader.published.vectors(panel["dim"], kind=kind, contents=list(contents), **asked)
        if of.is_empty():
            continue
        said = reader.published.vectors(
            panel["dim"], kind="text", contents=words["text_id"].unique().to_list(), **asked
        )
        cosines = (said["vector"].to_numpy() @ of["vector"].to_numpy().T).mean(axis=1)
        by_text = dict(zip(said["content"].to_list(), map(float, cosines), strict=True))
        for axis in axes:
            rows = [
                {"pole": row["pole"], "word": row["raw"], "cosine": by_text[row["text_id"]]}
                for row in words.filter(axis=axis).iter_rows(named=True) if row["text_id"] in by_text
            ]  # fmt: skip
            found.append(Against(panel["name"], axis, poles[axis], rows))
    return found
