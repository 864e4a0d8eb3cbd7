"""Compiling a pipeline's denoiser: the same computation in fewer and larger kernels, after a wait at the first batch."""

from typing import Any


def compile_denoiser(pipeline: Any) -> list[str]:
    """Compile in place what runs at every step. Returns the names of the components that were compiled.

    A U-Net is compiled as a whole, since its convolutions gain as much as its attention. Of a transformer the blocks that
    repeat are compiled once (`compile_repeated_blocks` of diffusers): nearly all of it, in a fraction of the time.
    """
    compiled = []
    for name in ("unet", "transformer", "prior"):
        model = getattr(pipeline, name, None)
        if model is None:
            continue
        if name != "unet" and getattr(model, "_repeated_blocks", None):
            model.compile_repeated_blocks()
        else:
            model.compile()
        compiled.append(name)
    return compiled
