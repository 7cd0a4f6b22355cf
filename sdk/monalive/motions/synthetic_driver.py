"""The driver of the built-in motions: the mean face, moved by curves over expression, gaze and head pose."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from monalive.faces.expressions import load_expressions
from monalive.faces.head_pose import NECK, angles_rotation
from monalive.motions.motion_curves import blink, glances, sway

IMAGE_SIZE = (512, 512)
PIXELS_PER_UNIT = 133.0  # of the outer-eye-corner distance: the face is half the picture high
CENTRE = np.array([256.0, 236.0, 0.0])

Array = NDArray[np.float64]


@dataclass
class Performance:
    """What the driver does in each of T frames, filled in by a motion.

    Attributes:
        time: (T,) seconds. seconds: length of the loop.
        coefficients: expression name to (T,); a face at rest where there is none.
        gaze: (T, 2) degrees to the picture's right and down. head: (T, 3) yaw, pitch, roll in degrees.
        shift: (T, 2) of the head, right and down, in outer-eye-corner distances.
    """

    time: Array
    seconds: float
    coefficients: dict[str, Array] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.gaze = np.zeros((len(self.time), 2))
        self.head = np.zeros((len(self.time), 3))
        self.shift = np.zeros((len(self.time), 2))

    def add(self, curve: Array, **amounts: float) -> None:
        """Adds a curve, times an amount each, to coefficients; `mouthSmile` stands for its two sides.

        No face is quite symmetric: of a pair, the right side does a little less.
        """
        names = load_expressions().names
        for name, amount in amounts.items():
            sides = {name: 1.0} if name in names else {f"{name}Left": 1.0, f"{name}Right": 0.92}
            for side, share in sides.items():
                self.coefficients[side] = self.coefficients.get(side, 0.0) + amount * share * curve

    def blink(self, *moments: float, left: float = 1.0, right: float = 1.0) -> None:
        """Blinks at the given seconds; the right eye hardly earlier than the left one is not seen at 25
        fps.
        """
        shut = blink(self.time, *moments)
        self.add(shut, eyeBlinkLeft=left, eyeBlinkRight=right)
        self.shift[:, 1] += 0.006 * shut

    def look(self, across: Array, down: Array) -> None:
        """Turns the eyes; lids follow the gaze up and down."""
        self.gaze += np.stack([across, down], axis=1)
        self.add(np.maximum(down, 0.0) / 30.0, eyeLookDown=0.8)
        self.add(np.maximum(-down, 0.0) / 30.0, eyeLookUp=0.8, eyeWide=0.3)

    def breathe(self, amount: float = 1.0, seed: int = 0) -> None:
        """The small movements of someone who keeps still: head, brows, corners of the mouth, eyes."""
        self.sway(amount, seed)
        random = np.random.default_rng(seed + 100)
        moments = np.arange(0.5, self.seconds - 0.5, 0.7)
        moments += random.uniform(-0.15, 0.15, len(moments))
        for axis, degrees in enumerate((1.0, 0.6)):
            targets = random.normal(0.0, degrees * amount, len(moments))
            targets[-1:] = 0.0
            self.gaze[:, axis] += glances(self.time, np.stack([moments, targets], axis=1))

    def sway(self, amount: float = 1.0, seed: int = 0) -> None:
        """Those of them that never rest: head, brows, corners of the mouth."""
        for axis, degrees in enumerate((0.9, 0.6, 0.5)):
            self.head[:, axis] += sway(self.time, self.seconds, amount * degrees, seed * 10 + axis)
        for axis, distance in enumerate((0.012, 0.008)):
            self.shift[:, axis] += sway(self.time, self.seconds, amount * distance, seed * 10 + 3 + axis)
        self.add(sway(self.time, self.seconds, 0.03 * amount, seed * 10 + 5), browInnerUp=1.0, browOuterUp=0.6)
        self.add(sway(self.time, self.seconds, 0.025 * amount, seed * 10 + 6), mouthSmile=1.0)

    def landmarks(self) -> NDArray[np.float32]:
        """(T, 478, 3) pixels of a picture of `IMAGE_SIZE`."""
        basis = load_expressions()
        frames = []
        for index in range(len(self.time)):
            coefficients = {name: float(curve[index]) for name, curve in self.coefficients.items()}
            face = basis.face(coefficients, (float(self.gaze[index, 0]), float(self.gaze[index, 1])))
            turned = (face - NECK) @ angles_rotation(*self.head[index]).T + NECK
            turned[:, :2] += self.shift[index]
            frames.append(turned * PIXELS_PER_UNIT + CENTRE)
        return np.array(frames, np.float32)
