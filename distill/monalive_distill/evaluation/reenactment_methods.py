"""What moves a photo in an evaluation: the product through its public API, and its geometry prior alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from types import TracebackType

import numpy as np
import torch
from numpy.typing import NDArray

from monalive.animator import PhotoAnimator, PhotoAnimatorOptions
from monalive.bundle import Bundle
from monalive.faces.crop import portrait_crop
from monalive.faces.tracker import TrackerNetworks
from monalive.motions.motion import Motion
from monalive.player.paste_back import paste_back
from monalive.retargeting.retarget import Retargeter, RetargetOptions
from monalive_distill.evaluation.reenactment import Reenactor
from monalive_distill.generator.geometry_prior import geometry_prior

Image = NDArray[np.uint8]
Landmarks = NDArray[np.float32]


class BundleReenactor:
    """A bundle as users run it: enrolment, retargeting, network and paste-back, nothing smoothed. A context
    manager.

    Args:
        bundle_path: the bundle, or None for the one that ships with the package.
        num_threads: CPU threads of the networks.
        tracker: whose networks find the photo's face, see `PhotoAnimatorOptions`.

    Raises:
        FileNotFoundError, ValueError: the bundle is missing or cannot be used.
    """

    def __init__(
        self, bundle_path: str | Path | None = None, *, num_threads: int = 1, tracker: TrackerNetworks = "monalive"
    ) -> None:
        self._animators = {
            absolute: PhotoAnimator.create_from_options(
                PhotoAnimatorOptions(
                    bundle_path=bundle_path,
                    num_threads=num_threads,
                    retarget=RetargetOptions(absolute=absolute, smooth=False),
                    tracker=tracker,
                )
            )
            for absolute in (True, False)
        }

    @property
    def bundle(self) -> Bundle:
        """What is measured."""
        return self._animators[True].bundle

    def __call__(self, photo: Image, photo_landmarks: Landmarks, driver: Motion, *, absolute: bool) -> Iterator[Image]:
        """See `evaluate.Reenactor`. The photo is enrolled, and so tracked anew: its landmarks here are not
        used.
        """
        animator = self._animators[absolute]
        for frame in animator.play(animator.enroll(photo), driver):
            yield frame.image

    def __enter__(self) -> BundleReenactor:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of the networks."""
        for animator in self._animators.values():
            animator.close()


def without_surroundings(reenactor: Reenactor) -> Reenactor:
    """The same reenactor driven by landmarks alone: what becomes of a frame when nobody measured the driver's
    background flow.
    """

    def by_landmarks(photo: Image, photo_landmarks: Landmarks, driver: Motion, *, absolute: bool) -> Iterable[Image]:
        return reenactor(photo, photo_landmarks, replace(driver, surroundings=None), absolute=absolute)

    return by_landmarks


def geometry_prior_reenactor(
    photo: Image, photo_landmarks: Landmarks, driver: Motion, *, absolute: bool
) -> Iterator[Image]:
    """The baseline before any learning: the photo's own pixels, moved by `geometry_prior`. See
    `evaluate.Reenactor`.
    """
    height, width = photo.shape[:2]
    crop = portrait_crop(photo_landmarks, width, height)
    retargeter = Retargeter(photo_landmarks, crop, RetargetOptions(absolute=absolute, smooth=False))
    retargeter.start(driver.landmarks[0], driver.image_size)
    source = torch.from_numpy(crop.to_unit(photo_landmarks)[None, :, :2])
    nothing_painted = np.zeros((256, 256, 3), np.float32)
    all_photo = np.ones((256, 256), np.float32)
    for timestamp, points in driver:
        target = torch.from_numpy(retargeter.step(points, timestamp)[None, :, :2])
        flow = geometry_prior(source, target).face_flow[0].permute(1, 2, 0).contiguous().numpy()
        yield paste_back(photo, crop, flow, all_photo, nothing_painted)
