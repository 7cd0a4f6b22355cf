"""A PhotoAnimator that needs no models, for tests of what goes on around it.

Its frames are the photo with a patch in the driver's mean colour in the corner. A driver darker than 10 shows
no face.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from monalive.faces.crop import SquareCrop
from monalive.media.image_io import load_image
from monalive.trust.consent import Consent

PATCH = 16


@dataclass(frozen=True)
class FakePortrait:
    photo: np.ndarray
    consent: Consent | None = None

    @property
    def crop(self) -> SquareCrop:
        """The upper left corner, where the patch is."""
        return SquareCrop(0.0, 0.0, float(PATCH))


class FakeBundle:
    about: ClassVar = {"name": "fake", "version": "0", "sha256": "0" * 64}


@dataclass(frozen=True)
class FakeFrame:
    image: np.ndarray
    crop_image: np.ndarray
    timestamp_ms: float = 0.0
    driver_found: bool = True
    cut: bool = False
    rgba: np.ndarray | None = None


@dataclass(frozen=True)
class FakeMotion:
    """The fields of Motion, with few landmarks."""

    landmarks: np.ndarray
    timestamps_ms: np.ndarray
    image_size: tuple[int, int] = (64, 64)
    fps: float = 25.0
    name: str = "fake"
    loop: bool = True
    surroundings: np.ndarray | None = None
    takes: tuple[Any, ...] = ()
    cuts_ms: tuple[float, ...] = ()
    speech: bool = False

    @property
    def duration_ms(self) -> float:
        """To the end of the last frame."""
        return float(self.timestamps_ms[-1]) + 1000.0 / self.fps


def fake_motion(count: int = 5, fps: float = 25.0, loop: bool = True) -> Any:
    landmarks = np.arange(count, dtype=np.float32)[:, None, None] * np.ones((1, 3, 3), np.float32)
    return FakeMotion(landmarks, np.arange(count) * 1000.0 / fps, fps=fps, loop=loop)


class FakeAnimator:
    """Counts the frames it made; `closed` tells whether it was let go of."""

    def __init__(self, *options: Any, **faces: Any) -> None:
        self.options = options
        self.faces = faces
        self.chosen_from = 0
        self.animated = 0
        self.closed = False
        self.reference: Any = None
        self.reanchored = 0
        self.bundle = FakeBundle()

    def __enter__(self) -> FakeAnimator:
        return self

    def __exit__(self, *error: object) -> None:
        self.closed = True

    def choose_driver(self, frames: Iterable[Any]) -> None:
        """Takes the first frame."""
        self.chosen_from += sum(1 for _ in itertools.islice(frames, 1))

    def enroll(self, photos: Sequence[Path], face: str | int = "largest", consent: Any = None) -> FakePortrait:
        if isinstance(face, int) and face > 0:
            raise ValueError(f"face {face} was asked for, but the picture shows only one face")
        return FakePortrait(next(load_image(photo) for photo in photos), consent)

    def enroll_all(self, photo: Path, consent: Any = None) -> list[FakePortrait]:
        return [FakePortrait(load_image(photo), consent)] * 2

    def animate(self, portrait: object, driver: np.ndarray) -> FakeFrame:
        return self.animate_for_video(portrait, driver, 0.0)

    def animate_for_video(self, portrait: Any, frame: np.ndarray, timestamp_ms: float) -> FakeFrame:
        self.animated += 1
        photo = portrait[0].photo if isinstance(portrait, list) else portrait.photo
        colour = frame.mean(axis=(0, 1)).round().astype(np.uint8)
        image = photo.copy()
        image[:PATCH, :PATCH] = colour
        crop = np.full((256, 256, 3), colour, np.uint8)
        return FakeFrame(image, crop, timestamp_ms, bool(frame.mean() >= 10), self.follows_cut(frame))

    def follows_cut(self, frame: np.ndarray) -> bool:
        """A driver brighter than 230 comes after a cut."""
        return bool(frame.mean() > 230)

    def play_video(
        self, portrait: Any, frames: Iterable[tuple[float, np.ndarray]], reference: Any, *, in_stages: bool = False
    ) -> Iterator[FakeFrame]:
        self.reference = reference
        made: FakeFrame | None = None
        shown: np.ndarray | None = None
        for time, frame in frames:
            made = self.animate_for_video(portrait, frame, time) if made is None or frame is not shown else made
            shown = frame
            yield replace(made, timestamp_ms=time)

    def reanchor(self) -> None:
        self.reanchored += 1

    def play_speaking(self, portrait: Any, faces: Any, rest: Any, image_size: Any) -> Iterator[FakeFrame]:
        for time, _ in faces:
            yield self.animate_for_video(portrait, np.full((4, 4, 3), 90, np.uint8), time)

    def play(self, portrait: Any, motion: Any, *, in_stages: bool = False) -> Iterator[FakeFrame]:
        for points, time in zip(motion.landmarks, motion.timestamps_ms, strict=True):
            yield self.animate_for_video(portrait, np.full((4, 4, 3), 20 + points[0, 0] * 10), float(time))
