"""What the pixel mark survives: `python benchmarks/mark_attacks.py FOLDER -o benchmarks/marks.json`.

One clip of the animator's output per photo in FOLDER is marked and written as the sinks do (mp4, CRF 18), goes through
each of the 66 attacks of `mark_attack_set`, and is read as `monalive verify` reads it. `--quick` takes twelve of them.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from mark_attack_set import QUICK, Frames, attacks, h264, to_height

from monalive import PhotoAnimator, PhotoAnimatorOptions, RuntimeOptions, builtin_motions, load_image
from monalive.faces.crop import SquareCrop
from monalive.trust.mark_code import CHANCE_OF_MISTAKE, MarkMessage
from monalive.trust.mark_search import search_mark
from monalive.trust.pixel_mark import LOSSY, PixelMark

FILE_ID = 0x5A3C
STEP = 2  # of the animator's frames, to see more of a motion in as many


@dataclass(frozen=True)
class Clip:
    """A photo's name, what the animator makes of it, and the square that it animates."""

    name: str
    frames: Frames
    square: SquareCrop


def clips(folder: Path, length: int, highest: int) -> list[Clip]:
    """The animator's output for the photos of a folder, those higher than `highest` made smaller."""
    made: list[Clip] = []
    names = list(builtin_motions.names())
    with PhotoAnimator.create_from_options(PhotoAnimatorOptions(runtime=RuntimeOptions(num_threads=1))) as animator:
        for number, path in enumerate(sorted(folder.iterdir())):
            image = load_image(path)
            if image.shape[0] > highest:
                image = to_height(image, highest)
            portrait = animator.enroll(image, consent="given")
            played = animator.play(portrait, builtin_motions.load(names[number % len(names)]))
            frames = [frame.image for frame, _ in zip(played, range(length * STEP), strict=False)][::STEP]
            made.append(Clip(path.stem, frames, portrait.crop))
    return made


def marked(clip: Clip) -> Frames:
    """A clip as it is written."""
    height, width = clip.frames[0].shape[:2]
    mark = PixelMark(MarkMessage(FILE_ID), (width, height), [clip.square], LOSSY)
    return h264([mark.apply(frame) for frame in clip.frames], 18)


def main() -> None:
    """Writes which clips survived each attack, which were taken for copies, and how long reading took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--frames", type=int, default=16)
    parser.add_argument("--highest", type=int, default=768)
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    made = clips(arguments.folder, arguments.frames, arguments.highest)
    chosen = {name: attack for name, attack in attacks().items() if not arguments.quick or name in QUICK}
    read: dict[str, list[str]] = {name: [] for name in ("as written", *chosen)}
    ours, doubted, copied, wrong, seconds = 0, 0, 0, 0, []
    for clip in made:
        written = marked(clip)
        for name, attack in {"as written": lambda frames: frames, **chosen}.items():
            frames = attack(written)
            started = time.thread_time()  # a busy machine would count other programs, too
            found = search_mark(frames)
            seconds.append(time.thread_time() - started)
            if found is None:
                continue
            wrong += found.message.file_id != FILE_ID
            read[name].append(clip.name)
            ours, doubted, copied = (
                count + (found.belongs is said) for count, said in ((ours, True), (doubted, None), (copied, False))
            )
        results: dict[str, Any] = {
            "clips": {
                clip.name: f"{clip.frames[0].shape[1]} x {clip.frames[0].shape[0]}, square {clip.square.side:.0f}"
            },
            "tried": (made.index(clip) + 1) * len(chosen),
            "read": sum(len(names) for name, names in read.items() if name in chosen),
            "wrong": wrong,
            "verdicts": {"made for this picture": ours, "cannot tell": doubted, "made for another": copied},
            "chance_of_mistake": CHANCE_OF_MISTAKE,
            "cpu_seconds_per_reading_median": round(float(np.median(seconds)), 2),
            "read_by_attack": {name: len(names) for name, names in read.items()},
            "missed": {
                name: [done.name for done in made[: made.index(clip) + 1] if done.name not in names]
                for name, names in read.items()
            },
        }
        results["clips"] = {
            done.name: f"{done.frames[0].shape[1]} x {done.frames[0].shape[0]}, square {done.square.side:.0f}"
            for done in made[: made.index(clip) + 1]
        }
        print(clip.name, results["read"], "of", results["tried"], results["verdicts"], flush=True)
        arguments.output.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
