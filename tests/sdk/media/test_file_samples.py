"""The pictures that a video is judged by."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from monalive.media.file_samples import sample_frames
from monalive.media.video_sinks import open_sink
from monalive.trust.disclosure import Disclosure


def times_seen(path: Path, times: list[float]) -> list[float]:
    """Writes frames whose grey tells their number, and says when those that are sampled were shown."""
    plain = Disclosure(credentials=False, pixel_mark=False)
    with open_sink(path, 25, (64, 64), disclosure=plain) as sink:
        for number, time in enumerate(times):
            sink.write(np.full((64, 64, 3), 10 + number % 80 * 3, np.uint8), time)
    frames = sample_frames([path]).frames
    found = [round((float(frame.mean()) - 10) / 3) for frame in frames]
    return [times[number] for number in found]


def test_of_a_short_video_every_frame_is_seen(tmp_path: Path) -> None:
    """Recordings of slow machines have few frames, unevenly spaced."""
    times = [0.0, 226.0, 261.0, 276.0, 312.0, 427.0, 463.0]
    assert times_seen(tmp_path / "short.mp4", times) == times


@pytest.mark.parametrize("seconds", [2.0, 3.16])
def test_of_a_longer_one_twenty_at_most_from_its_whole_length(tmp_path: Path, seconds: float) -> None:
    seen = times_seen(tmp_path / "longer.mp4", [40.0 * i for i in range(int(seconds * 25))])
    assert 10 <= len(seen) <= 20 and seen[0] == 0
    assert seen[-1] >= seconds * 1000 - 400 and max(np.diff(seen)) <= 320


def test_of_a_long_one_the_first_seconds(tmp_path: Path) -> None:
    seen = times_seen(tmp_path / "long.mp4", [100.0 * i for i in range(80)])
    assert len(seen) == 20 and seen[-1] < 6000
    assert min(np.diff(seen)) >= 200
