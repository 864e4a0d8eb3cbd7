"""What is handed over: folders that are there, names that no hub has, and what is no evidence."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from mcas_assets.core.drafts import whole_folder
from mcas_assets.export.dataset import write_dataset
from mcas_assets.export.manifest import MANIFEST
from mcas_assets.export.origin import Origin
from mcas_assets.export.tables import read
from mcas_assets.export.verify import verify
from mcas_assets.pages.reader import Reader
from mcas_assets.store.publication import publish
from mcas_assets.store.reading import Published
from tests.remedies.situations import Step, situation


def origin(words: dict[str, str]) -> Origin:
    return Origin(**words)


@situation
def a_relationship_that_there_is_not() -> Iterator[Step]:
    given = {"relationship": "friend"}
    yield lambda: origin(given), "Use one of first_party"
    given["relationship"] = "third_party"


@situation
def a_data_set_of_no_hub() -> Iterator[Step]:
    given = {"dataset": "set"}
    yield lambda: origin(given), "Use OWNER/NAME"
    given["dataset"] = "owner/set"


def written(target: Path) -> None:
    with whole_folder(target) as draft:
        (draft / "file").write_text("x")


@situation
def a_folder_that_is_there(place: Path) -> Iterator[Step]:
    target = [place]
    yield lambda: written(target[0]), "Give --out a folder that is not there yet"
    target[0] = place / "new"


@situation
def a_folder_where_nobody_may_write(place: Path) -> Iterator[Step]:
    (place / "file").write_text("x")
    target = [place / "file" / "out"]
    yield lambda: written(target[0]), "Give --out another place"
    target[0] = place / "new"


@situation
def a_data_set_of_a_version_that_delivered_no_image(place: Path, home) -> Iterator[Step]:
    with home.store.open() as con:
        con.execute("update images_history set sha256 = null, path = null where system_version = ?", [home.before])
    publish(home.store)
    reader, version = Reader(Published(home.store)), [home.before]

    def write() -> None:
        write_dataset(reader, read(reader, "smallest", version[0]), place / "images")

    yield write, "Name a version that did"
    version[0] = home.after


def evidence(place: Path) -> Path:
    (place / "evidence").mkdir()
    (place / "evidence" / MANIFEST).write_text("")
    return place / "evidence"


@situation
def evidence_that_is_no_folder(place: Path) -> Iterator[Step]:
    folder = [place / "none"]
    yield lambda: verify(folder[0]), "Name what mcas export evidence made"
    folder[0] = evidence(place)


@situation
def a_folder_without_a_manifest(place: Path) -> Iterator[Step]:
    folder = [place]
    yield lambda: verify(folder[0]), "Name what mcas export evidence made"
    folder[0] = evidence(place)


@situation
def evidence_with_folders_that_are_too_deep_to_be_read(place: Path, monkeypatch) -> Iterator[Step]:
    folder = [evidence(place)]
    monkeypatch.chdir(folder[0])
    for _ in range(25):  # longer together than a path may be
        Path("a" * 200).mkdir()
        os.chdir("a" * 200)
    monkeypatch.chdir(place)
    yield lambda: verify(folder[0]), "or name another folder"
    shutil.rmtree(folder[0])
    folder[0] = evidence(place)
