"""The cache of eyes and mouths, and the pairs drawn from it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from monalive.faces.landmarks import LEFT_IRIS
from monalive_distill.data.augmentation import Augmentation
from monalive_distill.regions.prepare import prepare_regions
from monalive_distill.regions.regions import EYE, MOUTH
from monalive_distill.regions.samples import RegionPairs, RegionSequence, cut, load_regions


def test_clips(clips: Path, region_cache: Path) -> None:
    index = json.loads((region_cache / "index.json").read_text())
    assert index == [{"name": "face", "person": "anna", "frames": 3, "kind": "clip"}]
    made = prepare_regions(clips, region_cache, kind="clip", stride=2, progress=False)  # again: what is there is kept
    assert (made.sequences, made.frames) == (1, 3) and made.left_out == ("empty: no face large and sharp enough",)
    left, right = load_regions(EYE, region_cache)
    assert (left.name, right.name, left.person) == ("face/0", "face/1", "anna")
    (mouth,) = load_regions(MOUTH, region_cache)
    assert left.frames.shape == (3, 96, 96, 3) and mouth.frames.shape == (3, 144, 192, 3)
    facts = np.load(region_cache / "face.facts.npz")
    assert facts["number"].tolist() == [0, 2, 4] and facts["blendshapes"].shape == (3, 52)
    # The face moves by six pixels a frame, the crops go with it.
    assert np.diff(facts["landmarks"][:, 4, 0]) == pytest.approx(6, abs=1.5)
    assert np.abs(left.points[1:, LEFT_IRIS[0]] - left.points[0, LEFT_IRIS[0]]).max() < 2


def test_no_face_anywhere_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        prepare_regions(tmp_path / "none", tmp_path / "cache", kind="clip")
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match="can be used for training: no files"):
        prepare_regions(tmp_path / "empty", tmp_path / "cache", kind="clip", progress=False)
    with pytest.raises(FileNotFoundError, match="make one with prepare_regions"):
        load_regions(EYE, tmp_path)


def test_the_same_step_gives_the_same_pairs(region_cache: Path) -> None:
    pairs = RegionPairs(EYE, load_regions(EYE, region_cache), Augmentation(), seed=3)
    one, again, other = pairs.draw(7, 4), pairs.draw(7, 4), pairs.draw(8, 4)
    assert all(torch.equal(a, b) for a, b in zip(one, again, strict=True))
    assert not torch.equal(one.photo, other.photo)
    assert one.photo.shape == one.image.shape == (4, 3, 80, 64) and one.source.shape == (4, 478, 2)
    assert one.photo.min() >= 0 and one.photo.max() <= 1


def test_a_mirrored_mouth_has_its_landmarks_mirrored(region_cache: Path) -> None:
    """Lips are redder than the skin around wherever they are drawn."""
    (mouth,) = load_regions(MOUTH, region_cache)
    batch = RegionPairs(MOUTH, [mouth], Augmentation(colour=0, grey=0, gamma=0, blur=0)).draw(0, 12)
    for picture, points in zip(batch.photo, batch.source, strict=True):
        corner_right, corner_left = points[61, 0], points[291, 0]
        assert corner_right < corner_left
        x, y = points[17].round().long().tolist()  # middle of the lower lip's edge
        lip, chin = picture[:, y - 3, x], picture[:, y + 6, x]
        assert (lip[0] - lip[1]) > (chin[0] - chin[1])


def test_what_occurs_once_is_drawn_often(tmp_path: Path) -> None:
    """One blink in a hundred frames is in a good part of the pairs, as a photo as well."""
    measures = np.tile(np.array([0.3, -0.06, -0.08], np.float32), (100, 1))
    measures[50, 0] = 0.0
    frames = np.zeros((100, 96, 96, 3), np.uint8)
    points = np.tile(np.array([48, 48], np.float32), (100, 478, 1))
    points[50] += 1
    pairs = RegionPairs(EYE, [RegionSequence("a", "a", "clip", frames, points, measures, 80.0)], Augmentation())
    rng = np.random.default_rng(0)
    drawn = [pairs.choose(rng)[1:] for _ in range(400)]
    assert 60 < sum(target == 50 for _, target in drawn) < 200
    assert 100 < sum(photo == 50 for photo, _ in drawn) < 300
    assert cut(RegionSequence("a", "a", "clip", frames, points, measures, 80.0), 50, EYE)[1][0].tolist() == [33, 46]


def test_pictures_in_other_light_are_no_pair(still_cache: Path) -> None:
    pairs = RegionPairs(EYE, load_regions(EYE, still_cache), Augmentation())
    rng = np.random.default_rng(0)
    assert all(photo == target for _, photo, target in (pairs.choose(rng) for _ in range(40)))
