"""A person's own lightweight generator: what is learned, what stays, and that it never gets worse."""

from __future__ import annotations

import argparse
import copy
import tomllib
from dataclasses import replace
from importlib.metadata import EntryPoint
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from monalive.faces.crop import SquareCrop
from monalive.player.several_photos import face_mask
from monalive.portrait import PhotoOfPerson
from monalive_distill.cli import personalize as command
from monalive_distill.few_shot.changed_poses import PoseChange, change_pose
from monalive_distill.few_shot.person_photos import PersonPhotos, track_photos
from monalive_distill.few_shot.photo_mover import LIGHTWEIGHT_SIZE
from monalive_distill.generator.lightweight_generator import LightweightGenerator, build_generator
from monalive_distill.personalization import bundle_exporter
from monalive_distill.personalization.bundle_exporter import find_bundle_exporter
from monalive_distill.personalization.examples import draw_part, face_side, person_pairs, prepare, together
from monalive_distill.personalization.personalize import Check, _Scorer, personalize
from monalive_distill.personalization.settings import Personalization
from monalive_distill.training.checkpoint import save_state

PORTRAIT = Path(str(files("monalive").joinpath("assets", "sample_portrait.jpg")))
QUICK = Personalization(steps=6, check_every=2, learning_rate=3e-3, warm_up_steps=1, average_decay=0.1)


@pytest.fixture(scope="module")
def photos() -> list[PhotoOfPerson]:
    """The sample portrait in four poses, as frames of one video."""
    photo = track_photos([PORTRAIT], LIGHTWEIGHT_SIZE)
    # Turned far enough for the untrained generator to make somebody a little different of them.
    turned = [photo] + [change_pose(photo, PoseChange(yaw, 0.0, {})) for yaw in (-10.0, 6.0, 14.0)]
    return [_photo(one) for one in turned]


def _photo(one: PersonPhotos) -> PhotoOfPerson:
    image = (one.images[0].permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)
    return PhotoOfPerson(
        image, one.landmarks[0].numpy() * LIGHTWEIGHT_SIZE, SquareCrop(0.0, 0.0, float(LIGHTWEIGHT_SIZE))
    )


@pytest.fixture()
def generator() -> LightweightGenerator:
    torch.manual_seed(0)
    return build_generator("tiny")


def test_it_gets_better_on_photos_it_did_not_see_and_only_painting_changes(
    generator: LightweightGenerator, photos: list[PhotoOfPerson]
) -> None:
    before = copy.deepcopy(generator.state_dict())
    made = personalize(generator, photos, QUICK)
    assert made.steps == 6 and made.held_out == 1 and [check.step for check in made.checks] == [0, 2, 4, 6]
    assert made.kept_step > 0 and made.kept.lpips < made.checks[0].lpips and made.kept.csim > made.checks[0].csim
    after = generator.state_dict()
    changed = {name.split(".")[0] for name in before if not torch.equal(before[name], after[name])}
    assert changed == {"refine_net"}
    statistics = [name for name in before if "running_" in name or "num_batches" in name]
    assert statistics and all(torch.equal(before[name], after[name]) for name in statistics)
    assert generator.autocast_dtype is None and not generator.training


@pytest.mark.parametrize("worse", ["lpips", "csim"])
def test_it_never_gets_worse(
    generator: LightweightGenerator, photos: list[PhotoOfPerson], monkeypatch: pytest.MonkeyPatch, worse: str
) -> None:
    after = {"lpips": (0.11, 0.95), "csim": (0.09, 0.89)}[worse]
    scores = iter([(0.1, 0.9), *[after] * 3])
    monkeypatch.setattr(_Scorer, "check", lambda self, step, *_: Check(step, *next(scores)))
    before = copy.deepcopy(generator.state_dict())
    made = personalize(generator, photos[:1], QUICK)
    assert made.kept_step == 0 and made.held_out == 0
    assert all(torch.equal(value, before[name]) for name, value in generator.state_dict().items())


def test_time_ends_it_with_a_check(generator: LightweightGenerator, photos: list[PhotoOfPerson]) -> None:
    ticks = iter(range(100))
    made = personalize(generator, photos[:1], replace(QUICK, minutes=4 / 60), clock=lambda: next(ticks))
    assert made.steps == 3 and [check.step for check in made.checks] == [0, 2, 3]


def test_pairs_of_many_and_of_few_photos(photos: list[PhotoOfPerson]) -> None:
    learned, checks, held = person_pairs(photos, np.random.default_rng(0))
    assert held == 1 and len(checks) == 3 and all(pair.same_view for pair in learned + checks)
    assert len(learned) == 24  # six of photos, and photos moved by geometry
    assert all(torch.equal(pair.target.landmarks, checks[0].target.landmarks) for pair in checks)
    targets = {pair.target.landmarks.sum().item() for pair in learned}
    assert checks[0].target.landmarks.sum().item() not in targets and len(targets) == 3
    learned, checks, held = person_pairs(photos[:1], np.random.default_rng(0))
    assert held == 0 and len(learned) == 24 and len(checks) == 4
    learned, _, held = person_pairs(photos * 8, np.random.default_rng(0))
    assert held == 6 and len(learned) == 90


