"""Clips of nobody: a mean face that says something under a turning head, and a sound that goes with it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from monalive.faces.expressions import load_expressions
from monalive.faces.head_pose import HeadPose, angles_rotation
from monalive_distill.speech.clips import SpokenClip
from monalive_distill.speech.mouth_basis import TIED, mouth_basis
from monalive_distill.speech.sound import SAMPLE_RATE
from monalive_distill.speech.tracks import Track

FPS = 25


def opening_mouth(frames: int) -> NDArray[np.float64]:
    """(frames, 14) coefficients: shut for a third, then the jaw opens and closes twice."""
    coefficients = np.zeros((frames, len(TIED)))
    phase = np.linspace(-1, 2, frames)
    coefficients[:, TIED.index("jawOpen")] = 0.5 * np.maximum(np.sin(2 * np.pi * phase), 0) * (phase > 0)
    return coefficients


def spoken_clip(coefficients: NDArray[np.float64], person: str = "somebody", size: float = 90.0) -> SpokenClip:
    """A clip whose landmarks make these coefficients, (T, 14), seen under a turning head `size` pixels wide."""
    basis = load_expressions()
    count = len(coefficients)
    faces = basis.mean_face + np.tensordot(coefficients, mouth_basis().displacements, axes=1)
    landmarks = []
    for number, face in enumerate(faces):
        turn = angles_rotation(10 * np.sin(number / 9), 5 * np.cos(number / 7), 3 * np.sin(number / 5))
        landmarks.append(HeadPose(turn, size, np.array([130.0 + number / 10, 120.0, 0.0])).to_image(face))
    seconds = count / FPS
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    loud = np.interp(time, np.arange(count) / FPS, coefficients[:, 0])
    return SpokenClip(
        name="clip",
        person=person,
        split="train",
        words=[],
        sound=(loud * np.sin(2 * np.pi * 200 * time)).astype(np.float32),
        times_s=np.arange(count) / FPS,
        landmarks=np.stack(landmarks).astype(np.float32),
        blendshapes=np.zeros((count, 52), np.float32),
    )


def track(
    coefficients: NDArray[np.float64], *, split: str = "train", person: str = "somebody", phones: object = None
) -> Track:
    """The same as a track, without the detour over landmarks."""
    clip, basis = spoken_clip(coefficients, person), mouth_basis()
    lips = np.maximum(coefficients @ basis.lips, 0)
    return Track(
        *(f"{person}_{split}", person, split, clip.sound, clip.times_s, coefficients.astype(np.float32)),
        *((coefficients @ basis.jaw).astype(np.float32), lips.astype(np.float32), phones),  # type: ignore[arg-type]
    )
