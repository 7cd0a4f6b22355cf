"""Finds the mark in pictures that were compressed, cropped, resized, turned or stretched, without the original.

1. Where to look: the squares around faces, then the whole picture in windows.
2. The picture's own content is taken off as far as a local mean and a local variance tell it (`mark_evidence`).
3. The mark repeats: the lattice of its tiles shows in the correlation of the rest with itself (`mark_lattice`).
   In a face's square the likely sizes of level tiles are tried as well, which finds a mark too weak for that.
4. Tiles are laid on each other. The waves with fixed signs tell where the tile begins and which way up it is, and
   which of the lattices is right to a thousandth (`mark_reading`).
5. The other waves are the code word; the Viterbi decoder and the checksum do the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monalive.trust.mark_code import MAX_ATTEMPTS, MarkMessage, decode
from monalive.trust.mark_evidence import Evidence, evidence, greys_of
from monalive.trust.mark_faces import FaceSquare
from monalive.trust.mark_lattice import likely_lattices, upright
from monalive.trust.mark_pattern import TILES, strengths
from monalive.trust.mark_reading import Area, Reading, corrected, expected, read_tile, readings, soft_bits

_FACE_TILE: Final = 44.0  # pixels of a tile in the evidence of a face, if its square is what the face says
# The square may be smaller (an app chose it, the face is measured too large) or larger (a small photo is used whole).
_FACE_SIZES: Final = np.exp(np.arange(np.log(0.7), np.log(1.5), 0.014))
_FACE_LATTICES: Final = (0.7, 1.6)
_FACE_TILES: Final = 6
# Tile sizes searched in a window; other sizes are brought there by resizing it.
_SMALL_TILE, _LARGE_TILE = 32.0, 64.0
_WINDOW: Final = 512  # pixels; a larger picture is searched in overlapping windows of this size
_SMALLEST_TILE: Final = 16.0  # pixels of the original; smaller waves cannot be seen
_SQUARE_SHARE: Final = 4.0  # without a face, the square is looked for down to this fraction of the shorter side
_CANDIDATES: Final = 6  # lattices looked at in each place
_CORRECTED: Final = 3  # the best of them whose lattice is corrected
_HOPELESS: Final = 3.0  # agreement of the fixed signs below which a reading is not worth it
_WHOLE_TILE: Final = 48.0  # pixels of a tile in the evidence of a photo that is one square
_NEARLY_WHOLE: Final = 1.5  # of the face's square: a photo whose shorter side is less may be one
_EXPECTED: Final = 1.0  # agreement that being where it is expected is worth
# `likeness` below which the picture is another than the mark was made for, and from which it is the same.
_OTHER_PICTURE, _SAME_PICTURE = 1.8, 2.7
_ENOUGH: Final = 0.8  # share of the square without which another picture is not told
_OLD: Final = 4.2  # agreement from which a mark of version 1 is tried, which agrees less
_SURE: Final = 5.0  # agreement at which a reading is tried before looking further


@dataclass(frozen=True)
class FoundMark:
    """A mark that was read.

    Attributes:
        message: what it says.
        tile: (2, 2) columns: a tile's right and down, pixels of the picture; the marked square is four of them wide.
        origin: (2,) where a tile begins, pixels of the picture.
        attempts: how many readings were tried before this one: the chance of a mistake is this times 2**-27.
        likeness: of the picture to what the mark says of it, see `mark_picture.likeness`; None where it says nothing
            (version 1), or where that was not looked at.
        shown: which share of the marked square the picture shows.
    """

    message: MarkMessage
    tile: NDArray[np.float64]
    origin: NDArray[np.float64]
    attempts: int
    likeness: float | None = None
    shown: float = 0.0

    @property
    def belongs(self) -> bool | None:
        """Whether the mark was made for this picture; None where that cannot be told."""
        if self.likeness is not None and self.likeness >= _SAME_PICTURE:
            return True
        other = self.likeness is not None and self.likeness < _OTHER_PICTURE and self.shown >= _ENOUGH
        return False if other else None

    @property
    def mirrored(self) -> bool:
        """Whether the picture is flipped."""
        return bool(np.linalg.det(self.tile) < 0)

    @property
    def tile_pixels(self) -> float:
        """Size of the tile: the square root of its area, pixels."""
        return float(np.sqrt(abs(np.linalg.det(self.tile))))


@dataclass(frozen=True)
class _Candidate:
    promise: float  # the agreement of the fixed signs, and more for what is expected
    reading: Reading
    seen: Evidence

    def decoded(self, attempts: Iterator[int]) -> FoundMark | None:
        """As marks are written now, and as version 1 wrote them."""
        written: tuple[NDArray[np.float64] | float, ...]
        written = (strengths(), 1.0) if self.reading.score >= _OLD else (strengths(),)
        for strength in written:
            number = next(attempts, None)
            if number is None:
                return None
            if message := decode(soft_bits(self.reading.values, strength)):
                tile, origin = self.reading.tile / self.seen.scale, self.seen.to_frame(self.reading.origin)
                return FoundMark(message, tile, origin, number)
        return None


def find_mark(
    frames: Iterable[NDArray[np.uint8]], faces: Sequence[FaceSquare] = (), attempts: int = MAX_ATTEMPTS
) -> FoundMark | None:
    """Reads the mark.

    Args:
        frames: pictures (H, W, 3) uint8 RGB of one size from one file; they are taken together, since all frames of a
            file carry the same mark. Some twenty, spread over a video, are enough.
        faces: squares around faces, which are looked at first; see `mark_faces`.
        attempts: how many readings may be tried; all calls for one file together at most `MAX_ATTEMPTS`.

    Raises:
        ValueError: there are no frames, or of several sizes.
    """
    greys = greys_of(frames)
    if not greys or any(grey.shape != greys[0].shape for grey in greys):
        raise ValueError("there must be frames, all of one size, to look for a mark")
    unsure: list[_Candidate] = []
    numbers = iter(range(1, attempts + 1))
    for candidate in _candidates(greys, faces):
        if candidate.promise < _SURE:
            unsure.append(candidate)
        elif found := candidate.decoded(numbers):
            return found
    unsure.sort(key=lambda candidate: -candidate.promise)
    return next((found for candidate in unsure if (found := candidate.decoded(numbers))), None)


def _candidates(greys: Sequence[NDArray[np.uint8]], faces: Sequence[FaceSquare]) -> Iterator[_Candidate]:
    for face in faces:
        yield from _in_face(greys, face)
    height, width = greys[0].shape
    for scale in _scales(min(height, width)):
        whole = evidence(greys, (0, 0, width, height), scale)
        for window in _windows(whole):
            yield from _in_window(window)


def _in_face(greys: Sequence[NDArray[np.uint8]], face: FaceSquare) -> Iterator[_Candidate]:
    height, width = greys[0].shape
    scale = _FACE_TILE * TILES / face.side
    left, top = (max(0, int(place - face.side)) for place in face.centre)
    right, bottom = (min(end, int(place + face.side)) for end, place in zip((width, height), face.centre, strict=True))
    if min(right - left, bottom - top) < 2 * _SMALLEST_TILE:
        return
    seen = evidence(greys, (left, top, right, bottom), scale)
    area = Area((face.centre - [left, top]) * scale, (_FACE_TILES, _FACE_TILES), fade=True)
    least, most = (_FACE_TILE * size for size in _FACE_LATTICES)
    lattices = [upright(_FACE_TILE * size) for size in _FACE_SIZES]
    lattices += likely_lattices(seen.change, least, most, _CANDIDATES)
    yield from _best(seen, area, lattices)
    if min(width, height) < _NEARLY_WHOLE * face.side:
        yield from _whole(greys, face)


def _whole(greys: Sequence[NDArray[np.uint8]], face: FaceSquare) -> Iterator[_Candidate]:
    """The largest square of a photo that is hardly larger than the face's, where `portrait_crop` puts it."""
    height, width = greys[0].shape
    side = min(height, width)
    left, top = (
        int(np.clip(place - side / 2, 0, end - side)) for place, end in zip(face.centre, (width, height), strict=True)
    )
    scale = _WHOLE_TILE * TILES / side
    seen = evidence(greys, (left, top, left + side, top + side), scale)
    middle = np.array(seen.change.shape[::-1]) / 2
    reading = expected(seen, Area(middle, (TILES, TILES), fade=False), upright(_WHOLE_TILE))
    yield _Candidate(reading.score + _EXPECTED, reading, seen)


