"""PNG pictures too large for memory, decoded a band of rows at a time."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO, Final

import numpy as np
from PIL import Image

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_CHANNELS: Final = {0: 1, 2: 3, 4: 2, 6: 4}  # by colour type; palettes take one byte a pixel and fit into memory
_COLOUR_TYPES: Final = {channels: kind for kind, channels in _CHANNELS.items()}
_READ_BYTES: Final = 1 << 16
_INFLATED_BYTES: Final = 1 << 20


def png_bands(file: BinaryIO, rows: int) -> Iterator[Image.Image]:
    """The picture from top to bottom, at full width, 8 bits a channel (of 16 bits, the upper 8).

    Each band is a PNG of its own for Pillow's decoder: its rows as they are filtered in the file, below the last
    decoded row of the band before, since filters refer to the row above.

    Args:
        file: of a PNG with 8 or 16 bits a channel, without palette, not interlaced.
        rows: of a band; the last one may have fewer.

    Raises:
        ValueError: another kind of PNG, damaged or cut short.
    """
    file.seek(0)
    if file.read(len(_SIGNATURE)) != _SIGNATURE:
        raise ValueError("it does not begin as a PNG")
    length, _ = struct.unpack(">I4s", file.read(8))
    width, height, depth, kind, _, _, interlaced = struct.unpack(">IIBBBBB", file.read(length)[:13])
    file.seek(4, io.SEEK_CUR)
    if depth not in (8, 16) or kind not in _CHANNELS or interlaced:
        raise ValueError("this kind of PNG cannot be read in bands")
    channels = _CHANNELS[kind]
    row_bytes = 1 + width * channels * depth // 8  # with the filter's type in front
    above = bytes(width * channels)
    pieces, waiting = _inflated(file), bytearray()
    for top in range(0, height, rows):
        count = min(rows, height - top)
        while len(waiting) < count * row_bytes:
            piece = next(pieces, None)
            if piece is None:
                raise ValueError("the picture ends early")
            waiting += piece
        filtered = np.frombuffer(bytes(waiting[: count * row_bytes]), np.uint8).reshape(count, row_bytes)
        del waiting[: count * row_bytes]
        if depth == 16:
            # Filters work on each byte of a pixel apart, so the upper bytes alone are a valid picture of 8 bits.
            filtered = np.concatenate([filtered[:, :1], filtered[:, 1::2]], axis=1)
        band = _decoded(width, channels, above, filtered)
        above = np.asarray(band.crop((0, band.height - 1, width, band.height))).tobytes()
        yield band


def png_exif(file: BinaryIO) -> bytes:
    """The EXIF data, wherever it lies in the file; empty where there is none."""
    file.seek(len(_SIGNATURE))
    while len(head := file.read(8)) == 8:
        length, kind = struct.unpack(">I4s", head)
        if kind == b"eXIf":
            return file.read(length)
        file.seek(length + 4, io.SEEK_CUR)
    return b""


def _decoded(width: int, channels: int, above: bytes, filtered: np.ndarray) -> Image.Image:
    """The rows `filtered` (n, 1 + width * channels) uint8 below the decoded row `above`."""
    compress = zlib.compressobj(0)
    data = compress.compress(b"\0" + above) + compress.compress(filtered.tobytes()) + compress.flush()
    header = struct.pack(">IIBBBBB", width, len(filtered) + 1, 8, _COLOUR_TYPES[channels], 0, 0, 0)
    content = _SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")
    with Image.open(io.BytesIO(content), formats=["PNG"]) as picture:
        return picture.crop((0, 1, width, len(filtered) + 1))


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _inflated(file: BinaryIO) -> Iterator[bytes]:
    """The decompressed data of the chunks from here on, in pieces; a small file may hold endless data."""
    inflate = zlib.decompressobj()
    try:
        for data in _data(file):
            while data:
                piece = inflate.decompress(data, _INFLATED_BYTES)
                data = inflate.unconsumed_tail
                if piece:
                    yield piece
        yield inflate.flush()
    except zlib.error as error:
        raise ValueError(f"the compressed data is damaged ({error})") from error


def _data(file: BinaryIO) -> Iterator[bytes]:
    while len(head := file.read(8)) == 8:
        length, kind = struct.unpack(">I4s", head)
        if kind == b"IEND":
            return
        if kind == b"IDAT":
            while length and (data := file.read(min(length, _READ_BYTES))):
                length -= len(data)
                yield data
        file.seek(length + 4, io.SEEK_CUR)
