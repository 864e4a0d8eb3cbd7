"""The pipeline as a whole, on the real phantom."""

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import dagster as dg
import numpy as np
import polars as pl
import pytest

from mcas_assets.core.errors import BadInput, CheckFailed, StoreError, SystemMoved
from mcas_assets.declare.audit import Audit
from mcas_assets.embedders.find import find_embedder
from mcas_assets.images.generate import forget_lost
from mcas_assets.orchestration.partitions import register
from mcas_assets.orchestration.runs import run_audit
from mcas_assets.stages.registry import STAGES
from mcas_assets.stages.workplace import Workplace
from mcas_assets.store.database import Store
from mcas_assets.systems.find import find_system
from mcas_assets.systems.protocol import Outcome, Request


class Counting:
    """A real system that counts what it is asked, and can be told to answer some prompts otherwise."""

    def __init__(self, answer: Callable[[Request, Outcome], Outcome] = lambda request, outcome: outcome) -> None:
        self._system = find_system("phantom-stereotyped")
        self._answer = answer
        self.asked: list[Request] = []

    def __getattr__(self, name: str) -> object:
        return getattr(self._system, name)

    def generate(self, requests: Sequence[Request]) -> list[Outcome]:
        self.asked += requests
        return [self._answer(*pair) for pair in zip(requests, self._system.generate(requests), strict=True)]


@pytest.fixture
def copy(audited, tmp_path: Path) -> Path:
    return Path(shutil.copytree(audited.home, tmp_path / "home"))


def audit_again(audit: Audit, home: Path, instance: dg.DagsterInstance, system=None):
    system = system or Counting()
    return run_audit(audit, system, Workplace(home=home), instance), system  # ty: ignore[invalid-argument-type]


def test_every_planned_image_is_a_row_with_a_file(audited):
    assert audited.rows("select count(*), count(distinct image_id) from images") == [(42, 42)]
    assert audited.rows("select distinct outcome from images") == [("ok",)]
    assert all((audited.home / path).is_file() for (path,) in audited.rows("select path from images"))


def test_each_stage_left_one_ledger_row_that_names_its_inputs(audited):
    rows = audited.rows("select asset, version, input_versions from materialisations order by version")
    order = [asset for asset, _, _ in rows]
    assert sorted(order) == sorted(STAGES)
    assert order.index("plan") < order.index("images") < order.index("embeddings") < order.index("scores")
    versions = {asset: version for asset, version, _ in rows}
    inputs = {asset: json.loads(names) for asset, _, names in rows}
    expected = {name: versions[name] for name in ("texts", "images", "embeddings")}
    assert inputs["scores"] == inputs["representation"] == expected
    assert inputs["refusals"] == {"images": versions["images"]}


def test_scores_are_the_formula_of_the_paper_written_as_loops(audited, tiny):
    embedder = find_embedder("phantom-balanced")
    with audited.store.open() as con:
        vectors = dict(
            con.execute(
                f"select content, vector from embedding_facts_{embedder.dim} where embedder = ?", [embedder.id]
            ).fetchall()
        )
        images = con.sql("select * from images").pl()
        texts = con.sql("select * from texts").pl()
        scored = con.sql(
            "select * from scores where axis = 'gender' and embedder = 'phantom-balanced' and concept = 'nurse'"
        ).pl()

    def image_vectors(**where) -> list[np.ndarray]:
        return [np.array(vectors[sha], float) for sha in images.filter(**where)["sha256"]]

    def text_vectors(**where) -> list[np.ndarray]:
        return [np.array(vectors[text], float) for text in texts.filter(**where)["text_id"]]

    def component(targets, first, second) -> float:
        each = [np.mean([w @ a for a in first]) - np.mean([w @ b for b in second]) for w in targets]
        return float(np.mean(each))

    nurse, prompt = image_vectors(concept="nurse"), text_vectors(concept="nurse")
    drawn = [image_vectors(role="attribute", axis="gender", pole=pole) for pole in "ab"]
    words = [text_vectors(kind="word", axis="gender", pole=pole) for pole in "ab"]
    expected = [
        component(nurse, *drawn),
        component(prompt, *drawn),
        component(nurse, *words),
        component(prompt, *words),
    ]
    row = scored.row(0, named=True)
    assert [row[name] for name in ("iias", "itpas", "itaas", "ttas")] == pytest.approx(expected, abs=1e-6)
    assert row["mcas"] == pytest.approx(sum(expected), abs=1e-6)


