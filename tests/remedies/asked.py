"""What is asked of commands: their options, the versions and images that they name, and what no longer is what it was."""

import json
import os
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl

from mcas_assets.calibrate import gather
from mcas_assets.calibrate import run as calibration
from mcas_assets.cli.app import app
from mcas_assets.cli.ask import typed
from mcas_assets.compare import attribution, versions
from mcas_assets.core.paths import DATA
from mcas_assets.core.progress import LogProgress
from mcas_assets.declare.audit import load_audit
from mcas_assets.images import generate
from mcas_assets.images.redraw import find_image, find_version, redraw
from mcas_assets.measure.reading import require_read
from mcas_assets.pages import freeze
from mcas_assets.pages.concept import Detail
from mcas_assets.pages.pictures import Pictures, kept_of
from mcas_assets.pages.reader import Reader
from mcas_assets.plan.requests import build_plan
from mcas_assets.stages.workplace import Workplace
from mcas_assets.store import sandbox
from mcas_assets.store.files import write_images
from mcas_assets.store.publication import query
from mcas_assets.store.reading import Published
from mcas_assets.systems.find import find_system
from mcas_assets.systems.pipelines.hub import look_up, snapshot
from mcas_assets.systems.pipelines.hub_weights import laid_out
from mcas_assets.views.audit import Truth
from mcas_assets.views.policy import write_junit
from mcas_assets.views.review import write_markdown
from tests.remedies.conftest import MODEL, SMALLEST
from tests.remedies.situations import Situation, Step, situation

AUDIT = str(SMALLEST)


def mcas(*words: str) -> None:
    app([*words], standalone_mode=False)


def command(words: str, wrong: list[str], right: list[str]) -> Situation:
    """A command in a home with two versions, and the same as the remedy says. `BEFORE` and `AFTER` stand for these."""

    def of_a_command(home, place: Path) -> Iterator[Step]:
        (place / "p.yaml").write_text(POLICY)
        known = {"BEFORE": home.before, "AFTER": home.after, "POLICY": str(place / "p.yaml")}

        def filled(given: list[str]) -> list[str]:
            return [known.get(word, word) for word in given]

        asked = filled(wrong)
        yield lambda: mcas(*asked), words
        asked[:] = filled(right)

    of_a_command.__name__ = f"mcas {wrong[0]}: {words}"
    return of_a_command


ONE = ["sql", "select 1 as x"]
POLICY = """
policy: p
title: P
audits: [smallest]
rules: [{rule: far, kind: association, beyond: 7.9, evidence: estimate}]
"""
GATE = ["gate", AUDIT, "--policy", "POLICY"]

COMMANDS_TABLE = [
    command("Files: ", ["sql", "who-leans-mst"], ["sql", "who-leans-most"]),
    command("Use one of table, csv", [*ONE, "--format", "xlsx"], [*ONE, "--format", "csv"]),
    command("Give a time above 0", [*ONE, "--seconds", "0"], [*ONE, "--seconds", "9"]),
    command("Give a time above 0", [*ONE, "--seconds", "nan"], [*ONE, "--seconds", "9"]),
    command("Give 16 to", [*ONE, "--memory", "1"], [*ONE, "--memory", "16"]),
    command("select ...", ["sql", "/* nothing */"], ONE),
    command("Ask one question at a time", ["sql", "select 1; select 2"], ONE),
    command("Only what reads is taken", ["sql", "drop table scores"], ["sql", "show tables"]),
    command('`mcas sql "show tables"` lists', ["sql", "from no_such_table"], ["sql", "show tables"]),
    command("column::varchar", ["sql", "select interval 1 year as span"], ["sql", "select (interval 1 year)::varchar as span"]),
    command("raise the limit with --seconds", ["sql", "select count(*) from range(1000000000) a, range(999) b", "--seconds", "0.1"],
            ["sql", "select count(*) from range(100) a, range(10) b", "--seconds", "60"]),
    command("raise the limit with --memory", ["sql", "select range, repeat('x', 100) as y from range(400000)", "--format", "csv",
                                              "--output", os.devnull, "--memory", "16"],
            ["sql", "select range, repeat('x', 100) as y from range(400000)", "--format", "csv", "--output", os.devnull]),
    command("or raise the limit with --memory", ["sql", "select count(distinct repeat(range::varchar, 99)) from range(900000)",
                                                 "--memory", "16"],
            ["sql", "select count(distinct repeat(range::varchar, 9)) from range(900)", "--memory", "2048"]),
    command("Give a change of MCAS above 0", ["plan", AUDIT, "--detect", "9"], ["plan", AUDIT, "--detect", "0.02"]),
    command("Use one of table, json", [*GATE, "--system", "AFTER", "--format", "xml"],
            [*GATE, "--system", "AFTER", "--format", "json"]),
    command("Known: ", [*GATE, "--system", "phantom-stereotyped@0123456789ab"], [*GATE, "--system", "AFTER"]),
    command("Name two", ["compare", "BEFORE", "BEFORE", "--audit", AUDIT], ["compare", "BEFORE", "AFTER", "--audit", AUDIT]),
    command("Name two", ["attribute", "AFTER", "AFTER", "--audit", AUDIT], ["attribute", "BEFORE", "AFTER", "--audit", AUDIT]),
    command("Compare without --images", ["compare", "BEFORE", "AFTER", "--audit", AUDIT, "--images", "2"],
            ["compare", "BEFORE", "AFTER", "--audit", AUDIT]),
]  # fmt: skip


