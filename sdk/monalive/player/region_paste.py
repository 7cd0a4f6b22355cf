"""Pastes an eye or the mouth over a frame: the photo's own pixels, moved at native resolution, and painted ones."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from monalive.faces.region_crop import region_scale, samples_across

# Width of the band inside a crop's edges where it fades out, in the crop's width or height.
FADE_WIDTH: Final = 0.14


@dataclass(frozen=True)
class RegionLayer:
    """What one photo contributes to a region. All of it in the region's crop, (h, w) pixels.

    Attributes:
        photo: (H, W, 3) uint8, as it was taken.
        place: (2, 3), crop pixels to pixels of `photo`, see `region_crop`.
        flow: (h, w, 2) float32 crop pixels, x then y: the place in the photo's crop where the content of each place of
            the frame's crop comes from, minus that place.
        mask: (h, w) float32 in [0, 1]; 1 takes the photo's moved pixels, 0 the painted ones.
        painted: (h, w, 3) float32 in [0, 1], channels as in the photo.
        shift: (3,) float32, added to the layer's colours, 0 to 255.
        share: how much of the region is this photo's, above 0.
    """

    photo: NDArray[np.uint8]
    place: NDArray[np.float64]
    flow: NDArray[np.float32]
    mask: NDArray[np.float32]
    painted: NDArray[np.float32]
    shift: NDArray[np.float32] | None = None
    share: float = 1.0


class _Box:
    """A frame's pixels around a region, and which place of the crop each of them shows."""

    def __init__(self, place: NDArray[np.float64], size: tuple[int, int], bounds: tuple[int, int, int, int]) -> None:
        width, height = size
        corners = place @ np.array([[0, width, 0, width], [0, 0, height, height], [1, 1, 1, 1]])
        low = np.maximum(np.floor(corners.min(1)), bounds[:2]).astype(int)
        high = np.minimum(np.ceil(corners.max(1)), bounds[2:]).astype(int)
        self.columns, self.rows = (int(length) for length in np.maximum(high - low, 0))
        self.pixels = np.s_[low[1] : high[1], low[0] : high[0]]
        # From the middles of the box's pixels, counted from 0, to crop pixels.
        self.to_crop = np.linalg.inv(place[:, :2]) @ np.column_stack([np.eye(2), low + 0.5 - place[:, 2]])
        # Samples per pixel where the crop is finer than the frame.
        self.times = samples_across(1 / region_scale(place))


