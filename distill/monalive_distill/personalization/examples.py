"""What a person's refinement network learns from: pairs of their photos, moved once, painted again and again.

Motion and appearance stay everybody's, so all that comes before the refinement is computed once per pair. A step is
then many times quicker than one through the whole generator, and sees a part of the picture at full resolution.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import permutations
from typing import NamedTuple

import numpy as np
import torch

from monalive.faces.landmarks import FACE_OVAL
from monalive.player.photo_alignment import aligned, is_same_view
from monalive.player.several_photos import face_mask
from monalive.portrait import PhotoOfPerson
from monalive_distill.few_shot.changed_poses import CHECKED_CHANGES, change_pose, draw_change
from monalive_distill.few_shot.expression_check import hold_out
from monalive_distill.few_shot.person_photos import PersonPhotos
from monalive_distill.few_shot.photo_mover import LIGHTWEIGHT_SIZE, measure_surroundings, no_surroundings
from monalive_distill.generator.appearance_encoder import AppearanceFeatures
from monalive_distill.generator.lightweight_generator import LightweightGenerator, Movement
from monalive_distill.generator.warp import warp

# Pairs of 32 photos would fill the memory: about 3 MB each.
_MOST_PAIRS = 90
# With fewer pairs of photos, photos moved by geometry are added up to this many.
_LEAST_PAIRS = 24
_SOURCES_EACH = 3
_MIRRORED = 0.2
_GRID = 16  # pixels: a crop begins on it at all the network's resolutions


class Pair(NamedTuple):
    """A photo to move, and what it should become: two `PersonPhotos` of one picture."""

    source: PersonPhotos
    target: PersonPhotos
    same_view: bool  # False: only the face of the target is the truth


class Example(NamedTuple):
    """A pair, moved, or a square part of it of n pixels."""

    warped: torch.Tensor  # (N, 3, n, n): what is painted on
    movement: Movement  # with the photo's features; its flow stays that of the whole picture
    image: torch.Tensor  # (N, 3, n, n) in [0, 1]: what should come out
    landmarks: torch.Tensor  # (N, 478, 2) of `image`, in units of n


def person_pairs(photos: Sequence[PhotoOfPerson], rng: np.random.Generator) -> tuple[list[Pair], list[Pair], int]:
    """Pairs to learn from, pairs to check by, and how many photos are held out for these.

    From four photos on one in five is held out and made from some of the others. With fewer the checks are photos that
    geometry gave another pose, made from another photo or the mirrored one.

    Args:
        photos: of the person, at least one.
        rng: draws those that there are too many of, and the changes of pose.
    """
    held = hold_out(len(photos))
    kept = [photo for index, photo in enumerate(photos) if index not in held]
    several = list(permutations(kept, 2))
    if len(several) > _MOST_PAIRS:
        several = [several[i] for i in rng.choice(len(several), _MOST_PAIRS, replace=False)]
    learned = [_pair(source, target) for source, target in several]
    if len(learned) < _LEAST_PAIRS:
        each = [_pair(photo, photo).source for photo in kept]
        learned += [_changed(each[i % len(each)], rng) for i in range(_LEAST_PAIRS - len(learned))]
    if held:
        spread = np.linspace(0, len(kept) - 1, _SOURCES_EACH).round().astype(int)
        checks = [_pair(kept[source], photos[target]) for target in held for source in spread]
    else:
        checks = list(_checked_changes(kept))
    return learned, checks, len(held)


@torch.no_grad()
def prepare(generator: LightweightGenerator, pair: Pair, *, surroundings: bool, device: str | torch.device) -> Example:
    """Moves a pair's photo by the generator as it is now.

    Where only the target's face is the truth, around it what the generator paints now is what it should go on painting.

    Args:
        generator: with everybody's weights.
        pair: photos of the generator's size.
        surroundings: measure how what is around the face moved, where that can be.
        device: where the example is kept.
    """
    source, target = pair.source.to(device), pair.target.to(device)
    before, after = source.landmarks[..., :2], target.landmarks[..., :2]
    measured = surroundings and pair.same_view
    around = measure_surroundings(*source, *target) if measured else no_surroundings(1, source.images.device)
    movement = generator.move(before, generator.enroll(source.images, before), after, around)
    warped = warp(source.images, movement.flow)
    image = target.images
    if not pair.same_view:
        mask = torch.from_numpy(face_mask(after[0].cpu().numpy())).to(image)
        now = generator.paint(warped, movement).image
        image = now + (image - now) * mask
    half = generator.autocast_dtype or torch.float32  # in which the network reads them anyhow
    features = AppearanceFeatures(*(part.to(half) for part in movement.appearance))
    return Example(warped, movement._replace(appearance=features), image, after)


def draw_part(rng: np.random.Generator, example: Example, side: int, *, face: bool) -> Example:
    """A square part of an example.

    Args:
        rng: draws where.
        example: of one picture.
        side: in pixels, a multiple of 16.
        face: about the middle of the face; otherwise anywhere.
    """
    size = example.image.shape[-1]
    free = (size - side) // _GRID
    if face:
        centre = example.landmarks[0].mean(0).cpu().numpy() * size + rng.normal(0, _GRID / 2, 2)
        x, y = ((centre - side / 2) / _GRID).round().clip(0, free).astype(int) * _GRID
    else:
        x, y = rng.integers(0, free + 1, 2) * _GRID

    def cut(plane: torch.Tensor) -> torch.Tensor:
        step = size // plane.shape[-1]
        return plane[..., y // step : (y + side) // step, x // step : (x + side) // step]

    flow, (half, quarter, eighth, style), drawing = example.movement
    features = AppearanceFeatures(cut(half), cut(quarter), cut(eighth), style)
    corner = example.landmarks.new_tensor([x, y])
    return Example(
        cut(example.warped),
        Movement(flow, features, cut(drawing)),
        cut(example.image),
        (example.landmarks * size - corner) / side,
    )


def together(examples: Sequence[Example]) -> Example:
    """Lessons of one size as a batch."""
    flows, features, drawings = zip(*(example.movement for example in examples), strict=True)
    joined = AppearanceFeatures(*map(torch.cat, zip(*features, strict=True)))
    warped, _, images, landmarks = zip(*examples, strict=True)
    movement = Movement(torch.cat(flows), joined, torch.cat(drawings))
    return Example(torch.cat(warped), movement, torch.cat(images), torch.cat(landmarks))


def face_side(examples: Sequence[Example]) -> int:
    """Side in pixels of a part that holds any of the faces, a multiple of 32, at most the whole picture."""
    ovals = torch.cat([example.landmarks[:, list(FACE_OVAL)] for example in examples])
    size = examples[0].image.shape[-1]
    largest = float((ovals.amax(1) - ovals.amin(1)).max()) * size
    return int(min(size, max(size // 2, 32 * np.ceil(largest * 1.1 / 32))))


def _pair(source: PhotoOfPerson, target: PhotoOfPerson) -> Pair:
    laid = target if target is source else aligned(target, source)
    return Pair(_cropped(source), _cropped(laid), is_same_view(laid, source))


def _cropped(photo: PhotoOfPerson) -> PersonPhotos:
    picture = photo.crop.extract(photo.image, LIGHTWEIGHT_SIZE).astype(np.float32) / 255
    images = torch.from_numpy(picture).permute(2, 0, 1)[None].contiguous()
    return PersonPhotos(images, torch.from_numpy(photo.crop.to_unit(photo.landmarks))[None])


def _changed(photo: PersonPhotos, rng: np.random.Generator) -> Pair:
    """A photo to be made of itself after geometry gave it another pose, or of the mirrored one."""
    source = photo.mirrored() if rng.random() < _MIRRORED else change_pose(photo, draw_change(rng))
    return Pair(source, photo, True)


def _checked_changes(photos: Sequence[PhotoOfPerson]) -> Iterator[Pair]:
    for index, photo in enumerate(photos):
        if len(photos) > 1:
            source, target, same_view = _pair(photos[index - 1], photo)
        else:
            target, same_view = _cropped(photo), True
            source = target.mirrored()
        for change in CHECKED_CHANGES:
            yield Pair(source, change_pose(target, change), same_view)
