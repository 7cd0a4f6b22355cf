"""What people do to pictures and videos, as the pixel mark is measured against: 66 attacks on frames.

Every attack takes the decoded frames of the file as written, 25 a second, and gives those of the file that comes out.
Attacks that are not an encoding of their own are followed by x264 at CRF 20, unless they give one picture.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import partial
from typing import Any

import av
import cv2
import numpy as np
from PIL import Image

Frames = list[np.ndarray]
Change = Callable[[np.ndarray], np.ndarray]


def encoded(frames: Frames, crf: int, codec: str = "libx264", **options: str) -> Frames:
    """Encoded and decoded."""
    written = io.BytesIO()
    with av.open(written, "w", format="matroska") as container:
        stream: Any = container.add_stream(codec, rate=25, options={"crf": str(crf), **options})
        stream.width, stream.height = frames[0].shape[1] // 2 * 2, frames[0].shape[0] // 2 * 2
        stream.pix_fmt = "yuv420p"
        for frame in frames:
            picture = np.ascontiguousarray(frame[: stream.height, : stream.width])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    written.seek(0)
    with av.open(written, "r") as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def h264(frames: Frames, crf: int) -> Frames:
    """x264, preset medium."""
    return encoded(frames, crf)


def again(change: Callable[[Frames], Frames]) -> Callable[[Frames], Frames]:
    """A change, and what comes out encoded once more."""
    return lambda frames: encoded(change(frames), 20, preset="veryfast")


def each(change: Change) -> Callable[[Frames], Frames]:
    """A change of every frame, encoded once more."""
    return again(lambda frames: [change(frame) for frame in frames])


def one(change: Change) -> Callable[[Frames], Frames]:
    """One frame, from the middle."""
    return lambda frames: [change(frames[len(frames) // 2])]


def picture(kind: str, quality: int) -> Change:
    """Encoded by Pillow and decoded."""

    def change(image: np.ndarray) -> np.ndarray:
        written = io.BytesIO()
        Image.fromarray(image).save(written, kind, quality=quality)
        return np.asarray(Image.open(written).convert("RGB"))

    return change


def resized(across: float, down: float | None = None) -> Change:
    """Area or bilinear."""
    kind = cv2.INTER_AREA if across < 1 else cv2.INTER_LINEAR
    return lambda image: cv2.resize(image, None, fx=across, fy=across if down is None else down, interpolation=kind)


def to_height(image: np.ndarray, height: int) -> np.ndarray:
    """Resized to a height."""
    return resized(height / image.shape[0])(image)


def squared(image: np.ndarray) -> np.ndarray:
    """The upper left square of a frame, 256 pixels wide."""
    side = min(image.shape[:2])
    return to_height(image[:side, :side], 256)


def cropped(left: float, top: float, right: float, bottom: float) -> Change:
    """Shares of the sides cut off."""

    def change(image: np.ndarray) -> np.ndarray:
        height, width = image.shape[:2]
        rows = slice(round(top * height), height - round(bottom * height))
        return image[rows, round(left * width) : width - round(right * width)]

    return change


def turned(degrees: float) -> Change:
    """About the middle, the corners black, in a picture of the same size."""

    def change(image: np.ndarray) -> np.ndarray:
        height, width = image.shape[:2]
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
        return cv2.warpAffine(image, matrix, (width, height), flags=cv2.INTER_CUBIC)

    return change


def tones(curve: Callable[[np.ndarray], np.ndarray]) -> Change:
    """A curve of values 0 to 1."""
    table = np.clip(np.rint(curve(np.arange(256) / 255.0) * 255), 0, 255).astype(np.uint8)
    return lambda image: table[image]


def gamma(power: float) -> Change:
    """Values to a power."""
    return tones(lambda values: values**power)


def brightness(percent: int) -> Change:
    """Values so much higher or lower."""
    return tones(lambda values: values * (1 + percent / 100))


def contrast(factor: float) -> Change:
    """About the middle."""
    return tones(lambda values: (values - 0.5) * factor + 0.5)


def blurred(sigma: float) -> Change:
    """A Gaussian."""
    return lambda image: cv2.GaussianBlur(image, (0, 0), sigma)


def median(size: int) -> Change:
    """Of so many pixels across."""
    return lambda image: cv2.medianBlur(image, size)


def noisy(deviation: float) -> Change:
    """Noise of its own in every frame."""
    random = np.random.default_rng(0)
    return lambda image: np.clip(image + random.normal(0, deviation, image.shape), 0, 255).astype(np.uint8)


def grey(image: np.ndarray) -> np.ndarray:
    """Black and white."""
    return cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)


def sharpened(image: np.ndarray) -> np.ndarray:
    """An unsharp mask."""
    return cv2.addWeighted(image, 1.8, cv2.GaussianBlur(image, (0, 0), 1.5), -0.8, 0)


def denoised(frames: Frames) -> Frames:
    """In space and time, as hqdn3d does (which FFmpeg here lacks): small differences are averaged away."""
    made: Frames = []
    before: np.ndarray | None = None
    for frame in frames:
        smooth = cv2.bilateralFilter(frame, 5, 8.0, 2.0).astype(np.float32)
        if before is not None:
            still = np.abs(smooth - before) < 8.0
            smooth = np.where(still, 0.6 * before + 0.4 * smooth, smooth)
        before = smooth
        made.append(np.rint(smooth).astype(np.uint8))
    return made


def titled(image: np.ndarray) -> np.ndarray:
    """Subtitles and a logo."""
    image = image.copy()
    height, width = image.shape[:2]
    size = height / 400
    place = (round(0.08 * width), round(0.9 * height))
    for colour, thick in (((0, 0, 0), 5), ((255, 255, 255), 2)):
        cv2.putText(image, "and then she said", place, cv2.FONT_HERSHEY_SIMPLEX, size, colour, round(thick * size))
    cv2.rectangle(
        image,
        (round(0.84 * width), round(0.04 * height)),
        (round(0.96 * width), round(0.1 * height)),
        (200, 30, 40),
        -1,
    )
    return image


def placed(height: int, width: int, share: float, colour: int) -> Change:
    """In a picture of a size, filling a share of it, on a ground of noise (a level) or plain."""

    def change(image: np.ndarray) -> np.ndarray:
        factor = share * min(height / image.shape[0], width / image.shape[1])
        shown = resized(factor)(image)
        ground = np.full((height, width, 3), colour, np.uint8)
        top, left = (height - shown.shape[0]) // 2, (width - shown.shape[1]) // 2
        ground[top : top + shown.shape[0], left : left + shown.shape[1]] = shown
        return ground

    return change


def in_picture(image: np.ndarray) -> np.ndarray:
    """Picture in picture: 40 % of a frame that shows something else, in its corner."""
    height, width = image.shape[:2]
    y, x = np.mgrid[:height, :width]
    ground = 120 + 50 * np.sin(x / 23) * np.cos(y / 31) + np.random.default_rng(1).normal(0, 6, (height, width))
    ground = np.repeat(np.clip(ground, 0, 255).astype(np.uint8)[..., None], 3, axis=2)
    shown = resized(0.4)(image)
    ground[-shown.shape[0] - 9 : -9, -shown.shape[1] - 9 : -9] = shown
    return ground


def palette(image: np.ndarray) -> np.ndarray:
    """A GIF's 256 colours, 480 pixels wide."""
    small = Image.fromarray(resized(480 / image.shape[1])(image))
    return np.asarray(small.quantize(256).convert("RGB"))


