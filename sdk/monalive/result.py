"""What the photo animator gives back for every frame of the driver."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from monalive.faces.crop import NETWORK_SIZE, SquareCrop
from monalive.media.cutout import Colour, over


@dataclass(frozen=True)
class AnimatedFrame:
    """A frame of the result.

    Attributes:
        image: (H, W, 3) uint8 RGB, the whole photo with the face animated; outside the crop it is the photo. A cut-out
            photo is shown on white; `on` shows it on another colour.
        crop: the part that moves, pixels of `image` (the first portrait's).
        landmarks: (478, 3) float32, units of the portrait's crop (the first portrait's).
        timestamp_ms: as given.
        driver_found: whether the driver's face was found; if not, the last pose is held.
        cut: whether there is a cut in the driver just before, or another face drives: the motion restarts here.
        rgba: (H, W, 4) uint8 of a cut-out photo, its colours not multiplied by alpha and nowhere those of a background;
            None of another one.
    """

    image: NDArray[np.uint8]
    crop: SquareCrop
    landmarks: NDArray[np.float32]
    timestamp_ms: float
    driver_found: bool = True
    cut: bool = False
    rgba: NDArray[np.uint8] | None = None

    def __repr__(self) -> str:
        height, width = self.image.shape[:2]
        lost = "" if self.driver_found else ", driver not found"
        return f"<AnimatedFrame of {width}x{height} at {self.timestamp_ms:g} ms{lost}>"

    @cached_property
    def crop_image(self) -> NDArray[np.uint8]:
        """(256, 256, 3) uint8 RGB, the crop alone (the first portrait's)."""
        return self.crop.extract(self.image, NETWORK_SIZE)

    def on(self, background: Colour) -> NDArray[np.uint8]:
        """`image` without transparency, (H, W, 3) uint8 RGB: a cut-out photo lies on a colour.

        Args:
            background: red, green and blue, 0 to 255.
        """
        return self.image if self.rgba is None else over(self.rgba[..., :3], self.rgba[..., 3], background)
