"""Puts an animated crop back into the photo, moving the photo's own pixels at their native resolution."""

from __future__ import annotations

from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from monalive.faces.crop import NETWORK_SIZE, SquareCrop

# Width of the band inside the crop's edges where motion fades out, in crop sides.
FEATHER_WIDTH: Final = 0.14


def crop_feather(
    crop: SquareCrop, image_width: int, image_height: int, width: float = FEATHER_WIDTH
) -> NDArray[np.float32]:
    """How much of the motion remains near the crop's edges.

    An edge of the crop inside the photo must not move, or a seam would show: weights rise smoothly from 0
    there to 1 at `width` inside. An edge on or beyond the photo's border needs no such care and keeps 1.

    Args:
        crop: the square in photo pixels.
        image_width, image_height: size of the photo in pixels.
        width: width of the band in crop sides, (0, 0.5].

    Returns:
        (256, 256) float32 in [0, 1], over the whole crop.

    Raises:
        ValueError: `width` is out of range.
    """
    if not 0 < width <= 0.5:
        raise ValueError(f"the feather's width must lie in (0, 0.5] crop sides, not {width}")
    left, top, side = crop.snapped()
    across = _edge_profile(width, fade_start=left > 0, fade_end=left + side < image_width)
    down = _edge_profile(width, fade_start=top > 0, fade_end=top + side < image_height)
    return np.outer(down, across).astype(np.float32)


