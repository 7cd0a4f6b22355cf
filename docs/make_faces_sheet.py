"""Makes a sheet of faces doing what eyes and mouths find hard: python docs/make_faces_sheet.py OUTPUT PHOTO...

Every cell is the face cut out of the result, scaled to the cell, in the frame of the motion in which most is asked.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monalive import PhotoAnimator, PhotoAnimatorOptions, builtin_motions, save_image
from monalive.faces.expressions import load_expressions
from monalive.faces.landmarks import LEFT_EYE_CORNERS, LEFT_IRIS
from monalive_distill.evaluation.contact_sheet import contact_sheet

Points = NDArray[np.float64]
CELL = 192


def _eyes(points: Points) -> float:
    return -sum(eye.openness(points) for eye in load_expressions().apertures.eyes)


def _mouth(points: Points) -> float:
    return load_expressions().apertures.mouth.openness(points)


def _smile(points: Points) -> float:
    return load_expressions().apertures.mouth.width(points)


def _gaze(points: Points) -> float:
    first, second = points[list(LEFT_EYE_CORNERS), :2]
    return float(abs((points[LEFT_IRIS[0], :2] - (first + second) / 2) @ (second - first)))


# Motion, and how much of it there is in a frame's landmarks.
MOTIONS: dict[str, Callable[[Points], float]] = {
    "blink": _eyes,
    "look_around": _gaze,
    "laugh": _mouth,
    "talk": _mouth,
    "surprise": _mouth,
    "smile": _smile,
}


def main() -> None:
    """Animates each photo with each motion."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", type=Path)
    parser.add_argument("photos", type=Path, nargs="+")
    parser.add_argument("--bundle", type=Path)
    arguments = parser.parse_args()
    rows = []
    with PhotoAnimator.create_from_options(PhotoAnimatorOptions(bundle_path=arguments.bundle)) as animator:
        for photo in arguments.photos:
            portrait = animator.enroll(photo)
            face = face_square(portrait.landmarks.astype(np.float64), portrait.photo.shape)
            row = [portrait.photo[face]]
            for name, strength in MOTIONS.items():
                motion = builtin_motions.load(name)
                strongest = int(np.argmax([strength(points) for points in motion.landmarks.astype(np.float64)]))
                frames = animator.play(portrait, motion)
                row.append(next(frame.image[face] for number, frame in enumerate(frames) if number == strongest))
            rows.append(row)
    sheet = contact_sheet(rows, column_captions=["photo", *MOTIONS], cell=CELL)
    save_image(arguments.output, sheet, made_by_ai=True)


def face_square(landmarks: Points, shape: tuple[int, ...]) -> tuple[slice, slice]:
    """The square around a face in its photo, forehead left out."""
    low, high = landmarks[:, :2].min(0), landmarks[:, :2].max(0)
    side = float((high - low).max()) * 1.05
    middle = (low + high) / 2 + [0, 0.04 * side]
    left, top = np.maximum(middle - side / 2, 0).astype(int)
    return slice(top, min(int(top + side), shape[0])), slice(left, min(int(left + side), shape[1]))


if __name__ == "__main__":
    main()
