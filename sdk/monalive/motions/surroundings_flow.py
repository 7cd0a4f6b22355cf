"""How shoulders, hair and background around a driver's face moved: coarse optical flow since a reference frame.

The landmarks of a face do not tell whether the shoulders came along or the camera panned, and most of a picture of a
head is not face. So reenactment also takes the driver's optical flow, averaged over a 16 x 16 grid: enough to place
shoulders and background, too coarse to hold a picture of anybody.

Dense flow: DIS, Kroeger, Timofte, Dai, Van Gool, *Fast Optical Flow using Dense Inverse Search*, ECCV 2016 (OpenCV's).
"""

from __future__ import annotations

from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from monalive.faces.landmarks import FACE_OVAL

GRID_SIZE: Final = 16
FLOW_SIZE: Final = 128
_CELL = FLOW_SIZE // GRID_SIZE
_FACE_MARGIN = 0.04  # of the side: what is this near to the face moves with it
_MISMATCH = 20.0  # grey levels by which a place and where it came from may differ
_FILL = 0.05  # how much a cell's neighbours count beside its own flow
_CENTRES = np.arange(GRID_SIZE, dtype=np.float32)
_SPREAD = np.exp(-0.5 * ((_CENTRES[:, None] - _CENTRES) / 2.0) ** 2)
_COLUMNS, _ROWS = np.meshgrid(*[np.arange(FLOW_SIZE, dtype=np.float32)] * 2)


class SurroundingsFlow:
    """Measures against one reference frame; each frame on its own, so that nothing drifts.

    Args:
        reference: (H, H, 3) uint8 RGB, the reference frame's crop, any size.
        landmarks: (478, 2 or 3) of the face in it, in units of the crop's side.
    """

    def __init__(self, reference: NDArray[np.uint8], landmarks: NDArray[np.float32]) -> None:
        self._reference = _grey(reference)
        self._reference_around = _around_face(landmarks)
        self._dense = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)

    def __call__(self, frame: NDArray[np.uint8], landmarks: NDArray[np.float32]) -> NDArray[np.float32]:
        """The flow to a later frame.

        Args:
            frame: (H, H, 3) uint8 RGB, the same crop of the later frame.
            landmarks: (478, 2 or 3) of the face in it, in units of the crop's side.

        Returns:
            (16, 16, 3) float32, row by row: where each cell came from, as (x, y) of its place in the reference minus
            its place now, in units of the side; and in [0, 1] how much of the cell is known. A cell hidden by the
            face, or changed beyond recognition, takes its neighbours' flow.
        """
        grey = _grey(frame)
        calc: Any = self._dense.calc  # its stub has no overload that leaves the result to it
        dense = np.asarray(calc(grey, self._reference, None), np.float32)  # (128, 128, 2) pixels
        x, y = _COLUMNS + dense[..., 0], _ROWS + dense[..., 1]
        was = cv2.remap(self._reference, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        around = cv2.remap(self._reference_around, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        mismatch = cv2.absdiff(was, grey).astype(np.float32) * np.float32(1 / _MISMATCH)
        trust = around * _around_face(landmarks) / (1 + mismatch * mismatch)
        known = _per_cell(trust)
        sums = _per_cell(dense * trust[..., None])
        wide = _spread(sums) / (_spread(known) + 1e-4)[..., None]
        flow = (sums + _FILL * wide) / (known + _FILL)[..., None] / FLOW_SIZE
        return np.concatenate((flow, known[..., None]), -1).astype(np.float32)

    @staticmethod
    def measurable(before: NDArray[np.float32], after: NDArray[np.float32]) -> NDArray[np.float32]:
        """(16, 16) in [0, 1]: how much of each cell no face hides, before or after; landmarks as above."""
        return _per_cell(_around_face(before) * _around_face(after))


def unknown_surroundings() -> NDArray[np.float32]:
    """What stands for "not measured": (16, 16, 3) zeros. The animate network then guesses what moves along."""
    return np.zeros((GRID_SIZE, GRID_SIZE, 3), np.float32)


def _grey(crop: NDArray[np.uint8]) -> NDArray[np.uint8]:
    small = cv2.resize(crop, (FLOW_SIZE, FLOW_SIZE), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.uint8)


def _around_face(landmarks: NDArray[np.float32]) -> NDArray[np.float32]:
    """(128, 128): 0 on the face, 1 elsewhere."""
    oval = np.asarray(landmarks, np.float32)[list(FACE_OVAL), :2] * FLOW_SIZE
    centre = oval.mean(0)
    outwards = oval - centre
    outwards *= 1 + _FACE_MARGIN * FLOW_SIZE / (np.linalg.norm(outwards, axis=1, keepdims=True) + 1e-6)
    mask = np.ones((FLOW_SIZE, FLOW_SIZE), np.float32)
    cv2.fillConvexPoly(mask, cv2.convexHull(np.rint(centre + outwards).astype(np.int32)), 0.0)
    return mask


def _per_cell(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean over each cell: (128, 128, ...) to (16, 16, ...)."""
    shape = (GRID_SIZE, _CELL, GRID_SIZE, _CELL, *values.shape[2:])
    return np.asarray(values.reshape(shape).mean((1, 3)))


def _spread(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Gaussian sum over neighbouring cells."""
    sums: NDArray[np.float32] = np.einsum("ij,jk...,kl->il...", _SPREAD, values, _SPREAD)
    return sums
