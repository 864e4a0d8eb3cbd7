"""With which settings a pipeline is loaded and called: those that were declared, and its own defaults for the rest."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mcas_assets.core.errors import BadInput
from mcas_assets.systems.pipelines import devices, rewriters, signatures
from mcas_assets.systems.pipelines.entry import Declaration
from mcas_assets.systems.pipelines.pipeline_folder import PipelineFolder
from mcas_assets.systems.pipelines.rewriters import KNOWN, Mode

_GIVEN = ("prompt", "generator", "width", "height")
"""What the audit itself gives to every call."""


@dataclass(frozen=True)
class Settings:
    """How a pipeline is loaded and called; all of it is part of the system's identity.

    Attributes:
        width, height: In pixels.
        dtype: Name of a torch dtype.
        arguments: Further arguments of the call, the same for every image.
        unchecked: The safety checker is left out.
        allow_pickle: Pickled weights may be loaded.
        strict: Only algorithms that give the same bits every time.
        rewriter: What was chosen of a pipeline that rewrites prompts by default; None for any other.
        switched_off: Arguments by which it then does not rewrite; `rewriter` says so in the identity.
        rewriting: The arguments that rewrite prompts as it is called.
        declared: Those of the arguments that were declared, with what the call takes where nothing is; not the steps.
    """

    width: int
    height: int
    dtype: str
    arguments: dict[str, Any]
    unchecked: bool = False
    allow_pickle: bool = False
    strict: bool = False
    rewriter: Mode | None = None
    switched_off: Mapping[str, Any] = field(default_factory=dict)
    rewriting: tuple[str, ...] = ()
    declared: Mapping[str, Any] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """The part of the identity document that the settings make up."""
        named = {
            "num_inference_steps": "steps",
            "guidance_scale": "guidance",
            "negative_prompt": "negative_prompt",
        }
        return {
            "width": self.width,
            "height": self.height,
            "dtype": self.dtype,
            **{word: self.arguments.get(key) for key, word in named.items()},
            "arguments": {key: value for key, value in self.arguments.items() if key not in named},
            # Only where they hold: versions from before there was the choice keep their names.
            **({"strict": True} if self.strict else {}),
            **({"rewriter": self.rewriter} if self.rewriter else {}),
        }


def settings_of(entry: Declaration, folder: PipelineFolder) -> Settings:
    """The settings of an entry for the pipeline that it names.

    Raises:
        BadInput: The pipeline does not take one of them, or its files do not tell at what size it draws.
    """
    taken = signatures.parameters(folder.pipeline) or {}
    width, height = (entry.width, entry.height) if entry.width and entry.height else _default_size(folder)
    wanted = {
        # Where it is the default, it depends on what else is installed, and it rewrites what the audit asks for.
        **({"clean_caption": False} if "clean_caption" in taken else {}),
        "num_inference_steps": _else_default(entry.steps, taken.get("num_inference_steps")),
        "guidance_scale": _else_default(entry.guidance, taken.get("guidance_scale")),
        "negative_prompt": entry.negative_prompt,
    }
    arguments = {key: value for key, value in wanted.items() if value is not None} | entry.arguments
    for key in arguments:
        if key not in taken:
            alike = ", ".join(name for name in taken if key == "guidance_scale" and "cfg" in name)
            remedy = f" (its guidance is called {alike}: say that with arguments)" if alike else ""
            where = f"{folder.path}: {folder.pipeline}"
            raise BadInput(where, "takes no such argument", f"Leave it out of the declaration{remedy}", key)
    needed = [key for key, value in taken.items() if value == signatures.REQUIRED and key not in (*arguments, *_GIVEN)]
    if needed:
        where = f"{folder.path}: {folder.pipeline}"
        raise BadInput(
            where, f"cannot be called without {', '.join(needed)}", f"Give it: arguments: {{{needed[0]}: ...}}"
        )
    mode = _mode(entry, folder)
    off = {name: KNOWN[name].off for name in rewriters.shipped(folder.pipeline)} if mode == "as_asked" else {}
    said = {"guidance_scale": entry.guidance, "negative_prompt": entry.negative_prompt}
    said = {key: value for key, value in said.items() if value is not None} | entry.arguments
    rewriting = rewriters.active(folder.pipeline, arguments | off)
    return Settings(
        width, height, entry.dtype or devices.default_dtype(), arguments,
        # No single file holds a checker, and diffusers loads none with one.
        unchecked=entry.safety_checker == "none" or folder.single_file is not None,
        allow_pickle=entry.allow_pickle, strict=entry.strict,
        rewriter=mode, switched_off={key: value for key, value in off.items() if key in taken}, rewriting=rewriting,
        declared={key: taken.get(key) for key in said},
    )  # fmt: skip


def _mode(entry: Declaration, folder: PipelineFolder) -> Mode | None:
    """What holds of a pipeline that rewrites prompts by default: as asked, unless it is declared otherwise."""
    names = rewriters.shipped(folder.pipeline)
    where = f"{folder.path}: {folder.pipeline}"
    if not names:
        if entry.rewriter is not None:
            raise BadInput(where, "rewrites no prompt by default", "Leave it out of the declaration", "rewriter")
        return None
    mode = entry.rewriter or "as_asked"
    for name in names:
        if name in entry.arguments and mode != ("as_shipped" if rewriters.is_on(name, entry.arguments[name]) else None):
            remedy = (
                "Say it with rewriter: as_asked or as_shipped; a value of its own needs rewriter: as_shipped beside it"
            )
            raise BadInput(where, "switches on and off what rewrites prompts", remedy, name)
    return mode


def _default_size(folder: PipelineFolder) -> tuple[int, int]:
    size = folder.default_size()
    if size is None:
        problem = f"does not say at what size a {folder.pipeline} draws"
        raise BadInput(folder.path, problem, "Declare it with width and height")
    return size


def _else_default(value: Any, default: Any) -> Any:
    if value is not None:
        return value
    return default if isinstance(default, int | float) else None
