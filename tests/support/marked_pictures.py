"""Writes marked and unmarked pictures, as they come out of encoders, and what the SDK reads in them.

`python marked_pictures.py FOLDER` writes PNG files and `expected.json`: of each case its pictures, the squares of its
faces, and the mark that was found. The TypeScript reader is held to it.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from monalive.faces.crop import SquareCrop
from monalive.trust.mark_code import MarkMessage
from monalive.trust.mark_faces import face_squares
from monalive.trust.mark_search import search_mark
from monalive.trust.pixel_mark import PixelMark

Frames = Sequence[NDArray[np.uint8]]
PHOTO: Final = Path(__file__).parents[1] / "golden" / "astronaut.jpg"
SQUARE: Final = SquareCrop(96.0, 0.0, 256.0)
MESSAGE: Final = MarkMessage(0x51C3)


def main(folder: Path) -> None:
    """Writes all cases into a folder that is there."""
    photo = np.asarray(Image.open(PHOTO).convert("RGB"))
    marked = PixelMark(MESSAGE, (512, 512), [SQUARE]).apply(photo)
    told = []
    for name, change in _CASES.items():
        told.append(_written(folder, name, change([photo if name == "unmarked" else marked])))
    (folder / "expected.json").write_text(json.dumps(told))


def _written(folder: Path, name: str, frames: Frames) -> dict[str, Any]:
    files = [f"{name}-{number}.png" for number in range(len(frames))]
    for file, frame in zip(files, frames, strict=True):
        Image.fromarray(frame).save(folder / file, compress_level=1)
    found = search_mark(frames)
    faces = [{"centre": face.centre.tolist(), "side": face.side} for face in face_squares(frames[:1])]
    mark = None
    if found is not None:
        mark = {
            "id": found.message.id_text,
            "belongs": found.belongs,
            "mirrored": found.mirrored,
            "tilePixels": found.tile_pixels,
        }
    return {"name": name, "files": files, "faces": faces, "mark": mark}


def _encoded(kind: str, quality: int, side: int = 512) -> Callable[[Frames], Frames]:
    def change(frames: Frames) -> Frames:
        changed = []
        for frame in frames:
            content = io.BytesIO()
            Image.fromarray(frame).resize((side, side), Image.Resampling.BICUBIC).save(content, kind, quality=quality)
            changed.append(np.asarray(Image.open(content).convert("RGB")))
        return changed

    return change


def _filmed(frames: Frames) -> Frames:
    """Five frames alike through H.264 at CRF 28."""
    content = io.BytesIO()
    with av.open(content, "w", format="mp4") as film:
        stream = film.add_stream("libx264", rate=25, options={"crf": "28", "threads": "1"})
        stream.width, stream.height, stream.pix_fmt = 512, 512, "yuv420p"
        for _ in range(5):
            film.mux(stream.encode(av.VideoFrame.from_ndarray(frames[0], format="rgb24")))
        film.mux(stream.encode())
    content.seek(0)
    with av.open(content, "r") as film:
        return [np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) for frame in film.decode(video=0)]


_CASES: Final[dict[str, Callable[[Frames], Frames]]] = {
    "as written": lambda frames: frames,
    "unmarked": lambda frames: frames,
    "jpeg 70": _encoded("JPEG", 70),
    "webp 80": _encoded("WEBP", 80),
    "three quarters, jpeg 90": _encoded("JPEG", 90, 384),
    "turned and in a mirror": lambda frames: [np.ascontiguousarray(frame.transpose(1, 0, 2)) for frame in frames],
    "cut": lambda frames: [np.ascontiguousarray(frame[8:240, 110:340]) for frame in frames],
    "h.264, crf 28": _filmed,
}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
