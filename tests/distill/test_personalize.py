"""A person's own lightweight generator: what is learned, what stays, and that it never gets worse."""

from __future__ import annotations

import argparse
import copy
import tomllib
from importlib.metadata import EntryPoint
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import torch

from monalive_distill import bundle_exporter, personalize_cli
from monalive_distill.bundle_exporter import find_bundle_exporter
from monalive_distill.few_shot.changed_poses import PoseChange, change_pose
from monalive_distill.few_shot.expression_check import ExpressionCheck
from monalive_distill.few_shot.person_photos import PersonPhotos, track_photos
from monalive_distill.lightweight_generator import LightweightGenerator, build_generator
from monalive_distill.personalize import PHOTO_SIZE, Personalization, personalize
from monalive_distill.training_state import ExponentialAverage, save_state

PORTRAIT = Path(str(files("monalive").joinpath("assets", "sample_portrait.jpg")))
QUICK = Personalization(steps=6, pictures=1, check_every=2, learning_rate=3e-3)


@pytest.fixture(scope="module")
def photos() -> PersonPhotos:
    """The sample portrait in four poses."""
    photo = track_photos([PORTRAIT], PHOTO_SIZE)
    turned = [photo] + [change_pose(photo, PoseChange(yaw, 0.0, {})) for yaw in (-8.0, 5.0, 10.0)]
    return PersonPhotos(torch.cat([p.images for p in turned]), torch.cat([p.landmarks for p in turned]))


@pytest.fixture()
def generator() -> LightweightGenerator:
    torch.manual_seed(0)
    return build_generator("tiny")


def test_it_gets_better_on_photos_it_did_not_see_and_only_some_networks_change(
    generator: LightweightGenerator, photos: PersonPhotos
) -> None:
    before = copy.deepcopy(generator.state_dict())
    made = personalize(generator, photos, QUICK)
    assert made.steps == 6 and made.held_out == 1 and [step for step, _ in made.checks] == [0, 2, 4, 6]
    assert made.kept_step == min(made.checks, key=lambda check: check[1])[0] > 0
    after = generator.state_dict()
    changed = {name.split(".")[0] for name in before if not torch.equal(before[name], after[name])}
    assert changed == set(QUICK.networks)
    statistics = [name for name in before if "running_" in name or "num_batches" in name]
    assert statistics and all(torch.equal(before[name], after[name]) for name in statistics)
    assert generator.autocast_dtype is None and not generator.training


def test_it_never_gets_worse(
    generator: LightweightGenerator, photos: PersonPhotos, monkeypatch: pytest.MonkeyPatch
) -> None:
    distances = iter([0.1, 0.2, 0.3, 0.4])
    monkeypatch.setattr(ExpressionCheck, "distance", lambda self, draw_person: next(distances))
    before = copy.deepcopy(generator.state_dict())
    made = personalize(generator, photos.pick([0]), QUICK)
    assert made.kept_step == 0 and made.held_out == 0
    assert all(torch.equal(value, before[name]) for name, value in generator.state_dict().items())


def test_held_out_photos_are_made_of_others_whatever_their_pose(photos: PersonPhotos) -> None:
    from monalive_distill.lpips import LPIPS

    seen: list[torch.Tensor] = []

    def draw(sources: PersonPhotos, landmarks: torch.Tensor) -> torch.Tensor:
        seen.append(sources.landmarks)
        return sources.images

    check = ExpressionCheck(photos, LPIPS("alex"), PHOTO_SIZE, any_source=True)
    assert check.distance(draw) > 0
    assert torch.equal(seen[0], check.kept.landmarks)  # all three for the one that is held out


def _arguments(*words: object) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    personalize_cli.add_personalize_arguments(parser)
    return parser.parse_args([*map(str, words), "--steps", "1", "--threads", "1", "--device", "cpu"])


def test_the_command_hands_the_generator_to_an_exporter(
    generator: LightweightGenerator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    weights = tmp_path / "lightweight.safetensors"
    save_state(weights, {}, {}, ExponentialAverage(generator, 0.9), {"variant": "tiny"})
    given: list[Any] = []
    exporter = lambda generator, output, **facts: given.append((generator, output, facts)) or {}  # noqa: E731
    monkeypatch.setattr(personalize_cli, "find_bundle_exporter", lambda: exporter)
    personalize_cli.run_personalize(_arguments(PORTRAIT, "-o", tmp_path / "me.bundle", "--weights", weights))
    [(exported, output, facts)] = given
    assert isinstance(exported, LightweightGenerator) and output == tmp_path / "me.bundle"
    assert facts["precision"] == "int8" and facts["model_version"].endswith("+person")
    assert "me.bundle" in capsys.readouterr().out


def test_bad_input_is_refused_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle_exporter, "entry_points", lambda group: [])
    with pytest.raises(FileNotFoundError, match=r"pip install 'monalive\[export\]'"):
        personalize_cli.run_personalize(_arguments(PORTRAIT, "-o", tmp_path / "me.bundle"))
    broken = EntryPoint("litert", "no_such_package:export", bundle_exporter.GROUP)
    monkeypatch.setattr(bundle_exporter, "entry_points", lambda group: [broken])
    with pytest.raises(FileNotFoundError, match="no_such_package"):
        find_bundle_exporter()
    monkeypatch.setattr(personalize_cli, "find_bundle_exporter", lambda: None)
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        personalize_cli.run_personalize(_arguments(PORTRAIT, "-o", tmp_path / "none" / "me.bundle"))
    with pytest.raises(ValueError, match="1 to 32 photos"):
        personalize_cli.run_personalize(_arguments(*[PORTRAIT] * 33, "-o", tmp_path / "me.bundle"))
    assert not list(tmp_path.iterdir())


def test_the_distribution_announces_its_exporter() -> None:
    pyproject = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    [announced] = pyproject["project"]["entry-points"][bundle_exporter.GROUP].values()
    pytest.importorskip("litert_torch")
    assert EntryPoint("litert", announced, bundle_exporter.GROUP).load().__name__ == "export_bundle"