def _in_window(seen: Evidence) -> Iterator[_Candidate]:
    height, width = seen.change.shape
    if min(height, width) < 1.5 * _SMALL_TILE:
        return
    centre = np.array([width, height]) / 2
    for lattice in likely_lattices(seen.change, _SMALL_TILE, _LARGE_TILE, _CANDIDATES):
        # As many tiles as cover the window, however they are turned.
        reach = np.abs(np.linalg.inv(lattice)) @ [width, height]
        across, down = (int(np.ceil(tiles)) for tiles in reach)
        yield from _best(seen, Area(centre, (across, down), fade=False), [lattice])


def _best(seen: Evidence, area: Area, lattices: Sequence[NDArray[np.float64]]) -> Iterator[_Candidate]:
    found = sorted((read_tile(seen, area, lattice) for lattice in lattices), key=lambda reading: -reading.score)
    for rough in found[:_CORRECTED]:
        if rough.score >= _HOPELESS:
            for reading in readings(seen, area, corrected(seen, area, rough)):
                yield _Candidate(reading.score, reading, seen)


def _scales(shorter: int) -> Iterator[float]:
    """Factors that bring every tile size worth looking for between 32 and 64 pixels."""
    smallest, largest = max(_SMALLEST_TILE, shorter / _SQUARE_SHARE / TILES), shorter / 2
    tile = largest
    while tile > smallest:
        yield _LARGE_TILE / tile  # the largest square first: most often it is the whole picture
        tile *= _SMALL_TILE / _LARGE_TILE


def _windows(whole: Evidence) -> Iterator[Evidence]:
    height, width = whole.change.shape
    for top in _starts(height):
        for left in _starts(width):
            yield whole.part(np.s_[top : top + _WINDOW, left : left + _WINDOW])


def _starts(length: int) -> list[int]:
    if length <= _WINDOW:
        return [0]
    steps = int(np.ceil((length - _WINDOW) / (0.7 * _WINDOW)))
    return [round(step * (length - _WINDOW) / steps) for step in range(steps + 1)]
