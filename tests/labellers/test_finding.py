"""Labellers are found by name, those of other packages too, and an audit whose groups nobody would tell is refused."""

import importlib
import json

import pytest

from mcas_assets.core.errors import BadInput
from mcas_assets.declare import catalogue
from mcas_assets.declare.audit import Audit
from mcas_assets.labellers.find import beyond_default, find_labeller, labellers_of, load_labellers, looks
from mcas_assets.labellers.pixels import Pixels
from mcas_assets.labellers.zero_shot import ZeroShot
from mcas_assets.measure.labels import keys
from mcas_assets.stages.reads import Declared, labellers
from tests.measure.small import declared

OTHERS = """
from typing import Literal
from mcas_assets.declare.catalogue import Entry
from mcas_assets.labellers.protocol import Answer

class Declaration(Entry):
    kind: Literal["of_others"]
    says: str

class Labeller:
    def __init__(self, name, entry):
        self.name, self.entry = name, entry
    def tells(self, name, axis):
        return self.entry.says in [group.name for group in axis.groups]
    def identity(self):
        return {"says": self.entry.says}
    def require(self):
        pass
    def id_on(self, name, axis):
        return f"{self.name}@{self.entry.says}"
    def look(self, name, axis, files):
        return (Answer(self.entry.says) for _ in files)
    def close(self):
        pass

def build(name, entry, base, cache=None):
    return Labeller(name, entry)
"""


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """From entry points of labellers to an installation that has them, beside a module `of_others`."""

    def install(points: str) -> None:
        (tmp_path / "of_others.py").write_text(OTHERS)
        about = tmp_path / "of_others-1.dist-info"
        about.mkdir()
        (about / "METADATA").write_text("Metadata-Version: 2.1\nName: of-others\nVersion: 1\n")
        (about / "entry_points.txt").write_text(f"[mcas_assets.labellers]\n{points}\n")
        monkeypatch.syspath_prepend(tmp_path)
        catalogue.kinds.cache_clear()
        catalogue._given.cache_clear()

    yield install
    catalogue.kinds.cache_clear()
    catalogue._given.cache_clear()


def naming(*names: str, **axis: object) -> Audit:
    return declared(**axis).model_copy(update={"labellers": names})


def test_an_audit_that_names_none_is_told_by_its_embedders_and_by_pixels_where_groups_have_tones():
    found = labellers_of(declared())
    assert [type(one) for one in found] == [ZeroShot, Pixels]
    assert keys(declared(), found) == {"gender": [("zero-shot", "tiny")]}
    groups = [
        {"name": "man", "texts": ["a man"], "monk_tones": [1]},
        {"name": "woman", "texts": ["x"], "monk_tones": [9]},
    ]
    toned = declared(groups=groups)
    assert keys(toned, labellers_of(toned)) == {"gender": [("zero-shot", "tiny"), ("pixels", None)]}


def test_labellers_that_are_named_as_they_are_by_default_change_no_digest(declare):
    plain, named = declared(), naming("zero-shot", "pixels")
    assert "labellers" not in named.document()
    assert named.digest() == plain.digest() != naming("zero-shot").digest()
    assert Audit.of_document(json.dumps(plain.document())) == plain
    assert (labellers(plain, Declared()), beyond_default(labellers_of(plain))) == ([], [])


def test_what_a_labeller_is_declared_as_is_part_of_what_the_shares_follow_from(declare):
    both, found = naming("zero-shot", "mine"), []
    for confidence in (0.95, 0.9):
        path = declare(kind="zero_shot", confidence=confidence)
        found.append((labellers(both, Declared(labeller_file=path)), beyond_default(labellers_of(both, path))))
    assert [] not in found[0]
    assert all(one != other for one, other in zip(*found, strict=True))


def test_a_labeller_of_another_package_is_found_by_its_entry_point(installed, declare):
    installed("of_others = of_others")
    path = declare(kind="of_others", says="man")
    found = labellers_of(naming("mine"), path)
    assert keys(naming("mine"), found) == {"gender": [("mine", None)]}
    assert looks(naming("mine"), found) == ["labeller mine looks at each delivered image, on gender"]


def test_a_labeller_of_another_package_that_lacks_a_method_is_refused(installed, declare, monkeypatch):
    installed("of_others = of_others")
    monkeypatch.delattr(importlib.import_module("of_others").Labeller, "look")
    with pytest.raises(BadInput, match="which is of kind 'of_others', which lacks look"):
        labellers_of(naming("mine"), declare(kind="of_others", says="man"))


@pytest.mark.parametrize("points", ["of_others = not_there", "of_others = of_others:OTHERS", "of_others = json"])
def test_an_entry_point_that_leads_to_no_kind_is_told_and_stops_nothing_else(installed, declare, caplog, points):
    installed(points)
    path = declare(kind="of_others", says="man")
    assert set(load_labellers(path)) == {"zero-shot", "pixels", "people"}
    assert "kind of_others of mcas_assets.labellers is not there" in caplog.text
    with pytest.raises(BadInput, match="is 'of_others', which is no kind"):
        find_labeller("mine", path)


@pytest.mark.parametrize(
    ("keys_of", "names", "message"),
    [
        ({}, ("zero-shto",), "declares no labeller 'zero-shto'. Did you mean 'zero-shot'"),
        ({"kind": "zero_shot", "embedder": "other"}, ("zero-shot", "mine"), "whose embedder 'other' it does not name"),
        ({}, ("people",), "names no labeller that tells its axis 'gender' by itself"),
        ({}, ("pixels",), "names no labeller that tells its axis 'gender' by itself"),
        ({"kind": "zero_shot", "confidence": 1}, ("mine",), "confidence"),
    ],
)
def test_an_audit_whose_labellers_cannot_tell_it_is_refused_before_anything_is_drawn(declare, keys_of, names, message):
    with pytest.raises(BadInput, match=message):
        labellers_of(naming(*names), declare(**keys_of))
