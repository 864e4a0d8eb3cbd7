"""Versions and images that commands name, and what no longer is what it was."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from mcas_assets.compare import attribution, versions
from mcas_assets.core.paths import DATA
from mcas_assets.core.progress import LogProgress
from mcas_assets.declare.audit import load_audit
from mcas_assets.images import generate
from mcas_assets.images.redraw import find_image, find_version, redraw
from mcas_assets.plan.requests import build_plan
from mcas_assets.store.publication import query
from mcas_assets.systems.find import find_system
from tests.remedies.asked import AUDIT
from tests.remedies.conftest import HOSTED, MODEL
from tests.remedies.situations import Step, situation


@situation
def a_version_that_two_begin_with(home) -> Iterator[Step]:
    asked = [f"{MODEL}@"]
    yield lambda: versions.resolve_version(home.store, load_audit(AUDIT), asked[0]), "Give more of it"
    asked[0] = home.before


@situation
def a_version_that_was_never_audited(home) -> Iterator[Step]:
    asked = ["phantom-fair"]
    yield (
        lambda: versions.resolve_version(home.store, load_audit(AUDIT), asked[0]),
        "mcas audit smallest --system phantom-fair",
    )
    asked[0] = MODEL


@situation
def a_comparison_with_what_was_never_audited(home) -> Iterator[Step]:
    asked = ["phantom-fair@0123456789ab"]
    yield (
        lambda: versions._sources(home.store, load_audit(AUDIT), asked[0]),
        "mcas audit smallest --system phantom-fair",
    )
    asked[0] = home.after


def parts(place: Path, document: dict[str, Any], source: Path) -> attribution.Version:
    return attribution.locate(find_system(MODEL).identity().version, document, source, None)


@situation
def weights_of_an_attribution_that_are_gone(place: Path) -> Iterator[Step]:
    here = find_system(MODEL).identity()
    there = attribution.locate(here.version, here.document, MODEL, None)
    gone = [attribution.locate(here.version, here.document, place / "gone", None)]
    chosen = {attribution.WEIGHTS: False, "steps": True}
    yield lambda: attribution._mixed(chosen, gone[0], there, place, None), "Say where they are with --before-from"
    gone[0] = attribution.locate(here.version, here.document, DATA / "phantom" / "stereotyped", None)


@situation
def a_scheduler_of_an_attribution_that_is_gone(place: Path) -> Iterator[Step]:
    here = find_system(MODEL).identity()
    there = attribution.locate(here.version, here.document, MODEL, None)
    gone = [attribution.locate(here.version, here.document, place / "gone", None)]
    chosen = {attribution.WEIGHTS: True, attribution.SCHEDULER: False}
    yield lambda: attribution._mixed(chosen, gone[0], there, place, None), "Say where it is with --before-from"
    gone[0] = attribution.locate(here.version, here.document, DATA / "phantom" / "stereotyped", None)


@situation
def images_missing_of_a_version_that_moved(new_home: Path) -> Iterator[Step]:
    from mcas_assets.store.database import Store

    audit, asked = load_audit(AUDIT), [f"{MODEL}@0123456789ab"]
    system = find_system(MODEL, steps=1)

    def draw() -> None:
        wanted = generate.requests(build_plan(audit), asked[0], system.size()).head(1)
        generate.generate(Store(new_home), wanted, system, asked[0], LogProgress(), "run")

    yield draw, f"Audit what it is now (mcas audit --system {MODEL})"
    asked[0] = system.identity().version


@situation
def no_store_to_draw_again_from(place: Path, home) -> Iterator[Step]:
    from mcas_assets.store.database import Store

    asked = [Store(place / "none")]
    known = query(home.store, "select image_id from images").item(0, 0)
    yield lambda: redraw(asked[0], known, find=one_step), "Run an audit first: mcas audit"
    asked[0] = home.store


def one_step(name: str, **settings: Any) -> Any:
    given: dict[str, Any] = {"steps": 1} | settings
    return find_system(name, **given)


def finding(home, wrong: str, right: str, words: str) -> Iterator[Step]:
    asked = [wrong]

    def find() -> None:
        with home.store.open() as con:
            find_image(con, asked[0])

    yield find, words
    asked[0] = right


@situation
def an_image_that_there_is_not(home) -> Iterator[Step]:
    known = query(home.store, "select image_id from images").item(0, 0)
    yield from finding(home, "zz", known, 'Look it up: mcas sql "select image_id, prompt, outcome from images"')


@situation
def an_image_that_several_begin_with(home) -> Iterator[Step]:
    known = query(home.store, "select image_id from images").to_series().sort().to_list()
    first = next(a for a, b in pairwise(known) if a[0] == b[0])
    yield from finding(home, first[0], first, "Give more digits")


@situation
def an_image_that_came_to_nothing(home) -> Iterator[Step]:
    lost, kept = query(home.store, "select image_id from images order by 1").to_series().to_list()[:2]
    with home.store.open() as con:
        con.execute("update image_facts set outcome = 'failed', sha256 = null, path = null where image_id = ?", [lost])
    yield from finding(home, lost, kept, "Give an image whose outcome is ok")


@situation
def an_image_of_a_set(place: Path, sets) -> Iterator[Step]:
    fair = find_system("phantom-fair").identity()
    asked: list[Any] = ["mine@0123456789ab", {"kind": "import"}]
    yield lambda: find_version(asked[0], asked[1], None), "Redraw images of a system of kind diffusers"
    asked[:] = [fair.version, fair.document]


@situation
def an_image_that_no_seed_fixes(systems) -> Iterator[Step]:
    file, shipped = systems(hosted=HOSTED), DATA / "systems.yaml"
    fair = find_system("phantom-fair", shipped).identity()
    asked: list[Any] = ["hosted@0123456789ab", {"kind": "openai"}]

    def find(name: str, **settings: Any) -> Any:
        return find_system(name, file if name == "hosted" else shipped, **settings)

    yield lambda: find_version(asked[0], asked[1], None, find), "Redraw images of a system of kind diffusers"
    asked[:] = [fair.version, fair.document]


@situation
def an_image_of_a_version_that_moved() -> Iterator[Step]:
    fair = find_system("phantom-fair").identity()
    named = [None]
    yield (
        lambda: (
            find_version(fair.version.replace("fair", "updated"), fair.document, named[0])
            if named[0] is None
            else (find_version(fair.version, fair.document, named[0]))
        ),
        "or name the system with --system",
    )
    named[0] = "phantom-fair"
