"""Photos in Display P3 that say so by a number instead of a colour profile, as HEIC and AVIF may."""

from __future__ import annotations

import struct
from functools import cache
from typing import BinaryIO, Final

from PIL import ImageCms

_READ_BYTES: Final = 1 << 18  # the boxes before a photo's pixels
_NUMBERS: Final = b"colrnclx"
_PROFILE: Final = (b"colrprof", b"colrrICC")
_P3_PRIMARIES: Final = 12
_SRGB_TRANSFERS: Final = (1, 13)  # BT.709's, which is shown as sRGB's, and sRGB's
# Of red, green and blue, adapted to D50 as profiles have them.
_COLOURS: Final = {
    b"rXYZ": (0.515102, 0.241182, -0.001049),
    b"gXYZ": (0.291965, 0.692236, 0.041882),
    b"bXYZ": (0.157153, 0.066582, 0.784378),
}


def says_display_p3(file: BinaryIO) -> bool:
    """Whether a HEIC or AVIF file says by its numbers alone that its colours are Display P3's."""
    before = file.tell()
    file.seek(0)
    start = file.read(_READ_BYTES)
    file.seek(before)
    at = start.find(_NUMBERS)
    if at < 0 or any(name in start for name in _PROFILE) or len(start) < at + len(_NUMBERS) + 4:
        return False
    primaries, transfer = struct.unpack_from(">HH", start, at + len(_NUMBERS))
    return primaries == _P3_PRIMARIES and transfer in _SRGB_TRANSFERS


@cache
def display_p3_profile() -> bytes:
    """The colour profile of Display P3: sRGB's with other primaries."""
    content = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    (count,) = struct.unpack_from(">I", content, 128)
    for entry in range(count):
        name, offset, _ = struct.unpack_from(">4sII", content, 132 + 12 * entry)
        if name in _COLOURS:
            struct.pack_into(">3i", content, offset + 8, *(round(value * 65536) for value in _COLOURS[name]))
    # It must not be called sRGB (its name is in UTF-16).
    return bytes(content).replace("sRGB".encode("utf-16-be"), "P3  ".encode("utf-16-be"))
