"""Every kind of file that is written says that it was made with AI, and stays readable."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image
from PIL.GifImagePlugin import GifImageFile
from PIL.WebPImagePlugin import WebPImageFile

from monalive.media.image_io import load_image, save_image
from monalive.media.video_sinks import open_sink
from monalive.trust.provenance import DIGITAL_SOURCE_TYPE, SENTENCE

PICTURE = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)


def _write(path: Path, frames: int) -> None:
    with open_sink(path, 25, (64, 48)) as sink:
        for index in range(frames):
            sink.write(np.roll(PICTURE, index, axis=1), index * 40.0)


@pytest.mark.parametrize("suffix", ["mp4", "webm"])
def test_videos_say_so_in_their_tags(tmp_path: Path, suffix: str) -> None:
    _write(tmp_path / f"a.{suffix}", 3)
    with av.open(str(tmp_path / f"a.{suffix}")) as container:
        tags = {name.lower(): value for name, value in container.metadata.items()}
    assert SENTENCE in tags["comment"] and DIGITAL_SOURCE_TYPE in tags["comment"]


@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_stills_carry_xmp(tmp_path: Path, suffix: str) -> None:
    _write(tmp_path / f"a.{suffix}", 1)
    with Image.open(tmp_path / f"a.{suffix}") as image:
        said = image.info.get("XML:com.adobe.xmp") or image.info["xmp"].decode()
    assert DIGITAL_SOURCE_TYPE in said


def test_numbered_frames_carry_xmp_and_exact_pixels(tmp_path: Path) -> None:
    _write(tmp_path / "frames", 2)  # too small for a pixel mark
    with Image.open(tmp_path / "frames" / "000001.png") as image:
        assert DIGITAL_SOURCE_TYPE in image.info["XML:com.adobe.xmp"]
    assert np.array_equal(load_image(tmp_path / "frames" / "000001.png"), np.roll(PICTURE, 1, axis=1))


def test_an_animated_webp_carries_xmp_and_still_plays(tmp_path: Path) -> None:
    _write(tmp_path / "a.webp", 4)
    with Image.open(tmp_path / "a.webp") as image:
        assert isinstance(image, WebPImageFile) and image.n_frames == 4
        assert DIGITAL_SOURCE_TYPE in image.info["xmp"].decode()


def test_a_gif_has_a_comment_and_still_plays(tmp_path: Path) -> None:
    _write(tmp_path / "a.gif", 4)
    with Image.open(tmp_path / "a.gif") as image:
        assert isinstance(image, GifImageFile) and image.n_frames == 4
        assert image.info["comment"] == SENTENCE.encode()


def test_pictures_that_are_not_ours_are_not_marked(tmp_path: Path) -> None:
    save_image(tmp_path / "a.png", PICTURE)
    with Image.open(tmp_path / "a.png") as image:
        assert not image.info