@situation
def a_query_that_is_not_utf8() -> Iterator[Step]:
    asked = [os.fsdecode(b"select '\xe4'")]
    yield lambda: typed(asked[0]), "or ask without such signs"
    asked[0] = "select 'a'"


@situation
def an_answer_larger_than_its_limit(home) -> Iterator[Step]:
    limit = [16]
    text = "select range, repeat('x', 200) as y from range(200000)"
    yield lambda: query(home.store, text, limits=sandbox.Limits(60, limit[0])), "raise the limit with --memory"
    limit[0] = 2048


@situation
def a_home_without_a_history(place: Path, home, monkeypatch) -> Iterator[Step]:
    monkeypatch.setattr("mcas_assets.orchestration.webserver.serve", lambda *given: None)
    monkeypatch.setenv("MCAS_HOME", str(place / "empty"))
    yield lambda: mcas("ui", "--port", "0"), "Run an audit first: mcas audit"
    monkeypatch.setenv("MCAS_HOME", str(home.path))


@situation
def a_port_of_another_program(home, monkeypatch) -> Iterator[Step]:
    from mcas_assets.orchestration.webserver import listen

    with socket.create_server(("127.0.0.1", 0)) as other:
        port = [other.getsockname()[1]]
        yield lambda: listen("127.0.0.1", port[0]).close(), "Give another --port"
        port[0] = 0


@situation
def a_port_of_another_program_for_pages(home, monkeypatch) -> Iterator[Step]:
    import uvicorn

    from mcas_assets.servers.pages import serve

    monkeypatch.setattr(uvicorn.Server, "run", lambda *given, **keys: None)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = [other.getsockname()[1]]
        yield lambda: serve(home.store, port[0], lambda address: None), "Give another one, or 0"
        port[0] = 0


@situation
def a_home_that_is_not_there_to_back_up(place: Path, home, monkeypatch) -> Iterator[Step]:
    monkeypatch.setenv("MCAS_HOME", str(place / "none"))
    yield lambda: mcas("backup", str(place / "copy")), "Run an audit first: mcas audit."
    monkeypatch.setenv("MCAS_HOME", str(home.path))


@situation
def a_home_without_a_store_to_prune(place: Path, home, monkeypatch) -> Iterator[Step]:
    monkeypatch.setenv("MCAS_HOME", str(place / "none"))
    yield lambda: mcas("prune"), "Run an audit first: mcas audit."
    monkeypatch.setenv("MCAS_HOME", str(home.path))


# Watching -------------------------------------------------------------------------------------------------------------

ROW = {
    "p_value": None, "reference_p_value": None, "previous": None, "system_version": "s@1", "window_name": "w",
    "verdict": "first window", "n_images": 1, "n_refused": 0, "n_lost": 0, "n_requested": 1,
}  # fmt: skip


def declared_systems(place: Path, monkeypatch, folder: Path) -> None:
    """The one system that commands know; a window of it is not asked, as that is not what is tried here."""
    file = place / "systems.yaml"
    entry = {"kind": "diffusers", "path": str(folder), "width": 64, "height": 64, "canary": "hosted"}
    file.write_text(json.dumps({"systems": {"mine": entry}}))
    monkeypatch.setattr(Workplace, "system_file", file)
    init: Any = Workplace.__init__
    monkeypatch.setattr(Workplace, "__init__", lambda self, **keys: init(self, **({"system_file": file} | keys)))
    monkeypatch.setattr("mcas_assets.orchestration.canary.run_window", lambda *given: ROW)


