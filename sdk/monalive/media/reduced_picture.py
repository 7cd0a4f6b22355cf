"""Pictures of any size at a size that is worked on, in little memory.

A format that can decode at a fraction of its size does (JPEG, JPEG 2000); what is decoded whole is made smaller in
bands of rows, a large PNG is decoded in bands, and a large WebP by FFmpeg.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import av
import numpy as np
from av.video.reformatter import Interpolation
from numpy.typing import NDArray
from PIL import Image
from PIL.ImageFile import ImageFile

from monalive.media.png_bands import png_bands, png_exif

# What decoding may take, in bytes; with networks and a video encoder beside it a process stays below 600 MB.
MEMORY: Final = 360_000_000
# What Pillow holds of a pixel by mode, else 4 bytes, and what decoders need beside it (measured).
_HELD: Final = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2, "I": 12, "F": 12}
_BESIDE: Final = {"WEBP": 8.0, "AVIF": 6.0, "HEIF": 3.2, "JPEG2000": 12.0}
# What FFmpeg holds of a pixel of a WebP at most: a third of what Pillow does.
_FFMPEG_HELD: Final = 4
# Without the last two flags the conversion truncates: pictures come out a level too dark.
_FFMPEG_SCALING: Final = Interpolation.AREA | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT
_BAND_PIXELS: Final = 1 << 20


class TooLargeToDecodeError(ValueError):
    """A picture that cannot be decoded in the memory there is for it; the message says what to do."""


def fitted_size(size: tuple[int, int], longest_side: int | None) -> tuple[int, int]:
    """Width and height of a picture whose longest side is at most `longest_side`."""
    if longest_side is None or max(size) <= longest_side:
        return size
    scale = longest_side / max(size)
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def reduced(image: ImageFile, size: tuple[int, int]) -> Image.Image:
    """A picture that was opened and not loaded yet, made smaller.

    Args:
        image: of any mode.
        size: width and height wanted, not larger than the picture's.

    Returns:
        The picture at `size`, 8 bits a channel: L, LA, RGB, RGBA or CMYK.

    Raises:
        TooLargeToDecodeError: it would take more than `MEMORY`.
        OSError, SyntaxError, ...: what Pillow raises for damaged files.
    """
    full = image.width * image.height
    _decode_at_fraction(image, size)
    in_bands = _needed(image, full) > MEMORY
    if in_bands and image.format == "WEBP" and full * _FFMPEG_HELD <= MEMORY:
        return _by_ffmpeg(image, size)
    if in_bands and not _is_banded_png(image):
        raise TooLargeToDecodeError(
            f"{full / 1e6:.0f} million pixels in this kind of {image.format} file take too much memory; "
            "save it as a JPEG that is not progressive, or make it smaller first"
        )
    if in_bands:
        image.info.setdefault("exif", png_exif(image.fp))  # type: ignore[arg-type] # Pillow would load the picture
    # First a mean over whole pixels, to half as large again or more, then the last step with a filter.
    shrink = max(1, int(min(image.width / size[0], image.height / size[1]) / 1.5))
    rows = max(1, _BAND_PIXELS // image.width // shrink) * shrink
    small: Image.Image | None = None
    top = 0
    for band in png_bands(image.fp, rows) if in_bands else _loaded_bands(image, rows):  # type: ignore[arg-type]
        if in_bands and "transparency" in image.info:
            band.info["transparency"] = image.info["transparency"]
        part = _plain(band).reduce(shrink)
        if small is None:
            small = Image.new(part.mode, (part.width, -(-image.height // shrink)))
        small.paste(part, (0, top))
        top += part.height
    assert small is not None
    return small if small.size == size else small.resize(size, Image.Resampling.LANCZOS)


def to_8_bits(values: NDArray[Any], scale: float) -> NDArray[np.uint8]:
    """Deeper greyscale (H, W) times `scale` as (H, W) uint8."""
    finite = np.nan_to_num(values.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    eight_bits: NDArray[np.uint8] = np.clip(np.rint(finite * np.float32(scale)), 0, 255).astype(np.uint8)
    return eight_bits


def scale_to_8_bits(image: Image.Image) -> float:
    """What deeper greyscale is multiplied by: 16 bits (32-bit integers hold 16 in practice), or floating point from 0
    to 1, or to 255 where there are values above 1."""
    if image.mode not in ("I", "F"):
        return 1.0 / 257.0
    values = np.asarray(image)
    largest = float(np.max(values, initial=0, where=np.isfinite(values)))
    if image.mode == "F":
        return 1.0 if largest > 1.0 else 255.0
    return 1.0 if largest <= 255 else 1.0 / 257.0


def _decode_at_fraction(image: ImageFile, size: tuple[int, int]) -> None:
    """Lets the decoder give an eighth, a quarter or half of the picture, not smaller than `size`, where it can."""
    if image.format == "JPEG2000":
        power = 0
        while image.width >> (power + 1) >= size[0] and image.height >> (power + 1) >= size[1] and power < 3:
            power += 1
        image.reduce = power  # type: ignore[method-assign, assignment]
    else:
        image.draft(None, size)


def _needed(image: ImageFile, full: int) -> float:
    """About how many bytes it takes to load; `full` is the number of pixels in the file."""
    pixels = image.width * image.height
    if image.format == "JPEG2000":
        pixels = full / 4 ** int(image.reduce)  # type: ignore[call-overload]
    held = _HELD.get(image.mode, 4) + _BESIDE.get(image.format or "", 0.0)
    if image.format == "TIFF":
        held += 3.0 if len(image.tile) == 1 else 0.0  # a single strip is unpacked beside it
    needed = held * pixels
    if image.info.get("progressive"):  # JPEG keeps all coefficients, 16 bits each, at full size
        factors = [(across, down) for _, across, down, _ in getattr(image, "layer", [])] or [(1, 1)]
        most = max(across for across, _ in factors) * max(down for _, down in factors)
        needed += 2 * full * sum(across * down for across, down in factors) / most
    return needed


def _by_ffmpeg(image: ImageFile, size: tuple[int, int]) -> Image.Image:
    """A WebP at `size`, scaled from the decoder's own planes."""
    assert image.fp is not None
    image.fp.seek(0)
    with av.open(image.fp, "r", options={"protocol_whitelist": "file"}) as container:
        frame = next(container.decode(video=0), None)
        if frame is None:
            raise ValueError("there is no picture in it")
        kind = "rgba" if image.has_transparency_data else "rgb24"
        scaled = frame.reformat(*size, format=kind, interpolation=_FFMPEG_SCALING)
        return Image.fromarray(scaled.to_ndarray())


def _is_banded_png(image: ImageFile) -> bool:
    return image.format == "PNG" and not image.info.get("interlace") and image.mode in ("RGB", "RGBA", "LA", "I;16")


def _loaded_bands(image: Image.Image, rows: int) -> Iterator[Image.Image]:
    image.load()
    if image.mode.startswith("I") or image.mode == "F":
        scale = scale_to_8_bits(image)
        for top in range(0, image.height, rows):
            band = image.crop((0, top, image.width, min(top + rows, image.height)))
            yield Image.fromarray(to_8_bits(np.asarray(band), scale))
        return
    for top in range(0, image.height, rows):
        yield image.crop((0, top, image.width, min(top + rows, image.height)))


def _plain(band: Image.Image) -> Image.Image:
    """In a mode whose pixels can be averaged."""
    if band.mode in ("L", "LA", "RGBA", "CMYK") or (band.mode == "RGB" and not band.has_transparency_data):
        return band
    if band.mode == "1":
        return band.convert("L")
    return band.convert("RGBA" if band.has_transparency_data else "RGB")
