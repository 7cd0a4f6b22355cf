"""The fit of the expression model gives back the model that synthetic people were made with."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from monalive.faces.expressions import load_expressions
from monalive.faces.head_pose import angles_rotation
from monalive_distill.data import fit_expressions
from monalive_distill.data.fit_expressions import Track

BASIS = load_expressions()
RANDOM = np.random.default_rng(0)


def _track(build: np.ndarray, scores: np.ndarray, degrees: float = 8.0) -> Track:
    """A person of some build (478, 3) who shows scores (T, 52), head turning at random, in pixels."""
    frames = []
    for row in scores:
        face = build + BASIS.displacement(row)
        rotation = angles_rotation(*RANDOM.normal(0, degrees, 3))
        frames.append(face @ rotation.T * RANDOM.uniform(90, 110) + RANDOM.uniform(100, 300, 3))
    return Track(np.array(frames), scores)


def _build() -> np.ndarray:
    """The mean face with proportions of its own and a little asymmetry."""
    proportions = 1.0 + RANDOM.normal(0, 0.04, 3)
    return BASIS.mean_face * proportions + RANDOM.normal(0, 0.002, (478, 3))


@pytest.fixture(scope="module")
def people() -> tuple[list[Track], list[tuple[Track, Track]]]:
    clips = [_track(_build(), RANDOM.uniform(0, 0.6, (40, 52))) for _ in range(8)]
    smile = np.zeros((1, 52))
    smile[0, [BASIS.names.index("mouthSmileLeft"), BASIS.names.index("mouthSmileRight")]] = 0.6
    builds = [_build() for _ in range(14)]
    pairs = [(_track(build, 0 * smile, 2.0), _track(build, smile, 2.0)) for build in builds]
    return clips, pairs


def test_the_model_comes_back(people: tuple[list[Track], list[tuple[Track, Track]]]) -> None:
    mean_face, displacements, explained = fit_expressions.fit(*people)
    assert explained > 0.7
    assert np.linalg.norm(mean_face - BASIS.mean_face, axis=-1).mean() < 0.03
    for name in ("jawOpen", "eyeBlinkLeft", "mouthPucker", "browInnerUp", "mouthSmileRight"):
        index = BASIS.names.index(name)
        found, true = displacements[index].ravel(), BASIS.displacements[index].ravel()
        assert found @ true / np.linalg.norm(found) / np.linalg.norm(true) > 0.85, name
        assert np.linalg.norm(found) == pytest.approx(np.linalg.norm(true), rel=0.3), name


def test_the_mean_face_is_symmetric(people: tuple[list[Track], list[tuple[Track, Track]]]) -> None:
    neutral, smiling = ([still.landmarks[0] for still in column] for column in zip(*people[1], strict=True))
    face, mirror = fit_expressions.fit_mean_face(neutral, smiling)
    assert np.allclose(face[mirror] * [-1, 1, 1], face, atol=1e-9)
    assert np.array_equal(mirror, BASIS.mirror)


def test_the_command_reads_a_cache_and_writes_a_model(
    people: tuple[list[Track], list[tuple[Track, Track]]], tmp_path: Path
) -> None:
    for folder in ("clips", "stills", "cache"):
        (tmp_path / folder).mkdir()

    def keep(name: str, track: Track) -> None:
        (tmp_path / ("clips" if name.endswith(".mp4") else "stills") / name).touch()
        np.savez(tmp_path / "cache" / f"{name}.npz", landmarks=track.landmarks, blendshapes=track.blendshapes)

    for number, clip in enumerate(people[0]):
        keep(f"{number}.mp4", clip)
    for number, (neutral, smiling) in enumerate(people[1]):
        keep(f"{number}_neutral.jpg", neutral)
        keep(f"{number}_smiling.jpg", smiling)
    output = tmp_path / "model.npz"
    folders = [f"--{name}={tmp_path / name}" for name in ("clips", "stills", "cache")]
    fit_expressions.main([*folders, "--sources=made up", "-o", str(output)])
    model = load_expressions(output)
    assert model.sources == "made up" and model.names == BASIS.names
    with np.load(output) as archive:
        assert json.loads(str(archive["about"]))["fit"]["pairs"] == 14


def test_empty_folders_are_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        fit_expressions.main([f"--{name}={tmp_path}" for name in ("clips", "stills", "cache", "sources", "output")])
    assert stop.value.code == 2 and "no clip" in capsys.readouterr().err
