"""Distillation: what the teacher is asked, and that the lightweight generator learns from its answers."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from monalive_distill.data.augmentation import Augmentation
from monalive_distill.data.training_pairs import FaceSequence, load_sequences
from monalive_distill.distillation.config import Stage, TrainingConfig
from monalive_distill.distillation.teacher_frames import TeacherFrames
from monalive_distill.distillation.train import train
from monalive_distill.few_shot.model import FewShotModel, FewShotVariant, build_few_shot_model

STILL = Augmentation(0.0, 0.0, 0.0, flip=0.0, grey=0.0, colour=0.0, blur=0.0)
LOWER_LIP = [14, 17, 84, 87, 178, 181, 312, 314, 317, 402, 405]  # MediaPipe's numbers, inner and outer contour


@pytest.fixture
def teacher() -> FewShotModel:
    torch.manual_seed(0)
    sizes = FewShotVariant(64, (8, 8, 16, 16), (8, 8, 16, 16), 1, (16, 16, 8, 8), 8, 16)
    return FewShotModel(sizes, "geometry").eval()


@pytest.fixture
def sequences(cache: Path) -> list[FaceSequence]:
    """The first is a portrait without video, the others are clips."""
    portrait, *clips = load_sequences(cache)
    return [replace(portrait, kind="stills"), *clips]


def test_groups_hold_portraits_and_the_teachers_pictures(teacher: FewShotModel, sequences: list[FaceSequence]) -> None:
    frames = TeacherFrames(teacher, sequences, Augmentation(), 0)
    group, flow, same = frames.draw(3, 2, 3, "cpu")
    size = teacher.size
    assert teacher.mover is not None
    assert group.photos.shape == (2, size, size, 3) and group.images.shape == (6, size, size, 3)
    assert group.sources.shape == (2, 478, 2) and group.targets.shape == (6, 478, 2)
    assert not group.surroundings.any()
    assert flow is not None and flow.shape == (6, 2, 128, 128) and same.shape == (6,)
    again = frames.draw(3, 2, 3, "cpu").group
    assert np.array_equal(group.images, again.images)


def test_the_flow_is_that_of_the_pupils_photo_where_there_is_no_other(
    teacher: FewShotModel, sequences: list[FaceSequence]
) -> None:
    portrait, *clips = sequences
    alone = replace(portrait, frames=portrait.frames[:1], landmarks=portrait.landmarks[:1])
    group, flow, same = TeacherFrames(teacher, [alone, *clips], Augmentation(), 0).draw(3, 2, 3, "cpu")
    photos = torch.from_numpy(group.photos).permute(0, 3, 1, 2)
    assert teacher.mover is not None and flow is not None and same.all()
    with torch.no_grad():
        points = (torch.from_numpy(x) for x in (group.sources.repeat(3, 0), group.targets))
        moved = teacher.mover(photos.repeat_interleave(3, 0), *points)
    assert torch.allclose(moved.flow, flow, atol=1e-5)


def test_the_teacher_moves_the_photo_nearest_in_pose(teacher: FewShotModel, sequences: list[FaceSequence]) -> None:
    """Of a black picture with a shut mouth and a grey one with an open mouth."""
    shut = sequences[0].landmarks[0]
    wide = shut.copy()
    wide[LOWER_LIP, 1] += 0.05
    faces = np.stack([shut, wide])
    greys = np.zeros((2, 256, 256, 3), np.uint8)
    greys[1] = 128
    portrait = replace(sequences[0], frames=greys, landmarks=faces)
    driver = replace(sequences[1], landmarks=faces)
    frames = TeacherFrames(teacher, [portrait, driver], STILL, 0)
    seen = set()
    for step in range(8):
        group, _, same = frames.draw(step, 2, 3, "cpu")
        for number, (image, target) in enumerate(zip(group.images, group.targets, strict=True)):
            opened = np.abs(target - wide[:, :2]).sum() < np.abs(target - shut[:, :2]).sum()
            assert (image[16:48, 16:48].mean() > 0.25) == opened
            own = group.photos[number // 3].mean() > 0.25
            assert bool(same[number]) == (own == opened)
            seen.add((bool(own), bool(opened)))
    assert len(seen) >= 3


def test_the_flow_is_compared_where_both_moved_the_same_photo(
    teacher: FewShotModel, sequences: list[FaceSequence]
) -> None:
    taught = TeacherFrames(teacher, sequences, STILL, 0).draw(0, 1, 2, "cpu")
    flow = torch.zeros(2, 2, 8, 8)
    one_of_two = taught._replace(flow=flow + 1.0, same_photo=torch.tensor([True, False]))
    assert one_of_two.flow_distance(flow) == pytest.approx(0.5)
    assert taught._replace(flow=None).flow_distance(flow) is None


def test_a_portrait_moves_as_the_driver_does(teacher: FewShotModel, sequences: list[FaceSequence]) -> None:
    """The clips only shift: so the portraits keep their shape and their angle."""
    group = TeacherFrames(teacher, sequences, STILL, 1).draw(0, 2, 3, "cpu").group
    for number, target in enumerate(group.targets):
        source = group.sources[number // 3]
        moved = target - source
        assert np.abs(moved - moved.mean(0)).max() < 2e-3
    assert np.abs(group.targets - group.sources.repeat(3, 0)).max() > 0.005


def test_without_portraits_or_clips_there_is_nothing_to_teach(teacher: FewShotModel, cache: Path) -> None:
    with pytest.raises(ValueError, match="portraits without video"):
        TeacherFrames(teacher, load_sequences(cache), Augmentation(), 0)


def test_a_teacher_of_tiny_pictures_is_refused(sequences: list[FaceSequence]) -> None:
    with pytest.raises(ValueError, match="32 pixels"):
        TeacherFrames(build_few_shot_model("tiny"), sequences, Augmentation(), 0)


def test_some_steps_learn_from_the_teacher(
    teacher: FewShotModel, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = json.loads((cache / "index.json").read_text())
    mixed = tmp_path / "cache"
    mixed.mkdir()
    for entry in index:
        for part in ("frames", "landmarks"):
            (mixed / f"{entry['name']}.{part}.npy").symlink_to(cache / f"{entry['name']}.{part}.npy")
    index[0]["kind"] = "stills"
    (mixed / "index.json").write_text(json.dumps(index))
    asked: list[int] = []
    draw = TeacherFrames.draw

    def counting(self: TeacherFrames, step: int, *rest: object) -> object:
        asked.append(step)
        return draw(self, step, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(TeacherFrames, "draw", counting)
    seconds = iter(range(-1, 1000))
    config = TrainingConfig(variant="tiny", stages=(Stage(1.0, 64, 2, 2),), warm_up_steps=1, teacher_every=3)
    train([mixed], tmp_path / "run", 9 / 60, config, teacher=teacher, clock=lambda: float(max(0, next(seconds))))
    assert asked == [2, 5, 8]
