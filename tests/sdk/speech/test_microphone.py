"""Microphones by name, and the newest of what they hear. The sound library is made up."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from speech_stand_ins import voiced

from monalive.speech.microphone import Microphone
from monalive.speech.microphones import find_microphone, microphones
from monalive.speech.voice import SAMPLE_RATE

DEVICES = [("Speakers", 0), ("Built-in Microphone", 2), ("USB Microphone", 1), ("USB Microphone Pro", 1)]


class PortAudioError(Exception):
    """As sounddevice's."""


class FakeSound:
    """Stands in for the module sounddevice."""

    PortAudioError = PortAudioError

    def __init__(self, devices: list[tuple[str, int]], rates: tuple[int, ...] = (16000, 48000)) -> None:
        self.devices, self.rates = devices, rates
        self.streams: list[SimpleNamespace] = []

    def query_devices(self, device: int | None = None, kind: str | None = None) -> Any:
        if kind == "input":
            return {"default_samplerate": float(self.rates[-1])}
        return [{"name": name, "max_input_channels": inputs} for name, inputs in self.devices]

    def InputStream(self, *, samplerate: int, callback: Callable[..., None], **asked: Any) -> SimpleNamespace:
        if samplerate not in self.rates:
            raise PortAudioError("Invalid sample rate", -9997)
        stream = SimpleNamespace(
            samplerate=samplerate, callback=callback, asked=asked, active=False, closed=False, **{"close": None}
        )
        stream.start = lambda: setattr(stream, "active", True)
        stream.close = lambda: setattr(stream, "closed", True)
        self.streams.append(stream)
        return stream


@pytest.fixture
def sound(monkeypatch: pytest.MonkeyPatch) -> FakeSound:
    fake = FakeSound(DEVICES)
    monkeypatch.setitem(sys.modules, "sounddevice", fake)
    return fake


def speak(stream: SimpleNamespace, samples: np.ndarray) -> None:
    """Hands samples over in blocks, as the sound library does."""
    size = stream.asked["blocksize"]
    for first in range(0, len(samples), size):
        stream.callback(samples[first : first + size, None], size, None, None)


def test_microphones_by_number_and_name(sound: FakeSound) -> None:
    assert microphones() == {1: "Built-in Microphone", 2: "USB Microphone", 3: "USB Microphone Pro"}
    assert find_microphone() is None
    assert find_microphone(2) == 2
    assert find_microphone("built") == 1
    assert find_microphone("usb microphone") == 2  # exactly that
    for wanted, said in ((0, "no microphone 0"), (9, "no microphone 9"), ("usb", "more than one"), ("x", "no micro")):
        with pytest.raises(ValueError, match=f"{said}.*here are 1 .Built-in Microphone., 2 "):
            find_microphone(wanted)


def test_the_newest_sound_is_given(sound: FakeSound) -> None:
    with Microphone("built") as microphone:
        (stream,) = sound.streams
        assert stream.active and stream.samplerate == 16000
        assert (stream.asked["device"], stream.asked["channels"], stream.asked["dtype"]) == (1, 1, "float32")
        assert not microphone.last(1000).any()
        said = voiced(5.0)
        for end in (16000, 80000):
            speak(stream, said[end - 16000 : end])
            np.testing.assert_array_equal(microphone.last(10240), said[end - 10240 : end])
        taken = microphone.last(10)
        taken[:] = 9.0  # it is the caller's own
        assert microphone.last(10).max() < 2.0
    assert stream.closed


def test_a_device_of_one_rate_is_resampled(sound: FakeSound) -> None:
    sound.rates = (48000,)
    with Microphone() as microphone:
        (stream,) = sound.streams
        assert stream.samplerate == 48000 and stream.asked["device"] is None
        speak(stream, voiced(1.0, rate=48000))
        heard, expected = microphone.last(SAMPLE_RATE), voiced(1.0)
        lag = np.correlate(heard[:4000], expected[:3900]).argmax()
        assert lag < 160  # what the resampler holds back: under 10 ms
        shifted = expected[: SAMPLE_RATE - 200]
        assert np.corrcoef(heard[lag : lag + len(shifted)], shifted)[0, 1] > 0.95


def test_a_microphone_that_is_pulled_out_is_said(sound: FakeSound) -> None:
    with Microphone() as microphone:
        sound.streams[0].active = False
        with pytest.raises(OSError, match="stopped sending sound; check its cable"):
            microphone.last(10)


def test_what_is_missing_is_said(sound: FakeSound, monkeypatch: pytest.MonkeyPatch) -> None:
    sound.rates = ()
    sound.query_devices = lambda device=None, kind=None: (  # type: ignore[method-assign]
        {"default_samplerate": 44100.0} if kind else [{"name": "a", "max_input_channels": 1}]
    )
    with pytest.raises(OSError, match="cannot be opened: Invalid sample rate; is another program"):
        Microphone()
    monkeypatch.setitem(sys.modules, "sounddevice", FakeSound([("Speakers", 0)]))
    with pytest.raises(OSError, match="there is no microphone here; connect one"):
        Microphone()
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(ImportError, match=r"pip install 'monalive\[live\]'"):
        Microphone()

    def absent(name: str) -> None:
        raise OSError("PortAudio library not found")

    monkeypatch.setattr(importlib, "import_module", absent)
    with pytest.raises(OSError, match="needs the sound library PortAudio"):
        Microphone()


def test_without_a_microphone_one_line_comes_within_two_seconds() -> None:
    code = (
        "import sys, types\n"
        "none = types.SimpleNamespace(query_devices=lambda: [], PortAudioError=OSError)\n"
        "sys.modules['sounddevice'] = none\n"
        "from monalive.cli.main import main\n"
        "code = main(['live', 'a.jpg', '--microphone', '--no-window', '--record', 'o.mp4', '--consent', 'self'])\n"
        "slow = [name for name in ('numpy', 'cv2', 'av', 'PIL') if name in sys.modules]\n"
        "print(code, slow)\n"
    )
    start = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.stdout == "2 []\n"
    assert done.stderr == "monalive: there is no microphone here; connect one, or use --speech with a recording\n"
    assert time.monotonic() - start < 2.0
