"""Pastes an eye or the mouth over a frame: the photo's own pixels, moved at native resolution, and painted ones."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from monalive.faces.region_crop import region_scale, samples_across
from monalive.player.doubled_photo import read_cubic, read_doubled
from monalive.player.working_memory import WorkingMemory

# Width of the band inside a crop's edges where it fades out, in the crop's width or height.
FADE_WIDTH: Final = 0.14
_FADE_SAMPLES: Final = 4
_HALF: Final = np.float32(0.5)


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
        doubled: whether `photo` is of a `DoubledPhoto`.
        change: (h, w, 3) float32, added to the layer's colours, in parts of 255.
    """

    photo: NDArray[np.uint8]
    place: NDArray[np.float64]
    flow: NDArray[np.float32]
    mask: NDArray[np.float32]
    painted: NDArray[np.float32]
    shift: NDArray[np.float32] | None = None
    share: float = 1.0
    doubled: bool = False
    change: NDArray[np.float32] | None = None

    def midway(self, other: RegionLayer) -> RegionLayer:
        """The mean of two frames' layers from one photo."""
        flow, mask = (self.flow + other.flow) * _HALF, (self.mask + other.mask) * _HALF
        change = None if self.change is None or other.change is None else (self.change + other.change) * _HALF
        return replace(self, flow=flow, mask=mask, painted=(self.painted + other.painted) * _HALF, change=change)


class PreparedRegion(NamedTuple):
    """What is laid over a picture: where, its colours (h, w, 3), 0 to 255, float32 or uint8, and how opaque they are
    (h, w)."""

    pixels: tuple[slice, slice]
    colours: NDArray[Any]
    alpha: NDArray[np.float32]


