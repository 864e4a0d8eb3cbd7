"""Which setting helps where a pipeline draws nothing: found by leaving out or changing one at a time, and drawing."""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from mcas_assets.systems.pipelines.strangers import Raised

_MULTIPLES = (8, 16, 32, 64)  # pixels; what the sides of a picture must divide by, of one family or another
_NAMES = {"guidance_scale": "guidance", "num_inference_steps": "steps"}


def what_helps(
    draw: Callable[[Mapping[str, Any]], object],
    arguments: Mapping[str, Any],
    declared: Collection[str],
    default_size: tuple[int, int] | None,
    taken: Collection[str],
) -> str | None:
    """The first single change after which the pipeline draws, as a sentence; None if there is none among those tried.

    Args:
        draw: Draws one image with the arguments that it is given; raises `Raised` if it cannot.
        arguments: What the pipeline was called with in vain.
        declared: The arguments that were declared, which can be left out.
        default_size: Width and height that the pipeline draws at when told nothing, in pixels.
        taken: What the call takes.
    """
    for sentence, changed in _changes(arguments, declared, default_size, taken):
        try:
            draw(changed)
        except Raised:
            continue
        return sentence
    return None


def _changes(
    arguments: Mapping[str, Any],
    declared: Collection[str],
    default_size: tuple[int, int] | None,
    taken: Collection[str],
) -> Iterator[tuple[str, dict[str, Any]]]:
    for key in declared:
        rest = {name: value for name, value in arguments.items() if name != key}
        yield f"It draws without {_NAMES.get(key, key)}: leave that out", rest
    if arguments.get("use_resolution_binning", True) and "use_resolution_binning" in taken:
        said = {"use_resolution_binning": False}
        yield "It draws with arguments: {use_resolution_binning: false}", dict(arguments) | said
    if "width" in arguments and "height" in arguments:
        width, height = arguments["width"], arguments["height"]
        near = [tuple(max(side, round(one / side) * side) for one in (width, height)) for side in _MULTIPLES]
        for wide, high in dict.fromkeys([*near, *([default_size] if default_size else [])]):
            if (wide, high) != (width, height):
                sized = dict(arguments) | {"width": wide, "height": high}
                yield f"It draws at {wide} x {high}: declare it with width: {wide} and height: {high}", sized
