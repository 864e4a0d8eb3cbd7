"""What the parts of an audit may not say together, each of them being fine by itself.

Belongs here: rules that span several entries. A rule of one field is the type of that field, in `parts`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from mcas_assets.declare.mistakes import KeyPath, Mistake
from mcas_assets.declare.parts import Axis, Concept, NeutralPrompt


def numbered(entries: Iterable[Any]) -> dict[int, Any]:
    """The entries of a list by their place in it, from 0."""
    return dict(enumerate(entries))


def contradictions(
    axes: Mapping[str, Axis],
    concepts: Mapping[int, Concept],
    neutral: Mapping[int, NeutralPrompt],
    templates: Sequence[str],
) -> Iterator[Mistake]:
    """What no single field shows. Entries are keyed by their place in the document."""
    for name, axis in axes.items():
        yield from _in_axis(("axes", name), axis)
    with_phrase = [index for index, concept in concepts.items() if concept.phrase]
    if templates and concepts and not with_phrase:
        remedy = "Give a concept a phrase, or remove the templates"
        yield Mistake(("templates",), "is used by no concept", remedy)
    for index in [] if templates else with_phrase:
        remedy = "Add templates: ['an image of {phrase}']"
        yield Mistake(("concepts", index, "phrase"), "has no template", remedy)
    usable = tuple(template for template in templates if "{phrase}" in template)
    yield from _in_concepts({index: concept.completed(usable) for index, concept in concepts.items()})
    yield from _in_neutral(neutral, {concept.concept for concept in concepts.values()})


def _in_axis(at: KeyPath, axis: Axis) -> Iterator[Mistake]:
    if axis.a.name == axis.b.name:
        problem = f"is {axis.b.name!r}, the name of the other pole too"
        yield Mistake((*at, "b", "name"), problem, "Name the poles apart")
    for field in ("words", "prompts"):
        for text in sorted(set(getattr(axis.a, field)) & set(getattr(axis.b, field))):
            problem = f"{text!r} stands in both poles, so it tells nothing of either"
            yield Mistake((*at, "b", field), problem, "Keep it in one of them, or in none")
    if axis.groups != axis.poles_as_groups():  # else what is wrong with them was said of the poles
        yield from _in_groups(at, axis)


def _in_groups(at: KeyPath, axis: Axis) -> Iterator[Mistake]:
    if len(axis.groups) < 2:
        yield Mistake((*at, "groups"), "is a single group", "Give at least two, or leave groups out")
    yield from _twice(at, "groups", "name", numbered(group.name for group in axis.groups))
    with_tones = [index for index, group in enumerate(axis.groups) if group.monk_tones]
    for index in range(len(axis.groups)) if with_tones else ():
        if index not in with_tones:  # its share would be 0 for want of tones, not of people
            problem = "is missing, though other groups have tones"
            yield Mistake((*at, "groups", index, "monk_tones"), problem, "Give tones to every group, or to none")
    for field in ("texts", "monk_tones"):
        entries = [(i, entry) for i, group in enumerate(axis.groups) for entry in getattr(group, field)]
        for index, entry in entries:
            if any(other == entry and i < index for i, other in entries):
                problem = f"{entry!r} stands in an earlier group too"
                yield Mistake((*at, "groups", index, field), problem, "Keep it in one group")


def _in_concepts(concepts: Mapping[int, Concept]) -> Iterator[Mistake]:
    yield from _twice((), "concepts", "concept", {i: concept.concept for i, concept in concepts.items()})
    owner: dict[str, int] = {}
    for index, concept in concepts.items():
        if concept.category == "neutral":
            problem = "is 'neutral', which is kept for the neutral prompts"
            yield Mistake(("concepts", index, "category"), problem, "Name another")
        for prompt in concept.prompts:
            other = owner.setdefault(prompt, index)
            if other != index:
                problem = f"{prompt!r} is a prompt of concept {concepts[other].concept!r} too"
                yield Mistake(("concepts", index, "prompts"), problem, "Word it differently, or remove it")


def _in_neutral(neutral: Mapping[int, NeutralPrompt], concepts: set[str]) -> Iterator[Mistake]:
    for field in ("name", "prompt"):
        yield from _twice((), "neutral", field, {i: getattr(entry, field) for i, entry in neutral.items()})
    for index, entry in neutral.items():
        if entry.name in concepts:
            problem = f"is {entry.name!r}, a concept too"
            yield Mistake(("neutral", index, "name"), problem, "Name it otherwise")
    if neutral and not any(entry.baseline for entry in neutral.values()):
        problem = "has no baseline, so no score can be adjusted"
        yield Mistake(("neutral",), problem, "Set baseline: true on one of them")


def _twice(at: KeyPath, key: str, field: str, values: Mapping[int, str]) -> Iterator[Mistake]:
    """A mistake at every entry of the list `key` whose `field` repeats that of an earlier entry."""
    first: dict[str, int] = {}
    for index, value in values.items():
        if first.setdefault(value, index) != index:
            problem = f"is {value!r}, as at {key}.{first[value]} already"
            yield Mistake((*at, key, index, field), problem, "Remove one of the two, or change it")
