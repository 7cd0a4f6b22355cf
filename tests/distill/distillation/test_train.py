"""Training: what is drawn, that it learns, that it resumes exactly, and what it refuses."""

from __future__ import annotations

import csv
import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from pass_clock import PassClock

from monalive_distill.data.augmentation import Augmentation
from monalive_distill.data.training_pairs import PairSampler, load_sequences
from monalive_distill.distillation.config import Stage, TrainingConfig
from monalive_distill.distillation.detail_crops import detail_crops
from monalive_distill.distillation.train import train
from monalive_distill.generator.lightweight_generator import build_generator
from monalive_distill.generator.photo_blend import blend, by_frame
from monalive_distill.training import loop
from monalive_distill.training.checkpoint import load_average, read_record, write_weights

CONFIG = TrainingConfig(variant="tiny", stages=(Stage(1.0, 64, 1, 2),), warm_up_steps=1)


def _sampler(cache: Path, **options: float) -> PairSampler:
    return PairSampler(load_sequences(cache), Augmentation(**options), {"clip": 1.0}, seed=3)


def test_the_same_step_draws_the_same_group(cache: Path) -> None:
    a, b = (_sampler(cache).draw(7, 2, 3, 64) for _ in range(2))
    assert np.array_equal(a.images, b.images) and np.array_equal(a.targets, b.targets)
    assert not np.array_equal(a.images, _sampler(cache).draw(8, 2, 3, 64).images)


def test_groups_have_the_documented_form(cache: Path) -> None:
    group = _sampler(cache).draw(0, 2, 3, 64)
    assert group.photos.shape == (2, 64, 64, 3) and group.images.shape == (6, 64, 64, 3)
    assert group.sources.shape == (2, 478, 2) and group.targets.shape == (6, 478, 2)
    assert group.surroundings.shape == (6, 16, 16, 3) and group.surroundings.dtype == np.float32
    assert group.images.dtype == np.float32 and 0 <= group.images.min() <= group.images.max() <= 1


def test_photos_of_one_person_share_their_targets(cache: Path) -> None:
    group = _sampler(cache).draw(3, 4, 3, 64, per_person=2)
    assert group.photos.shape == (4, 64, 64, 3) and group.images.shape == (12, 64, 64, 3)
    for targets in (group.images, group.targets):
        by_photo = targets.reshape(2, 2, 3, *targets.shape[1:])
        assert np.array_equal(by_photo[:, 0], by_photo[:, 1])
        assert not np.array_equal(by_photo[0], by_photo[1])
    around = group.surroundings.reshape(2, 2, 3, 16, 16, 3)
    assert not around[:, 1].any() and around[:, 0].any()


def test_pictures_of_one_frame_are_brought_together(cache: Path) -> None:
    group = _sampler(cache).draw(3, 4, 3, 64, per_person=2)
    frames = by_frame(torch.from_numpy(group.images), 2, 3)
    assert frames.shape == (6, 2, 64, 64, 3)
    assert torch.equal(frames[:, 0], frames[:, 1])
    assert torch.equal(frames[4, 0], torch.from_numpy(group.images[7]))


def test_a_blend_follows_the_confidence() -> None:
    images = torch.stack((torch.zeros(1, 3, 2, 2), torch.ones(1, 3, 2, 2)), 1)
    confidence = torch.zeros(1, 2, 1, 2, 2)
    confidence[0, 1, 0, 0, 0] = math.log(3)
    blended = blend(images, confidence)
    assert torch.allclose(blended[0, :, 0, 0], torch.tensor(0.75))
    assert torch.allclose(blended[0, :, 1, 1], torch.tensor(0.5))


def test_now_and_then_a_target_is_the_photo_itself(cache: Path) -> None:
    sampler = _sampler(cache)
    groups = [sampler.draw(step, 2, 3, 32) for step in range(30)]
    at_rest = [
        bool((group.targets[2::3][n] == group.sources[n]).all()) for group in groups for n in range(len(group.sources))
    ]
    assert 0.02 < np.mean(at_rest) < 0.4


def test_landmarks_move_with_the_picture(cache: Path) -> None:
    """The dark pupils stay under the iris landmarks, whatever is drawn: turned, zoomed or mirrored."""
    sampler = _sampler(cache, colour=0.0, blur=0.0, grey=0.0)
    for step in range(6):
        group = sampler.draw(step, 1, 1, 256)
        grey = group.images[0].mean(-1)
        for iris in (468, 473):
            x, y = (group.targets[0, iris] * 256).astype(int)
            cheek_x, cheek_y = (group.targets[0, 50 if iris == 468 else 280] * 256).astype(int)
            pupil = grey[y - 2 : y + 3, x - 2 : x + 3].mean()
            assert pupil < grey[cheek_y - 2 : cheek_y + 3, cheek_x - 2 : cheek_x + 3].mean() - 0.1


def test_surroundings_are_sometimes_unknown(cache: Path) -> None:
    drawn = np.concatenate([_sampler(cache).draw(step, 2, 3, 64).surroundings for step in range(8)])
    measured = drawn[..., 2].any((1, 2))
    assert 0.4 < measured.mean() < 0.95
    assert not drawn[~measured].any()


