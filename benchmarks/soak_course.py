"""What the soak test puts a daemon through: systems that move step after step, and how two homes compare when it is over."""

import shutil
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import dagster as dg
import duckdb
import yaml
from duckdb import DuckDBPyConnection

from mcas_assets.core.paths import DATA, ROOT
from mcas_assets.orchestration.instance import open_instance
from mcas_assets.orchestration.orphans import fail_orphaned_runs
from mcas_assets.store.database import Store, connect
from mcas_assets.systems.find import find_system

AUDIT = ROOT / "tests" / "data" / "smallest.yaml"
_WEIGHTS = ("stereotyped", "updated", "fair")
# Of runs, clocks and ledgers, not of what was measured.
_PASSING = {
    "version", "run_id", "created_at", "changed_at", "first_seen", "last_audited", "since", "last_looked", "last_seen", "number",
    "latency_ms", "input_versions", "packages", "git_commit", "git_dirty",
    "noted_at", "drawn_at", "kept_at", "stamp",
}  # fmt: skip
_UNDER_WAY = ("QUEUED", "NOT_STARTED", "STARTING", "STARTED", "CANCELING")


@dataclass
class Course:
    """The steps, one after the other: a system moves, or (every third step) one appears that is not there, or goes again.

    Attributes:
        folder: Holds the declarations that the daemon reads.
        step: The present step, from 0.
    """

    folder: Path
    step: int = 0
    expected: list[tuple[str, str]] = field(default_factory=list)

    def declare(self) -> None:
        """Declare the systems of the present step, and find what must be published of them."""
        (self.folder / "audits").mkdir(parents=True, exist_ok=True)
        shutil.copy(AUDIT, self.folder / "audits")
        moves, shown = self.step - (self.step + 1) // 3, (self.step + 1) // 3
        systems = {"moving": _entry(moves), "steady": _entry(moves // 4)}
        if shown % 2:
            systems["gone"] = _entry(0) | {"path": "not-there"}
        draft = self.folder / "systems.yaml.new"
        draft.write_text(yaml.safe_dump({"systems": systems}))
        draft.replace(self.folder / "systems.yaml")
        present = [name for name in systems if name != "gone"]
        self.expected = [(name, find_system(name, draft.with_suffix("")).identity().version) for name in present]
        if shown:
            self.expected.append(("gone", "unreachable" if shown % 2 else "undeclared"))

    def is_done(self, con: DuckDBPyConnection) -> bool:
        """Whether a published copy shows all that the present step asks for."""
        states = con.execute(
            "select system, state from system_states qualify number = max(number) over (partition by system)"
        ).fetchall()
        # The last stage of an audit: what a run that died has left may be published before its successor has done the rest.
        versions = con.execute("select distinct system, system_version from comparison_summary").fetchall()
        return set(self.expected) <= {*states, *versions}


def _entry(moves: int) -> dict:
    weights = DATA / "phantom" / _WEIGHTS[moves % len(_WEIGHTS)]
    return {
        "kind": "diffusers", "path": str(weights), "steps": 2, "guidance": 1.0 + moves // len(_WEIGHTS) / 100,
        "width": 64, "height": 64, "dtype": "float32", "audits": ["smallest"],
    }  # fmt: skip


def torn(con: DuckDBPyConnection) -> list[str]:
    """Where a store contradicts itself: a ledger row without its rows, rows without their ledger row, scores without images."""
    tables = [name for (name,) in con.execute("select table_name from duckdb_tables()").fetchall()]
    histories = [name for name in tables if name.endswith("_history")]
    counts = " union all ".join(f"select version, count(*) as n from {name} group by version" for name in histories)
    wrong = con.execute(
        f"with counted as (select version, sum(n) as n from ({counts}) group by version)"
        " select coalesce(m.version, c.version), n_rows, n from materialisations m full join counted c using (version)"
        " where n_rows is distinct from coalesce(n, 0)"
    ).fetchall()
    lost = con.execute(
        "select count(*) from images i anti join image_facts f using (image_id, sha256) where i.outcome = 'ok'"
    ).fetchall()
    said = [
        f"version {version}: {stated} rows in the ledger, {there} in its tables" for version, stated, there in wrong
    ]
    return said + ([f"{lost[0][0]} images of a table are no facts"] if lost[0][0] else [])


@dataclass
class Reader:
    """Someone who reads the published copy again and again."""

    store: Store
    reads: int = 0
    faults: Counter = field(default_factory=Counter)

    def shows(self, course: Course) -> bool:
        """Read once. Whether the present step is published."""
        if not self.store.published.exists():
            return False
        try:
            con = connect(self.store.published, read_only=True)
            try:
                self.reads += 1
                self.faults.update(torn(con))
                return course.is_done(con)
            finally:
                con.close()
        except duckdb.Error as error:
            self.faults[" ".join(str(error).split())[:200]] += 1
            return False


def stage(home: Path) -> str:
    """What a killed daemon was about, told by what it left."""
    with open_instance(home) as instance:
        under_way = instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus(name) for name in _UNDER_WAY]))
        started = [run for run in under_way if run.status == dg.DagsterRunStatus.STARTED]
        if not started:
            statuses = {run.status.value.lower() for run in under_way}
            for status in ("starting", "queued"):
                if status in statuses:
                    return f"run {status}"
            return "between runs"
        steps = [entry.step_key for entry in instance.all_logs(started[-1].run_id) if entry.step_key]
        if not steps:
            return "run started"
        step = steps[-1].removeprefix("smallest__")
        return "checks" if "check" in step else step


