"""Looks for the pixel mark where there is none: `python benchmarks/mark_false_positives.py FOLDER... -o out.json`.

Every picture and frames of every video under the folders are read. None of them may carry our mark.
"""

from __future__ import annotations

import argparse
import itertools
import json
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from monalive.media.image_io import load_image
from monalive.media.video_io import VideoReader
from monalive.trust.mark_code import CHANCE_OF_MISTAKE, MAX_ATTEMPTS
from monalive.trust.mark_search import search_mark

PICTURES = {".jpg", ".jpeg", ".png", ".webp"}
VIDEOS = {".mp4", ".webm", ".mov"}


def pictures(folders: list[Path], every: int, longest: int, half: bool = False) -> Iterator[tuple[str, np.ndarray]]:
    """(kind, picture) of all files below the folders; frames of videos `every` so many."""
    for path in sorted(itertools.chain.from_iterable(folder.rglob("*") for folder in folders)):
        if path.suffix.lower() in PICTURES:
            image = load_image(path)
            step = max(1, max(image.shape) // longest)
            yield "picture", np.ascontiguousarray(image[::step, ::step])
        elif path.suffix.lower() in VIDEOS:
            for _, frame in itertools.islice(VideoReader(path), 0, None, every):
                yield "video frame", np.ascontiguousarray(frame[::2, ::2]) if half else frame


def main() -> None:
    """Counts what was looked at and what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--every", type=int, default=6, help="of a video's frames")
    parser.add_argument("--most", type=int, default=6000)
    parser.add_argument("--half", action="store_true", help="frames at half their size")
    parser.add_argument("--longest", type=int, default=768, help="pixels; larger pictures are thinned out")
    arguments = parser.parse_args()
    kinds, found = Counter[str](), 0
    started = time.monotonic()
    found_pictures = pictures(arguments.folders, arguments.every, arguments.longest, arguments.half)
    for kind, image in itertools.islice(found_pictures, arguments.most):
        found += search_mark([image]) is not None
        kinds[kind] += 1
        if sum(kinds.values()) % 100 == 0:
            print(dict(kinds), "found", found, f"{time.monotonic() - started:.0f} s", flush=True)
            arguments.output.write_text(json.dumps(_result(kinds, found), indent=1) + "\n")
    arguments.output.write_text(json.dumps(_result(kinds, found), indent=1) + "\n")


def _result(kinds: Counter[str], found: int) -> dict[str, object]:
    return {
        "looked_at": dict(kinds),
        "total": sum(kinds.values()),
        "false_positives": found,
        "attempts_per_picture_at_most": MAX_ATTEMPTS,
        "bound_per_picture": CHANCE_OF_MISTAKE,
    }


if __name__ == "__main__":
    main()
