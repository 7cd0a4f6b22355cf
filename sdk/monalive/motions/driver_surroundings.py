"""What surrounds a driver's face, followed through a video in the driver's own crop."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from monalive.faces.crop import portrait_crop
from monalive.motions.surroundings_flow import FLOW_SIZE, SurroundingsFlow


class DriverSurroundings:
    """`SurroundingsFlow` for whole frames: all are cut to the crop of the first one.

    Args:
        image: (H, W, 3) uint8 RGB, the driver's reference frame.
        landmarks: (478, 3) float32 of the face in it, in pixels.
    """

    def __init__(self, image: NDArray[np.uint8], landmarks: NDArray[np.float32]) -> None:
        self._crop = portrait_crop(landmarks, image.shape[1], image.shape[0])
        self._measure = SurroundingsFlow(self._crop.extract(image, FLOW_SIZE), self._crop.to_unit(landmarks))

    def __call__(self, image: NDArray[np.uint8], landmarks: NDArray[np.float32]) -> NDArray[np.float32]:
        """The flow from the reference frame to another one.

        Args:
            image: (H, W, 3) uint8 RGB.
            landmarks: (478, 3) float32 of the face in it, in pixels.

        Returns:
            (16, 16, 3) float32, see `SurroundingsFlow`.
        """
        return self._measure(self._crop.extract(image, FLOW_SIZE), self._crop.to_unit(landmarks))
