"""What moves a photo in an evaluation: the product through its public API, and its geometry prior alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from monalive.animator import PhotoAnimator
from monalive.bundle import Bundle
from monalive.closing import ClosesAtEnd
from monalive.faces.crop import portrait_crop
from monalive.faces.tracker_factory import FaceTrackerFactory
from monalive.motions.motion import Motion
from monalive.networks.runtimes import RuntimeOptions
from monalive.options import PhotoAnimatorOptions
from monalive.player.paste_back import paste_back
from monalive.retargeting.retarget import Retargeter, RetargetOptions
from monalive_distill.evaluation.moved_photo import Image, Landmarks, MovedPhoto, ReenactmentMethod
from monalive_distill.generator.geometry_prior import geometry_prior


class BundleMethod(ClosesAtEnd):
    """A bundle as users run it: enrolment, retargeting, network and paste-back, nothing smoothed. A context
    manager.

    Args:
        bundle_path: the bundle, or None for the one that ships with the package.
        num_threads: CPU threads of the networks.
        trackers: what finds the photo's face; None for the bundle's own tracker.

    Raises:
        FileNotFoundError, ValueError: the bundle is missing or cannot be used.
    """

    def __init__(
        self,
        bundle_path: str | Path | None = None,
        *,
        num_threads: int = 1,
        trackers: FaceTrackerFactory | None = None,
    ) -> None:
        self._animators = {
            absolute: PhotoAnimator.create_from_options(
                PhotoAnimatorOptions(
                    bundle_path=bundle_path,
                    runtime=RuntimeOptions(num_threads=num_threads),
                    retarget=RetargetOptions(absolute=absolute, smooth=False),
                    trackers=trackers,
                )
            )
            for absolute in (True, False)
        }

    @property
    def bundle(self) -> Bundle:
        """What is measured."""
        return self._animators[True].bundle

    def __call__(
        self, photo: Image, photo_landmarks: Landmarks, driver: Motion, *, absolute: bool
    ) -> Iterator[MovedPhoto]:
        """See `ReenactmentMethod`. The photo is enrolled, and so tracked anew: `photo_landmarks`
        are not used.
        """
        animator = self._animators[absolute]
        for frame in animator.play(animator.enroll(photo), driver):
            yield MovedPhoto(frame.image, frame.crop.to_pixels(frame.landmarks))

    def close(self) -> None:
        """Lets go of the networks."""
        for animator in self._animators.values():
            animator.close()


def without_surroundings(method: ReenactmentMethod) -> ReenactmentMethod:
    """The same method driven by landmarks alone, as where nobody measured the driver's background flow."""

    def by_landmarks(
        photo: Image, photo_landmarks: Landmarks, driver: Motion, *, absolute: bool
    ) -> Iterable[MovedPhoto]:
        return method(photo, photo_landmarks, replace(driver, surroundings=None), absolute=absolute)

    return by_landmarks


def geometry_prior_method(
    photo: Image, photo_landmarks: Landmarks, driver: Motion, *, absolute: bool
) -> Iterator[MovedPhoto]:
    """The baseline before any learning: the photo's own pixels, moved by `geometry_prior`."""
    height, width = photo.shape[:2]
    crop = portrait_crop(photo_landmarks, width, height)
    options = RetargetOptions(absolute=absolute, smooth=False)
    retargeter = Retargeter(photo_landmarks, crop, options)
    retargeter.start(driver.landmarks[0], driver.image_size)
    source = torch.from_numpy(crop.to_unit(photo_landmarks)[None, :, :2])
    nothing_painted = np.zeros((256, 256, 3), np.float32)
    all_photo = np.ones((256, 256), np.float32)
    for timestamp, points in driver:
        asked = retargeter.step(points, timestamp)
        target = torch.from_numpy(asked[None, :, :2])
        flow = geometry_prior(source, target).face_flow[0].permute(1, 2, 0).contiguous().numpy()
        yield MovedPhoto(paste_back(photo, crop, flow, all_photo, nothing_painted), crop.to_pixels(asked))