class RegionPaste:
    """Pastes regions of any place and size. It keeps its working memory between calls, so one object must not be called
    from two threads at once."""

    def __init__(self) -> None:
        self._take = WorkingMemory()

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
        prepared = self.prepare((picture.shape[1], picture.shape[0]), place, layers, bounds)
        if prepared is not None:
            self.lay_over(picture, prepared)

    def prepare(
        self,
        size: tuple[int, int],
        place: NDArray[np.float64],
        layers: Sequence[RegionLayer],
        bounds: tuple[int, int, int, int] | None = None,
    ) -> PreparedRegion | None:
        """All that can be computed before the rest of the frame is there; None where nothing of the region is seen.

        Args:
            size: (width, height) of the picture.
            place, layers, bounds: as for a call.

        Returns:
            What `lay_over` takes, until the next call.
        """
        height, width = layers[0].mask.shape
        left, top, right, bottom = bounds or (0, 0, *size)
        limits = max(left, 0), max(top, 0), min(right, size[0]), min(bottom, size[1])
        box = _Box(place, width, height, limits)
        if not box.rows or not box.columns:
            return None
        # Large pictures are laid in bytes, which takes half the time; whole levels do unless colours are summed.
        plain = len(layers) == 1 and layers[0].shift is None and layers[0].change is None
        colours = self._colours("colours", box, layers[0], np.uint8 if plain and layers[0].doubled else np.float32)
        if len(layers) > 1:
            colours *= np.float32(layers[0].share)
            for layer in layers[1:]:
                colours += self._colours("other colours", box, layer) * np.float32(layer.share)
            colours /= np.float32(sum(layer.share for layer in layers))
        alpha = self._warped("alpha", _fine_fade(width, height), box, step=1 / _FADE_SAMPLES)
        return PreparedRegion(box.pixels, colours, alpha)

    @staticmethod
    def hides(
        size: tuple[int, int],
        place: NDArray[np.float64],
        layers: Sequence[RegionLayer],
        bounds: tuple[int, int, int, int] | None = None,
    ) -> tuple[slice, slice] | None:
        """Rows and columns of the picture of which nothing will be seen under the region; None where there are none.

        Arguments as for `prepare`.
        """
        height, width = layers[0].mask.shape
        # Where the fade has reached 1; half a pixel more, since its curve is kept in steps of a quarter.
        edge = FADE_WIDTH * np.array([[width], [height]]) + 0.5
        limit = np.array([[width], [height]]) - edge
        inner = np.column_stack([edge, limit])
        xs, ys = place[:, :2] @ np.stack([inner[0, [0, 1, 0, 1]], inner[1, [0, 0, 1, 1]]]) + place[:, 2:]
        _, x0, x1, _ = np.sort(xs).tolist()
        _, y0, y1, _ = np.sort(ys).tolist()
        left, top, right, bottom = bounds or (0, 0, *size)
        left, top = max(math.ceil(x0), left, 0), max(math.ceil(y0), top, 0)
        right, bottom = min(math.floor(x1), right, size[0]), min(math.floor(y1), bottom, size[1])
        if left >= right or top >= bottom:
            return None
        box = np.array([[left, right, left, right], [top, top, bottom, bottom]])
        in_crop = np.linalg.solve(place[:, :2], box - place[:, 2:])
        # A crop that is turned far has no such box between its corners.
        return np.s_[top:bottom, left:right] if ((in_crop >= edge) & (in_crop <= limit)).all() else None

    def lay_over(self, picture: NDArray[np.uint8], prepared: PreparedRegion) -> None:
        """Lays a region over a picture (H, W, 3) uint8, in place."""
        inside, alpha = picture[prepared.pixels], prepared.alpha
        rest = np.subtract(1, alpha, out=self._take("rest", alpha.shape, np.float32))
        if prepared.colours.dtype == np.uint8:
            cv2.blendLinear(prepared.colours, inside, alpha, rest, dst=inside)
            return
        under = self._take("under", inside.shape, np.float32)
        np.copyto(under, inside)
        cv2.blendLinear(prepared.colours, under, alpha, rest, dst=under)
        cv2.convertScaleAbs(under, dst=inside)

    def _colours(self, name: str, box: _Box, layer: RegionLayer, kind: type = np.float32) -> NDArray[Any]:
        """(rows, columns, 3) float32 or uint8, 0 to 255: the photo's moved pixels, and over them the painted ones."""
        height, width = layer.mask.shape
        to_photo = layer.place - [[0, 0, 0.5], [0, 0, 0.5]]  # cv2 puts a pixel's middle on integers
        crop_places = cv2.transform(layer.flow + _grid(width, height), to_photo)
        # Three channels together: OpenCV warps two less precisely.
        spread = self._averaged("places and mask", np.dstack([crop_places, layer.mask]), box)
        places = self._take("places", (*spread.shape[:2], 2), np.float32)
        kept = self._take("kept", spread.shape[:2], np.float32)
        cv2.mixChannels([spread], [places, kept], [0, 0, 1, 1, 2, 2])
        rest = np.subtract(1, kept, out=self._take("not kept", kept.shape, np.float32))
        painted = np.clip(layer.painted, 0, 1) * np.float32(255)
        if kind is np.uint8:
            paint = self._averaged("painted bytes", cv2.convertScaleAbs(painted), box)
        else:
            paint = self._averaged("painted", painted, box)
        moved = self._take("moved", paint.shape, np.uint8)
        if layer.doubled:
            read_doubled(layer.photo, places, moved)
        else:  # with a cubic: half of an eye's fine detail would be lost between pixels otherwise
            read_cubic(layer.photo, places, moved)
        if kind is np.uint8:
            return np.asarray(cv2.blendLinear(moved, paint, kept, rest, dst=moved))
        colours = self._take(name, paint.shape, np.float32)
        np.copyto(colours, moved)
        cv2.blendLinear(colours, paint, kept, rest, dst=colours)
        if layer.change is not None:
            colours += self._averaged("change", layer.change * np.float32(255), box)
        if layer.shift is not None:
            colours += layer.shift
        if layer.change is not None or layer.shift is not None:
            np.clip(colours, 0, 255, out=colours)
        return colours

    def _averaged(self, name: str, small: NDArray[Any], box: _Box) -> NDArray[Any]:
        """(h, w, n) over the crop to (rows, columns, n) over the box; where the crop is finer, means over a pixel."""
        if box.samples == 1:
            return self._warped(name, small, box)
        fine = self._warped(f"{name}, fine", small, box, box.samples)
        averaged = self._take(name, (box.rows, box.columns, small.shape[2]), small.dtype)
        cv2.resize(fine, (box.columns, box.rows), dst=averaged, interpolation=cv2.INTER_AREA)
        return averaged

    def _warped(self, name: str, values: NDArray[Any], box: _Box, samples: int = 1, step: float = 1.0) -> NDArray[Any]:
        """Values over the crop, `step` crop pixels apart, read `samples` times across each pixel of the box.

        Beyond the crop its border repeats.
        """
        rows, columns = box.rows * samples, box.columns * samples
        warped = self._take(name, (rows, columns, *values.shape[2:]), values.dtype)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        matrix = box.to_crop(samples) / step - [[0, 0, 0.5], [0, 0, 0.5]]
        cv2.warpAffine(values, matrix, (columns, rows), dst=warped, flags=flags, borderMode=cv2.BORDER_REPLICATE)
        return warped


