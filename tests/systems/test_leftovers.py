"""What a home remembers of files elsewhere goes when these changed or are gone, and when no system has the set any more."""

import os
from pathlib import Path

from mcas_assets.systems.find import load_systems
from mcas_assets.systems.identity import DigestCache
from mcas_assets.systems.leftovers import drop_leftovers, leftovers

NOBODYS = "0123456789ab-" + "0" * 32 + ".parquet"


def old(file: Path, text: str) -> Path:
    """A file of an hour ago: younger ones are not remembered."""
    file.write_text(text)
    os.utime(file, ns=(10**18, 10**18))
    return file


def test_digests_of_files_that_changed_or_are_gone_are_forgotten_and_others_stay(tmp_path, monkeypatch):
    monkeypatch.setattr("mcas_assets.systems.identity._RACY", -1.0)
    home, (same, changed, gone) = (
        tmp_path / "home",
        [old(tmp_path / name, name) for name in ("same", "changed", "gone")],
    )
    cache = DigestCache(home / "digests.json")
    digests = {file: cache.sha256(file) for file in (same, changed, gone)}
    changed.write_text("other words")
    gone.unlink()
    (tmp_path / "systems.yaml").write_text("systems:\n")
    what = leftovers(home, load_systems(tmp_path / "systems.yaml"))
    assert sorted(Path(file).name for file in what.digests) == ["changed", "gone"]
    drop_leftovers(home, what)
    assert leftovers(home, load_systems(tmp_path / "systems.yaml")).digests == ()
    assert list(DigestCache(home / "digests.json")._entries()) == [str(same.resolve())]
    assert DigestCache(home / "digests.json").sha256(same) == digests[same]


def test_tables_of_sets_that_no_system_has_are_dropped_and_one_that_is_declared_is_not_read_again(
    image_folder, sets, tmp_path
):
    folder, home = image_folder([{"file_name": "0.png", "prompt": "a nurse"}]), tmp_path / "home"
    system = sets.declared(folder, cache=home / "digests.json")
    version, table = system.identity().version, system.manifest.table
    (home / "image-sets" / NOBODYS).write_bytes(b"x" * 9)
    (home / "image-sets" / ".draft.tmp").write_bytes(b"y")
    what = leftovers(home, load_systems(tmp_path / "set.yaml"))
    assert [file.name for file in what.tables] == [".draft.tmp", NOBODYS]
    assert what.size == 10
    drop_leftovers(home, what)
    assert list((home / "image-sets").iterdir()) == [table]
    assert sets.declared(folder, cache=home / "digests.json").identity().version == version


def test_where_an_entry_cannot_be_used_no_table_goes(tmp_path):
    (tmp_path / "home" / "image-sets").mkdir(parents=True)
    (tmp_path / "home" / "image-sets" / NOBODYS).write_bytes(b"x")
    (tmp_path / "systems.yaml").write_text("systems:\n  set: {kind: import, path: x}\n")
    assert leftovers(tmp_path / "home", load_systems(tmp_path / "systems.yaml")).tables == ()
