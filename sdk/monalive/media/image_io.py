"""Picture files: whatever they hold becomes plain 8-bit RGB, the right way up; and pictures into files."""

from __future__ import annotations

import io
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms
from PIL.ImageFile import ImageFile

from monalive.atomic_file import atomic_path
from monalive.media.cutout import over, with_hidden_filled
from monalive.media.display_p3 import display_p3_profile, says_display_p3
from monalive.media.reduced_picture import TooLargeToDecodeError, fitted_size, reduced, scale_to_8_bits, to_8_bits
from monalive.media.regular_file import require_file
from monalive.rgb_image import is_rgba, require_rgb
from monalive.trust.provenance import picture_options

# Formats that photos come in. Not all that Pillow reads: some (EPS) start other programs.
READABLE = ("JPEG", "MPO", "PNG", "WEBP", "AVIF", "GIF", "TIFF", "BMP", "JPEG2000", "PPM", "HEIF")
MAX_PIXELS = 100_000_000  # read whole: 300 MB as RGB; a file of a few kilobytes can claim far more
MAX_REDUCED_PIXELS = 250_000_000  # read at a smaller size
MAX_FILE_BYTES = 2 << 30
_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")

_WRITABLE: dict[str, tuple[str, dict[str, Any]]] = {
    ".png": ("PNG", {"compress_level": 4}),
    ".jpg": ("JPEG", {"quality": 95, "subsampling": 0}),
    ".jpeg": ("JPEG", {"quality": 95, "subsampling": 0}),
    ".webp": ("WEBP", {"quality": 95}),
    ".bmp": ("BMP", {}),
}
_TRANSPARENT = (".png", ".webp")
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


@dataclass(frozen=True)
class LoadedPhoto:
    """A photo as it is worked on.

    Attributes:
        image: (H, W, 3) uint8 RGB. Colours that the photo hides are those of the nearest visible pixels.
        full_size: the (width, height) that its file has, as stored.
        alpha: (H, W) uint8, 255 where it is opaque; None where all of it is.
    """

    image: NDArray[np.uint8]
    full_size: tuple[int, int]
    alpha: NDArray[np.uint8] | None = None

    @property
    def is_smaller(self) -> bool:
        """Whether it was made smaller."""
        return bool(max(self.full_size) > max(self.image.shape[:2]))


def load_image(path: str | Path, longest_side: int | None = None) -> NDArray[np.uint8]:
    """A picture file as 8-bit RGB.

    - The EXIF orientation is applied.
    - 16-bit pictures are scaled to 8 bits; greyscale, black-and-white and palette pictures become RGB.
    - Floating-point greyscale (TIFF) is read as [0, 1], or as [0, 255] when it holds values above 1.
    - Transparent pictures are put over white.
    - Colours of an embedded RGB or CMYK profile other than sRGB become sRGB; CMYK without a profile is
      converted plainly.
    - Of an animation or a multi-page file, the first picture is read.

    Args:
        path: a JPEG, PNG, WebP, AVIF, GIF, TIFF, BMP, JPEG 2000 or PPM file, or HEIC with the extra `heif`. Content
            decides, not the name.
        longest_side: make it smaller, so that its longest side has so many pixels at most. Large photos then take
            little memory: JPEG and JPEG 2000 are decoded at a reduced size.

    Returns:
        (H, W, 3) uint8 RGB, contiguous.

    Raises:
        FileNotFoundError: there is no such file.
        IsADirectoryError: it is a folder.
        PermissionError: it may not be read.
        ValueError: it is no regular file, empty, no picture of a known format, damaged or cut short, or has more
            than 100 million pixels (250 million with `longest_side`), or more than fit into memory.
    """
    photo = load_photo(path, longest_side)
    return photo.image if photo.alpha is None else over(photo.image, photo.alpha)


def load_photo(path: str | Path, longest_side: int | None) -> LoadedPhoto:
    """`load_image` that tells whether the picture was made smaller, and leaves a cut-out one cut out.

    Same arguments and errors.
    """
    path = Path(path)
    with open_picture(path) as image:
        return _loaded(image, str(path), longest_side)


