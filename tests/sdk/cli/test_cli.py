"""The command line: what it passes on, prints, and how it ends. A fake animator stands in for the models."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_animator import FakeAnimator, fake_motion

from monalive.cli import main
from monalive.media.audio_track import Sound
from monalive.media.image_io import save_image
from monalive.media.video_io import VideoReader
from monalive.media.video_sinks import open_sink
from monalive.motions.motion import Take
from monalive.networks.runtimes import RuntimeOptions
from monalive.trust.credentials_reader import read_credentials


@pytest.fixture
def animator(monkeypatch: pytest.MonkeyPatch) -> FakeAnimator:
    """The animator that commands get; `options` holds what they asked for."""
    fake = FakeAnimator()

    def create(*options: Any, **more: Any) -> FakeAnimator:
        fake.options = options
        return fake

    monkeypatch.setattr("monalive.render.animation.create_animator", create)
    monkeypatch.setattr("monalive.render.live.create_animator", create)
    return fake


@pytest.fixture
def motions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monalive.render.animation.find_motion", lambda name: fake_motion(4))


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    save_image("photo.png", np.full((60, 80, 3), 120, np.uint8))
    with open_sink("driver.mp4", 25, (64, 48)) as sink:
        for grey in (60, 80, 100):
            sink.write(np.full((48, 64, 3), grey, np.uint8))


def error_line(capfd: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Runs a command that must fail with code 2 and one line on standard error, and returns the line."""
    assert main(arguments) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert err.count("\n") == 1, err
    assert err.startswith("monalive: ")
    return err


def test_a_motion_makes_a_video(animator: FakeAnimator, motions: None, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["animate", "photo.png", "--motion", "smile", "-o", "out.mp4"]) == 0
    assert capfd.readouterr().out == "out.mp4: 4 frames\n"
    assert len(list(VideoReader("out.mp4"))) == 4
    assert animator.closed


def test_length_and_rate_of_a_motion(animator: FakeAnimator, motions: None) -> None:
    assert main(["animate", "photo.png", "--motion", "smile", "-o", "frames", "--loops", "3", "-q"]) == 0
    assert len(list(Path("frames").iterdir())) == 12
    assert main(["animate", "photo.png", "--motion", "smile", "-o", "frames", "--seconds", "0.4", "--fps", "50"]) == 0
    assert len(list(Path("frames").iterdir())) == 20


def test_options_reach_the_animator(animator: FakeAnimator, motions: None) -> None:
    line = "animate photo.png photo.png --motion smile -o out.gif --absolute --no-smooth --region pose,eyes --size 640"
    assert main([*line.split(), "--gain", "eyes=1.5", "pose=0.5", "--gain", "lips=2", "--threads", "3"]) == 0
    mode, retarget, bundle, runtime, size = animator.options
    assert size == 640
    stages = RuntimeOptions(num_threads=2, paste_threads=3)  # of 3 in all; pasting takes longest
    assert (mode, bundle, runtime) == ("VIDEO", None, stages)
    assert (retarget.absolute, retarget.smooth) == (True, False)
    assert retarget.regions == {"pose", "eyes"}
    assert dict(retarget.gains) == {"eyes": 1.5, "pose": 0.5, "lips": 2.0}


def test_a_video_drives(animator: FakeAnimator, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["animate", "photo.png", "--driver", "driver.mp4", "-o", "frames", "--crop"]) == 0
    assert capfd.readouterr().out == "frames: 3 frames\n"
    assert animator.options[0] == "VIDEO"


@pytest.mark.parametrize(("given", "taken"), [("", None), ("--reference 2", 2), ("--reference first", "first")])
def test_the_reference_reaches_the_animator(animator: FakeAnimator, given: str, taken: object) -> None:
    assert main(["animate", "photo.png", "--driver", "driver.mp4", "-o", "frames", "-q", *given.split()]) == 0
    assert animator.reference == taken


