"""Expressions in a few numbers: groups of blendshape scores that an eye, a brow or a mouth is judged by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monalive.faces.blendshapes import BLENDSHAPE_NAMES

# What each group adds up. Gaze is signed: positive is to the person's left, and up.
EXPRESSION_GROUPS: Final[Mapping[str, Mapping[str, float]]] = {
    "blink": {"eyeBlinkLeft": 0.5, "eyeBlinkRight": 0.5},
    "gaze sideways": {"eyeLookOutLeft": 0.5, "eyeLookInLeft": -0.5, "eyeLookInRight": 0.5, "eyeLookOutRight": -0.5},
    "gaze up/down": {"eyeLookUpLeft": 0.5, "eyeLookUpRight": 0.5, "eyeLookDownLeft": -0.5, "eyeLookDownRight": -0.5},
    "brows up": {"browInnerUp": 1 / 3, "browOuterUpLeft": 1 / 3, "browOuterUpRight": 1 / 3},
    "brows down": {"browDownLeft": 0.5, "browDownRight": 0.5},
    "squint": {"eyeSquintLeft": 0.5, "eyeSquintRight": 0.5},
    "pucker": {"mouthPucker": 1.0},
    "jaw": {"jawOpen": 1.0},
    "smile": {"mouthSmileLeft": 0.5, "mouthSmileRight": 0.5},
}
_WEIGHTS: Final = np.array(
    [[group.get(name, 0.0) for name in BLENDSHAPE_NAMES] for group in EXPRESSION_GROUPS.values()], np.float32
)  # (groups, 52)


def expression_groups(blendshapes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Blendshape scores (..., 52), [0, 1], to the values of `EXPRESSION_GROUPS` (..., 9) in their order."""
    return np.asarray(blendshapes @ _WEIGHTS.T, np.float32)
