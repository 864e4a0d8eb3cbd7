"""After a change, what is generated and embedded is counted: what the change asks for, and nothing else."""

import shutil
from collections.abc import Generator, Iterable, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from mcas_assets.core.paths import DATA, embedders_file, populations_folder
from mcas_assets.declare.audit import Audit, load_audit
from mcas_assets.embedders.find import find_embedder
from mcas_assets.embedders.protocol import Embedder
from mcas_assets.orchestration.runs import run_audit
from mcas_assets.stages.workplace import Workplace
from mcas_assets.store.database import Store
from mcas_assets.systems.find import find_system
from mcas_assets.systems.protocol import Outcome, Request, System

TINY = (Path(__file__).parents[1] / "data" / "tiny.yaml").read_text()


class Counted:
    """A run of an audit: what the system was asked for, which texts and how many images were embedded, by whom."""

    def __init__(self, audit: Audit, home: Path, instance, **places: Path) -> None:
        self.asked: list[str] = []
        self.texts: list[tuple[str, str]] = []
        self.images: list[str] = []
        self.loaded: list[str] = []
        run_audit(audit, self._system(), Workplace(home=home, find_embedder=self._embedder, **places), instance)  # ty: ignore[invalid-argument-type]

    def _system(self) -> System:
        system = find_system("phantom-stereotyped")
        generate = system.generate

        def counted(requests: Sequence[Request]) -> list[Outcome]:
            self.asked += [request.prompt for request in requests]
            return generate(requests)

        system.generate = counted  # ty: ignore[invalid-assignment]
        return system

    def _embedder(self, name: str, **words: Path) -> Embedder:
        embedder = find_embedder(name, **words)
        stream, texts, load = embedder.stream_images, embedder.embed_texts, embedder._load  # ty: ignore[unresolved-attribute, renamed-rule-in-ignore-comment]

        def stream_images(files: Iterable[bytes]) -> Generator[np.ndarray]:
            with closing(stream(files)) as found:
                for vectors in found:
                    self.images += [name] * len(vectors)
                    yield vectors

        def embed_texts(said: Sequence[str]) -> np.ndarray:
            self.texts += [(name, text) for text in said]
            return texts(said)

        def loading(*given: object) -> object:
            self.loaded.append(name)
            return load(*given)

        embedder.stream_images, embedder.embed_texts, embedder._load = stream_images, embed_texts, loading  # ty: ignore[invalid-assignment, missing-attribute]
        return embedder


def versions(home: Path) -> dict[str, list[int]]:
    """For each stage, the versions of it in the ledger."""
    with Store(home).open() as con:
        rows = con.execute("select asset, list(version order by version) from materialisations group by 1").fetchall()
    return dict(rows)


def table(home: Path, name: str) -> pl.DataFrame:
    with Store(home).open() as con:
        return con.sql(f"select * from {name}").pl()


@pytest.fixture
def home(audited, tmp_path: Path) -> Path:
    return Path(shutil.copytree(audited.home, tmp_path / "home"))


def declared(folder: Path, *changes: tuple[str, str]) -> Audit:
    text = TINY
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (folder / "tiny.yaml").write_text(text)
    return load_audit(folder / "tiny.yaml")


def test_one_more_concept_generates_and_embeds_its_own_images_and_prompt(home, tmp_path, instance):
    chef = "  - {concept: chef, category: occupations, phrase: a chef}\n"
    ran = Counted(declared(tmp_path, ("  - {concept: ceo", chef + "  - {concept: ceo")), home, instance)
    assert ran.asked == ["an image of a chef"] * 6
    assert sorted(ran.images) == ["phantom-balanced"] * 6 + ["phantom-biased"] * 6
    assert {text for _, text in ran.texts} == {"This is an image of a chef"}
    assert len(ran.texts) == 2


def test_a_new_embedder_generates_nothing_and_embeds_by_itself_alone(home, tmp_path, instance):
    file = tmp_path / "embedders.yaml"
    text = embedders_file().read_text().replace("phantom/clip", f"{DATA}/phantom/clip")
    file.write_text(text + f"  other: {{kind: open_clip, folder: {DATA}/phantom/clip-balanced}}\n")
    wider = declared(tmp_path, ("[phantom-balanced, phantom-biased]", "[phantom-balanced, phantom-biased, other]"))
    before = versions(home)
    ran = Counted(wider, home, instance, embedder_file=file)
    assert ran.asked == []
    assert set(ran.images) == {"other"}
    assert {name for name, _ in ran.texts} == {"other"}
    assert ran.loaded == ["other"]
    again = {stage for stage, found in versions(home).items() if found != before[stage]}
    assert again - {"comparison"} == {"embeddings", "scores", "representation", "ranks", "review", "fidelity"}


def test_another_population_rescores_shares_only(home, tmp_path, instance):
    folder = tmp_path / "populations"
    shutil.copytree(populations_folder(), folder)
    changed = folder / "parity.csv"
    head = "# title: Parity\n# source: a count\n# year: 2026\n# locale: here\n# axis: gender\nconcept,group,share\n"
    changed.write_text(head + "nurse,man,0.25\nnurse,woman,0.75\n")
    before, scores = versions(home), table(home, "scores")
    ran = Counted(declared(tmp_path), home, instance, population_folder=folder)
    assert (ran.asked, ran.images, ran.texts, ran.loaded) == ([], [], [], [])
    again = {stage for stage, found in versions(home).items() if found != before[stage]}
    assert again == {"representation", "review", "fidelity"}  # which reads its labels
    assert table(home, "scores").equals(scores, null_equal=True)
    nurse = table(home, "amplification").filter(axis="gender", concept="nurse", group_name="woman")
    assert nurse["reference"].unique().to_list() == [0.75]


def test_where_nothing_changed_nothing_is_generated_embedded_loaded_or_recorded(home, tmp_path, instance):
    before = versions(home)
    ran = Counted(declared(tmp_path), home, instance)
    assert (ran.asked, ran.images, ran.texts, ran.loaded) == ([], [], [], [])
    assert versions(home) == before
