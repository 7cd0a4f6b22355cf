"""Curves over time that move like a living face: eased pulses, blinks, eye jumps, a head at rest.

Times are seconds; curves are (T,) arrays, one value per frame.
"""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

# Eyelids close in about 80 ms and open more slowly (VanderWerf et al., "Eyelid Movements: Behavioral Studies
# of Blinking in Humans", J. Neurophysiol. 2003): lid closing from 120 ms before the eye is shut to 240 ms
# after.
BLINK_TIMES = (-0.12, -0.08, -0.04, 0.0, 0.04, 0.08, 0.12, 0.16, 0.20, 0.24)
BLINK_CLOSING = (0.0, 0.12, 0.65, 1.0, 0.95, 0.70, 0.42, 0.20, 0.07, 0.0)
SACCADE_SECONDS = 0.08


def ease(x: ArrayLike) -> Array:
    """0 to 1 as x goes from 0 to 1 with no speed and no acceleration at either end.

    The minimum-jerk path of a limb: Flash and Hogan, "The coordination of arm movements", J. Neurosci. 1985.
    """
    u = np.clip(np.asarray(x, np.float64), 0.0, 1.0)
    eased: Array = u * u * u * (10.0 + u * (6.0 * u - 15.0))
    return eased


def pulse(time: Array, start: float, rise: float, hold: float, fall: float) -> Array:
    """From 0 to 1 in `rise` seconds from `start`, there for `hold` seconds, and back in `fall` seconds."""
    return ease((time - start) / rise) - ease((time - start - rise - hold) / fall)


def keyframes(time: Array, keys: ArrayLike) -> Array:
    """Eased from each (time, value) key to the next; the first and last value are held."""
    table = np.asarray(keys, np.float64)
    value = np.full(len(time), table[0, 1])
    for (before, low), (after, high) in itertools.pairwise(table):
        value += (high - low) * ease((time - before) / (after - before))
    return value


def blink(time: Array, *moments: float) -> Array:
    """Eyelids, 0 open to 1 closed, that are shut at each of `moments`; on a frame of 25 fps they are seen
    shut.
    """
    shut = np.zeros(len(time))
    for moment in moments:
        shut = np.maximum(shut, np.interp(time - moment, BLINK_TIMES, BLINK_CLOSING))
    return shut


def glances(time: Array, keys: ArrayLike) -> Array:
    """Gaze that rests and jumps: at each (time, value) key it leaps to `value`, as eyes do."""
    value = np.zeros(len(time))
    last = 0.0
    for moment, target in np.asarray(keys, np.float64):
        value += (target - last) * ease((time - moment) / SACCADE_SECONDS)
        last = float(target)
    return value


def sway(time: Array, seconds: float, amplitude: float, seed: int) -> Array:
    """A slow wander of about `amplitude` that is 0 at time 0 and runs into itself after `seconds`.

    A sum of sines of whole cycles whose strength falls with frequency; `seed` makes one wander differ from
    another.
    """
    random = np.random.default_rng(seed)
    cycles = np.arange(1, max(3, round(0.7 * seconds)) + 1)
    strengths = random.normal(size=len(cycles)) / cycles**0.8
    strengths *= amplitude / np.sqrt((strengths**2).sum() / 2)
    wander: Array = np.sin(2 * np.pi * np.outer(time / seconds, cycles)) @ strengths
    return wander
