"""What a pipeline gives back, read without trust: pictures as floats, and what its safety checker found."""

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mcas_assets.core.errors import BadInput
from mcas_assets.core.outcomes import Safety
from mcas_assets.systems.pipelines.strangers import Raised, strangers_code

if TYPE_CHECKING:
    import numpy as np

# PNG keeps every pixel at any level; level 1 takes a fraction of the time and some tenths more room.
_PNG_LEVEL = 1
_AS_A_SET = "Draw with it elsewhere, and audit what it drew as a set of images (kind: import)"


def pixels(output: Any, wanted: int, where: Path, pipeline: str) -> list["np.ndarray"]:
    """The pictures of an output as floats in [0, 1], each of shape (height, width, 3).

    Args:
        output: What the call gave.
        wanted: How many pictures were asked for.
        where: The pipeline's folder.
        pipeline: Its class.

    Raises:
        BadInput: It holds no pictures, several for one, or pictures that are not red, green and blue.
        Raised: It holds another number of pictures than were asked for together, or what cannot be turned into arrays.
    """
    images = getattr(output, "images", None)
    if images is None:
        problem = f"gives no images: what {pipeline} answers is a {type(output).__name__}"
        raise BadInput(where, problem, _AS_A_SET)
    found = [_floats(image) for image in images]
    if len(found) != wanted and wanted > 1:
        raise Raised(ValueError(f"{len(found)} images for {wanted} prompts"))
    if len(found) != wanted:
        raise BadInput(where, f"draws {len(found)} pictures where one was asked for", _AS_A_SET)
    odd = [image.shape for image in found if image.ndim != 3 or image.shape[2] != 3]
    if odd:
        problem = f"draws no pictures in red, green and blue: {pipeline} gives arrays of shape {odd[0]}"
        raise BadInput(where, problem, _AS_A_SET)
    return found


def flags(output: Any, count: int) -> list[Safety]:
    """What the safety checker found for each image: 'flagged', 'clean', or 'not_checked' if none ran."""
    found = getattr(output, "nsfw_content_detected", None)
    if not isinstance(found, list) or len(found) != count:
        return ["not_checked"] * count
    return ["not_checked" if flag is None else "flagged" if flag else "clean" for flag in found]


def png(image: "np.ndarray") -> bytes:
    """The PNG file of one picture, rounded as diffusers does (`VaeImageProcessor.numpy_to_pil`)."""
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray((image * 255).round().astype("uint8")).save(file, format="PNG", compress_level=_PNG_LEVEL)
    return file.getvalue()


def _floats(image: Any) -> "np.ndarray":
    """One picture as floats: also of a pipeline that gives levels of 256, or Pillow's images, whatever it is asked for."""
    import numpy as np

    with strangers_code():
        array = np.asarray(image)
    return array.astype(np.float32) / 255 if array.dtype == np.uint8 else array