def decode_photo(content: bytes, name: str, longest_side: int | None) -> LoadedPhoto:
    """The content of a picture file, as `load_photo` reads it; `name` is what errors call it."""
    with _opened(io.BytesIO(content), name) as image:
        return _loaded(image, name, longest_side)


def photo_of(image: Image.Image, name: str, longest_side: int | None) -> LoadedPhoto:
    """A Pillow image as `load_photo` reads a file of it; `name` is what errors call it."""
    smaller = fitted_size(image.size, longest_side)
    if image.width * image.height > MAX_PIXELS:
        raise ValueError(
            f"{name} has more than {MAX_PIXELS // 1_000_000} million pixels; make the picture smaller first"
        )
    with warnings.catch_warnings(), _damage_in_words(name):
        warnings.simplefilter("ignore")
        image.load()
        photo = _plain_photo(image, image, image.size)
    if smaller == image.size:
        return photo
    return LoadedPhoto(
        _resized(photo.image, longest_side),
        image.size,
        None if photo.alpha is None else _resized(photo.alpha, longest_side),
    )


@contextmanager
def open_picture(path: Path) -> Iterator[ImageFile]:
    """A picture file of which the header alone is read.

    Raises:
        FileNotFoundError, IsADirectoryError, PermissionError, ValueError: as `load_image`.
    """
    require_file(path, "picture")
    with path.open("rb") as file:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise ValueError(f"{path} has more than {MAX_FILE_BYTES >> 30} GB: no photo is as large; name a picture")
        with _opened(file, str(path)) as image:
            yield image


@contextmanager
def _opened(file: BinaryIO, name: str) -> Iterator[ImageFile]:
    """A picture of which the header alone is read; `name` is what errors call it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of large pictures and damaged metadata: both are dealt with here
        start = file.read(64)
        if not start:
            raise ValueError(f"{name} is empty: no picture in it")
        if start[4:8] == b"ftyp" and start[8:12] in _HEIF_BRANDS and b"avif" not in start:
            _learn_heif(name)
        image = _header(file, start, name)
        if image is not None:
            with image:
                yield image
            return
    raise ValueError(
        f"{name} is not a picture of a known format ({', '.join(READABLE)}); convert it to JPEG or PNG first"
    )


def _header(file: BinaryIO, start: bytes, name: str) -> ImageFile | None:
    """The picture that begins with `start`, with nothing read but its header; None if it is in no known format."""
    for load_formats in (Image.preinit, Image.init):  # the few that most pictures have, then all: loading them is slow
        load_formats()
        for kind in READABLE:
            if kind not in Image.OPEN:  # a build of Pillow may lack some
                continue
            factory, accept = Image.OPEN[kind]
            if accept is not None and not _accepted(accept(start)):
                continue
            file.seek(0)
            # Not Image.open: it refuses more than 179 million pixels, which are read at a reduced size here.
            try:
                image = factory(file, "")
            except (SyntaxError, IndexError, TypeError, struct.error):
                continue
            except Exception as error:  # damaged headers
                raise ValueError(f"{name} cannot be read: its header is damaged ({error})") from error
            if kind in ("HEIF", "AVIF") and says_display_p3(file):
                image.info.setdefault("icc_profile", display_p3_profile())
            return image
    return None


def _loaded(image: ImageFile, name: str, longest_side: int | None) -> LoadedPhoto:
    """A picture that was opened, read whole or at a smaller size."""
    width, height = size = image.size
    smaller = fitted_size(size, longest_side)
    limit = MAX_PIXELS if smaller == size else MAX_REDUCED_PIXELS
    if width * height > limit:
        smaller_helps = limit == MAX_PIXELS and width * height <= MAX_REDUCED_PIXELS
        advice = "read it at a smaller size (longest_side, --size)" if smaller_helps else "make it smaller first"
        raise ValueError(f"{name} has more than {limit // 1_000_000} million pixels; {advice}")
    with _damage_in_words(name):
        if smaller == size:
            image.load()
        return _plain_photo(image, image if smaller == size else reduced(image, smaller), size)


@contextmanager
def _damage_in_words(name: str) -> Iterator[None]:
    try:
        yield
    except MemoryError:
        raise
    except TooLargeToDecodeError as error:
        raise ValueError(f"{name} cannot be read: {error}") from error
    except Exception as error:  # decoders raise nearly anything on damaged files
        raise ValueError(f"{name} cannot be read: the picture is damaged or cut short ({error})") from error


def save_image(path: str | Path, image: NDArray[np.uint8], *, made_by_ai: bool = False) -> None:
    """Writes a picture; the file appears whole or not at all.

    Args:
        path: the file, with a suffix that `encode_image` takes.
        image: (H, W, 3) uint8 RGB, or (H, W, 4) RGBA for PNG and WebP.
        made_by_ai: say so in the file's metadata.

    Raises:
        FileNotFoundError, IsADirectoryError, PermissionError: the file cannot be written there.
        ValueError: unknown format, or a picture that it cannot hold.
    """
    encoded = encode_image(path, image, made_by_ai=made_by_ai)
    with atomic_path(path) as temporary:
        temporary.write_bytes(encoded)


def encode_image(path: str | Path, image: NDArray[np.uint8], *, made_by_ai: bool = False) -> bytes:
    """The content of a picture file.

    Args:
        path: ends in .png, .jpg, .jpeg, .webp or .bmp. JPEG and WebP are written at quality 95, JPEG without
            chroma subsampling.
        image: (H, W, 3) uint8 RGB, or (H, W, 4) RGBA for PNG and WebP.
        made_by_ai: say so in the file (`provenance`); BMP has no place for it.

    Raises:
        ValueError: another suffix, or `image` is not such an array, or it is too large for the format.
    """
    path = Path(path)
    if not (is_rgba(image) and path.suffix.lower() in _TRANSPARENT):
        require_rgb(image)
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


def _accepted(answer: object) -> bool:
    """Pillow's plugins answer with a truth value, or with a text that says why not."""
    return bool(answer) and not isinstance(answer, str)


