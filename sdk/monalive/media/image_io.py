"""Picture files: whatever they hold becomes plain 8-bit RGB, the right way up; and pictures into files."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, UnidentifiedImageError

from monalive.atomic_file import atomic_path
from monalive.rgb_image import require_rgb
from monalive.trust.provenance import picture_options

# Formats that photos come in. Not all that Pillow reads: some (EPS) start other programs.
READABLE = ("JPEG", "MPO", "PNG", "WEBP", "AVIF", "GIF", "TIFF", "BMP", "JPEG2000", "PPM")
MAX_PIXELS = 100_000_000  # 300 MB as RGB; a file of a few kilobytes can claim far more

_WRITABLE: dict[str, tuple[str, dict[str, Any]]] = {
    ".png": ("PNG", {"compress_level": 4}),
    ".jpg": ("JPEG", {"quality": 95, "subsampling": 0}),
    ".jpeg": ("JPEG", {"quality": 95, "subsampling": 0}),
    ".webp": ("WEBP", {"quality": 95}),
    ".bmp": ("BMP", {}),
}
_EXIF_ORIENTATION = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def load_image(path: str | Path) -> NDArray[np.uint8]:
    """A picture file as 8-bit RGB.

    - The EXIF orientation is applied.
    - 16-bit pictures are scaled to 8 bits; greyscale, black-and-white and palette pictures become RGB.
    - Floating-point greyscale (TIFF) is read as [0, 1], or as [0, 255] when it holds values above 1.
    - Transparent pictures are put over white.
    - Colours of an embedded RGB or CMYK profile other than sRGB become sRGB; CMYK without a profile is
      converted plainly.
    - Of an animation or a multi-page file, the first picture is read.

    Args:
        path: a JPEG, PNG, WebP, AVIF, GIF, TIFF, BMP, JPEG 2000 or PPM file. Content decides, not the name.

    Returns:
        (H, W, 3) uint8 RGB, contiguous.

    Raises:
        FileNotFoundError: there is no such file.
        IsADirectoryError: it is a folder.
        PermissionError: it may not be read.
        ValueError: the file is empty, no picture of a known format, damaged or cut short, or has more than
            100 million pixels.
    """
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder, not a picture")
    if not path.exists():
        raise FileNotFoundError(f"there is no picture at {path}")
    return decode_image(path.read_bytes(), str(path))


def decode_image(content: bytes, name: str) -> NDArray[np.uint8]:
    """The content of a picture file, as `load_image` reads it; `name` is what errors call it."""
    if not content:
        raise ValueError(f"{name} is empty: no picture in it")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of large pictures and damaged metadata: both are dealt with here
        with _open(name, content) as image:
            return rgb_of(image, name)


def rgb_of(image: Image.Image, name: str = "the photo") -> NDArray[np.uint8]:
    """A Pillow image as `load_image` reads a file of it; `name` is what errors call it."""
    if image.width * image.height > MAX_PIXELS:
        raise _too_large(name)
    try:
        image.load()
        return _to_rgb(image)
    except MemoryError:
        raise
    except Exception as error:  # decoders raise nearly anything on damaged files
        raise ValueError(f"{name} cannot be read: the picture is damaged or cut short ({error})") from error


def save_image(path: str | Path, image: NDArray[np.uint8], *, made_by_ai: bool = False) -> None:
    """Writes a picture; the file appears whole or not at all. Arguments and errors are those of `encode_image`.

    Raises:
        FileNotFoundError, IsADirectoryError, PermissionError: the file cannot be written there.
    """
    encoded = encode_image(path, image, made_by_ai=made_by_ai)
    with atomic_path(path) as temporary:
        temporary.write_bytes(encoded)


def encode_image(path: str | Path, image: NDArray[np.uint8], *, made_by_ai: bool = False) -> bytes:
    """The content of a picture file.

    Args:
        path: ends in .png, .jpg, .jpeg, .webp or .bmp. JPEG and WebP are written at quality 95, JPEG without
            chroma subsampling.
        image: (H, W, 3) uint8 RGB.
        made_by_ai: say so in the file (`provenance`); BMP has no place for it.

    Raises:
        ValueError: another suffix, or `image` is not such an array, or it is too large for the format.
    """
    require_rgb(image)
    path = Path(path)
    if path.suffix.lower() not in _WRITABLE:
        raise ValueError(f"cannot tell the picture format of {path}: use one of {', '.join(_WRITABLE)}")
    kind, options = _WRITABLE[path.suffix.lower()]
    if made_by_ai:
        options = {**options, **picture_options(kind)}
    encoded = io.BytesIO()
    try:
        Image.fromarray(np.ascontiguousarray(image)).save(encoded, format=kind, **options)
    except (OSError, ValueError) as error:
        raise ValueError(
            f"a picture of {image.shape[1]}x{image.shape[0]} cannot be written as {kind}: {error}"
        ) from error
    return encoded.getvalue()


def _open(path: str, content: bytes) -> Image.Image:
    Image.init()
    formats = [name for name in READABLE if name in Image.OPEN]  # a build of Pillow may lack some
    try:
        return Image.open(io.BytesIO(content), formats=formats)
    except Image.DecompressionBombError as error:
        raise _too_large(path) from error
    except UnidentifiedImageError as error:
        raise ValueError(
            f"{path} is not a picture of a known format ({', '.join(READABLE)}); "
            "convert it to JPEG or PNG first (HEIC as well)"
        ) from error
    except Exception as error:  # damaged headers
        raise ValueError(f"{path} cannot be read: its header is damaged ({error})") from error


def _too_large(path: str) -> ValueError:
    return ValueError(f"{path} has more than {MAX_PIXELS // 1_000_000} million pixels; make the picture smaller first")


def _to_rgb(image: Image.Image) -> NDArray[np.uint8]:
    orientation, profile = _orientation(image), image.info.get("icc_profile")
    if image.mode.startswith("I") or image.mode == "F":
        image = Image.fromarray(_to_8_bits(np.asarray(image), image.mode))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, (255, 255, 255, 255))
        image = Image.alpha_composite(white, image).convert("RGB")
    if image.mode not in ("RGB", "CMYK"):
        image = image.convert("RGB")
    if profile:
        image = _to_srgb(image, profile)
    image = image.convert("RGB")
    if orientation in _UPRIGHT:
        image = image.transpose(_UPRIGHT[orientation])
    return np.array(image)


def _to_8_bits(values: NDArray[Any], mode: str) -> NDArray[np.uint8]:
    """16-bit, 32-bit integer (they hold 16 bits in practice) and floating-point greyscale to (H, W) uint8."""
    finite = np.nan_to_num(values.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    if mode == "F":
        scale = 1.0 if finite.max() > 1.0 else 255.0
    else:
        scale = 1.0 if mode == "I" and finite.max() <= 255 else 1.0 / 257.0
    eight_bits: NDArray[np.uint8] = np.clip(np.rint(finite * scale), 0, 255).astype(np.uint8)
    return eight_bits


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(_EXIF_ORIENTATION, 1))
    except Exception:  # damaged metadata is no reason to refuse the picture
        return 1


def _to_srgb(image: Image.Image, profile_bytes: bytes) -> Image.Image:
    """The picture in sRGB; unchanged if the profile is sRGB, damaged, or of another kind of picture."""
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(profile_bytes))
        if profile.profile.xcolor_space.strip() != image.mode or "sRGB" in ImageCms.getProfileDescription(profile):
            return image
        converted = ImageCms.profileToProfile(image, profile, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image
    return image if converted is None else converted


def is_black_and_white(image: NDArray[np.uint8]) -> bool:
    """Whether a picture (H, W, 3) uint8 shows shades of grey only, up to a trace of compression."""
    spread = image.max(-1).astype(np.int16) - image.min(-1)
    return bool(spread.mean() < 1.5 and np.percentile(spread, 99) <= 8)