def test_detail_crops_show_the_mouth_upright(cache: Path) -> None:
    sequence = load_sequences(cache)[0]
    image = torch.from_numpy(sequence.frames[:1].astype(np.float32)).permute(0, 3, 1, 2) / 255
    ramp = torch.linspace(0, 1, 256).view(1, 1, 256, 1).expand(1, 3, 256, 256)
    landmarks = torch.from_numpy(sequence.landmarks[:1, :, :2].copy())
    crops = detail_crops(torch.cat((image,)), landmarks)
    assert crops.shape == (2, 3, 96, 96)
    mouth = detail_crops(ramp, landmarks)[0, 0]
    assert mouth[48, 48] == pytest.approx(float(landmarks[0, 13, 1]), abs=0.03)
    assert mouth[90, 48] > mouth[5, 48]


def test_training_lowers_the_loss_and_leaves_a_record(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "SAVE_EVERY", 60.0)
    train([cache], tmp_path, 1.7, CONFIG, clock=PassClock())
    rows = list(csv.DictReader((tmp_path / "log.csv").open()))
    assert float(rows[-1]["loss"]) < float(rows[0]["loss"])
    record = json.loads((tmp_path / "record.json").read_text())
    assert record["people"] == 3 and record["config"]["variant"] == "tiny"
    assert list(tmp_path.glob("step_*.jpg"))


def test_an_interrupted_run_ends_with_the_same_weights(cache: Path, tmp_path: Path) -> None:
    """The average that ships is bit for bit the same whether the run was stopped in between or not."""
    for folder, parts in (("whole", (24,)), ("parts", (12, 12))):
        for seconds in parts:
            train([cache], tmp_path / folder, seconds / 60, CONFIG, total_minutes=0.4, clock=PassClock())
    results = []
    for folder in ("whole", "parts"):
        generator = build_generator("tiny")
        load_average(tmp_path / folder / "state.safetensors", generator)
        results.append(generator.state_dict())
    assert read_record(tmp_path / "whole" / "state.safetensors")["step"] == 24
    assert read_record(tmp_path / "parts" / "state.safetensors")["step"] == 24
    for name, value in results[0].items():
        assert torch.equal(value, results[1][name]), name


def test_frozen_parts_stay_as_they_are_and_resume(cache: Path, tmp_path: Path) -> None:
    """Weights and BatchNorm statistics, before and after a stop; the others learn."""
    config = replace(CONFIG, frozen=("motion_encoder", "motion_net"))
    train([cache], tmp_path, 0.05, config, clock=PassClock())
    before, after = build_generator("tiny"), build_generator("tiny")
    load_average(tmp_path / "state.safetensors", before)
    train([cache], tmp_path, 0.1, config, clock=PassClock())
    load_average(tmp_path / "state.safetensors", after)
    changed = {
        name.split(".")[0]
        for (name, old), new in zip(before.state_dict().items(), after.state_dict().values(), strict=True)
        if not torch.equal(old, new)
    }
    assert changed == {"appearance_encoder", "refine_net"}


def test_a_frozen_part_that_does_not_exist_is_named(cache: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="'motion'; choose from motion_encoder, "):
        train([cache], tmp_path, 0.05, replace(CONFIG, frozen=("motion",)), clock=PassClock())
    assert not list(tmp_path.iterdir())  # told before a run is begun or its record replaced


def test_a_checkpoint_of_another_variant_is_refused(cache: Path, tmp_path: Path) -> None:
    train([cache], tmp_path, 0.05, CONFIG, clock=PassClock())
    with pytest.raises(ValueError, match="variant 'tiny', not 'default'"):
        train([cache], tmp_path, 0.1, replace(CONFIG, variant="default"))
    with pytest.raises(ValueError, match="another variant"):
        load_average(tmp_path / "state.safetensors", build_generator("default"))


def test_weights_alone_are_small_and_enough_to_begin_with(cache: Path, tmp_path: Path) -> None:
    train([cache], tmp_path / "a", 0.1, CONFIG, clock=PassClock())
    state, weights = tmp_path / "a" / "state.safetensors", tmp_path / "weights.safetensors"
    write_weights(state, weights)
    assert weights.stat().st_size < state.stat().st_size / 4
    trained, loaded = build_generator("tiny"), build_generator("tiny")
    load_average(state, trained)
    load_average(weights, loaded)
    for a, b in zip(trained.parameters(), loaded.parameters(), strict=True):
        assert torch.allclose(a, b, atol=1e-3) and b.dtype == torch.float32
    assert read_record(weights)["variant"] == "tiny"
    train([cache], tmp_path / "b", 0.02, CONFIG, start_from=weights, clock=PassClock())
    with pytest.raises(ValueError, match="another variant"):
        train([cache], tmp_path / "c", 0.02, replace(CONFIG, variant="default"), start_from=weights, clock=PassClock())


def test_another_file_is_no_checkpoint(tmp_path: Path) -> None:
    (tmp_path / "state.safetensors").write_bytes(b"hello")
    with pytest.raises(ValueError, match="not a monalive training checkpoint"):
        read_record(tmp_path / "state.safetensors")
    with pytest.raises(FileNotFoundError, match="no checkpoint"):
        read_record(tmp_path / "none.safetensors")


def test_no_cache_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="monalive-distill prepare"):
        load_sequences(tmp_path)