def _learn_heif(name: str) -> None:
    try:
        import pillow_heif
    except ModuleNotFoundError as error:
        raise ValueError(
            f"{name} is a HEIC photo, which needs the extra 'heif': pip install 'monalive[heif]', or save it as JPEG"
        ) from error
    pillow_heif.register_heif_opener(thumbnails=False)


def _resized(values: NDArray[np.uint8], longest_side: int | None) -> NDArray[np.uint8]:
    """(H, W, ...) uint8 with a longest side of so many pixels at most."""
    size = fitted_size((values.shape[1], values.shape[0]), longest_side)
    return np.array(Image.fromarray(values).resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0))


def _plain_photo(file: Image.Image, image: Image.Image, full_size: tuple[int, int]) -> LoadedPhoto:
    """What was read from `file`, whole or made smaller, in plain colours, upright."""
    orientation, profile = _orientation(file), file.info.get("icc_profile")
    if image.mode.startswith("I") or image.mode == "F":
        image = Image.fromarray(to_8_bits(np.asarray(image), scale_to_8_bits(image)))
    opaque: Image.Image | None = None
    if image.has_transparency_data:
        image = image.convert("RGBA")
        opaque = image.getchannel("A")
        image = image.convert("RGB")
    if image.mode not in ("RGB", "CMYK"):
        image = image.convert("RGB")
    if profile:
        image = _to_srgb(image, profile)
    image = image.convert("RGB")
    if orientation in _UPRIGHT:
        image = image.transpose(_UPRIGHT[orientation])
        opaque = None if opaque is None else opaque.transpose(_UPRIGHT[orientation])
    colours = np.array(image)
    if opaque is None or opaque.getextrema() == (255, 255):
        return LoadedPhoto(colours, full_size)
    alpha = np.array(opaque)
    return LoadedPhoto(with_hidden_filled(colours, alpha), full_size, alpha)


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
