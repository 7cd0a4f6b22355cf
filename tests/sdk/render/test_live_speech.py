"""A microphone drives a photo. Microphone and animator are made up, but for one test."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_animator import FakeAnimator
from numpy.typing import NDArray
from speech_stand_ins import loudness_lips, voiced

from monalive import Consent, Disclosure
from monalive.cli import main
from monalive.closing import ClosesAtEnd
from monalive.media.image_io import save_image
from monalive.media.video_io import VideoReader
from monalive.packaged_assets import sample_portrait_path
from monalive.render.live import LiveRequest, run_live
from monalive.speech.voice import SAMPLE_RATE
from monalive.trust.credentials_reader import read_credentials

ARTWORK = Disclosure(consent=Consent.ARTWORK)


class FakeMicrophone(ClosesAtEnd):
    """Hears a word of 0.4 s again and again, in real time."""

    made: list[FakeMicrophone]

    def __init__(self, wanted: int | str) -> None:
        self.wanted, self.closed, self._start = wanted, False, time.monotonic()
        self._said = np.tile(np.concatenate([voiced(0.4, level=1.0), np.zeros(4800, np.float32)]), 60)
        self.made.append(self)

    def last(self, count: int) -> NDArray[np.float32]:
        end = round((time.monotonic() - self._start) * SAMPLE_RATE) + count
        return np.concatenate([np.zeros(count, np.float32), self._said])[end - count : end]

    def close(self) -> None:
        self.closed = True


@pytest.fixture(autouse=True)
def microphones(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[list[FakeMicrophone]]:
    FakeMicrophone.made = []
    monkeypatch.setattr("monalive.render.live.Microphone", FakeMicrophone)
    monkeypatch.setattr("monalive.speech.lips_network.LipsNetwork.load", loudness_lips)
    monkeypatch.chdir(tmp_path)
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    save_image("photo.png", np.full((90, 120, 3), 120, np.uint8))
    yield FakeMicrophone.made


@pytest.fixture
def animator(monkeypatch: pytest.MonkeyPatch) -> FakeAnimator:
    fake = FakeAnimator()
    monkeypatch.setattr("monalive.render.live.create_animator", lambda *options, **more: fake)
    return fake


def test_frames_come_at_their_rate_and_the_file_says_what_drove(
    animator: FakeAnimator, microphones: list[FakeMicrophone], capsys: pytest.CaptureFixture[str]
) -> None:
    line = "live photo.png --microphone USB --record out.mp4 --seconds 0.78 --consent given"
    assert main(line.split()) == 0
    (microphone,) = microphones
    assert microphone.wanted == "USB" and microphone.closed
    times = [time for time, _ in VideoReader("out.mp4")]
    assert 2 <= len(times) <= 20 and all(later > earlier for earlier, later in itertools.pairwise(times))
    assert f"{len(times)} frames" in capsys.readouterr().out
    credentials = read_credentials(Path("out.mp4"), "video/mp4")
    assert credentials is not None and credentials.facts is not None
    facts = credentials.facts
    assert (facts["motion"], facts["lips_driven_by_sound"]) == ("a microphone", True)
    assert (facts["badge"], facts["consent"]) == (True, "given")


def test_slow_frames_are_left_out_and_time_goes_on(animator: FakeAnimator, monkeypatch: pytest.MonkeyPatch) -> None:
    play = animator.play_speaking

    def slowly(*given: Any) -> Iterator[Any]:
        for frame in play(*given):
            time.sleep(0.1)
            yield frame

    monkeypatch.setattr(animator, "play_speaking", slowly)
    request = LiveRequest(["photo.png"], microphone="", record="out", window=False, seconds=0.75, disclosure=ARTWORK)
    assert 2 <= run_live(request).frames <= 8


@pytest.mark.parametrize("badge", [None, True, False])
def test_the_badge_is_in_the_window_unless_switched_off(
    badge: bool | None, animator: FakeAnimator, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[np.ndarray] = []

    class Window:
        pressed = ""

        def __enter__(self) -> Window:
            return self

        def __exit__(self, *error: object) -> None: ...

        def show(self, image: np.ndarray) -> bool:
            shown.append(image)
            return len(shown) < 2

    monkeypatch.setattr("monalive.render.live.open_window", Window)
    run_live(LiveRequest(["photo.png"], microphone=0, disclosure=Disclosure(consent=Consent.SELF, badge=badge)))
    there = bool((shown[-1][60:, 80:] != 120).any())
    assert there == (badge is not False)


def test_without_consent_nothing_is_listened_to(
    animator: FakeAnimator, microphones: list[FakeMicrophone], capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["live", "photo.png", "--microphone", "--record", "out.mp4"]) == 2
    assert "--consent self" in capfd.readouterr().err
    with pytest.raises(ValueError, match="consent='self'"):
        run_live(LiveRequest(["photo.png"], microphone="", record="out.mp4", window=False))
    assert microphones == [] and not Path("out.mp4").exists()


def test_an_expression_without_a_microphone_is_refused(animator: FakeAnimator) -> None:
    for more in ({"expression": "happy"}, {"seed": 2}):
        with pytest.raises(ValueError, match="need a microphone"):
            run_live(LiveRequest(["photo.png"], record="out.mp4", window=False, **more))


def test_a_real_animator_speaks_what_is_heard() -> None:
    """The networks are real, the microphone is not: how late a frame is, is what it took to make."""
    request = LiveRequest(
        [sample_portrait_path()], microphone="", record="out", window=False, seconds=2.0, size=256, disclosure=ARTWORK
    )
    summary = run_live(request)
    frames = sorted(Path("out").iterdir())
    assert summary.frames == len(frames) >= 3
