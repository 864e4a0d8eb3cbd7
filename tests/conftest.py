"""What many tests share: one real audit of the phantom, run once a session on an ephemeral Dagster instance."""

from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from mcas_assets.audit import Audit, load_audit
from mcas_assets.orchestration.resources import Workplace
from mcas_assets.orchestration.running import Ran, run_audit
from mcas_assets.plan import build_plan
from mcas_assets.store import Store
from mcas_assets.systems import find_system

TINY = Path(__file__).parent / "data" / "tiny.yaml"


@pytest.fixture(scope="session")
def tiny() -> Audit:
    return load_audit(TINY)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


class Audited:
    """A home after one whole audit. Tests read it, and copy it before they change anything."""

    def __init__(self, home: Path, ran: Ran) -> None:
        self.home, self.ran = home, ran
        self.store = Store(home)

    def rows(self, sql: str) -> list[tuple]:
        with self.store.open() as con:
            return con.execute(sql).fetchall()


@pytest.fixture(scope="session")
def audited(tiny: Audit, tmp_path_factory: pytest.TempPathFactory) -> Audited:
    home = tmp_path_factory.mktemp("home")
    with dg.DagsterInstance.ephemeral() as instance:
        ran = run_audit(tiny, find_system("phantom-stereotyped"), Workplace(home=home), instance)
    return Audited(home, ran)


LETTERS = {"o": "ok", "p": "refused_prompt", "x": "refused_output", "b": "blanked", "t": "timeout", "e": "empty"}


@pytest.fixture(scope="session")
def pictures() -> Callable[..., pl.DataFrame]:
    """Makes rows of `images` of an audit: `pictures(audit, gender_b="pooooo", nurse="oot")`, a letter an outcome."""

    def make(audit: Audit, **outcomes: str) -> pl.DataFrame:
        rows = []
        for row in build_plan(audit).iter_rows(named=True):
            subject = f"{row['axis']}_{row['pole']}" if row["role"] == "attribute" else row["concept"]
            named = {key: row[key] for key in ("prompt_id", "prompt", "role", "axis", "pole", "category", "concept")}
            image = {"image_id": f"{row['prompt_id']}/{row['replicate']}", "system_version": "hosted@0123456789ab"}
            letters = outcomes.get(subject, "o" * (row["replicate"] + 1))
            rows.append(named | image | {"outcome": LETTERS[letters[row["replicate"]]]})
        return pl.DataFrame(rows, infer_schema_length=None)

    return make
