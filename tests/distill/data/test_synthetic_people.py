"""Synthetic people: drawing, writing, continuing a set; the generator where its package is installed."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from monalive_distill.cli import main
from monalive_distill.data import face_generator, style_directions
from monalive_distill.data.face_generator import LAYER_SIZES, FaceGenerator
from monalive_distill.data.style_directions import StyleDirections
from monalive_distill.data.synthetic_people import MAX_YAW, Person, draw_person, synthesize

needs_generator = pytest.mark.skipif(
    importlib.util.find_spec("random_face") is None, reason="the package random-face is not installed"
)
DIRECTIONS = StyleDirections(
    ("yaw", "pitch", "smile", "jawOpen"),
    np.eye(4, 512, dtype=np.float32),
    (range(0, 2), range(2, 4), range(4, 6), range(0, 23)),
)


class FlatGenerator(FaceGenerator):
    """In the real one's place: plain pictures whose grey is the seed."""

    def __init__(self) -> None:
        self.rendered = 0

    def styles(self, seeds: Sequence[int], truncation: float = 0.7) -> NDArray[np.float32]:
        return np.stack([np.full(512, seed, np.float32) for seed in seeds])

    def render(self, styles: NDArray[np.float32], size: int = 256) -> NDArray[np.uint8]:
        self.rendered += len(styles)
        grey = styles[:, -1, -1].astype(np.uint8)
        return np.broadcast_to(grey[:, None, None, None], (len(styles), size, size, 3)).copy()


def make(folder: Path, people: int, **settings: Any) -> tuple[list[Person], FlatGenerator]:
    generator = FlatGenerator()
    made = list(synthesize(folder, generator, DIRECTIONS, people=people, **{"size": 32, **settings}))
    return made, generator


def test_person_follows_from_the_seed() -> None:
    assert draw_person(7) == draw_person(7)
    assert draw_person(7) != draw_person(8)
    people = [draw_person(seed, variants=3) for seed in range(50)]
    assert all(len(person.variants) == 3 and person.variants[0] == {} for person in people)
    yaws = np.array([[edit["yaw"] for edit in person.variants[1:]] for person in people])
    assert np.abs(yaws).max() <= MAX_YAW
    assert (yaws[:, 0] * yaws[:, 1] <= 0).all(), "the two turns of a person go to opposite sides"
    assert 10 < (yaws[:, 0] > 0).sum() < 40
    for seed, variants in ((-1, 4), (0, 0)):
        with pytest.raises(ValueError, match="seed must be"):
            draw_person(seed, variants)


def manifest_people(folder: Path) -> list[Person]:
    _, *entries = map(json.loads, (folder / "people.jsonl").read_text().splitlines())
    return [Person(entry["seed"], entry["truncation"], tuple(entry["variants"])) for entry in entries]


def test_single_pictures_are_turned_too(tmp_path: Path) -> None:
    made, generator = make(tmp_path, people=3, variants=1, edit_first=True)
    assert generator.rendered == 3 and all("yaw" in person.variants[0] for person in made)
    assert manifest_people(tmp_path) == made
    with pytest.raises(ValueError, match="take another folder"):
        make(tmp_path, people=3, variants=1)


def test_set_has_pictures_and_a_manifest_that_reproduces_it(tmp_path: Path) -> None:
    made, _ = make(tmp_path / "set", people=3, first_seed=40)
    assert manifest_people(tmp_path / "set") == made == [draw_person(seed) for seed in (40, 41, 42)]
    pictures = sorted(path.name for path in (tmp_path / "set").glob("*.jpg"))
    assert len(pictures) == 12 and pictures[:2] == ["000040_0.jpg", "000040_1.jpg"]
    picture = cv2.imread(str(tmp_path / "set" / "000041_3.jpg"))
    assert picture is not None and picture.shape == (32, 32, 3) and abs(int(picture[5, 5, 0]) - 41) <= 1


