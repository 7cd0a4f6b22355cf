"""Training pairs of one region: the photo's crop and the crop wanted, drawn by what eyes and mouth do."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from monalive.faces.expressions import load_expressions
from monalive.faces.landmarks import LEFT_EYE_CORNERS, LEFT_IRIS, LEFT_LID_PAIRS
from monalive_distill.data.augmentation import Augmentation
from monalive_distill.regions.prepare import INDEX_FILE
from monalive_distill.regions.regions import Region

# How a pair's photo is chosen: a frame next to the target or the target itself (at rest the photo's own eyes and lips
# must show); a frame that does something else; any frame.
NEIGHBOUR, OTHER = 0.1, 0.65
# Bins with few frames (blinks, yawns) are drawn much more often than they occur.
_BIN_POWER = 0.3
# Openness of a shut eye. A motion made by hand lets lids meet and leaves the iris where it was; the landmarks of shut
# eyes in pictures keep a gap, and the iris goes anywhere. So half of them are made to look like the former.
SHUT, LIKE_MOTIONS = 0.08, 0.5
# Eyes that blink are seen in coarse videos, fine pictures show open ones. So that a fine photo gets fine lids, some
# pairs are made crisper: how many, by how much, and over how many pixels.
CRISPER, CRISPNESS, CRISP_REACH = 0.3, (0.3, 1.6), (0.7, 1.3)
# Pictures of a person in other light do not make a pair: mean colours at most so far apart (of 255).
_SAME_LIGHT = 14.0
SHUT_BIN = 0


@dataclass(frozen=True)
class RegionSequence:
    """Crops of one eye or mouth of one person.

    Attributes:
        name, person, kind: see `prepare_regions`.
        frames: (T, h, w, 3) uint8 RGB with a margin (memory-mapped).
        points: (T, 478, 2) their pixels.
        measures: (T, 3).
        detail: outer eye corners in source pixels, how fine the source is.
    """

    name: str
    person: str
    kind: str
    frames: NDArray[np.uint8]
    points: NDArray[np.float32]
    measures: NDArray[np.float32]
    detail: float


class RegionBatch(NamedTuple):
    """N pairs."""

    photo: torch.Tensor  # (N, 3, H, W) in [0, 1]
    source: torch.Tensor  # (N, 478, 2) crop pixels
    image: torch.Tensor  # (N, 3, H, W): the crop wanted
    target: torch.Tensor  # (N, 478, 2)

    def to(self, device: torch.device) -> RegionBatch:
        """The same on a device."""
        return RegionBatch(*(part.to(device) for part in self))


def load_regions(region: Region, *folders: Path) -> list[RegionSequence]:
    """Opens caches; both eyes of a face are sequences of their own.

    Raises:
        FileNotFoundError: no cache in one of `folders`.
    """
    return [sequence for folder in folders for sequence in _open(region, folder)]


def _open(region: Region, folder: Path) -> list[RegionSequence]:
    if not (folder / INDEX_FILE).is_file():
        raise FileNotFoundError(f"no cache of eyes and mouths in {folder}: make one with prepare_regions")
    found = []
    for entry in json.loads((folder / INDEX_FILE).read_text()):
        name, who = entry["name"], (entry["person"], entry["kind"])
        with np.load(folder / f"{name}.facts.npz") as facts:
            points, measures = facts[f"{region.name}_points"], facts[f"{region.name}_measures"]
            detail = float(np.median(facts["quality"][:, 1]))
        if region.name == "mouth":
            frames = np.load(folder / f"{name}.mouth.npy", mmap_mode="r")
            found.append(RegionSequence(name, *who, frames, points, measures, detail))
        else:
            frames = np.load(folder / f"{name}.eyes.npy", mmap_mode="r")
            for side in (0, 1):
                part = (frames[:, side], points[:, side], measures[:, side])
                found.append(RegionSequence(f"{name}/{side}", *who, *part, detail))
    return found


@dataclass(frozen=True)
class SharedLook:
    """How the pictures of one example are varied alike: their colours, how fine they are, zoom, turn and side.

    Attributes:
        region: whose crops.
        colours: gives a picture (h, w, 3) uint8 its colours, in [0, 1].
        shared: (3, 3) about the crop's middle, pixels.
        coarser: to which share of its size a picture is made smaller and back; 1: not.
        crisper: how much is added of what a blur of `reach` pixels takes away.
        reach: see `crisper`.
        flipped: mirrored, points too.
    """

    region: Region
    colours: Callable[[NDArray[np.uint8]], NDArray[np.float32]]
    shared: NDArray[np.float64]
    coarser: float
    crisper: float
    reach: float
    flipped: bool

    @classmethod
    def draw(cls, rng: np.random.Generator, region: Region, augmentation: Augmentation | None) -> SharedLook:
        """One at random; of `augmentation` only the colours are used. None: colours and fineness stay."""
        colours = augmentation.draw(rng).colour if augmentation else as_unit
        shared = _similarity(rng, 0.12, 6.0, 0.035 * region.shape.height)
        coarser = float(rng.uniform(0.4, 0.9)) if rng.random() < 0.15 else 1.0
        crisper = float(rng.uniform(*CRISPNESS)) if coarser == 1.0 and rng.random() < CRISPER else 0.0
        reach = float(rng.uniform(*CRISP_REACH))
        flipped = region.name == "mouth" and bool(rng.random() < 0.5)
        if augmentation is None:
            coarser, crisper = 1.0, 0.0
        return cls(region, colours, shared, coarser, crisper, reach, flipped)

    @classmethod
    def none(cls, region: Region) -> SharedLook:
        """Pictures as they are, but for how each is laid."""
        return cls(region, as_unit, np.eye(3), 1.0, 0.0, 1.0, False)

    def take(
        self, sequence: RegionSequence, index: int, rng: np.random.Generator
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """A frame's crop (H, W, 3) in [0, 1], laid a little differently from others, and landmarks (478, 2) in it."""
        shape = self.region.shape
        own = _similarity(rng, 0.02, 1.5, 0.012 * shape.height)
        picture, points = _cut(sequence.frames[index], sequence.points[index], self.region, own @ self.shared)
        if self.flipped:
            picture = picture[:, ::-1]
            points = _mirrored(points, shape.width)
        if self.coarser < 1.0:
            small = cv2.resize(picture, None, fx=self.coarser, fy=self.coarser, interpolation=cv2.INTER_AREA)
            picture = np.asarray(cv2.resize(small, shape[:2], interpolation=cv2.INTER_LINEAR), np.uint8)
        elif self.crisper:
            soft = cv2.GaussianBlur(picture, (0, 0), self.reach)
            picture = np.asarray(cv2.addWeighted(picture, 1 + self.crisper, soft, -self.crisper, 0), np.uint8)
        return self.colours(picture), points


