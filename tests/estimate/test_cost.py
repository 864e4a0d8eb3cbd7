"""What an audit takes: images for a wanted change, time from the measured pace, and where the figures come from."""

import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from mcas_assets.declare.audit import load_audit
from mcas_assets.declare.limits import MOST_IMAGES
from mcas_assets.declare.parts import Spending
from mcas_assets.estimate.cost import Estimate, estimate, pairs_in_all, total_images, verdict_level
from mcas_assets.estimate.pilot import CORRELATION, OF_PHANTOM, Pace, spread_of
from mcas_assets.images.generate import requests
from mcas_assets.plan.requests import build_plan, build_texts
from mcas_assets.scoring.mcas.association import unit
from mcas_assets.scoring.mcas.vectors import AuditVectors
from mcas_assets.scoring.stats.power import Spread, change_error, minimum_detectable
from mcas_assets.store import facts
from mcas_assets.store.database import Store
from mcas_assets.systems.protocol import Capabilities, Outcome, SystemIdentity
from tests.known import known

TINY = Path(__file__).parents[1] / "data" / "tiny.yaml"
WIDTH = 16


class Named:
    """A system that is asked for its name and size, and for nothing else."""

    price: float | None = None

    def __init__(self, name="drawn"):
        self.name = name

    def identity(self) -> SystemIdentity:
        return SystemIdentity(self.name, {"name": self.name})

    def capabilities(self) -> Capabilities:
        return Capabilities(seed="exact")

    def size(self) -> tuple[int, int]:
        return (64, 64)

    def generate(self, requests: object) -> list[Outcome]:
        raise AssertionError("an estimate draws nothing")

    def environment(self) -> dict[str, str]:
        return {}

    def close(self) -> None: ...


VERSION = Named().identity().version


@pytest.fixture(scope="module")
def audit():
    """The small audit with four images of everything, so that its sizes can be counted by hand."""
    declared = load_audit(TINY)
    four = declared.images_per_prompt.model_copy(update={"concept": 4, "attribute": 4, "neutral": 4})
    return declared.model_copy(update={"images_per_prompt": four})


@pytest.fixture
def nothing(tmp_path):
    """A store that is not there."""
    return Store(tmp_path / "home")


@pytest.fixture
def store(new_home):
    return Store(new_home)


@pytest.fixture(scope="module")
def own_images(audit, blank_home, tmp_path_factory):
    """A store with images of the system itself and their vectors. An estimate changes nothing in it."""
    store = Store(Path(shutil.copytree(blank_home, tmp_path_factory.mktemp("own") / "home")))
    fill(store, audit, VERSION)
    return store


def estimated(audit, store, **options) -> Estimate:
    """What the audit takes of a system that draws."""
    result = estimate(audit, Named(), store, **options)
    assert isinstance(result, Estimate)
    return result


def fill(store, audit, version, *, latency=20.0, images=True, noise=0.1, alike=0.0):
    """Images of a version with vectors whose spread is known, as an audit would leave them."""
    g, own = np.random.default_rng(0), np.random.default_rng(1)
    wanted = requests(build_plan(audit), version, (64, 64)).unique("image_id", maintain_order=True)
    texts = build_texts(audit).unique("text_id", maintain_order=True)
    shas = [f"{version}{i}" for i in range(len(wanted))]
    rows = wanted.select("image_id", "prompt", "seed", "width", "height").with_columns(
        pl.lit(version).alias("system_version"), pl.lit("ok").alias("outcome"), pl.lit(latency).alias("latency_ms"),
        pl.Series("sha256", shas), pl.Series("path", shas),
    )  # fmt: skip
    with store.open() as con:
        facts.register_embedder(con, "e@1", audit.embedders[0], WIDTH, {"name": "e"})
        facts.append_images(con, rows)
        if images:
            shared, apart = (one.standard_normal((len(wanted), WIDTH)) for one in (g, own))
            made = np.eye(WIDTH)[0] + noise * (shared + alike * (apart - shared) if alike else shared)
            facts.append_vectors(con, "e@1", "image", shas, None, unit(made).astype(np.float32))
        text_vectors = unit(g.standard_normal((len(texts), WIDTH))).astype(np.float32)
        facts.append_vectors(con, "e@1", "text", texts["text_id"].to_list(), texts["text"].to_list(), text_vectors)