def feed(image: np.ndarray) -> np.ndarray:
    """Upright 720 x 1280, the picture cut to fill three quarters of the height."""
    scaled = to_height(image, 960)
    left = max(0, (scaled.shape[1] - 720) // 2)
    return placed(1280, 720, 1.0, 12)(scaled[:, left : left + 720])


def ranges(wrong: str) -> Change:
    """Colours read as what they are not: full for limited range, the other way, or the other matrix."""
    if wrong == "full":
        return tones(lambda v: v * 219 / 255 + 16 / 255)
    if wrong == "limited":
        return tones(lambda v: (v - 16 / 255) * 255 / 219)
    there = np.array([[0.299, 0.587, 0.114], [-0.169, -0.331, 0.5], [0.5, -0.419, -0.081]])
    back = np.array([[1, 0, 1.575], [1, -0.187, -0.468], [1, 1.856, 0]])
    return lambda image: np.clip(np.rint(image @ (back @ there).T), 0, 255).astype(np.uint8)


def screenshot(frames: Frames) -> Frames:
    """One frame of CRF 28, shown 1.21 times as large in a window."""
    shown = resized(1.21)(h264(frames, 28)[len(frames) // 2])
    return [cv2.copyMakeBorder(shown, 90, 40, 60, 80, cv2.BORDER_CONSTANT, value=(236, 236, 240))]


def attacks() -> dict[str, Callable[[Frames], Frames]]:
    """All 66 by name."""
    made: dict[str, Callable[[Frames], Frames]] = {
        f"H.264 CRF {crf}": partial(h264, crf=crf) for crf in (23, 28, 32, 35)
    }
    made["CRF 28 twice"] = lambda frames: h264(h264(frames, 28), 28)
    made["CRF 28, then 32"] = lambda frames: h264(h264(frames, 28), 32)
    made["HEVC 28"] = lambda frames: encoded(frames, 28, "libx265", **{"x265-params": "log-level=error"})
    made["VP9 32"] = lambda frames: encoded(frames, 32, "libvpx-vp9", b="0", cpu_used="6", deadline="realtime")
    made["AV1 35"] = lambda frames: encoded(frames, 35, "libsvtav1", preset="10")
    made |= {f"scale {percent} %": each(resized(percent / 100)) for percent in (150, 73, 50, 33, 25)}
    made |= {f"crop {2 * side} %": each(cropped(*[side / 100] * 4)) for side in (5, 10, 20)}
    made["crop 30 % off centre"] = each(cropped(0.3, 0.3, 0, 0))
    made |= {f"aspect {ratio}": each(resized(ratio, 1.0)) for ratio in (0.97, 0.95, 0.9)}
    made |= {f"rotation {angle}": each(turned(angle)) for angle in (0.5, 1, 2, 5)}
    made["rotation 90"] = each(lambda image: np.rot90(image))
    made["rotation 180"] = each(lambda image: image[::-1, ::-1])
    made["mirror"] = each(lambda image: image[:, ::-1])
    made["upside-down mirror"] = each(lambda image: image[::-1])
    made |= {f"gamma {power}": each(gamma(power)) for power in (1.4, 0.7)}
    made |= {f"brightness {part:+d} %": each(brightness(part)) for part in (20, -20)}
    made |= {f"contrast {part}": each(contrast(part)) for part in (1.4, 0.6)}
    made["greyscale"] = each(grey)
    made |= {f"blur {sigma}": each(blurred(sigma)) for sigma in (1, 2)}
    made |= {f"noise {deviation}": each(noisy(deviation)) for deviation in (5, 10, 20)}
    made |= {f"median {size}": each(median(size)) for size in (3, 5)}
    made |= {"sharpen": each(sharpened), "denoised": again(denoised), "subtitles and logo": each(titled)}
    made["picture in picture 40 %"] = each(in_picture)
    made["letter- and pillarbox 480p"] = each(placed(480, 854, 0.9, 0))
    made["25 to 12 fps"] = again(lambda frames: frames[::2])
    made["speed x 2"] = again(lambda frames: frames[1::2])
    made["speed x 0.5"] = again(lambda frames: [frame for frame in frames for _ in range(2)])
    made["GIF palette, 480 wide"] = lambda frames: [palette(frame) for frame in frames]
    made["messenger: 480 wide, CRF 30"] = lambda frames: h264([resized(480 / f.shape[1])(f) for f in frames], 30)
    made["feed 720 x 1280"] = each(feed)
    made |= {f"colours read as {wrong}": each(ranges(wrong)) for wrong in ("full", "limited", "the other matrix")}
    made["360p CRF 35"] = lambda frames: h264([to_height(frame, 360) for frame in frames], 35)
    made["one frame PNG"] = one(lambda image: image)
    made |= {f"one frame JPEG {quality}": one(picture("JPEG", quality)) for quality in (90, 70, 50, 30)}
    made["one frame half size JPEG 70"] = one(lambda image: picture("JPEG", 70)(resized(0.5)(image)))
    made["one frame WebP 50"] = one(picture("WEBP", 50))
    made["screenshot of CRF 28"] = screenshot
    return made


QUICK = (
    "H.264 CRF 32",
    "H.264 CRF 35",
    "scale 33 %",
    "scale 25 %",
    "crop 40 %",
    "rotation 5",
    "360p CRF 35",
    "blur 2",
    "noise 20",
    "one frame JPEG 30",
    "aspect 0.9",
    "screenshot of CRF 28",
)
