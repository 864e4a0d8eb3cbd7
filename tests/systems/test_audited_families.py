"""Pipelines of every family that is made tiny, made from configs and saved, are audited through the front door like any system."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest
import torch

from mcas_assets.core.progress import LogProgress
from mcas_assets.declare.audit import Audit, load_audit
from mcas_assets.images import generate
from mcas_assets.orchestration.runs import Ran, run_audit
from mcas_assets.plan.requests import build_plan
from mcas_assets.stages.workplace import Workplace
from mcas_assets.store.database import Store
from mcas_assets.systems.find import find_system
from tests.systems.tiny.recipes import RECIPES

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

MINIMAL = Path(__file__).parents[1] / "data" / "minimal.yaml"
CHECKER = "safety_checker/model.safetensors"


@pytest.fixture(scope="module")
def minimal() -> Audit:
    return load_audit(MINIMAL)


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def shared() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


@dataclass(frozen=True)
class Audited:
    """A finished audit, and the tables of its system version."""

    ran: Ran
    store: Store

    def rows(self, table: str, *columns: str) -> list[tuple]:
        sql = (
            f"select {', '.join(columns)} from {table} where system_version = '{self.ran.system_version}' order by all"
        )
        with self.store.open() as con:
            return con.execute(sql).fetchall()


@pytest.fixture
def audit(minimal, home, shared, declare) -> Callable[..., Audited]:
    """Audits a pipeline folder: `audit(folder, steps=2, ...)`."""

    def run(folder: Path, **keys: object) -> Audited:
        said = {"steps": 2, "width": 16, "height": 16} | keys
        system = find_system("tiny", declare(path=str(folder), **said))
        workplace = Workplace(home=home, system=system)
        return Audited(run_audit(minimal, system, workplace, shared), Store(home))

    return run


# Stages after the images know nothing of families: one of them goes through all stages each time, the others in CI.
@pytest.mark.parametrize(
    "family", ["flux", *(pytest.param(name, marks=pytest.mark.long) for name in RECIPES if name != "flux")]
)
def test_a_family_is_audited(family, families, audit):
    recipe = RECIPES[family]
    said = {"width": recipe.side, "height": recipe.side, "arguments": dict(recipe.arguments)} | dict(recipe.keys)
    found = audit(families(family), **said)
    assert found.rows("images", "count(*)", "count(distinct sha256)") == [(9, 9)]
    side = recipe.side
    assert found.rows("images", "distinct outcome", "safety", "width", "height") == [("ok", recipe.safety, side, side)]
    ((identity,),) = found.rows("systems", "identity")
    assert (json.loads(identity)["pipeline"], json.loads(identity)["watermark"]) == (recipe.pipeline, False)
    assert found.rows("image_facts", "distinct batch_size") == [(2,), (3,)]
    assert [mcas is not None for (mcas,) in found.rows("scores", "mcas")] == [True, True]
    assert found.rows("refusals", "distinct rate") == [(0.0,)]


def test_a_system_that_blanks_everything_is_audited_to_the_end(pipeline, change, audit):
    """Stable Diffusion 1 with a checker that flags every image: no score, a reason for each, and a refusal rate of 1."""
    change(pipeline / CHECKER, "concept_embeds_weights", lambda value: torch.full_like(value, -2.0))
    found = audit(pipeline)
    assert found.rows("images", "distinct outcome", "safety", "path") == [("blanked", "flagged", None)]
    assert found.rows("refusals", "distinct rate", "n_lost") == [(1.0, 0)]
    assert found.rows("scores", "distinct mcas", "reason is null") == [(None, False)]


@pytest.mark.parametrize(("keys", "safety"), [({}, "clean"), ({"safety_checker": "none"}, "not_checked")])
def test_images_that_the_checker_passed_and_images_that_none_looked_at_are_told_apart(
    families, minimal, declare, tmp_path, keys, safety
):
    system = find_system("tiny", declare(path=str(families("sd1")), steps=2, **keys))
    store, version = Store(tmp_path / "home"), system.identity().version
    wanted = generate.requests(build_plan(minimal), version, system.size())
    generate.generate(store, wanted, system, version, LogProgress(), "run")
    table = generate.image_table(store, wanted, minimal.audit, version)
    assert table.select("outcome", "safety").unique().rows() == [("ok", safety)]
