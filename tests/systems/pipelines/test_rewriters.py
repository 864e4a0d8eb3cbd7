"""Prompt rewriters inside pipelines: found, named, off unless asked for, and what they write kept with each image."""

from collections.abc import Callable

import pytest

from mcas_assets.compare.factors import identity_factors
from mcas_assets.core.errors import BadInput
from mcas_assets.systems.find import find_system
from mcas_assets.systems.pipelines import modular, rewriters, signatures
from mcas_assets.systems.pipelines.rewriters import KNOWN
from mcas_assets.systems.protocol import Request, System
from mcas_assets.systems.recombine import recombine
from mcas_assets.views.rewriting import rewriter_lines
from tests.systems.drawing import runner
from tests.systems.tiny.recipes import RECIPES


@pytest.fixture
def subject(families, declare) -> Callable[..., System]:
    def made(family: str, arguments: dict | None = None, **keys: object) -> System:
        recipe = RECIPES[family]
        said = {
            "steps": 2,
            "width": recipe.side,
            "height": recipe.side,
            "arguments": dict(recipe.arguments) | (arguments or {}),
        }
        return find_system("tiny", declare(path=str(families(family)), **said, **keys))

    return made


def asked(system: System, *seeds: int) -> list[Request]:
    return [Request("a nurse", seed, *system.size()) for seed in seeds]


@pytest.mark.parametrize(
    ("pipeline", "names"),
    [
        ("LongCatImagePipeline", ("enable_prompt_rewrite",)),
        ("ErnieImagePipeline", ("use_pe",)),
        ("SanaPipeline", ("complex_human_instruction",)),
        ("Ideogram4Pipeline", ()),
        ("Flux2Pipeline", ()),
        ("StableDiffusionPipeline", ()),
    ],
)
def test_those_that_are_on_by_default_are_found(pipeline, names):
    assert rewriters.shipped(pipeline) == names
    assert rewriters.suspects(pipeline) == ()


def test_every_known_one_is_an_argument_that_diffusers_has():
    for name in KNOWN.keys() - modular.REWRITING.keys():
        users = [pipeline for pipeline in
                 ("LongCatImagePipeline", "ErnieImagePipeline", "SanaPipeline", "Ideogram4Pipeline", "Flux2Pipeline")
                 if name in (signatures.parameters(pipeline) or {})]  # fmt: skip
        assert len(users) == 1, name
        assert rewriters.active(users[0], {name: 0.15}) == (name,)
        if method := KNOWN[name].method:
            assert signatures.method(users[0], method) is not None


def test_the_next_familys_is_reported_as_unknown(monkeypatch):
    taken = {"prompt": None, "use_magic_prompt": True, "enhance_steps": None, "guidance_scale": 3.0}
    monkeypatch.setattr(signatures, "parameters", lambda pipeline, name="__call__": taken)
    assert rewriters.suspects("NewPipeline") == ("use_magic_prompt",)
    (line,) = rewriter_lines({"pipeline": "NewPipeline"})
    assert "use_magic_prompt" in line
    assert "nothing is known" in line


@pytest.mark.parametrize("family", ["ernie", "longcat", "sana"])
def test_as_asked_is_the_default_and_as_shipped_is_another_version(subject, family):
    bare, plain, shipped = subject(family), subject(family, rewriter="as_asked"), subject(family, rewriter="as_shipped")
    assert bare.identity() == plain.identity()
    assert plain.identity().document["rewriter"] == "as_asked"
    assert shipped.identity().document == plain.identity().document | {"rewriter": "as_shipped"}
    (factor,) = identity_factors(plain.identity().document, shipped.identity().document)
    assert (factor.factor, factor.before, factor.after) == ("rewriter", "as_asked", "as_shipped")


def test_a_rewriter_that_draws_chance_writes_by_the_seed_of_its_image_and_its_text_is_kept(subject):
    system = subject("ernie", rewriter="as_shipped")
    first = system.generate(asked(system, 1, 2, 1))
    texts = [outcome.provider["revised_prompt"] for outcome in first]
    assert [outcome.provider["batch_size"] for outcome in first] == [1, 1, 1]
    assert texts[0] == texts[2] != texts[1], "one seed, one text"
    assert first[0].image == first[2].image != first[1].image
    assert system.capabilities().seed == "exact"
    again = system.generate(asked(system, 2, 1))
    assert [outcome.provider["revised_prompt"] for outcome in again] == [texts[1], texts[0]], "whatever came before it"
    system.close()


def test_as_asked_nothing_is_rewritten_and_images_are_drawn_together(subject):
    system = subject("ernie")
    outcomes = system.generate(asked(system, 1, 2))
    assert [outcome.provider["batch_size"] for outcome in outcomes] == [2, 2]
    assert all("revised_prompt" not in outcome.provider for outcome in outcomes)
    system.close()


def test_the_text_of_a_rewriter_that_is_no_part_of_the_output_is_heard(subject):
    system = subject("longcat", rewriter="as_shipped")
    system.environment()
    pipeline = runner(system)._pipeline
    pipeline.text_encoder.generation_config.max_length = None
    pipeline.tokenizer_max_length = 4  # so few tokens are written
    system.generate(asked(system, 1))
    written = system.generate(asked(system, 1))[0].provider["revised_prompt"]
    assert isinstance(written, str)
    assert written != "a nurse"
    system.close()


def test_an_instruction_before_the_prompt_is_kept_as_what_is_read(subject):
    system = subject("sana", rewriter="as_shipped", arguments={"complex_human_instruction": ["Enhance this:", ""]})
    assert system.identity().document["arguments"]["complex_human_instruction"] == ["Enhance this:", ""]
    outcomes = system.generate(asked(system, 1, 2))
    assert [outcome.provider["revised_prompt"] for outcome in outcomes] == ["Enhance this:\na nurse"] * 2
    assert outcomes[0].provider["batch_size"] == 2, "it draws no chance"


@pytest.mark.parametrize(
    ("family", "keys", "says"),
    [
        ("sd1", {"rewriter": "as_shipped"}, "rewrites no prompt by default"),
        ("ernie", {"arguments": {"use_pe": False}}, "Say it with rewriter: as_asked"),
        ("ernie", {"arguments": {"use_pe": True}}, "Say it with rewriter: as_asked or as_shipped"),
        ("sana", {"arguments": {"complex_human_instruction": ["x"]}}, "needs rewriter: as_shipped beside it"),
    ],
)
def test_what_contradicts_is_refused(subject, family, keys, says):
    with pytest.raises(BadInput, match=says):
        subject(family, **keys).identity()


def test_the_versions_between_two_are_made_of_one_with_the_rewriter_of_the_other(subject, tmp_path):
    plain, shipped = subject("ernie"), subject("ernie", rewriter="as_shipped")
    mixed = recombine("tiny", plain.identity().document, "replay", path=tmp_path / "systems.yaml")
    assert mixed.identity().document == plain.identity().document
    mixed = recombine("tiny", shipped.identity().document, "replay", path=tmp_path / "systems.yaml")
    assert mixed.identity().document == shipped.identity().document


def test_what_an_audit_says_of_it_first(subject):
    (asked_line,) = rewriter_lines(subject("ernie").identity().document)
    assert "ships with a prompt rewriter (use_pe)" in asked_line
    assert "rewriter: as_shipped" in asked_line
    (shipped_line,) = rewriter_lines(subject("ernie", rewriter="as_shipped").identity().document)
    assert "mcas sql what-was-rewritten" in shipped_line
    assert list(rewriter_lines(subject("sd1").identity().document)) == []
