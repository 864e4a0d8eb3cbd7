"""From an audit to the requests it makes: which prompt, which replicate, under which seed, in which batch.

Belongs here: everything that follows from the declaration alone. Every id and seed is a digest of its own
inputs, so a concept that is added or removed changes no other row, and what was generated for the others
stays valid.
"""

import hashlib
import json
from collections.abc import Iterator
from typing import NamedTuple

import polars as pl

from mcas_assets.declare.audit import Audit
from mcas_assets.declare.parts import PoleKey, Role
from mcas_assets.store.schema import frame_schema


class _Use(NamedTuple):
    """One prompt in one role, as the identifying columns of its rows."""

    prompt: str
    role: Role
    axis: str | None
    pole: PoleKey | None
    category: str | None
    concept: str | None


class _Draw(NamedTuple):
    """One requested image of a prompt, whatever the role it is used in."""

    replicate: int
    seed: int
    batch_id: str
    position: int


def build_plan(audit: Audit) -> pl.DataFrame:
    """One row per requested image and use of it: attribute rows, then concept rows, then neutral rows.

    Columns: prompt_id, prompt; role 'attribute', 'concept' or 'neutral'; axis and pole ('a'
    or 'b') for attribute rows, else null; category and concept, null for attribute rows, category 'neutral'
    and the prompt's name for neutral rows; replicate from 0; seed in [0, 2**31); batch_id and the position
    in that batch.

    A prompt that serves in several roles has rows in each, with the same seeds: its images are one set. A neutral prompt has
    seeds of its own even where others share theirs: two wordings on the same seeds would be one draw of the zero point,
    not two. A batch holds images of one prompt only. What it consists of is read over all roles: the distinct
    replicates that carry its id.
    """
    images = audit.images_per_prompt
    neutral = audit.neutral_images()
    uses = list(_uses(audit))
    counts = [neutral[str(use.concept)] if use.role == "neutral" else getattr(images, use.role) for use in uses]
    wanted: dict[str, int] = {}
    for use, count in zip(uses, counts, strict=True):
        wanted[use.prompt] = max(wanted.get(use.prompt, 0), count)
    own = {use.prompt for use in uses if use.role == "neutral"}
    draws = {
        prompt: _draws(audit, prompt, count, is_shared=audit.seeds == "shared" and prompt not in own)
        for prompt, count in wanted.items()
    }
    rows = [
        (prompt_id(use.prompt), *use, *draw)
        for use, count in zip(uses, counts, strict=True)
        for draw in draws[use.prompt][:count]
    ]
    return pl.DataFrame(rows, schema=_columns("plan"), orient="row")


def build_texts(audit: Audit) -> pl.DataFrame:
    """One row per text to embed and use of it: attribute words, texts of groups, prompts of concepts, neutral prompts.

    Columns: text_id; text, with the prefix of the audit's profile; raw, without it; kind
    'word', 'group' or 'prompt'; axis and pole for words, axis and (as concept) the group's name for groups,
    category and concept for prompts, as in the plan; and the language of prompts, where the audit tells it. Within a concept
    the first row is its text prompt, the others are further wordings. Where a concept has a text for embedders, that stands in
    the place of each of its prompts, which `raw` keeps.
    """
    words = [
        (word, None, "word", axis_name, pole, None, None, None)
        for axis_name, axis in audit.axes.items()
        for pole in ("a", "b")
        for word in getattr(axis, pole).words
    ]
    groups = [
        (text, None, "group", axis_name, None, None, group.name, None)
        for axis_name, axis in audit.axes.items()
        for group in axis.groups
        for text in group.texts
    ]
    spoken = {one.concept: one for one in audit.concepts} | {one.name: one for one in audit.neutral}
    prompts = [
        (use.prompt, spoken[str(use.concept)].text, "prompt", *use[2:], spoken[str(use.concept)].language)
        for use in _uses(audit)
        if use.role != "attribute"
    ]
    rows = []
    for raw, in_its_place, *rest in words + groups + prompts:
        text = audit.profile.text_prefix + (in_its_place or raw)
        rows.append((_short(text), text, raw, *rest))
    return pl.DataFrame(rows, schema=_columns("texts"), orient="row")


def _columns(table: str) -> pl.Schema:
    """A table's columns but for the audit, which the rows of a plan are the same for."""
    schema = frame_schema(table)
    del schema["audit"]
    return schema


def prompt_id(prompt: str) -> str:
    """16 hex digits that stand for this exact wording."""
    return _short(prompt)


def image_id(system_version: str, prompt: str, seed: int, width: int, height: int) -> str:
    """64 hex digits that stand for one image: who draws what, from which noise, at which size in pixels."""
    identity = [system_version, prompt, seed, width, height]
    return hashlib.sha256(json.dumps(identity, separators=(",", ":"), ensure_ascii=False).encode()).hexdigest()


def plan_digest(frame: pl.DataFrame) -> str:
    """64 hex digits of the rows of a plan or of texts, whatever their order and on whatever machine.

    Languages count where one is told, so that what was made before there were any stays what it was.
    """
    if "language" in frame.columns and frame["language"].is_null().all():
        frame = frame.drop("language")
    rows = sorted(json.dumps(row, separators=(",", ":"), ensure_ascii=False).encode() for row in frame.rows())
    digest = hashlib.sha256(json.dumps(frame.columns).encode())
    for row in rows:
        digest.update(b"\n" + row)
    return digest.hexdigest()


def _uses(audit: Audit) -> Iterator[_Use]:
    for name, axis in audit.axes.items():
        for pole in ("a", "b"):
            for prompt in getattr(axis, pole).prompts:
                yield _Use(prompt, "attribute", name, pole, None, None)
    for concept in audit.concepts:
        for prompt in concept.prompts:
            yield _Use(prompt, "concept", None, None, concept.category, concept.concept)
    for neutral in audit.neutral:
        yield _Use(neutral.prompt, "neutral", None, None, "neutral", neutral.name)


def _draws(audit: Audit, prompt: str, count: int, is_shared: bool) -> list[_Draw]:
    """The first `count` images of a prompt, each with a seed of its own, or with that of the other prompts' images.

    With 31 bits, one prompt in 4,000 has two equal seeds among its first thousand: one image, counted
    twice. The later one is hashed again, so that a seed depends on the earlier replicates of its own prompt
    only.
    """
    identity = prompt_id(prompt)
    stream = "shared" if is_shared else identity
    batch_ids = [_short(f"{identity}|{chunk}") for chunk in range(-(-count // audit.batch_size))]
    draws, taken = [], set()
    for replicate in range(count):
        name = f"{audit.run_seed}|{stream}|{replicate}"
        seed, again = _seed(name), 0
        while seed in taken:
            again += 1
            seed = _seed(f"{name}|{again}")
        taken.add(seed)
        chunk, position = divmod(replicate, audit.batch_size)
        draws.append(_Draw(replicate, seed, batch_ids[chunk], position))
    return draws


def _seed(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") & 0x7FFF_FFFF


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
