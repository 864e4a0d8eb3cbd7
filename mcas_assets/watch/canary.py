"""The canary: a few fixed prompts, asked of a system window after window, to see whether it still answers as it did.

For systems that may move behind their name, where no file shows it. What is found is said of the behaviour ("behaviour
changed"), never of the model: a provider may also have changed a filter, a rewriter of prompts or its own defaults.
Every window asks anew, with the prompts and seeds of the windows before; a refusal is an answer like an image.
"""

import hashlib
import json
import math
from pathlib import Path
from typing import Annotated, Any, Final, Literal, get_args

import numpy as np
import polars as pl
from pydantic import AfterValidator, Field

from mcas_assets.core.errors import BadInput
from mcas_assets.core.outcomes import REFUSED
from mcas_assets.core.paths import canaries_folder
from mcas_assets.core.progress import Progress
from mcas_assets.declare.documents import Slug, Text, load_document, named_files
from mcas_assets.declare.limits import Batch, Images
from mcas_assets.declare.mistakes import did_you_mean, fault
from mcas_assets.declare.parts import Part, Seed
from mcas_assets.embedders.protocol import Embedder
from mcas_assets.images import generate
from mcas_assets.measure import embeddings as embed
from mcas_assets.plan.requests import prompt_id
from mcas_assets.scoring.stats.energy import EnergyTest, energy_test
from mcas_assets.scoring.stats.spending import spent
from mcas_assets.store import facts
from mcas_assets.store.database import Store
from mcas_assets.systems.protocol import System

Verdict = Literal["behaviour changed", "not shown", "first window"]
CHANGED: Final = "behaviour changed"
NOT_SHOWN: Final = "not shown"
FIRST: Final = "first window"
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
_PROMISING = 10  # draws as extreme as observed, up to which more draws could show a change


def _distinct(prompts: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(prompts)) < len(prompts):
        raise fault("gives a prompt twice", "Keep one of the two")
    return prompts


class Canary(Part):
    """What is asked, how often, by which instrument it is read, and how often it may cry without cause.

    Attributes:
        canary: Its name: that of its file.
        title: One line for people.
        images_per_prompt: Images that are asked of each prompt in a window.
        run_seed: What the seeds are derived from; those of every window are the same.
        batch_size: Images that are asked for together.
        embedder: The instrument that reads the answers, by its name in `data/embedders.yaml`.
        alpha: The chance of any false alarm over the whole watch of a system.
        permutations: Least draws of the test of two windows; more are made where so few could not show a change.
        prompts: What is asked.
    """

    canary: Slug
    title: Text
    images_per_prompt: Images
    run_seed: Seed
    batch_size: Batch = 8
    embedder: Slug
    alpha: Annotated[float, Field(strict=True, gt=0, lt=0.5)] = 0.05
    permutations: Annotated[int, Field(strict=True, ge=99)] = 4999
    prompts: Annotated[tuple[Text, ...], Field(min_length=2), AfterValidator(_distinct)]

    def digest(self) -> str:
        """64 hex digits of what decides the answers and how they are read: windows are comparable where it is equal."""
        asked = self.model_dump(mode="json", include={"prompts", "images_per_prompt", "run_seed", "embedder"})
        return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def list_canaries(folder: Path | None = None) -> dict[str, Path]:
    """The declared canaries by name, in order of name. Nothing is read, so a broken file is listed too."""
    return named_files(folder or canaries_folder())


def load_canary(name: str, folder: Path | None = None) -> Canary:
    """Read and check a canary of `data/canaries`.

    Raises:
        BadInput: There is none of this name, or it cannot be read; every mistake in it is listed.
    """
    known = list_canaries(folder)
    if name not in known:
        raise BadInput(f"canary {name!r}", "does not exist", did_you_mean(name, known))
    return load_document(known[name], Canary, lambda raw: ())


def requests(canary: Canary, system_version: str, window: str, size: tuple[int, int]) -> pl.DataFrame:
    """The images of a window: prompt_id, prompt, replicate, seed, batch_id, position, image_id, width, height (pixels).

    The ids name the window, so that none is taken for the image of another, though prompt and seed are equal.
    """
    rows = []
    for prompt in canary.prompts:
        for replicate in range(canary.images_per_prompt):
            seed = int(_digest(canary.run_seed, prompt, replicate)[:8], 16) & 0x7FFF_FFFF
            batch, position = divmod(replicate, canary.batch_size)
            rows.append({
                "prompt_id": prompt_id(prompt), "prompt": prompt, "replicate": replicate, "seed": seed,
                "batch_id": _digest("canary", window, prompt, batch)[:16], "position": position,
                "image_id": _digest("canary", system_version, window, prompt, replicate, seed, *size),
            })  # fmt: skip
    return pl.DataFrame(rows, schema_overrides={"replicate": pl.Int32, "position": pl.Int32}).with_columns(
        pl.lit(size[0], pl.Int32).alias("width"), pl.lit(size[1], pl.Int32).alias("height")
    )


