"""Systems of kind `diffusers`: text-to-image pipelines that run here, from a folder or a hub repository at a commit.

Belongs here: what such a system is, and its identity. Its declaration is `pipelines.entry`, loading and calling the pipeline
`pipelines.pipeline_runner`.
"""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from mcas_assets.core.digests import plain
from mcas_assets.core.errors import BadInput
from mcas_assets.core.texts import TextLimit
from mcas_assets.systems.identity import DigestCache, FrozenFiles, fingerprint
from mcas_assets.systems.pipelines import modular
from mcas_assets.systems.pipelines.adapters import Laid, lay
from mcas_assets.systems.pipelines.entry import Declaration
from mcas_assets.systems.pipelines.hub import HubState, look_up, snapshot
from mcas_assets.systems.pipelines.hub_weights import laid_out
from mcas_assets.systems.pipelines.pipeline_folder import PipelineFolder, index_name, inspect, require_scheduler
from mcas_assets.systems.pipelines.pipeline_runner import PipelineRunner
from mcas_assets.systems.pipelines.settings import Settings, settings_of
from mcas_assets.systems.pipelines.single_file import find_single_file
from mcas_assets.systems.pipelines.tokenizers import text_limits
from mcas_assets.systems.protocol import Capabilities, Outcome, Probe, Request, SystemIdentity

_CHECKER = "safety_checker"
_WEIGHTS_ELSEWHERE = ("*.bin", "*.ckpt", "*.pt", "*.pth", "*.onnx*", "*.msgpack", "*.h5", "*.xml")


def build(name: str, entry: Declaration, base: Path, cache: Path | None = None) -> "DiffusersSystem":
    """The system of an entry; `base` is what its path is relative to, `cache` a file that remembers digests."""
    return DiffusersSystem(name, entry, base, cache)