class RegionPairs:
    """Draws batches; the same seed and step always give the same batch, so that training resumes exactly."""

    def __init__(
        self, region: Region, sequences: Sequence[RegionSequence], augmentation: Augmentation, seed: int = 0
    ) -> None:
        if not sequences:
            raise ValueError("no sequences to train on")
        self._region, self._sequences, self._augmentation, self._seed = region, sequences, augmentation, seed
        self._bins = [_bins(region, sequence.measures) for sequence in sequences]
        counts: dict[int, dict[int, int]] = {}  # of frames by bin, then by sequence
        for number, bins in enumerate(self._bins):
            for found, count in zip(*np.unique(bins, return_counts=True), strict=True):
                counts.setdefault(int(found), {})[number] = int(count)
        self._ids = sorted(counts)
        totals = np.array([sum(counts[i].values()) for i in self._ids], np.float64) ** _BIN_POWER
        self._bin_weights = totals / totals.sum()
        if SHUT_BIN in counts:
            self._bin_weights = _with_share(self._bin_weights, self._ids.index(SHUT_BIN), region.shut_share)
        self._owners: list[NDArray[np.intp]] = []
        self._owner_weights: list[NDArray[np.float64]] = []
        for i in self._ids:
            owners = sorted(counts[i])
            weights = np.array([np.sqrt(counts[i][n]) * _worth(sequences[n]) for n in owners])
            self._owners.append(np.array(owners))
            self._owner_weights.append(weights / weights.sum())

    def draw(self, step: int, count: int) -> RegionBatch:
        """The batch of a training step: `count` pairs."""
        rng = np.random.default_rng((self._seed, step))
        pairs = [self._pair(rng) for _ in range(count)]
        photo, source, image, target = (np.stack(part) for part in zip(*pairs, strict=True))
        pictures = [torch.from_numpy(part).permute(0, 3, 1, 2) for part in (photo, image)]
        return RegionBatch(pictures[0], torch.from_numpy(source), pictures[1], torch.from_numpy(target))

    def _pair(self, rng: np.random.Generator) -> tuple[NDArray[np.float32], ...]:
        sequence, first, second = self.choose(rng)
        look = SharedLook.draw(rng, self._region, self._augmentation)
        is_eye = self._region.name == "eye"
        shut = is_eye and float(sequence.measures[second, 0]) < SHUT and rng.random() < LIKE_MOTIONS
        photo, source = look.take(sequence, first, rng)
        image, target = look.take(sequence, second, rng)
        return photo, source, image, _lids_meet(target, rng) if shut else target

    def choose(self, rng: np.random.Generator) -> tuple[RegionSequence, int, int]:
        """A sequence, and which of its frames are photo and target."""
        which = rng.choice(len(self._ids), p=self._bin_weights)
        number = int(rng.choice(self._owners[which], p=self._owner_weights[which]))
        sequence, bins = self._sequences[number], self._bins[number]
        target = int(rng.choice(np.flatnonzero(bins == self._ids[which])))
        photo = self._photo(rng, bins, target, sequence.kind != "clip")
        if sequence.kind != "clip" and not same_light(sequence.frames[photo], sequence.frames[target]):
            photo = target
        return sequence, photo, target

    def _photo(self, rng: np.random.Generator, bins: NDArray[np.intp], target: int, stills: bool) -> int:
        shut = self._region.shut_share > 0 and bins[target] == SHUT_BIN
        chance = NEIGHBOUR if shut else rng.random()  # a shut eye is made of an open one
        if chance < NEIGHBOUR:
            return target if stills else int(np.clip(target + rng.integers(-2, 3), 0, len(bins) - 1))
        if chance < NEIGHBOUR + OTHER:
            others = np.unique(bins[bins != bins[target]])
            if len(others):
                return int(rng.choice(np.flatnonzero(bins == rng.choice(others))))
        return int(rng.integers(len(bins)))