class PasteBack:
    """Animates one crop of photos of one size; made once, called for every frame.

    The flow moves the photo's own pixels, so that detail beyond the network's 256 x 256 is kept; what the
    network painted is laid over them where the mask asks for it. Towards the crop's edges inside the photo
    the flow fades to zero and the painted part gives way to the photo: the content bends instead of showing
    double.

    It keeps its working memory between calls (fresh pages for every frame would cost more than the
    arithmetic), so one object must not be called from two threads at once.
    """

    def __init__(
        self,
        crop: SquareCrop,
        image_width: int,
        image_height: int,
        *,
        feather: NDArray[np.float32] | None = None,
    ) -> None:
        """
        Args:
            crop: where the networks look, photo pixels; it may reach outside the photo.
            image_width, image_height: size of the photo in pixels.
            feather: (256, 256) float32 in [0, 1]; `crop_feather` by default.

        Raises:
            ValueError: the crop does not touch the photo, or the feather has another shape.
        """
        if feather is None:
            feather = crop_feather(crop, image_width, image_height)
        if feather.shape != (NETWORK_SIZE, NETWORK_SIZE):
            raise ValueError(f"the feather must be (256, 256), not {feather.shape}: take it from crop_feather")
        self.feather = feather
        self._crop = crop
        self._image_size = image_width, image_height
        self._feather_pixels = (feather * np.float32(crop.side))[..., None]  # (256, 256, 1)

        left, top, side = crop.snapped()
        x0, y0 = max(left, 0), max(top, 0)
        x1, y1 = min(left + side, image_width), min(top + side, image_height)
        if x0 >= x1 or y0 >= y1:
            raise ValueError(f"{crop} lies outside the photo of {image_width} x {image_height} pixels")
        self._side = side
        self._in_photo = np.s_[y0:y1, x0:x1]
        self._in_square = np.s_[y0 - top : y1 - top, x0 - left : x1 - left]
        self._shift = _subpixel_shift(crop)

        rows, columns = np.mgrid[y0:y1, x0:x1]
        self._grid = np.stack([columns, rows], axis=-1).astype(np.float32)  # (rows, columns, 2)
        self._places = np.empty((side, side, 2), np.float32)
        self._weights = np.empty((side, side), np.float32)
        self._rest = np.empty(self._grid.shape[:2], np.float32)
        self._paint = np.empty((side, side, 3), np.uint8)
        self._warped = np.empty((*self._grid.shape[:2], 3), np.uint8)
        self._blended = np.empty_like(self._warped)

    def __call__(
        self,
        photo: NDArray[np.uint8],
        flow: NDArray[np.float32],
        mask: NDArray[np.float32],
        painted: NDArray[np.float32],
        out: NDArray[np.uint8] | None = None,
    ) -> NDArray[np.uint8]:
        """One frame.

        Args:
            photo: (H, W, 3) uint8. For several faces of one photo pass the previous face's result.
            flow: (h, h, 2) float32, crop units, x then y: the place in the crop where the content of each
                place comes from, minus that place; at cell centres.
            mask: (256, 256) float32 in [0, 1]; 1 keeps the photo's moved pixels, 0 takes the painted ones.
            painted: (256, 256, 3) float32 in [0, 1], channels as in the photo.
            out: the picture whose crop is replaced: a copy of the photo, or the photo itself; None for a new copy.

        Returns:
            `out`, (H, W, 3) uint8. Pixels outside the crop are those of the photo, bit for bit.

        Raises:
            ValueError: an array has another shape or type.
        """
        self._check(photo, flow, mask, painted)
        # (256, 256, ...): fade towards the edges while the arrays are small.
        moved = cv2.resize(flow, (NETWORK_SIZE, NETWORK_SIZE), interpolation=cv2.INTER_LINEAR) * self._feather_pixels
        kept = 1 - (1 - mask) * self.feather
        colours = cv2.convertScaleAbs(np.clip(painted, 0, 1), alpha=255)

        # (rows, columns, ...): the part of the crop that lies in the photo.
        places = self._enlarge(moved, self._places, cv2.INTER_LINEAR)
        weights = self._enlarge(kept, self._weights, cv2.INTER_LINEAR)
        paint = self._enlarge(colours, self._paint, cv2.INTER_CUBIC)
        np.add(places, self._grid, out=places)
        np.subtract(1, weights, out=self._rest)
        border = cv2.BORDER_REPLICATE
        cv2.remap(photo, places, None, cv2.INTER_LINEAR, dst=self._warped, borderMode=border)
        cv2.blendLinear(self._warped, paint, weights, self._rest, dst=self._blended)
        frame = photo.copy() if out is None else out
        frame[self._in_photo] = self._blended
        return frame

    def _enlarge(self, small: NDArray[Any], large: NDArray[Any], interpolation: int) -> NDArray[Any]:
        """(256, 256, ...) over the crop to one value per pixel in `large`; returns what lies in the photo."""
        if self._shift is not None:
            size, flags = (NETWORK_SIZE, NETWORK_SIZE), cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
            small = cv2.warpAffine(small, self._shift, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
        if self._side < NETWORK_SIZE:
            interpolation = cv2.INTER_AREA
        cv2.resize(small, (self._side, self._side), dst=large, interpolation=interpolation)
        return large[self._in_square]

    def _check(
        self,
        photo: NDArray[np.uint8],
        flow: NDArray[np.float32],
        mask: NDArray[np.float32],
        painted: NDArray[np.float32],
    ) -> None:
        width, height = self._image_size
        n = NETWORK_SIZE
        if photo.shape != (height, width, 3) or photo.dtype != np.uint8:
            raise ValueError(f"the photo must be ({height}, {width}, 3) uint8, not {photo.shape} {photo.dtype}")
        if flow.ndim != 3 or flow.shape[2] != 2:
            raise ValueError(f"the flow must be (h, h, 2), not {flow.shape}")
        if mask.shape != (n, n) or painted.shape != (n, n, 3):
            raise ValueError(
                f"the mask must be ({n}, {n}) and the painted picture ({n}, {n}, 3), "
                f"not {mask.shape} and {painted.shape}"
            )


def paste_back(
    photo: NDArray[np.uint8],
    crop: SquareCrop,
    flow: NDArray[np.float32],
    mask: NDArray[np.float32],
    painted: NDArray[np.float32],
    feather: NDArray[np.float32] | None = None,
) -> NDArray[np.uint8]:
    """A single frame, without keeping a `PasteBack`: same arguments, result and errors."""
    height, width = photo.shape[:2]
    return PasteBack(crop, width, height, feather=feather)(photo, flow, mask, painted)


def _subpixel_shift(crop: SquareCrop) -> NDArray[np.float64] | None:
    """Affine map (2, 3) from a 256 x 256 array over the snapped square to one over the crop; None if equal.

    Shifting the small array by that fraction of a pixel and enlarging it with cv2.resize is several times
    faster than one affine warp straight to the large one.
    """
    left, top, side = crop.snapped()
    if (left, top, side) == (crop.x, crop.y, crop.side):
        return None
    scale = side / crop.side
    cells = NETWORK_SIZE / crop.side
    # cv2 puts cell centres on integers.
    return np.array(
        [
            [scale, 0, (left - crop.x) * cells + scale / 2 - 0.5],
            [0, scale, (top - crop.y) * cells + scale / 2 - 0.5],
        ]
    )


def _edge_profile(width: float, *, fade_start: bool, fade_end: bool) -> NDArray[np.float64]:
    centres = (np.arange(NETWORK_SIZE) + 0.5) / NETWORK_SIZE
    profile = np.ones(NETWORK_SIZE)
    for wanted, distance in ((fade_start, centres), (fade_end, 1 - centres)):
        if wanted:
            t = np.clip(distance / width, 0, 1)
            profile *= t * t * (3 - 2 * t)
    return profile
