"""Documents that are asked for by name or by path: `mcas audit phantom`, `mcas audit ./mine.yaml`."""

import os
from collections.abc import Mapping
from pathlib import Path

from mcas_assets.core.errors import BadInput
from mcas_assets.declare.documents import did_you_mean


def find_document(name_or_path: str | Path, known: Mapping[str, Path], kind: str) -> tuple[Path, str | None]:
    """The file of a declaration.

    Args:
        name_or_path: A name in `known`, or the path of a YAML file (a `Path`, or text with a separator or a suffix).
        known: The files that have a name.
        kind: What is asked for, as a message calls it, and as the document names itself.

    Returns:
        Its path, and the name that it was asked for by; None if by path.

    Raises:
        BadInput: There is no such file. The message lists the names there are.
    """
    text = str(name_or_path)
    is_path = isinstance(name_or_path, Path) or Path(text).suffix in (".yaml", ".yml") or os.sep in text
    path = Path(text) if is_path else known.get(text)
    if path is None or not path.is_file():
        where = text if is_path else f"{kind} {text!r}"
        raise BadInput(where, "does not exist", did_you_mean(Path(text).stem, known))
    return path, None if is_path else text


def require_name(path: Path, stated: str, asked: str | None, kind: str) -> None:
    """See that a document states the name that its file has, if it was asked for by name.

    Raises:
        BadInput: It states another.
    """
    if asked is not None and stated != asked:
        raise BadInput(path, f"is {stated!r}, but its file is named {asked!r}", "Give both one name", kind)
