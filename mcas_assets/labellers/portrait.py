"""Labellers of kind `portrait`: the skin tone of a photographed person, found by OpenCV's face detector YuNet.

For axes whose groups name Monk tones. The arithmetic is `scoring.shares.portrait`: cheeks and forehead by landmarks, the light
estimated and divided out. The weights of the detector (MIT, 230 kB, from opencv_zoo) are a file of a person's own,
named by path and digest.
"""

import hashlib
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from mcas_assets.core.digests import plain
from mcas_assets.core.errors import BadInput
from mcas_assets.core.extras import require_extra
from mcas_assets.core.overlap import HELPERS, ahead
from mcas_assets.core.pictures import decoder
from mcas_assets.declare.catalogue import Entry
from mcas_assets.declare.parts import Axis
from mcas_assets.labellers.model_folder import labeller_id, shown
from mcas_assets.labellers.pixels import has_tones
from mcas_assets.labellers.protocol import NO_PERSON, OUTSIDE, Answer
from mcas_assets.scoring.shares.portrait import NO_FACE, Face, Reading, read_portrait
from mcas_assets.scoring.shares.skin_tone import UNREADABLE

LOOKS = "1"
"""Raised with any change of this module, or of the arithmetic, after which an image may be told otherwise."""

LONGEST = 640
"""Pixels of the longer side that a picture is read at, at most: YuNet finds faces of some 10 to 300 pixels."""

EXTRA = "portraits"
_MOST, _OVERLAP = 100, 0.3  # faces that are kept, and the overlap above which two boxes are one face
_DOWNLOAD = (
    "Download face_detection_yunet_2023mar.onnx from https://github.com/opencv/opencv_zoo (models/face_detection_yunet)"
)


class Declaration(Entry):
    """One entry of kind `portrait`.

    Attributes:
        weights: The detector's ONNX file, relative to the folder of the file that declares it.
        sha256: Of that file, 64 hex digits; it is not loaded if it is another.
        confidence: A face with a score below this is none.
    """

    kind: Literal["portrait"]
    weights: str
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    confidence: Annotated[float, Field(gt=0, lt=1)] = 0.7

    @property
    def local_path(self) -> str:
        """The file of the weights."""
        return self.weights


def build(name: str, entry: Declaration, base: Path, cache: Path | None = None) -> "Portrait":
    """The labeller of an entry; `base` is what its file is relative to."""
    return Portrait(name, entry, base)


class Portrait:
    """Tells the Monk tone of the person in a photograph. See `labellers.protocol.Looker`."""

    def __init__(self, name: str, entry: Declaration, base: Path) -> None:
        self.name, self.entry = name, entry
        self._file = base / Path(entry.weights).expanduser()
        self._detector: Any = None

    def tells(self, name: str, axis: Axis) -> bool:
        """An axis whose groups all name tones."""
        return has_tones(axis)

    def identity(self) -> dict[str, Any]:
        """What determines its labels. See `labellers.protocol.Labeller`."""
        facts = {
            "weights": self.entry.sha256,
            "confidence": self.entry.confidence,
            "looks": LOOKS,
            "numpy": np.__version__,
        }
        return plain({"kind": self.entry.kind, "pictures": decoder()} | facts)

    def require(self) -> None:
        """See that the extra and the weights are there, and that these are those that are declared.

        Raises:
            BadInput: They are not.
        """
        require_extra(EXTRA, f"labeller {self.name}")
        try:
            found = hashlib.sha256(self._file.read_bytes()).hexdigest()
        except OSError as error:
            problem = f"cannot be read ({error.strerror})"
            raise BadInput(self._file, problem, f"{_DOWNLOAD}, and put it there") from error
        if found != self.entry.sha256:
            problem = f"has the sha256 {found}, where labeller {self.name} declares {self.entry.sha256[:12]}..."
            raise BadInput(self._file, problem, f"{_DOWNLOAD} (not Git LFS's pointer to it), or declare what it is")

    def id_on(self, name: str, axis: Axis) -> str:
        """What its answers on an axis are kept under. See `labellers.protocol.Looker`."""
        return labeller_id(self.name, self.identity(), {group.name: list(group.monk_tones) for group in axis.groups})

    def look(self, name: str, axis: Axis, files: Iterable[bytes]) -> Generator[Answer]:
        """The group of the tone of each image's person, or why there is none; `raw` has all scales. See `Looker`."""
        groups = {tone: group.name for group in axis.groups for tone in group.monk_tones}
        for picture in ahead(shown, files, HELPERS):
            picture.thumbnail((LONGEST, LONGEST))
            pixels = np.asarray(picture)
            faces = self.faces(pixels)
            found = read_portrait(pixels, faces)
            label = groups.get(found.monk, OUTSIDE) if found.monk != UNREADABLE else _unread(found)
            yield Answer(label, found.reason, _raw(found, faces))

    def faces(self, pixels: np.ndarray) -> list[Face]:
        """The faces of a picture, (rows, columns, 3) uint8 in RGB.

        Raises:
            BadInput: The detector cannot be loaded.
        """
        import cv2

        if self._detector is None:
            self.require()
            try:
                self._detector = cv2.FaceDetectorYN.create(
                    str(self._file), "", (LONGEST, LONGEST), self.entry.confidence, _OVERLAP, _MOST
                )
            except cv2.error as error:
                problem = f"is no face detector that OpenCV {cv2.__version__} loads ({error.err or error})"
                raise BadInput(self._file, problem, _DOWNLOAD) from error
        self._detector.setInputSize((pixels.shape[1], pixels.shape[0]))
        _, rows = self._detector.detect(np.ascontiguousarray(pixels[..., ::-1]))
        found = [] if rows is None else np.asarray(rows, dtype=np.float64)
        return [Face(tuple(row[:4].tolist()), row[4:14].reshape(5, 2)) for row in found]

    def close(self) -> None:
        """Free the detector."""
        self._detector = None


def _unread(found: Reading) -> str:
    return NO_PERSON if found.reason == NO_FACE else "unreadable"


def _raw(found: Reading, faces: list[Face]) -> dict[str, Any]:
    light = found.light
    return plain({
        "monk": found.monk, "monk_as_shown": found.monk_as_shown, "perla": found.perla, "reason": found.reason,
        "ita": None if found.ita is None else round(found.ita, 2), "n_pixels": found.n_pixels,
        "lightness": None if found.lightness is None else round(found.lightness, 2), "n_faces": len(faces),
        "light": None if light is None else [round(float(one), 4) for one in light.colour],
        "cast": None if light is None else round(light.cast, 2), "light_is_known": None if light is None else light.is_known,
    })  # fmt: skip
