"""What is compared in the evaluation of the few-shot model: each row makes the test frames of a clip from T photos."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from monalive.animator import PhotoAnimator, PhotoAnimatorOptions
from monalive.faces.tracker import TrackerNetworks
from monalive.motions.motion import Motion
from monalive.retargeting.retarget import RetargetOptions
from monalive_distill.evaluation.clips import Clip
from monalive_distill.few_shot.checkpoint import load_discriminator, load_few_shot_model, read_loss_weights
from monalive_distill.few_shot.fine_tuning_settings import FineTuning
from monalive_distill.few_shot.finetune import finetune_person
from monalive_distill.few_shot.person import FewShotPerson
from monalive_distill.few_shot.person_photos import PersonPhotos
from monalive_distill.few_shot.photo_mover import measure_surroundings

Image = NDArray[np.uint8]
# After this time the photo that fits a frame has been faded in.
_SETTLED_MS = 4000.0
_AT_ONCE = 4
LIGHTWEIGHT = "lightweight"
# Whose networks find the faces of clips and of photos alike, whatever method makes the frames.
CLIP_TRACKER: TrackerNetworks = "mediapipe"
BACKGROUND_FLOW = " + background flow"


@dataclass(frozen=True)
class FewShotSplit:
    """A clip cut in two: photos of a person, and frames to be made that nobody learned from.

    As in the paper the test frames are a part of their own of the same video (4, "self-reenactment"): the photos are
    spread over the first two thirds of the frames read, the tests are the last quarter.

    Attributes:
        clip: its first frame is the first photo.
        photos, tests: frames of `clip`.
    """

    clip: Clip
    photos: tuple[int, ...]
    tests: tuple[int, ...]

    def choose(self, count: int) -> list[int]:
        """T of the photos, evenly spread; fewer belong to more (where they divide), and the first to all."""
        count = min(count, len(self.photos))
        return [self.photos[len(self.photos) * i // count] for i in range(count)]


def split_clip(clip: Clip) -> FewShotSplit:
    """Cuts a clip in two.

    Raises:
        ValueError: it has fewer than four frames.
    """
    count = len(clip.images)
    if count < 4:
        raise ValueError("it has too few frames with a face for photos and tests")
    return FewShotSplit(clip, tuple(range(count * 2 // 3)), tuple(range(count - count // 4, count)))


class Row:
    """Makes the test frames of a clip, by landmarks alone and, where it can, with the background flow too."""

    name: str

    def __call__(self, split: FewShotSplit, count: int) -> Mapping[str, list[Image]]:
        """Pictures (H, H, 3) of `split.tests` from `count` photos, by name of what they are."""
        raise NotImplementedError


class LightweightRow(Row):
    """The product itself, through its public API: enrolment of T photos, retargeting (absolute), paste-back."""

    def __init__(self, size: int, bundle: Path | None = None) -> None:
        self.name = LIGHTWEIGHT
        self._size = size
        retarget = RetargetOptions(absolute=True, smooth=False)
        # The tracker that found the clips' landmarks: another one's differ a little, and absolute transfer shows it.
        options = PhotoAnimatorOptions(bundle_path=bundle, num_threads=1, retarget=retarget, tracker=CLIP_TRACKER)
        self._animator = PhotoAnimator.create_from_options(options)
        self.bundle = self._animator.bundle

    def __call__(self, split: FewShotSplit, count: int) -> Mapping[str, list[Image]]:
        clip = split.clip
        portrait = self._animator.enroll([clip.images[i] for i in split.choose(count)])
        made: dict[str, list[Image]] = {}
        for suffix, seen in (("", False), (BACKGROUND_FLOW, True)):
            motions = [_settled(clip.motion(), test, seen) for test in split.tests]
            last = [list(self._animator.play(portrait, motion))[-1].image for motion in motions]
            made[f"{self.name} T={count}{suffix}"] = [fit(image, self._size) for image in last]
        return made

    def close(self) -> None:
        """Lets go of the networks."""
        self._animator.close()


class FewShotRow(Row):
    """A few-shot model, as it is (FF) or fine-tuned (FT).

    Args:
        base: `state.safetensors` of a run of `train_few_shot`.
        settings: of the fine-tuning.
        lightweight: as for `load_few_shot_model`.
        device: "cpu" or "cuda".
    """

    def __init__(self, base: Path, settings: FineTuning, lightweight: Path | None = None, device: str = "cpu") -> None:
        self._load: Callable[[], tuple] = lambda: (
            load_few_shot_model(base, lightweight=lightweight),
            load_discriminator(base),
        )
        self._losses = read_loss_weights(base)
        self._settings, self._device = settings, device
        model, _ = self._load()
        self.size, self.photo_size = model.size, model.photo_size
        self.name = f"few-shot, {'no moved photo' if model.mover is None else f'photo moved by {model.warped_photo}'}"

    def __call__(self, split: FewShotSplit, count: int) -> Mapping[str, list[Image]]:
        photos = to_photos(split.clip, split.choose(count), self.photo_size)
        wanted = to_photos(split.clip, split.tests, self.photo_size)
        made: dict[str, list[Image]] = {}
        for kind in ("FF", "FT"):
            model, discriminator = self._load()
            if kind == "FF":
                person = FewShotPerson(model, photos).to(self._device)
            else:
                clock = working_clock(self._device)
                person, _ = finetune_person(
                    model, discriminator, photos, self._settings, self._losses, self._device, clock
                )
            name = f"{self.name}, {kind} T={count}"
            made[name] = _draw(person.eval(), wanted, seen=False)
            if person.mover is not None and person.mover.sees_surroundings:
                made[name + BACKGROUND_FLOW] = _draw(person, wanted, seen=True)
        return made


def working_clock(device: str) -> Callable[[], float]:
    """Seconds of work. On a CPU its own time counts: other processes must not make the result another one."""
    return time.process_time if device == "cpu" else time.monotonic


def to_photos(clip: Clip, frames: Sequence[int], size: int) -> PersonPhotos:
    """Frames of a clip as photos of a person, whole."""
    images = np.stack([fit(clip.images[i], size) for i in frames])
    pictures = torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255
    points = clip.landmarks[list(frames)] / np.float32(clip.images[0].shape[0])
    return PersonPhotos(pictures, torch.from_numpy(points))


def fit(image: Image, size: int) -> Image:
    """A square picture at another size."""
    if image.shape[0] == size:
        return image
    return np.asarray(cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA), np.uint8)


@torch.no_grad()
def _draw(person: FewShotPerson, wanted: PersonPhotos, *, seen: bool) -> list[Image]:
    """Pictures of the wanted frames' landmarks; their pixels serve to measure the background flow alone."""
    made = []
    for images, landmarks in zip(wanted.images.split(_AT_ONCE), wanted.landmarks.split(_AT_ONCE), strict=True):
        points = landmarks[..., :2].to(person.adain.device)
        sources = person.nearest(points)
        around = measure_surroundings(sources.images, sources.landmarks, images, landmarks) if seen else None
        made.append(person(sources, points, around))
    pictures = (torch.cat(made).clamp(0, 1) * 255).round().to(torch.uint8)
    return list(pictures.permute(0, 2, 3, 1).cpu().numpy())


def _settled(motion: Motion, frame: int, seen: bool) -> Motion:
    """The first frame and, long after it, another one."""
    frames = [0, frame]
    surroundings = motion.surroundings[frames] if seen and motion.surroundings is not None else None
    times = np.array([0, _SETTLED_MS])
    return replace(motion, landmarks=motion.landmarks[frames], timestamps_ms=times, surroundings=surroundings)
