"""Finds the mark in pictures that were compressed, cropped or resized, without the original.

1. The picture's own content is taken off as far as a local mean and a local variance tell it (`_Evidence`).
2. The mark repeats, so the rest is correlated with itself: the shift at which it repeats is the tile's size.
3. Tiles are laid on each other. The waves with fixed signs tell where the tile begins.
4. The other waves are the code word; the Viterbi decoder and the checksum do the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from monalive.trust.mark_code import MAX_ATTEMPTS, MarkMessage, decode
from monalive.trust.mark_pattern import CODE_WAVES, sync_signs, waves

_TILE: Final = 48  # pixels of a tile once it is laid out to be read
# Tile sizes searched at one scale of the picture; other sizes are brought there by resizing it.
_SMALL_TILE, _LARGE_TILE = 32.0, 64.0
_WINDOW: Final = 512  # pixels; a larger picture is searched in overlapping windows of this size
_SMALLEST_TILE: Final = 16.0  # pixels of the original; smaller waves cannot be seen
_FACE_SHARE: Final = 4.0  # the marked square is at least this fraction of the picture's shorter side
_CANDIDATES: Final = 3  # tile sizes looked at closely in each window
_SURE: Final = 5.0  # of at most 8: agreement of the fixed signs at which a reading is tried before looking further
_NEARBY: Final = np.stack(np.meshgrid(*[np.arange(-2, 3) / 4] * 2), axis=-1).reshape(-1, 2)


@dataclass(frozen=True)
class FoundMark:
    """A mark that was read.

    Attributes:
        message: what it says.
        tile: size of its tile in the picture, pixels; the marked square is four of them wide.
        mirrored: the picture is flipped left to right.
        attempts: how many readings were tried before this one: the chance of a mistake is this times 2**-24.
    """

    message: MarkMessage
    tile: float
    mirrored: bool
    attempts: int


@dataclass(frozen=True)
class _Candidate:
    score: float
    spectrum: NDArray[np.complex128]  # (160,) of the waves, origin corrected
    tile: float
    mirrored: bool


@dataclass(frozen=True)
class _Evidence:
    """What is left of frames: `change`, the weighted deviation from the local mean, and `weight`, 1 / variance."""

    both: NDArray[np.float32]  # (H, W, 2): change, weight

    @property
    def change(self) -> NDArray[np.float32]:
        return self.both[..., 0]

    def part(self, window: tuple[slice, slice]) -> _Evidence:
        return _Evidence(self.both[window])


def find_mark(frames: Iterable[NDArray[np.uint8]], attempts: int = MAX_ATTEMPTS) -> FoundMark | None:
    """Reads the mark.

    Args:
        frames: pictures (H, W, 3) uint8 RGB of one size from one file; they are taken together, since all frames of a
            file carry the same mark. About ten, spread over a video, are enough.
        attempts: how many readings may be tried; all calls for one file together at most `MAX_ATTEMPTS`.

    Raises:
        ValueError: there are no frames, or of several sizes.
    """
    greys = [np.asarray(cv2.cvtColor(np.ascontiguousarray(frame), cv2.COLOR_RGB2GRAY), np.uint8) for frame in frames]
    if not greys or any(grey.shape != greys[0].shape for grey in greys):
        raise ValueError("there must be frames, all of one size, to look for a mark")
    unsure: list[_Candidate] = []
    tried = 0
    for scale in _scales(greys[0].shape):
        evidence = _evidence(greys, scale)
        for window in _windows(evidence.change.shape):
            for candidate in _candidates(evidence.part(window), scale):
                if candidate.score < _SURE or tried == attempts:
                    unsure.append(candidate)
                    continue
                tried += 1
                message = decode(_soft_bits(candidate.spectrum))
                if message is not None:
                    return FoundMark(message, candidate.tile, candidate.mirrored, tried)
    unsure.sort(key=lambda candidate: -candidate.score)
    for candidate in unsure[: attempts - tried]:
        tried += 1
        message = decode(_soft_bits(candidate.spectrum))
        if message is not None:
            return FoundMark(message, candidate.tile, candidate.mirrored, tried)
    return None


def _scales(shape: tuple[int, ...]) -> Iterator[float]:
    """Factors that bring every tile size worth looking for between 32 and 64 pixels."""
    shorter = min(shape[:2])
    smallest, largest = max(_SMALLEST_TILE, shorter / _FACE_SHARE / 4), shorter / 2
    tile = largest
    while tile > smallest:
        yield _LARGE_TILE / tile  # the largest square first: most often it is the whole picture
        tile *= _SMALL_TILE / _LARGE_TILE


def _evidence(greys: list[NDArray[np.uint8]], scale: float) -> _Evidence:
    height, width = (max(1, round(side * scale)) for side in greys[0].shape)
    change, weight = np.zeros((2, height, width), np.float32)
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    for grey in greys:
        picture = cv2.resize(grey.astype(np.float32), (width, height), interpolation=interpolation)
        rest = picture - cv2.GaussianBlur(picture, (0, 0), 1.8)
        variance = cv2.GaussianBlur(rest * rest, (0, 0), 2.4)
        inverse = 1.0 / (variance + 1.0)
        change += rest * inverse
        weight += inverse
    return _Evidence(np.stack([change, weight], axis=-1))


def _windows(shape: tuple[int, ...]) -> Iterator[tuple[slice, slice]]:
    for top in _starts(shape[0]):
        for left in _starts(shape[1]):
            yield np.s_[top : top + _WINDOW, left : left + _WINDOW]


def _starts(length: int) -> list[int]:
    if length <= _WINDOW:
        return [0]
    steps = int(np.ceil((length - _WINDOW) / (0.7 * _WINDOW)))
    return [round(step * (length - _WINDOW) / steps) for step in range(steps + 1)]


def _candidates(evidence: _Evidence, scale: float) -> list[_Candidate]:
    """For each of the likeliest tile sizes the best reading, plain or mirrored."""
    best = []
    for rough in _rhythms(evidence.change):
        readings = [
            reading for tile in rough * (1 + 0.003 * np.arange(-1, 2)) for reading in _read_tile(evidence, tile, scale)
        ]
        best.append(max(readings, key=lambda reading: reading.score))
    return best


def _rhythms(change: NDArray[np.float32]) -> list[float]:
    """Tile sizes at which a picture repeats most, best first."""
    height, width = change.shape
    margin = int(2 * _LARGE_TILE) + 4  # no shift looked at runs round the edge
    size = (cv2.getOptimalDFTSize(height + margin), cv2.getOptimalDFTSize(width + margin))
    spectrum = np.fft.rfft2(change - change.mean(), size)
    likeness = np.fft.irfft2(spectrum * spectrum.conj(), size)
    sizes = np.arange(_SMALL_TILE - 1, _LARGE_TILE + 1, 0.25, dtype=np.float32)
    score = np.zeros(len(sizes))
    shown = np.roll(likeness[:margin], margin, axis=1)[:, : 2 * margin]
    for right, down in ((1, 0), (0, 1), (1, 1), (-1, 1), (2, 0), (0, 2), (2, 1), (1, 2)):
        x, y = (sizes * right + margin)[None], (sizes * down)[None]
        overlap = np.maximum(width - abs(right) * sizes, 0) * np.maximum(height - down * sizes, 0)
        values = cv2.remap(shown, x, y, cv2.INTER_CUBIC)[0]
        score += np.where(overlap > 0, values / np.sqrt(np.maximum(overlap, 1)), 0)
    peaks = [i for i in range(1, len(sizes) - 1) if score[i] >= score[i - 1] and score[i] > score[i + 1]]
    peaks.sort(key=lambda i: -score[i])
    return [float(sizes[i] + 0.25 * _summit(*score[i - 1 : i + 2])) for i in peaks[:_CANDIDATES]]


def _summit(before: float, peak: float, after: float) -> float:
    """Where the parabola through three values has its top, from -0.5 to 0.5 steps off the middle one."""
    bend = before - 2 * peak + after
    return 0.5 * (before - after) / bend if bend < 0 else 0.0


def _read_tile(evidence: _Evidence, tile: float, scale: float) -> Iterator[_Candidate]:
    spectrum = np.fft.fft2(_folded(evidence, tile).astype(np.complex64))
    across, down = waves().T
    for mirrored, waves_across in ((False, across), (True, -across)):
        values = spectrum[down % _TILE, waves_across % _TILE].astype(np.complex128)
        matched = values[CODE_WAVES:] * sync_signs().conj()
        agreement = np.zeros((_TILE, _TILE), np.complex64)
        agreement[down[CODE_WAVES:], across[CODE_WAVES:] % _TILE] = matched
        row, column = np.unravel_index(int(np.fft.ifft2(agreement).real.argmax()), agreement.shape)
        places = np.array([column, row]) + _NEARBY  # a quarter of a pixel apart
        turns = np.exp(2j * np.pi / _TILE * (places @ waves().T))  # (25, 160)
        scores = (turns[:, CODE_WAVES:] @ matched).real
        best = int(scores.argmax())
        power = np.sqrt((np.abs(matched) ** 2).sum() / 2) + 1e-12
        yield _Candidate(float(scores[best] / power), values * turns[best], float(tile / scale), mirrored)


def _folded(evidence: _Evidence, tile: float) -> NDArray[np.float32]:
    """(48, 48): all tiles laid on each other, each pixel by its weight."""
    step = tile / _TILE
    matrix = np.array([[step, 0, 0.5 * step - 0.5], [0, step, 0.5 * step - 0.5]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    down, across = (int(np.ceil(side / tile)) for side in evidence.both.shape[:2])
    laid = cv2.warpAffine(evidence.both, matrix, (across * _TILE, down * _TILE), flags=flags)
    change, weight = np.moveaxis(laid.reshape(down, _TILE, across, _TILE, 2).sum(axis=(0, 2)), -1, 0)
    return change / (weight + 1e-9)  # type: ignore[no-any-return]


def _soft_bits(spectrum: NDArray[np.complex128]) -> NDArray[np.float64]:
    """(256,) of the code word, each by how noisy waves of its length are."""
    lengths = np.hypot(*waves().T)
    power = np.abs(spectrum) ** 2
    near = np.abs(lengths[:, None] - lengths[None]) < 1.5
    noise = (near * power[None]).sum(axis=1) / near.sum(axis=1) + 1e-12
    code = (spectrum / noise)[:CODE_WAVES]
    return np.stack([code.real, code.imag], axis=1).ravel()
