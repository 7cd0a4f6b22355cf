"""The square crop around a face that the networks see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from monalive.faces.landmarks import MESH_COUNT

# Side of the crop as the networks see it, of what they paint, and of their mask, in pixels.
NETWORK_SIZE: Final = 256
# Width of the crop in face sizes, and how far the face's centre sits below the crop's: as in the training data.
CROP_FACE_SIZES = 1.9
CROP_RISE = 0.06
# A picture only this much larger than the wanted crop is used whole: a seam just inside its border helps nobody.
WHOLE_PICTURE_SLACK = 1.35


@dataclass(frozen=True)
class SquareCrop:
    """An axis-aligned square in photo pixels (x right, y down). It may reach outside the photo."""

    x: float
    y: float
    side: float

    def to_unit(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Photo pixels to crop units: [0, 1] inside the square; z is divided by the side.

        Args:
            points: (..., 2) or (..., 3), in pixels of the photo.
        """
        return ((points - self._origin(points)) / self.side).astype(np.float32)

    def to_pixels(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Crop units to photo pixels: the inverse of `to_unit`.

        Args:
            points: (..., 2) or (..., 3), in crop units.
        """
        return (points * self.side + self._origin(points)).astype(np.float32)

    def snapped(self) -> tuple[int, int, int]:
        """left, top, side of the square of whole pixels nearest to it."""
        return round(self.x), round(self.y), max(1, round(self.side))

    def extract(self, image: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
        """The crop resampled to (size, size, 3) uint8; what lies outside the photo repeats its border.

        Shrinking averages over the source pixels (area), so that fine hair does not alias.

        Args:
            image: the photo, (H, W, 3) uint8 RGB.
            size: side of the result, in pixels.
        """
        scale = self.side / size
        if scale == 1.0 and self.x == 0 == self.y and image.shape[:2] == (size, size):
            return image.copy()
        blur: NDArray[Any] = image
        if scale > 2.0:  # bilinear sampling alone reads 2x2 pixels: halve the photo until that is enough
            shrink = 1.0 / 2 ** int(np.floor(np.log2(scale)))
            blur = cv2.resize(image, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
        fx, fy = blur.shape[1] / image.shape[1], blur.shape[0] / image.shape[0]
        # cv2 puts pixel centres on integers; landmark pixels put the picture's corner at 0.
        matrix = np.array(
            [
                [scale * fx, 0, (self.x + scale / 2) * fx - 0.5],
                [0, scale * fy, (self.y + scale / 2) * fy - 0.5],
            ],
            np.float64,
        )
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return cv2.warpAffine(blur, matrix, (size, size), flags=flags, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[return-value]

    def _origin(self, points: NDArray[np.float32]) -> NDArray[np.float64]:
        return np.array([self.x, self.y, 0.0][: points.shape[-1]])


def portrait_crop(landmarks: NDArray[np.float32], image_width: int, image_height: int) -> SquareCrop:
    """The square to animate, chosen from a face's landmarks.

    Args:
        landmarks: (478, 2 or 3) photo pixels.
        image_width: of the photo, in pixels.
        image_height: of the photo, in pixels.

    Returns:
        A square about twice the face's size with room above for the hair. It is moved to lie inside the photo where
        that is possible, and it is the photo's largest square when the photo is hardly larger than the crop.
    """
    low, high = landmarks[:MESH_COUNT, :2].min(axis=0), landmarks[:MESH_COUNT, :2].max(axis=0)
    face = float((high - low).max())
    wanted = face * CROP_FACE_SIZES
    shorter = min(image_width, image_height)
    side = float(shorter) if shorter <= wanted * WHOLE_PICTURE_SLACK else wanted
    centre_x, centre_y = (low + high) / 2
    x = float(np.clip(centre_x - side / 2, 0, image_width - side))
    y = float(np.clip(centre_y - side / 2 - CROP_RISE * side, 0, image_height - side))
    return SquareCrop(x, y, side)
