"""Reads the mark of a file's frames, and tells whether it is on the picture that it was made for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from monalive.trust.mark_code import MAX_ATTEMPTS, encode
from monalive.trust.mark_evidence import evidence, greys_of
from monalive.trust.mark_faces import face_squares
from monalive.trust.mark_pattern import TILES, render
from monalive.trust.mark_picture import SQUARE_SIZE, likeness
from monalive.trust.mark_reader import FoundMark, find_mark

_TILE: Final = 32  # pixels of a tile where the square is looked for
_MOST_TILES: Final = 64  # of a picture in one direction
_LOOKED_AT: Final = 4  # frames that are compared with the mark
_AS_GOOD: Final = 0.92  # share of the best square's evidence with which another one may be it, in cut pictures


def search_mark(frames: Sequence[NDArray[np.uint8]]) -> FoundMark | None:
    """Looks for the mark in all frames together, then in single ones.

    Args:
        frames: pictures (H, W, 3) uint8 RGB of one size from one file, spread over it.

    Raises:
        ValueError: there are no frames, or of several sizes.
    """
    if not frames:
        raise ValueError("there must be frames, all of one size, to look for a mark")
    middle = frames[len(frames) // 2]
    faces = face_squares([frames[0], middle] if len(frames) > 1 else frames)
    share = MAX_ATTEMPTS // 4
    found = find_mark(frames, faces, MAX_ATTEMPTS if len(frames) == 1 else 2 * share)
    if found is None and len(frames) > 1:
        found = find_mark(frames[:1], faces, share) or find_mark([middle], faces, share)
    if found is None:
        return None
    chosen = [frames[i] for i in sorted({round(i) for i in np.linspace(0, len(frames) - 1, _LOOKED_AT)})]
    return _compared(greys_of(chosen), found)


def _compared(greys: Sequence[NDArray[np.uint8]], found: FoundMark) -> FoundMark:
    bits = found.message.picture
    if bits is None:
        return found
    mean = np.asarray(np.mean(np.stack(greys), axis=0), np.float32)
    alike, shown = max(_shown(mean, found, bits, corner) for corner in _squares(greys, found))
    return replace(found, likeness=alike, shown=shown)


def _squares(greys: Sequence[NDArray[np.uint8]], found: FoundMark) -> list[NDArray[np.float64]]:
    """Upper left corners of the squares that may be the marked one, in tiles: where most of the mark is."""
    height, width = greys[0].shape
    corners = np.array([[0, 0], [width, 0], [0, height], [width, height]]) - found.origin
    places = corners @ np.linalg.inv(found.tile).T
    low = np.floor(places.min(axis=0))
    across, down = (int(count) for count in np.minimum(np.ceil(places.max(axis=0)) - low, _MOST_TILES))
    scale = _TILE / found.tile_pixels
    seen = evidence(greys, (0, 0, width, height), scale)
    matrix = np.column_stack([found.tile / _TILE, found.origin + found.tile @ low]) * scale
    matrix[:, 2] += matrix[:, :2] @ [0.5, 0.5] - 0.5
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    laid = cv2.warpAffine(seen.change, matrix, (across * _TILE, down * _TILE), flags=flags)
    inside = np.arange(_TILE) + 0.5
    assert found.message.picture is not None
    pattern = render(encode(found.message.file_id, found.message.picture), _TILE * TILES, inside, inside)
    tiles = (laid.reshape(down, _TILE, across, _TILE) * pattern[None, :, None, :]).sum(axis=(1, 3))
    padded = np.pad(tiles, TILES - 1)
    sums = np.lib.stride_tricks.sliding_window_view(padded, (TILES, TILES)).sum(axis=(2, 3))
    rows, columns = np.nonzero(sums >= _AS_GOOD * sums.max())
    return [low + np.array([column, row]) - (TILES - 1) for row, column in zip(rows, columns, strict=True)]


def _shown(grey: NDArray[np.float32], found: FoundMark, bits: int, corner: NDArray[np.float64]) -> tuple[float, float]:
    """How well a square fits, and which share of it there is."""
    shrink = min(1.0, SQUARE_SIZE / TILES / found.tile_pixels)
    small = cv2.resize(grey, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA) if shrink < 1 else grey
    matrix = np.column_stack([found.tile * (TILES / SQUARE_SIZE), found.origin + found.tile @ corner]) * shrink
    matrix[:, 2] += matrix[:, :2] @ [0.5, 0.5] - 0.5
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = (SQUARE_SIZE, SQUARE_SIZE)
    square = np.asarray(cv2.warpAffine(small, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE), np.float32)
    known = cv2.warpAffine(np.ones_like(small), matrix, size, flags=flags) > 0.5
    return likeness(bits, square, known), float(known.mean())