class DiffusersSystem:
    """A pipeline under audit. See `mcas_assets.systems.protocol.System`."""

    def __init__(self, name: str, entry: Declaration, base: Path, cache: Path | None = None) -> None:
        self.name = name
        self._entry = entry
        self._base = base
        self._digests = DigestCache(cache)
        self._runner: PipelineRunner | None = None

    def identity(self) -> SystemIdentity:
        """What exactly is measured, by reading files only. Found once: the instance stands for this version."""
        return self._identity

    def text_limits(self) -> list[TextLimit]:
        """What each of its tokenizers reads. See `protocol.Limited`."""
        folder = self._folder
        return text_limits(self.name, folder.path, folder.pipeline, folder.components, self._entry.arguments)

    def probe(self) -> Probe:
        """Whether the folder is there, or what the hub says of the repository: of the watched branch, else of the commit."""
        if self._entry.repo:
            state = look_up(self._entry.repo, self._entry.watch or str(self._entry.revision))
            if state.standing == "found":
                return Probe("available", revision=state.commit)
            is_unknown = state.standing == "unreachable"
            return Probe(
                "unreachable" if is_unknown else "withdrawn", f"{state.standing}: {state.reason or 'no reason given'}"
            )
        folder = self._base / Path(str(self._entry.path)).expanduser()
        return Probe("available") if folder.is_dir() else Probe("unreachable", f"{folder} is not there")

    @property
    def folder(self) -> PipelineFolder:
        """What it is loaded from."""
        return self._folder

    def capabilities(self) -> Capabilities:
        """Exact seeds: the same batch on the same machine gives the same bytes, unless its first image told otherwise."""
        return Capabilities(seed=self._runner.seed if self._runner else "exact", max_batch=self._max_batch)

    def size(self) -> tuple[int, int]:
        """Width and height in pixels: as declared, else the pipeline's default."""
        return self._settings.width, self._settings.height

    def generate(self, requests: Sequence[Request]) -> list[Outcome]:
        """One outcome per request, in order. Whatever fits into memory is drawn together, in the order given.

        Raises:
            BadInput: The pipeline cannot be loaded, or draws nothing with these settings, or its files changed.
        """
        if any((request.width, request.height) != self.size() for request in requests):
            raise ValueError(f"{self.name} draws at {self.size()} only: its size is part of its identity")
        if not requests:
            return []
        outcomes = self._ready().draw(requests)
        self._frozen.check("while it was drawing")
        return outcomes

    def environment(self) -> dict[str, Any]:
        """Device, versions, scheduler as loaded: loads the pipeline, since before that nobody knows."""
        source = {"repo": self._entry.repo, "revision": self._entry.revision} if self._entry.repo else {}
        return self._ready().environment | source

    def upstream(
        self, revision: str = "main", *, endpoint: str | None = None
    ) -> tuple[HubState, SystemIdentity | None] | None:
        """What the hub says of the repository now, and the identity that this system would have there.

        It is told from the hub's metadata and small files, and is that which it has once its weights were downloaded: None
        unless the repository was found. For a folder, which has no hub, there is no answer.

        Args:
            revision: A branch, tag or commit.
            endpoint: Address of the hub; by default that of HF_ENDPOINT.

        Raises:
            BadInput: What is there now could not be loaded, or a small file of it cannot be had.
        """
        if self._entry.repo is None:
            return None
        state = look_up(self._entry.repo, revision, endpoint=endpoint)
        if state.standing != "found":
            return state, None
        with laid_out(state, endpoint=endpoint) as (path, digests):
            there = DiffusersSystem(self.name, self._entry, self._base)
            there._digests = digests
            try:
                there._folder = self._inspect(path, whole=False)
                return state, there.identity()
            except BadInput as error:
                where = error.where.replace(str(path), f"{state.repo}@{str(state.commit)[:12]}")
                raise BadInput(where, error.problem, error.remedy, error.key) from None

    def close(self) -> None:
        """Free the model."""
        if self._runner is not None:
            self._runner.close()
            self._runner = None

    @cached_property
    def _folder(self) -> PipelineFolder:
        """The pipeline folder, seen to be whole; downloaded first if it is a repository that the cache lacks."""
        entry = self._entry
        path = self._repository() if entry.repo else (self._base / Path(str(entry.path)).expanduser())
        return self._inspect(path)

    def _inspect(self, path: Path, whole: bool = True) -> PipelineFolder:
        entry = self._entry
        return inspect(
            path, variant=entry.variant, allow_pickle=entry.allow_pickle, without=self._without, whole=whole,
            single_file=self._single_file, used=[one.file for one in self._adapters],
        )  # fmt: skip

    @property
    def _without(self) -> tuple[str, ...]:
        """The components that are not loaded."""
        unchecked = self._entry.safety_checker == "none" or self._single_file is not None
        asked = self._entry.rewriter != "as_shipped"
        rewriting = [part for parts in modular.REWRITING.values() for part in parts]
        return (*((_CHECKER,) if unchecked else ()), *(rewriting if asked else ()))

    @cached_property
    def _single_file(self) -> Path | None:
        return find_single_file(self._entry.single_file, self._base) if self._entry.single_file else None

    @cached_property
    def _adapters(self) -> tuple[Laid, ...]:
        return lay(self._entry.adapters, self._base)

    @cached_property
    def _frozen(self) -> FrozenFiles:
        beside = [*(one.file for one in self._adapters), *([self._single_file] if self._single_file else [])]
        return FrozenFiles(self._folder.path, [*self._folder.files, *map(str, beside)])

    @cached_property
    def _identity(self) -> SystemIdentity:
        folder, settings = self._folder, self._settings
        document = {
            "kind": "diffusers",
            "weights": fingerprint(folder.path, folder.files, self._digests),
            "variant": self._entry.variant,
            "pipeline": folder.pipeline,
            "scheduler": folder.scheduler(),
            "safety_checker": folder.components.get(_CHECKER),
            "watermark": False,
            **self._beside(),
        } | settings.document()
        self._frozen.check("while it was being read")
        return SystemIdentity(self.name, plain(document))

    def _beside(self) -> dict[str, Any]:
        """What of the identity lies beside the folder; only where there is any, so that others keep their names."""
        digest = self._digests.sha256
        file, adapters = self._single_file, self._adapters
        told = {"adapters": [{"weights": digest(one.file), "scale": one.scale} for one in adapters]} if adapters else {}
        return told | ({"single_file": digest(file)} if file else {})

    def _repository(self) -> Path:
        """Fetches what the pipeline loads and not what lies beside it: other formats, other variants, single files."""
        entry = self._entry
        repo, revision = str(entry.repo), str(entry.revision)
        path = snapshot(repo, revision, ["model_index.json", modular.INDEX])
        index = path / index_name(path)
        if not index.exists():
            raise BadInput(repo, "is no diffusers pipeline: it has no model_index.json", "Name another repository")
        ignore = [pattern for pattern in _WEIGHTS_ELSEWHERE if not entry.allow_pickle or pattern != "*.bin"]
        if entry.variant is None:
            ignore += ["*.fp16.*", "*.fp16-*", "*.bf16.*", "*.non_ema.*", "*.ema.*"]
        return snapshot(repo, revision, [index.name, "*/*"], ignore)

    @cached_property
    def _settings(self) -> Settings:
        """Found before any other file is read for the identity, so that both are of the same state of the folder."""
        self._frozen.check("while it was being read")
        return settings_of(self._entry, self._folder)

    @property
    def _max_batch(self) -> int | None:
        return 1 if self._entry.strict else self._entry.max_batch

    def _ready(self) -> PipelineRunner:
        if self._runner is None:
            self.identity()
            self._frozen.check("since the audit began")
            variant, compiled = self._entry.variant, self._entry.compile
            runner = PipelineRunner(self._folder, self._settings, variant, self._max_batch, compiled, self._adapters)
            self._frozen.check("while it was being loaded")
            require_scheduler(self._folder.path, self._identity.document["scheduler"], runner.environment["scheduler"])
            self._runner = runner
        return self._runner
