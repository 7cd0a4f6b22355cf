"""What a driver that is still going on is counted from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from monalive.faces.expressions import load_expressions
from monalive.faces.head_pose import angles_rotation
from monalive.player.driver_anchor import Anchoring, DriverAnchor, LiveReference

BASIS = load_expressions()


def _face(jaw: float = 0.0, yaw: float = 0.0, shift: float = 0.0) -> NDArray[np.float32]:
    face = BASIS.face({"jawOpen": jaw}) @ angles_rotation(yaw, 0.0, 0.0).T * 100 + [200 + shift, 200, 0]
    return face.astype(np.float32)


def _play(
    anchor: DriverAnchor, faces: Sequence[NDArray[np.float32] | None], start: int = 0, step_ms: float = 100.0
) -> dict[int, Anchoring]:
    """What was anchored, by the number of the frame."""
    made = {index: anchor(face, index * step_ms, other_picture=False) for index, face in enumerate(faces, start)}
    return {index: anchoring for index, anchoring in made.items() if anchoring is not None}


@pytest.mark.parametrize("reference", ["neutral", "first", "recent"])
def test_the_first_face_is_taken_at_once(reference: LiveReference) -> None:
    faces = [None, None, _face(0.3), _face(0.3)]
    made = _play(DriverAnchor(reference), faces)
    assert list(made) == [2] and made[2].landmarks is faces[2] and not made[2].after_cut


@pytest.mark.parametrize("reference", ["neutral", "recent"])
def test_a_more_neutral_face_of_the_first_seconds_takes_over(reference: LiveReference) -> None:
    faces = [_face(0.3, 12.0)] * 8 + [_face(0.0, 6.0)] * 4 + [_face()] * 30
    made = _play(DriverAnchor(reference), faces)
    assert list(made) == [0, 8, 13]  # half a second apart at least
    assert made[8].landmarks is faces[8] and made[13].landmarks is faces[12]
    assert made[13].glide_ms > 0 and not made[13].after_cut


def test_the_first_face_stays_where_it_is_asked_for() -> None:
    assert list(_play(DriverAnchor("first"), [_face(0.3, 12.0)] * 8 + [_face()] * 30)) == [0]


def test_after_the_first_seconds_nothing_changes() -> None:
    assert list(_play(DriverAnchor("neutral"), [_face(0.3, 12.0)] * 35 + [_face()] * 300)) == [0]


def test_somebody_at_rest_stays_anchored() -> None:
    noise = np.random.default_rng(0).normal(0, 0.2, (200, 478, 3)).astype(np.float32)
    assert list(_play(DriverAnchor("neutral"), [_face() + one for one in noise])) == [0]


def test_live_somebody_who_sits_differently_is_at_rest_again() -> None:
    """After ten seconds they sit to the left and keep turning their head; within another 15 that is their place."""
    moved = [_face(yaw=10.0 * np.sin(index / 5), shift=min(40.0, index - 100.0)) for index in range(100, 400)]
    made = _play(DriverAnchor("recent"), [_face()] * 100 + moved)
    assert list(made) == [0, 150, 300]
    assert made[300].landmarks[1, 0] - _face(shift=40.0)[1, 0] == pytest.approx(0, abs=3.0)
    assert made[300].glide_ms >= 1000


def test_live_somebody_who_looks_away_is_not_at_rest() -> None:
    made = _play(DriverAnchor("recent"), [_face()] * 160 + [_face(yaw=25.0)] * 400)
    assert list(made) == [0, 150, 300]
    assert np.array_equal(made[300].landmarks, _face())  # as it was before


def test_a_frame_of_the_stream_by_its_number() -> None:
    made = _play(DriverAnchor(12), [_face(0.1)] * 12 + [_face(0.3)] * 40)
    assert list(made) == [0, 12] and made[12].landmarks[14, 1] > made[0].landmarks[14, 1]


@pytest.mark.parametrize("reference", ["neutral", "first", "recent"])
def test_asked_for_the_next_face_is_taken(reference: LiveReference) -> None:
    anchor = DriverAnchor(reference)
    _play(anchor, [_face()] * 10)
    anchor.ask()
    made = _play(anchor, [None, _face(0.2, 10.0), *[_face()] * 20], start=10)
    assert list(made) == [11] and not made[11].after_cut  # and it stays, though others are more neutral


def test_after_a_cut_it_begins_anew() -> None:
    anchor = DriverAnchor("neutral")
    _play(anchor, [_face()] * 40)
    cut = anchor(_face(0.3, 12.0, 120.0), 4000.0, other_picture=True)
    assert cut is not None and cut.after_cut
    later = [anchor(_face(shift=120.0), 4100.0 + 100 * index, other_picture=False) for index in range(10)]
    assert [made is not None for made in later].count(True) == 1


@pytest.mark.parametrize("reference", ["last", -1, 0.5])
def test_other_references_are_refused(reference: LiveReference) -> None:
    with pytest.raises(ValueError, match="the reference must be"):
        DriverAnchor(reference)
