"""Several photos of a person: which take part in a frame, and what weight each has at each place."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from monalive.faces.expressions import load_expressions
from monalive.faces.landmarks import LIP_PAIRS, LIPS_INNER, LIPS_OUTER
from monalive.player.several_photos import PhotoChoice, blend_weights, face_mask, layer_shares


@pytest.fixture
def face() -> NDArray[np.float32]:
    points = load_expressions().mean_face[:, :2]
    low, high = points.min(0), points.max(0)
    placed: NDArray[np.float64] = (points - (low + high) / 2) / (high - low).max() * 0.5 + 0.5
    return placed.astype(np.float32)


def _shifted(face: NDArray[np.float32], *shifts: float) -> list[NDArray[np.float32]]:
    return [face + np.array([shift, 0], np.float32) for shift in shifts]


def test_one_photo_always_has_the_whole_say(face: NDArray[np.float32]) -> None:
    assert PhotoChoice([face]).gates(face + 0.3).tolist() == [1.0]


def test_the_nearest_photo_makes_the_frame(face: NDArray[np.float32]) -> None:
    choice = PhotoChoice(_shifted(face, 0.0, 0.1, 0.2, 0.3))
    assert choice.gates(_shifted(face, 0.28)[0]).tolist() == [0.0, 0.0, 0.0, 1.0]
    assert choice.gates(_shifted(face, 0.01)[0]).tolist() == [1.0, 0.0, 0.0, 0.0]


def test_only_eligible_photos_are_chosen(face: NDArray[np.float32]) -> None:
    choice = PhotoChoice(_shifted(face, 0.0, 0.1, 0.2), np.array([True, False, True]))
    assert choice.gates(_shifted(face, 0.12)[0]).tolist() == [0.0, 0.0, 1.0]


def test_an_open_mouth_outweighs_a_place(face: NDArray[np.float32]) -> None:
    opened = face.copy()
    opened[list(LIPS_OUTER), 1] += 0.03
    choice = PhotoChoice([face, *_shifted(opened, 0.002)])
    assert choice.gates(opened).tolist() == [0.0, 1.0]


def test_an_opening_that_a_photo_hides_is_taken_from_another(face: NDArray[np.float32]) -> None:
    """Talking lips are nearer to shut ones than to a smile's, but behind those there are teeth."""
    lips, lower = [*LIPS_OUTER, *LIPS_INNER], [pair[1] for pair in LIP_PAIRS]
    talking, smiling = face.copy(), face.copy()
    talking[lower, 1] += 0.02
    smiling[lips, 0] += 0.025 * np.sign(smiling[lips, 0] - 0.5)
    smiling[lower, 1] += 0.03
    importance = np.zeros(478)
    importance[lips] = 1.0
    plain = PhotoChoice([face, smiling], importance=importance)
    choice = PhotoChoice([face, smiling], importance=importance, opening=LIP_PAIRS)
    assert plain.gates(talking).tolist() == [1.0, 0.0]
    assert choice.gates(talking).tolist() == [0.0, 1.0]
    assert choice.gates(face).tolist() == [1.0, 0.0]


def test_photos_fade_into_each_other(face: NDArray[np.float32]) -> None:
    choice = PhotoChoice(_shifted(face, 0.0, 0.1, 0.2, 0.3))
    choice.gates(face)
    wanted = _shifted(face, 0.3)[0]
    gates = np.stack([choice.gates(wanted, 40.0) for _ in range(20)])
    assert gates.sum(1) == pytest.approx(1.0, abs=0.03)
    assert (np.diff(gates[:, 3]) >= 0).all() and 0 < gates[0, 3] < 0.5 and gates[-1, 3] > 0.99
    assert (np.diff(gates[:, 0]) <= 0).all() and gates[0, 0] > 0.5 and gates[-1, 0] == 0
    assert not gates[:, 1:3].any()


def test_a_photo_hardly_nearer_does_not_take_over(face: NDArray[np.float32]) -> None:
    choice = PhotoChoice(_shifted(face, 0.0, 0.1, 0.2))
    in_use = choice.gates(_shifted(face, 0.1)[0])
    assert in_use.tolist() == [0.0, 1.0, 0.0]
    assert choice.gates(_shifted(face, 0.153)[0]).tolist() == in_use.tolist()
    assert choice.gates(_shifted(face, 0.156)[0])[2] == 1.0


def test_weights_are_a_gated_softmax() -> None:
    confidences = np.zeros((3, 2, 2), np.float32)
    confidences[1, 0, 0], confidences[2, 0, 0] = np.log(2), 300.0
    weights = blend_weights(confidences, np.array([1.0, 1.0, 0.5]))
    assert weights.sum(0) == pytest.approx(1.0)
    assert weights[:, 1, 1] == pytest.approx([0.4, 0.4, 0.2])
    assert weights[:, 0, 0] == pytest.approx([0.0, 0.0, 1.0])
    assert blend_weights(confidences[:2], np.ones(2))[:, 0, 0] == pytest.approx([1 / 3, 2 / 3])


def test_layers_laid_over_each_other_show_by_their_weights() -> None:
    weights = np.array([0.5, 0.2, 0.3], np.float32)[:, None, None]
    shown = np.zeros(3)
    for layer, share in enumerate(layer_shares(weights)[:, 0, 0]):
        shown = shown * (1 - share) + np.eye(3)[layer] * share
    assert shown == pytest.approx([0.5, 0.2, 0.3])


def test_the_face_mask_covers_the_face_and_nothing_else(face: NDArray[np.float32]) -> None:
    mask = face_mask(face)
    assert mask.shape == (256, 256) and mask.dtype == np.float32
    assert mask[128, 128] > 0.99 and mask[10, 10] == 0 and mask[128, 5] == 0
