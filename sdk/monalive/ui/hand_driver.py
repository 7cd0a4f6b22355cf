"""A driver moved by hand: the mean face and what each of a few sliders adds to it, for the page to put together."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from monalive.faces.head_pose import NECK
from monalive.motions.synthetic_driver import CENTRE, IMAGE_SIZE, PIXELS_PER_UNIT, Performance

# Slider to expressions at its right end, in which `mouthSmile` stands for two sides.
SLIDERS: Final[dict[str, dict[str, float]]] = {
    "smile": {"mouthSmile": 0.95, "eyeSquint": 0.2, "mouthUpperUp": 0.2},
    "mouth": {"jawOpen": 0.6, "mouthLowerDown": 0.2},
    "eyes": {"eyeBlink": 1.0},
    "brows": {"browInnerUp": 0.9, "browOuterUp": 0.9},
}


def hand_driver() -> dict[str, Any]:
    """What the page needs, ready for JSON.

    Returns:
        `image_size`; `rest` (478 x 3, flat) the face at rest in pixels; `pivot` (3) about which the head turns;
        `sliders`: name to the displacement of every landmark in pixels (478 x 3, flat) at the slider's right end.
    """
    rest = _face({})
    return {
        "image_size": list(IMAGE_SIZE),
        "rest": _flat(rest),
        "pivot": (NECK * PIXELS_PER_UNIT + CENTRE).round(2).tolist(),
        "sliders": {name: _flat(_face(amounts) - rest) for name, amounts in SLIDERS.items()},
    }


def _face(amounts: dict[str, float]) -> NDArray[np.float32]:
    """(478, 3) pixels of the driver with an expression."""
    performance = Performance(np.zeros(1), 1.0)
    performance.add(np.ones(1), **amounts)
    face: NDArray[np.float32] = performance.landmarks()[0]
    return face


def _flat(points: NDArray[np.float32]) -> list[float]:
    return np.asarray(points, np.float64).round(2).ravel().tolist()
