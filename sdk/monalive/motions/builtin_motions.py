"""Named motions that come with the package: a synthetic driver performs them.

The driver is the mean face of the expression model, moved by curves over its blendshape coefficients, gaze
and head pose. The first frame is the neutral face looking into the camera, and the last frame runs into it,
so that every motion loops. As with any driver, only the change since the first frame reaches a portrait.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np

from monalive.motions.motion import Motion
from monalive.motions.motion_curves import ease, glances, keyframes, pulse
from monalive.motions.synthetic_driver import IMAGE_SIZE, Performance

FPS = 25.0


def _idle(p: Performance) -> None:
    p.breathe(1.6, seed=1)
    p.blink(1.4, 4.6, 4.96)
    p.head[:, 2] += 1.5 * pulse(p.time, 2.2, 1.0, 0.8, 1.2)
    p.add(pulse(p.time, 2.6, 0.8, 0.6, 1.2), mouthSmile=0.14)


def _blink(p: Performance) -> None:
    p.breathe(seed=2)
    p.blink(0.8, 2.2, 2.52)


def _wink(p: Performance) -> None:
    p.breathe(0.8, seed=3)
    shut = keyframes(p.time, [(0.9, 0.0), (1.04, 1.0), (1.32, 1.0), (1.6, 0.0)])
    p.add(shut, eyeBlinkRight=1.5, eyeBlinkLeft=-0.3, browDownRight=0.3)
    smile = pulse(p.time, 0.7, 0.45, 0.6, 0.8)
    p.add(smile, mouthSmileRight=0.62, mouthSmileLeft=0.38, eyeSquintLeft=0.1)
    p.head += pulse(p.time, 0.7, 0.4, 0.5, 0.9)[:, None] * [-3.0, 2.0, 4.5]
    p.blink(2.6)


def _smile(p: Performance) -> None:
    p.breathe(seed=4)
    smile = keyframes(p.time, [(0.3, 0.0), (1.0, 0.85), (1.7, 1.0), (2.6, 0.92), (3.7, 0.0)])
    p.add(smile, mouthSmile=0.98, mouthUpperUp=0.3, eyeSquint=0.2, mouthShrugLower=-0.12, jawOpen=0.02)
    p.add(pulse(p.time, 0.3, 0.4, 0.3, 0.9), browInnerUp=0.12, browOuterUp=0.1)
    p.head += smile[:, None] * [1.5, -2.0, 2.5]
    p.blink(0.48, 3.2)


def _laugh(p: Performance) -> None:
    p.breathe(seed=5)
    mirth = keyframes(p.time, [(0.2, 0.0), (0.8, 1.0), (2.6, 0.95), (4.1, 0.0)])
    bursts = pulse(p.time, 0.75, 0.2, 1.2, 0.9)
    beat = 0.5 - 0.5 * np.cos(2 * np.pi * 4.4 * (p.time - 0.75))
    ha = bursts * (0.45 + 0.55 * beat)
    p.add(mirth, mouthSmile=0.85, mouthUpperUp=0.35, eyeSquint=0.4, mouthShrugLower=-0.12)
    p.add(ha, jawOpen=0.4, mouthLowerDown=0.2, eyeBlink=0.25)
    p.add(bursts, browInnerUp=0.1, browOuterUp=0.08)
    p.head += mirth[:, None] * [2.0, -3.0, 2.0] + ha[:, None] * [0.0, -3.0, 0.0]
    p.head[:, 1] += 1.2 * bursts * beat
    p.shift[:, 1] += 0.02 * bursts * beat
    p.blink(3.2)


def _nod(p: Performance) -> None:
    p.breathe(0.7, seed=6)
    down = [
        (0.4, 0.0),
        (0.64, -2.0),
        (0.96, 10.0),
        (1.28, -1.5),
        (1.6, 8.5),
        (1.92, -1.0),
        (2.2, 5.0),
        (2.7, 0.0),
    ]
    p.head[:, 1] += keyframes(p.time, down)
    p.head[:, 2] += 1.2 * pulse(p.time, 0.6, 0.6, 0.8, 0.8)
    p.look(np.zeros_like(p.time), -0.55 * keyframes(p.time, down))  # the eyes stay with whom they look at
    p.add(pulse(p.time, 0.4, 0.5, 1.2, 0.8), mouthSmile=0.25, browInnerUp=0.1)
    p.blink(0.72, 2.56)


def _shake(p: Performance) -> None:
    p.breathe(0.7, seed=7)
    turn = [(0.3, 0.0), (0.68, 11.0), (1.16, -12.0), (1.64, 11.0), (2.08, -8.0), (2.44, 4.0), (2.84, 0.0)]
    p.head[:, 0] += keyframes(p.time, turn)
    p.head[:, 1] += 2.0 * pulse(p.time, 0.3, 0.6, 1.2, 0.8)
    p.look(-0.6 * keyframes(p.time, turn), np.zeros_like(p.time))
    p.add(pulse(p.time, 0.3, 0.5, 1.4, 0.8), browDown=0.3, mouthPress=0.25, mouthShrugLower=0.2)
    p.blink(0.52, 2.36)


def _tilt(p: Performance) -> None:
    p.breathe(0.8, seed=8)
    side = keyframes(p.time, [(0.3, 0.0), (1.0, 1.0), (1.9, 0.95), (3.0, -0.8), (3.8, -0.75), (4.7, 0.0)])
    p.head += side[:, None] * [3.0, 0.0, 11.0]
    p.look(-2.0 * side, np.zeros_like(p.time))
    p.add(pulse(p.time, 0.5, 0.8, 2.6, 1.0), mouthSmile=0.3, browInnerUp=0.15)
    p.blink(0.6, 2.4, 4.28)


def _look_around(p: Performance) -> None:
    p.breathe(0.7, seed=9)
    p.look(
        glances(p.time, [(0.4, 22.0), (1.0, 12.0), (1.8, -24.0), (2.5, -13.0), (3.4, 6.0), (4.3, 0.0)]),
        glances(p.time, [(0.4, 2.0), (1.0, 0.0), (1.8, -2.0), (2.5, 0.0), (3.4, -15.0), (4.3, 0.0)]),
    )
    p.head[:, 0] += keyframes(
        p.time, [(0.46, 0.0), (1.1, 15.0), (1.8, 15.0), (2.6, -16.0), (3.4, -16.0), (4.1, 3.0), (4.6, 0.0)]
    )
    p.head[:, 1] += keyframes(
        p.time, [(0.46, 0.0), (1.1, 1.0), (1.9, 0.0), (3.4, 1.0), (3.9, -6.0), (4.3, -5.0), (5.0, 0.0)]
    )
    p.head[:, 2] += keyframes(p.time, [(0.46, 0.0), (1.1, 2.0), (1.8, 2.0), (2.6, -2.0), (3.4, -2.0), (4.1, 0.0)])
    p.add(pulse(p.time, 3.4, 0.3, 0.5, 0.7), browInnerUp=0.35, browOuterUp=0.3)
    p.blink(0.44, 1.84, 3.36, 4.36)


def _surprise(p: Performance) -> None:
    p.breathe(0.7, seed=10)
    start = keyframes(p.time, [(0.5, 0.0), (0.74, 1.0), (1.5, 0.88), (2.4, 0.0)])
    p.add(start, browInnerUp=0.75, browOuterUp=0.7, eyeWide=0.75, jawOpen=0.42, mouthFunnel=0.15)
    p.head += start[:, None] * [0.0, -5.0, -1.5]
    p.shift[:, 1] -= 0.03 * start
    relief = pulse(p.time, 1.8, 0.7, 0.5, 0.9)
    p.add(relief, mouthSmile=0.5, mouthUpperUp=0.1, eyeSquint=0.1)
    p.blink(0.32, 2.04, 3.2)


def _kiss(p: Performance) -> None:
    p.breathe(0.8, seed=11)
    pout = keyframes(p.time, [(0.4, 0.0), (0.95, 1.0), (1.35, 1.0), (1.6, 0.0)])
    # A score saturates below what lips do: so the mouth is three quarters as wide, as in the puckers of real clips.
    p.add(pout, mouthPucker=1.65, mouthFunnel=0.12, eyeSquint=0.15)
    p.add(pulse(p.time, 0.7, 0.35, 0.35, 0.3), eyeBlink=0.75)
    p.head += pout[:, None] * [0.0, -3.5, 2.5]
    p.add(pulse(p.time, 1.45, 0.5, 0.5, 0.9), mouthSmile=0.6, mouthUpperUp=0.14, eyeSquint=0.15)
    p.blink(2.8)


def _think(p: Performance) -> None:
    p.breathe(0.8, seed=12)
    p.look(
        glances(p.time, [(0.5, -14.0), (1.7, -17.0), (2.5, -11.0), (3.5, 0.0)]),
        glances(p.time, [(0.5, -13.0), (1.7, -9.0), (2.5, -14.0), (3.5, 0.0)]),
    )
    ponder = keyframes(p.time, [(0.5, 0.0), (1.2, 1.0), (3.2, 0.95), (4.0, 0.0)])
    p.head += ponder[:, None] * [-6.0, -4.0, -4.0]
    p.add(ponder, browDown=0.25, browInnerUp=0.15, mouthPress=0.3, mouthRight=0.22, mouthShrugLower=0.25)
    p.add(pulse(p.time, 3.5, 0.35, 0.25, 0.7), browInnerUp=0.3, browOuterUp=0.35, mouthSmile=0.25)
    p.blink(0.52, 2.48, 3.48)


def _greet(p: Performance) -> None:
    p.breathe(0.8, seed=13)
    p.add(pulse(p.time, 0.35, 0.22, 0.14, 0.4), browInnerUp=0.55, browOuterUp=0.6, eyeWide=0.3)
    p.add(pulse(p.time, 0.45, 0.5, 1.0, 1.0), mouthSmile=0.72, mouthUpperUp=0.2, eyeSquint=0.15)
    p.head[:, 1] += keyframes(p.time, [(0.3, 0.0), (0.6, -4.0), (1.04, 6.0), (1.5, 0.0)])
    p.head[:, 2] += 3.0 * pulse(p.time, 0.9, 0.6, 0.5, 0.9)
    p.blink(1.0, 2.6)


# Mouth shapes of speech sounds, as coefficients.
VISEMES: dict[str, dict[str, float]] = {
    "rest": {},
    "a": {"jawOpen": 0.38, "mouthLowerDown": 0.2, "mouthUpperUp": 0.1},
    "e": {"jawOpen": 0.26, "mouthStretch": 0.2, "mouthSmile": 0.16, "mouthLowerDown": 0.24},
    "i": {
        "jawOpen": 0.13,
        "mouthStretch": 0.25,
        "mouthSmile": 0.26,
        "mouthLowerDown": 0.2,
        "mouthUpperUp": 0.1,
    },
    "o": {"jawOpen": 0.3, "mouthFunnel": 0.3, "mouthPucker": 0.4},
    "u": {"jawOpen": 0.12, "mouthFunnel": 0.2, "mouthPucker": 0.75},
    "m": {"mouthPress": 0.3, "mouthRollLower": 0.25, "mouthRollUpper": 0.15},
    "f": {"jawOpen": 0.08, "mouthRollLower": 0.28, "mouthUpperUp": 0.14},
    "s": {"jawOpen": 0.09, "mouthStretch": 0.15, "mouthLowerDown": 0.16, "mouthUpperUp": 0.06},
}
# Two phrases with a breath between them: sound, seconds until the next, loudness.
SPEECH: tuple[tuple[str, float, float], ...] = (
    *(
        ("rest", 0.30, 1.0),
        ("e", 0.14, 0.8),
        ("s", 0.10, 1.0),
        ("a", 0.17, 1.0),
        ("m", 0.12, 1.0),
        ("o", 0.18, 0.9),
    ),
    *(
        ("s", 0.10, 1.0),
        ("i", 0.13, 0.9),
        ("a", 0.18, 0.75),
        ("f", 0.11, 1.0),
        ("e", 0.14, 0.7),
        ("u", 0.18, 0.9),
    ),
    *(
        ("m", 0.12, 0.8),
        ("a", 0.22, 0.8),
        ("rest", 0.42, 1.0),
        ("u", 0.13, 0.9),
        ("e", 0.13, 0.9),
        ("s", 0.09, 1.0),
    ),
    *(
        ("a", 0.18, 1.0),
        ("i", 0.12, 0.8),
        ("m", 0.11, 1.0),
        ("e", 0.15, 0.9),
        ("o", 0.19, 1.0),
        ("s", 0.10, 0.8),
    ),
    *(
        ("i", 0.15, 0.9),
        ("f", 0.11, 1.0),
        ("a", 0.20, 0.7),
        ("e", 0.16, 0.5),
        ("m", 0.14, 0.5),
        ("rest", 0.30, 1.0),
    ),
)


def _talk(p: Performance) -> None:
    p.breathe(1.3, seed=14)
    moment = 0.1
    previous: dict[str, float] = {}
    for sound, seconds, loudness in SPEECH:
        shape = {name: loudness * amount for name, amount in VISEMES[sound].items()}
        arrived = ease((p.time - moment) / max(1.2 * seconds, 0.14))
        for name in {*shape, *previous}:
            p.add((shape.get(name, 0.0) - previous.get(name, 0.0)) * arrived, **{name: 1.0})
        if sound in "ao" and loudness >= 0.9:  # the head nods on what is stressed
            p.head[:, 1] += 2.2 * pulse(p.time, moment - 0.08, 0.16, 0.04, 0.36)
        previous = shape
        moment += seconds
    p.add(pulse(p.time, 0.4, 0.3, 0.3, 0.5), browInnerUp=0.25, browOuterUp=0.25)
    p.add(pulse(p.time, 3.0, 0.25, 0.3, 0.5), browInnerUp=0.3, browOuterUp=0.3)
    p.head[:, 0] += keyframes(p.time, [(0.2, 0.0), (1.0, 3.5), (2.2, 2.0), (3.1, -3.5), (4.2, -2.0), (4.9, 0.0)])
    p.head[:, 2] += keyframes(p.time, [(0.2, 0.0), (1.2, 1.5), (2.6, -1.0), (3.6, -2.0), (4.8, 0.0)])
    p.blink(1.28, 2.4, 4.4)


_MOTIONS: dict[str, tuple[float, Callable[[Performance], None]]] = {
    "idle": (6.0, _idle),
    "blink": (3.6, _blink),
    "wink": (3.6, _wink),
    "smile": (4.4, _smile),
    "laugh": (4.8, _laugh),
    "talk": (5.4, _talk),
    "nod": (3.4, _nod),
    "shake": (3.4, _shake),
    "tilt": (5.2, _tilt),
    "look_around": (5.6, _look_around),
    "surprise": (4.0, _surprise),
    "think": (4.8, _think),
    "greet": (3.8, _greet),
    "kiss": (3.6, _kiss),
}


def names() -> tuple[str, ...]:
    """The names that `load` knows."""
    return tuple(_MOTIONS)


@functools.cache
def load(name: str) -> Motion:
    """A named motion: 25 fps, 3 to 6 seconds, loops.

    Raises:
        ValueError: there is no motion of that name.
    """
    if name not in _MOTIONS:
        raise ValueError(f"there is no motion {name!r}; choose from {', '.join(names())}")
    seconds, perform = _MOTIONS[name]
    performance = Performance(np.arange(round(seconds * FPS)) / FPS, seconds)
    perform(performance)
    return Motion.from_landmarks(performance.landmarks(), IMAGE_SIZE, FPS, name=name, loop=True)
