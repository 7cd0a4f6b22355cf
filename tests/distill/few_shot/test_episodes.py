"""Episodes: reproducible, of one person, the target never among its photos."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from monalive_distill.data.augmentation import Augmentation
from monalive_distill.data.training_pairs import FaceSequence
from monalive_distill.few_shot.episodes import EpisodeSampler

STILL = Augmentation(0.0, 0.0, 0.0, flip=0.0, grey=0.0, colour=0.0, blur=0.0)


def _sequence(person: str, frames: int, first: int, kind: str = "clip") -> FaceSequence:
    """Pictures of one grey each, which tells the frame: `first`, `first` + 1, ..."""
    greys = np.arange(first, first + frames, dtype=np.uint8)
    pictures = np.broadcast_to(greys[:, None, None, None], (frames, 8, 8, 3))
    shifts = np.arange(frames, dtype=np.float32)[:, None, None] / np.float32(100)
    landmarks = np.full((frames, 478, 3), 0.5, np.float32) + shifts
    return FaceSequence(f"{person}_{first}", person, kind, pictures, landmarks)


def _sampler(sequences: list[FaceSequence], photos: int = 3, **options: Any) -> EpisodeSampler:
    kinds = {"clip": 0.5, "stills": 0.5}
    return EpisodeSampler(sequences, STILL, kinds, 5, episodes=4, photos=photos, size=8, **options)


TWO_CLIPS_OF_ANNA = [_sequence("anna", 5, 10), _sequence("anna", 5, 100), _sequence("bert", 2, 200, "stills")]


def _bodies(sampler: EpisodeSampler, steps: int) -> list[tuple[int, int, list[int]]]:
    """(person, target's sequence, photos' sequences), by the hundreds of the grey, which colour changes only a bit."""
    found = []
    for step in range(steps):
        episodes = sampler[step]
        for photos, image, person in zip(episodes.photos, episodes.images, episodes.people, strict=True):
            found.append((int(person), _place(image), [_place(photo) for photo in photos]))
    return found


def _place(picture: np.ndarray) -> int:
    return int(np.argmin(np.abs(np.array([12, 102, 200]) - picture.mean() * 255)))


def test_episodes_have_the_documented_form() -> None:
    episodes = _sampler(TWO_CLIPS_OF_ANNA)[0]
    assert episodes.photos.shape == (4, 3, 8, 8, 3) and episodes.images.shape == (4, 8, 8, 3)
    assert episodes.photo_landmarks.shape == (4, 3, 478, 2) and episodes.landmarks.shape == (4, 478, 2)
    assert episodes.people.shape == (4,) and episodes.people.dtype == np.int64
    assert episodes.surroundings.shape == (4, 16, 16, 3) and not episodes.surroundings.any()
    assert episodes.images.dtype == episodes.photos.dtype == episodes.landmarks.dtype == np.float32


def test_photos_may_be_larger_and_their_surroundings_measured() -> None:
    rng = np.random.default_rng(0)
    noise = np.asarray(cv2.GaussianBlur(rng.integers(0, 255, (64, 64, 3), np.uint8), (0, 0), 2), np.uint8)
    pictures = np.stack([np.roll(noise, shift, 1) for shift in (0, 4)])
    landmarks = np.full((2, 478, 3), 0.5, np.float32) + rng.normal(0, 0.02, (478, 3)).astype(np.float32)
    sequence = FaceSequence("a", "a", "clip", pictures, landmarks)
    sampler = EpisodeSampler([sequence], STILL, {}, 0, episodes=1, photos=1, size=32, photo_size=64, surroundings=True)
    drawn = [sampler[step] for step in range(20)]
    assert drawn[0].photos.shape == (1, 1, 64, 64, 3) and drawn[0].images.shape == (1, 32, 32, 3)
    moved = [np.abs(e.surroundings[0, 4:12, 4:12, 0]).mean() for e in drawn if e.surroundings.any()]
    assert 8 < len(moved) < 20  # now and then they stay unknown
    assert np.allclose(moved, 4 / 64, atol=0.01)  # the 4 pixels by which the pictures differ


def test_the_same_step_draws_the_same_episodes() -> None:
    a, b, other = _sampler(TWO_CLIPS_OF_ANNA)[7], _sampler(TWO_CLIPS_OF_ANNA)[7], _sampler(TWO_CLIPS_OF_ANNA)[8]
    assert all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))
    assert not np.array_equal(a.landmarks, other.landmarks)


def test_sequences_of_one_person_are_grouped_and_kinds_keep_their_share() -> None:
    sampler = _sampler(TWO_CLIPS_OF_ANNA, same_sequence=0.0)
    assert sampler.people == ("clip/anna", "stills/bert")
    bodies = _bodies(sampler, 30)
    assert {person for person, *_ in bodies} == {0, 1}
    assert 0.35 < np.mean([person for person, *_ in bodies]) < 0.65
    assert any(len(set(photos)) == 2 for person, _, photos in bodies if person == 0)
    assert all(set(photos) == {2} for person, _, photos in bodies if person == 1)


def test_photos_of_the_targets_own_sequence() -> None:
    for person, target, photos in _bodies(_sampler(TWO_CLIPS_OF_ANNA, same_sequence=1.0), 20):
        assert set(photos) == {target} and (person == 1) == (target == 2)


def test_the_target_is_never_one_of_its_photos() -> None:
    sampler = _sampler(TWO_CLIPS_OF_ANNA, photos=6)
    for step in range(20):
        episodes = sampler[step]
        away = np.abs(episodes.photo_landmarks - episodes.landmarks[:, None]).max((2, 3))
        grey = np.abs(episodes.photos.mean((2, 3, 4)) - episodes.images.mean((1, 2, 3))[:, None])
        assert ((away > 0.005) | (grey > 0.1)).all()


def test_nobody_to_train_on_is_said() -> None:
    with pytest.raises(ValueError, match="needs two frames"):
        _sampler([_sequence("anna", 1, 0)])
