"""What Dagster calls stale after an edit is what reads the edited part, and nothing else."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.data_version import CachingStaleStatusResolver, StaleStatus
from dagster._core.loader import LoadingContextForTest

from mcas_assets.core.paths import DATA, embedders_file, populations_folder
from mcas_assets.declare.audit import Audit, load_audit
from mcas_assets.definitions import build_definitions
from mcas_assets.orchestration.jobs import job_name
from mcas_assets.orchestration.records import key_of
from mcas_assets.orchestration.runs import run_audit
from mcas_assets.stages.registry import STAGES
from mcas_assets.stages.workplace import Workplace
from mcas_assets.systems.find import find_system

PLANNED = [stage.name for stage in STAGES.values() if stage.is_planned]
TINY = (Path(__file__).parents[1] / "data" / "tiny.yaml").read_text()
CHEF = "  - {concept: chef, category: occupations, phrase: a chef}\n"


class Place:
    """A home that was audited, on an instance, with declarations that may be edited."""

    def __init__(self, folder: Path, instance: dg.DagsterInstance) -> None:
        self.folder, self.instance = folder, instance
        self.audit_file, self.embedder_file = folder / "tiny.yaml", folder / "embedders.yaml"
        self.populations = folder / "populations"
        self.restore()
        self.workplace = Workplace(
            home=folder / "home", embedder_file=self.embedder_file, population_folder=self.populations
        )
        ran = run_audit(self.audit, find_system("phantom-stereotyped"), self.workplace, instance)
        self.version = ran.system_version

    def restore(self) -> None:
        self.audit_file.write_text(TINY.replace("[parity]", "[parity, phantom-planted]"))
        text = embedders_file().read_text()
        for clip in ("clip-balanced", "clip-biased"):
            shutil.copytree(DATA / "phantom" / clip, self.folder / clip, dirs_exist_ok=True)
            text = text.replace(f"phantom/{clip}", clip)
        self.embedder_file.write_text(text)
        shutil.copytree(populations_folder(), self.populations, dirs_exist_ok=True)

    @property
    def audit(self) -> Audit:
        return load_audit(self.audit_file)

    def definitions(self) -> dg.Definitions:
        return build_definitions([self.audit], self.workplace)

    def stale(self) -> set[str]:
        """The stages that Dagster calls stale, by the definitions as they are declared now."""
        graph = self.definitions().resolve_asset_graph()
        resolver = CachingStaleStatusResolver(self.instance, graph, LoadingContextForTest(self.instance))
        found = set()
        for key in (key for key in graph.get_all_asset_keys() if key.path[0] == "tiny"):
            partition = self.version if graph.get(key).is_partitioned else None
            status = resolver.get_status(key, partition)
            assert status != StaleStatus.MISSING, key
            if status == StaleStatus.STALE:
                found.add(key.path[-1])
        return found

    def run(self, *stages: str) -> None:
        job = self.definitions().resolve_job_def(job_name("tiny"))
        keys = [key_of("tiny", stage) for stage in stages]
        job.execute_in_process(instance=self.instance, partition_key=self.version, asset_selection=keys)


@pytest.fixture(scope="module")
def audited_place(audited, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("stale")
    shutil.copytree(audited.home, folder / "home")
    with dg.DagsterInstance.ephemeral() as instance:
        yield Place(folder, instance)


@pytest.fixture
def place(audited_place: Place) -> Place:
    audited_place.restore()
    assert audited_place.stale() == set()
    return audited_place


def edit(path: Path, *changes: tuple[str, str]) -> None:
    text = path.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text)


def test_words_for_people_make_nothing_stale(place):
    edit(place.audit_file, ("A small audit", "A tiny audit"), ("Two concepts, two axes", "Two axes"))
    edit(place.embedder_file, ("Phantom CLIP, balanced", "The balanced one"), ("Apache-2.0", "MIT"))
    edit(place.populations / "parity.csv", ("# title: ", "# title: The "))
    assert place.stale() == set()


def test_a_new_concept_makes_the_plan_stale_and_what_scores_it_and_then_what_depends_on_the_plan(place):
    edit(place.audit_file, ("  - {concept: ceo", CHEF + "  - {concept: ceo"))
    assert place.stale() == {
        "plan",
        "texts",
        "refusals",
        "scores",
        "representation",
        "review",
        "fidelity",
        "comparison",
    }
    place.run(*PLANNED)
    assert place.stale() >= {"images", "embeddings", "scores", "representation"}
    assert not place.stale() & set(PLANNED)
    place.restore()
    place.run(*PLANNED)
    assert place.stale() == set()


def test_another_attribute_word_makes_no_image_stale(place):
    edit(place.audit_file, ("words: [man,", "words: [gentleman, man,"))
    assert place.stale() == {"texts"}
    place.run("texts")
    assert place.stale() == {"embeddings", "scores", "representation", "fidelity", "comparison"}
    place.restore()
    place.run("texts")
    assert place.stale() == set()


def test_another_prompt_of_a_pole_is_drawn_and_is_a_text_that_labels(place):
    edit(place.audit_file, ("prompts: [an image of a man", "prompts: [an image of a farmer"))
    assert place.stale() == {"plan", "texts", "refusals"}


def test_a_new_embedder_makes_no_image_stale(place):
    edit(place.embedder_file, ("embedders:\n", "embedders:\n  other: {kind: open_clip, folder: clip-biased}\n"))
    edit(place.audit_file, ("[phantom-balanced, phantom-biased]", "[phantom-balanced, phantom-biased, other]"))
    assert place.stale() == {"embeddings", "scores", "representation", "fidelity", "comparison"}


def test_an_edited_entry_of_an_embedder_counts_where_the_audit_names_it(place):
    edit(place.embedder_file, ("folder: clip-biased", "folder: clip-balanced"))
    assert place.stale() == {"embeddings", "scores", "representation", "fidelity", "comparison"}
    place.restore()
    edit(
        place.embedder_file,
        ("model: ViT-H-14\n    tag: laion2b_s32b_b79k", "model: ViT-B-32\n    tag: laion2b_s34b_b79k"),
    )
    assert place.stale() == set()


def test_other_weights_in_the_folder_of_an_embedder_show_before_anything_is_run(place):
    weights = place.folder / "clip-biased" / "open_clip_model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-40_000:] = bytes(byte ^ 1 for byte in data[-40_000:])
    weights.write_bytes(data)
    assert place.stale() == {"embeddings", "scores", "representation", "fidelity", "comparison"}


def test_a_touched_folder_of_an_embedder_shows_nothing(place):
    for file in (place.folder / "clip-biased").iterdir():
        file.touch()
    (place.folder / "clip-biased" / "README.md").write_text("Other words.")
    assert place.stale() == set()


def test_a_changed_population_is_read_by_representation_alone(place):
    edit(place.populations / "phantom-planted.csv", ("# locale: ", "# locale: the other "))
    assert place.stale() == {"representation"}


def test_a_row_of_a_population_that_the_audit_does_not_ask_about_makes_nothing_stale(place):
    planted = place.populations / "phantom-planted.csv"
    kept = [line for line in planted.read_text().splitlines() if not line.startswith(("gender,florist", "florist"))]
    planted.write_text("\n".join(kept) + "\n")
    assert place.stale() == set()


def test_a_population_that_cannot_be_read_is_no_reason_to_offer_no_definitions(place):
    edit(place.populations / "phantom-planted.csv", ("# year", "# yaer"))
    assert place.stale() == {"representation"}


@pytest.mark.parametrize(
    ("setting", "stages"),
    [
        ("level: 0.9", {"refusals", "scores", "representation", "ranks", "review", "fidelity", "comparison"}),
        ("seed: 5", {"refusals", "scores", "representation", "review", "comparison"}),
        ("resamples: 100", {"scores", "comparison"}),
        ("permutations: 100", {"scores", "comparison"}),
        ("confidence: 0.7", {"scores", "representation", "comparison"}),
    ],
)
def test_a_setting_of_the_inference_is_read_by_what_infers(place, setting, stages):
    place.audit_file.write_text(place.audit_file.read_text() + f"inference: {{{setting}}}\n")
    assert place.stale() == stages


def test_a_setting_written_out_at_its_default_makes_nothing_stale(place):
    place.audit_file.write_text(place.audit_file.read_text() + "inference: {level: 0.95}\n")
    assert place.stale() == set()


def test_every_stage_says_what_it_reads():
    assert [stage.name for stage in STAGES.values() if stage.declares is None] == []
