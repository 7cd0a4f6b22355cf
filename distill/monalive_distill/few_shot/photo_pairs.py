"""Pairs of pictures to learn a person from: a photo to move, and what it should become."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from monalive_distill.data.augmentation import Augmentation
from monalive_distill.few_shot.changed_poses import change_pose, draw_change
from monalive_distill.few_shot.person_photos import PersonPhotos


def draw_pairs(
    rng: np.random.Generator, photos: PersonPhotos, count: int, augmentation: Augmentation, others: float = 0.5
) -> tuple[PersonPhotos, PersonPhotos]:
    """`count` photos to move, and the photos to make of them.

    A photo moved onto itself would be the answer. So another one is moved; or the photo itself after geometry has given
    it another pose, which leaves the traces that moving leaves; or, now and then, the mirrored photo.

    Args:
        rng: draws all of it.
        photos: of the person.
        count: how many pairs.
        augmentation: of the photos to be made.
        others: how often another photo is moved, where there is one.
    """
    available = len(photos.images)
    sources, targets = [], []
    for index in rng.choice(available, count, replace=count > available):
        photo, chance = photos.pick([int(index)]), rng.random()
        if available > 1 and rng.random() < others:
            source = photos.pick([int(rng.choice(np.delete(np.arange(available), index)))])
        elif chance < 0.7:
            source = change_pose(photo, draw_change(rng))
        else:
            source = photo.mirrored()
        sources.append(source)
        targets.append(_look_at(rng, photo, augmentation))
    return _together(sources), _together(targets)


def _look_at(rng: np.random.Generator, photo: PersonPhotos, augmentation: Augmentation) -> PersonPhotos:
    """A photo (1, ...) turned in the picture, zoomed and shifted at random."""
    look = augmentation.draw(rng)
    pixels = (photo.images[0].permute(1, 2, 0).cpu().numpy() * 255).round().astype(np.uint8)
    image, points = look.apply(pixels, photo.landmarks[0, :, :2].cpu().numpy())
    landmarks = photo.landmarks.clone()
    landmarks[0, :, :2] = torch.from_numpy(points).to(landmarks)
    moved = torch.from_numpy(image.astype(np.float32) / 255).to(photo.images).permute(2, 0, 1)
    return PersonPhotos(moved[None], landmarks)


def _together(photos: Sequence[PersonPhotos]) -> PersonPhotos:
    return PersonPhotos(torch.cat([p.images for p in photos]), torch.cat([p.landmarks for p in photos]))
