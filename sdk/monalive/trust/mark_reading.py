"""Lays the tiles of a mark on each other and reads them: where a tile begins, which way up it is, what it says."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from monalive.trust.mark_evidence import Evidence
from monalive.trust.mark_pattern import CODE_WAVES, strengths, sync_signs, waves

_TILE: Final = 48  # pixels of a tile once it is laid out to be read
# Quarter turns, plain and mirrored: a tile's places are these times the lattice's.
_WAYS: Final = np.array([m for a in (-1, 1) for b in (-1, 1) for m in ([[a, 0], [0, b]], [[0, a], [b, 0]])])
_AS_WRITTEN: Final = next(i for i, way in enumerate(_WAYS) if (way == np.eye(2)).all())
_PEAKS: Final = 4  # places of the origin tried for one lattice, any way up and as written
_SLACK: Final = 4  # of a tile's 48 pixels, by which an expected square may be off
_NEARBY: Final = np.stack(np.meshgrid(*[np.arange(-2, 3) / 4] * 2), axis=-1).reshape(-1, 2)
_STEPS: Final = (0.006, 0.003, 0.0015)  # of a tile, by which a lattice is corrected


@dataclass(frozen=True)
class Area:
    """Where in the evidence to read.

    Attributes:
        centre: (2,) across, down, pixels of the evidence.
        tiles: read so many in each direction.
        fade: count tiles less the further out they are, for squares of about the mark's size; else all alike.
    """

    centre: NDArray[np.float64]
    tiles: tuple[int, int]
    fade: bool


@dataclass(frozen=True)
class Reading:
    """One way to read a picture.

    Attributes:
        score: agreement of the fixed signs: at most 8; about 4 is the best that chance gives.
        lattice: (2, 2) as searched, pixels of the evidence.
        tile: (2, 2) the tile's right and down as they were written.
        origin: (2,) where a tile begins.
        values: (160,) the waves, the origin taken into account.
    """

    score: float
    lattice: NDArray[np.float64]
    tile: NDArray[np.float64]
    origin: NDArray[np.float64]
    values: NDArray[np.complex128]


def read_tile(seen: Evidence, area: Area, lattice: NDArray[np.float64]) -> Reading:
    """The best of the eight ways up of one lattice, and of all places where a tile may begin."""
    look = _Look(seen, area, lattice, full=False)
    way, row, column = np.unravel_index(int(look.correlation.argmax()), look.correlation.shape)
    return look.reading(int(way), int(column), int(row))


def readings(seen: Evidence, area: Area, lattice: NDArray[np.float64]) -> list[Reading]:
    """The best readings of one lattice, and the best of those that are neither turned nor mirrored."""
    look = _Look(seen, area, lattice, full=True)
    return [
        look.reading(*place)
        for ways in (range(len(_WAYS)), (_AS_WRITTEN,))
        for place in look.peaks(np.array(ways), _PEAKS)
    ]


def expected(seen: Evidence, area: Area, lattice: NDArray[np.float64]) -> Reading:
    """The reading of a square that is where it is expected: four level tiles about the middle of the area."""
    look = _Look(seen, area, lattice, full=True)
    # The area's first tile begins where the square does, up to whole tiles.
    near = np.arange(-_SLACK, _SLACK + 1) % _TILE
    row, column = np.unravel_index(
        int(look.correlation[_AS_WRITTEN][np.ix_(near, near)].argmax()), (len(near), len(near))
    )
    return look.reading(_AS_WRITTEN, int(near[column]), int(near[row]))


class _Look:
    """The agreement of the fixed signs with one lattice's tiles, for each way up and each place of the origin."""

    def __init__(self, seen: Evidence, area: Area, lattice: NDArray[np.float64], *, full: bool) -> None:
        # Without weights it is twice as fast.
        folded = _folded(seen.change, area, lattice)
        if full:
            folded = folded / (_folded(seen.weight, area, lattice) + 1e-9)
        spectrum = np.fft.fft2(folded.astype(np.complex64))
        places = _places()
        self._area, self._lattice = area, lattice
        self._values = spectrum[places[..., 1], places[..., 0]].astype(np.complex128)  # (8, 160)
        weight = (strengths() / _level(self._values[0]))[CODE_WAVES:]
        self._matched = self._values[:, CODE_WAVES:] * sync_signs().conj() * weight
        across, down = waves()[CODE_WAVES:].T
        agreement = np.zeros((len(_WAYS), _TILE, _TILE), np.complex64)
        agreement[:, down, across % _TILE] = self._matched
        self.correlation: NDArray[np.float64] = np.fft.ifft2(agreement).real  # (8, 48, 48)

    def peaks(self, ways: NDArray[np.int64], count: int) -> list[tuple[int, int, int]]:
        """The ways and places (across, down) that agree best, apart from each other."""
        left = self.correlation[ways].copy()
        found = []
        for _ in range(count):
            way, row, column = np.unravel_index(int(left.argmax()), left.shape)
            found.append((int(ways[way]), int(column), int(row)))
            near = np.arange(-2, 3)
            left[way][np.ix_((row + near) % _TILE, (column + near) % _TILE)] = -np.inf
        return found

    def reading(self, way: int, column: int, row: int) -> Reading:
        """What is read there, to a quarter of a pixel."""
        matched = self._matched[way]
        near = np.array([column, row]) + _NEARBY
        turns = np.exp(2j * np.pi / _TILE * (near @ waves().T))  # (25, 160)
        scores = (turns[:, CODE_WAVES:] @ matched).real
        best = int(scores.argmax())
        power = np.sqrt((np.abs(matched) ** 2).sum() / 2) + 1e-12
        tile = self._lattice @ np.linalg.inv(_WAYS[way])
        shift = -near[best] / _TILE - _WAYS[way] @ np.array([0.5, 0.5]) / _TILE
        first = self._area.centre - self._lattice @ (np.array(self._area.tiles) / 2)
        values = self._values[way] * turns[best]
        return Reading(float(scores[best] / power), self._lattice, tile, first - tile @ shift, values)


