"""The few-shot table: which frames, which rows, going on where it stopped."""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from moving_clips import moving_face, no_face, write_clip

from monalive.faces.tracker import FaceTracker
from monalive_distill.cli import evaluate_few_shot as command
from monalive_distill.evaluation import few_shot as few_shot_evaluation
from monalive_distill.evaluation import few_shot_rows
from monalive_distill.evaluation.clips import Clip, read_clip, spread_clips
from monalive_distill.evaluation.few_shot_rows import split_clip
from monalive_distill.few_shot.config import FewShotConfig
from monalive_distill.few_shot.train import train_few_shot


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clips")
    write_clip(folder / "a.mp4", moving_face(9))
    write_clip(folder / "b.mp4", no_face(9))
    return folder


@pytest.fixture(scope="module")
def bases(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two runs of a single step."""
    made = []
    for how in ("geometry", "none"):
        run = tmp_path_factory.mktemp("run")
        config = FewShotConfig(variant="tiny", warped_photo=how, episodes=1, photos=1, perceptual_net="alex")  # type: ignore[arg-type]
        ticks = iter([0.0, 0.0, 9.0])
        train_few_shot([cache], run, 1 / 60, config, clock=lambda ticks=ticks: next(ticks))
        made.append(run / "state.safetensors")
    return made


def _run(clips: Path, bases: list[Path], output: Path, *more: str) -> dict:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    words = [str(clips), "-o", str(output), "--base", *map(str, bases), "--shots", "1", "--lightweight-shots", "1", "2"]
    words += ["--steps", "1", "--frames", "8", "--threads", "1", "--device", "cpu", *more]
    command.run(parser.parse_args(words))
    return json.loads((output / "few_shot.json").read_text())


def test_photos_and_tests_have_no_frame_in_common_and_few_photos_belong_to_many(clips: Path) -> None:
    with FaceTracker(networks="mediapipe", settle=True) as tracker:
        clip: Clip = read_clip(clips / "a.mp4", tracker, 7)
    whole = replace(clip, images=clip.images * 6, landmarks=np.concatenate([clip.landmarks] * 6))
    split = split_clip(whole)
    assert split.photos == tuple(range(32)) and split.tests == tuple(range(36, 48))
    assert split.choose(1) == [0] and split.choose(8) == list(range(0, 32, 4)) and split.choose(50) == list(range(32))
    with pytest.raises(ValueError, match="too few frames"):
        split_clip(replace(clip, images=clip.images[:3]))


def test_the_table_and_that_a_clip_done_is_not_done_again(
    clips: Path, bases: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    report = _run(clips, bases, tmp_path)
    expected = ["lightweight T=1", "lightweight T=1 + background flow"]
    expected += ["lightweight T=2", "lightweight T=2 + background flow"]
    for how in ("photo moved by geometry", "no moved photo"):
        expected += [f"few-shot, {how}, {kind} T=1" for kind in ("FF", "FT")]
    assert list(report["rows"]) == expected
    assert report["clips"] == ["a"] and report["clips_asked_for"] == 2 and report["test_frames"] == 2
    assert report["skipped"][0][0] == "b.mp4" and report["settings"]["size"] == 32
    lightweight, untrained = (report["rows"][expected[i]] for i in (0, 6))
    assert lightweight["lpips"] < untrained["lpips"] and lightweight["ssim"] > untrained["ssim"]
    for row in report["rows"].values():  # two frames are too few
        assert row["fd_dlib"] is None and row["fd_dlib_16"] is None
    assert "It needs more frames" in (tmp_path / "few_shot.md").read_text()
    assert "clips/a.jpg" in (tmp_path / "index.html").read_text() and (tmp_path / "clips" / "a.jpg").is_file()
    assert "| lightweight T=1 |" in capsys.readouterr().out

    def refuse(*arguments: object) -> None:
        raise AssertionError("measured again")

    monkeypatch.setattr(few_shot_evaluation, "_measure_clip", refuse)
    assert _run(clips, bases, tmp_path)["rows"] == report["rows"]
    with pytest.raises(AssertionError, match="measured again"):  # with other settings it is another measurement
        _run(clips, bases, tmp_path, "--steps", "2")
    with pytest.raises(ValueError, match="no clip has been measured"):
        _run(clips, bases, tmp_path / "fresh", "--minutes", "0")


def test_a_clip_whose_photo_a_row_cannot_use_does_not_stop_the_others(
    clips: Path, bases: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "clips").mkdir()
    for name in ("a.mp4", "hidden.mp4"):
        (tmp_path / "clips" / name).write_bytes((clips / "a.mp4").read_bytes())
    use = few_shot_rows.LightweightRow.__call__

    def refuse(row: few_shot_rows.LightweightRow, split: few_shot_rows.FewShotSplit, count: int) -> object:
        if split.clip.name == "hidden":
            raise ValueError("no face was found in the photo")
        return use(row, split, count)

    monkeypatch.setattr(few_shot_rows.LightweightRow, "__call__", refuse)
    report = _run(tmp_path / "clips", bases[1:], tmp_path / "out")
    assert report["clips"] == ["a"] and report["skipped"] == [["hidden.mp4", "no face was found in the photo"]]


def test_what_cannot_be_compared_is_refused(clips: Path, bases: list[Path], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="same kind of moved photo"):
        _run(clips, [bases[0], bases[0]], tmp_path)
    with pytest.raises(ValueError, match="T must be at least 1"):
        _run(clips, bases, tmp_path, "--shots", "0")
    with pytest.raises(ValueError, match="number of clips"):
        _run(clips, bases, tmp_path, "--clips", "0")


def test_other_processes_do_not_shorten_a_fine_tuning_on_a_cpu() -> None:
    """A sleeping process, as one that waits for its turn, has no time of its own."""
    clock = few_shot_rows.working_clock("cpu")
    before = clock()
    time.sleep(0.2)
    assert clock() - before < 0.15


def test_a_subset_is_spread_evenly() -> None:
    paths = [Path(str(i)) for i in range(10)]
    assert [path.name for path in spread_clips(paths, 3)] == ["0", "3", "6"]
    assert spread_clips(paths, None) == spread_clips(paths, 20) == paths