def test_without_stored_images_the_spread_is_assumed_and_the_time_unknown(audit, nothing):
    result = estimated(audit, nothing)
    assert "assumed" in result.line()
    assert "time unknown until a first batch was made" in result.line()
    assert not nothing.home.exists()


def test_the_pairs_named_reach_the_wanted_change_by_the_verdict_and_one_fewer_does_not(audit, nothing):
    """By an interval of level 1 - .05 / 2, since two concepts are judged together."""
    level = 0.975
    result = estimated(audit, nothing, detect=0.9)
    n = int(known(result.needs[0].images.value))
    assert minimum_detectable(change_error(OF_PHANTOM, n, 4), n - 1, level=level) <= 0.9
    assert minimum_detectable(change_error(OF_PHANTOM, n - 1, 4), n - 2, level=level) > 0.9
    assert known(result.wanted).images <= total_images(audit, n, 4)


def test_the_change_that_is_found_is_that_of_all_rounds(audit, nothing):
    """4 images, and 2 further ones a concept on average, which one of two concepts takes: 4 + 2 x 2."""
    assert pairs_in_all(audit) == 8
    found = minimum_detectable(change_error(OF_PHANTOM, 8, 4), 7, level=verdict_level(audit))
    assert estimated(audit, nothing).needs[0].detectable == pytest.approx(found)
    assert estimated(audit, nothing).pairs == 8
    one_round = audit.model_copy(update={"comparison": Spending(further=0)})
    assert estimated(one_round, nothing).further == 0
    assert estimated(one_round, nothing).needs[0].detectable > found


def test_pairs_that_correlate_are_counted(audit, nothing):
    found = estimated(audit, nothing)
    assert "pairs that correlate by 0.5 assumed" in found.pilot.source
    assert (found.concepts, found.pilot.correlation()) == (2, 0.5)


def test_two_stored_versions_say_how_their_pairs_correlate(audit, own_images):
    fill(own_images, audit, "drawn@bbbbbbbbbbbb", alike=0.3)
    result = estimated(audit, own_images)
    assert "paired with drawn@bbbbbbbbbbbb" in result.pilot.source
    assert result.pilot.correlation() > CORRELATION + 0.1
    with own_images.open() as con:
        con.execute("delete from image_facts where system_version = 'drawn@bbbbbbbbbbbb'")
    assert "assumed to correlate" in estimated(audit, own_images).pilot.source


def test_attribute_images_that_are_too_few_are_named_as_what_stands_in_the_way(audit, nothing):
    result = estimated(audit, nothing, detect=0.1)
    assert "4 attribute images per pole alone allow" in str(result.needs[0].images.reason)
    assert known(result.wanted).per_attribute > 4
    pairs = 2 * known(result.wanted).per_concept
    reached = change_error(OF_PHANTOM, pairs, known(result.wanted).per_attribute)
    assert minimum_detectable(reached, pairs - 1, level=verdict_level(audit)) <= 0.1
    assert estimated(audit, nothing, detect=1e-4).wanted is None


def test_by_default_the_change_that_the_audit_calls_important_is_asked_for(audit, nothing):
    assert estimated(audit, nothing).detect == audit.inference.detectable


def test_the_largest_audit_that_may_be_declared_is_planned_for_too(audit, nothing):
    most = dict.fromkeys(("concept", "attribute", "neutral"), MOST_IMAGES)
    large = audit.model_copy(update={"images_per_prompt": audit.images_per_prompt.model_copy(update=most)})
    assert estimated(large, nothing).declared == 7 * MOST_IMAGES


