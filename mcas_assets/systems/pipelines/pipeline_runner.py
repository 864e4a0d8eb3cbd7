"""A diffusers pipeline in memory, and drawing batches with it."""

import importlib.metadata
import io
import time
import weakref
from collections.abc import Sequence
from contextlib import nullcontext
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from mcas_assets.core.digests import plain
from mcas_assets.core.errors import BadInput
from mcas_assets.core.outcomes import Safety
from mcas_assets.core.pictures import blank
from mcas_assets.systems.pipelines import devices, signatures
from mcas_assets.systems.pipelines.compiling import compile_denoiser
from mcas_assets.systems.pipelines.loading import Settings, describe, load
from mcas_assets.systems.pipelines.pipeline_folder import PipelineFolder
from mcas_assets.systems.pipelines.quiet import quiet_drawing
from mcas_assets.systems.protocol import Outcome, Request

if TYPE_CHECKING:
    import numpy as np

_PACKAGES = ("diffusers", "transformers", "safetensors", "numpy", "pillow")
# PNG keeps every pixel at any level; level 1 takes a fraction of the time and some tenths more room.
_PNG_LEVEL = 1


class PipelineRunner:
    """A loaded pipeline.

    Args:
        folder: A pipeline folder that was found whole.
        settings: How to load and call it.
        variant: Weights variant to prefer, or None.
        max_batch: The most images to draw at once, or None to begin with as many as are asked for.
        compiled: Compile what runs at every step.

    Raises:
        BadInput: diffusers cannot load it, or it does not fit on the device.
    """

    def __init__(
        self, folder: PipelineFolder, settings: Settings, variant: str | None, max_batch: int | None, compiled: bool
    ) -> None:
        self._folder = folder
        self._settings = settings
        self._limit = max_batch
        self._has_drawn = False
        if settings.strict:
            devices.prepare_deterministic()
        self._device = devices.best_device()
        self._pipeline: Any = load(folder, settings, variant, self._device)
        self._compiled = compile_denoiser(self._pipeline) if compiled else []
        self._takes = signatures.parameters(folder.pipeline) or {}

    def close(self) -> None:
        """Free the model."""
        parts = [self._pipeline, *getattr(self._pipeline, "components", {}).values()]
        gone = [weakref.ref(part) for part in parts if hasattr(part, "to")]
        parts.clear()
        self._pipeline = None
        devices.free(self._device, *gone)

    @cached_property
    def environment(self) -> dict[str, Any]:
        """What besides the identity can change the pixels (JSON values)."""
        scheduler = getattr(self._pipeline, "scheduler", None)
        config = {key: value for key, value in getattr(scheduler, "config", {}).items() if not key.startswith("_")}
        return {
            **devices.describe(self._device),
            "dtype": self._settings.dtype,
            **{key: said for key, said in (("strict", self._settings.strict), ("compiled", self._compiled)) if said},
            "packages": {name: importlib.metadata.version(name) for name in _PACKAGES},
            "scheduler": {"class": type(scheduler).__name__, "config": plain(config)},
        }

    def draw(self, requests: Sequence[Request]) -> list[Outcome]:
        """One outcome per request, in order.

        Where memory does not suffice the batch is halved, for this call and those after it; how many images were drawn
        together is in the outcome, as `batch_size`, since it changes low bits of them.

        Raises:
            BadInput: Not the prompt but the settings are what the pipeline cannot draw with.
        """
        outcomes: list[Outcome] = []
        while len(outcomes) < len(requests):
            batch = requests[len(outcomes) :][: self._limit]
            drawn = self._attempt(batch)
            if drawn is None:
                self._limit = max(1, len(batch) // 2)
            outcomes += drawn or []
        return outcomes

    def _attempt(self, batch: Sequence[Request]) -> list[Outcome] | None:
        """The outcomes of a batch, or None if it is to be tried again in halves."""
        try:
            return self._draw_together(batch)
        except (RuntimeError, ValueError, ArithmeticError, MemoryError) as error:
            reason = describe(error)
            short = devices.is_out_of_memory(error)
            if not short:
                _let_through_what_is_no_image_failure(error)
        if short:
            # Out of the handler, so that the traceback no longer holds the tensors that there was no room for.
            devices.free(self._device)
            if len(batch) > 1:
                return None
        else:
            self._refuse_unless_drawable(reason)
        if len(batch) == 1:
            return [Outcome("failed", reason=reason, provider={"batch_size": 1, "batch_position": 0})]
        return [outcome for request in batch for outcome in self._alone(request)]

    def _alone(self, request: Request) -> list[Outcome]:
        """So that one prompt that cannot be drawn does not take the others of its batch with it."""
        return self._attempt([request]) or []

    def _draw_together(self, batch: Sequence[Request]) -> list[Outcome]:
        started = time.perf_counter()
        output = self._call([request.prompt for request in batch], [request.seed for request in batch])
        images = _pixels(output.images)
        if len(images) != len(batch):
            problem = f"drew {len(images)} images for {len(batch)} prompts: {self._folder.pipeline} draws one at a time"
            raise BadInput(self._folder.path, problem, "Declare it with max_batch: 1")
        each = (time.perf_counter() - started) * 1000 / len(batch)
        flags = _flags(output, len(batch))
        outcomes = []
        for position, (image, flag) in enumerate(zip(images, flags, strict=True)):
            provider = {"safety": flag, "batch_size": len(batch), "batch_position": position}
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
        return Outcome("ok", image=partial(_png, image), provider=provider, latency_ms=latency_ms)

    def _call(self, prompts: list[str], seeds: list[int]) -> Any:
        import torch

        # One generator an image, on the CPU whatever the device: the noise of an image then depends on its seed alone.
        generators = [torch.Generator("cpu").manual_seed(seed) for seed in seeds]
        # Some pipelines (Z-Image, HiDream, ...) silently ignore surplus generators.
        assert len(generators) == len(prompts)
        arguments = dict(self._settings.arguments)
        if "negative_prompt" in arguments:
            arguments["negative_prompt"] = [arguments["negative_prompt"]] * len(prompts)
        size = {"width": self._settings.width, "height": self._settings.height, "num_images_per_prompt": 1}
        arguments |= {key: value for key, value in size.items() if key in self._takes}
        with quiet_drawing(), devices.deterministic() if self._settings.strict else nullcontext():
            # Arrays rather than Pillow images, because only they still show values that are no numbers.
            return self._pipeline(prompt=prompts, generator=generators, output_type="np", **arguments)

    def _refuse_unless_drawable(self, reason: str) -> None:
        """Tells settings that draw nothing from a prompt that cannot be drawn, by drawing a harmless one."""
        if self._has_drawn:
            return
        try:
            self._call(["a photo"], [0])
        except (RuntimeError, ValueError, ArithmeticError) as error:
            if devices.is_out_of_memory(error):
                return
            settings = {
                "size": f"{self._settings.width} x {self._settings.height}",
                "dtype": self._settings.dtype,
            }
            settings |= self._settings.arguments
            listed = ", ".join(f"{key} {value}" for key, value in settings.items())
            problem = f"draws nothing with these settings: {describe(error)}"
            raise BadInput(self._folder.path, problem, f"Change what does not suit the pipeline: {listed}") from error
        self._has_drawn = True


def _let_through_what_is_no_image_failure(error: Exception) -> None:
    """Raises what is a mistake of the program, or leaves the device unusable, and so is no matter of one image."""
    import torch

    lost = torch.AcceleratorError
    if isinstance(error, (NotImplementedError, RecursionError, UnicodeError, lost)):
        raise error


def _pixels(images: Any) -> "np.ndarray":
    """The images of an output as floats in [0, 1], shape (n, height, width, 3)."""
    import numpy as np

    return np.stack([np.asarray(image) for image in images]) if isinstance(images, list) else np.asarray(images)


def _png(image: "np.ndarray") -> bytes:
    """The PNG file of one image, rounded as diffusers does (`VaeImageProcessor.numpy_to_pil`)."""
    from PIL import Image

    pixels = (image * 255).round().astype("uint8")
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format="PNG", compress_level=_PNG_LEVEL)
    return file.getvalue()


def _flags(output: Any, count: int) -> list[Safety]:
    """What the safety checker found for each image: 'flagged', 'clean', or 'not_checked' if none ran."""
    flags = getattr(output, "nsfw_content_detected", None)
    if flags is None:
        return ["not_checked"] * count
    return ["not_checked" if flag is None else "flagged" if flag else "clean" for flag in flags]
