"""What an entry of kind `diffusers` may say in `data/systems.yaml`."""

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import Field

from mcas_assets.declare.catalogue import Entry
from mcas_assets.declare.mistakes import Mistake
from mcas_assets.systems.pipelines.adapters import Adapter, adapter_mistakes
from mcas_assets.systems.pipelines.hub import revision_mistakes
from mcas_assets.systems.pipelines.rewriters import Mode

_Plain = bool | int | float | str | None
Argument = _Plain | list[_Plain | list[_Plain]]
"""The value of an argument of a pipeline's call."""
Pixels = Annotated[int, Field(ge=8, le=16384)]
# Arguments of a pipeline's call that the audit itself gives, and what to do instead of giving them.
_STATED_ELSEWHERE = {
    "num_inference_steps": "Say it with steps",
    "guidance_scale": "Say it with guidance",
    "negative_prompt": "Say it with negative_prompt",
    "width": "Say it with width",
    "height": "Say it with height",
    **dict.fromkeys(
        ("prompt", "generator", "latents", "image", "output_type", "return_dict", "num_images_per_prompt"),
        "Leave it out: the audit gives it for each image",
    ),
}


class Declaration(Entry):
    """One entry of kind `diffusers`.

    Attributes:
        path: Pipeline folder, relative to the folder of the file that declares it.
        repo, revision: Or a hub repository ('organisation/name') at a commit (40 hex digits).
        watch: A branch of the repository: what it points to becomes a version whenever its weights are new. `revision` is
            what is audited by hand.
        single_file: A checkpoint in one file (.safetensors in its makers' layout), relative like `path`, which (or `repo`)
            then names a pipeline of its family, for the configuration and what the file does not hold.
        adapters: LoRA and the like that are put on the pipeline: each a path, or a repo at a revision, with a scale.
        variant: Weights variant to load where there is one ('fp16').
        steps, guidance: As the pipeline's default if not given.
        negative_prompt: For every image the same.
        width, height: In pixels; as the pipeline's default if not given.
        dtype: float32 on a CPU and bfloat16 on an accelerator if not given.
        safety_checker: 'none' leaves out the one that the pipeline ships with.
        rewriter: Of a pipeline that rewrites prompts by default: 'as_asked' draws what the audit asks, 'as_shipped' what the
            rewriter makes of it. Each is a version.
        allow_pickle: Load pickled weights where there are no others. They can run code.
        max_batch: The most images to draw at once; found by trying if not given.
        strict: Draw one at a time, by algorithms that give the same bits every time: slower, and then every image can be
            drawn again bit for bit by itself on the same machine.
        compile: Compile what runs at every step (torch.compile): faster for many images on a GPU, and another environment
            of the same version, which changes low bits.
        arguments: Further arguments of the pipeline's call, for example {max_sequence_length: 256}: words, numbers, true, false,
            null, or lists of these.
    """

    kind: Literal["diffusers"]
    path: str | None = None
    repo: str | None = None
    revision: str | None = None
    watch: str | None = None
    single_file: str | None = None
    adapters: Annotated[tuple[Adapter, ...], Field(strict=False)] = ()
    variant: str | None = None
    steps: Annotated[int, Field(ge=1, le=10000)] | None = None
    guidance: Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False)] | None = None
    negative_prompt: str | None = None
    width: Pixels | None = None
    height: Pixels | None = None
    dtype: Literal["float32", "float16", "bfloat16"] | None = None
    safety_checker: Literal["keep", "none"] = "keep"
    rewriter: Mode | None = None
    allow_pickle: bool = False
    max_batch: Annotated[int, Field(ge=1)] | None = None
    strict: bool = False
    compile: bool = False
    arguments: dict[str, Argument] = Field(default_factory=dict)

    @property
    def local_path(self) -> str | None:
        """Its folder, or None for a repository."""
        return self.path

    @property
    def watched_repo(self) -> str | None:
        """The repository, if a branch of it is watched."""
        return self.repo if self.watch else None

    @classmethod
    def contradictions(cls, raw: dict[str, Any]) -> Iterable[Mistake]:
        """What no single field shows: exactly one of path and repo, a revision with a repo."""
        if (raw.get("path") is None) == (raw.get("repo") is None):
            yield Mistake(("path",), "one of path and repo is needed", "Give path: FOLDER, or repo: with revision:")
        elif raw.get("repo") is not None:
            yield from revision_mistakes(raw.get("revision"))
        elif raw.get("revision") is not None:
            yield Mistake(("revision",), "is given with a path", "Leave it out, or give repo in place of path")
        yield from adapter_mistakes(raw.get("adapters"))
        if raw.get("watch") is not None and raw.get("repo") is None:
            yield Mistake(("watch",), "is given without a repo", "Leave it out: a folder is watched as it is")
        if (raw.get("width") is None) != (raw.get("height") is None):
            yield Mistake(("width",), "only one of width and height is given", "Give both")
        if raw.get("strict") is True and raw.get("max_batch") not in (None, 1):
            yield Mistake(("max_batch",), "is above 1, though strict draws one at a time", "Leave out one of the two")
        for key in _STATED_ELSEWHERE.keys() & (raw.get("arguments") or {}):
            yield Mistake(("arguments", key), "is not for this place", _STATED_ELSEWHERE[key])
