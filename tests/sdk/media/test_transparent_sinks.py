"""Cut-out frames into every kind of file that can hold them: what is transparent stays so, and nothing bleeds."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from monalive.media.video_sinks import can_be_transparent, open_sink
from monalive.trust.disclosure import Disclosure
from monalive.verification import State, verify

SIDE = 96
PLAIN = Disclosure(credentials=False, pixel_mark=False)


def frames(count: int = 4) -> list[np.ndarray]:
    """(SIDE, SIDE, 4): a square of smooth colours that goes to the right, eight pixels a frame, half clear at its left
    edge."""
    y, x = np.mgrid[:SIDE, :SIDE]
    made = []
    for index in range(count):
        frame = np.dstack([100 + x, 160 - x // 2, 60 + y // 2, np.zeros_like(x)]).astype(np.uint8)
        left = 16 + 8 * index
        frame[24:72, left : left + 40, 3] = 255
        frame[24:72, left, 3] = 100
        made.append(frame)
    return made


def write(path: Path, disclosure: Disclosure = PLAIN) -> list[np.ndarray]:
    shown = frames()
    with open_sink(path, 25, (SIDE, SIDE), disclosure=disclosure, transparent=True) as sink:
        for frame in shown:
            sink.write(frame)
    return shown


def webm_frames(path: Path) -> list[np.ndarray]:
    """As a player that knows of alpha sees it."""
    decoder = av.CodecContext.create("libvpx-vp9", "r")
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.metadata["ALPHA_MODE"] == "1"
        packets = [packet for packet in container.demux(stream) if packet.size]
        decoded = [frame for packet in packets for frame in decoder.decode(packet)] + decoder.decode(None)
        assert all(frame.format.name == "yuva420p" for frame in decoded)
        return [frame.to_ndarray(format="rgba") for frame in decoded]


def picture_frames(path: Path) -> list[np.ndarray]:
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    found = []
    for file in files:
        with Image.open(file) as image:
            for index in range(getattr(image, "n_frames", 1)):
                image.seek(index)
                found.append(np.array(image.convert("RGBA")))
    return found


@pytest.mark.parametrize(
    ("name", "alpha_error", "colour_error"), [("a.webm", 12, 12), ("a.webp", 0, 12), ("frames", 0, 0)]
)
def test_what_is_read_back_is_what_was_written(tmp_path: Path, name: str, alpha_error: int, colour_error: int) -> None:
    written = write(tmp_path / name)
    read = (webm_frames if name.endswith("webm") else picture_frames)(tmp_path / name)
    assert len(read) == len(written)
    for one, other in zip(read, written, strict=True):
        assert np.abs(one[..., 3].astype(int) - other[..., 3]).max() <= alpha_error
        inside = other[..., 3] == 255
        inside[:, 1:] &= inside[:, :-1]
        assert np.abs(one[inside].astype(int) - other[inside]).mean() <= colour_error / 3


def test_a_gif_is_opaque_or_not_and_leaves_no_trail(tmp_path: Path) -> None:
    written = write(tmp_path / "a.gif")
    for one, other in zip(picture_frames(tmp_path / "a.gif"), written, strict=True):
        assert np.array_equal(one[..., 3], np.where(other[..., 3] >= 128, 255, 0))
        inside = other[..., 3] >= 128
        assert np.abs(one[inside].astype(int) - other[inside]).mean() < 4


def test_a_gif_does_not_crawl(tmp_path: Path) -> None:
    frame = frames(1)[0]
    moved = frame.copy()
    moved[30:34, 30:34, :3] = 255 - moved[30:34, 30:34, :3]
    with open_sink(tmp_path / "a.gif", 25, (SIDE, SIDE), disclosure=PLAIN, transparent=True) as sink:
        for one in (frame, moved, frame):
            sink.write(one)
    first, second, third = picture_frames(tmp_path / "a.gif")
    differs = (first != second).any(-1)
    assert differs[30:34, 30:34].any()
    differs[30:34, 30:34] = False
    assert not differs.any() and np.array_equal(third[40:], first[40:])


def test_a_frame_that_shows_nothing(tmp_path: Path) -> None:
    for name in ("a.gif", "a.webp"):
        with open_sink(tmp_path / name, 25, (SIDE, SIDE), disclosure=PLAIN, transparent=True) as sink:
            for frame in (np.zeros((SIDE, SIDE, 4), np.uint8), frames(1)[0], np.zeros((SIDE, SIDE, 4), np.uint8)):
                sink.write(frame)
        shown = [int(frame[..., 3].max()) for frame in picture_frames(tmp_path / name)]
        assert shown == [0, 255, 0]


def test_a_single_picture(tmp_path: Path) -> None:
    frame = frames(1)[0]
    with open_sink(tmp_path / "a.png", 25, (SIDE, SIDE), disclosure=PLAIN, transparent=True) as sink:
        sink.write(frame)
    assert np.array_equal(picture_frames(tmp_path / "a.png")[0], frame)


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.m4v", "a.jpg"])
def test_formats_without_transparency_say_so(tmp_path: Path, name: str) -> None:
    assert not can_be_transparent(tmp_path / name)
    with pytest.raises(ValueError, match=r"cannot be transparent: use \.webm, \.webp, \.gif, \.png or a folder"):
        open_sink(tmp_path / name, 25, (SIDE, SIDE), transparent=True)
    assert not list(tmp_path.iterdir())


def test_frames_of_the_other_kind_are_refused(tmp_path: Path) -> None:
    frame = frames(1)[0]
    for transparent, wrong in ((True, frame[..., :3]), (False, frame)):
        sink = open_sink(tmp_path / "a.webp", 25, (SIDE, SIDE), transparent=transparent)
        with pytest.raises(ValueError, match="RGB"):
            sink.write(wrong)
        sink.abort()


@pytest.mark.parametrize("name", ["a.webm", "a.webp", "a.gif", "frames"])
def test_mark_credentials_and_badge(tmp_path: Path, name: str) -> None:
    rng = np.random.default_rng(1)
    frame = np.full((320, 320, 4), 255, np.uint8)
    frame[..., :3] = np.clip(128 + rng.normal(0, 12, (320, 320, 1)), 0, 255)
    frame[:, :60, 3] = frame[:, 260:, 3] = 0
    with open_sink(tmp_path / name, 25, (320, 320), disclosure=Disclosure(badge=True), transparent=True) as sink:
        for _ in range(3):
            sink.write(frame)
    result = verify(tmp_path / name)
    assert result.state is State.VALID and result.mark is not None
    shown = (webm_frames if name.endswith("webm") else picture_frames)(tmp_path / name)[0]
    assert shown[10, 10, 3] == 0 and shown[160, 160, 3] == 255
    badge = shown[290:312, 270:312]  # on what is transparent
    assert badge[..., 3].max() > 150 and badge[..., :3][badge[..., 3] > 150].min() < 60
