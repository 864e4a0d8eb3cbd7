"""`mcas doctor`, `prune`, `backup` and `restore` on a home of two real runs: what they say, what stays, what comes back."""

import json
import shutil
import sqlite3
import tarfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from filelock import FileLock

from mcas_assets.cli.app import app
from mcas_assets.core.errors import BadInput, StoreError, Unsound
from mcas_assets.declare.audit import load_audit
from mcas_assets.orchestration.instance import open_instance
from mcas_assets.orchestration.runs import run_audit
from mcas_assets.stages.workplace import Workplace
from mcas_assets.store.database import Store
from mcas_assets.store.publication import query
from mcas_assets.store.sqlite_files import history_files
from mcas_assets.systems.find import find_system

SMALLEST = Path(__file__).parents[1] / "data" / "smallest.yaml"
SEEDS = (1, 2)


def audit_with(seed: int):
    return load_audit(str(SMALLEST)).model_copy(update={"run_seed": seed})


def run(home: Path, seed: int):
    with open_instance(home) as instance:
        return run_audit(audit_with(seed), find_system("phantom-stereotyped", steps=1), Workplace(home=home), instance)


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which an audit ran, was changed and ran again."""
    home = tmp_path_factory.mktemp("used") / "home"
    for seed in SEEDS:
        run(home, seed)
    return home


@pytest.fixture
def home(used: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, as MCAS_HOME."""
    copy = Path(shutil.copytree(used, tmp_path / "home"))
    monkeypatch.setenv("MCAS_HOME", str(copy))
    return copy