@situation
def a_canary_of_a_system_misspelt(place: Path, monkeypatch) -> Iterator[Step]:
    declared_systems(place, monkeypatch, DATA / "phantom" / "fair")
    asked = ["mein"]
    yield lambda: mcas("canary", asked[0]), "Known: mine"
    asked[0] = "mine"


@situation
def a_canary_of_a_system_that_is_not_there(place: Path, monkeypatch) -> Iterator[Step]:
    declared_systems(place, monkeypatch, place / "model")
    yield lambda: mcas("canary", "mine"), "A window can be asked once it is available"
    shutil.copytree(DATA / "phantom" / "fair", place / "model")


class Reached(Exception):  # noqa: N818 - a sign, not an error
    """What was refused is gone on with."""


def reach(*given: object) -> None:
    raise Reached


@situation
def a_window_of_a_system_without_a_canary(place: Path, new_home: Path, instance, monkeypatch) -> Iterator[Step]:
    from types import SimpleNamespace

    from mcas_assets.orchestration import canary

    version = find_system("phantom-fair").identity().version
    file = place / "systems.yaml"
    entry = {
        "kind": "diffusers",
        "path": str(DATA / "phantom" / "fair"),
        "width": 64,
        "height": 64,
        "steps": 8,
        "guidance": 1.0,
    }
    file.write_text(json.dumps({"systems": {"phantom-fair": entry}}))
    workplace = Workplace(home=new_home, system_file=file)
    monkeypatch.setattr(canary, "note_all", reach)
    context: Any = SimpleNamespace(run=SimpleNamespace(run_id="r"))

    def take() -> None:
        with suppress(Reached):
            canary._take(context, workplace, version, "w")

    yield take, "Add canary: hosted to its entry"
    file.write_text(json.dumps({"systems": {"phantom-fair": entry | {"canary": "hosted"}}}))


@situation
def an_interval_that_is_none(monkeypatch) -> Iterator[Step]:
    from mcas_assets.orchestration.sensor import _interval

    monkeypatch.setenv("MCAS_WATCH_EVERY", "often")
    yield _interval, "Give the seconds between two looks, 1 or more"
    monkeypatch.setenv("MCAS_WATCH_EVERY", "60")


@situation
def a_partition_that_is_no_version(instance) -> Iterator[Step]:
    from mcas_assets.orchestration.partitions import register

    asked = ["phantom"]
    yield lambda: register(instance, asked[0]), "It must be name@ and 12 hex digits"
    asked[0] = "phantom@0123456789ab"


# Versions and images --------------------------------------------------------------------------------------------------


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
    entry = {
        "kind": "openai",
        "model": "m",
        "base_url": "http://127.0.0.1:9/v1",
        "width": 64,
        "height": 64,
        "quality": "low",
    }
    file, fair = systems(hosted=entry), find_system("phantom-fair").identity()
    asked: list[Any] = ["hosted@0123456789ab", {"kind": "openai"}]

    def find(name: str, **settings: Any) -> Any:
        return find_system(name, file, **settings) if name == "hosted" else find_system(name, **settings)

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


# Texts that no encoder reads, calibration, and what is written ----------------------------------------------------------


@situation
def a_text_that_an_encoder_cuts_off(place: Path) -> Iterator[Step]:
    file = place / "a.yaml"
    long = "an image of " + "a very " * 60 + "tall nurse"
    file.write_text(SMALLEST.read_text().replace("phrase: a nurse", f"prompts: ['{long}']"))
    yield lambda: read_by_all(file), "cut_texts: allow"
    file.write_text(file.read_text() + "cut_texts: allow\n")


@situation
def two_texts_that_are_one_to_an_encoder(place: Path) -> Iterator[Step]:
    file = place / "a.yaml"
    text = SMALLEST.read_text()
    file.write_text(text.replace("phrase: a ceo", "phrase: a  Nurse"))
    yield lambda: read_by_all(file), "Word them so that what sets them apart is read"
    file.write_text(text)