def test_of_a_photo_of_another_place_only_the_face_is_learned(
    generator: LightweightGenerator, photos: list[PhotoOfPerson]
) -> None:
    elsewhere = np.random.default_rng(0).integers(0, 255, photos[1].image.shape).astype(np.uint8)
    inside = face_mask(photos[1].landmarks / np.float32(LIGHTWEIGHT_SIZE)) > 0
    elsewhere[inside] = photos[1].image[inside]
    other = replace(photos[1], image=elsewhere)
    pair = next(p for p in person_pairs([photos[0], other], np.random.default_rng(0))[0] if not p.same_view)
    example = prepare(generator.eval(), pair, surroundings=True, device="cpu")
    with torch.no_grad():
        painted = generator.paint(example.warped, example.movement).image
    mask = torch.from_numpy(face_mask(example.landmarks[0].numpy()))
    assert torch.equal(example.image[..., mask == 0], painted[..., mask == 0])
    assert torch.equal(example.image[..., mask == 1], pair.target.images[..., mask == 1])


def test_a_part_of_an_example_is_painted_as_it_is_in_the_whole(
    generator: LightweightGenerator, photos: list[PhotoOfPerson]
) -> None:
    pair = person_pairs(photos, np.random.default_rng(0))[0][0]
    example = prepare(generator.eval(), pair, surroundings=False, device="cpu")
    assert face_side([example]) % 32 == 0
    part = draw_part(np.random.default_rng(3), example, 128, face=True)
    corner = (example.landmarks * LIGHTWEIGHT_SIZE - part.landmarks * 128)[0, 0].round().int().tolist()
    assert all(place % 16 == 0 for place in corner)
    inside = np.s_[..., 48:80, 48:80]  # far from the part's edges, which the network takes for the picture's
    x, y = corner
    with torch.no_grad():
        whole = generator.paint(example.warped, example.movement).image[..., y : y + 128, x : x + 128]
    both = together([part, part])
    with torch.no_grad():
        made = generator.paint(both.warped, both.movement).image[1:]
    assert (made - whole)[inside].abs().mean() < 0.01
    assert torch.equal(both.image[1], example.image[0, :, y : y + 128, x : x + 128])


def _arguments(*words: object) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return parser.parse_args([*map(str, words), "--steps", "1", "--threads", "1", "--device", "cpu"])


def test_the_command_hands_the_generator_to_an_exporter(
    generator: LightweightGenerator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    weights = tmp_path / "lightweight.safetensors"
    save_state(weights, {}, {}, generator, {"variant": "tiny"})
    given: list[Any] = []

    def exporter(generator: LightweightGenerator, output: Path, **facts: object) -> dict[str, object]:
        given.append((generator, output, facts))
        return {}

    monkeypatch.setattr(bundle_exporter, "find_bundle_exporter", lambda: exporter)
    command.run(_arguments(PORTRAIT, "-o", tmp_path / "me.bundle", "--weights", weights))
    [(exported, output, facts)] = given
    assert isinstance(exported, LightweightGenerator) and output == tmp_path / "me.bundle"
    assert facts["precision"] == "int8" and facts["model_version"].endswith("+person")
    assert "me.bundle" in capsys.readouterr().out


def test_bad_input_is_refused_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle_exporter, "entry_points", lambda group: [])
    with pytest.raises(FileNotFoundError, match="pip install monalive-export"):
        command.run(_arguments(PORTRAIT, "-o", tmp_path / "me.bundle"))
    broken = EntryPoint("litert", "no_such_package:export", bundle_exporter.GROUP)
    monkeypatch.setattr(bundle_exporter, "entry_points", lambda group: [broken])
    with pytest.raises(FileNotFoundError, match="no_such_package"):
        find_bundle_exporter()
    monkeypatch.setattr(bundle_exporter, "find_bundle_exporter", lambda: None)
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        command.run(_arguments(PORTRAIT, "-o", tmp_path / "none" / "me.bundle"))
    with pytest.raises(ValueError, match="1 to 32 photos"):
        command.run(_arguments(*[PORTRAIT] * 33, "-o", tmp_path / "me.bundle"))
    assert not list(tmp_path.iterdir())


def test_the_distribution_announces_its_exporter() -> None:
    pyproject = tomllib.loads((Path(__file__).parents[3] / "export" / "pyproject.toml").read_text())
    [announced] = pyproject["project"]["entry-points"][bundle_exporter.GROUP].values()
    pytest.importorskip("litert_torch")
    assert EntryPoint("litert", announced, bundle_exporter.GROUP).load().__name__ == "export_bundle"