def test_cuts_are_said_once_with_their_times(animator: FakeAnimator, capfd: pytest.CaptureFixture[str]) -> None:
    for count, told in (
        (1, "monalive: cut in the driver at 0.1 s; the motion restarts there\n"),
        (2, "monalive: 2 cuts in the driver, at 0.1, 0.2 s; the motion restarts at each\n"),
        (
            7,
            "monalive: 7 cuts in the driver, at 0.1, 0.2, 0.3, 0.4, 0.5 s and 2 more; the motion restarts at each\n",
        ),
    ):
        with open_sink("cut.mp4", 20, (64, 48)) as sink:
            for grey in [100, 100, *[250, 100] * count]:
                sink.write(np.full((48, 64, 3), grey, np.uint8))
        assert main(["animate", "photo.png", "--driver", "cut.mp4", "-o", "out.mp4", "--consent", "artwork"]) == 0
        assert capfd.readouterr().err == told
        assert main(["animate", "photo.png", "--driver", "cut.mp4", "-o", "out.mp4", "-q"]) == 0
        assert capfd.readouterr().err == ""


def test_a_driver_can_be_played_to_and_fro(
    animator: FakeAnimator, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    asked: dict[str, Any] = {}
    monkeypatch.setattr(
        "monalive.render.animation.video_motion", lambda path, **how: asked.update(how) or fake_motion(4)
    )
    monkeypatch.setattr("monalive.render.animation.sound_of", lambda path, period: Sound(path, 0.0, period))
    line = "animate photo.png --driver driver.mp4 -o frames --boomerang --loops 2 --consent self -q"
    assert main([*line.split(), "--reference", "3", "--driver-face", "1"]) == 0
    assert len(list(Path("frames").iterdir())) == 12
    assert "the sound of driver.mp4 is left out" in capfd.readouterr().err
    assert asked == {"reference": 3, "progress": False, "driver_face": 1}


@pytest.mark.parametrize(("length", "told"), [("--loops 3", "cut in the driver at 0.1 s"), ("--seconds 0.04", "")])
def test_a_cut_is_said_once_however_often_it_is_passed(
    animator: FakeAnimator, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], length: str, told: str
) -> None:
    rest = np.zeros((3, 3), np.float32)
    motion = replace(fake_motion(4), takes=(Take(0, rest), Take(3, rest)), cuts_ms=(120.0,))
    monkeypatch.setattr("monalive.render.animation.video_motion", lambda path, **how: motion)
    monkeypatch.setattr("monalive.render.animation.sound_of", lambda path, period: None)
    line = f"animate photo.png --driver driver.mp4 -o frames --boomerang --consent self {length}"
    assert main(line.split()) == 0
    said = capfd.readouterr().err
    assert said.count("cut") == bool(told) and told in said


def test_a_picture_drives(animator: FakeAnimator) -> None:
    assert main(["animate", "photo.png", "--driver", "photo.png", "-o", "out.jpg"]) == 0
    assert animator.options[0] == "IMAGE"
    assert Path("out.jpg").exists()


def test_consent_is_asked_for_and_recorded(
    animator: FakeAnimator, motions: None, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["animate", "photo.png", "--driver", "photo.png", "-o", "out.png"]) == 0
    assert "Faces are people" in capfd.readouterr().err
    for consent in ("self", "given", "artwork"):
        assert main(["animate", "photo.png", "--driver", "photo.png", "-o", "out.png", "--consent", consent]) == 0
        assert capfd.readouterr().err == ""
        facts = read_credentials(Path("out.png"), "image/png").facts  # type: ignore[union-attr]
        assert facts is not None and facts["consent"] == consent
    assert main(["animate", "photo.png", "--driver", "photo.png", "-o", "out.png", "--no-credentials", "-q"]) == 0
    assert read_credentials(Path("out.png"), "image/png") is None


def test_quiet_prints_nothing(animator: FakeAnimator, motions: None, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["animate", "photo.png", "--motion", "smile", "-o", "out.mp4", "--quiet"]) == 0
    assert capfd.readouterr() == ("", "")


