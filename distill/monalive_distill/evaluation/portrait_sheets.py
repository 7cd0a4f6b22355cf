"""Portraits without a video, driven by others' motion: there is no truth to measure against, so they are looked at."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monalive.animator import PhotoAnimator
from monalive.faces.tracker import FaceTracker
from monalive.media.video_io import VideoReader
from monalive.motions.motion import Motion
from monalive_distill.evaluation.contact_sheet import contact_sheet, save_sheet

COLUMNS = 8
DRIVER_FRAMES = 120
_PICTURES = frozenset({".jpg", ".jpeg", ".png", ".webp"})


def write_portrait_sheets(
    portraits: Sequence[Path], drivers: Sequence[Path], animator: PhotoAnimator, output: Path
) -> list[tuple[str, str]]:
    """One contact sheet per portrait: a row of the driver's frames and a row of the portrait's, for each driver.

    The frames shown are those in which the driver has moved furthest, in their order.

    Args:
        portraits: picture files.
        drivers: video files; their first seconds are used.
        animator: relative transfer.
        output: an existing folder.

    Returns:
        (portrait's name, file name) of every sheet.

    Raises:
        FileNotFoundError, ValueError: a file is missing, unreadable or shows no face; the message names it.
    """
    driven = [_driver(path) for path in drivers]
    sheets = []
    for path in portraits:
        portrait = animator.enroll(path)
        rows: list[list[NDArray[np.uint8] | None]] = []
        for _, motion, frames in driven:
            shown = _furthest(motion, COLUMNS)
            made = list(animator.play(portrait, motion))
            rows.append([frames[0], *(frames[i] for i in shown)])
            rows.append([portrait.photo, *(made[i].image for i in shown)])
        captions = [text for name, _, _ in driven for text in (name, path.stem)]
        sheet = contact_sheet(rows, row_captions=captions, cell=200)
        name = f"portrait-{path.stem}.jpg"
        save_sheet(output / name, sheet)
        sheets.append((path.stem, name))
    return sheets


def find_portraits(folder: Path) -> list[Path]:
    """The picture files of a folder.

    Raises:
        FileNotFoundError: no such folder, or none in it.
    """
    found = sorted(path for path in folder.glob("*") if path.suffix.lower() in _PICTURES)
    if not found:
        raise FileNotFoundError(f"there are no pictures in {folder}")
    return found


def _driver(path: Path) -> tuple[str, Motion, list[NDArray[np.uint8]]]:
    frames: list[tuple[float, NDArray[np.uint8]]] = []
    with VideoReader(path) as reader, FaceTracker(settle=True) as tracker:
        for time, image in reader:
            if len(frames) == DRIVER_FRAMES:
                break
            frames.append((time, image))
        motion = Motion.from_frames(frames, tracker, reader.fps, name=path.stem)
    return path.stem, motion, [image for _, image in frames]


def _furthest(motion: Motion, count: int) -> list[int]:
    """Frames far from the first and from each other (greedy farthest points), in order."""
    points = motion.landmarks[:, :, :2].reshape(len(motion.landmarks), -1)
    nearest = np.abs(points - points[0]).mean(1)
    chosen: list[int] = []
    for _ in range(min(count, len(points) - 1)):
        index = int(nearest.argmax())
        chosen.append(index)
        nearest = np.minimum(nearest, np.abs(points - points[index]).mean(1))
    return sorted(chosen)
