"""The second stage of a comparison on the real phantom: which concepts get further images, and that a kill changes nothing."""

from pathlib import Path
from types import SimpleNamespace

import dagster as dg
import polars as pl
import pytest

from mcas_assets.compare import further
from mcas_assets.compare.further import Drawing, with_further
from mcas_assets.compare.pairing import Pairing
from mcas_assets.core.progress import LogProgress
from mcas_assets.declare.audit import load_audit
from mcas_assets.declare.parts import Spending
from mcas_assets.images import generate
from mcas_assets.orchestration.runs import run_audit, run_comparison
from mcas_assets.stages.workplace import Workplace
from mcas_assets.store.database import Store
from mcas_assets.systems.find import find_system
from mcas_assets.systems.hosted.budget import Past
from mcas_assets.systems.protocol import Capabilities, Outcome, SystemIdentity

FIRST, FURTHER = 12, 4
AUDIT = load_audit(Path(__file__).parents[1] / "data" / "moved.yaml")
AUDIT = AUDIT.with_images(FIRST).model_copy(update={"comparison": Spending(further=FURTHER)})
IDS = {"version", "run_id", "made_at"}


class KilledError(Exception):
    """What a kill between the draws of the two versions is here."""


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home with the first pairs of two versions, the comparison as killed between their further draws, and as resumed."""
    workplace = Workplace(home=tmp_path_factory.mktemp("home"))
    store = workplace.store
    with dg.DagsterInstance.ephemeral() as instance:
        systems = [find_system(name) for name in ("phantom-stereotyped", "phantom-updated")]
        versions = [run_audit(AUDIT, system, workplace, instance).system_version for system in systems]

        def compare() -> pl.DataFrame:
            return run_comparison(AUDIT, *versions, workplace, instance)[0]["comparisons"]

        draws, draw = [], generate.generate

        def dies(*args):
            draws.append(args[3])
            if len(draws) == 2:
                raise KilledError
            return draw(*args)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(generate, "generate", dies)
            with pytest.raises(KilledError):
                compare()
        between = images(store, versions)
        resumed = compare()
        yield SimpleNamespace(
            store=store, versions=versions, between=between, resumed=resumed, compare=compare, workplace=workplace,
            instance=instance, draws=draws,
        )  # fmt: skip


def images(store: Store, versions: list[str]) -> list[int]:
    with store.open() as con:
        counts = dict(con.execute("select system_version, count(*) from image_facts group by all").fetchall())
    return [counts[version] for version in versions]


@pytest.mark.long
def test_only_the_concept_that_the_first_pairs_point_to_gets_further_images(home):
    """There is one round for one of two concepts, which takes what there is for both."""
    rows = home.resumed.filter(pl.col("component") == "mcas", pl.col("category") != "neutral")
    pairs = dict(rows.select("concept", "n_pairs").iter_rows())
    assert pairs == {"golfer": FIRST + 2 * FURTHER, "secretary": FIRST}


@pytest.mark.long
def test_a_kill_between_the_draws_leaves_the_images_that_were_drawn_and_the_rest_follows(home):
    assert home.between == [home.between[1] + 2 * FURTHER, home.between[1]]
    now = images(home.store, home.versions)
    assert now == [home.between[0], home.between[0]]
    assert home.draws == home.versions


@pytest.mark.long
def test_a_run_that_was_never_killed_has_the_same_rows(home, tmp_path):
    whole = Workplace(home=tmp_path)
    for name in ("phantom-stereotyped", "phantom-updated"):
        run_audit(AUDIT, find_system(name), whole, home.instance)
    rows = run_comparison(AUDIT, *home.versions, whole, home.instance)[0]["comparisons"]
    told = [name for name in rows.columns if name not in IDS]
    assert rows.select(told).equals(home.resumed.select(told))
    assert home.compare().select(told).equals(rows.select(told))


@pytest.mark.parametrize(("given", "why"), [(True, "are given"), (False, "can no longer be drawn")])
def test_versions_that_cannot_be_drawn_get_one_stage_and_say_why(given, why, monkeypatch):
    monkeypatch.setattr(further, "is_given", lambda _: given)
    assert why in str(further._why_not(find_system("phantom-fair"), "phantom-stereotyped@000000000000"))


class Paid:
    """A system that is paid for by the image."""

    name, price = "paid", 0.04

    def allowance(self, past: Past, images: int) -> str:
        raise AssertionError("nothing is to be asked for")

    def recall(self, past: Past) -> None:
        raise AssertionError("nothing is to be asked for")

    def identity(self) -> SystemIdentity:
        return SystemIdentity(self.name, {"name": self.name})

    def capabilities(self) -> Capabilities:
        return Capabilities(seed="exact")

    def size(self) -> tuple[int, int]:
        return (64, 64)

    def generate(self, requests: object) -> list[Outcome]:
        raise AssertionError("nothing is to be drawn")

    def environment(self) -> dict[str, str]:
        return {}

    def close(self) -> None: ...


def test_a_system_that_is_paid_for_draws_nothing_further_and_the_note_says_so(new_home):
    version, nothing = Paid().identity().version, pl.DataFrame()
    first = Pairing(nothing, nothing, nothing, (nothing, nothing))
    drawing = Drawing(lambda _: Paid(), LogProgress(), "run")
    pairing, note = with_further(Store(new_home), AUDIT, (version, version), first, nothing, [], drawing)
    assert pairing is first
    assert note == "no further images: paid is paid for by the image"
