"""How two sets of landmarks of one face differ, and what kind of face it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monalive.faces.blendshapes import BLENDSHAPE_NAMES
from monalive.faces.expressions import load_expressions
from monalive.faces.head_pose import fit_pose
from monalive.faces.landmarks import (
    FACE_OVAL,
    IRISES,
    LEFT_BROW,
    LEFT_EYE,
    LEFT_EYE_CORNERS,
    LIPS_INNER,
    LIPS_OUTER,
    RIGHT_BROW,
    RIGHT_EYE,
    RIGHT_EYE_CORNERS,
)
from monalive_distill.tracker.face_pool import openness_of

REGIONS = {
    "eyes": (*LEFT_EYE, *RIGHT_EYE),
    "irises": IRISES,
    "lips": (*LIPS_OUTER, *LIPS_INNER),
    "brows": (*LEFT_BROW, *RIGHT_BROW),
    "outline": FACE_OVAL,
}
# Groups of blendshapes by how their names begin.
BLENDSHAPE_GROUPS = {
    "blinks": ("eyeBlink",),
    "gaze": ("eyeLook",),
    "squints": ("eyeSquint", "eyeWide"),
    "brows": ("brow",),
    "jaw": ("jaw",),
    "smile": ("mouthSmile",),
    "rest of the mouth": ("mouth",),
}
CHEEKS = (50, 280)
LUMA = np.array([0.2126, 0.7152, 0.0722])
# Luminance of the cheeks, [0, 1] of the encoded picture, below which a face counts as dark, and above which as light.
DARK_CHEEKS, LIGHT_CHEEKS = 0.35, 0.6
# Degrees away from the camera from which a head counts as turned.
TURNED = 20.0


@dataclass(frozen=True)
class FrameMeasure:
    """One frame.

    Attributes:
        percent: mean distance of all landmarks in the picture, in percent of the distance between the outer eye corners
            there.
        regions: the same of each of `REGIONS`.
        openness: (3,) error of the right eye's, left eye's and mouth's openness.
        yaw, pitch: of the head as the teacher sees it, in degrees.
        cheeks: luminance of the cheeks, [0, 1].
        blendshapes: errors of the 52 scores, (52,) float32; None where they were not measured.
        attributes: other slices that it belongs to.
    """

    percent: float
    regions: dict[str, float]
    openness: NDArray[np.float32]
    yaw: float
    pitch: float
    cheeks: float
    blendshapes: NDArray[np.float32] | None = None
    attributes: tuple[str, ...] = ()

    @property
    def slices(self) -> tuple[str, ...]:
        """The groups of faces it belongs to."""
        pose = "turned" if max(abs(self.yaw), abs(self.pitch)) > TURNED else "from the front"
        tone = "dark" if self.cheeks < DARK_CHEEKS else "light" if self.cheeks > LIGHT_CHEEKS else "medium"
        return pose, f"{tone} cheeks", *self.attributes


def measure_frame(found: NDArray[np.float32], teacher: NDArray[np.float32], image: NDArray[np.uint8]) -> FrameMeasure:
    """Compares landmarks (478, 3) in pixels of a picture (H, W, 3) with the teacher's."""
    distances = np.linalg.norm((found - teacher)[:, :2], axis=1) / eye_distance(teacher) * 100
    pose = fit_pose(teacher, load_expressions().mean_face)
    return FrameMeasure(
        float(distances.mean()),
        {name: float(distances[list(indices)].mean()) for name, indices in REGIONS.items()},
        np.abs(openness_of(found) - openness_of(teacher)),
        pose.yaw,
        pose.pitch,
        cheek_luminance(image, teacher),
    )


def blendshape_groups() -> dict[str, list[int]]:
    """Indices of the scores of each of `BLENDSHAPE_GROUPS`; a score belongs to the first group it fits."""
    groups: dict[str, list[int]] = {name: [] for name in BLENDSHAPE_GROUPS}
    for index, score in enumerate(BLENDSHAPE_NAMES):
        for name, beginnings in BLENDSHAPE_GROUPS.items():
            if score.startswith(beginnings):
                groups[name].append(index)
                break
    return groups


def eye_distance(landmarks: NDArray[np.floating]) -> float:
    """Between the outer eye corners, in the picture."""
    across = landmarks[LEFT_EYE_CORNERS[0], :2] - landmarks[RIGHT_EYE_CORNERS[0], :2]
    return float(np.linalg.norm(across))


def cheek_luminance(image: NDArray[np.uint8], landmarks: NDArray[np.floating]) -> float:
    """Median luminance, [0, 1], of the brighter cheek: the side that the light falls on."""
    reach = max(1, round(eye_distance(landmarks) * 0.08))
    values = []
    for index in CHEEKS:
        x, y = (int(v) for v in landmarks[index, :2])
        patch = image[max(0, y - reach) : y + reach + 1, max(0, x - reach) : x + reach + 1]
        if patch.size:
            values.append(float(np.median(patch.reshape(-1, 3) @ LUMA)) / 255)
    return max(values, default=0.0)


def worst_tenth(values: NDArray[np.float64]) -> float:
    """Mean of the largest tenth of the values (at least one)."""
    return float(np.sort(values)[-max(1, len(values) // 10) :].mean())
