"""`--speech`: what it passes on and says, whose consent it wants, and how bad sound ends. Models are made up."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from fake_animator import FakeAnimator
from speech_stand_ins import loudness_lips, silence, syllables, voiced, write_sound

from monalive import AnimationRequest, Disclosure, Motion, animate_photos
from monalive.cli import main
from monalive.media.image_io import load_image, save_image
from monalive.media.video_io import VideoReader
from monalive.media.video_sinks import open_sink
from monalive.trust.badge import Badge
from monalive.trust.consent import Consent
from monalive.trust.credentials_reader import read_credentials

SPEAK = ["animate", "photo.png", "--speech", "voice.wav"]
CONSENTING = [*SPEAK, "--consent", "artwork"]


@pytest.fixture(autouse=True)
def animator(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeAnimator:
    fake = FakeAnimator()

    def create(*options: Any, **more: Any) -> FakeAnimator:
        fake.options = options
        return fake

    monkeypatch.setattr("monalive.render.animation.create_animator", create)
    monkeypatch.setattr("monalive.speech.lips_network.LipsNetwork.load", loudness_lips)
    # Its pictures go by landmark 0, which must stay in the range of a byte.
    monkeypatch.setattr(fake, "play", _greys(fake))
    monkeypatch.chdir(tmp_path)
    save_image("photo.png", np.full((90, 120, 3), 120, np.uint8))
    write_sound(Path("voice.wav"), syllables())
    return fake


GREY = np.full((4, 4, 3), 90, np.uint8)


def _greys(fake: FakeAnimator) -> Any:
    """A `play` whose frames are all grey."""

    def play(who: Any, motion: Any, *, in_stages: bool = False) -> Iterator[Any]:
        for time, _ in motion:
            yield fake.animate_for_video(who, GREY, time)

    return play


def error_line(capfd: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(arguments) == 2
    out, err = capfd.readouterr()
    assert out == "" and err.count("\n") == 1 and err.startswith("monalive: "), err
    return err


def test_a_sound_makes_a_video_with_that_sound(capfd: pytest.CaptureFixture[str]) -> None:
    assert main([*CONSENTING, "-o", "out.mp4"]) == 0
    assert capfd.readouterr() == ("out.mp4: 75 frames\n", "")
    reader = VideoReader("out.mp4")
    assert reader.has_audio and len(list(reader)) == 75


@pytest.mark.parametrize("name", ["out.mov", "out.webm", "out.gif", "out.webp", "frames"])
def test_every_output_takes_speech(name: str) -> None:
    assert main([*CONSENTING, "-o", name, "-q"]) == 0
    if name == "frames":
        assert len(list(Path(name).iterdir())) == 75
    else:
        assert len(list(VideoReader(name))) == 75
        assert VideoReader(name).has_audio == name.endswith(("mov", "webm"))


def test_rate_length_and_loops(capfd: pytest.CaptureFixture[str]) -> None:
    for more, frames in (("--fps 30", 90), ("--seconds 2", 50), ("--seconds 7", 175), ("--loops 2", 150)):
        assert main([*CONSENTING, "-o", "out.mp4", *more.split()]) == 0
        assert f"{frames} frames" in capfd.readouterr().out


def test_the_sound_is_heard_again_with_its_motion() -> None:
    assert main([*CONSENTING, "-o", "out.mp4", "--loops", "2", "-q"]) == 0
    with av.open("out.mp4") as container:
        frames = [frame.to_ndarray().reshape(-1) for frame in container.decode(audio=0)]
    heard = np.abs(np.concatenate(frames))
    rate = 16000
    for start in (0.5, 3.5):
        assert heard[round((start + 0.05) * rate) : round((start + 1.0) * rate)].max() > 0.1
    assert heard[round(1.9 * rate) : round(3.3 * rate)].max() < 0.02


def test_without_a_statement_of_consent_nobody_speaks(capfd: pytest.CaptureFixture[str]) -> None:
    said = error_line(capfd, *SPEAK, "-o", "out.mp4")
    assert "--consent self" in said and "given" in said and "artwork" in said and "mouth" in said
    assert not Path("out.mp4").exists()
    assert main(["motion", "speech", "voice.wav", "-o", "said.motion", "-q"]) == 0
    said = error_line(capfd, "animate", "photo.png", "--motion", "said.motion", "-o", "out.mp4")
    assert "--consent self" in said
    with pytest.raises(ValueError, match="consent='self'"):
        animate_photos(AnimationRequest(["photo.png"], "out.mp4", speech="voice.wav"))


def test_the_file_says_that_a_sound_drove_the_lips() -> None:
    assert main(["motion", "speech", "voice.wav", "-o", "said.motion", "-q"]) == 0
    for source, speaks in (("--speech voice.wav", True), ("--motion said.motion", True), ("--motion smile", False)):
        line = ["animate", "photo.png", *source.split(), "-o", "out.mp4", "-q", "--consent", "given"]
        assert main(line) == 0
        credentials = read_credentials(Path("out.mp4"), "video/mp4")
        assert credentials is not None and credentials.facts is not None
        facts = credentials.facts
        assert (facts["lips_driven_by_sound"], facts["badge"], facts["consent"]) == (speaks, speaks, "given")


def badged(path: str) -> bool:
    size = (120, 90)
    plain = np.full((90, 120, 3), 120, np.uint8)
    there = np.abs(Badge(size).apply(plain).astype(int) - plain).sum(axis=2) > 60
    shown = load_image(path).astype(int)
    return bool(np.abs(shown - 120).sum(axis=2)[there].mean() > 100)


@pytest.mark.parametrize(
    ("more", "badge"), [("", True), ("--badge", True), ("--no-badge", False)], ids=["default", "on", "off"]
)
def test_the_badge_is_on_unless_it_is_switched_off_by_name(more: str, badge: bool) -> None:
    assert main([*CONSENTING, "-o", "frames", "-q", *more.split()]) == 0
    assert badged("frames/000010.png") == badge
    assert main(["animate", "photo.png", "--motion", "smile", "-o", "other", "-q", *more.split()]) == 0
    assert badged("other/000010.png") == (more == "--badge")


def test_an_answer_about_the_badge_is_kept_in_python() -> None:
    assert Disclosure(speech=True).shows_badge
    assert not Disclosure(speech=True, badge=False).shows_badge
    assert Disclosure(badge=True).shows_badge and not Disclosure().shows_badge


def test_other_readers_see_a_sentence() -> None:
    for speech, expected in ((True, "The lips were driven by a sound"), (False, None)):
        said = Disclosure(consent=Consent.ARTWORK, speech=speech).statement(None)
        description = said.manifest("video/mp4")["assertions"][0]["data"]["actions"][0].get("description")
        assert description is None if expected is None else description.startswith(expected)


def test_silence_is_animated_and_said(capfd: pytest.CaptureFixture[str]) -> None:
    write_sound(Path("voice.wav"), silence(1.0))
    assert main([*CONSENTING, "-o", "out.mp4"]) == 0
    out, err = capfd.readouterr()
    assert out == "out.mp4: 25 frames\n"
    assert err == "monalive: no speech found in voice.wav; the mouth stays shut\n"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("--speech missing.wav -o out.mp4", "no sound at missing.wav"),
        ("--speech empty.wav -o out.mp4", "empty.wav is empty"),
        ("--speech text.wav -o out.mp4", "not a sound that can be read"),
        ("--speech photo.png -o out.mp4", "no sound track"),
        ("--speech mute.mp4 -o out.mp4", "no sound track"),
        ("--speech long.flac -o out.mp4", "longer than 10 minutes"),
        ("--speech . -o out.mp4", "a folder, not a sound"),
        ("--speech /dev/zero -o out.mp4", "a device or a pipe"),
        ("--speech voice.wav -o voice.wav", "replace an input"),
        ("--speech voice.wav -o out.mp4 --boomerang", "do not work with speech"),
        ("--speech voice.wav -o out.mp4 --absolute", "do not work with speech"),
        ("--speech voice.wav -o out.mp4 --reference 3", "do not work with speech"),
        ("--speech voice.wav -o out.mp4 --fps 5", "frame rate from 10 to 120"),
        ("--speech voice.wav -o out.mp4 --seed -1", "from 0"),
        ("--speech voice.wav -o out.mp4 --expression bored", "neutral"),
        ("--speech voice.wav --motion smile -o out.mp4", "not allowed"),
        ("--motion smile -o out.mp4 --expression happy", "need speech"),
        ("--motion smile -o out.mp4 --seed 3", "need speech"),
    ],
)
def test_bad_sound_gives_code_2_and_one_line(arguments: str, told: str, capfd: pytest.CaptureFixture[str]) -> None:
    Path("empty.wav").touch()
    Path("text.wav").write_text("not a sound\n" * 50)
    write_sound(Path("long.flac"), silence(601.0, 8000), 8000, "flac")
    with open_sink("mute.mp4", 25, (64, 48)) as sink:
        sink.write(np.zeros((48, 64, 3), np.uint8))
    before = sorted(Path().rglob("*"))
    assert told in error_line(capfd, "animate", "photo.png", "--consent", "self", *arguments.split())
    assert sorted(Path().rglob("*")) == before


def test_a_motion_of_speech_is_saved(capfd: pytest.CaptureFixture[str]) -> None:
    line = "motion speech voice.wav -o said.motion --expression happy --seed 3 --gain pose=0.5 lips=1.2 --fps 30"
    assert main(line.split()) == 0
    assert capfd.readouterr() == ("said.motion: 90 frames at 30 fps\n", "")
    made = Motion.from_speech("voice.wav", expression="happy", seed=3, gain={"pose": 0.5, "lips": 1.2}, fps=30)
    saved = Motion.load("said.motion")
    assert saved.speech and saved.loop and np.abs(saved.landmarks - made.landmarks).max() < 0.02


@pytest.mark.parametrize(
    ("arguments", "told"),
    [("missing.wav -o a.motion", "missing.wav"), ("voice.wav -o a.mp4", ".motion"), ("voice.wav", "--output")],
)
def test_a_motion_of_speech_that_cannot_be_saved(arguments: str, told: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert told in error_line(capfd, "motion", "speech", *arguments.split())


def test_a_sound_that_starts_late_in_its_file_starts_with_the_picture(animator: FakeAnimator) -> None:
    write_sound(Path("late.mkv"), np.concatenate([silence(0.2), voiced(0.5)]), start_s=2.0)
    assert main(["animate", "photo.png", "--speech", "late.mkv", "--consent", "self", "-o", "out.mp4", "-q"]) == 0
    with av.open("out.mp4") as container:
        heard = [(frame.time or 0.0, np.abs(frame.to_ndarray()).max()) for frame in container.decode(audio=0)]
    assert min(time for time, level in heard if level > 0.1) == pytest.approx(0.2, abs=0.07)
