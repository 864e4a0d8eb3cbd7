"""A diffusers pipeline in memory, and drawing batches with it."""

import importlib.metadata
import time
import weakref
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any

from mcas_assets.core.digests import plain
from mcas_assets.core.errors import BadInput
from mcas_assets.core.pictures import blank
from mcas_assets.systems.pipelines import chance, devices, outputs, signatures
from mcas_assets.systems.pipelines.adapters import Laid
from mcas_assets.systems.pipelines.compiling import compile_denoiser
from mcas_assets.systems.pipelines.helping import what_helps
from mcas_assets.systems.pipelines.loading import load
from mcas_assets.systems.pipelines.pipeline_folder import PipelineFolder
from mcas_assets.systems.pipelines.quiet import quiet_drawing
from mcas_assets.systems.pipelines.rewriters import KNOWN, Ear
from mcas_assets.systems.pipelines.settings import Settings
from mcas_assets.systems.pipelines.strangers import Raised, describe, strangers_code
from mcas_assets.systems.pipelines.trial import Seed, Trial, try_first
from mcas_assets.systems.protocol import Outcome, Request

if TYPE_CHECKING:
    import numpy as np

_PACKAGES = ("diffusers", "transformers", "safetensors", "numpy", "pillow")
_TRIALS = 3
"""First images of a batch that are tried before it is left open what they tell: each may show nothing."""