class RegionPaste:
    """Pastes regions of any place and size. It keeps its working memory between calls, so one object must not be called
    from two threads at once."""

    def __init__(self) -> None:
        self._memory: dict[str, NDArray[Any]] = {}

    def __call__(
        self,
        picture: NDArray[np.uint8],
        place: NDArray[np.float64],
        layers: Sequence[RegionLayer],
        bounds: tuple[int, int, int, int] | None = None,
    ) -> None:
        """Pastes one region into a picture, in place.

        Args:
            picture: (H, W, 3) uint8: the frame. Pixels outside the crop stay as they are, bit for bit.
            place: (2, 3), crop pixels to pixels of the picture.
            layers: what to paste, from one photo or several, which are mixed by their shares.
            bounds: left, top, right, bottom in whole pixels of the picture: nothing beyond changes.
        """
        height, width = layers[0].mask.shape
        whole = 0, 0, picture.shape[1], picture.shape[0]
        limits = whole if bounds is None else (*map(max, bounds[:2], whole[:2]), *map(min, bounds[2:], whole[2:]))
        box = _Box(place, (width, height), limits)
        if not box.rows or not box.columns:
            return
        alpha, rest = self._fade(box, width, height)
        colours = self._colours("colours", box, layers[0])
        if len(layers) > 1:
            colours *= np.float32(layers[0].share)
            for layer in layers[1:]:
                colours += self._colours("other colours", box, layer) * np.float32(layer.share)
            colours /= np.float32(sum(layer.share for layer in layers))
        place_in_frame = picture[box.pixels]
        under = self._take("under", place_in_frame.shape, np.float32)
        np.copyto(under, place_in_frame)
        cv2.blendLinear(colours, under, alpha, rest, dst=under)
        cv2.convertScaleAbs(np.maximum(under, 0, out=under), dst=place_in_frame)

    def _colours(self, name: str, box: _Box, layer: RegionLayer) -> NDArray[np.float32]:
        """(rows, columns, 3) float32, 0 to 255: the photo's moved pixels, and over them the painted ones."""
        x, y = (self._take(name, (box.rows, box.columns), np.float32) for name in ("x", "y"))
        kept, rest = (self._take(name, x.shape, np.float32) for name in ("kept", "not kept"))
        moving = cv2.transform(layer.flow, layer.place[:, :2])  # in pixels of the photo
        spread = self._spread("flow and mask", box, np.dstack([moving, layer.mask]))
        for channel, values in enumerate((x, y, kept)):
            cv2.extractChannel(spread, channel, dst=values)
        np.subtract(1, kept, out=rest)
        there = layer.place[:, :2] @ box.to_crop
        there[:, 2] += layer.place[:, 2] - 0.5
        for values, (across, down, start) in zip((x, y), there, strict=True):
            values += (across * np.arange(box.columns) + start).astype(np.float32)
            values += (down * np.arange(box.rows)).astype(np.float32)[:, None]
        paint = self._spread("painted", box, np.clip(layer.painted, 0, 1) * np.float32(255))
        moved = self._take("moved", paint.shape, np.uint8)
        colours = self._take(name, paint.shape, np.float32)
        # Fixed-point places, to a 32nd of a pixel, are read in half the time.
        fixed, parts = cv2.convertMaps(x, y, cv2.CV_16SC2)
        cv2.remap(layer.photo, fixed, parts, cv2.INTER_LINEAR, dst=moved, borderMode=cv2.BORDER_REPLICATE)
        np.copyto(colours, moved)
        cv2.blendLinear(colours, paint, kept, rest, dst=colours)
        if layer.shift is not None:
            colours += layer.shift
        return colours

    def _spread(self, name: str, box: _Box, small: NDArray[Any]) -> NDArray[Any]:
        """(h, w, ...) over the crop to (rows, columns, ...) over the box; beyond the crop it repeats its border."""
        times = box.times
        linear = box.to_crop[:, :2] / times
        matrix = np.column_stack([linear, box.to_crop @ (0.5 / times - 0.5, 0.5 / times - 0.5, 1) - 0.5])
        rows, columns, rest = box.rows, box.columns, small.shape[2:]
        fine = self._take(f"{name}, fine", (rows * times, columns * times, *rest), small.dtype)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        cv2.warpAffine(
            small, matrix, (columns * times, rows * times), dst=fine, flags=flags, borderMode=cv2.BORDER_REPLICATE
        )
        if times == 1:
            return fine
        spread = self._take(name, (rows, columns, *rest), small.dtype)
        cv2.resize(fine, (columns, rows), dst=spread, interpolation=cv2.INTER_AREA)
        return spread

    def _fade(self, box: _Box, width: int, height: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """How much of the region each pixel of the box shows, (rows, columns) in [0, 1], and the rest to 1."""
        alpha, down = (self._take(name, (box.rows, box.columns), np.float32) for name in ("alpha", "fade down"))
        rest = self._take("rest", alpha.shape, np.float32)
        for values, affine, length in ((alpha, box.to_crop[0], width), (down, box.to_crop[1], height)):
            across, below, start = affine / (FADE_WIDTH * length)
            middle = 0.5 / FADE_WIDTH
            np.add.outer(
                (below * np.arange(box.rows) + start - middle).astype(np.float32),
                (across * np.arange(box.columns)).astype(np.float32),
                out=values,
            )
            np.abs(values, out=values)
            np.subtract(middle, values, out=values)
            np.clip(values, 0, 1, out=values)
            _smooth_step(values, rest)
        np.multiply(alpha, down, out=alpha)
        return alpha, np.subtract(1, alpha, out=rest)

    def _take(self, name: str, shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
        """Working memory, kept under a name from call to call; its content is what it was."""
        size = math.prod(shape)
        kept = self._memory.get(name)
        if kept is None or kept.size < size:
            kept = self._memory[name] = np.empty(size, dtype)
        return kept[:size].reshape(shape)


@functools.cache
def crop_fade(width: int, height: int) -> NDArray[np.float32]:
    """(height, width) float32 in [0, 1]: how much a crop shows of its pixels, from 0 at its edges to 1 inside."""
    ramps = []
    for length in (height, width):
        centres = np.arange(length) + 0.5
        ramp = np.clip(np.minimum(centres, length - centres) / (FADE_WIDTH * length), 0, 1)
        ramps.append(ramp * ramp * (3 - 2 * ramp))
    return np.outer(*ramps).astype(np.float32)


def _smooth_step(values: NDArray[np.float32], spare: NDArray[np.float32]) -> None:
    """t in [0, 1] to t^2 (3 - 2 t), in place."""
    np.multiply(values, values, out=spare)
    np.multiply(values, -2, out=values)
    np.add(values, 3, out=values)
    np.multiply(values, spare, out=values)
