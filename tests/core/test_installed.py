"""The wheel in an environment of its own: the main job in an empty folder, without a network, by someone who may not write there.

The libraries are those of the environment that runs the tests; only our package is the wheel's.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from mcas_assets.core.paths import DATA, ROOT, SQL

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]
NO_NETWORK = {
    "HF_HUB_OFFLINE": "1",
    "http_proxy": "http://127.0.0.1:9",
    "https_proxy": "http://127.0.0.1:9",
    "no_proxy": "",
}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    built = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(built, cwd=ROOT, check=True, capture_output=True, timeout=300)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def environment(wheel, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An environment that holds the wheel, and whose files nobody may change any more."""
    folder = tmp_path_factory.mktemp("env") / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True, timeout=120)
    python = folder / "bin" / "python"
    install = [
        "uv",
        "pip",
        "install",
        "--offline",
        "--no-deps",
        "--no-compile-bytecode",
        "--python",
        str(python),
        str(wheel),
    ]
    subprocess.run(install, check=True, capture_output=True, timeout=300)
    (site,) = folder.glob("lib/*/site-packages")
    (site / "libraries.pth").write_text(sysconfig.get_path("purelib"))
    for path in [folder, *folder.rglob("*")]:
        if not path.is_symlink():
            path.chmod(path.stat().st_mode & ~0o222)
    yield folder
    for path in [folder, *folder.rglob("*")]:
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o755)


@pytest.fixture
def person(environment, tmp_path):
    """Runs `mcas` from an empty folder, as someone whose home is another one."""
    work, home = tmp_path / "empty", tmp_path / "person"
    work.mkdir()
    home.mkdir()
    kept = {key: os.environ[key] for key in ("LANG", "OMP_NUM_THREADS") if key in os.environ}
    env = {"PATH": f"{environment / 'bin'}:/usr/bin:/bin", "HOME": str(home), **kept, **NO_NETWORK}

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [*_without_powers(), str(environment / "bin" / "mcas"), *words]
        return subprocess.run(command, cwd=work, env=env, capture_output=True, text=True, timeout=600)

    return run, work, home


def _without_powers() -> list[str]:
    """What takes from root the power to write where the file's mode forbids it."""
    if os.geteuid() != 0:
        return []
    if shutil.which("setpriv") is None:
        pytest.skip("root writes everywhere, and setpriv is not there to hinder it")
    return ["setpriv", "--bounding-set=-all", "--inh-caps=-all"]


def test_the_wheel_holds_what_a_checkout_holds(wheel):
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if name.startswith("mcas_assets/builtin/")}
    tracked = subprocess.run(["git", "ls-files", "data", "sql"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert held == {f"mcas_assets/builtin/{name}" for name in tracked.stdout.splitlines()}
    assert (DATA / "systems.yaml").is_file()
    assert (SQL / "schema.sql").is_file()


def test_the_main_job_runs_from_an_empty_folder(person, environment):
    run, work, home = person
    done = run("audit", str(ROOT / "tests" / "data" / "tiny.yaml"))
    assert done.returncode == 0, done.stderr
    assert "Where to look next" in done.stderr
    asked = run("sql", "select count(*) as n from scores", "--format", "json")
    assert '"n"' in asked.stdout, asked.stderr
    assert (home / ".local" / "share" / "mcas-assets" / "published.duckdb").is_file()
    assert list(work.iterdir()) == [], "the folder that it was called in is left as it was"
    assert not list((environment / "lib").rglob("*.duckdb*")), "nothing is written beside the package"
