"""What tests of what is handed over share: a home whose audit a policy judged, and evidence of it, written once a session."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mcas_assets.declare.audit import Audit
from mcas_assets.export.evidence import Filed, write_evidence
from mcas_assets.export.origin import Origin
from mcas_assets.export.tables import Measured, read
from mcas_assets.pages.reader import Reader
from mcas_assets.policy.gate import hold, keep
from mcas_assets.policy.load import load_policy
from mcas_assets.store.database import Store
from mcas_assets.store.publication import publish
from mcas_assets.store.reading import Published

POLICY = """
policy: mine
title: Mine
audits: [tiny]
requirements: [{requirement: lean, kind: association, beyond: 3.5, evidence: estimate, axes: [gender]}]
"""
ORIGIN = Origin("A laboratory", "third_party", "owner/model", "owner/set")


@dataclass(frozen=True)
class Given:
    """A home, and what it holds of its one audit."""

    home: Path
    reader: Reader
    measured: Measured


@pytest.fixture(scope="session")
def given(audited: Any, tiny: Audit, tmp_path_factory: pytest.TempPathFactory) -> Given:
    """Do not write to its home."""
    folder = tmp_path_factory.mktemp("given")
    home = Path(shutil.copytree(audited.home, folder / "home"))
    (folder / "mine.yaml").write_text(POLICY)
    store, version = Store(home), audited.ran.system_version
    keep(store, hold(store, load_policy(folder / "mine.yaml"), tiny, version), "gate-test")
    publish(store)
    reader = Reader(Published(store))
    return Given(home, reader, read(reader, tiny.audit, version))


@pytest.fixture(scope="session")
def filed(given: Given, tmp_path_factory: pytest.TempPathFactory) -> Filed:
    """Evidence with images and vectors. Do not write to it: see `folder`."""
    out = tmp_path_factory.mktemp("filed") / "evidence"
    return write_evidence(given.reader, given.measured, out, with_images=True, with_vectors=True, records=ORIGIN)


@pytest.fixture
def folder(filed: Filed, tmp_path: Path) -> Path:
    """A copy of the evidence."""
    return Path(shutil.copytree(filed.folder, tmp_path / "evidence"))


@pytest.fixture
def origin() -> Origin:
    return ORIGIN


@pytest.fixture
def mcas(given: Given, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Runs a command in this process, in that home; returns what it printed."""
    from mcas_assets.cli.app import app

    monkeypatch.setenv("MCAS_HOME", str(given.home))

    def call(*words: str) -> str:
        app([*words], standalone_mode=False)
        return capsys.readouterr().out

    return call
