"""From a path to the reader of its format: as declared, else by looking."""

from pathlib import Path

from mcas_assets.core.errors import BadInput
from mcas_assets.core.pictures import ENDINGS
from mcas_assets.systems.image_sets.files import in_order, walk
from mcas_assets.systems.image_sets.image_folder import TABLES, ImageFolder, find_tables
from mcas_assets.systems.image_sets.mapping import Mapping
from mcas_assets.systems.image_sets.parquet import Parquet
from mcas_assets.systems.image_sets.rows import Reader
from mcas_assets.systems.image_sets.tree import Tree
from mcas_assets.systems.image_sets.webdataset import WebDataset

_BY_ENDING = {".parquet": "parquet", ".tar": "webdataset", ".csv": "image-folder", ".jsonl": "image-folder"}

_PACKED = {".zip", ".7z", ".rar", ".gz", ".tgz", ".bz2", ".xz", ".zst"}


def open_set(path: Path, mapping: Mapping) -> Reader:
    """The reader of a set.

    Args:
        path: Its folder, or its one file.
        mapping: Says the format, or leaves it to be found.

    Raises:
        BadInput: There is no such set, or it is in no format that is known.
    """
    if not path.exists():
        raise BadInput(path, "does not exist", "Give the folder or file of the image set", "path")
    root = path if path.is_dir() else path.parent
    format = mapping.format or _look(path, mapping)
    if format == "image-folder":
        tables = find_tables(root, mapping.metadata) if path.is_dir() else [path]
        if not tables:
            wanted = mapping.metadata or ", ".join(TABLES)
            raise BadInput(path, f"has no metadata file ({wanted})", "Name it with metadata:, or give another format")
        return ImageFolder(root, tables, mapping.file, dict(mapping.constants or {}))
    if format == "tree":
        return Tree(root)
    files = [root / name for name in in_order(_ending(path, ".parquet" if format == "parquet" else ".tar"))]
    if not files:
        raise BadInput(path, f"holds no file of format {format}", "Correct format: or path:", "format")
    if format == "parquet":
        return Parquet(root, files, mapping.image, [*mapping.columns().values()])
    return WebDataset(root, files)


def _look(path: Path, mapping: Mapping) -> str:
    if path.is_file():
        is_table = path.name.lower() in TABLES
        format = "image-folder" if is_table else _BY_ENDING.get(path.suffix.lower())
        if format is None:
            if path.suffix.lower() in _PACKED:
                raise BadInput(path, "is a packed archive", "Unpack it, and give the folder that it makes", "path")
            known = ", ".join(_BY_ENDING)
            raise BadInput(path, f"is no image set: its ending is none of {known}", "Give the set's folder", "path")
        return format
    if mapping.metadata or find_tables(path, None):
        return "image-folder"
    endings = {file.suffix.lower() for file in walk(path)}
    for ending, format in ((".tar", "webdataset"), (".parquet", "parquet")):
        if ending in endings:
            return format
    if endings & ENDINGS:
        return "tree"
    if packed := sorted(endings & _PACKED):
        raise BadInput(path, f"holds packed archives ({', '.join(packed)}) and no images", "Unpack them there", "path")
    raise BadInput(path, "holds no image set of a known format", "Say with format: which one it is", "format")


def _ending(path: Path, ending: str) -> list[str]:
    if path.is_file():
        return [path.name]
    return [file.relative_to(path).as_posix() for file in walk(path) if file.suffix.lower() == ending]
