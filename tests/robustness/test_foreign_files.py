"""Whatever is in a file, its reader gives a result or one clear error, in bounded memory, and writes nothing."""

from __future__ import annotations

import hashlib
import io
import json
import tempfile
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from parsers import ALLOWED, PARSERS, rezipped, seeds
from PIL import Image

from monalive.bundle import Bundle
from monalive.media.image_io import load_image
from monalive.media.video_io import VideoReader
from monalive.motions.motion import Motion

SEEDS = seeds()
ARCHIVES = ("bundle", "motion", "portrait")
QUICK = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


def parse(kind: str, content: bytes) -> None:
    """Passes if the reader accepts it or refuses it as it should."""
    try:
        PARSERS[kind](content)
    except ALLOWED as error:
        assert str(error)


@pytest.mark.parametrize("kind", PARSERS)
def test_the_seeds_are_valid(kind: str) -> None:
    assert PARSERS[kind](SEEDS[kind]) is not None


@pytest.mark.parametrize("kind", PARSERS)
@QUICK
@given(data=st.data())
def test_damaged_bytes(kind: str, data: st.DataObject) -> None:
    content = bytearray(SEEDS[kind])
    for _ in range(data.draw(st.integers(1, 4))):
        where = data.draw(st.integers(0, len(content)))
        length = data.draw(st.integers(0, 8))
        content[where : where + length] = data.draw(st.binary(max_size=12))
    if data.draw(st.booleans()):
        del content[data.draw(st.integers(0, len(content))) :]
    parse(kind, bytes(content))


@pytest.mark.parametrize("kind", ARCHIVES)
@QUICK
@given(data=st.data())
def test_manifests_that_say_anything(kind: str, data: st.DataObject) -> None:
    """The archive is in order; a value somewhere in its manifest is not."""

    def change(members: dict[str, bytes]) -> None:
        name = next(name for name in members if name.endswith(".json"))
        manifest: Any = json.loads(members[name])
        place, key = manifest, data.draw(st.sampled_from(sorted(manifest)))
        while isinstance(place[key], dict | list) and place[key] and data.draw(st.booleans()):
            place = place[key]
            key = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else list(range(len(place)))))
        if isinstance(place, dict) and data.draw(st.booleans()):
            del place[key]
        else:
            place[key] = data.draw(JSON)
        members[name] = json.dumps(manifest).encode()

    parse(kind, rezipped(SEEDS[kind], change))


@pytest.mark.parametrize("kind", ARCHIVES)
def test_a_manifest_nested_too_deeply(kind: str) -> None:
    def change(members: dict[str, bytes]) -> None:
        name = next(name for name in members if name.endswith(".json"))
        members[name] = b"[" * 100_000

    with pytest.raises(ValueError):
        PARSERS[kind](rezipped(SEEDS[kind], change))


@pytest.mark.parametrize("kind", ARCHIVES)
def test_a_decompression_bomb_is_not_unpacked(kind: str) -> None:
    """64 MiB of zeros in some kilobytes: refused by its size, before anything of it is unpacked."""
    with zipfile.ZipFile(io.BytesIO(SEEDS[kind])) as archive:
        names = archive.namelist()
        members = {name: archive.read(name) for name in names}
    victim = next(name for name in names if name.endswith(".json"))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open(victim, "w", force_zip64=True) as member:
            for _ in range(64):
                member.write(bytes(1 << 20))
        for name in names:
            if name != victim:
                archive.writestr(name, members[name])
    with pytest.raises(ValueError, match=r"67108864 bytes"):
        PARSERS[kind](out.getvalue())


def test_a_bundle_whose_parts_overlap_does_not_fill_the_memory() -> None:
    """One stored part of a megabyte under a thousand names."""
    part = b"x" * (1 << 20)
    entry = {"file": "p.tflite", "sha256": hashlib.sha256(part).hexdigest()}
    manifest = {"schema": 1, "model_version": "1", "parts": {f"p{index}": entry for index in range(1000)}}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("manifest.json", json.dumps(manifest))
        archive.writestr("p.tflite", part)
    with pytest.raises(ValueError, match="more than"):
        PARSERS["bundle"](out.getvalue())


