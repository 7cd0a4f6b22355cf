"""Distillation: the full-size model's pictures of portraits that have no video, moved as somebody's video moves.

Real frames teach the lightweight generator most, but only the people of the clips; a teacher can move any portrait.
It also sees more than its pupil: of a person's photos it moves the one nearest to each wanted pose, so where the
pupil's photo has a shut mouth and another one shows teeth, it shows those.
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
from monalive.retargeting.retarget_networks import RetargetNetworks
from monalive_distill.data.augmentation import Augmentation
from monalive_distill.data.training_pairs import FaceSequence, TrainingGroup
from monalive_distill.few_shot.model import FewShotModel, render
from monalive_distill.few_shot.pose_input import nearest_photo
from monalive_distill.generator.motion_net import MOTION_SIZE

VIDEO_KIND = "clip"
_PHOTOS = 4  # that the teacher has of a person; where there are fewer, some stand twice
# Poses drawn per pose taught: those come first for which the teacher has a better photo than its pupil.
_CANDIDATES = 4
# A blink or a turn of somebody else's head, no more: where the teacher fails, it must not be believed.
_MOTION = RetargetOptions(smooth=False)


class TaughtGroup(NamedTuple):
    """A training group whose targets the teacher made, and how it moved photos to them."""

    group: TrainingGroup
    flow: torch.Tensor | None  # (P * k, 2, n, n) source minus target, units of the side; None: the teacher moves none
    same_photo: torch.Tensor  # (P * k,) bool: whether the teacher moved the photo that its pupil has

    def flow_distance(self, flow: torch.Tensor) -> torch.Tensor | None:
        """Mean distance to the pupil's flow (P * k, 2, n, n), where both moved the same photo."""
        if self.flow is None:
            return None
        return ((flow - self.flow).abs().mean((1, 2, 3)) * self.same_photo).mean()


class TeacherFrames:
    """Draws groups of portraits, drivers and the teacher's pictures; the same seed and step give the same group.

    Args:
        teacher: the full-size model, in `eval`; the pictures are as large as the photos it takes.
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
        side = teacher.photo_size
        if side < MOTION_SIZE:
            raise ValueError(f"the teacher's pictures are {side} pixels wide; {MOTION_SIZE} are the least")
        self._teacher = teacher
        self._retargeting = RetargetNetworks()
        self._augmentation = augmentation
        self._seed = seed
        self._mirror = load_expressions().mirror

    def draw(self, step: int, photos: int, targets: int, device: str) -> TaughtGroup:
        """`photos` portraits and the teacher's pictures of `targets` poses of each."""
        rng = np.random.default_rng((self._seed, step, 1))
        drawn = [self._draw_portrait(rng, targets) for _ in range(photos)]
        pictures, points, wanted, nearest = (
            torch.from_numpy(np.stack(parts)).to(device) for parts in zip(*drawn, strict=True)
        )
        shown = pictures.movedim(-1, -3)  # (P, K, 3, photo_size, photo_size)
        flat = wanted.flatten(0, 1)
        person = torch.arange(photos, device=device)[:, None]
        teacher = self._teacher
        with torch.no_grad():
            adain = teacher.projection(teacher.embed(shown, points)).repeat_interleave(targets, 0)
            sources, source_points = (x[person, nearest].flatten(0, 1) for x in (shown, points))
            made = render(teacher.generator, teacher.mover, teacher.size, sources, source_points, flat, adain)
        group = TrainingGroup(
            pictures[:, 0].cpu().numpy(),
            points[:, 0].cpu().numpy(),
            np.ascontiguousarray(made.at_photo_size().movedim(1, -1).cpu().numpy()),
            flat.cpu().numpy(),
            np.zeros((len(flat), 16, 16, 3), np.float32),
        )
        return TaughtGroup(group, made.flow, nearest.flatten() == 0)

    def _draw_portrait(
        self, rng: np.random.Generator, targets: int
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32], NDArray[np.int64]]:
        """K pictures (K, photo_size, photo_size, 3) of a portrait, their landmarks (K, 478, 2), wanted ones
        (targets, 478, 2), and which of the K is nearest to each of these."""
        portrait = self._portraits[int(rng.integers(len(self._portraits)))]
        chosen = np.resize(rng.permutation(len(portrait.frames)), _PHOTOS)
        wanted = self._moved_landmarks(rng, portrait.landmarks[chosen[0]], targets * _CANDIDATES)
        own = torch.from_numpy(portrait.landmarks[chosen, :, :2])
        nearest = nearest_photo(torch.from_numpy(np.stack(wanted)), own).numpy()
        taught = np.argsort(nearest == 0, kind="stable")[:targets]
        look = self._augmentation.draw(rng)
        pictures, points = [], []
        for index in chosen:
            image, landmarks = look.apply(np.asarray(portrait.frames[index]), portrait.landmarks[index, :, :2])
            size = self._teacher.photo_size
            if size != image.shape[0]:
                image = np.asarray(cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA))
            pictures.append(look.colour(image))
            points.append(landmarks)
        moved = [look.apply_to_points(wanted[index]) for index in taught]
        if look.flipped:
            points, moved = ([each[self._mirror] for each in group] for group in (points, moved))
        own_points, wanted_points = (np.stack(each).astype(np.float32) for each in (points, moved))
        return np.stack(pictures), own_points, wanted_points, nearest[taught]

    def _moved_landmarks(
        self, rng: np.random.Generator, portrait: NDArray[np.float32], count: int
    ) -> list[NDArray[np.float32]]:
        """`count` times (478, 2): a portrait's landmarks (478, 3), moved relatively, as some driver's head moves."""
        driver = self._drivers[int(rng.integers(len(self._drivers)))]
        chosen = rng.integers(len(driver.landmarks), size=count + 1)
        retargeter = Retargeter(portrait, SquareCrop(0.0, 0.0, 1.0), _MOTION, networks=self._retargeting)
        retargeter.start(driver.landmarks[chosen[0]], (1, 1))
        return [retargeter.step(driver.landmarks[frame], 0.0)[:, :2] for frame in chosen[1:]]
