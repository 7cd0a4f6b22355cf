"""Making a training cache from videos and from pictures, and the command line around it."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from monalive.media.image_io import load_image, save_image
from monalive.media.video_sinks import open_sink
from monalive_distill.cli.main import main
from monalive_distill.data.prepare import prepare
from monalive_distill.data.training_pairs import load_sequences


@pytest.fixture(scope="module")
def portrait() -> np.ndarray:
    image = load_image(Path(str(resources.files("monalive").joinpath("assets", "sample_portrait.jpg"))))
    return np.ascontiguousarray(image[::2, ::2])


def _video(path: Path, frames: list[np.ndarray]) -> None:
    with open_sink(path, 25, (frames[0].shape[1], frames[0].shape[0])) as sink:
        for index, frame in enumerate(frames):
            sink.write(frame, index * 40.0)


def test_videos_in_folders_per_person(tmp_path: Path, portrait: np.ndarray) -> None:
    clips = tmp_path / "clips"
    (clips / "anna").mkdir(parents=True)
    _video(clips / "anna" / "one.mp4", [np.roll(portrait, 3 * i, axis=1) for i in range(5)])
    _video(clips / "empty.mp4", [np.zeros_like(portrait)] * 3)
    made = prepare(clips, tmp_path / "cache", kind="clip", stride=2, progress=False)
    assert (made.sequences, made.frames) == (1, 3)
    assert len(made.left_out) == 1 and made.left_out[0].startswith("empty")
    (sequence,) = load_sequences(tmp_path / "cache")
    assert (sequence.name, sequence.person, sequence.kind) == ("anna_one", "anna", "clip")
    assert sequence.frames.shape == (3, 256, 256, 3) and sequence.landmarks.shape == (3, 478, 3)
    drift = (sequence.landmarks[2] - sequence.landmarks[0])[:, 0].mean()
    assert drift == pytest.approx(12 / portrait.shape[1], rel=0.35)  # the crop stays, the face moves in it


def test_a_table_of_clips_names_the_people(tmp_path: Path, portrait: np.ndarray) -> None:
    (tmp_path / "clips").mkdir()
    _video(tmp_path / "clips" / "a.mp4", [portrait] * 3)
    (tmp_path / "clips.tsv").write_text("file\tidentity\na.mp4\tanna\n")
    prepare(tmp_path / "clips", tmp_path / "cache", kind="clip", stride=1, progress=False)
    assert load_sequences(tmp_path / "cache")[0].person == "anna"


def test_pictures_are_grouped_by_person(tmp_path: Path, portrait: np.ndarray) -> None:
    (tmp_path / "people").mkdir()
    for name in ("7_neutral", "7_smiling", "8_neutral"):
        save_image(tmp_path / "people" / f"{name}.png", portrait)
    made = prepare(tmp_path / "people", tmp_path / "cache", kind="stills", progress=False)
    assert made.sequences == 1 and "8" in made.left_out[0]
    assert load_sequences(tmp_path / "cache")[0].person == "7"
    assert prepare(tmp_path / "people", tmp_path / "all", kind="stills", least=1, progress=False).sequences == 2


def test_pictures_of_somebody_else_are_left_out(tmp_path: Path, portrait: np.ndarray) -> None:
    """As edits of synthetic people give them; whoever wants them all says so."""
    other = load_image(Path(str(resources.files("monalive").joinpath("assets", "sample_portrait_2.jpg"))))
    people = tmp_path / "people"
    people.mkdir()
    for name, picture in (("7_0", portrait), ("7_1", other), ("7_2", np.roll(portrait, 5, axis=1))):
        save_image(people / f"{name}.png", picture)
    made = prepare(people, tmp_path / "cache", kind="synthetic", progress=False)
    assert made.frames == 2 and made.left_out == (
        "pictures that show another person than the first picture (CSIM < 0.95): 1",
    )
    (sequence,) = load_sequences(tmp_path / "cache")
    first, last = (np.asarray(frame, np.int16) for frame in sequence.frames)
    assert np.abs(np.roll(first, 5, axis=1) - last)[64:192, 64:192].mean() < 12
    assert prepare(people, tmp_path / "all", kind="synthetic", same_person=0, progress=False).frames == 3
    with pytest.raises(ValueError, match="from 0 to 1, not 2"):
        prepare(people, tmp_path / "none", kind="synthetic", same_person=2)
    (people / "7_2.png").unlink()
    with pytest.raises(FileNotFoundError, match=r"can be used for training: 7: 1 pictures .*another person.*: 1$"):
        prepare(people, tmp_path / "none", kind="synthetic", progress=False)


@pytest.mark.parametrize(
    "command",
    [
        ["prepare", "{folder}/none", "-o", "{folder}/cache"],
        ["prepare", "{folder}", "-o", "{folder}/cache"],
        ["train", "{folder}", "-o", "{folder}/run", "--minutes", "1"],
        ["evaluate", "{folder}", "-o", "{folder}/report"],
    ],
)
def test_bad_input_ends_with_one_line_and_code_2(
    tmp_path: Path, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([word.format(folder=tmp_path) for word in command]) == 2
    said = capsys.readouterr().err.strip().splitlines()
    assert said[-1].startswith("monalive-distill: ") and str(tmp_path) in said[-1]
    assert not any("Traceback" in line for line in said)