def differences(store: Store, other: Store) -> list[str]:
    """Where two homes hold other rows, passing things aside. Floats are compared bit for bit."""
    told = []
    with store.open() as left, other.open() as right:
        tables = [
            sorted(name for (name,) in con.execute("select table_name from duckdb_tables()").fetchall())
            for con in (left, right)
        ]
        if tables[0] != tables[1]:
            return [f"tables: {tables[0]} and {tables[1]}"]
        for table in tables[0]:
            if table in ("store_schema", "system_ranks_history"):
                continue
            rows = [_lasting(con, table) for con in (left, right)]
            if not rows[0].equals(rows[1]):
                told.append(f"{table}: {len(rows[0])} and {len(rows[1])} rows, not the same")
    with open_instance(store.home) as one, open_instance(other.home) as two:
        partitions = [set(instance.get_dynamic_partitions("system_version")) for instance in (one, two)]
        if partitions[0] != partitions[1]:
            told.append(f"partitions: {partitions[0] ^ partitions[1]} in one of the two only")
    return told


def _lasting(con: DuckDBPyConnection, table: str):
    columns = [name for (name,) in con.execute(f"select column_name from (describe {table})").fetchall()]
    kept = ", ".join(f'"{name}"' for name in columns if name not in _PASSING)
    # A check that was made again by the successor of a killed run is another row of the same result.
    distinct = "distinct" if table == "quality_results" else ""
    # A version ranks among those that were audited by then, and a killed run is taken up after others.
    lasting = "where asset <> 'ranks'" if "asset" in columns else ""
    return con.sql(f"select {distinct} {kept} from {table} {lasting} order by all").pl()


def doubled(home: Path) -> list[str]:
    """What was done twice."""
    with Store(home).open() as con:
        rows = con.execute(
            "select asset, partition, count(*) from materialisations"
            " group by asset, partition, audit, data_version having count(*) > 1"
        ).fetchall()
    told = [f"{asset} of {partition} is {n} times in the ledger" for asset, partition, n in rows]
    with open_instance(home) as instance:
        runs = instance.get_runs(dg.RunsFilter(job_name="audit_smallest", statuses=[dg.DagsterRunStatus.SUCCESS]))
        ended = Counter(run.tags["dagster/partition"] for run in runs)
        under_way = instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus(name) for name in _UNDER_WAY]))
    told += [f"{version} was audited {n} times to the end" for version, n in ended.items() if n > 1]
    return told + [f"run {run.run_id} is still {run.status.value.lower()}" for run in under_way]


def orphans(home: Path) -> list[str]:
    """Image files that no row names, and rows whose file is not there."""
    with Store(home).open() as con:
        named = {path for (path,) in con.execute("select path from image_facts where path is not null").fetchall()}
    files = {str(file.relative_to(home)) for file in (home / "images").glob("??/*")}
    return [f"{path} is named by no row" for path in sorted(files - named)] + [
        f"{path} is not there" for path in sorted(named - files)
    ]


def leftovers(home: Path) -> list[str]:
    """Drafts, logs and locks that a killed process left, and that nobody has cleared away."""
    with open_instance(home) as instance:
        fail_orphaned_runs(instance, home)  # as the next look would
    found = [*home.glob(".*"), *home.glob("*.wal"), *(home / "images" / ".tmp").glob("*"), *(home / "runs").glob("*")]
    return sorted(str(file.relative_to(home)) for file in found)
