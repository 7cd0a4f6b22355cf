"""Videos are read whatever made them, and written so that they read back as they were, sound in its place."""

from __future__ import annotations

import gc
import http.server
import logging
import os
import struct
import threading
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image
from PIL.GifImagePlugin import GifImageFile
from PIL.WebPImagePlugin import WebPImageFile

from monalive.media.audio_track import Sound
from monalive.media.video_io import VideoReader
from monalive.media.video_sinks import can_hold_sound, open_sink
from monalive.trust.disclosure import Disclosure

WIDTH, HEIGHT, FPS = 96, 64, 25
# Encoders alone; what is added to say that a file is AI-made has tests of its own.
PLAIN = Disclosure(credentials=False, pixel_mark=False)


def scene(index: int, width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """A gradient with texture over which a bright square moves: smooth and sharp parts, all hues."""
    y, x = np.mgrid[:height, :width]
    image = np.stack([x * 255 / width, y * 255 / height, 128 + 60 * np.sin((x + y) / 9)], -1)
    left = 4 + 2 * index % (width // 2)
    image[10:26, left : left + 16] = (230, 180, 40)
    return image.round().astype(np.uint8)


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    return float(10 * np.log10(255**2 / max(np.mean((a.astype(float) - b) ** 2), 1e-9)))


def write_clip(path: Path, count: int = 10, audio_from: Path | None = None) -> Path:
    with open_sink(path, FPS, (WIDTH, HEIGHT), audio_from, disclosure=PLAIN) as sink:
        for index in range(count):
            sink.write(scene(index))
    return path


def write_with_sound(
    path: Path, seconds: float, audio_codec: str, *, start: float = 0.0, channels: str = "stereo"
) -> Path:
    """A clip whose sound is silent but for a tone from 0.5 s to 0.6 s of the file's time."""
    rate = 48000
    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg4", rate=FPS)
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        sound = container.add_stream(audio_codec, rate=rate)
        assert isinstance(sound, av.AudioStream)
        sound.layout = channels
        time = np.arange(int(seconds * rate)) / rate
        wave = np.where((time >= 0.5) & (time < 0.6), np.sin(time * 2 * np.pi * 440), 0) * 0.5
        for index in range(round((seconds - start) * FPS)):
            frame = av.VideoFrame.from_ndarray(scene(index), format="rgb24")
            frame.pts = index + round(start * FPS)
            container.mux(video.encode(frame))
        count = 1 if channels == "mono" else 2
        for first in range(0, len(wave), 1024):
            block = np.repeat(wave[None, first : first + 1024], count, 0).astype(np.float32)
            audio = av.AudioFrame.from_ndarray(block, format="fltp", layout=channels)
            audio.sample_rate, audio.pts, audio.time_base = rate, first, Fraction(1, rate)
            container.mux(sound.encode(audio))
        container.mux(video.encode(None))
        container.mux(sound.encode(None))
    return path


def loudness(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Times in seconds and loudness of the sound in windows of 10 ms."""
    times, levels = [], []
    with av.open(str(path)) as container:
        resampler = av.AudioResampler(format="fltp", layout="mono", rate=48000, frame_size=480)
        for frame in container.decode(audio=0):
            for piece in resampler.resample(frame):
                assert piece.pts is not None and piece.time_base is not None
                times.append(float(piece.pts * piece.time_base))
                levels.append(float(np.abs(piece.to_ndarray()).max()))
    return np.array(times), np.array(levels)


def patch_rotation(path: Path, degrees: int) -> None:
    """Turns the display matrix in an mp4's track header, as phones do."""
    content = bytearray(path.read_bytes())
    at = content.index(b"tkhd") + 4 + 40
    one, minus = (1 << 16).to_bytes(4, "big"), (-(1 << 16)).to_bytes(4, "big", signed=True)
    zero, unit = bytes(4), (1 << 30).to_bytes(4, "big")
    corner = {90: zero + one + zero + minus + zero, 180: minus + zero + zero + zero + minus}[degrees]
    content[at : at + 36] = corner + zero * 3 + unit
    path.write_bytes(content)


# Reading
# ---------------------------------------------------------------------------------------------------------


def test_frames_come_with_their_times(tmp_path: Path) -> None:
    reader = VideoReader(write_clip(tmp_path / "clip.mp4"))
    assert (reader.width, reader.height, reader.fps) == (WIDTH, HEIGHT, FPS)
    assert reader.frame_count == 10
    assert reader.duration_s == pytest.approx(0.4)
    assert not reader.has_audio
    times = [time for time, _ in reader]
    assert times == pytest.approx([40.0 * index for index in range(10)])
    for index, (_, image) in enumerate(reader):  # a second pass starts again
        assert image.shape == (HEIGHT, WIDTH, 3)
        assert image.dtype == np.uint8
        assert psnr(image, scene(index)) > 30


@pytest.mark.parametrize(("degrees", "turns"), [(90, -1), (180, 2)])
def test_a_phones_rotation_is_applied(tmp_path: Path, degrees: int, turns: int) -> None:
    path = write_clip(tmp_path / "clip.mp4")
    upright = next(iter(VideoReader(path)))[1]
    patch_rotation(path, degrees)
    reader = VideoReader(path)
    turned = next(iter(reader))[1]
    assert (reader.height, reader.width) == turned.shape[:2]
    np.testing.assert_array_equal(turned, np.rot90(upright, turns))


def test_a_variable_frame_rate_keeps_its_times(tmp_path: Path) -> None:
    wanted = [0.0, 40.0, 160.0, 170.0, 400.0]
    with open_sink(tmp_path / "clip.mp4", FPS, (WIDTH, HEIGHT)) as sink:
        for index, time in enumerate(wanted):
            sink.write(scene(index), time)
    assert [time for time, _ in VideoReader(tmp_path / "clip.mp4")] == pytest.approx(wanted, abs=0.1)


@pytest.mark.parametrize(
    ("codec", "size", "aspect", "shown"),
    [
        ("ffv1", (51, 37), None, (51, 37)),
        ("libx264", (52, 38), Fraction(2, 1), (104, 38)),
        ("libx264", (52, 38), Fraction(9, 8), (52, 38)),
    ],
)
def test_odd_sizes_and_pixels_that_are_not_square(
    tmp_path: Path, codec: str, size: tuple[int, int], aspect: Fraction | None, shown: tuple[int, int]
) -> None:
    path = tmp_path / "clip.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=FPS)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        if aspect:
            stream.codec_context.sample_aspect_ratio = aspect
        container.mux(stream.encode(av.VideoFrame.from_ndarray(scene(0, *size), format="rgb24")))
        container.mux(stream.encode(None))
    reader = VideoReader(path)
    assert (reader.width, reader.height) == shown
    assert next(iter(reader))[1].shape == (shown[1], shown[0], 3)


def test_an_animated_gif_is_a_video(tmp_path: Path) -> None:
    reader = VideoReader(write_clip(tmp_path / "clip.gif", count=4))
    times, frames = zip(*reader, strict=True)
    assert times == pytest.approx((0, 40, 80, 120))
    assert min(psnr(frame, scene(index)) for index, frame in enumerate(frames)) > 27


def test_a_file_without_a_length(tmp_path: Path) -> None:
    path = tmp_path / "clip.h264"
    with av.open(str(path), "w", format="h264") as container:
        stream = container.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for index in range(5):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(scene(index), format="rgb24")))
        container.mux(stream.encode(None))
    reader = VideoReader(path)
    assert reader.frame_count is None
    times = [time for time, _ in reader]
    assert len(times) == 5
    assert times[0] == 0
    assert (np.diff(times) > 0).all()


def test_of_a_file_cut_short_what_is_there_is_read(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = write_clip(tmp_path / "clip.mp4", count=60)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 2 // 3])
    reader = VideoReader(path)
    with caplog.at_level(logging.WARNING):
        frames = [image for _, image in reader]
    assert 10 < len(frames) < 60
    assert psnr(frames[5], scene(5)) > 30
    assert "cut short" in caplog.text


def test_what_is_no_video_is_refused(tmp_path: Path) -> None:
    text = tmp_path / "text.mp4"
    text.write_text("These are not the frames you are looking for.\n" * 100)
    empty = tmp_path / "empty.mp4"
    empty.touch()
    header = tmp_path / "header.mp4"
    header.write_bytes(write_clip(tmp_path / "clip.mp4").read_bytes()[:900])
    for path in (text, empty, header):
        with pytest.raises(ValueError, match=path.name):
            VideoReader(path)
    with pytest.raises(FileNotFoundError, match="no video at"):
        VideoReader(tmp_path / "missing.mp4")
    with pytest.raises(IsADirectoryError, match="folder"):
        VideoReader(tmp_path)


def test_sound_alone_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=48000)
        stream.layout = "mono"
        block = av.AudioFrame.from_ndarray(np.zeros((1, 4800), np.float32), format="fltp", layout="mono")
        block.sample_rate = 48000
        container.mux(stream.encode(block))
        container.mux(stream.encode(None))
    with pytest.raises(ValueError, match="only sound"):
        VideoReader(path)


def test_closing_ends_the_iteration(tmp_path: Path) -> None:
    with VideoReader(write_clip(tmp_path / "clip.mp4")) as reader:
        frames = iter(reader)
        next(frames)
    assert not reader._containers


# Writing
# ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("suffix", "least"), [(".mp4", 36), (".webm", 36)])
@pytest.mark.parametrize("size", [(WIDTH, HEIGHT), (97, 63)])
def test_videos_read_back_as_they_were(tmp_path: Path, suffix: str, least: float, size: tuple[int, int]) -> None:
    path = tmp_path / f"clip{suffix}"
    frames = [scene(0, *size) for _ in range(5)]
    # Soft colours: chroma has half the resolution, so hard colour edges cannot come back exactly.
    frames = [np.clip(frame * 0.5 + 60 + index, 0, 255).astype(np.uint8) for index, frame in enumerate(frames)]
    with open_sink(path, FPS, size) as sink:
        for frame in frames:
            sink.write(frame)
    reader = VideoReader(path)
    assert abs(reader.width - size[0]) <= 1
    assert abs(reader.height - size[1]) <= 1
    back = [image[: size[1], : size[0]] for _, image in reader]
    assert len(back) == 5
    for image, frame in zip(back, frames, strict=True):
        assert psnr(image, frame) > least - 3
        assert np.abs((image.astype(float) - frame).mean(axis=(0, 1))).max() < 2.0  # no colour cast


def test_mp4_is_tagged_and_starts_fast(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4")
    content = path.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")
    with av.open(str(path)) as container:
        context = container.streams.video[0].codec_context
        assert (context.name, context.pix_fmt) == ("h264", "yuv420p")
        tags = (context.colorspace, context.color_primaries, context.color_trc, context.color_range)
        assert tags == (1, 1, 1, 1)


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
def test_animated_pictures_read_back_as_they_were(tmp_path: Path, suffix: str) -> None:
    path = write_clip(tmp_path / f"clip{suffix}")
    with Image.open(path) as animation:
        assert isinstance(animation, GifImageFile | WebPImageFile) and animation.n_frames == 10
        assert animation.info["loop"] == 0
        for index in range(10):
            animation.seek(index)
            animation.load()
            assert animation.info["duration"] == 40
            assert psnr(np.asarray(animation.convert("RGB")), scene(index)) > 27


def test_a_gif_keeps_still_what_does_not_move(tmp_path: Path) -> None:
    with Image.open(write_clip(tmp_path / "clip.gif")) as animation:
        first = np.asarray(animation.convert("RGB"))
        animation.seek(9)
        last = np.asarray(animation.convert("RGB"))
    np.testing.assert_array_equal(first[30:], last[30:])
    assert (first[10:26] != last[10:26]).any()


def test_a_gif_of_60_frames_per_second_keeps_its_length(tmp_path: Path) -> None:
    path = tmp_path / "clip.gif"
    with open_sink(path, 60, (WIDTH, HEIGHT)) as sink:
        for index in range(60):
            sink.write(scene(index))
    with Image.open(path) as animation:
        total = 0
        assert isinstance(animation, GifImageFile)
        for index in range(animation.n_frames):
            animation.seek(index)
            assert animation.info["duration"] >= 20
            total += animation.info["duration"]
    assert total == pytest.approx(1000, abs=20)


@pytest.mark.parametrize("name", ["frames", "frames/"])
def test_a_folder_holds_numbered_frames_bit_for_bit(tmp_path: Path, name: str) -> None:
    target = f"{tmp_path}/{name}"
    with open_sink(target, FPS, (WIDTH, HEIGHT), disclosure=PLAIN) as sink:
        for index in range(3):
            sink.write(scene(index))
    files = sorted(Path(target).iterdir())
    assert [file.name for file in files] == ["000000.png", "000001.png", "000002.png"]
    for index, file in enumerate(files):
        np.testing.assert_array_equal(np.asarray(Image.open(file)), scene(index))
    assert [entry.name for entry in tmp_path.iterdir()] == ["frames"]


def test_a_folder_of_frames_is_replaced_and_other_folders_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "frames.v1"
    folder.mkdir()
    write_clip(folder, count=4)
    write_clip(folder, count=2)
    assert len(list(folder.iterdir())) == 2

    (folder / "thesis.txt").write_text("ten years of work")
    with pytest.raises(FileExistsError, match=r"thesis\.txt"):
        write_clip(folder)
    assert (folder / "thesis.txt").read_text() == "ten years of work"
    assert [entry.name for entry in tmp_path.iterdir()] == ["frames.v1"]


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_a_single_picture(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"one{suffix}"
    write_clip(path, count=1)
    assert psnr(np.asarray(Image.open(path)), scene(0)) > 30
    with pytest.raises(ValueError, match="one picture"):
        write_clip(path, count=2)


@pytest.mark.parametrize("name", ["a.mp4", "a.webm", "a.gif", "a.webp", "a.png", "folder"])
def test_after_an_error_nothing_is_left_and_the_old_file_stays(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name != "folder":
        path.write_text("old")

    def interrupted() -> None:
        with open_sink(path, FPS, (WIDTH, HEIGHT)) as sink:
            sink.write(scene(0))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert [entry.name for entry in tmp_path.iterdir()] == ([] if name == "folder" else [name])
    if name != "folder":
        assert path.read_text() == "old"


def test_a_sink_checks_what_it_is_given(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"\.mp4"):
        open_sink(tmp_path / "clip.avi", FPS, (WIDTH, HEIGHT))
    with pytest.raises(ValueError, match="frame rate"):
        open_sink(tmp_path / "clip.mp4", 0, (WIDTH, HEIGHT))
    with pytest.raises(FileNotFoundError, match="make it first"):
        open_sink(tmp_path / "none" / "clip.mp4", FPS, (WIDTH, HEIGHT))
    with pytest.raises(FileNotFoundError, match="make it first"):
        open_sink(tmp_path / "none" / "frames", FPS, (WIDTH, HEIGHT))
    with pytest.raises(ValueError, match="no frames"), open_sink(tmp_path / "clip.mp4", FPS, (WIDTH, HEIGHT)):
        pass
    with pytest.raises(ValueError, match="cannot hold pictures"):
        open_sink(tmp_path / "clip.mp4", FPS, (40000, 20))
    sink = open_sink(tmp_path / "clip.mp4", FPS, (WIDTH, HEIGHT))
    with pytest.raises(ValueError, match="cannot go into"):
        sink.write(scene(0, 50, 50))
    with pytest.raises(ValueError, match="uint8"):
        sink.write(scene(0).astype(np.float32))
    sink.write(scene(0), 10.0)
    with pytest.raises(ValueError, match="rise"):
        sink.write(scene(1), 10.0)
    sink.abort()
    with pytest.raises(ValueError, match="closed"):
        sink.write(scene(1))
    assert list(tmp_path.iterdir()) == []


# Sound
# -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("driver", "codec", "target", "expected"),
    [
        ("d.mp4", "aac", "o.mp4", "aac"),  # copied
        ("d.mkv", "libopus", "o.webm", "opus"),  # copied
        ("d.mp4", "aac", "o.webm", "opus"),
        ("d.mkv", "pcm_s16le", "o.mp4", "aac"),
        ("d.ts", "aac", "o.mp4", "aac"),
    ],
)
def test_sound_is_kept_in_its_place(tmp_path: Path, driver: str, codec: str, target: str, expected: str) -> None:
    source = write_with_sound(tmp_path / driver, 2.0, codec)
    reader = VideoReader(source)
    assert reader.has_audio
    path = tmp_path / target
    with open_sink(path, FPS, (WIDTH, HEIGHT), source, reader.start_s) as sink:
        for index in range(25):  # one second of the two
            sink.write(scene(index))
    with av.open(str(path)) as container:
        audio = container.streams.audio[0]
        assert audio.codec_context.codec.canonical_name == expected
    times, levels = loudness(path)
    sounding = times[levels > 0.2]
    assert sounding.min() == pytest.approx(0.5, abs=0.03)
    assert sounding.max() == pytest.approx(0.6, abs=0.03)
    assert times.max() == pytest.approx(1.0, abs=0.06)


def test_sound_before_the_first_picture_is_left_out(tmp_path: Path) -> None:
    source = write_with_sound(tmp_path / "d.mkv", 2.0, "pcm_s16le", start=0.32, channels="mono")
    reader = VideoReader(source)
    assert reader.start_s == pytest.approx(0.32, abs=0.01)
    path = tmp_path / "o.mp4"
    with open_sink(path, FPS, (WIDTH, HEIGHT), source, reader.start_s) as sink:
        for time, image in reader:
            sink.write(image, time)
    times, levels = loudness(path)
    assert times[levels > 0.2].min() == pytest.approx(0.5 - 0.32, abs=0.03)


@pytest.mark.parametrize(
    ("driver", "codec", "target"),
    [("d.mp4", "aac", "o.mp4"), ("d.mkv", "libopus", "o.webm"), ("d.ts", "aac", "o.mov")],
)
@pytest.mark.parametrize(("length", "period"), [(2.0, 0.8), (0.7, 0.92)])
def test_sound_is_repeated_to_the_period(
    tmp_path: Path, driver: str, codec: str, target: str, length: float, period: float
) -> None:
    """Cut short, and filled with silence; the tone of each round lies where the period puts it."""
    source = write_with_sound(tmp_path / driver, length, codec)
    path, rounds = tmp_path / target, 3
    start = VideoReader(source).start_s
    with open_sink(path, FPS, (WIDTH, HEIGHT), Sound(source, start, period), disclosure=PLAIN) as sink:
        for index in range(round(rounds * period * FPS)):
            sink.write(scene(index))
    times, levels = loudness(path)
    sounding = levels > 0.2
    begins = times[np.flatnonzero(np.diff(sounding.astype(int), prepend=0) == 1)]
    ends = times[np.flatnonzero(np.diff(sounding.astype(int), append=0) == -1)]
    assert begins == pytest.approx([0.5 + period * index for index in range(rounds)], abs=0.03)
    assert ends == pytest.approx([0.6 + period * index for index in range(rounds)], abs=0.04)
    assert times.max() == pytest.approx(rounds * period, abs=0.08)


def test_only_videos_carry_sound(tmp_path: Path) -> None:
    assert can_hold_sound("a.mp4")
    assert can_hold_sound("a.webm")
    assert not any(map(can_hold_sound, ("a.gif", "a.webp", "a.png", "folder", "a.mp4/")))
    source = write_with_sound(tmp_path / "d.mp4", 1.0, "aac")
    write_clip(tmp_path / "o.gif", audio_from=source)
    with pytest.raises(ValueError, match="no sound"):
        write_clip(tmp_path / "o.mp4", audio_from=write_clip(tmp_path / "silent.mp4"))
    assert not (tmp_path / "o.mp4").exists()


# What people have
# -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("corner", "shown"),
    [
        ((1, 0, 0, 1), lambda picture: picture),
        ((-1, 0, 0, 1), lambda picture: picture[:, ::-1]),
        ((1, 0, 0, -1), lambda picture: picture[::-1]),
        ((-1, 0, 0, -1), lambda picture: picture[::-1, ::-1]),
        ((0, 1, -1, 0), lambda picture: np.rot90(picture, -1)),
        ((0, -1, 1, 0), lambda picture: np.rot90(picture, 1)),
        ((0, 1, 1, 0), lambda picture: picture.transpose(1, 0, 2)),
        ((0, -1, -1, 0), lambda picture: picture[::-1, ::-1].transpose(1, 0, 2)),
    ],
)
def test_turned_and_mirrored_videos_are_upright(
    tmp_path: Path, corner: tuple[int, int, int, int], shown: Callable[[np.ndarray], np.ndarray]
) -> None:
    path = write_clip(tmp_path / "clip.mp4", count=2)
    stored = next(iter(VideoReader(path)))[1]
    content = bytearray(path.read_bytes())
    at = content.index(b"tkhd") + 44
    a, b, c, d = (value << 16 for value in corner)
    content[at : at + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(content)
    reader = VideoReader(path)
    picture = next(iter(reader))[1]
    np.testing.assert_array_equal(picture, shown(stored))
    assert (reader.height, reader.width) == picture.shape[:2]


def test_frames_that_were_read_do_not_stay(tmp_path: Path) -> None:
    """Without a search for circles of references: between two of Python's, hundreds of frames would pile up."""
    path = write_clip(tmp_path / "clip.mp4", count=40)
    gc.collect()
    gc.disable()
    try:
        for _ in VideoReader(path):
            pass
        staying = sum(isinstance(thing, av.VideoFrame) for thing in gc.get_objects())
    finally:
        gc.enable()
    assert staying < 5  # of 40: those whose way up was looked at, when the file was opened and when it was read


def test_a_clip_trimmed_on_a_phone_is_not_called_damaged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = write_clip(tmp_path / "clip.mp4", count=100)
    content = bytearray(path.read_bytes())
    at = content.index(b"elst")
    length, start = struct.unpack(">Ii", content[at + 12 : at + 20])
    track = content.index(b"mdhd", at)
    (scale,) = struct.unpack(">I", content[track + 16 : track + 20])
    content[at + 12 : at + 20] = struct.pack(">Ii", length - 400, start + int(0.4 * scale))
    path.write_bytes(content)
    with caplog.at_level(logging.WARNING):
        assert len(list(VideoReader(path))) == 90
    assert not caplog.text


def test_the_default_sound_track_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "two.mkv"
    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg4", rate=FPS)
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        tracks = []
        for hertz in (440, 880):
            sound = container.add_stream("aac", rate=48000)
            assert isinstance(sound, av.AudioStream)
            sound.layout = "mono"
            sound.disposition = av.stream.Disposition.default if hertz == 880 else av.stream.Disposition(0)
            tracks.append((sound, hertz))
        for index in range(20):
            container.mux(video.encode(av.VideoFrame.from_ndarray(scene(index), format="rgb24")))
        container.mux(video.encode(None))
        for sound, hertz in tracks:
            for first in range(0, 38400, 1024):
                wave = 0.5 * np.sin(2 * np.pi * hertz * (np.arange(1024) + first) / 48000)
                frame = av.AudioFrame.from_ndarray(wave.astype(np.float32)[None], format="fltp", layout="mono")
                frame.sample_rate, frame.pts = 48000, first
                container.mux(sound.encode(frame))
            container.mux(sound.encode(None))
    target = tmp_path / "out.mov"
    with open_sink(target, FPS, (WIDTH, HEIGHT), path, disclosure=PLAIN) as sink:
        for index in range(20):
            sink.write(scene(index))
    with av.open(str(target)) as container:
        assert "mov" in container.format.name
        played = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
    assert np.abs(np.fft.rfft(played)).argmax() * 48000 / len(played) == pytest.approx(880, abs=5)


def test_cover_art_is_not_the_picture(tmp_path: Path) -> None:
    cover = np.full((HEIGHT, WIDTH, 3), 200, np.uint8)
    for with_video in (True, False):
        path = tmp_path / f"{with_video}.mp4"
        with av.open(str(path), "w") as container:
            art = container.add_stream("mjpeg", rate=1)
            art.width, art.height, art.pix_fmt = WIDTH, HEIGHT, "yuvj420p"
            art.disposition = av.stream.Disposition.attached_pic
            sound = container.add_stream("aac", rate=48000)
            assert isinstance(sound, av.AudioStream)
            sound.layout = "mono"
            video = container.add_stream("libx264", rate=FPS) if with_video else None
            if video is not None:
                video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
            container.mux(art.encode(av.VideoFrame.from_ndarray(cover, format="rgb24")))
            container.mux(art.encode(None))
            silence = av.AudioFrame.from_ndarray(np.zeros((1, 4096), np.float32), format="fltp", layout="mono")
            silence.sample_rate = 48000
            container.mux(sound.encode(silence))
            container.mux(sound.encode(None))
            for index in range(3 if video is not None else 0):
                assert video is not None
                container.mux(video.encode(av.VideoFrame.from_ndarray(scene(index), format="rgb24")))
            if video is not None:
                container.mux(video.encode(None))
    frames = [image for _, image in VideoReader(tmp_path / "True.mp4")]
    assert len(frames) == 3
    assert psnr(frames[0], scene(0)) > 28
    with pytest.raises(ValueError, match="only sound"):
        VideoReader(tmp_path / "False.mp4")


@pytest.mark.parametrize("suffix", [".webp", ".png", ".gif"])
def test_animated_pictures_are_videos(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    pictures = [Image.fromarray(scene(index)) for index in range(4)]
    options: dict[str, Any] = {"lossless": True} if suffix == ".webp" else {}
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=[40, 80, 120, 40], **options)
    reader = VideoReader(path)
    assert (reader.width, reader.height, reader.has_audio) == (WIDTH, HEIGHT, False)
    times, frames = zip(*reader, strict=True)
    assert times == pytest.approx((0, 40, 120, 240))
    assert min(psnr(frame, scene(index)) for index, frame in enumerate(frames)) > 25


@pytest.mark.parametrize(("fps", "count"), [(60, 60), (120, 120)])
def test_a_webp_of_a_high_rate_has_every_frame(tmp_path: Path, fps: int, count: int) -> None:
    path = tmp_path / "clip.webp"
    with open_sink(path, fps, (WIDTH, HEIGHT)) as sink:
        for index in range(count):
            sink.write(scene(index // 4))  # some frames are the same as the one before
    with Image.open(path) as animation:
        assert isinstance(animation, WebPImageFile) and animation.n_frames == count
        shown = []
        for index in range(count):
            animation.seek(index)
            animation.load()
            shown.append(animation.info["duration"])
    assert sum(shown) == pytest.approx(1000, abs=2)


def test_nearly_square_pixels_are_made_square_where_asked(tmp_path: Path) -> None:
    path = tmp_path / "clip.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 88, 64, "yuv420p"
        stream.codec_context.sample_aspect_ratio = Fraction(12, 11)
        container.mux(stream.encode(av.VideoFrame.from_ndarray(scene(0, 88, 64), format="rgb24")))
        container.mux(stream.encode(None))
    assert VideoReader(path).width == 88
    assert VideoReader(path, square_pixels=True).width == 96


@pytest.mark.parametrize("name", ["data:a.mp4", "http:a.mp4", "concat:a.mp4", "file:a.mp4", "pipe:a.mp4", "a b:c.mp4"])
def test_names_that_begin_like_a_protocol_are_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    write_clip(Path(name), count=3)
    assert [entry.name for entry in tmp_path.iterdir()] == [name]
    assert len(list(VideoReader(name))) == 3


def test_nothing_is_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, format: str, *arguments: object) -> None:
            """Silent."""

    monkeypatch.chdir(tmp_path)
    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"127.0.0.1:{server.server_port}"
        folder = tmp_path / "http:" / address
        folder.mkdir(parents=True)
        write_clip(folder / "clip.mp4", count=3)
        assert len(list(VideoReader(f"http://{address}/clip.mp4"))) == 3
        playlist = tmp_path / "list.m3u8"
        playlist.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nhttp://{address}/a.ts\n#EXT-X-ENDLIST\n")
        concatenated = tmp_path / "list.mp4"
        concatenated.write_text(f"ffconcat version 1.0\nfile 'http://{address}/b.mp4'\n")
        for path in (playlist, concatenated):
            with pytest.raises(ValueError, match=path.name):
                VideoReader(path)
        server.shutdown()
    assert asked == []


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_devices_and_pipes_are_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    for path in (tmp_path / "pipe.mp4", Path("/dev/zero")):
        with pytest.raises(ValueError, match="a device or a pipe"):
            VideoReader(path)
