"""What a face does beside its lips while it speaks: it nods on stress, blinks at pauses, and looks away to think.

Computed curves with a seed; none of it was taken from a person.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monalive.faces.expressions import load_expressions
from monalive.motions.moods import mood
from monalive.motions.motion_curves import ease, glances, keyframes, pulse
from monalive.motions.synthetic_driver import Performance
from monalive.retargeting.retarget_options import RetargetOptions
from monalive.speech.rhythm import Accent, Rhythm

Array = NDArray[np.float64]

_REST_SECONDS: Final = 0.12  # from rest to speech that begins with the sound
_SETTLING_SECONDS: Final = 0.30  # at the end
_MOOD_SECONDS: Final = 0.6
# Lips get ready before a phrase is heard, and come to rest after it.
_BEFORE_PHRASE, _AFTER_PHRASE, _LIPS_EASE = 0.15, 0.12, 0.12
_BLINKS_APART: Final = (2.0, 5.0)
_BLINK_AT_PAUSE: Final = 0.8  # a blink moves to the end of a phrase that is so near, seconds
_CLOSER: Final = "mouthClose"
_LONG_PAUSE: Final = 0.5
# So often a speaking head turns elsewhere, in so much time, by so many degrees of yaw, pitch and roll (deviation).
_DIRECTION_SECONDS, _TURN_SECONDS, _DIRECTIONS = 2.4, 0.7, (2.4, 0.8, 1.3)


def perform_speech(
    performance: Performance,
    lips: Mapping[str, Array],
    rhythm: Rhythm,
    *,
    expression: str = "neutral",
    gain: Mapping[str, float] | None = None,
    seed: int = 0,
) -> None:
    """Lets a face speak: it begins and ends at rest.

    Args:
        performance: at rest; it is filled in.
        lips: coefficients by name, (T,) each.
        rhythm: of the sound.
        expression: see `moods`.
        gain: strength by region, as `RetargetOptions.gains`.
        seed: another one moves head, brows and eyes otherwise; at least 0.

    Raises:
        ValueError: such an expression, region, gain or seed does not exist.
    """
    if seed < 0:
        raise ValueError(f"a seed must be at least 0, not {seed}")
    strength = RetargetOptions(gains=gain or {})
    offsets = mood(expression)
    # Each of its own, so that what one does never changes another.
    head, brows, eyes, blinks = (np.random.default_rng([seed, stream]) for stream in range(4))
    performance.breathe(1.2, seed)
    _move_head(performance, rhythm, head)
    _raise_brows(performance, rhythm, brows)
    _look(performance, rhythm, eyes)
    performance.blink(*_blinks(performance.seconds, rhythm, blinks))
    whole = _envelope(performance, _REST_SECONDS, _SETTLING_SECONDS)
    _settle(performance, whole)
    performance.add(_envelope(performance, _MOOD_SECONDS, _MOOD_SECONDS), **offsets)
    scale_regions(performance, strength)
    leave_lips_alone(performance)
    whole = whole * lips_envelope(performance.time, performance.seconds, rhythm)
    for name, curve in lips.items():
        performance.add(whole * curve, **{name: strength.gain("lips")})


def lips_envelope(time: Array, seconds: float, rhythm: Rhythm) -> Array:
    """(T,) 1 in phrases and around them, 0 in pauses: there lips are shut, whatever noise sounds like."""
    opened = np.zeros_like(time)
    for start, end in rhythm.phrases:
        begin, stop = start - _BEFORE_PHRASE, min(end + _AFTER_PHRASE, seconds)
        opened = np.maximum(opened, ease((time - begin) / _LIPS_EASE + 1.0) * ease((stop - time) / _LIPS_EASE + 1.0))
    return opened


def nod(time: Array, accent: Accent) -> Array:
    """(T,) how far a head goes down on a stressed syllable, its strength at most."""
    return accent.strength * pulse(time, accent.time - 0.14, 0.16, 0.02, 0.38)


def _move_head(performance: Performance, rhythm: Rhythm, random: np.random.Generator) -> None:
    time, seconds = performance.time, performance.seconds
    for accent in rhythm.accents:
        down = 2.6 if random.random() < 0.75 else -1.6
        performance.head[:, 1] += down * nod(time, accent)
        performance.head[:, 2] += random.normal(0.0, 0.6) * nod(time, accent)
    directions = _directions(rhythm, seconds, random)
    for axis in range(3):
        performance.head[:, axis] += keyframes(time, directions[:, [0, 1 + axis]])


def _directions(rhythm: Rhythm, seconds: float, random: np.random.Generator) -> Array:
    """(n, 4) moments, and yaw, pitch and roll that are reached by then: every phrase has its own; in long pauses the
    head comes back."""
    keys = [np.zeros(4)]
    for (start, end), (following, _) in itertools.pairwise([*rhythm.phrases, (seconds, seconds)]):
        for moment in np.arange(start, end, _DIRECTION_SECONDS):
            if moment > keys[-1][0] and moment + _TURN_SECONDS < seconds:
                wanted = np.clip(random.normal(0.0, _DIRECTIONS), -5.0, 5.0)
                keys += [np.append(moment, keys[-1][1:]), np.append(moment + _TURN_SECONDS, wanted)]
        if following - end > _LONG_PAUSE and end > keys[-1][0]:
            keys += [np.append(end, keys[-1][1:]), np.append(end + 0.8 * (following - end), 0.4 * keys[-1][1:])]
    return np.array(keys)


def _raise_brows(performance: Performance, rhythm: Rhythm, random: np.random.Generator) -> None:
    for accent in rhythm.accents:
        raise_brows(performance, accent, brow_amount(accent, random))


def brow_amount(accent: Accent, random: np.random.Generator) -> float:
    """How far the brows go up on a stressed syllable: often not at all."""
    chance, amount = random.random(), random.uniform(0.2, 0.4)
    return accent.strength * amount if chance < 0.25 + 0.5 * accent.strength else 0.0


def raise_brows(performance: Performance, accent: Accent, amount: float) -> None:
    """Raises the brows by so much on a stressed syllable."""
    performance.add(
        amount * pulse(performance.time, accent.time - 0.18, 0.2, 0.1, 0.5), browInnerUp=1.0, browOuterUp=0.8
    )


def _look(performance: Performance, rhythm: Rhythm, random: np.random.Generator) -> None:
    """At whom it speaks to; now and then, while it thinks what to say next, aside."""
    across, down = [(-1.0, 0.0)], [(-1.0, 0.0)]
    for (_, end), (start, _) in itertools.pairwise([(0.0, 0.0), *rhythm.phrases]):
        aside, side, height = random.random(), random.normal(0.0, 5.0), random.normal(-1.0, 2.5)
        if start - end > _LONG_PAUSE and aside < 0.5:
            across += [(end + 0.15, float(np.clip(side, -9, 9))), (start + 0.25, 0.0)]
            down += [(end + 0.15, float(np.clip(height, -5, 4))), (start + 0.25, 0.0)]
    performance.look(glances(performance.time, across), glances(performance.time, down))


def _blinks(seconds: float, rhythm: Rhythm, random: np.random.Generator) -> list[float]:
    ends = [end + 0.08 for _, end in rhythm.phrases]
    moments: list[float] = []
    due = random.uniform(0.6, 2.2)
    while due < seconds - 0.45:
        near = [end for end in ends if abs(end - due) < _BLINK_AT_PAUSE and 0.3 < end < seconds - 0.45]
        moment = min(near, key=lambda end: abs(end - due)) if near else due
        if not moments or moment - moments[-1] > 0.8:
            moments.append(float(moment))
        due = max(due, moment) + random.uniform(*_BLINKS_APART)
    return moments


def _envelope(performance: Performance, rise: float, fall: float) -> Array:
    """(T,) from 0 at the first frame to 1, and back to 0 one frame after the last."""
    rise, fall = (min(side, performance.seconds / 2) for side in (rise, fall))
    return ease(performance.time / rise) * ease((performance.seconds - performance.time) / fall)


def _settle(performance: Performance, share: Array) -> None:
    """Brings everything to rest where the share (T,) is 0."""
    performance.coefficients = {name: share * curve for name, curve in performance.coefficients.items()}
    for curves in (performance.head, performance.gaze, performance.shift):
        curves *= share[:, None]


def leave_lips_alone(performance: Performance) -> None:
    """Takes back what smiles, brows and blinks, which the expression model learnt together, do to the lips' opening."""
    opening = np.zeros_like(performance.time)
    for name, curve in performance.coefficients.items():
        opening += lips_opening(name) * curve
    performance.add(opening / -lips_opening(_CLOSER), **{_CLOSER: 1.0})


@functools.cache
def lips_opening(name: str) -> float:
    """How far a coefficient of 1 moves the middle of the lips apart, in mouth widths; below 0: together."""
    basis = load_expressions()
    mouth = basis.apertures.mouth
    gaps = mouth.gaps(basis.displacement({name: 1.0}))
    return float(gaps[len(gaps) // 2]) / mouth.width(basis.mean_face)


def scale_regions(performance: Performance, strength: RetargetOptions) -> None:
    """Applies the gain of each region to what a face does so far."""
    for name in performance.coefficients:
        region = "eyes" if name.startswith("eye") else "brows" if name.startswith("brow") else "lips"
        performance.coefficients[name] = strength.gain(region) * performance.coefficients[name]
    performance.gaze *= strength.gain("eyes")
    performance.head *= strength.gain("pose")
    performance.shift *= strength.gain("pose")
