"""Distillation: the full-size model's pictures of portraits that have no video, moved as somebody's video moves.

Real frames teach the lightweight generator most, but only the people of the clips; a teacher can move any portrait.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from monalive.faces.crop import SquareCrop
from monalive.faces.expressions import load_expressions
from monalive.retargeting.retarget import Retargeter, RetargetOptions
from monalive_distill.augment import Augmentation
from monalive_distill.few_shot.few_shot_model import FewShotModel
from monalive_distill.few_shot.photo_mover import shrink
from monalive_distill.motion_net import MOTION_SIZE
from monalive_distill.training_pairs import FaceSequence, TrainingGroup

VIDEO_KIND = "clip"
# A blink or a turn of somebody else's head, no more: where the teacher fails, it must not be believed.
_MOTION = RetargetOptions(smooth=False)


class TaughtGroup(NamedTuple):
    """A training group whose targets the teacher made, and how it moved the photos to them."""

    group: TrainingGroup
    flow: torch.Tensor | None  # (P * k, 2, n, n) source minus target, units of the side; None: the teacher moves none


class TeacherFrames:
    """Draws groups of portraits, drivers and the teacher's pictures; the same seed and step give the same group.

    Args:
        teacher: the full-size model, in `eval`; its size is that of the pictures.
        sequences: portraits are drawn from those without video, drivers from the clips.
        augmentation: one look per portrait.
        seed: of all that is drawn.

    Raises:
        ValueError: no portraits, no clips, or a teacher of smaller pictures than can be learned.
    """

    def __init__(
        self, teacher: FewShotModel, sequences: Sequence[FaceSequence], augmentation: Augmentation, seed: int
    ) -> None:
        self._portraits = [s for s in sequences if s.kind != VIDEO_KIND]
        self._drivers = [s for s in sequences if s.kind == VIDEO_KIND]
        if not self._portraits or not self._drivers:
            raise ValueError(
                "a teacher needs portraits without video to move (kinds stills, synthetic) and clips to move them by; "
                f"there are {len(self._portraits)} and {len(self._drivers)}"
            )
        if teacher.size < MOTION_SIZE:
            raise ValueError(f"the teacher's pictures are {teacher.size} pixels wide; {MOTION_SIZE} are the least")
        self._teacher = teacher
        self._augmentation = augmentation
        self._seed = seed
        self._mirror = load_expressions().mirror

    def draw(self, step: int, photos: int, targets: int, device: str) -> TaughtGroup:
        """`photos` portraits and the teacher's pictures of `targets` poses of each."""
        rng = np.random.default_rng((self._seed, step, 1))
        drawn = [self._draw_portrait(rng, targets) for _ in range(photos)]
        pictures, points, wanted = (np.stack([one[part] for one in drawn]) for part in range(3))
        shown = torch.from_numpy(pictures).to(device).movedim(-1, -3)  # (P, 2, 3, photo_size, photo_size)
        own = torch.from_numpy(points).to(device)
        flat = torch.from_numpy(wanted.reshape(-1, *wanted.shape[2:])).to(device)
        with torch.no_grad():
            made = self._teacher(shown.repeat_interleave(targets, 0), own.repeat_interleave(targets, 0), flat)
        group = TrainingGroup(
            _as_array(shrink(shown[:, 0], self._teacher.size)),
            points[:, 0],
            _as_array(made.images),
            flat.cpu().numpy(),
            np.zeros((len(flat), 16, 16, 3), np.float32),
        )
        return TaughtGroup(group, made.flow)

    def _draw_portrait(
        self, rng: np.random.Generator, targets: int
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """Two pictures (2, photo_size, photo_size, 3) of a portrait, their landmarks, and wanted ones (k, 478, 2)."""
        portrait = self._portraits[int(rng.integers(len(self._portraits)))]
        first, second = rng.permutation(len(portrait.frames))[:2]
        wanted = _moved_landmarks(rng, portrait.landmarks[first], self._drivers, targets)
        look = self._augmentation.draw(rng)
        pictures, points = [], []
        for index in (first, second):
            image, landmarks = look.apply(np.asarray(portrait.frames[index]), portrait.landmarks[index, :, :2])
            size = self._teacher.photo_size
            if size != image.shape[0]:
                image = np.asarray(cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA))
            pictures.append(look.colour(image))
            points.append(landmarks)
        moved = [look.apply_to_points(each) for each in wanted]
        if look.flipped:
            points, moved = ([each[self._mirror] for each in group] for group in (points, moved))
        return np.stack(pictures), np.stack(points).astype(np.float32), np.stack(moved).astype(np.float32)


def _as_array(pictures: torch.Tensor) -> NDArray[np.float32]:
    """(N, 3, H, H) on any device to (N, H, H, 3)."""
    return np.ascontiguousarray(pictures.movedim(1, -1).cpu().numpy())


def _moved_landmarks(
    rng: np.random.Generator, portrait: NDArray[np.float32], drivers: Sequence[FaceSequence], count: int
) -> list[NDArray[np.float32]]:
    """`count` times (478, 2): a portrait's landmarks (478, 3), moved as a driver's head moves (relative transfer)."""
    driver = drivers[int(rng.integers(len(drivers)))]
    chosen = rng.integers(len(driver.landmarks), size=count + 1)
    square = SquareCrop(0.0, 0.0, 1.0)
    retargeter = Retargeter(portrait, square, _MOTION)
    retargeter.start(driver.landmarks[chosen[0]], (1, 1))
    return [retargeter.step(driver.landmarks[frame], 0.0)[:, :2] for frame in chosen[1:]]
