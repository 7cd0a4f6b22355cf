"""Fine-tuning: it learns its photos, stops when the drawing is forgotten, makes a file, refuses bad input."""

from __future__ import annotations

import argparse
import copy
import json
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from monalive.media.image_io import save_image
from monalive_distill.cli import finetune as finetune_command
from monalive_distill.cli import train_few_shot as train_command
from monalive_distill.few_shot.changed_poses import CHECKED_CHANGES, PoseChange, change_pose, draw_change
from monalive_distill.few_shot.config import FewShotConfig
from monalive_distill.few_shot.expression_check import ExpressionCheck
from monalive_distill.few_shot.fine_tuning_settings import FineTuning
from monalive_distill.few_shot.finetune import FineTuned, finetune, finetune_person
from monalive_distill.few_shot.losses import FewShotLossWeights
from monalive_distill.few_shot.model import build_discriminator, build_few_shot_model
from monalive_distill.few_shot.person import FewShotPerson, load_person
from monalive_distill.few_shot.person_photos import PersonPhotos, track_photos
from monalive_distill.few_shot.train import train_few_shot
from monalive_distill.metrics.lpips import LPIPS

PORTRAIT = Path(str(resources.files("monalive").joinpath("assets", "sample_portrait.jpg")))
QUICK = FineTuning(
    steps=16, pictures=2, learning_rate=2e-3, discriminator_learning_rate=1e-3, check_every=4, patience=9
)


@pytest.fixture(scope="module")
def photo() -> PersonPhotos:
    return track_photos([PORTRAIT], 32)