def cut(sequence: RegionSequence, index: int, region: Region) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """A frame's working crop (H, W, 3) in [0, 1] and its landmarks (478, 2) in pixels, as it is."""
    picture, points = _cut(sequence.frames[index], sequence.points[index], region, np.eye(3))
    return as_unit(picture), points


def as_unit(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """A picture in [0, 1]."""
    return np.asarray(picture / 255, np.float32)


def _cut(
    frame: NDArray[np.uint8], points: NDArray[np.float32], region: Region, change: NDArray[np.float64]
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """The working crop out of the stored one; `change` (3, 3) about the crop's middle, pixels."""
    shape = region.shape
    (from_x, from_y), (to_x, to_y) = region.stored.laid_by, shape.laid_by
    to_middle = np.array([[1, 0, -from_x], [0, 1, -from_y], [0, 0, 1.0]])
    back = np.array([[1, 0, to_x], [0, 1, to_y], [0, 0, 1.0]])
    matrix = (back @ change @ to_middle)[:2]
    moved = (points @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)
    pixels = np.concatenate([matrix[:, :2], (matrix @ np.array([0.5, 0.5, 1.0]) - 0.5)[:, None]], 1)
    picture = cv2.warpAffine(frame, pixels, shape[:2], flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(picture, np.uint8), moved


def _lids_meet(points: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Landmarks of a shut eye as a motion made by hand has them."""
    upper, lower = map(list, zip(*LEFT_LID_PAIRS, strict=True))
    first, second = points[list(LEFT_EYE_CORNERS)]
    place = (first + second) / 2 + (second - first) * rng.normal(0, 0.08)
    made = points.copy()
    made[upper] = points[lower]
    made[list(LEFT_IRIS)] += place - points[LEFT_IRIS[0]]
    return made


def _mirrored(points: NDArray[np.float32], width: int) -> NDArray[np.float32]:
    """Landmarks of the mirrored crop, each the opposite one."""
    opposite = points[load_expressions().mirror]
    return np.stack([width - opposite[:, 0], opposite[:, 1]], -1)


def _similarity(rng: np.random.Generator, zoom: float, degrees: float, shift: float) -> NDArray[np.float64]:
    """A random similarity (3, 3) about the origin: at most so much, in logarithms, degrees and pixels."""
    angle, scale = np.deg2rad(rng.uniform(-degrees, degrees)), np.exp(rng.uniform(-zoom, zoom))
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    x, y = rng.uniform(-shift, shift, 2)
    return np.array([[cos, -sin, x], [sin, cos, y], [0, 0, 1.0]])


def _bins(region: Region, measures: NDArray[np.float32]) -> NDArray[np.intp]:
    """(T,) which bin each frame falls into. Where an eye is shut nobody knows where it looks: one bin."""
    digits = [np.digitize(measures[:, axis], edges) for axis, edges in enumerate(region.edges)]
    shut = digits[0] == SHUT_BIN
    number = digits[0]
    for axis in (1, 2):
        number = number * (len(region.edges[axis]) + 1) + np.where(shut, 0, digits[axis])
    return np.asarray(number, np.intp)


def _with_share(weights: NDArray[np.float64], index: int, least: float) -> NDArray[np.float64]:
    """Weights, 1 in sum, of which one is at least so much."""
    share = max(least, float(weights[index]))
    if share == 1:
        return weights
    others: NDArray[np.float64] = weights * ((1 - share) / (1 - float(weights[index])))
    others[index] = share
    return others


def _worth(sequence: RegionSequence) -> float:
    """Fine sources teach lashes and teeth; coarse ones blur."""
    return float(np.clip(sequence.detail / 80, 0.5, 1.5))


def same_light(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> bool:
    """Whether two crops (h, w, 3) of a person could be of one place and time."""
    apart = first.mean((0, 1)) - second.mean((0, 1))
    return bool(np.abs(apart).max() < _SAME_LIGHT)
