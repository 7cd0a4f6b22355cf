"""How far a face is from neutral."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from monalive.faces.expressions import load_expressions
from monalive.faces.head_pose import angles_rotation
from monalive.motions.neutral_face import MEASURES, departures, face_measures, most_neutral

BASIS = load_expressions()


def _face(
    pose: tuple[float, float, float] = (0.0, 0.0, 0.0), shift: float = 0.0, scale: float = 90.0, **expression: float
) -> NDArray[np.float64]:
    face: NDArray[np.float64] = BASIS.face(expression) @ angles_rotation(*pose).T * scale + [200 + shift, 180, 0]
    return face


@pytest.mark.parametrize("measure", ["yaw", "pitch", "roll"])
def test_angles_are_those_of_the_head(measure: str) -> None:
    index = MEASURES.index(measure)
    pose = tuple(12.0 if name == measure else 0.0 for name in ("yaw", "pitch", "roll"))
    change = face_measures(_face(pose)) - face_measures(_face())  # type: ignore[arg-type]
    assert abs(change[index]) == pytest.approx(12.0, abs=1e-6)
    assert np.abs(np.delete(change, index)).max() < 1e-6


def test_place_size_and_quarter_turns_of_the_picture_do_not_count() -> None:
    plain = face_measures(_face((5.0, 3.0, 2.0)))
    for other in (_face((5.0, 3.0, 2.0), 70.0, 31.0), _face((5.0, 3.0, 92.0)), _face((5.0, 3.0, -178.0))):
        assert face_measures(other) == pytest.approx(plain, abs=1e-6)


@pytest.mark.parametrize(
    "departing",
    [
        {"eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0},
        {"jawOpen": 0.25},
        {"mouthSmileLeft": 0.9, "mouthSmileRight": 0.9},
        {"mouthPucker": 0.9},
        {"browInnerUp": 0.8, "browOuterUpLeft": 0.8, "browOuterUpRight": 0.8},
        {"pose": (14.0, 0.0, 0.0)},
        {"pose": (0.0, 14.0, 0.0)},
        {"pose": (0.0, 0.0, -14.0)},
    ],
    ids=str,
)
def test_a_face_at_rest_is_found_among_others(departing: dict[str, float]) -> None:
    rest, other = face_measures(_face()), face_measures(_face(**departing))  # type: ignore[arg-type]
    cost = departures(np.stack([rest] * 6 + [other] * 2))
    assert cost[0] < 0.01 and cost[-1] > 0.9
    assert most_neutral(np.stack([other] * 3 + [rest] * 4 + [other] * 2)) == 3  # though it is seen less often


def test_of_frames_alike_the_first_is_taken() -> None:
    random = np.random.default_rng(0)
    frames = [_face() + random.normal(0, 0.15, (478, 3)) for _ in range(20)]
    assert most_neutral(np.stack([face_measures(frame) for frame in frames])) == 0


def test_somebodys_own_brows_and_mouth_are_their_rest() -> None:
    """A person whose brows are high and whose mouth is wide is not always astonished."""
    own = {"browInnerUp": 0.25, "mouthSmileLeft": 0.2, "mouthSmileRight": 0.2}
    frames = [_face(**own)] * 8 + [_face(**own, jawOpen=0.2)]  # type: ignore[arg-type]
    cost = departures(np.stack([face_measures(frame) for frame in frames]))
    assert cost[0] < 1.0 < cost[-1]


def test_points_that_coincide_give_numbers() -> None:
    assert np.isfinite(face_measures(np.zeros((478, 3)))).all()
