"""A backup that was cut short or changed: an error, and no home of it."""

import shutil

from mcas_assets.core.errors import BadInput
from mcas_assets.store.backup import back_up, restore
from mcas_assets.store.database import Store
from tests.mutations import spoil_files


def test_a_spoiled_backup_is_an_error_and_leaves_no_home(new_home, tmp_path):
    back_up(Store(new_home), tmp_path / "copy.tar")

    def read() -> None:
        shutil.rmtree(tmp_path / "restored", ignore_errors=True)
        restore(tmp_path / "copy.tar", tmp_path / "restored")

    for _ in spoil_files([tmp_path / "copy.tar"], read, BadInput, head=20_000):
        pass
