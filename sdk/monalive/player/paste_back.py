"""Puts an animated crop back into the photo, moving the photo's own pixels at their native resolution."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from monalive.faces.crop import NETWORK_SIZE, SquareCrop
from monalive.player.doubled_photo import DoubledPhoto, read_cubic, read_doubled
from monalive.player.working_memory import WorkingMemory
from monalive.threads import Workers

# Width of the band inside the crop's edges where motion fades out, in crop sides.
FEATHER_WIDTH: Final = 0.14
# Larger crops are pasted in bands of rows. For each band to begin where a row of the networks' 256 does, their side is
# rounded up to a multiple of _STEP, and a band is a multiple of _HALO of those rows with as many above or below, which
# interpolation reads.
_WHOLE_SIDE: Final = 1024
_STEP: Final = 64
_HALO: Final = 4
_BAND_ROWS: Final = 256
_STRIP_ROWS: Final = 48  # read and blended together: they stay in a core's cache
# From this share of the photo on nothing painted is seen: less than half a level of 255. Enlarging reads so many of the
# 256 rows and columns around, and columns so near to each other are blended together, in pixels.
_ALL_PHOTO: Final = 1 - 1 / 512
_REACH: Final = 2
_GAP: Final = 32
_Reader = Callable[[tuple[slice, slice], NDArray[np.uint8], WorkingMemory], None]


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
    double. It is read with a cubic (Keys, 1981): between pixels, a linear mix would blur what moves. A large crop
    can be given as a `DoubledPhoto`, which is read linearly.

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
        doubled: DoubledPhoto | None = None,
        workers: Workers | None = None,
    ) -> None:
        """
        Args:
            crop: where the networks look, photo pixels; it may reach outside the photo.
            image_width, image_height: size of the photo in pixels.
            feather: (256, 256) float32 in [0, 1]; `crop_feather` by default.
            doubled: the photo that most calls are for, where its crop is large.
            workers: threads that share the work; by default the caller's alone.

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
        self._in_photo = np.s_[y0:y1, x0:x1]
        self._columns = slice(x0 - left, x1 - left)
        self._side = side if side <= _WHOLE_SIDE else -(-side // _STEP) * _STEP
        self._all_columns = _Across(slice(None), self._side, self._columns, 0)
        self._shift = _to_square(crop, left, top, self._side)
        self._bands = _bands(self._side, top, y0, y1)
        rows, columns = np.mgrid[y0 : y0 + max(band.rows.stop - band.rows.start for band in self._bands), x0:x1]
        self._grid = np.stack([columns, rows], axis=-1).astype(np.float32)  # of one band
        self._doubled = doubled
        self._doubled_grid = None if doubled is None else doubled.grid(self._grid)
        self._take = WorkingMemory()
        self._workers = workers or Workers()
        self._strip_memory = [WorkingMemory() for _ in range(self._workers.count)]

    def __call__(
        self,
        photo: NDArray[np.uint8],
        flow: NDArray[np.float32],
        mask: NDArray[np.float32],
        painted: NDArray[np.float32],
        out: NDArray[np.uint8] | None = None,
        covered: Sequence[tuple[slice, slice]] = (),
    ) -> NDArray[np.uint8]:
        """One frame.

        Args:
            photo: (H, W, 3) uint8. For several faces of one photo pass the previous face's result.
            flow: (h, h, 2) float32, crop units, x then y: the place in the crop where the content of each
                place comes from, minus that place; at cell centres.
            mask: (256, 256) float32 in [0, 1]; 1 keeps the photo's moved pixels, 0 takes the painted ones.
            painted: (256, 256, 3) float32 in [0, 1], channels as in the photo.
            out: the picture whose crop is replaced: a copy of the photo, or the photo itself; None for a new copy.
            covered: rows and columns of the photo which the caller replaces afterwards, boxes that do not overlap:
                there the result may be anything.

        Returns:
            `out`, (H, W, 3) uint8. Pixels outside the crop are those of the photo, bit for bit.

        Raises:
            ValueError: an array has another shape or type.
        """
        self._check(photo, flow, mask, painted)
        # (256, 256, ...): fade towards the edges while the arrays are small.
        moved = self._displacements(flow)
        kept = 1 - (1 - mask) * self.feather
        colours = cv2.convertScaleAbs(np.clip(painted, 0, 1), alpha=255)
        kept, colours = self._shifted(kept), self._shifted(colours)

        frame = photo.copy() if out is None else out
        # The part of the crop that lies in the photo, (rows, columns, ...). Where the photo itself is replaced, what is
        # moved must all be read before anything is written.
        inside = frame[self._in_photo]
        done = self._take("blended", inside.shape, np.uint8) if frame is photo else inside
        for band in self._bands:
            self._paste(photo, band, (moved, kept, colours), done, self._in_crop(covered))
        if done is not inside:
            inside[:] = done
        return frame

    def move(self, plane: NDArray[np.uint8], flow: NDArray[np.float32], out: NDArray[np.uint8]) -> None:
        """Moves a plane of the photo, such as how opaque it is, as `__call__` moves its pixels.

        Args:
            plane: (H, W) uint8.
            flow: as above.
            out: (H, W) uint8, another array, of which the crop is replaced.
        """
        moved = self._displacements(flow)
        inside = out[self._in_photo]
        for band in self._bands:
            places = self._moves(moved, band)
            places += self._grid[: len(places)]
            read_cubic(plane, places, inside[band.rows])

    def _displacements(self, flow: NDArray[np.float32]) -> NDArray[np.float32]:
        """(256, 256, 2) over the square of whole pixels, in pixels, fading towards the edges."""
        moved = cv2.resize(flow, (NETWORK_SIZE, NETWORK_SIZE), interpolation=cv2.INTER_LINEAR) * self._feather_pixels
        return self._shifted(moved)

    def _moves(self, moved: NDArray[np.float32], band: _Band, times: int = 1) -> NDArray[np.float32]:
        """(rows, columns, 2): from where the first band's pixels lie in the photo, enlarged so many times, to where
        those of a band come from."""
        down = band.photo_row - self._bands[0].photo_row
        if down or times > 1:
            moved = (moved + np.array([0, down], np.float32)) * np.float32(times)
        return self._enlarge("moves", moved, band, cv2.INTER_LINEAR)

    def _paste(
        self,
        photo: NDArray[np.uint8],
        band: _Band,
        small: tuple[NDArray[Any], NDArray[Any], NDArray[Any]],
        done: NDArray[np.uint8],
        covered: Sequence[_Rectangle],
    ) -> None:
        """Some rows: flow, share of the photo and colours, (256, 256, ...), of the whole crop; into `done`."""
        moved, kept, colours = small
        inside, width = done[band.rows], done.shape[1]
        strips = [slice(top, min(top + _STRIP_ROWS, len(inside))) for top in range(0, len(inside), _STRIP_ROWS)]
        painted = [self._painted(kept, band, rows, width) for rows in strips]
        across = self._across([run for runs in painted for run in runs])
        weights = self._enlarge("weights", kept, band, cv2.INTER_LINEAR, across)
        paint = self._enlarge("paint", colours, band, cv2.INTER_CUBIC, across)
        read = self._reader(photo, moved, band)

        def paste_strips(first: int, take: WorkingMemory) -> None:
            for rows, runs in list(zip(strips, painted, strict=True))[first :: len(self._strip_memory)]:
                for columns in _seen(slice(rows.start + band.rows.start, rows.stop + band.rows.start), covered, width):
                    for shown, blended in _parts(columns, runs):
                        part = rows, shown
                        if not blended:
                            read(part, inside[part], take)
                            continue
                        there = rows, slice(shown.start - across.first, shown.stop - across.first)
                        rest = take("rest", weights[there].shape, np.float32)
                        np.subtract(1, weights[there], out=rest)
                        warped = take("warped", paint[there].shape, np.uint8)
                        read(part, warped, take)
                        cv2.blendLinear(warped, paint[there], weights[there], rest, dst=inside[part])

        self._workers.run([partial(paste_strips, number, take) for number, take in enumerate(self._strip_memory)])

    def _reader(self, photo: NDArray[np.uint8], moved: NDArray[np.float32], band: _Band) -> _Reader:
        """What reads a part of a band from where its pixels come from, into an array."""
        if self._doubled is not None and photo is self._doubled.photo:
            assert self._doubled_grid is not None
            doubled, grid = self._doubled.pixels, self._doubled_grid
            moves = self._moves(moved, band, 2)
        else:
            doubled, grid, moves = None, self._grid, self._moves(moved, band)

        def read(part: tuple[slice, slice], out: NDArray[np.uint8], take: WorkingMemory) -> None:
            places = np.add(moves[part], grid[part], out=take("places", moves[part].shape, np.float32))
            if doubled is not None:
                read_doubled(doubled, places, out)
            else:
                read_cubic(photo, places, out)

        return read

    def _painted(self, kept: NDArray[np.float32], band: _Band, rows: slice, width: int) -> list[slice]:
        """In which columns, of `width`, some rows of a band show anything painted, from left to right."""
        if self._side < NETWORK_SIZE:
            return [slice(0, width)]
        pixels = self._side / NETWORK_SIZE
        top = (band.network_rows.start or 0) + (rows.start + band.inside.start) / pixels
        low, high = math.floor(top) - _REACH, math.ceil(top + (rows.stop - rows.start) / pixels) + _REACH
        shown = (kept[max(low, 0) : high] < _ALL_PHOTO).any(axis=0)
        changes = np.flatnonzero(np.diff(shown, prepend=False, append=False))
        runs: list[slice] = []
        for begin, end in changes.reshape(-1, 2).tolist():
            start = max(math.floor((begin - _REACH) * pixels) - self._columns.start, 0)
            stop = min(math.ceil((end + _REACH) * pixels) - self._columns.start, width)
            if runs and start - runs[-1].stop < _GAP:
                runs[-1] = slice(runs[-1].start, stop)
            elif start < stop:
                runs.append(slice(start, stop))
        return runs

    def _across(self, runs: Sequence[slice]) -> _Across:
        """The columns around some of what of the crop lies in the photo."""
        if not runs:
            return _Across(slice(0, 0), 0, slice(0, 0), 0)
        if self._side <= _WHOLE_SIDE:
            return self._all_columns
        offset = self._columns.start
        step = self._side // _STEP  # pixels of _HALO columns of the 256: a whole number
        first = max(0, (min(run.start for run in runs) + offset) // step - 1)
        last = min(_STEP, -(-(max(run.stop for run in runs) + offset) // step) + 1)
        start, stop = max(first * step, offset), min(last * step, self._columns.stop)
        inside = slice(start - first * step, stop - first * step)
        return _Across(slice(first * _HALO, last * _HALO), (last - first) * step, inside, start - offset)

    def _in_crop(self, covered: Sequence[tuple[slice, slice]]) -> list[_Rectangle]:
        """Boxes of the photo as pixels of what of the crop lies in it, from left to right."""
        top, left = (part.start for part in self._in_photo)
        boxes = [
            _Rectangle(rows.start - top, rows.stop - top, columns.start - left, columns.stop - left)
            for rows, columns in covered
        ]
        return sorted(boxes, key=lambda box: box.left)

    def _shifted(self, small: NDArray[Any]) -> NDArray[Any]:
        """(256, 256, ...) over the crop to as many over the square of whole pixels."""
        if self._shift is None:
            return small
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return cv2.warpAffine(
            small, self._shift, (NETWORK_SIZE, NETWORK_SIZE), flags=flags, borderMode=cv2.BORDER_REPLICATE
        )

    def _enlarge(
        self, name: str, small: NDArray[Any], band: _Band, interpolation: int, across: _Across | None = None
    ) -> NDArray[Any]:
        """(256, 256, ...) over the square to one value per pixel of a band, or of some of its columns; what of it lies
        in the photo."""
        across = across or self._all_columns
        if self._side < NETWORK_SIZE:
            interpolation = cv2.INTER_AREA
        large = self._take(name, (band.height, across.width, *small.shape[2:]), small.dtype)
        if across.width:
            source = small[band.network_rows, across.network_columns]
            cv2.resize(source, (across.width, band.height), dst=large, interpolation=interpolation)
        return large[band.inside, across.inside]

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


class _Band(NamedTuple):
    """Some rows of a crop that are pasted together.

    Attributes:
        network_rows: of the 256, those that are read.
        height: of the pixels that these rows cover.
        inside: which of these pixels belong to the band and lie in the photo.
        rows: the same pixels, counted from the first of the crop in the photo.
        photo_row: the first of them in the photo.
    """

    network_rows: slice
    height: int
    inside: slice
    rows: slice
    photo_row: int


class _Across(NamedTuple):
    """Some columns of a crop that are enlarged together.

    Attributes:
        network_columns: of the 256, those that are read.
        width: of the pixels that these columns cover.
        inside: which of these pixels lie in the photo.
        first: the first of them, counted from the first of the crop in the photo.
    """

    network_columns: slice
    width: int
    inside: slice
    first: int


class _Rectangle(NamedTuple):
    top: int
    bottom: int
    left: int
    right: int


def _seen(rows: slice, covered: Sequence[_Rectangle], width: int) -> Iterator[slice]:
    """The columns of some rows, of `width` in all, of which no box from left to right covers every pixel."""
    start = 0
    for box in covered:
        if box.top <= rows.start and rows.stop <= box.bottom:
            if start < box.left:
                yield slice(start, box.left)
            start = max(start, box.right)
    if start < width:
        yield slice(start, width)


def _parts(columns: slice, runs: Sequence[slice]) -> Iterator[tuple[slice, bool]]:
    """Columns cut where runs begin and end, each part with whether it lies in one."""
    start = columns.start
    for run in runs:
        first, last = max(run.start, start), min(run.stop, columns.stop)
        if first < last:
            if start < first:
                yield slice(start, first), False
            yield slice(first, last), True
            start = last
    if start < columns.stop:
        yield slice(start, columns.stop), False


def _bands(side: int, top: int, y0: int, y1: int) -> list[_Band]:
    """The bands of a square of `side` pixels from photo row `top` on, of which rows y0 to y1 lie in the photo."""
    if side <= _WHOLE_SIDE:
        return [_Band(slice(None), side, slice(y0 - top, y1 - top), slice(0, y1 - y0), y0)]
    bands = []
    step = max(1, _BAND_ROWS * NETWORK_SIZE // side // _HALO) * _HALO
    for first in range(0, NETWORK_SIZE, step):
        last = min(first + step, NETWORK_SIZE)
        start, stop = max(first - _HALO, 0), min(last + _HALO, NETWORK_SIZE)
        # Pixel rows, counted from the square's first: whole numbers, since _HALO * side is a multiple of 256.
        low, high, offset = (row * side // NETWORK_SIZE for row in (first, last, start))
        low, high = max(low, y0 - top), min(high, y1 - top)
        if low < high:
            inside, rows = slice(low - offset, high - offset), slice(low - y0 + top, high - y0 + top)
            bands.append(_Band(slice(start, stop), (stop - start) * side // NETWORK_SIZE, inside, rows, low + top))
    return bands


def _to_square(crop: SquareCrop, left: int, top: int, side: int) -> NDArray[np.float64] | None:
    """Affine map (2, 3) from a 256 x 256 array over a square of whole pixels to one over the crop; None if equal.

    Shifting the small array by that fraction of a pixel and enlarging it with cv2.resize is several times
    faster than one affine warp straight to the large one.
    """
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