def read_by_all(file: Path) -> list[str]:
    audit = load_audit(str(file))
    return require_read(audit, find_system("phantom-fair"), Workplace().embedders(audit.embedders))


@situation
def a_calibration_without_a_known_axis() -> Iterator[Step]:
    asked = [load_audit("skin-tone")]
    yield lambda: gather.known_axes(asked[0]), "Calibrate with an audit like phantom, with "
    asked[0] = load_audit("phantom")


@situation
def a_calibration_without_its_concepts() -> Iterator[Step]:
    asked = [load_audit(AUDIT)]
    yield lambda: gather.known_axes(asked[0]), "Calibrate with an audit like phantom"
    asked[0] = load_audit("phantom")


@situation
def a_calibration_without_images(home) -> Iterator[Step]:
    images = [pl.DataFrame({"prompt": ["p"], "replicate": [0], "outcome": ["blank"], "sha256": [None]})]
    yield lambda: gather._complete(images[0], ["p"]), "Calibrate with a phantom: --system phantom-stereotyped"
    images[0] = query(home.store, "select 'p' as prompt, replicate, outcome, sha256 from images where outcome = 'ok'")


@situation
def a_calibration_of_pictures_of_another_size(home, sets) -> Iterator[Step]:
    drawn = query(home.store, "select distinct sha256, path from images")
    other = pl.DataFrame(write_images(home.path, [sets.picture(0)], ".png"), schema=["sha256", "path"], orient="row")
    contents = [other]
    read: Callable[[], object] = lambda: calibration._read_truth(home.store, contents[0], ["gender"], LogProgress())  # noqa: E731
    yield read, "Calibrate with a phantom: --system phantom-stereotyped"
    contents[0] = drawn


def report(home) -> tuple[Reader, list[freeze.Page]]:
    reader = Reader(Published(home.store))
    few = Detail(1, with_rows=False, with_poles=False)
    return reader, freeze.version_pages(reader, "smallest", home.after, few)[:1]


@situation
def a_report_where_something_is(place: Path, home) -> Iterator[Step]:
    (place / "out").mkdir()
    (place / "out" / "mine.txt").write_text("x")
    target = [place / "out"]
    yield lambda: freeze.write_folder(*report(home), target[0]), "Give --out a folder that is not there yet"
    target[0] = place / "new"


@situation
def a_report_onto_a_file_that_is_there(place: Path, home) -> Iterator[Step]:
    (place / "out.html").write_text("x")
    target = [place / "out.html"]
    yield lambda: freeze.write_file(*report(home), target[0]), "Give --out the name of a file that is not there yet"
    target[0] = place / "new.html"


@situation
def a_report_where_nobody_may_write(place: Path, home) -> Iterator[Step]:
    (place / "file").write_text("x")
    target = [place / "file" / "out.html"]
    yield lambda: freeze.write_file(*report(home), target[0]), "Give --out another place"
    target[0] = place / "new.html"


@situation
def a_verdict_where_nobody_may_write(place: Path, home) -> Iterator[Step]:
    (place / "file").write_text("x")
    (place / "p.yaml").write_text(POLICY)
    target = [place / "file" / "junit.xml"]
    yield lambda: write_junit(judged(place, home), target[0]), "Give --junit another place"
    target[0] = place / "junit.xml"


@situation
def a_review_where_nobody_may_write(place: Path, home) -> Iterator[Step]:
    (place / "file").write_text("x")
    (place / "p.yaml").write_text(POLICY)
    target = [place / "file" / "review.md"]
    yield lambda: write_markdown(judged(place, home), target[0]), "Give --markdown another place"
    target[0] = place / "review.md"


def judged(place: Path, home) -> Any:
    from mcas_assets.policy.gate import hold
    from mcas_assets.policy.load import load_policy
    from mcas_assets.stages.registry import current_versions

    audit = load_audit(AUDIT)
    current = current_versions(audit, Workplace(home=home.path).declared)
    return hold(home.store, load_policy(str(place / "p.yaml")), audit, home.after, current)


@situation
def a_picture_that_cannot_be_shown(home, sets) -> Iterator[Step]:
    pictures = Pictures(home.path)
    (wrong,) = write_images(home.path, [b"no picture"], ".png")
    (right,) = write_images(home.path, [sets.picture(0)], ".png")
    asked = [wrong]
    yield lambda: pictures._pixels(kept_of(*asked[0])), "The row of the image says what came of it"
    asked[0] = right


