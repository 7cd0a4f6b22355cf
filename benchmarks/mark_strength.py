"""What a strength of the pixel mark costs and how far it is from failing: `python benchmarks/mark_strength.py FOLDER`.

Clips are made as in `mark_attacks.py`, marked, attacked, and read where the mark is known to be (tiles of 64 pixels).
For each strength: PSNR; LPIPS added, against a frame of the same clip 8 frames on; after each attack the clips whose
message is read, and the margin: the mean of the code word's soft values, signed as sent, over their deviation.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import torch
from mark_attacks import ATTACKS, Frames, clips, h264, jpeg

from monalive.trust.mark_code import MarkMessage, decode, encode
from monalive.trust.mark_reader import _evidence, _read_tile, _soft_bits
from monalive.trust.pixel_mark import LOSSLESS, LOSSY, MarkStrength, PixelMark
from monalive_distill.metrics.lpips import LPIPS

SHOWN: dict[str, Callable[[Frames], Frames]] = {
    "none": lambda frames: frames[::2],
    "H.264 CRF 28": lambda frames: h264(frames, 28)[::2],
    "JPEG 70, one frame": lambda frames: [jpeg(70)(frames[len(frames) // 2])],
    "cropped off centre": lambda frames: ATTACKS["20 % of each side length cropped, off centre"](frames)[::2],
}


def margin(frames: Frames, message: MarkMessage) -> tuple[float, bool]:
    """The margin, and whether the message is read."""
    greys = [np.asarray(cv2.cvtColor(np.ascontiguousarray(frame), cv2.COLOR_RGB2GRAY), np.uint8) for frame in frames]
    soft = _soft_bits(next(iter(_read_tile(_evidence(greys, 1.0), 64.0, 1.0))).spectrum)
    agreeing = soft * encode(message)
    return float(agreeing.mean() / agreeing.std()), decode(soft) == message


def line(name: str, strength: MarkStrength, made: list[Frames], distance: Callable[[Frames, Frames], float]) -> str:
    """One strength's results as text."""
    message = MarkMessage(0x1234567, 0, 1)
    mark = PixelMark(message, (256, 256), None, strength)
    decibels, added = [], []
    read: dict[str, list[tuple[float, bool]]] = {attack: [] for attack in SHOWN}
    for clip in made:
        marked = [mark.apply(frame) for frame in clip]
        decibels.append(10 * np.log10(255**2 / np.mean((np.array(marked, float) - np.array(clip)) ** 2)))
        later = [clip[8], clip[12]]
        added.append(distance([marked[0], marked[4]], later) - distance([clip[0], clip[4]], later))
        for attack, change in SHOWN.items():
            read[attack].append(margin(change(marked), message))
    parts = [f"{name}: PSNR {np.mean(decibels):.2f} (least {min(decibels):.2f}) dB, LPIPS +{np.mean(added):.4f}"]
    for attack, results in read.items():
        margins = [value for value, _ in results]
        right = sum(found for _, found in results)
        parts.append(f"{attack} {right}/{len(made)}, margin {np.mean(margins):.2f} (least {min(margins):.2f})")
    return "; ".join(parts)


def main() -> None:
    """Prints a line for each strength."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--clips", type=int, default=8)
    arguments = parser.parse_args()
    made = [clip[:13] for clip in clips(arguments.folder, arguments.clips)]
    lpips = LPIPS("alex").eval()

    def distance(one: Frames, other: Frames) -> float:
        def tensor(frames: Frames) -> torch.Tensor:
            return torch.from_numpy(np.stack(frames)).permute(0, 3, 1, 2).float() / 255

        with torch.no_grad():
            return float(lpips(tensor(one), tensor(other)).mean())

    for name, strength in (("PNG", LOSSLESS), ("lossy formats", LOSSY)):
        print(line(name, strength, made, distance), flush=True)


if __name__ == "__main__":
    main()
