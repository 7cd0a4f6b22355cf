"""Photos of two people are told apart; photos of one, however they were taken, are not."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import cv2
import numpy as np
import pytest

from monalive import PhotoAnimator, PhotoAnimatorOptions, RuntimeOptions, load_image
from monalive.faces.head_pose import angles_rotation
from monalive.faces.likeness import likeness_features, load_likeness
from monalive.faces.tracker import FaceTracker
from monalive.packaged_assets import sample_portrait_paths

ONE, OTHER = sample_portrait_paths()


@pytest.fixture(scope="module")
def tracker() -> Iterator[FaceTracker]:
    with FaceTracker() as made:
        yield made


def features_of(tracker: FaceTracker, image: np.ndarray) -> Any:
    features = likeness_features(image, tracker.detect(image)[0].landmarks)
    assert features is not None
    return features


def test_two_people(tracker: FaceTracker) -> None:
    assert load_likeness().may_differ(features_of(tracker, load_image(ONE)), features_of(tracker, load_image(OTHER)))


@pytest.mark.parametrize(
    "taken",
    [
        lambda image: image,
        lambda image: (image * 0.6).astype(np.uint8),
        lambda image: np.clip(image * [1.1, 1.0, 0.8], 0, 255).astype(np.uint8),
        lambda image: cv2.resize(image, (300, 300), interpolation=cv2.INTER_AREA),
        lambda image: np.ascontiguousarray(image[20:700, 60:740]),
        lambda image: cv2.warpAffine(image, cv2.getRotationMatrix2D((384, 384), 12, 0.9), (768, 768)),
        lambda image: np.repeat(image.mean(-1, keepdims=True), 3, -1).astype(np.uint8),
    ],
)
@pytest.mark.parametrize("path", [ONE, OTHER])
def test_one_person(tracker: FaceTracker, path: Any, taken: Callable[[np.ndarray], np.ndarray]) -> None:
    image = load_image(path)
    model = load_likeness()
    difference = model.difference(features_of(tracker, image), features_of(tracker, taken(image)))
    assert difference < 0.6 * model.limit


def test_a_face_turned_aside_is_not_compared(tracker: FaceTracker) -> None:
    image = load_image(ONE)
    landmarks = tracker.detect(image)[0].landmarks
    assert likeness_features(image, landmarks) is not None
    middle = landmarks.mean(0)
    for yaw, pitch in ((35, 0), (0, -30)):
        turned = (landmarks - middle) @ angles_rotation(yaw, pitch, 0).T + middle
        assert likeness_features(image, turned.astype(np.float32)) is None


def test_enrolling_two_people_warns(caplog: pytest.LogCaptureFixture) -> None:
    photos: list[Any] = [load_image(ONE), ONE, OTHER]
    with PhotoAnimator.create_from_options(PhotoAnimatorOptions(runtime=RuntimeOptions(num_threads=1))) as animator:
        with caplog.at_level(logging.WARNING):
            animator.enroll(photos[:2], consent="artwork")
            animator.enroll(ONE, consent="artwork")
        assert not caplog.messages
        with caplog.at_level(logging.WARNING):
            assert len(animator.enroll(photos, consent="artwork").enrolled) == 3
    assert caplog.messages == [f"these photos may show different people: photo 1 and {OTHER}; use photos of one person"]