def corrected(seen: Evidence, area: Area, reading: Reading) -> NDArray[np.float64]:
    """The lattice near by whose fixed signs agree best: size, turn, stretch and shear."""
    best = reading
    for step in _STEPS:
        for index in range(4):
            for sign in (-1, 1):
                change = np.zeros(4)
                change[index] = sign * step * np.sqrt(abs(np.linalg.det(reading.lattice)))
                while (tried := read_tile(seen, area, best.lattice + change.reshape(2, 2))).score > best.score:
                    best = tried
    return best.lattice


def soft_bits(values: NDArray[np.complex128], strengths: NDArray[np.float64] | float = 1.0) -> NDArray[np.float64]:
    """(256,) of the code word, each by how noisy waves of its length are and how strong they were written."""
    code = (values * strengths / _level(values))[:CODE_WAVES]
    return np.stack([code.real, code.imag], axis=1).ravel()


def _folded(field: NDArray[np.float32], area: Area, lattice: NDArray[np.float64]) -> NDArray[np.float32]:
    """(48, 48): all tiles laid on each other."""
    across, down = area.tiles
    step = lattice / _TILE
    first = area.centre - lattice @ (np.array(area.tiles) / 2)
    matrix = np.column_stack([step, step @ np.array([0.5, 0.5]) + first - 0.5])
    laid = cv2.warpAffine(field, matrix, (across * _TILE, down * _TILE), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    if area.fade:
        laid = laid * _fade(across, down)
    return laid.reshape(down, _TILE, across, _TILE).sum(axis=(0, 2))  # type: ignore[no-any-return]


@cache
def _fade(across: int, down: int) -> NDArray[np.float32]:
    """1 in the middle four tiles, falling to 0 at the border."""
    one, other = (
        np.clip((count / 2 - np.abs((np.arange(count * _TILE) + 0.5) / _TILE - count / 2)) / (count / 2 - 2), 0, 1)
        for count in (down, across)
    )
    return np.outer(one, other).astype(np.float32)


@cache
def _places() -> NDArray[np.int64]:
    """(8, 160, 2): where in the spectrum each wave is, for each way up."""
    return np.stack([waves() @ way for way in _WAYS]) % _TILE


@cache
def _near() -> NDArray[np.float64]:
    lengths = np.hypot(*waves().T)
    near = (np.abs(lengths[:, None] - lengths[None]) < 1.5).astype(np.float64)
    return near / near.sum(axis=1, keepdims=True)  # type: ignore[no-any-return]


def _level(values: NDArray[np.complex128]) -> NDArray[np.float64]:
    """(160,): the mean power of waves of about each one's length."""
    return _near() @ np.abs(values) ** 2 + 1e-12  # type: ignore[no-any-return]
