"""What rewrites a prompt inside a pipeline before it draws: known arguments of the call, and unknown ones that sound like it.

A rewritten prompt is no longer what the audit asks. So both are audited on purpose: as asked, with the rewriter off, and as
shipped, where the pipeline rewrites by default.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from mcas_assets.systems.pipelines import modular, signatures

Mode = Literal["as_asked", "as_shipped"]


@dataclass(frozen=True)
class Rewriter:
    """A known argument of a pipeline's call that rewrites the prompt.

    Attributes:
        off: Its value that leaves the prompt as it is.
        method: The pipeline's method that answers with the rewritten text, or None where the argument itself is put before the
            prompt (lines of an instruction), which then is what is read.
    """

    off: Any
    method: str | None

    @property
    def draws_chance(self) -> bool:
        """Whether a language model writes the text, which samples from the generators of the process."""
        return self.method is not None


KNOWN: dict[str, Rewriter] = {
    "enable_prompt_rewrite": Rewriter(False, "rewire_prompt"),  # LongCat-Image
    "use_pe": Rewriter(False, "_enhance_prompt_with_pe"),  # ERNIE-Image
    "complex_human_instruction": Rewriter(None, None),  # Sana
    "prompt_upsampling": Rewriter(False, "upsample_prompt"),  # Ideogram 4
    "caption_upsample_temperature": Rewriter(None, "upsample_prompt"),  # FLUX.2
    # Blocks of modular pipelines, which are taken out rather than switched off; what they write is in the output.
    **{block: Rewriter(None, "the block itself") for block in modular.REWRITING},
}
"""By argument, as diffusers 0.42 has them; those of Ideogram 4 and FLUX.2 are off by default."""

_OF_A_REWRITER = (
    "prompt_upsampling_temperature",
    "prompt_upsample",
    "prompt_enhancer",
)  # the last two as their arguments say
_SUSPECT = re.compile(r"rewrit|rewire|upsampl|enhanc|expan[ds]|magic|recaption|instruct|revis|refine_prompt|(^|_)pe$")


def shipped(pipeline: str) -> tuple[str, ...]:
    """The known arguments of a pipeline's call that rewrite the prompt by default."""
    taken = signatures.parameters(pipeline) or {}
    blocks = modular.blocks_of(pipeline) if modular.is_modular(pipeline) else ()
    return tuple(name for name in KNOWN if name in blocks or (name in taken and is_on(name, taken[name])))


def suspects(pipeline: str) -> tuple[str, ...]:
    """Arguments that sound as if they rewrote the prompt, of which nothing is known, and which are not off by default."""
    taken = dict(signatures.parameters(pipeline) or {})
    taken |= dict.fromkeys(modular.blocks_of(pipeline), True) if modular.is_modular(pipeline) else {}
    unknown = [name for name in taken if name not in KNOWN and name not in _OF_A_REWRITER and _SUSPECT.search(name)]
    return tuple(name for name in unknown if taken[name] not in (None, False))


def active(pipeline: str, arguments: Mapping[str, Any]) -> tuple[str, ...]:
    """The known arguments that rewrite the prompt when a pipeline is called with these."""
    taken = dict(signatures.parameters(pipeline) or {}) | {
        name: True for name in shipped(pipeline) if name in modular.REWRITING
    }
    return tuple(name for name in KNOWN if name in taken and is_on(name, arguments.get(name, taken[name])))


def is_on(name: str, value: Any) -> bool:
    """Whether a value of a known argument rewrites the prompt."""
    return value is not KNOWN[name].off and value not in (None, False, 0, [])


class Ear:
    """Hears what a loaded pipeline makes of prompts, image by image.

    Args:
        pipeline: As loaded; the methods of its rewriters are listened to from now on.
        arguments: Names of those that rewrite.
        given: What the call is given, or takes by default.
    """

    def __init__(self, pipeline: Any, arguments: tuple[str, ...], given: Mapping[str, Any]) -> None:
        self._heard: list[str] = []
        self._before = "".join(
            "\n".join(map(str, given.get(name) or ())) for name in arguments if KNOWN[name].method is None
        )
        for name in {str(KNOWN[name].method) for name in arguments if KNOWN[name].method}:
            if callable(getattr(pipeline, name, None)):
                setattr(pipeline, name, self._listening(getattr(pipeline, name)))

    def begin(self) -> None:
        """Forget what was heard: another batch is drawn."""
        self._heard.clear()

    def texts(self, prompts: list[str], output: Any) -> list[str | None]:
        """What was made of each prompt of a batch: what the output says, else what was heard; None where neither tells."""
        said = getattr(output, "revised_prompts", None) or self._heard
        if len(said) == len(prompts):
            return [str(text) for text in said]
        return [self._before + prompt if self._before else None for prompt in prompts]

    def _listening(self, method: Any) -> Any:
        def heard(*given: Any, **more: Any) -> Any:
            answer = method(*given, **more)
            self._heard.extend([answer] if isinstance(answer, str) else answer)
            return answer

        return heard
