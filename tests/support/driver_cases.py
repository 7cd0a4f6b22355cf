"""Videos of faces and who drives in each frame: known answers for `DriverRule` and its ports."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

STEP_MS: Final = 100.0
PICTURE_SIZE: Final = (1280, 720)
# A face of a frame: x and y of its centre, how much larger than the landmarks of faces.json, and by how much its height
# is stretched beyond its width, which stands for an expression.
FaceAt = tuple[float, float, float, float]
Frame = tuple[FaceAt, ...]

_LEFT: Final = (280.0, 380.0, 1.0, 0.0)
_RIGHT: Final = (990.0, 380.0, 1.4, 0.0)
_MIDDLE: Final = (640.0, 380.0, 0.9, 0.0)
_NEXT_TO_LEFT: Final = (460.0, 380.0, 1.2, 0.0)


def _moving(face: FaceAt, count: int, most: float = 0.1) -> list[FaceAt]:
    """It opens and closes once in ten frames."""
    x, y, scale, _ = face
    return [(x, y, scale, round(most * (1 - abs(index % 10 - 5) / 5), 4)) for index in range(count)]


def _with(faces: Sequence[FaceAt], *others: FaceAt) -> list[Frame]:
    return [(face, *others) for face in faces]


def _case(name: str, which: object, *parts: tuple[Sequence[Frame], int | None]) -> dict[str, Any]:
    """Frames in a row, each part with the driver's index in its frames (None: nobody drives)."""
    frames = [(frame, driver) for part, driver in parts for frame in part]
    return {
        "name": name,
        "which": which,
        "frames": [
            {"time_ms": index * STEP_MS, "faces": [list(face) for face in frame], "driver": driver}
            for index, (frame, driver) in enumerate(frames)
        ],
    }


DRIVER_CASES: Final = (
    _case(
        "a larger still face drives only until one has moved for a second, and gets nothing back in a gap",
        "auto",
        (_with(_moving(_LEFT, 10), _RIGHT), 1),
        (_with(_moving(_LEFT, 5), _RIGHT), 0),
        ([(_RIGHT,)] * 19, None),
        (_with(_moving(_LEFT, 5), _RIGHT), 0),
    ),
    _case(
        "of two that move the larger and more central one drives",
        "auto",
        (list(zip(_moving(_LEFT, 15), _moving(_MIDDLE, 15), strict=True)), 1),
        (list(zip(_moving(_RIGHT, 5), _moving(_MIDDLE, 5), strict=True)), 1),
    ),
    _case(
        "moving: the one that moves most",
        "moving",
        (list(zip(_moving(_LEFT, 10, 0.2), _moving(_MIDDLE, 10, 0.05), strict=True)), 1),
        (list(zip(_moving(_LEFT, 10, 0.2), _moving(_MIDDLE, 10, 0.05), strict=True)), 0),
    ),
    _case(
        "the largest at first keeps driving when another one is larger, and moves",
        "largest",
        ([(_MIDDLE, _LEFT)] * 3, 1),
        (_with(_moving((990.0, 380.0, 2.0, 0.0), 12), _MIDDLE, _LEFT), 2),
    ),
    _case(
        "a number from the left, once there are so many",
        1,
        ([(_LEFT,)] * 3, None),
        ([(_RIGHT, _LEFT)] * 2, 0),
        (_with(_moving(_LEFT, 12), _RIGHT), 1),
    ),
    _case(
        "after a long gap a still face does not take over, one that moves does",
        "largest",
        ([(_LEFT,)] * 3, 0),
        ([(_RIGHT,)] * 30, None),
        (_with(_moving(_MIDDLE, 1), _RIGHT), None),
        ([((*_MIDDLE[:3], 0.08), _RIGHT)] * 5, 0),
    ),
    _case(
        "after a long gap the face is taken up again where it was",
        "largest",
        ([(_LEFT,)] * 3, 0),
        ([(_RIGHT,)] * 25, None),
        ([(_RIGHT, _LEFT)] * 3, 1),
    ),
    _case(
        "in a gap neither a neighbour nor a much larger face in the same place is the driver",
        "largest",
        ([(_LEFT,)] * 2, 0),
        ([(_NEXT_TO_LEFT,)] * 3, None),
        ([((280.0, 380.0, 1.8, 0.0),)] * 3, None),
        ([((250.0, 400.0, 1.1, 0.0), _NEXT_TO_LEFT)] * 3, 0),
    ),
    _case(
        "of two faces within reach the one of the driver's shape",
        "largest",
        ([((*_LEFT[:3], 0.2),)] * 2, 0),
        ([()] * 3, None),
        ([((300.0, 380.0, 1.0, -0.2), (255.0, 380.0, 1.0, 0.2))] * 2, 1),
    ),
)


def face_at(portrait: ArrayLike, face: Sequence[float]) -> NDArray[np.float32]:
    """The landmarks (478, 3) of a face in a frame, from those of faces.json."""
    points = np.asarray(portrait, np.float64)
    x, y, scale, stretch = face
    points = (points - points.mean(axis=0)) * scale
    points[:, 1] *= 1.0 + stretch
    moved: NDArray[np.float32] = (points + np.array([x, y, 0.0])).astype(np.float32)
    return moved


def driver_cases() -> dict[str, Any]:
    """The content of driver.json."""
    return {"picture_size": list(PICTURE_SIZE), "landmarks": "portrait", "cases": list(DRIVER_CASES)}
