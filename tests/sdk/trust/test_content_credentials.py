"""What is signed: the pixel mark as a soft binding, the source type, the time; and time stamps on request alone."""

from __future__ import annotations

import datetime
import json
import os
import re
import shutil
import socket
from pathlib import Path
from typing import Any

import c2pa
import cv2
import numpy as np
import pytest
from time_stamp_server import time_stamp_server

from monalive.cli import main
from monalive.faces.crop import SquareCrop
from monalive.media.image_io import load_image
from monalive.media.video_sinks import open_sink
from monalive.packaged_assets import sample_portrait_path
from monalive.trust.content_credentials import MARK_ALGORITHM, MEDIA_TYPES, library_context
from monalive.trust.disclosure import Disclosure
from monalive.trust.provenance import DIGITAL_SOURCE_TYPE
from monalive.verification import State, verify

ENTRY = Path(__file__).parents[3] / "docs" / "soft_binding_entry.json"


@pytest.fixture(scope="module")
def face() -> np.ndarray:
    return cv2.resize(load_image(sample_portrait_path()), (128, 128), interpolation=cv2.INTER_AREA)


def write(path: Path, face: np.ndarray, disclosure: Disclosure | None = None) -> Path:
    with open_sink(path, 25, (128, 128), disclosure=disclosure) as sink:
        sink.write(face)
    return path


def manifest(path: Path) -> dict[str, Any]:
    with (
        path.open("rb") as file,
        c2pa.Reader(MEDIA_TYPES[path.suffix], file, context=library_context(os.getpid())) as reader,
    ):
        store = json.loads(reader.json())
    found: dict[str, Any] = store["manifests"][store["active_manifest"]]
    return found


def assertions(path: Path) -> dict[str, Any]:
    return {entry["label"]: entry["data"] for entry in manifest(path)["assertions"]}


def test_the_library_closes_what_let_changed_files_pass() -> None:
    version = tuple(int(part) for part in c2pa.sdk_version().split(".")[:2])
    assert version >= (0, 91)


@pytest.mark.parametrize("name", ["a.png", "a.mp4"])
def test_the_mark_is_a_soft_binding(tmp_path: Path, face: np.ndarray, name: str) -> None:
    square = SquareCrop(10, 20, 100)
    path = write(tmp_path / name, face, Disclosure(regions=[square, SquareCrop(0, 0, 30)]))
    found = assertions(path)
    binding = found["c2pa.soft-binding"]
    (block,) = binding["blocks"]
    assert binding["alg"] == MARK_ALGORITHM
    assert block["value"] == found["monalive.render.animation"]["pixel_mark"]["id"]
    (place,) = block["scope"]["region"]["region"]  # the smaller square is too small for a mark
    assert place["type"] == "spatial" and place["shape"]["type"] == "rectangle" and place["shape"]["unit"] == "pixel"
    assert place["shape"]["origin"] == {"x": 10, "y": 20}
    assert (place["shape"]["width"], place["shape"]["height"]) == (100, 100)
    path = write(tmp_path / f"without{path.suffix}", face, Disclosure(pixel_mark=False))
    assert "c2pa.soft-binding" not in assertions(path)
    assert assertions(write(tmp_path / "whole.png", face))["c2pa.soft-binding"]["blocks"][0]["scope"] == {}


def test_the_entry_for_the_public_list() -> None:
    """The fields that the list's schema asks for, the name that is written, and the media that are marked."""
    entry = json.loads(ENTRY.read_text())
    assert entry["alg"] == MARK_ALGORITHM and re.fullmatch(r"[a-zA-Z0-9]+\.[a-zA-Z0-9.]+", entry["alg"])
    assert entry["type"] == "watermark" and set(entry["decodedMediaTypes"]) == {"image", "video"}
    assert entry["entryMetadata"]["description"] and "encodedMediaTypes" not in entry


def test_source_type_and_time_are_signed(tmp_path: Path, face: np.ndarray) -> None:
    before = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    action = assertions(write(tmp_path / "a.png", face))["c2pa.actions.v2"]["actions"][0]
    assert action["action"] == "c2pa.created" and action["digitalSourceType"] == DIGITAL_SOURCE_TYPE
    assert before <= datetime.datetime.fromisoformat(action["when"]) <= datetime.datetime.now(datetime.UTC)


def test_nobody_is_asked_for_the_time_by_default(
    tmp_path: Path, face: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "a.png", face)
    assert "time" not in manifest(path)["signature_info"]
    found = verify(path)
    assert found.credentials is not None and found.credentials.time == ""


@pytest.mark.skipif(shutil.which("openssl") is None, reason="missing: openssl")
@pytest.mark.parametrize("name", ["a.png", "a.mp4", "a.webm"])
def test_a_time_stamp(
    tmp_path: Path, face: np.ndarray, name: str, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "server").mkdir()
    with time_stamp_server(tmp_path / "server") as address:
        path = write(tmp_path / name, face, Disclosure(timestamp_url=address))
    assert not caplog.records
    found = verify(path)
    assert found.state is State.VALID and found.credentials is not None
    stamped = datetime.datetime.fromisoformat(found.credentials.time)
    assert abs(stamped - datetime.datetime.now(datetime.UTC)) < datetime.timedelta(minutes=5)
    assert main(["verify", str(path)]) == 0
    assert "time stamp: 20" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["a.png", "a.mp4", "a.webm"])
def test_a_server_that_is_not_there_is_one_line(
    tmp_path: Path, face: np.ndarray, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        address = f"http://127.0.0.1:{closed.getsockname()[1]}/"
    path = write(tmp_path / name, face, Disclosure(timestamp_url=address))
    assert len(caplog.records) == 1 and address in caplog.text and "\n" not in caplog.records[0].getMessage()
    found = verify(path)
    assert found.state is State.VALID and found.credentials is not None and found.credentials.time == ""


def test_folders_are_not_stamped(tmp_path: Path, face: np.ndarray) -> None:
    with pytest.raises(ValueError, match="folder"):
        write(tmp_path / "frames", face, Disclosure(timestamp_url="http://127.0.0.1:9/"))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--timestamp", "127.0.0.1"], "is not an address"),
        (["--timestamp", "file:///etc/passwd"], "is not an address"),
        (["--timestamp", "http://"], "is not an address"),
        (["--timestamp", "http://a.example/", "--no-credentials"], "part of the credentials"),
    ],
)
def test_wrong_addresses(capsys: pytest.CaptureFixture[str], arguments: list[str], words: str) -> None:
    assert main(["animate", str(sample_portrait_path()), "--motion", "nod", "-o", "a.mp4", *arguments]) == 2
    said = capsys.readouterr().err
    assert words in said and said.count("\n") == 1