def ask(store: Store, wanted: pl.DataFrame, system: System, embedder: Embedder, progress: Progress, run_id: str) -> int:
    """Ask for what a window lacks and embed its answers. Killed, it goes on where it was. Returns how many were asked for.

    Raises:
        McasError: See `generate.generate` and `embed.embed`.
    """
    made = generate.generate(store, wanted, system, system.identity().version, progress, run_id)
    with store.open() as con:
        found = facts.read_images(con, wanted["image_id"])
    shown = found.filter(pl.col("outcome") == "ok").select("sha256", "path").unique("sha256", maintain_order=True)
    no_texts = pl.DataFrame(schema={"text_id": pl.String, "text": pl.String})
    embed.embed(store, shown, no_texts, embedder, progress, run_id)
    return made


def judge(
    store: Store,
    canary: Canary,
    now: pl.DataFrame,
    before: pl.DataFrame | None,
    embedder: Embedder,
    reference: pl.DataFrame | None = None,
    number: int = 1,
) -> dict[str, Any]:
    """What a window says beside the last and the reference: the columns of table `canary` from n_requested to reason.

    The two tests share the level that the window has of `canary.alpha`, so that all windows together, without end, raise a false
    alarm with a chance of at most that.

    Args:
        store: Holds the answers of both.
        canary: What was asked.
        now: What `requests` gave for the window.
        before: The same for the window before, or None if this is the first.
        embedder: Reads the images.
        reference: The same for the first window since a change, where that is not the one before: slow drift shows there.
        number: Of the comparisons of this question with this system, this one included; counted on after a change too.
    """
    points, prompts, counts = _answers(store, now, embedder)
    nothing = dict.fromkeys(("n_prompts", "energy_distance", "p_value", "reference_distance", "reference_p_value"))
    row: dict[str, Any] = {**counts, **nothing, "alpha": canary.alpha, "level": None, "verdict": FIRST}
    if before is None:
        return row | {"reason": "there is no window of the same question before it"}
    level = spent(number, canary.alpha) / 2

    def test(other: pl.DataFrame) -> EnergyTest:
        former, former_prompts, _ = _answers(store, other, embedder)
        return _tested(former, points, former_prompts, prompts, canary, level)

    last, first = test(before), None if reference is None else test(reference)
    p_values = [one.p_value for one in (last, first) if one is not None and one.p_value is not None]
    verdict: Verdict = CHANGED if min(p_values, default=1.0) <= level else NOT_SHOWN
    return row | {
        "n_prompts": last.n_strata,
        "energy_distance": last.distance,
        "p_value": last.p_value,
        "reference_distance": first.distance if first else None,
        "reference_p_value": first.p_value if first else None,
        "level": level,
        "verdict": verdict,
        "reason": last.reason,
    }


def _tested(
    former: np.ndarray, points: np.ndarray, former_prompts: list[str], prompts: list[str], canary: Canary, level: float
) -> EnergyTest:
    """The test with as many draws as it takes: at first few; and anew with enough of them where that could show a change.

    The second decides alone, so its level is kept: looking at the first only takes alarms away.
    """
    test = energy_test(former, points, former_prompts, prompts, draws=canary.permutations, seed=canary.run_seed)
    wanted = math.ceil(2 / level)
    if test.p_value is None or wanted <= canary.permutations or test.p_value > _PROMISING / canary.permutations:
        return test
    return energy_test(former, points, former_prompts, prompts, draws=wanted, seed=canary.run_seed + 1)


def _answers(store: Store, wanted: pl.DataFrame, embedder: Embedder) -> tuple[np.ndarray, list[str], dict[str, int]]:
    """(points (n, dim + 1), their prompts, counts of outcomes). An image is its vector and a 0, a refusal zeros and a 1.

    So two refusals are at distance 0, and a refusal is as far from an image as images at a right angle are from one another.
    What was lost (a timeout, say) is no answer.
    """
    with store.open() as con:
        found = facts.read_images(con, wanted["image_id"])
        images = found.filter(pl.col("outcome") == "ok")
        vectors = facts.read_vectors(con, embedder.id, embedder.dim, "image", images["sha256"].to_list())
    refused = found.filter(pl.col("outcome").is_in(sorted(REFUSED)))
    points = np.zeros((len(images) + len(refused), embedder.dim + 1), dtype=np.float64)
    points[: len(images), :-1] = vectors
    points[len(images) :, -1] = 1.0
    lost = len(wanted) - len(points)
    counts = {"n_requested": len(wanted), "n_images": len(images), "n_refused": len(refused), "n_lost": lost}
    return points, [*images["prompt"].to_list(), *refused["prompt"].to_list()], counts


def _digest(*parts: Any) -> str:
    return hashlib.sha256(json.dumps(parts, separators=(",", ":"), ensure_ascii=False).encode()).hexdigest()
