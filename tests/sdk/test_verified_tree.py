"""`monalive verify` of several files and of folders: a table, JSON, and the gravest verdict as exit code."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from monalive.cli import main
from monalive.cli.verify import EXIT_CODES, printable
from monalive.media.image_io import load_image
from monalive.media.video_sinks import open_sink
from monalive.packaged_assets import sample_portrait_path
from monalive.verification import State
from monalive.verified_tree import verify_tree


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    face = np.asarray(cv2.resize(load_image(sample_portrait_path()), (128, 128)), np.uint8)
    folder = tmp_path / "tree"
    (folder / "deep" / "er").mkdir(parents=True)
    for name in ("made.webm", "deep/frames", "deep/made.png"):
        with open_sink(folder / name, 25, (128, 128)) as sink:
            sink.write(face)
    Image.fromarray(face).save(folder / "deep" / "er" / "plain.jpg")
    (folder / "made.pdf").write_bytes((folder / "deep" / "made.png").read_bytes())  # found by its content
    (folder / "notes.txt").write_text("c2pa monalive")
    return folder


def test_every_file_is_found_once(tree: Path) -> None:
    found = {file.path.relative_to(tree).as_posix(): file.found for file in verify_tree(tree)}
    states = {name: None if one is None else one.state for name, one in found.items()}
    assert states == {
        "deep/er/plain.jpg": State.NOT_OURS,
        "deep/frames": State.VALID,
        "deep/made.png": State.VALID,
        "made.pdf": State.VALID,
        "made.webm": State.VALID,
    }
    assert list(found) == ["deep/er/plain.jpg", "deep/frames", "deep/made.png", "made.pdf", "made.webm"]


def test_the_table(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tree / "deep" / "er" / "plain.jpg").unlink()
    assert main(["verify", str(tree)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["verdict", "mark", "credentials", "file"] and lines[-1] == "4 files: 4 valid"
    assert all(line.startswith("valid") and " intact " in line for line in lines[1:-1])
    assert [line.split()[-1] for line in lines[1:-1]] == [
        str(tree / name) for name in ("deep/frames", "deep/made.png", "made.pdf", "made.webm")
    ]


def test_the_gravest_verdict_is_the_exit_code(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(tree)]) == EXIT_CODES["not ours"]
    made = tree / "deep" / "made.png"
    Image.fromarray(load_image(made)).save(tree / "stripped.png")
    assert main(["verify", str(tree)]) == EXIT_CODES["stripped"]
    (tree / "empty.jpg").touch()
    assert main(["verify", str(tree)]) == EXIT_CODES["unreadable"] == 2
    content = bytearray(made.read_bytes())
    content[content.rindex(b"IEND") - 40] ^= 1
    made.write_bytes(content)
    capsys.readouterr()
    assert main(["verify", str(tree), "--json"]) == EXIT_CODES["tampered"]
    said = json.loads(capsys.readouterr().out)
    assert said["verdicts"] == {"tampered": 1, "unreadable": 1, "stripped": 1, "not ours": 1, "valid": 3}
    by_name = {Path(file["file"]).name: file for file in said["files"]}
    assert by_name["empty.jpg"]["state"] == "unreadable" and "empty" in by_name["empty.jpg"]["problem"]
    assert by_name["made.webm"]["origin"] == "monalive"


def test_several_files(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(tree / "made.webm"), str(tree / "deep" / "frames"), str(tree / "none.mp4")]) == 2
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:-1]] == ["valid", "valid", "unreadable"]
    assert "none.mp4" in lines[3] and lines[-1] == "3 files: 1 unreadable, 2 valid"


def test_a_folder_without_media(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "notes.txt").write_text("nothing")
    (tmp_path / "a.c2pa").write_bytes(b"nothing")
    assert main(["verify", str(tmp_path)]) == 2
    said = capsys.readouterr()
    assert said.err.count("\n") == 1 and str(tmp_path) in said.err and not said.out


def test_links_to_folders_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "gone.mp4").symlink_to(tmp_path / "nowhere")
    found = list(verify_tree(tmp_path))
    assert [file.path.name for file in found] == ["gone.mp4"] and "gone.mp4" in found[0].problem


def test_a_folder_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "closed").mkdir()
    real = Path.iterdir

    def refuse(path: Path) -> object:
        if path.name == "closed":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(Path, "iterdir", refuse)  # the tests may run as root, who may read everything
    (found,) = verify_tree(tmp_path)
    assert found.found is None and "Permission denied" in found.problem


def test_file_names_are_printed_escaped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Image.fromarray(np.zeros((64, 64, 3), np.uint8)).save(tmp_path / "a\x1b[31m\nvalid.png")
    assert main(["verify", str(tmp_path)]) == 5
    out = capsys.readouterr().out
    assert "\x1b" not in out and r"a\x1b[31m\nvalid.png" in out
    assert printable("grün \u202e\udcff") == r"grün \u202e\udcff"