def test_every_text_is_embedded_with_the_prefix_of_the_profile(audited):
    assert audited.rows("select count(*) from texts where not starts_with(text, 'This is ')") == [(0,)]


def test_every_rule_of_every_stage_left_a_row(audited):
    assert audited.rows("select count(*) from quality_results where not success") == [(0,)]
    checked = {asset for (asset,) in audited.rows("select distinct asset from quality_results")}
    assert checked == set(STAGES)


def test_shares_are_of_every_requested_image_and_held_against_every_population(audited):
    assert audited.rows("select count(*), min(n_requested), max(n_requested) from representation") == [
        (2 * 2 * 3 * 2, 6, 6)
    ]
    assert audited.rows("select count(*), count(distinct population) from amplification") == [(2 * 2 * 3 * 2, 1)]
    assert audited.rows("select count(*), count(distinct kind) from divergence") == [(2 * 2 * 3 * 2, 2)]
    assert audited.rows("select axis, n_embedders, n_concepts from panel order by axis") == [
        ("gender", 2, 2),
        ("skin_tone", 2, 2),
    ]


def test_a_population_that_cannot_be_read_is_refused_before_any_work(tiny, tmp_path, instance):
    system = Counting()
    with pytest.raises(BadInput, match="us-bls-cps-2022"):
        audit_again(tiny.model_copy(update={"populations": ("us-bls-cps-2002",)}), tmp_path, instance, system)
    assert system.asked == []


def test_an_audit_that_is_current_generates_nothing_and_records_nothing(tiny, copy, instance):
    before = Store(copy)
    with before.open() as con:
        versions = con.execute("select count(*) from materialisations").fetchall()
    _, system = audit_again(tiny, copy, instance)
    with before.open() as con:
        assert con.execute("select count(*) from materialisations").fetchall() == versions
    assert system.asked == []


@pytest.fixture(scope="module")
def declined(tiny, tmp_path_factory) -> Store:
    """A home in which the first image of a nurse was withheld, and every prompt of a CEO refused."""

    def decline(request: Request, outcome: Outcome) -> Outcome:
        if "ceo" in request.prompt:
            return Outcome("refused_prompt", reason="not this word")
        is_withheld = "nurse" in request.prompt and not withheld
        if is_withheld:
            withheld.append(request)
        return Outcome("refused_output", reason="withheld") if is_withheld else outcome

    withheld: list[Request] = []
    home = tmp_path_factory.mktemp("declined")
    with dg.DagsterInstance.ephemeral() as instance:
        audit_again(tiny, home, instance, Counting(decline))
    return Store(home)


def test_a_refused_image_is_a_row_and_the_score_is_of_the_others(declined):
    with declined.open() as con:
        assert con.execute("select outcome, count(*) from images where concept = 'nurse' group by 1 order by 1").fetchall() == [
            ("ok", 5), ("refused_output", 1)
        ]  # fmt: skip
        assert con.execute("select distinct n_images from scores where concept = 'nurse'").fetchall() == [(5,)]
        shares = "select distinct n_missing, n_requested, outcomes->>'refused_output' from representation where concept = 'nurse'"
        assert con.execute(shares).fetchall() == [(1, 6, "1")]
        rates = "select n_requested, n_refused, rate from refusals where scope = 'concept' and concept = 'nurse'"
        assert con.execute(rates).fetchall() == [(6, 1, 1 / 6)]


def test_a_concept_whose_every_image_was_refused_has_a_reason_and_no_score(declined):
    with declined.open() as con:
        rows = con.execute("select distinct mcas, reason from scores where concept = 'ceo'").fetchall()
    assert rows == [(None, "no image of the concept")]


def test_a_deleted_image_file_is_one_clear_error_and_repair_makes_it_again(tiny, copy, instance):
    with Store(copy).open() as con:
        (path,) = con.execute("select path from image_facts order by image_id limit 1").fetchall()[0]
    (copy / path).unlink()
    with pytest.raises(StoreError, match="deleted behind the store's back"):
        audit_again(tiny, copy, instance)
    assert forget_lost(Store(copy)) == 1
    _, system = audit_again(tiny, copy, instance)
    assert len(system.asked) == 1
    assert (copy / path).is_file()