class _Box:
    """The pixels of a picture around a crop, within limits.

    Attributes:
        rows, columns: how many; 0 where the crop lies beyond the limits.
        pixels: them in the picture.
        samples: how often, in each direction, a crop that is finer than the picture must be read per pixel.
    """

    def __init__(self, place: NDArray[np.float64], width: int, height: int, limits: tuple[int, int, int, int]) -> None:
        corners = place @ np.array([[0, width, 0, width], [0, 0, height, height], [1, 1, 1, 1]])
        left, top = map(max, np.floor(corners.min(1)).astype(int).tolist(), limits[:2])
        right, bottom = map(min, np.ceil(corners.max(1)).astype(int).tolist(), limits[2:])
        self.rows, self.columns = max(bottom - top, 0), max(right - left, 0)
        self.pixels = np.s_[top:bottom, left:right]
        self.samples = samples_across(1 / region_scale(place))
        self._corner = left, top
        self._place = place

    def to_crop(self, samples: int) -> NDArray[np.float64]:
        """(2, 3) from the box's samples, counted from 0, so many across a pixel, to crop pixels."""
        (a, b, c), (d, e, f) = self._place.tolist()
        x, y = (start + 0.5 / samples - offset for start, offset in zip(self._corner, (c, f), strict=True))
        inverse: NDArray[np.float64] = np.array([[e, -b, e * x - b * y], [-d, a, a * y - d * x]]) / (a * e - b * d)
        inverse[:, :2] /= samples
        return inverse


@functools.cache
def crop_fade(width: int, height: int) -> NDArray[np.float32]:
    """(height, width) float32 in [0, 1]: how much a crop shows of its pixels, from 0 at its edges to 1 inside."""
    ramps = []
    for length in (height, width):
        centres = np.arange(length) + 0.5
        ramp = np.clip(np.minimum(centres, length - centres) / (FADE_WIDTH * length), 0, 1)
        ramps.append(ramp * ramp * (3 - 2 * ramp))
    return np.asarray(np.outer(*ramps), np.float32)


@functools.cache
def _fine_fade(width: int, height: int) -> NDArray[np.float32]:
    """`crop_fade` at `_FADE_SAMPLES` per pixel, which read between them gives the curve; 0 from the edges on."""
    fade = crop_fade(width * _FADE_SAMPLES, height * _FADE_SAMPLES).copy()
    fade[[0, -1]] = fade[:, [0, -1]] = 0
    return fade


@functools.cache
def _grid(width: int, height: int) -> NDArray[np.float32]:
    """(height, width, 2) float32: the middles of a crop's pixels, x then y."""
    rows, columns = np.mgrid[:height, :width].astype(np.float32) + np.float32(0.5)
    return np.stack([columns, rows], -1)
