"""Drawn heads in a known tone under a known light, and a detector that finds one face at a known place."""

import io
from pathlib import Path

import numpy as np
from PIL import Image

from mcas_assets.scoring.shares.portrait import Face
from mcas_assets.scoring.shares.skin_tone import MONK_HEX, srgb_to_linear

SIZE = 320
FACE = Face(
    (90.0, 70.0, 140.0, 190.0),
    np.array([[130.0, 150.0], [190.0, 150.0], [160.0, 180.0], [135.0, 215.0], [185.0, 215.0]]),
)
STRIDES = (8, 16, 32)


def rgb(tone: int) -> list[int]:
    return [int(MONK_HEX[tone - 1][i : i + 2], 16) for i in (1, 3, 5)]


def head(
    tone: int,
    *,
    light: tuple[float, float, float] = (1, 1, 1),
    exposure: float = 1.0,
    seed: int = 0,
    ground: str = "many",
) -> np.ndarray:
    """A head of a Monk tone before a ground of many colours, (320, 320, 3) uint8.

    Light from the right, hair, eyes and mouth; `light` and `exposure` multiply the linear light of everything.
    """
    random = np.random.default_rng(seed)
    linear = np.repeat(np.repeat(random.uniform(0.03, 0.75, (16, 16, 3)), 20, axis=0), 20, axis=1)
    if ground == "one":
        linear[:] = (0.3, 0.3, 0.6)
    y, x = np.mgrid[:SIZE, :SIZE]
    is_skin = ((x - 160) / 70) ** 2 + ((y - 165) / 95) ** 2 <= 1
    linear[is_skin] = (srgb_to_linear(rgb(tone)) * (1 - 0.12 * (x - 160) / 70)[..., None])[is_skin]
    linear[is_skin & (y < 100)] = 0.01
    for eye in (130, 190):
        linear[((x - eye) / 12) ** 2 + ((y - 150) / 6) ** 2 <= 1] = 0.02
    linear[((x - 160) / 25) ** 2 + ((y - 215) / 7) ** 2 <= 1] = srgb_to_linear([150, 60, 60])
    linear = (linear * np.array(light) * exposure * (1 + 0.02 * random.normal(size=linear.shape))).clip(0, 1)
    coded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.round(255 * coded.clip(0, 1)).astype(np.uint8)


def png(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def write_detector(path: Path, face: Face = FACE, score: float = 1.0) -> Path:
    """An ONNX file of YuNet's form that finds one face at one place of a picture of 320 x 320, whatever it shows.

    YuNet's outputs are, for strides of 8, 16 and 32 pixels, scores of class and object, boxes and five points of each cell.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    x, y, width, height = face.box
    column, row = int((x + width / 2) / 8), int((y + height / 2) / 8)
    place = row * (SIZE // 8) + column
    outputs = {
        f"{kind}_{s}": np.zeros((1, (SIZE // s) ** 2, n), np.float32)
        for kind, n in (("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10))
        for s in STRIDES
    }
    outputs["cls_8"][0, place] = outputs["obj_8"][0, place] = score
    outputs["bbox_8"][0, place] = [
        (x + width / 2) / 8 - column,
        (y + height / 2) / 8 - row,
        np.log(width / 8),
        np.log(height / 8),
    ]
    outputs["kps_8"][0, place] = (face.points / 8 - np.array([column, row])).reshape(-1)
    nodes = [
        helper.make_node("ReduceMean", ["input"], ["mean"], axes=[1, 2, 3], keepdims=1),
        helper.make_node("Mul", ["mean", "zero"], ["nothing"]),
        helper.make_node("Reshape", ["nothing", "shape"], ["flat"]),
        *(helper.make_node("Add", [f"known_{name}", "flat"], [name]) for name in outputs),
    ]
    constants = {f"known_{name}": value for name, value in outputs.items()} | {
        "zero": np.zeros((1, 1, 1, 1), np.float32), "shape": np.array([1, 1, 1], np.int64),
    }  # fmt: skip
    graph = helper.make_graph(
        nodes, "yunet", [helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, SIZE, SIZE])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, value.shape) for name, value in outputs.items()],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )  # fmt: skip
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=7), str(path))
    return path