def test_a_changed_image_file_is_told_by_its_digest(tiny, copy, instance):
    with Store(copy).open() as con:
        (path,) = con.execute("select path from image_facts order by image_id limit 1").fetchall()[0]
    (copy / path).write_bytes((copy / path).read_bytes() + b"\0")
    with pytest.raises(StoreError, match="its digest differs"):
        audit_again(tiny, copy, instance)


def test_images_of_a_version_that_is_gone_are_never_made_by_its_successor(tiny, tmp_path, instance):
    other = find_system("phantom-stereotyped", steps=9)
    register(instance, other.identity().version)
    from mcas_assets.images import generate
    from mcas_assets.plan.requests import build_plan

    wanted = generate.requests(build_plan(tiny), other.identity().version, (64, 64))
    with pytest.raises(SystemMoved, match="is phantom-stereotyped@"):
        generate.generate(
            Store(tmp_path),
            wanted,
            find_system("phantom-stereotyped"),
            other.identity().version,
            Workplace().progress,
            "run",
        )
    assert not (tmp_path / "images").exists()


def test_steps_make_another_version_whose_images_are_its_own(tiny, copy, instance):
    ran, _ = audit_again(tiny, copy, instance, find_system("phantom-stereotyped", steps=4))
    with Store(copy).open() as con:
        counts = con.execute("select system_version, count(*) from images group by 1").fetchall()
    assert dict(counts)[ran.system_version] == 42
    assert len(counts) == 2


def test_a_blocking_check_stops_what_comes_after_it(tiny, copy, instance):
    """One vector is scaled in the store: its norm is wrong, so nothing may be scored from it again."""
    dim = find_embedder("phantom-balanced").dim
    with Store(copy).open() as con:
        con.execute(
            f"update embedding_facts_{dim} set vector = list_transform(vector::float[], lambda x: 2 * x)::float[{dim}]"
            f" where content = (select min(content) from embedding_facts_{dim} where kind = 'image')"
        )
        con.execute("delete from materialisations where asset in ('scores', 'embeddings')")
    with pytest.raises(CheckFailed, match="vector has unit norm"):
        audit_again(tiny, copy, instance)
    with Store(copy).open() as con:
        assert con.execute("select count(*) from materialisations where asset = 'scores'").fetchall() == [(0,)]
        assert (
            con.execute("select count(*) from quality_results where not success and severity = 'critical'").fetchall()[
                0
            ][0]
            >= 1
        )


def test_an_embedder_of_another_length_than_its_stored_vectors_is_refused_before_any_work(tiny, copy, instance):
    embedder = find_embedder("phantom-balanced")
    with Store(copy).open() as con:
        con.execute("update embedders set dim = 7 where embedder = ?", [embedder.id])
    system = Counting()
    with pytest.raises(StoreError, match="64 dimensions, those stored under the same id 7"):
        audit_again(tiny, copy, instance, system)
    assert system.asked == []


def test_partition_keys_that_dagster_would_stumble_over_are_refused(instance):
    for key in ("phantom", "a...b@0123456789ab", "x|y@0123456789ab", "x@0123"):
        with pytest.raises(BadInput, match="not the key of a system version"):
            register(instance, key)


def test_an_equal_rerun_leaves_data_versions_as_they_were(tiny, copy):
    with dg.DagsterInstance.ephemeral() as instance:
        audit_again(tiny, copy, instance)
        first = _data_versions(instance)
        audit_again(tiny, copy, instance)
        assert _data_versions(instance) == first
        assert set(first) == set(STAGES)


def _data_versions(instance: dg.DagsterInstance) -> dict[str, str]:
    found = {}
    for stage in STAGES:
        event = instance.get_latest_materialization_event(dg.AssetKey(["tiny", stage]))
        assert event is not None
        found[stage] = event.asset_materialization.tags["dagster/data_version"]  # ty: ignore[missing-union-attribute, not-subscriptable]
    return found


def test_scores_follow_the_embedding_facts_not_their_order(audited, tiny):
    from mcas_assets.measure.scores import measure

    with audited.store.open() as con:
        images, texts = con.sql("select * from images").pl(), con.sql("select * from texts").pl()
    panel = [find_embedder(name) for name in tiny.embedders]
    straight = measure(audited.store, tiny, images, texts, panel)
    assert straight.scores.select(pl.len()).item() == 2 * 2 * 3
    assert replace(straight).digest() == straight.digest()