@pytest.fixture
def mcas(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Runs a command in this process; returns what it printed."""

    def call(*words: str) -> str:
        app([*words], standalone_mode=False)
        return capsys.readouterr().out

    return call


def scores(home: Path) -> list[tuple]:
    return query(Store(home), "from scores order by all").rows()


def facts(home: Path) -> set[str]:
    with Store(home).open() as con:
        return {path for (path,) in con.execute("select path from image_facts").fetchall()}


# doctor ---------------------------------------------------------------------------------------------------------------


def test_a_sound_home_is_said_to_be_sound_with_its_sizes_packages_and_what_would_be_audited(home, mcas):
    said = mcas("doctor", "--deep")
    for part in ("store", "published copy", "images", "Dagster's history", "room", "packages", "keys", "to audit"):
        assert any(line.startswith(part) for line in said.splitlines()), part
    assert "20 images by size, 20 of them by digest" in said
    assert "688 images" in said
    assert said.splitlines()[-1].endswith("sound")


def test_a_home_that_is_not_there_is_looked_at_and_not_made(tmp_path, monkeypatch, mcas):
    monkeypatch.setenv("MCAS_HOME", str(tmp_path / "none"))
    assert "nothing was audited here" in mcas("doctor")
    assert not (tmp_path / "none").exists()


def test_a_key_is_said_to_be_there_or_not_and_never_its_value(home, mcas, tmp_path, monkeypatch):
    entry = {
        "kind": "openai",
        "model": "m",
        "width": 64,
        "height": 64,
        "quality": "low",
        "price": 0.05,
        "audits": ["phantom"],
    }
    (tmp_path / "systems.yaml").write_text(json.dumps({"systems": {"hosted": entry}}))
    from mcas_assets.views.doctor import findings

    def said() -> str:
        return str(list(findings(Workplace(home=home, system_file=tmp_path / "systems.yaml"))))

    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    assert "OPENAI_API_KEY is not set, for hosted" in said()
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret-value")
    assert "OPENAI_API_KEY is set, for hosted" in said()
    assert "secret-value" not in said()
    assert "34.40 USD at 0.05 an image" in said()


def damage(file: Path, offset: int = 0, length: int = 4096) -> None:
    with file.open("r+b") as content:
        content.seek(offset)
        content.write(b"\xa5" * length)


def delete_an_image(home: Path) -> None:
    next((home / "images").glob("[!.]*/*.png")).unlink()


def change_an_image(home: Path) -> None:
    damage(next((home / "images").glob("[!.]*/*.png")), offset=60, length=10)


UNSOUND = {
    "store": lambda home: damage(home / "store.duckdb"),
    "published copy": lambda home: damage(home / "published.duckdb"),
    "images": change_an_image,
    "images ": delete_an_image,
    "Dagster's history": lambda home: damage(home / "dagster" / "history" / "runs.db"),
    "Dagster's history ": lambda home: (home / "dagster" / "history" / "runs" / "index.db").unlink(),
    "store ": lambda home: (home / "store.duckdb").unlink(),
}
REMEDIES = {
    "store": [("repair", "--from-published")],
    "published copy": [],
    "images": [("repair",)],
    "images ": [("repair",)],
    "Dagster's history": [("repair", "--history")],
    "Dagster's history ": [("repair", "--history")],
    "store ": [("repair",)],
}


@pytest.mark.parametrize("part", UNSOUND)
def test_what_is_damaged_or_missing_is_unsound_and_its_remedy_mends_it(part, home, mcas, capsys):
    UNSOUND[part](home)
    with pytest.raises(Unsound, match=part.strip()):
        app(["doctor", "--deep"], standalone_mode=False)
    said = capsys.readouterr().out
    line = next(i for i, line in enumerate(said.splitlines()) if "UNSOUND" in line)
    assert said.splitlines()[line + 1].strip().startswith("-> ")
    for remedy in REMEDIES[part]:
        assert f"mcas {' '.join(remedy)}" in said
        mcas(*remedy)
    if part == "published copy":  # "Move it away; the next audit publishes anew"
        (home / "published.duckdb").rename(home / "moved-away")
        run(home, SEEDS[-1])
    assert mcas("doctor", "--deep").splitlines()[-1].endswith("sound")


# A damaged history ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["history/runs.db", "history/runs/index.db", "schedules/schedules.db"])
def test_a_damaged_history_is_one_sentence_whose_remedy_works(name, home, mcas, tmp_path, monkeypatch):
    damage(home / "dagster" / name, length=20_000)
    with pytest.raises(StoreError, match="mcas repair --history"):
        app(["audit", str(SMALLEST), "--steps", "1"], standalone_mode=False)
    assert "begins anew" in mcas("repair", "--history")
    app(["audit", str(SMALLEST), "--steps", "1", "--no-rows"], standalone_mode=False)


# backup and restore ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["copy", "copy.tar"])
def test_a_restored_home_is_up_to_date_and_its_scores_are_equal(name, home, mcas, tmp_path, monkeypatch):
    before = scores(home)
    mcas("backup", str(tmp_path / name))
    monkeypatch.setenv("MCAS_HOME", str(tmp_path / "restored"))
    mcas("restore", str(tmp_path / name))
    assert scores(tmp_path / "restored") == before
    assert run(tmp_path / "restored", SEEDS[-1]).is_current
    assert mcas("doctor", "--deep").splitlines()[-1].endswith("sound")
    assert not [path for path in tmp_path.iterdir() if path.name.endswith((".tmp", ".part"))]


def test_a_home_that_is_used_is_never_overwritten(home, mcas, tmp_path):
    mcas("backup", str(tmp_path / "copy.tar"))
    before = scores(home)
    with pytest.raises(StoreError, match="never overwritten"):
        mcas("restore", str(tmp_path / "copy.tar"))
    assert scores(home) == before


def test_a_backup_is_refused_while_a_run_is_under_way(home, mcas, tmp_path):
    with FileLock(home / "audit.lock"), pytest.raises(BadInput, match="another audit is running"):
        mcas("backup", str(tmp_path / "copy"))
    assert not (tmp_path / "copy").exists()


def test_a_backup_overwrites_nothing_and_lies_outside_of_the_home(home, mcas, tmp_path):
    (tmp_path / "there").mkdir()
    with pytest.raises(StoreError, match="there already"):
        mcas("backup", str(tmp_path / "there"))
    with pytest.raises(StoreError, match="within the home"):
        mcas("backup", str(home / "copy"))


def change_in_tar(archive: Path) -> None:
    data = archive.read_bytes()
    place = data.index(b"\x89PNG") + 60
    archive.write_bytes(data[:place] + b"\xa5\xa5\xa5" + data[place + 3 :])


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
        lambda path: path.write_bytes(b"no archive"),
        change_in_tar,
        lambda path: tarfile.open(path, "w").close(),
    ],
    ids=["cut", "no archive", "changed", "empty"],
)
def test_a_damaged_backup_is_refused_and_leaves_no_home(spoil, home, mcas, tmp_path, monkeypatch):
    mcas("backup", str(tmp_path / "copy.tar"))
    spoil(tmp_path / "copy.tar")
    monkeypatch.setenv("MCAS_HOME", str(tmp_path / "restored"))
    with pytest.raises(StoreError):
        mcas("restore", str(tmp_path / "copy.tar"))
    assert not (tmp_path / "restored").exists()


def test_a_result_that_came_out_the_same_of_other_images_counts_as_made_of_those(home):
    assert run(home, SEEDS[-1]).is_current


# prune ----------------------------------------------------------------------------------------------------------------


def test_without_yes_nothing_is_changed(home, mcas):
    before = {path: path.stat().st_mtime_ns for path in (home / "images").rglob("*.png")}
    said = mcas("prune")
    assert "10 images that only they used" in said
    assert "nothing was changed" in said
    assert {path: path.stat().st_mtime_ns for path in (home / "images").rglob("*.png")} == before


def test_what_a_kept_score_stands_on_stays_and_the_rest_goes(home, mcas):
    before = scores(home)
    (home / "images" / "ab").mkdir(exist_ok=True)
    (home / "images" / "ab" / "forgotten.png").write_bytes(b"of no row")
    said = mcas("prune", "--yes")
    assert "1 runs of Dagster" in said
    assert "->" in said
    assert scores(home) == before
    assert facts(home) == {str(path.relative_to(home)) for path in (home / "images").rglob("*.png")}
    assert len(facts(home)) == 10
    with open_instance(home) as instance:
        assert len(instance.get_runs()) == 1
    shards = [file for file in history_files(home / "dagster") if len(file.stem) == 36]
    assert len(shards) == 1
    assert run(home, SEEDS[-1]).is_current
    assert mcas("doctor", "--deep").splitlines()[-1].endswith("sound")


def test_what_was_paid_stays_though_its_image_goes(home, mcas):
    with Store(home).open() as con:
        con.execute(
            "insert into attempt_facts (image_id, system_version, attempt, outcome, cost_usd)"
            " select image_id, system_version, 1, 'ok', 0.05 from image_facts"
        )
    mcas("prune", "--yes")
    with Store(home).open() as con:
        assert con.execute("select count(*), sum(cost_usd) from attempt_facts").fetchall() == [(20, pytest.approx(1.0))]


def test_younger_versions_stay_where_days_are_given(home, mcas):
    assert "0 former versions, 0 images" in mcas("prune", "--days", "1", "--yes")
    assert len(facts(home)) == 20


def test_a_pruned_history_holds_no_results_of_checks_of_deleted_runs(home, mcas):
    index = home / "dagster" / "history" / "runs" / "index.db"

    def runs() -> int:
        with closing(sqlite3.connect(index)) as con:
            return con.execute("select count(distinct run_id) from asset_check_executions").fetchone()[0]

    assert runs() == 2
    mcas("prune", "--yes")
    assert runs() == 1