def test_stopped_run_is_continued_and_its_broken_last_line_mended(tmp_path: Path) -> None:
    make(tmp_path, people=2)
    manifest = tmp_path / "people.jsonl"
    manifest.write_text(manifest.read_text() + '{"seed": 2, "trunc')
    made, generator = make(tmp_path, people=4)
    assert [person.seed for person in made] == [2, 3] and generator.rendered == 8
    assert [person.seed for person in manifest_people(tmp_path)] == [0, 1, 2, 3]


def test_no_new_person_once_time_is_up(tmp_path: Path) -> None:
    made, generator = make(tmp_path, people=5, seconds=0)
    assert made == [] and generator.rendered == 0 and manifest_people(tmp_path) == []


def test_other_settings_or_a_damaged_manifest_are_refused(tmp_path: Path) -> None:
    make(tmp_path, people=1)
    with pytest.raises(ValueError, match="another folder"):
        make(tmp_path, people=1, variants=2)
    (tmp_path / "people.jsonl").write_text('{"format": "something else"}\n')
    with pytest.raises(ValueError, match="is not a manifest of synthetic people"):
        make(tmp_path, people=1)


def test_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(face_generator, "FaceGenerator", lambda device: FlatGenerator())
    monkeypatch.setattr(style_directions, "load_directions", lambda: DIRECTIONS)
    words = ["-o", str(tmp_path), "--people", "2", "--size", "16", "--variants", "1"]
    assert main(["synthesize", *words]) == 0
    assert "2 people" in capsys.readouterr().out
    settings = json.loads((tmp_path / "people.jsonl").read_text().splitlines()[0])
    assert settings["generator"] == face_generator.GENERATOR_PACKAGE and settings["size"] == 16


def test_missing_generator_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(FileNotFoundError, match="pip install --no-deps random-face"):
        FaceGenerator()


def test_folder_without_the_generator(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="MappingNetwork"):
        FaceGenerator(tmp_path)


@pytest.fixture(scope="module")
def generator() -> FaceGenerator:
    return FaceGenerator()


@needs_generator
def test_styles_follow_from_their_seeds(generator: FaceGenerator) -> None:
    styles = generator.styles([3, 4])
    assert styles.shape == (2, 512) and not np.allclose(styles[0], styles[1], atol=0.1)
    assert np.allclose(styles[0], generator.styles([3])[0], atol=1e-4)
    assert np.allclose(generator.styles([3], truncation=1e-6)[0], generator.mean_style, atol=1e-4)


@needs_generator
def test_half_size_is_the_full_picture_averaged(generator: FaceGenerator) -> None:
    style = generator.styles([3])
    full = generator.render(style, 1024)[0].astype(np.float64)
    per_layer = np.repeat(style[:, None], len(LAYER_SIZES), axis=1)
    half = generator.render(per_layer, 512)[0].astype(np.float64)
    assert np.abs(full.reshape(512, 2, 512, 2, 3).mean(axis=(1, 3)) - half).mean() < 1.0
    skin = half[192:320, 192:320].mean(axis=(0, 1))
    assert skin[0] > skin[1] > skin[2], "the picture is RGB: skin is redder than blue"


@needs_generator
def test_fine_layers_change_colours_and_coarse_layers_the_outline(generator: FaceGenerator) -> None:
    own, other = generator.styles([3, 4])
    mixed = np.repeat(own[None, None], len(LAYER_SIZES), axis=1)
    mixed[:, 14:] = other
    pictures = generator.render(np.concatenate((np.repeat(own[None, None], 23, axis=1), mixed)), 32) / 255
    outlines = (pictures - pictures.mean(axis=(1, 2), keepdims=True)).mean(axis=3).reshape(2, -1)
    assert np.corrcoef(outlines)[0, 1] > 0.7
    assert np.abs(pictures[0] - pictures[1]).max() > 0.05


@needs_generator
@pytest.mark.parametrize(("shape", "size"), [((1, 5), 64), ((1, 7, 512), 64), ((1, 512), 100), ((1, 512), 0)])
def test_what_cannot_be_rendered(generator: FaceGenerator, shape: tuple[int, ...], size: int) -> None:
    with pytest.raises(ValueError, match=r"styles must be|size must be"):
        generator.render(np.zeros(shape, np.float32), size)
