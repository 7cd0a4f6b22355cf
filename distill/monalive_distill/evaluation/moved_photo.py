"""What is measured: anything that moves a photo as a driver's face moves.

A method gets a photo and a motion, so that the product, its baselines and experiments are measured on the same frames
by the same code. A motion holds landmarks and coarse flow, no pixels: a method never sees the frames it is to make.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from monalive.motions.motion import Motion

Image = NDArray[np.uint8]
Landmarks = NDArray[np.float32]
UNMOVED = "unmoved"


class MovedPhoto(NamedTuple):
    """What a method makes of one frame of the driver.

    Attributes:
        image: (H, W, 3) uint8 RGB, of the photo's size.
        asked: (478, 3) float32 pixels of it, the landmarks that the method asked its networks for; None where there
            are none.
    """

    image: Image
    asked: Landmarks | None = None


class ReenactmentMethod(Protocol):
    """Anything that moves a photo."""

    def __call__(
        self, photo: Image, photo_landmarks: Landmarks, driver: Motion, *, absolute: bool
    ) -> Iterable[MovedPhoto]:
        """The photo moved for each driver frame, the driver's first frame included.

        Args:
            photo: (H, W, 3) uint8 RGB.
            photo_landmarks: (478, 3) float32 pixels of the photo.
            driver: of frames as large as the photo.
            absolute: take on the driver's landmarks as they are; otherwise their change since the first.
        """
        ...


def hold_still(photo: Image, photo_landmarks: Landmarks, driver: Motion, *, absolute: bool) -> Iterable[MovedPhoto]:
    """The baseline that does nothing: the photo itself for every frame."""
    return [MovedPhoto(photo)] * len(driver)
