"""Which frames expressions are read in, and what the tables say of known changes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from moving_clips import moving_face, no_face, write_clip

from monalive_distill.evaluation.expression_tables import expression_section, stage_rows
from monalive_distill.evaluation.expressions import (
    PEAK_OF_BLINK,
    Expressions,
    blink_peaks,
    expressive_frames,
    measured_reach,
    measured_stages,
)
from monalive_distill.evaluation.face_readings import MEASURES, READINGS, FaceReader, Readings
from monalive_distill.mediapipe_tracker import task_file
from monalive_distill.mediapipe_tracker.networks import mediapipe_tracker
from monalive_distill.metrics.expressions import EXPRESSION_GROUPS


def changes(frames: int = 30) -> Readings:
    """Every reading changes, each by its own series, by much more than what counts as a change."""
    random = np.random.default_rng(1)
    return (random.uniform(-3, 3, (frames, len(READINGS))) * list(READINGS.values())).astype(np.float32)


def test_a_copy_reaches_everything_and_a_still_photo_nothing() -> None:
    truth = changes()
    clip = Expressions(truth, truth, {}, {"copy": truth, "still": 0 * truth})
    reach = measured_reach({"clip": clip})
    assert list(reach["copy"])[:2] == ["blink", PEAK_OF_BLINK] and set(reach["copy"]) > set(EXPRESSION_GROUPS)
    for name in reach["copy"]:
        assert reach["copy"][name].slope == pytest.approx(1) and reach["still"][name].slope == 0


def test_groups_that_nobody_moves_are_left_out() -> None:
    calm = (changes() / 4).astype(np.float32)
    clips = {"clip": Expressions(calm, calm, {}, {"copy": calm})}
    assert measured_reach(clips) == {"copy": {}}
    assert measured_stages(clips) == {"copy": {}}


def test_every_stage_has_its_own_slope() -> None:
    truth = changes()
    clip = Expressions(truth, 0.8 * truth, {"ours": 0.6 * truth}, {"ours": 0.3 * truth, "else": truth})
    stages = measured_stages({"one": clip, "another": clip})
    assert set(stages["ours"]) == set(MEASURES)
    for name in MEASURES:
        ours, other = stages["ours"][name], stages["else"][name]
        assert (ours.tracked, ours.asked, ours.seen) == pytest.approx((0.8, 0.6, 0.3))
        assert other.asked is None and other.seen == pytest.approx(1)


def test_the_table_of_stages_is_relative_and_in_brackets_absolute() -> None:
    one = {"tracked": 0.8, "asked": 0.6, "seen": 0.3}
    modes = {
        "relative": {"stages": {"ours": {"gaze": one}, "else": {"gaze": one | {"asked": None}}}, "reach": {}},
        "absolute": {"stages": {"ours": {"gaze": one | {"seen": 0.5}}, "else": {"gaze": one}}, "reach": {}},
    }
    rows = stage_rows(modes)
    assert rows == {
        "ours": {
            "the tracker reads": {"gaze": "0.80 (0.80)"},
            "asked of the portrait": {"gaze": "0.60 (0.60)"},
            "seen in the picture": {"gaze": "0.30 (0.50)"},
        }
    }
    assert "<td>0.30 (0.50)" in expression_section(modes, {})
    assert stage_rows({"cross": modes["relative"]}) == {}


def test_peaks_are_those_of_two_blinks() -> None:
    blinks = {2 * i: 0.1 for i in range(50)} | {20: 0.8, 22: 0.9, 24: 0.85, 70: 0.6, 72: 0.5}
    assert blink_peaks(blinks) == [22, 70]
    assert blink_peaks({4: 0.3, 6: 0.2}) == [4] and blink_peaks({}) == []


def test_expressive_frames_of_a_clip(tmp_path: Path) -> None:
    try:
        task_file.packaged_task_path()
    except FileNotFoundError as missing:
        pytest.skip(str(missing))
    path = write_clip(tmp_path / "clip.mp4", moving_face(9))
    with mediapipe_tracker() as tracker:
        frames = expressive_frames(path, tracker, FaceReader(), 2)
        assert {1, 8} <= set(frames) <= set(range(1, 9)) and len(frames) in (2, 3)
        assert expressive_frames(path, tracker, FaceReader(), 0) == []
        with pytest.raises(ValueError, match="fewer than two"):
            expressive_frames(write_clip(tmp_path / "one.mp4", no_face(1)), tracker, FaceReader(), 2)
