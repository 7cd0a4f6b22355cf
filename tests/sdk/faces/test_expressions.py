"""The expression model: names, symmetry, and that coefficients do what they are called."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from monalive.faces.blendshapes import BLENDSHAPE_NAMES
from monalive.faces.expressions import load_expressions, mirror_indices, mirror_name
from monalive.faces.landmarks import IRIS_CENTRES, LEFT_EYE_CORNERS, RIGHT_EYE_CORNERS, RIGID

BASIS = load_expressions()
MIRROR = np.array([-1.0, 1.0, 1.0])


def test_names_are_the_trackers() -> None:
    assert BASIS.names == BLENDSHAPE_NAMES
    assert BASIS.mean_face.shape == (478, 3) and BASIS.displacements.shape == (52, 478, 3)
    assert "CC BY" in BASIS.sources


def test_mean_face_is_neutral_upright_and_symmetric() -> None:
    face, apertures = BASIS.mean_face, BASIS.apertures
    assert np.allclose(face[list(RIGID)].mean(axis=0), 0.0, atol=1e-6)
    assert np.linalg.norm(face[LEFT_EYE_CORNERS[0]] - face[RIGHT_EYE_CORNERS[0]]) == pytest.approx(1.0, abs=1e-6)
    assert np.allclose(face[BASIS.mirror] * MIRROR, face, atol=1e-6)
    assert np.allclose([eye.openness(face) for eye in apertures.eyes], 0.3, atol=0.06)
    assert abs(apertures.mouth.openness(face)) < 0.015
    assert face[RIGHT_EYE_CORNERS[0], 0] < 0 < face[LEFT_EYE_CORNERS[0], 0]  # their right is on the picture's left
    assert face[10, 1] < face[1, 1] < face[152, 1] and face[1, 2] < face[10, 2]  # y down, nose nearest


def test_displacements_are_mirror_symmetric() -> None:
    for index, name in enumerate(BASIS.names):
        other = BASIS.displacements[BASIS.names.index(mirror_name(name))]
        assert np.allclose(other[BASIS.mirror] * MIRROR, BASIS.displacements[index], atol=2e-3), name


def test_expressions_do_what_they_are_called() -> None:
    mean, apertures = BASIS.mean_face, BASIS.apertures
    assert apertures.mouth.openness(BASIS.face({"jawOpen": 0.5})) > 0.25
    smile = BASIS.face({"mouthSmileLeft": 0.8, "mouthSmileRight": 0.8})
    assert apertures.mouth.width(smile) > 1.08 * apertures.mouth.width(mean)
    assert (smile[[61, 291], 1] < mean[[61, 291], 1]).all()  # corners rise
    assert apertures.mouth.width(BASIS.face({"mouthPucker": 0.9})) < 0.9 * apertures.mouth.width(mean)
    assert (BASIS.face({"browInnerUp": 0.8})[[55, 285], 1] < mean[[55, 285], 1] - 0.01).all()
    wide = BASIS.face({"eyeWideLeft": 0.8, "eyeWideRight": 0.8})
    assert all(eye.openness(wide) > eye.openness(mean) for eye in apertures.eyes)


def test_a_blink_closes_and_never_passes_through() -> None:
    apertures = BASIS.apertures
    for strength in (1.0, 1.5):
        shut = BASIS.face({"eyeBlinkLeft": strength, "eyeBlinkRight": strength})
        for eye in apertures.eyes:
            assert (eye.gaps(shut) > -1e-9).all()
            assert eye.openness(shut) < 0.03
    wink = BASIS.face({"eyeBlinkLeft": 1.2})
    assert apertures.left_eye.openness(wink) < 0.06 < 0.15 < apertures.right_eye.openness(wink)
    pressed = BASIS.face({"mouthPressLeft": 1.0, "mouthPressRight": 1.0, "mouthRollLower": 1.0})
    assert (apertures.mouth.gaps(pressed) > -1e-9).all()


def test_gaze_moves_only_irises() -> None:
    looking = BASIS.face({}, gaze=(20.0, -10.0))
    moved = np.abs(looking - BASIS.mean_face).max(axis=1) > 1e-6
    assert set(np.flatnonzero(moved)) == set(range(468, 478))
    assert (looking[list(IRIS_CENTRES), 0] > BASIS.mean_face[list(IRIS_CENTRES), 0]).all()
    assert (looking[list(IRIS_CENTRES), 1] < BASIS.mean_face[list(IRIS_CENTRES), 1]).all()


def test_coefficients_as_array_and_by_name_agree() -> None:
    values = np.zeros(52)
    values[BASIS.names.index("jawOpen")] = 0.4
    assert np.array_equal(BASIS.displacement(values), BASIS.displacement({"jawOpen": 0.4}))
    assert BASIS.displacement(np.zeros((7, 52))).shape == (7, 478, 3)


def test_bad_coefficients() -> None:
    with pytest.raises(ValueError, match="unknown expression 'smile'"):
        BASIS.face({"smile": 1.0})
    with pytest.raises(ValueError, match="52 coefficients"):
        BASIS.face(np.zeros(51))


def test_mirror_names_and_indices() -> None:
    assert mirror_name("eyeBlinkLeft") == "eyeBlinkRight"
    assert mirror_name(mirror_name("mouthSmileRight")) == "mouthSmileRight"
    assert mirror_name("jawOpen") == "jawOpen"
    assert BASIS.mirror[RIGHT_EYE_CORNERS[0]] == LEFT_EYE_CORNERS[0] and BASIS.mirror[1] == 1
    with pytest.raises(ValueError, match="asymmetric"):
        mirror_indices(np.random.default_rng(0).normal(size=(40, 3)))


def test_bad_files(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nothing\.npz"):
        load_expressions(tmp_path / "nothing.npz")
    for name, content in (("text.npz", b"not an archive"), ("cut.npz", b"PK\x03\x04 cut off")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ValueError, match="not an expression model"):
            load_expressions(tmp_path / name)
    np.savez(tmp_path / "other.npz", x=np.zeros(3))
    with pytest.raises(ValueError, match="not an expression model"):
        load_expressions(tmp_path / "other.npz")