def test_a_late_face_is_mentioned(animator: FakeAnimator, capfd: pytest.CaptureFixture[str]) -> None:
    with open_sink("late.mp4", 25, (64, 48)) as sink:
        for grey in (0, 0, 100):
            sink.write(np.full((48, 64, 3), grey, np.uint8))
    assert main(["animate", "photo.png", "--driver", "late.mp4", "-o", "out.mp4"]) == 0
    assert "first 2 driver frames" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("animate missing.jpg --motion smile -o out.mp4", "missing.jpg"),
        ("animate photo.png --driver missing.mp4 -o out.mp4", "missing.mp4"),
        ("animate photo.png --driver text.mp4 -o out.mp4", "text.mp4"),
        ("animate text.jpg --motion smile -o out.mp4", "text.jpg"),
        ("animate photo.png --driver faceless.mp4 -o out.mp4", "no face was found"),
        ("animate photo.png --motion smile -o out.avi", ".mp4"),
        ("animate photo.png --motion smile -o none/out.mp4", "does not exist"),
        ("animate photo.png --motion smile -o photo.png", "replace an input"),
        ("animate photo.png --driver driver.mp4 -o driver.mp4", "replace an input"),
        ("animate photo.png --motion smile -o work", "thesis.txt"),
        ("animate photo.png --motion smile -o out.png", "one picture"),
        ("animate photo.png --motion smile -o out.mp4 --face 3", "only one face"),
        ("animate photo.png photo.png --motion smile -o out.mp4 --face all", "only one"),
        ("animate photo.png --motion smile -o frames --face all --crop", "one face"),
        ("animate photo.png --driver driver.mp4 -o out.mp4 --absolute --reference 0", "no reference frame"),
        ("animate photo.png --driver photo.png -o out.png --reference first", "leave out the reference"),
        ("animate photo.png --driver photo.png -o out.mp4 --loops 2", "a picture does not move"),
        ("animate photo.png --driver driver.mp4 -o out.mp4 --pad-to-sound", "no sound to pad to"),
        ("animate photo.png --motion smile -o out.mp4 --pad-to-sound", "--pad-to-sound needs a driver"),
        ("animate photo.png --motion smile -o out.mp4 --size huge", "'native' nor a number"),
        ("animate /dev/zero --motion smile -o out.mp4", "a device or a pipe"),
        ("animate photo.png --driver /dev/zero -o out.mp4", "a device or a pipe"),
        ("verify /dev/zero", "a device or a pipe"),
        ("animate photo.png --motion smile -o out.mp4 --gain eyes=9", "gain"),
        ("animate photo.png --motion smile -o out.mp4 --consent maybe", "artwork"),
        ("animate photo.png --motion smile -o out.mp4 --credential none.pem", "none.pem"),
        ("animate photo.png --motion smile -o out.mp4 --credential photo.png", "private key"),
        ("animate photo.png --motion smile -o out.mp4 --credential a.pem --no-credentials", "not allowed"),
        ("verify none.mp4", "none.mp4"),
        ("verify text.mp4", "text.mp4"),
        # Wrong command lines
        ("", "COMMAND"),
        ("frobnicate", "frobnicate"),
        ("animate photo.png -o out.mp4", "--driver"),
        ("animate photo.png --motion a --driver b -o out.mp4", "not allowed"),
        ("animate photo.png --motion smile", "--output"),
        ("animate photo.png --motion smile -o out.mp4 --face left", "left"),
        ("animate photo.png --motion smile -o out.mp4 --gain eyes", "eyes=1.2"),
        ("animate photo.png --motion smile -o out.mp4 --gain ears=1", "ears"),
        ("animate photo.png --motion smile -o out.mp4 --region pose,ears", "ears"),
        ("animate photo.png --motion smile -o out.mp4 --fps 0", "above 0"),
        ("animate photo.png --motion smile -o out.mp4 --network-every 3", "invalid choice"),
        ("animate photo.png --driver driver.mp4 -o out.mp4 --reference last", "neither 'neutral' nor 'first'"),
        ("animate photo.png --driver driver.mp4 -o out.mp4 --reference -1", "--reference"),
        ("motion extract driver.mp4 -o out.motion --reference 1.5", "1.5"),
        ("live photo.png --reference 3", "invalid choice"),
        ("animate photo.png --motion smile -o out.mp4 --seconds nan", "nan"),
        ("motion extract driver.mp4 -o out.txt", ".motion"),
        ("motion extract missing.mp4 -o out.motion", "missing.mp4"),
        ("live photo.png", "--record"),
    ],
)
def test_bad_input_gives_code_2_and_one_line(
    arguments: str,
    told: str,
    animator: FakeAnimator,
    motions: None,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    for name in ("text.mp4", "text.jpg"):
        Path(name).write_text("not a picture\n" * 50)
    Path("work").mkdir()
    Path("work/thesis.txt").touch()
    with open_sink("faceless.mp4", 25, (64, 48)) as sink:
        sink.write(np.zeros((48, 64, 3), np.uint8))
    before = sorted(Path().rglob("*"))
    assert told in error_line(capfd, *arguments.split())
    assert sorted(Path().rglob("*")) == before


def test_help_is_no_error(capfd: pytest.CaptureFixture[str]) -> None:
    for command in ("", "animate", "verify", "motion", "motion extract", "motion speech", "info", "bench", "live"):
        assert main([*command.split(), "--help"]) == 0
        out, err = capfd.readouterr()
        assert "usage: monalive" in out
        assert err == ""


def test_what_libraries_print_stays_off_standard_error(
    animator: FakeAnimator, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def chatty(request: Any, **options: Any) -> None:
        os.write(2, b"INFO: delegate created\n")
        logging.getLogger("monalive").warning("clip.mp4 is cut short")
        raise ValueError("a\nb")

    monkeypatch.setattr("monalive.render.animation.animate_photos", chatty)
    assert main(["animate", "photo.png", "--motion", "smile", "-o", "out.mp4"]) == 2
    assert capfd.readouterr().err == "monalive: clip.mp4 is cut short\nmonalive: a b\n"


def test_a_program_that_calls_the_command_gets_its_logging_back() -> None:
    root, own = logging.getLogger(), logging.NullHandler()
    root.addHandler(own)
    try:
        before = root.handlers[:], root.level
        assert main(["motion", "list"]) == 0
        assert main(["verify", "nothing.mp4"]) == 2
        assert (root.handlers, root.level) == before
    finally:
        root.removeHandler(own)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interruption_leaves_nothing_behind(number: signal.Signals, code: int, tmp_path: Path) -> None:
    paths = os.pathsep.join(sys.path)
    process = subprocess.Popen(
        [
            sys.executable,
            Path(__file__).parents[2] / "support" / "slow_writer.py",
            "photo.png",
            "out.gif",
            "0.2",
            "1000",
        ],
        env={**os.environ, "PYTHONPATH": paths},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "frame\n"
    assert any(entry.name.startswith(".out") for entry in tmp_path.iterdir())
    time.sleep(0.1)
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    assert process.returncode == code
    assert "Traceback" not in err
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["driver.mp4", "photo.png"]


@pytest.mark.parametrize("colour", ["blau", "#12", "rgb(1,2,3)", ""])
def test_what_is_no_colour_is_refused_in_one_line(
    animator: FakeAnimator, motions: None, capfd: pytest.CaptureFixture[str], colour: str
) -> None:
    assert main(["animate", "photo.png", "--motion", "smile", "-o", "out.mp4", "--background", colour]) == 2
    said = capfd.readouterr().err
    assert "is not a colour; give a name such as white, or #rrggbb" in said
    assert said.count("\n") == 1 and not Path("out.mp4").exists()
