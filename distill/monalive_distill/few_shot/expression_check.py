"""When to stop fine-tuning: whether the pictures still follow the drawing.

Too many steps on few photos teach the generator to paint those photos whatever the drawing says; the loss on the photos
themselves cannot show it, it only falls. What T photos allow to measure:

- From four photos on, one in five is held out: never trained on, drawn from its landmarks, compared with the truth.
- With fewer, all are trained on, and each is turned or given another expression by geometry: small changes, which
  geometry draws well. A generator that forgets the drawing moves away from these pictures. The moved photo that a
  generator with that input sees here comes from another photo, or from the mirrored one, so that it is not the answer.

The tuned state with the least distance is the one that is kept.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

from monalive_distill.few_shot.changed_poses import CHECKED_CHANGES, change_pose
from monalive_distill.few_shot.person_photos import PersonPhotos
from monalive_distill.few_shot.photo_mover import shrink
from monalive_distill.few_shot.pose_input import nearest_photo
from monalive_distill.metrics.lpips import LPIPS

HOLD_OUT_FROM = 4
_HELD_OUT_SHARE = 5


def hold_out(count: int) -> list[int]:
    """Which of so many photos are held out, evenly spread; none of a few."""
    held = count // _HELD_OUT_SHARE or 1 if count >= HOLD_OUT_FROM else 0
    return [(2 * i + 1) * count // (2 * held) for i in range(held)]


class ExpressionCheck:
    """A fixed set of pictures to draw, each with the photo that may be moved for it.

    Args:
        photos: all of the person's, at least one.
        perceptual: measures the distance.
        size: side of the pictures that are drawn; the photos' is a multiple of it.

    Attributes:
        kept: the photos to train on.
        held_out: how many are not among them.
    """

    def __init__(self, photos: PersonPhotos, perceptual: LPIPS, size: int) -> None:
        count = len(photos.images)
        self._perceptual = perceptual
        held = hold_out(count)
        self.held_out = len(held)
        if held:
            self.kept = photos.pick([i for i in range(count) if i not in held])
            self._true = photos.pick(held)
            chosen = nearest_photo(self._true.landmarks[..., :2], self.kept.landmarks[..., :2])
            self._sources = self.kept.pick(chosen.tolist())
        else:
            self.kept = photos
            changed = [change_pose(photos, change) for change in CHECKED_CHANGES]
            self._true = PersonPhotos(*(torch.cat(parts) for parts in zip(*changed, strict=True)))
            others = photos.pick([*range(1, count), 0]) if count > 1 else photos.mirrored()
            self._sources = others.pick(list(range(count)) * len(CHECKED_CHANGES))
        with torch.no_grad():
            self._wanted = perceptual.features(shrink(self._true.images, size) * 2 - 1)

    @torch.no_grad()
    def distance(self, draw_person: Callable[[PersonPhotos, torch.Tensor], torch.Tensor]) -> float:
        """The mean LPIPS of what `draw_person` makes of sources (N photos) and landmarks (N, 478, 2)."""
        made = draw_person(self._sources, self._true.landmarks[..., :2])
        return float(self._perceptual.distance(self._perceptual.features(made * 2 - 1), self._wanted).mean())
