"""Texts that no encoder reads, calibration, and what is written or shown of results."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl

from mcas_assets.calibrate import gather
from mcas_assets.calibrate import run as calibration
from mcas_assets.core.paths import DATA
from mcas_assets.core.progress import LogProgress
from mcas_assets.declare.audit import load_audit
from mcas_assets.measure.reading import require_read
from mcas_assets.pages import freeze
from mcas_assets.pages.concept import Detail
from mcas_assets.pages.pictures import Pictures, kept_of
from mcas_assets.pages.reader import Reader
from mcas_assets.stages.workplace import Workplace
from mcas_assets.store.files import write_images
from mcas_assets.store.publication import query
from mcas_assets.store.reading import Published
from mcas_assets.systems.find import find_system
from mcas_assets.views.audit import Truth
from mcas_assets.views.policy import write_junit
from mcas_assets.views.review import write_markdown
from tests.remedies.asked import AUDIT, POLICY
from tests.remedies.conftest import SMALLEST
from tests.remedies.situations import Situation, Step, situation


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
