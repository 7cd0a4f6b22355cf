"""What a strength of the pixel mark costs and how far it is from failing: `python benchmarks/mark_strength.py FOLDER`.

Clips are made as in `mark_attacks.py`, cut to 256², marked, attacked, and read where the mark is known to be (tiles of
64 pixels). For each strength: PSNR; LPIPS added, against a frame of the same clip 8 frames on; after each attack the
clips whose message is read, and the margin: the mean of the code word's soft values, signed as sent, over their
deviation.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import torch
from mark_attack_set import Frames, cropped, h264, picture, squared
from mark_attacks import clips

from monalive.faces.crop import SquareCrop
from monalive.trust.mark_code import MarkMessage, decode, encode
from monalive.trust.mark_evidence import evidence
from monalive.trust.mark_lattice import upright
from monalive.trust.mark_pattern import TILES, strengths
from monalive.trust.mark_picture import picture_bits
from monalive.trust.mark_reading import Area, readings, soft_bits
from monalive.trust.pixel_mark import LOSSLESS, LOSSY, MarkStrength, PixelMark
from monalive_distill.metrics.lpips import LPIPS

SIZE = 256
SHOWN: dict[str, Callable[[Frames], Frames]] = {
    "none": lambda frames: frames[::2],
    "H.264 CRF 28": lambda frames: h264(frames, 28)[::2],
    "JPEG 70, one frame": lambda frames: [picture("JPEG", 70)(frames[len(frames) // 2])],
    "cropped off centre": lambda frames: [cropped(0, 0.2, 0.2, 0)(frame) for frame in frames[::2]],
}


def margin(frames: Frames, file_id: int, bits: int) -> tuple[float, bool]:
    """The margin, and whether the message is read."""
    greys = [np.asarray(cv2.cvtColor(np.ascontiguousarray(frame), cv2.COLOR_RGB2GRAY), np.uint8) for frame in frames]
    height, width = greys[0].shape
    seen = evidence(greys, (0, 0, width, height), 1.0)
    area = Area(np.array([width, height]) / 2, (TILES, TILES), fade=False)
    soft = soft_bits(readings(seen, area, upright(SIZE / TILES))[0].values, strengths())
    agreeing = soft * encode(file_id, bits)
    return float(agreeing.mean() / agreeing.std()), decode(soft) == MarkMessage(file_id, bits)


def line(name: str, strength: MarkStrength, made: list[Frames], distance: Callable[[Frames, Frames], float]) -> str:
    """One strength's results as text."""
    file_id, square = 0x1234, SquareCrop(0, 0, SIZE)
    decibels, added = [], []
    read: dict[str, list[tuple[float, bool]]] = {attack: [] for attack in SHOWN}
    for clip in made:
        mark = PixelMark(MarkMessage(file_id), (SIZE, SIZE), [square], strength)
        marked = [mark.apply(frame) for frame in clip]
        decibels.append(10 * np.log10(255**2 / np.mean((np.array(marked, float) - np.array(clip)) ** 2)))
        later = [clip[8], clip[12]]
        added.append(distance([marked[0], marked[4]], later) - distance([clip[0], clip[4]], later))
        for attack, change in SHOWN.items():
            read[attack].append(margin(change(marked), file_id, picture_bits(clip[0], square)))
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
    made = [[squared(frame) for frame in clip.frames] for clip in clips(arguments.folder, 13, 512)[: arguments.clips]]
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
