"""How much of a text an encoder reads, and what it cannot tell apart."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

Ids = Callable[[str], Sequence[int]]
"""All tokens of a text, special ones included, nothing cut off."""


@dataclass(frozen=True)
class TextLimit:
    """An encoder of texts.

    Attributes:
        reader: What it is, for people: `tokenizer_2 of sdxl`, `embedder clip-l`.
        most: The tokens that it reads of a text, special ones included.
        ids: The tokens of a text.
    """

    reader: str
    most: int
    ids: Ids

    def unread(self, text: str) -> str:
        """The end of a text that is cut off, from a whole word on; empty where all of it is read."""
        if len(self.ids(text)) <= self.most:
            return ""
        words = text.split()
        kept = next((n for n in range(len(words) - 1, 0, -1) if len(self.ids(" ".join(words[:n]))) <= self.most), 0)
        return " ".join(words[kept:])

    def alike(self, texts: Iterable[str]) -> Iterator[tuple[str, str]]:
        """(a text, an earlier one that is the same to the encoder)."""
        seen: dict[tuple[int, ...], str] = {}
        for text in dict.fromkeys(texts):
            # What is cut off goes before the special token at the end.
            ids = tuple(self.ids(text))
            read = ids if len(ids) <= self.most else (*ids[: self.most - 1], ids[-1])
            if (former := seen.setdefault(read, text)) != text:
                yield text, former