TRUTH = (DATA / "phantom" / "truth-fair.csv").read_text()


def truth(name: str, wrong: str, words: str) -> Situation:
    def of_a_truth(place: Path) -> Iterator[Step]:
        (place / "truth.csv").write_text(wrong)
        yield lambda: Truth.load(place / "truth.csv"), words
        (place / "truth.csv").write_text(TRUTH)

    of_a_truth.__name__ = f"truth: {name}"
    return of_a_truth


TRUTH_TABLE = [
    truth("no table", "", "Write it, or drop `truth` from the system"),
    truth("a column short", "\n".join(line.partition(",")[2] for line in TRUTH.splitlines() if not line.startswith("#")),
          "Its columns are"),
]  # fmt: skip


# The hub --------------------------------------------------------------------------------------------------------------

COMMIT = "0123456789" * 4


def repository() -> dict[str, bytes]:
    folder = DATA / "phantom" / "fair"
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@situation
def a_repository_that_cannot_be_had(hub) -> Iterator[Step]:
    yield lambda: snapshot("org/tiny", COMMIT, ["model_index.json"]), "Connect to the hub once to download it"
    hub.push(COMMIT, repository())


@situation
def a_name_of_no_repository(hub) -> Iterator[Step]:
    hub.push(COMMIT, repository())
    asked = ["org//tiny"]
    yield lambda: look_up(asked[0]), "Write it as organisation/name"
    asked[0] = "org/tiny"


def laying_out(state: Callable[[], Any]) -> Callable[[], None]:
    def lay() -> None:
        with laid_out(state()):
            pass

    return lay


@situation
def a_small_file_that_cannot_be_had(hub) -> Iterator[Step]:
    hub.push(COMMIT, repository())
    state = look_up("org/tiny")
    hub.instead = (403, {"X-Error-Code": "GatedRepo"}, b"{}")
    yield laying_out(lambda: state), "accept its terms and `hf auth login`"
    hub.instead = None


@situation
def a_repository_without_a_pipeline(hub, systems) -> Iterator[Step]:
    hub.push(COMMIT, {"README.md": b"words", "model_index.txt": b"x"})
    entry = {"kind": "diffusers", "repo": "org/tiny", "revision": COMMIT, "width": 64, "height": 64}
    file = systems(mine=entry)
    yield lambda: find_system("mine", file).identity(), "Name another repository"
    hub.push("1" * 40, repository())
    systems(mine=entry | {"revision": "1" * 40})


@situation
def a_repository_whose_weights_cannot_be_loaded(hub, systems) -> Iterator[Step]:
    unet = "unet/diffusion_pytorch_model.safetensors"
    files = repository()
    hub.push(COMMIT, {name: data for name, data in files.items() if name != unet} | {"unet/model.bin": b"x"})
    entry = {"kind": "diffusers", "repo": "org/tiny", "revision": COMMIT, "width": 64, "height": 64}
    file = systems(mine=entry)
    found: Any = find_system
    yield lambda: found("mine", file).upstream(), "declare it with allow_pickle: true"
    systems(mine=entry | {"allow_pickle": True})


# Hosted ---------------------------------------------------------------------------------------------------------------


@situation
def a_hosted_system_without_its_key(systems, monkeypatch) -> Iterator[Step]:
    entry = {
        "kind": "openai",
        "model": "m",
        "base_url": "http://127.0.0.1:9/v1",
        "width": 64,
        "height": 64,
        "quality": "low",
    }
    file = systems(hosted=entry)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    found: Any = find_system
    yield lambda: found("hosted", file)._ready(), "Set OPENAI_API_KEY; it is kept nowhere"
    monkeypatch.setenv("OPENAI_API_KEY", "sk-none")


@situation
def a_hosted_system_without_its_client(systems, monkeypatch) -> Iterator[Step]:
    entry = {
        "kind": "openai",
        "model": "m",
        "base_url": "http://127.0.0.1:9/v1",
        "width": 64,
        "height": 64,
        "quality": "low",
    }
    file = systems(hosted=entry)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-none")
    with monkeypatch.context() as patch:
        patch.setitem(__import__("sys").modules, "openai", None)
        found: Any = find_system
        yield lambda: found("hosted", file)._ready(), "Install the extra: uv sync --extra openai"