@pytest.fixture(scope="module")
def base(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of a single step."""
    run = tmp_path_factory.mktemp("run")
    config = FewShotConfig(variant="tiny", warped_photo="geometry", episodes=1, photos=1, perceptual_net="alex")
    ticks = iter([0.0, 0.0, 9.0])
    train_few_shot([cache], run, 1 / 60, config, clock=lambda: next(ticks))
    return run / "state.safetensors"


def _several(photo: PersonPhotos, count: int) -> PersonPhotos:
    """The photo in several poses."""
    changes = [PoseChange(4.0 * i - 8, 0.0, {"jawOpen": 0.1 * i}) for i in range(count)]
    made = [change_pose(photo, change) for change in changes]
    return PersonPhotos(torch.cat([p.images for p in made]), torch.cat([p.landmarks for p in made]))


def test_tuning_lowers_the_loss_on_its_photos(photo: PersonPhotos) -> None:
    torch.manual_seed(0)
    model, discriminator = build_few_shot_model("tiny"), build_discriminator("tiny", 3)
    before = copy.deepcopy(model.state_dict())
    person, made = finetune_person(model, discriminator, photo, QUICK, FewShotLossWeights())
    assert made.steps == 16 and made.held_out == 0 and [step for step, _ in made.checks] == [0, 4, 8, 12, 16]
    assert np.mean(made.losses[-4:]) < 0.9 * np.mean(made.losses[:4])
    best = min(made.checks, key=lambda check: check[1])
    assert made.kept_step == best[0] > 0
    bias = person.generator.head.bias
    assert bias is not None and not torch.equal(bias, before["generator.head.bias"])
    assert discriminator.columns.shape == (1, 16)


def test_adain_parameters_begin_as_the_projected_embedding_and_are_free(photo: PersonPhotos) -> None:
    model = build_few_shot_model("tiny").eval()
    person = FewShotPerson(model, photo)
    points = photo.landmarks[..., :2]
    expected = model(photo.images[None], points[None], points).images
    assert torch.allclose(person(photo, points), expected, atol=1e-5)
    assert "adain" in dict(person.named_parameters()) and person.adain.requires_grad


def test_it_stops_when_the_check_gets_no_better_and_keeps_the_best(
    photo: PersonPhotos, monkeypatch: pytest.MonkeyPatch
) -> None:
    distances = iter([0.5, 0.4, 0.41, 0.42, 0.1])
    monkeypatch.setattr(ExpressionCheck, "distance", lambda *_: next(distances))
    settings = FineTuning(steps=40, pictures=1, check_every=1, patience=2)
    model, discriminator = build_few_shot_model("tiny"), build_discriminator("tiny", 1)
    _, made = finetune_person(model, discriminator, photo, settings, FewShotLossWeights())
    assert made.steps == 3 and made.kept_step == 1 and made.checks[-1] == (3, 0.42)


def test_the_check_tells_following_the_drawing_from_ignoring_it(photo: PersonPhotos) -> None:
    check = ExpressionCheck(track_photos([PORTRAIT], 64), LPIPS("alex"), 64)
    assert check.held_out == 0 and len(check.kept.images) == 1
    own = check.kept
    followed = torch.cat([change_pose(own, change).images for change in CHECKED_CHANGES])
    assert check.distance(lambda sources, landmarks: followed) == pytest.approx(0, abs=1e-6)
    ignored = check.distance(lambda sources, landmarks: own.images.expand(len(landmarks), -1, -1, -1))
    assert ignored > 0.01


@pytest.mark.parametrize(("count", "held_out"), [(1, 0), (3, 0), (4, 1), (10, 2), (32, 6)])
def test_photos_are_held_out_where_there_are_enough(photo: PersonPhotos, count: int, held_out: int) -> None:
    check = ExpressionCheck(photo.pick([0] * count), LPIPS("alex"), photo.images.shape[-1])
    assert check.held_out == held_out and len(check.kept.images) == count - held_out


def test_a_turned_face_turns_and_an_opened_mouth_opens(photo: PersonPhotos) -> None:
    turned = change_pose(photo, PoseChange(10.0, 0.0, {}))
    nose, ears = 1, [234, 454]
    move = turned.landmarks - photo.landmarks
    assert move[0, nose, 0] > move[0, ears, 0].mean() + 0.01
    opened = change_pose(photo, PoseChange(0.0, 0.0, {"jawOpen": 0.3}))
    gap = [float(p.landmarks[0, 14, 1] - p.landmarks[0, 13, 1]) for p in (photo, opened)]
    assert gap[1] > gap[0] + 0.01
    assert turned.images.shape == photo.images.shape
    assert draw_change(np.random.default_rng(1)) == draw_change(np.random.default_rng(1))


def test_mirroring_twice_changes_nothing(photo: PersonPhotos) -> None:
    once = photo.mirrored()
    twice = once.mirrored()
    assert torch.equal(twice.images, photo.images) and torch.allclose(twice.landmarks, photo.landmarks, atol=1e-6)
    assert float(once.landmarks[0, 33, 0]) < 0.5 < float(once.landmarks[0, 263, 0])  # each eye on its own side


def test_a_person_in_a_file(base: Path, tmp_path: Path) -> None:
    output = tmp_path / "person.ckpt"
    settings = FineTuning(steps=2, pictures=1, check_every=1)
    made = finetune([PORTRAIT] * 4, base, output, settings, variant="tiny")
    assert isinstance(made, FineTuned) and made.held_out == 1
    assert [file.name for file in tmp_path.iterdir()] == ["person.ckpt"]
    person = load_person(output)
    landmarks = person.photos.landmarks[:2, :, :2]
    assert person.photos.images.shape == (4, 3, 32, 32)
    again = load_person(output, "tiny")
    assert torch.equal(person(person.nearest(landmarks), landmarks), again(again.nearest(landmarks), landmarks))
    with pytest.raises(ValueError, match="made with variant 'tiny', not 'base'"):
        load_person(output, "base")
    with pytest.raises(ValueError, match="holds no person"):
        load_person(base)


def test_bad_input_is_refused_before_anything_is_written(base: Path, tmp_path: Path) -> None:
    output = tmp_path / "person.ckpt"
    empty = tmp_path / "wall.png"
    save_image(empty, np.full((96, 96, 3), 90, np.uint8))
    with pytest.raises(ValueError, match=r"no face was found in .*wall\.png"):
        finetune([PORTRAIT, empty], base, output)
    for count in (0, 33):
        with pytest.raises(ValueError, match=f"give 1 to 32 photos of the person, not {count}"):
            finetune([PORTRAIT] * count, base, output)
    with pytest.raises(FileNotFoundError):
        finetune([tmp_path / "none.jpg"], base, output)
    with pytest.raises(ValueError, match="trained as variant 'tiny', not 'base'"):
        finetune([PORTRAIT], base, output, variant="base")
    with pytest.raises(FileNotFoundError, match="no checkpoint"):
        finetune([PORTRAIT], tmp_path / "none.safetensors", output)
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        finetune([PORTRAIT], base, tmp_path / "none" / "person.ckpt")
    other = tmp_path / "lightweight.safetensors"
    save_file({"average/x": torch.zeros(1)}, other, {"record": json.dumps({"variant": "default"})})
    with pytest.raises(ValueError, match="is not a few-shot model"):
        finetune([PORTRAIT], other, output)
    assert not output.exists()


def test_the_commands(base: Path, cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    finetune_command.add_arguments(parser)
    words = [str(PORTRAIT), "-o", str(tmp_path / "p.ckpt"), "--base", str(base), "--steps", "1", "--threads", "1"]
    finetune_command.run(parser.parse_args([*words, "--device", "cpu"]))
    assert "p.ckpt: 1 steps" in capsys.readouterr().out and (tmp_path / "p.ckpt").is_file()
    parser = argparse.ArgumentParser()
    train_command.add_arguments(parser)
    words = [str(cache), "-o", str(tmp_path / "run"), "--minutes", "0", "--variant", "tiny", "--threads", "1"]
    words += ["--device", "cpu", "--setting", "ff", "--warped-photo", "none"]
    train_command.run(parser.parse_args(words))
    config = json.loads((tmp_path / "run" / "record.json").read_text())["config"]
    assert config["losses"]["match"] == 0.0 and config["warped_photo"] == "none" and config["variant"] == "tiny"
