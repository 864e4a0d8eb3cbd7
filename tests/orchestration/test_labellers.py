"""An audit that names labellers of every kind: each is checked, kept and shown, and what it is made of makes stale what it told."""

import json
import shutil
from html import unescape
from pathlib import Path

import pytest

from mcas_assets.core.errors import BadInput
from mcas_assets.export.evidence import _about
from mcas_assets.export.tables import read
from mcas_assets.orchestration.runs import prepare, run_audit
from mcas_assets.pages import images as pages
from mcas_assets.pages.links import LiveLinks
from mcas_assets.pages.reader import Reader
from mcas_assets.pages.site import render
from mcas_assets.review.draw import draw_images
from mcas_assets.review.queue import Queue
from mcas_assets.stages.registry import current_versions
from mcas_assets.stages.workplace import Workplace
from mcas_assets.store.database import Store
from mcas_assets.store.publication import published_rows, query, questions
from mcas_assets.store.reading import Published
from mcas_assets.systems.find import find_system
from tests.labellers import tiny as models

NAMES = ("zero-shot", "pixels", "faces", "vlm", "people")
TABLES = (
    "representation",
    "confusion",
    "image_labels",
    "amplification",
    "mean_amplification",
    "divergence",
    "intersections",
)


@pytest.fixture
def declared(tmp_path: Path) -> Path:
    """Labellers of every local kind, beside the tiny models that they are of."""
    models.classifier(tmp_path / "classes", (0.0, 2.0, 0.0))
    models.detector(tmp_path / "persons")
    models.judge(tmp_path / "judge")
    plain = {"zero-shot": {"kind": "zero_shot"}, "pixels": {"kind": "pixels"}, "people": {"kind": "people"}}
    gender = {"man": ["Male"], "woman": ["Female"]}
    faces = {"kind": "classifier", "folder": "classes", "axes": {"gender": gender}, "detector": {"folder": "persons"}}
    vlm = {"kind": "judge", "folder": "judge", "evidence": 4, "confidence": 0.0}
    (tmp_path / "labellers.yaml").write_text(json.dumps({"labellers": plain | {"faces": faces, "vlm": vlm}}))
    return tmp_path / "labellers.yaml"


def made(store: Store) -> list[str]:
    with store.open() as con:
        return [name for (name,) in con.execute("select asset from materialisations order by version").fetchall()]


def test_every_labeller_has_its_rows_and_nothing_is_drawn_embedded_or_scored_anew(
    audited, tiny, tmp_path, instance, declared
):
    store, version = Store(Path(shutil.copytree(audited.home, tmp_path / "home"))), audited.ran.system_version
    workplace = Workplace(home=store.home, labeller_file=declared)
    audit, system, before = (
        tiny.model_copy(update={"labellers": NAMES}),
        find_system("phantom-stereotyped"),
        made(store),
    )
    for rater in ("ada", "ben"):
        queue = Queue(store, audit, draw_images(store, audit, version, 1000, None), "gender", rater)
        for shown in queue.shown:
            queue.answer(shown.place, int(shown.image_id[0], 16) % 2)
    assert not run_audit(audit, system, workplace, instance).is_current
    assert set(made(store)[len(before) :]) == {"representation", "fidelity", "review", "comparison"}
    told = {name: set(published_rows(store, name, audit.audit, version)["labels"]) for name in TABLES[:-1]}
    assert all(one == {"zero-shot", "faces", "vlm"} for one in told.values()), told
    by_default = published_rows(audited.store, "representation", tiny.audit, version)
    now = published_rows(store, "representation", audit.audit, version)
    columns = [name for name in now.columns if name != "version"]
    assert now.filter(now["labels"].is_in(["zero-shot", "pixels"])).select(columns).equals(by_default.select(columns))

    with store.open() as con:
        kept = con.execute(
            "select name, axis, count(*) from label_facts join labellers using (labeller) group by all"
        ).fetchall()
        n_images = con.execute("select count(distinct sha256) from image_facts where sha256 is not null").fetchall()[0]
    axes = [("faces", "gender"), *(("vlm", axis) for axis in audit.axes)]
    assert sorted(kept) == sorted((*one, *n_images) for one in axes)

    with store.open() as con:
        judged = "select image_id, evidence from label_facts join image_facts using (sha256) where evidence is not null limit 1"
        ((image, evidence),) = con.execute(judged).fetchall()
    reader = Reader(Published(store))
    links = LiveLinks(reader.at)
    assert evidence in unescape(render([pages.image(reader, links, audit.audit, version, image)], links))

    (faces, *vlms) = _about(reader, read(reader, audit.audit, version), with_images=False)["labeller_identities"]
    assert (faces["name"], faces["identity"]["kind"], {one["name"] for one in vlms}) == ("faces", "classifier", {"vlm"})

    own = published_rows(store, "people_shares", audit.audit, version).filter(labels="people")
    assert set(own["method"]) == {"as rated"}
    assert set(published_rows(store, "people_confusion", audit.audit, version)["labels"]) == {
        "zero-shot",
        "faces",
        "vlm",
    }
    text = questions()["do-the-labellers-agree"].read_text(encoding="utf-8")
    agree = query(store, text).filter(axis="gender")
    assert {"all 5", "faces", "vlm", "zero-shot"} == set(agree["labeller"])
    assert len(agree) == 5 * 4 / 2 + 1


def test_labellers_move_no_code_version_of_an_audit_that_names_none(tiny, declared):
    workplace = Workplace(labeller_file=declared)
    now = current_versions(tiny, Workplace().declared)
    assert current_versions(tiny, workplace.declared) == now
    named = current_versions(tiny.model_copy(update={"labellers": NAMES}), workplace.declared)
    assert {stage for stage in now if now[stage] != named[stage]} == {"representation", "comparison", "review"}
    models.classifier(declared.parent / "classes", (2.0, 0.0, 0.0))
    moved = current_versions(tiny.model_copy(update={"labellers": NAMES}), workplace.declared)
    assert {stage for stage in now if moved[stage] != named[stage]} == {"representation", "comparison"}


def test_a_labeller_that_cannot_be_used_stops_an_audit_before_anything_is_drawn(tiny, tmp_path, declared):
    shutil.rmtree(tmp_path / "persons")
    audit = tiny.model_copy(update={"labellers": NAMES})
    with pytest.raises(BadInput, match="Correct the folder of the detector of labeller faces"):
        prepare(audit, find_system("phantom-stereotyped"), Workplace(home=tmp_path / "home", labeller_file=declared))