def test_spread_and_pace_come_from_this_systems_stored_images(audit, own_images):
    result = estimated(audit, own_images)
    assert f"28 stored images of {VERSION}" in result.line()
    assert "nothing to generate" in result.line()
    assert (result.declared, result.stored) == (28, 28)
    assert result.pace.milliseconds == 20.0


def test_an_older_version_of_the_system_serves_where_the_present_one_has_nothing(audit, store):
    fill(store, audit, "drawn@aaaaaaaaaaaa", latency=500.0)
    result = estimated(audit, store)
    assert "drawn@aaaaaaaaaaaa" in result.pilot.source
    assert "another system" not in result.pilot.source
    assert result.stored == 0
    assert "about 14 s at 500 ms an image" in result.line()


def test_another_systems_images_lend_their_spread_but_not_their_pace(audit, store):
    fill(store, audit, "other@aaaaaaaaaaaa")
    result = estimated(audit, store)
    assert "another system, other@aaaaaaaaaaaa" in result.pilot.source
    assert result.pace.milliseconds is None


def test_images_without_vectors_give_a_pace_but_no_spread(audit, store):
    fill(store, audit, VERSION, images=False)
    result = estimated(audit, store)
    assert "assumed" in result.pilot.source
    assert result.pace.milliseconds == 20.0


def test_more_spread_takes_more_images(audit, store, own_images):
    fill(store, audit, VERSION, noise=0.05)
    less, more = (estimated(audit, images).needs[0].detectable for images in (store, own_images))
    assert more > 1.5 * less


def test_a_price_is_counted():
    assert Pace(None, 0.04, "").of(1000) == "time unknown until a first batch was made, 40.00 USD at 0.04 an image"
    priced = Named()
    priced.price = 0.5
    result = estimate(load_audit(TINY), priced, Store(Path("nowhere")))
    assert isinstance(result, Estimate)
    assert result.pace.price == 0.5


def test_more_images_of_a_concept_are_spread_over_its_prompts(audit):
    assert total_images(audit, 4, 4) == 28  # 2 concepts x 4, 4 attribute prompts x 4, 1 neutral x 4
    assert total_images(audit, 10, 7) == 28 + 2 * 6 + 4 * 3
    two = audit.model_copy(update={"concepts": tuple(
        c.model_copy(update={"prompts": (*c.prompts, f"a photo of a {c.concept}")}) for c in audit.concepts
    )})  # fmt: skip
    assert total_images(two, 10, 4) == 20 + 2 * 2 * 5


def test_the_spread_is_that_which_was_planted():
    g = np.random.default_rng(1)
    n, d = 4000, 400  # many directions, so that lengths hardly vary
    base, towards = np.eye(d)[0], np.eye(d)[1]

    def images(sd):
        return unit(base + np.outer(sd * g.standard_normal(n), towards))

    words = np.stack([unit(np.atleast_2d(base + towards * s))[0] for s in (0.1, -0.1)])
    poles = [unit(base + s * towards + 0.0 * np.ones((n, 1))) for s in (0.1, -0.1)]
    spread = spread_of(AuditVectors(
        images=images(0.05), concept=np.zeros(n, np.int64), prompts=base[None], a_images=poles[0], b_images=poles[1],
        a_words=words[:1], b_words=words[1:],
    ))  # fmt: skip
    # Both directions are about 0.2 towards; an image moves by 0.05 along them.
    assert known(spread).image == pytest.approx(0.05 * 0.4, rel=0.05)
    assert known(spread).attribute == pytest.approx(0, abs=1e-9)


def test_too_few_images_have_no_spread():
    one = unit(np.ones((2, 4)))
    assert spread_of(AuditVectors(one, np.zeros(2, np.int64), one[:1], one, one, one, one)) is None


def test_the_spread_of_a_pilot_is_used_by_axis(audit, own_images):
    result = estimated(audit, own_images)
    assert set(result.pilot.spreads) == {"gender", "skin_tone"}
    assert all(isinstance(one, Spread) for one in result.pilot.spreads.values())