@pytest.mark.parametrize("name", ["../../outside", "/tmp/outside", "..\\outside", "C:\\outside"])
def test_names_that_lead_out_of_a_bundle_stay_names(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def change(members: dict[str, bytes]) -> None:
        manifest = json.loads(members["manifest.json"])
        members[name] = members.pop("animate.tflite")
        manifest["parts"]["animate"]["file"] = name
        members["manifest.json"] = json.dumps(manifest).encode()

    inside = tmp_path / "a" / "b"
    inside.mkdir(parents=True)
    monkeypatch.chdir(inside)
    (inside / "x.bundle").write_bytes(rezipped(SEEDS["bundle"], change))
    assert Bundle.load("x.bundle").parts["animate"]
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["x.bundle"]


def test_a_motion_that_announces_a_million_frames_is_refused_before_they_are_read() -> None:
    def change(members: dict[str, bytes]) -> None:
        manifest = json.loads(members["manifest.json"])
        manifest["frames"] = 1_000_000
        members["manifest.json"] = json.dumps(manifest).encode()

    with pytest.raises(ValueError):
        PARSERS["motion"](rezipped(SEEDS["motion"], change))


def test_motions_hold_no_pixels_of_the_driver(tmp_path: Path) -> None:
    """Landmarks, times and a 16 x 16 flow, byte for byte: there is room for nothing else."""
    random = np.random.default_rng(0)
    motion = Motion(
        random.random((100, 478, 3), np.float32) * 512,
        np.arange(100, dtype=np.float64) * 40.0,
        (512, 512),
        25.0,
        surroundings=np.full((100, 16, 16, 3), 0.5, np.float32),
    )
    motion.save(tmp_path / "a.motion")
    with zipfile.ZipFile(tmp_path / "a.motion") as archive:
        sizes = {info.filename: info.file_size for info in archive.infolist()}
    assert sizes.pop("manifest.json") < 1000
    assert sizes == {
        "landmarks.u16": 100 * 478 * 3 * 2,
        "timestamps.f64": 100 * 8,
        "surroundings.f16": 100 * 16 * 16 * 3 * 2,
    }


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 1)])
def test_pictures_of_a_single_row(tmp_path: Path, size: tuple[int, int]) -> None:
    Image.new("RGB", size).save(tmp_path / "a.png")
    assert load_image(tmp_path / "a.png").shape == (size[1], size[0], 3)


def test_a_picture_of_100_megapixels_and_one_more(tmp_path: Path) -> None:
    Image.new("1", (10_000, 10_000)).save(tmp_path / "a.png")
    assert load_image(tmp_path / "a.png").shape == (10_000, 10_000, 3)
    Image.new("1", (10_000, 10_001)).save(tmp_path / "b.png")
    assert (tmp_path / "b.png").stat().st_size < 200_000
    with pytest.raises(ValueError, match="100 million"):
        load_image(tmp_path / "b.png")


def test_a_video_that_changes_its_size(tmp_path: Path) -> None:
    streams = b""
    for width in (64, 96):
        out = io.BytesIO()
        with av.open(out, "w", format="h264") as container:
            stream = container.add_stream("libx264", rate=25)
            stream.width, stream.height, stream.pix_fmt = width, 48, "yuv420p"
            for value in range(5):
                picture = np.full((48, width, 3), 40 * value, np.uint8)
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            container.mux(stream.encode(None))
        streams += out.getvalue()
    (tmp_path / "a.h264").write_bytes(streams)
    with pytest.raises(ValueError, match="changes its size from 64x48 to 96x48"):
        list(VideoReader(tmp_path / "a.h264"))


@settings(QUICK, max_examples=40)
@given(cut=st.floats(0, 1), where=st.floats(0, 1), value=st.binary(min_size=1, max_size=30))
def test_damaged_videos(cut: float, where: float, value: bytes) -> None:
    content = bytearray(_clip())
    start = int(where * len(content))
    content[start : start + len(value)] = value
    content = content[: int(len(content) * (0.3 + 0.7 * cut))]
    with tempfile.NamedTemporaryFile(suffix=".mp4") as file:
        file.write(content)
        file.flush()
        try:
            with VideoReader(file.name) as reader:
                for _, image in reader:
                    assert image.dtype == np.uint8
        except ALLOWED as error:
            assert str(error)


@cache
def _clip() -> bytes:
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        random = np.random.default_rng(0)
        for _ in range(6):
            picture = random.integers(0, 256, (48, 64, 3), np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return out.getvalue()
