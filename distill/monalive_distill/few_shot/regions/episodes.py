"""What the expert learns from: a frame that is wanted, and K photos of the same person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from monalive_distill.data.augmentation import Augmentation
from monalive_distill.regions.regions import Region
from monalive_distill.regions.samples import RegionBatch, RegionPairs, RegionSequence, SharedLook, same_light

# Photos of the person beside the first are at least so many frames away from the one wanted, where the clip allows it,
# and some come from another clip.
_APART = 12
_OTHER_CLIP = 0.2
_TRIES = 6


class RegionEpisodes(NamedTuple):
    """N frames wanted, with K photos each."""

    photos: torch.Tensor  # (N, K, 3, H, W) in [0, 1]
    sources: torch.Tensor  # (N, K, 478, 2) crop pixels
    image: torch.Tensor  # (N, 3, H, W): the crop wanted
    target: torch.Tensor  # (N, 478, 2)

    def to(self, device: torch.device) -> RegionEpisodes:
        """The same on a device."""
        return RegionEpisodes(*(part.to(device) for part in self))

    def pairs(self) -> RegionBatch:
        """With the first photo alone."""
        return RegionBatch(self.photos[:, 0], self.sources[:, 0], self.image, self.target)


# Pictures (1 + K, H, W, 3) in [0, 1], the one wanted first, and landmarks (1 + K, 478, 2).
Episode = tuple[NDArray[np.float32], NDArray[np.float32]]


def stacked(episodes: Sequence[Episode]) -> RegionEpisodes:
    """Episodes of as many photos each."""
    pictures, points = (torch.from_numpy(np.stack(part)) for part in zip(*episodes, strict=True))
    pictures = pictures.permute(0, 1, 4, 2, 3)
    return RegionEpisodes(pictures[:, 1:], points[:, 1:], pictures[:, 0], points[:, 0])


def taken(look: SharedLook, frames: Sequence[tuple[RegionSequence, int]], rng: np.random.Generator) -> Episode:
    """An episode of frames, the one wanted first."""
    pictures, points = zip(*(look.take(*frame, rng) for frame in frames), strict=True)
    return np.stack(pictures), np.stack(points)


class EpisodeSampler:
    """Draws episodes; the same seed and step always give the same ones, so that training resumes exactly.

    The frame wanted and the first photo are drawn as `RegionPairs` draws them.

    Args:
        region: whose crops.
        sequences: the data.
        augmentation: shared by all pictures of an episode; only its colours are used.
        photos: the numbers of photos that a step's episodes may have, all of them the same.
        pictures: how many pictures a step holds at most: those wanted and all photos.
        seed: of all that is drawn.

    Raises:
        ValueError: no sequences.
    """

    def __init__(
        self,
        region: Region,
        sequences: Sequence[RegionSequence],
        augmentation: Augmentation,
        photos: Sequence[int],
        pictures: int,
        seed: int = 0,
    ) -> None:
        self._region, self._augmentation, self._seed = region, augmentation, seed
        self._photos, self._pictures = tuple(photos), pictures
        self._pairs = RegionPairs(region, sequences, augmentation, seed)
        self._people: dict[tuple[str, str], list[RegionSequence]] = {}
        for sequence in sequences:
            self._people.setdefault(_whose(sequence), []).append(sequence)

    def draw(self, step: int) -> RegionEpisodes:
        """The episodes of a training step."""
        rng = np.random.default_rng((self._seed, step))
        count = int(rng.choice(self._photos))
        return stacked([self._episode(rng, count) for _ in range(max(2, self._pictures // (count + 1)))])

    def _episode(self, rng: np.random.Generator, count: int) -> Episode:
        sequence, first, target = self._pairs.choose(rng)
        look = SharedLook.draw(rng, self._region, self._augmentation)
        frames = [(sequence, target), (sequence, first)]
        frames += [self._other(rng, sequence, first, target) for _ in range(count - 1)]
        return taken(look, frames, rng)

    def _other(
        self, rng: np.random.Generator, sequence: RegionSequence, first: int, target: int
    ) -> tuple[RegionSequence, int]:
        """Another photo of the person; where there is none, the first once more."""
        own = self._people[_whose(sequence)]
        for _ in range(_TRIES):
            chosen = own[rng.integers(len(own))] if rng.random() < _OTHER_CLIP else sequence
            index = int(rng.integers(len(chosen.frames)))
            apart = _APART if sequence.kind == "clip" else 1
            if chosen is sequence and abs(index - target) < min(apart, len(sequence.frames) // 2):
                continue
            if same_light(chosen.frames[index], sequence.frames[target]):
                return chosen, index
        return sequence, first


def _whose(sequence: RegionSequence) -> tuple[str, str]:
    """The person, and which eye."""
    return sequence.person, sequence.name.partition("/")[2]