class PipelineRunner:
    """A loaded pipeline.

    Args:
        folder: A pipeline folder that was found whole.
        settings: How to load and call it.
        variant: Weights variant to prefer, or None.
        max_batch: The most images to draw at once, or None to begin with as many as are asked for.
        compiled: Compile what runs at every step.
        adapters: What is put on the pipeline.

    Raises:
        BadInput: diffusers cannot load it, or it does not fit on the device.
    """

    def __init__(
        self,
        folder: PipelineFolder,
        settings: Settings,
        variant: str | None,
        max_batch: int | None,
        compiled: bool,
        adapters: Sequence[Laid] = (),
    ) -> None:
        self._folder = folder
        self._settings = settings
        self._further = ("peft",) if adapters else ()
        self._limit = max_batch
        self._has_drawn = False
        self._takes_lists = True
        self._trial: Trial | None = None
        self._trials_left = _TRIALS
        if settings.strict:
            devices.prepare_deterministic()
        self._device = devices.best_device()
        self._pipeline: Any = load(folder, settings, variant, self._device, adapters)
        self._compiled = compile_denoiser(self._pipeline) if compiled else []
        self._takes = signatures.parameters(folder.pipeline) or {}
        self._ear = Ear(self._pipeline, settings.rewriting, self._takes | settings.arguments)
        if any(KNOWN[name].draws_chance for name in settings.rewriting):
            self._limit = (
                1  # what writes the text draws from the generators of the process, which are seeded for each call
            )

    def close(self) -> None:
        """Free the model."""
        parts = [self._pipeline, *getattr(self._pipeline, "components", {}).values()]
        gone = [weakref.ref(part) for part in parts if hasattr(part, "to")]
        parts.clear()
        self._pipeline = None
        devices.free(self._device, *gone)

    @property
    def environment(self) -> dict[str, Any]:
        """What besides the identity can change the pixels (JSON values)."""
        scheduler = getattr(self._pipeline, "scheduler", None)
        config = {key: value for key, value in getattr(scheduler, "config", {}).items() if not key.startswith("_")}
        return {
            **devices.describe(self._device),
            "dtype": self._settings.dtype,
            **{key: said for key, said in (("strict", self._settings.strict), ("compiled", self._compiled)) if said},
            "packages": {name: importlib.metadata.version(name) for name in (*_PACKAGES, *self._further)},
            "scheduler": {"class": type(scheduler).__name__, "config": plain(config)},
            **({"tested": tested} if (tested := self._trial.document() if self._trial else {}) else {}),
        }

    @property
    def seed(self) -> Seed:
        """Whether a seed fixes an image, as far as its first images told."""
        return self._trial.seed if self._trial else "exact"

    def draw(self, requests: Sequence[Request]) -> list[Outcome]:
        """One outcome per request, in order.

        Where memory does not suffice the batch is halved, for this call and those after it; how many images were drawn
        together is in the outcome, as `batch_size`, since it changes low bits of them.

        Raises:
            BadInput: Not the prompt but the settings are what the pipeline cannot draw with.
        """
        if self._trial is None and self._trials_left:
            self._try(requests[0])
        outcomes: list[Outcome] = []
        while len(outcomes) < len(requests):
            batch = requests[len(outcomes) :][: self._limit]
            drawn = self._attempt(batch)
            if drawn is None:
                self._limit = max(1, len(batch) // 2)
            outcomes += drawn or []
        return outcomes

    def _try(self, first: Request) -> None:
        """See by the first image whether a seed fixes it. What cannot be drawn is told by the batch that it belongs to."""
        self._trials_left -= 1
        call, declared = self._arguments, self._settings.declared
        try:
            self._trial = try_first(self._pictures, first, call, declared, one_by_one=self._limit == 1)
        except (Raised, MemoryError) as error:
            short = devices.is_out_of_memory(_of(error))
        else:
            short = False
            if self._trial and self._trial.alone:
                self._limit = 1
        if short:
            devices.free(self._device)

    def _attempt(self, batch: Sequence[Request]) -> list[Outcome] | None:
        """The outcomes of a batch, or None if it is to be tried again in halves."""
        try:
            return self._draw_together(batch)
        except (Raised, MemoryError) as raised:
            error = _of(raised)
            reason, short = describe(error), devices.is_out_of_memory(error)
            self._refuse_if_lost(error)
        if short:
            # Out of the handler, so that the traceback no longer holds the tensors that there was no room for.
            devices.free(self._device)
            if len(batch) > 1:
                return None
        else:
            self._refuse_unless_drawable(reason)
        if len(batch) == 1:
            return [Outcome("failed", reason=reason, provider={"batch_size": 1, "batch_position": 0})]
        outcomes = [outcome for request in batch for outcome in self._alone(request)]
        if all(outcome.outcome != "failed" for outcome in outcomes):
            self._limit = 1  # not one of its prompts stood in the way, but that they are several
        return outcomes

    def _alone(self, request: Request) -> list[Outcome]:
        """So that one prompt that cannot be drawn does not take the others of its batch with it."""
        return self._attempt([request]) or []

    def _draw_together(self, batch: Sequence[Request]) -> list[Outcome]:
        started = time.perf_counter()
        prompts = [request.prompt for request in batch]
        output = self._call(prompts, [request.seed for request in batch], self._arguments)
        images = outputs.pixels(output, len(batch), self._folder.path, self._folder.pipeline)
        each = (time.perf_counter() - started) * 1000 / len(batch)
        flags, texts = outputs.flags(output, len(batch)), self._ear.texts(prompts, output)
        outcomes = []
        for position, (image, flag, text) in enumerate(zip(images, flags, texts, strict=True)):
            provider: dict[str, Any] = {"safety": flag, "batch_size": len(batch), "batch_position": position}
            provider |= {"revised_prompt": text} if text is not None else {}
            outcomes.append(self._outcome(image, provider, each))
        self._has_drawn = True
        return outcomes

    def _outcome(self, image: "np.ndarray", provider: dict[str, Any], latency_ms: float) -> Outcome:
        import numpy as np

        height, width = image.shape[:2]
        if (width, height) != (self._settings.width, self._settings.height):
            asked = f"{self._settings.width} x {self._settings.height}"
            problem = f"drew {width} x {height} pixels where {asked} were asked for"
            raise BadInput(self._folder.path, problem, f"Declare it with width: {width} and height: {height}")
        if provider["safety"] == "flagged":
            reason = "the system's safety checker flagged the image and blanked it"
            return Outcome("blanked", reason=reason, provider=provider, latency_ms=latency_ms)
        if not np.isfinite(image).all():
            reason = f"the image holds values that are no numbers (overflow in {self._settings.dtype})"
            return Outcome("failed", reason=reason, provider=provider, latency_ms=latency_ms)
        if reason := blank(image):
            return Outcome("blank", reason=reason, provider=provider, latency_ms=latency_ms)
        return Outcome("ok", image=partial(outputs.png, image), provider=provider, latency_ms=latency_ms)

    @property
    def _arguments(self) -> dict[str, Any]:
        """What the pipeline is called with beside prompts and chance."""
        size = {"width": self._settings.width, "height": self._settings.height, "num_images_per_prompt": 1}
        given = self._settings.arguments | dict(self._settings.switched_off)
        return given | {key: value for key, value in size.items() if key in self._takes}

    def _pictures(self, requests: Sequence[Request], arguments: Mapping[str, Any]) -> list["np.ndarray"]:
        """The bare pictures of requests, for the trial of the first image."""
        output = self._call([one.prompt for one in requests], [one.seed for one in requests], arguments)
        return outputs.pixels(output, len(requests), self._folder.path, self._folder.pipeline)

    def _call(self, prompts: list[str], seeds: list[int], arguments: Mapping[str, Any]) -> Any:
        """What the pipeline answers. A single image is asked for by lists of one, and where these do not serve, without them.

        Raises:
            Raised: It raised something.
        """
        if self._takes_lists or len(prompts) > 1:
            try:
                return self._ask(prompts, chance.generators(seeds), seeds[0], arguments)
            except Raised as raised:
                if len(prompts) > 1 or self._has_drawn or devices.is_out_of_memory(raised.error):
                    raise
                first = raised
            try:
                output = self._ask(prompts[0], chance.generators(seeds)[0], seeds[0], arguments)
            except Raised:
                raise first from first.error
            self._takes_lists = False
            return output
        return self._ask(prompts[0], chance.generators(seeds)[0], seeds[0], arguments)

    def _ask(self, prompt: list[str] | str, generator: Any, seed: int, arguments: Mapping[str, Any]) -> Any:
        arguments = dict(arguments)
        if isinstance(prompt, list) and isinstance(arguments.get("negative_prompt"), str):
            arguments["negative_prompt"] = [arguments["negative_prompt"]] * len(prompt)
        self._ear.begin()
        strict = devices.deterministic() if self._settings.strict else nullcontext()
        # Arrays rather than Pillow images, because only they still show values that are no numbers.
        with quiet_drawing(), strict, chance.process_seeded(seed), strangers_code():
            return self._pipeline(prompt=prompt, generator=generator, output_type="np", **arguments)

    def _refuse_if_lost(self, error: Exception) -> None:
        """What leaves the device unusable is no matter of one image."""
        import torch

        if isinstance(error, torch.AcceleratorError):
            problem = f"lost the device that it draws on ({describe(error)})"
            remedy = "Run again: what came before is kept. If it stays so, restart the device or its driver"
            raise BadInput(self._folder.path, problem, remedy) from error

    def _refuse_unless_drawable(self, reason: str) -> None:
        """Tells settings that draw nothing from a prompt that cannot be drawn, by drawing a harmless one."""
        if self._has_drawn:
            return
        arguments = self._arguments
        try:
            self._call(["a photo"], [0], arguments)
        except Raised as raised:
            error = raised.error
            if devices.is_out_of_memory(error):
                return
            asked = f"{self._settings.width} x {self._settings.height}"
            settings = {"size": asked, "dtype": self._settings.dtype} | self._settings.arguments
            listed = ", ".join(f"{key} {value}" for key, value in settings.items())
            draw, declared = partial(self._call, ["a photo"], [0]), tuple(self._settings.declared)
            helps = what_helps(draw, arguments, declared, self._folder.default_size(), self._takes)
            problem = f"draws nothing with these settings: {describe(error)}"
            remedy = f"Change what does not suit the pipeline: {listed}"
            raise BadInput(self._folder.path, problem, f"{remedy}. {helps}" if helps else remedy) from error
        self._has_drawn = True


def _of(raised: Raised | MemoryError) -> Exception:
    return raised.error if isinstance(raised, Raised) else raised
