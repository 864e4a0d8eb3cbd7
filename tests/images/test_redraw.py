"""Drawing stored images of the real phantom again: equal, nearly so, or different, and why."""

import json
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import yaml

from mcas_assets.core.errors import BadInput, StoreError
from mcas_assets.core.paths import DATA
from mcas_assets.core.progress import LogProgress
from mcas_assets.declare.audit import Audit
from mcas_assets.embedders.find import find_embedder
from mcas_assets.images import generate
from mcas_assets.images.distance import Distance, distance
from mcas_assets.images.redraw import compare, find_version, redraw
from mcas_assets.plan.requests import build_plan
from mcas_assets.store import facts, files
from mcas_assets.store.database import Store
from mcas_assets.systems.diffusers import Declaration, DiffusersSystem
from mcas_assets.systems.find import find_system
from mcas_assets.systems.protocol import Capabilities
from mcas_assets.views.redraw import lines, table


@pytest.fixture(scope="module")
def drawn(tiny: Audit, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with eighteen images of the phantom, two a batch, and their vectors by one embedder."""
    store, system = Store(tmp_path_factory.mktemp("drawn")), find_system("phantom-stereotyped")
    identity = system.identity()
    wanted = generate.requests(build_plan(tiny), identity.version, system.size()).head(18)
    generate.generate(store, wanted, system, identity.version, LogProgress(), "run")
    system.close()
    embedder = find_embedder("phantom-balanced")
    with store.open() as con:
        facts.register_system(con, identity.version, system.name, identity.document)
        facts.register_embedder(con, embedder.id, embedder.name, embedder.dim, embedder.identity())
        images = dict(con.execute("select sha256, path from image_facts").fetchall())
        vectors = embedder.embed_images([files.read_image(store.home, path, sha) for sha, path in images.items()])
        facts.append_vectors(con, embedder.id, "image", list(images), None, vectors)
    embedder.close()
    return store.home


@pytest.fixture
def store(drawn: Path, tmp_path: Path) -> Store:
    return Store(Path(shutil.copytree(drawn, tmp_path / "home")))


@pytest.fixture
def an_image(store: Store) -> str:
    """The second image of a batch."""
    with store.open() as con:
        return con.execute(
            "select image_id from image_facts where position % 2 = 1 and batch_size = 2 order by image_id limit 1"
        ).fetchall()[0][0]


@pytest.fixture
def change(store: Store, an_image: str) -> Callable[[str], None]:
    def write(assignment: str) -> None:
        with store.open() as con:
            con.execute(f"update image_facts set {assignment} where image_id = ?", [an_image])

    return write


def test_an_image_is_equal_in_its_batch_and_told_by_the_first_digits_of_its_id(store, an_image):
    found = redraw(store, an_image[:10])
    assert (found.verdict, found.is_same_file, found.together, found.note) == ("equal", True, 2, None)
    assert found.differences == []
    told = list(lines(found))
    assert told[1:] == ["drawn again in a batch of 2", "equal: the same file"]


def test_an_image_drawn_alone_is_within_tolerance_and_the_batch_is_named(store, an_image):
    found = redraw(store, an_image, alone=True)
    assert found.verdict in ("equal", "within tolerance")
    assert found.distance is not None
    assert found.distance.psnr >= 40
    assert [tuple(one) for one in found.differences] == [("drawn together", 2, 1)]


def test_that_no_seed_fixes_an_image_of_a_version_is_said(store, an_image):
    with store.open() as con:
        text = con.execute("select environment from image_facts where image_id = ?", [an_image]).fetchall()[0][0]
        told = json.dumps(json.loads(text) | {"tested": {"seed": "best_effort"}})
        con.execute("update image_facts set environment = ?", [told])
    assert redraw(store, an_image).note == "best effort: no seed fixes an image of this version"


def test_a_member_that_a_later_run_drew_still_tells_the_batch(store, an_image):
    """The other image of the batch failed at first, and was drawn by itself by the next run."""
    with store.open() as con:
        con.execute(
            "update image_facts set run_id = 'later', batch_size = 1 where image_id <> $1 and batch_id ="
            " (select batch_id from image_facts where image_id = $1)", [an_image],
        )  # fmt: skip
    assert redraw(store, an_image).verdict == "equal"


def test_a_batch_that_is_not_known_any_more_is_said_and_the_image_drawn_alone(store, an_image):
    with store.open() as con:
        con.execute(
            "delete from image_facts where image_id <> $1 and batch_id ="
            " (select batch_id from image_facts where image_id = $1)", [an_image],
        )  # fmt: skip
    found = redraw(store, an_image)
    assert (found.together, found.note) == (1, "of the 2 images of its batch, 1 are known")
    assert found.verdict != "different"


def test_another_picture_is_different_with_its_distances_and_the_changed_conditions(store, an_image, change):
    with store.open() as con:
        environment, other, path = con.execute(
            "select f.environment, o.sha256, o.path from image_facts f, image_facts o"
            " where f.image_id = ? and o.prompt <> f.prompt order by o.image_id limit 1", [an_image],
        ).fetchall()[0]  # fmt: skip
    before = json.loads(environment)
    before["packages"]["diffusers"], before["device"] = "0.1.0", "cuda"
    change(f"sha256 = '{other}', path = '{path}', environment = '{json.dumps(before)}'")
    found = redraw(store, an_image)
    assert found.verdict == "different"
    assert found.distance is not None
    assert found.distance.psnr < 40
    assert found.embedder == "phantom-balanced"
    assert found.distance.cosine is not None
    assert [(one.key, one.then) for one in found.differences] == [("device", "cuda"), ("packages.diffusers", "0.1.0")]
    row = table(found).row(0, named=True)
    assert (row["verdict"], row["largest_difference"]) == ("different", found.distance.largest)
    assert any(line.startswith("  device ") and line.endswith("cuda -> cpu") for line in lines(found))


@pytest.mark.parametrize(
    ("prefix", "problem"),
    [("", "the beginning of no stored"), ("zz", "the beginning of no stored"), ("several", "several images' ids")],
)
def test_what_is_no_beginning_of_one_id_is_refused(store, prefix, problem):
    with store.open() as con:
        ids = [image for (image,) in con.execute("select image_id from image_facts").fetchall()]
    shared = next(digit for digit in "0123456789abcdef" if sum(image.startswith(digit) for image in ids) > 1)
    with pytest.raises(BadInput, match=problem):
        redraw(store, shared if prefix == "several" else prefix)


def test_an_image_that_came_to_nothing_is_refused(store, an_image, change):
    change("outcome = 'refused_output', reason = 'withheld', sha256 = null, path = null")
    with pytest.raises(BadInput, match="its outcome is refused_output: withheld"):
        redraw(store, an_image)


def test_a_file_that_was_changed_is_refused(store, an_image):
    with store.open() as con:
        path = con.execute("select path from image_facts where image_id = ?", [an_image]).fetchall()[0][0]
    (store.home / path).write_bytes(b"other")
    with pytest.raises(StoreError, match="digest differs"):
        redraw(store, an_image)


def test_a_system_that_is_another_version_by_now_is_refused_with_both_and_what_changed(store, an_image, tmp_path):
    declared = yaml.safe_load((DATA / "systems.yaml").read_text())
    entry = declared["systems"]["phantom-stereotyped"]
    entry["path"], entry["truth"] = str(DATA / "phantom" / "fair"), ""
    (tmp_path / "systems.yaml").write_text(yaml.safe_dump(declared))
    with pytest.raises(BadInput, match=r"phantom-stereotyped@\w+: .* is phantom-stereotyped@\w+ by now.*weights: "):
        redraw(store, an_image, find=partial(find_system, path=tmp_path / "systems.yaml"))


def test_settings_given_to_the_audit_and_declared_nowhere_are_those_of_the_version():
    nine = find_system("phantom-stereotyped", steps=9).identity()
    assert find_version(nine.version, nine.document, None).identity() == nine


def test_an_imported_image_and_one_that_no_seed_fixes_are_refused():
    with pytest.raises(BadInput, match="was imported"):
        find_version("old-set@0123456789ab", {"kind": "import"}, None)

    class Hosted(DiffusersSystem):
        def capabilities(self) -> Capabilities:
            return Capabilities(seed="best_effort")

    entry = Declaration(kind="diffusers", path="nowhere")
    with pytest.raises(BadInput, match="no seed fixes an image of cloud"):
        find_version("cloud@0123456789ab", {"kind": "google"}, None, lambda name: Hosted(name, entry, Path()))


def test_documents_are_compared_leaf_by_leaf():
    then = {"steps": 8, "scheduler": {"config": {"beta": 1, "kind": "a"}}, "gone": None, "old": 1}
    now = {"steps": 9, "scheduler": {"config": {"beta": 1, "kind": "b"}}, "new": [1]}
    assert [tuple(one) for one in compare(then, now)] == [
        ("new", None, [1]), ("old", 1, None), ("scheduler.config.kind", "a", "b"), ("steps", 8, 9),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("largest", "psnr", "cosine", "verdict"),
    [
        (0, np.inf, None, "equal"), (1, 60.0, None, "within tolerance"), (1, 60.0, 0.9995, "within tolerance"),
        (1, 60.0, 0.99, "different"), (90, 39.9, 1.0, "different"),
    ],
)  # fmt: skip
def test_the_verdict_is_by_both_limits(largest, psnr, cosine, verdict):
    assert Distance(largest, 0.1, psnr, cosine).verdict == verdict


def test_distances_are_those_of_hand_made_pictures(tmp_path):
    import io

    from PIL import Image

    def png(pixels: np.ndarray) -> bytes:
        file = io.BytesIO()
        Image.fromarray(pixels.astype(np.uint8)).save(file, "PNG")
        return file.getvalue()

    first, second = np.full((4, 4, 3), 100), np.full((4, 4, 3), 100)
    second[0, 0] = (110, 100, 100)
    far = distance(png(first), png(second))
    assert far is not None
    assert (far.largest, far.differing) == (10, pytest.approx(1 / 48))
    assert far.psnr == pytest.approx(10 * np.log10(255**2 / (100 / 48)))
    assert distance(png(first), png(np.zeros((4, 5, 3)))) is None
    assert files.write_image(tmp_path, png(first), ".png")[0]


def test_the_command_tells_equal_from_different_by_its_exit_status(store, an_image, change, monkeypatch):
    from typer.testing import CliRunner

    from mcas_assets.cli.app import app

    monkeypatch.setenv("MCAS_HOME", str(store.home))
    equal = CliRunner().invoke(app, ["redraw", an_image[:12]])
    assert (equal.exit_code, "equal: the same file" in equal.output) == (0, True), equal.output
    change("seed = seed + 1")
    other = CliRunner().invoke(app, ["redraw", an_image, "--format", "json"])
    assert (other.exit_code, json.loads(other.stdout)[0]["verdict"]) == (3, "different"), other.output
