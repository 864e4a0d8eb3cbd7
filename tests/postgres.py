"""A Postgres server of the test run's own, where this machine has the programs for one."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path


def _programs() -> Path | None:
    """The folder of initdb and pg_ctl: on Debian they lie in none of PATH."""
    found = shutil.which("initdb")
    folders = [Path(found).parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return next((one for one in reversed(folders) if (one / "initdb").exists()), None)


PROGRAMS = _programs()
USER = "nobody"
"""Whose server it is where the tests are root's, who may run none."""


def _as_user(*words: str | Path) -> list[str]:
    who = pwd.getpwnam(USER)
    drop = ["setpriv", f"--reuid={who.pw_uid}", f"--regid={who.pw_gid}", "--clear-groups"] if os.geteuid() == 0 else []
    return [*drop, *map(str, words)]


@contextmanager
def postgres() -> Generator[str]:
    """Gives the address of a server, up to the name of a database: its user may make some."""
    assert PROGRAMS is not None
    folder = Path(tempfile.mkdtemp(prefix="mcas-postgres-"))
    if os.geteuid() == 0:
        shutil.chown(folder, USER)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    data = folder / "data"
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
    control = _as_user(PROGRAMS / "pg_ctl", "-D", data, "-l", folder / "log")
    try:
        made = _as_user(PROGRAMS / "initdb", "-D", data, "-U", "mcas", "-A", "trust", "-E", "UTF8", "--no-sync")
        subprocess.run(made, check=True, capture_output=True, cwd=folder, timeout=300)
        subprocess.run(
            [*control, "-o", options, "-w", "start"], check=True, stdout=subprocess.DEVNULL, cwd=folder, timeout=300
        )
        yield f"postgresql://mcas:a-secret-word@127.0.0.1:{port}"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], check=False, capture_output=True, cwd=folder, timeout=60)
        shutil.rmtree(folder, ignore_errors=True)
