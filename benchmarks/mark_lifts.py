"""Whether a mark copied to other footage is told: `python benchmarks/mark_lifts.py PHOTOS CLIPS -o mark_lifts.json`.

The mark is taken from outputs of the animator (the photos of a folder) in three ways and added to genuine clips of
another folder, and each is read as `monalive verify` reads it. The ways: (a) one frame less its original, which the
one who takes it must have; (b) the mean of all frames less a blur; (c) the same, averaged over the tile's 4 x 4 shifts.
"""

from __future__ import annotations

import argparse
import itertools
import json
from collections import Counter
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from mark_attack_set import Frames, h264, squared
from mark_attacks import clips

from monalive.media.video_io import VideoReader
from monalive.trust.mark_code import MarkMessage
from monalive.trust.mark_search import search_mark
from monalive.trust.pixel_mark import LOSSLESS, PixelMark

SIZE, FRAMES = 256, 6
STRENGTHS = (2.0, 3.0)  # root mean square, levels


def lifts(frames: Frames) -> dict[str, np.ndarray]:
    """The mark as it is taken, (256, 256, 3), by way."""
    mark = PixelMark(MarkMessage.random(), (SIZE, SIZE), None, LOSSLESS)
    written = [mark.apply(frame) for frame in frames]
    mean = np.mean(written, axis=0)
    rest = mean - cv2.GaussianBlur(mean, (0, 0), 2.5)
    tile = SIZE // 4
    shifted = [np.roll(rest, (tile * down, tile * across), (0, 1)) for down in range(4) for across in range(4)]
    return {
        "a: one frame less its original": written[0].astype(float) - frames[0],
        "b: mean of the frames less a blur": rest,
        "c: b averaged over the tiles": np.mean(shifted, axis=0),
    }


def main() -> None:
    """Counts the verdicts on each way of copying."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("clips", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--frames", type=int, default=50, help="of an output that the mark is taken from")
    parser.add_argument("--genuine", type=int, default=12, help="clips that each mark is laid on")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    genuine = []
    for path in sorted(arguments.clips.glob("*.mp4"))[
        :: max(1, len(list(arguments.clips.glob("*.mp4"))) // arguments.genuine)
    ]:
        frames = itertools.islice(VideoReader(path), 0, FRAMES * 5, 5)
        genuine.append([squared(frame) for _, frame in frames])
    counts: dict[str, Counter[str]] = {}
    for clip in clips(arguments.photos, arguments.frames, 512):
        for way, lifted in lifts([squared(frame) for frame in clip.frames]).items():
            for strength, frames in itertools.product(STRENGTHS, genuine[: arguments.genuine]):
                pattern = lifted * (strength / lifted.std())
                copied = [np.clip(np.rint(frame + pattern), 0, 255).astype(np.uint8) for frame in frames]
                found = search_mark(h264(copied, 18))
                verdict = (
                    "not found"
                    if found is None
                    else {True: "ours", None: "cannot tell", False: "copied"}[found.belongs]
                )
                counts.setdefault(f"{way}, {strength}", Counter())[verdict] += 1
        print(clip.name, {way: dict(count) for way, count in counts.items()}, flush=True)
        results: dict[str, Any] = {
            "frames": arguments.frames,
            "genuine": len(genuine[: arguments.genuine]),
            "verdicts": counts,
        }
        arguments.output.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
