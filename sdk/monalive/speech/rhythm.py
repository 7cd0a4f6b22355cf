"""The rhythm of speech: how loud it is, where it pauses, and which syllables are stressed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monalive.speech.voice import SAMPLE_RATE, Voice

Array = NDArray[np.float64]

HOP_SECONDS: Final = 0.01
_HOP: Final = round(HOP_SECONDS * SAMPLE_RATE)
_LOUDNESS_WINDOW: Final = 400  # samples, 25 ms
_RUMBLE_WINDOW: Final = 160  # samples, 10 ms: what such a mean still follows is below voices
_PITCH_WINDOW: Final = 800  # 50 ms: three periods of a deep voice
_PITCH_TRANSFORM: Final = 2048
_PITCH_RANGE: Final = (65.0, 420.0)  # Hz
_VOICED: Final = 0.45  # of the sound that repeats itself after a period
_BATCH: Final = 2000  # hops whose pitch is looked for at once: 33 MB
_FLOOR_DB: Final = -90.0
_SILENT_DB: Final = -55.0  # nothing below this is speech
_SPEECH_BELOW_LOUD_DB: Final = 32.0  # consonants are that much weaker than the loudest vowels
_NOISE_SHARE: Final = 0.3  # of the way from noise to speech, in dB, at which speech begins
_SHORTEST_PAUSE: Final = 0.25  # seconds; the closure of a p lasts a tenth
_SHORTEST_SPEECH: Final = 0.06
_SYLLABLE_SECONDS: Final = 0.05  # standard deviation of the smoothing that leaves one hill of loudness a syllable
_SYLLABLES_APART: Final = 0.12
_ACCENTS_APART: Final = 0.40
_AROUND_SECONDS: Final = 1.5  # a syllable stands out from those so near


@dataclass(frozen=True)
class Accent:
    """A stressed syllable: `time` in seconds, `strength` above 0, to 1."""

    time: float
    strength: float


@dataclass(frozen=True, eq=False)
class Rhythm:
    """What is known of a sound beside its words.

    Attributes:
        loudness_db: (T,) of full scale, one every `HOP_SECONDS`, each around its moment.
        semitones: (T,) pitch above 55 Hz; not a number where the voice does not sound.
        phrases: (start, end) in seconds of speech without a pause of a quarter second; none in silence.
        accents: in order of time.
    """

    loudness_db: Array
    semitones: Array
    phrases: tuple[tuple[float, float], ...]
    accents: tuple[Accent, ...]


def rhythm_of(voice: Voice) -> Rhythm:
    """Measures a sound. The same sound at another volume has the same rhythm, but for what is nearly silent."""
    samples = without_rumble(voice.samples)
    loudness = loudness_db(samples)
    phrases = _phrases(loudness)
    semitones = _semitones(samples, len(loudness))
    speaking = _inside(len(loudness), phrases)
    semitones[~speaking] = np.nan
    return Rhythm(loudness, semitones, phrases, _accents(loudness, semitones, speaking))


def without_rumble(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Samples (n,) less what is below 60 Hz: breath, steps, mains; it can be louder than the voice."""
    for _ in range(2):
        samples = samples - _running_mean(samples)
    return samples


def _running_mean(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    before = _RUMBLE_WINDOW // 2
    total = np.cumsum(np.pad(samples, (before + 1, _RUMBLE_WINDOW - before - 1)), dtype=np.float64)
    mean: NDArray[np.float32] = ((total[_RUMBLE_WINDOW:] - total[:-_RUMBLE_WINDOW]) / _RUMBLE_WINDOW).astype(np.float32)
    return mean


def loudness_db(samples: NDArray[np.float32]) -> Array:
    """(T,) root mean square in dB of full scale, every 10 ms, from the first sample to the last."""
    count = max(1, -(-len(samples) // _HOP))
    half = _LOUDNESS_WINDOW // 2
    power = np.zeros(half + (count + 1) * _HOP + half, np.float64)
    power[half : half + len(samples)] = samples.astype(np.float64) ** 2
    total = np.concatenate([[0.0], np.cumsum(power)])
    starts = np.arange(count) * _HOP
    mean = (total[starts + _LOUDNESS_WINDOW] - total[starts]) / _LOUDNESS_WINDOW
    loudness: Array = np.maximum(10.0 * np.log10(np.maximum(mean, 1e-12)), _FLOOR_DB)
    return loudness


def speech_level(noise_db: float, loud_db: float) -> float:
    """Above which loudness, in dB, a sound is speech: from that of its noise and of its loudest vowels."""
    return max(noise_db + _NOISE_SHARE * (loud_db - noise_db), loud_db - _SPEECH_BELOW_LOUD_DB, _SILENT_DB)


def _phrases(loudness: Array) -> tuple[tuple[float, float], ...]:
    noise, loud = np.percentile(loudness, (10, 95))
    least = speech_level(noise, loud)
    if loud - noise < 6.0 and loud > _SILENT_DB:  # no pause at all: all of it is speech
        least = noise - 6.0
    joined: list[list[int]] = []
    for start, end in _runs(loudness > least):
        if joined and (start - joined[-1][1]) * HOP_SECONDS < _SHORTEST_PAUSE:
            joined[-1][1] = end
        else:
            joined.append([start, end])
    return tuple(
        (start * HOP_SECONDS, end * HOP_SECONDS)
        for start, end in joined
        if (end - start) * HOP_SECONDS >= _SHORTEST_SPEECH
    )


def _runs(true: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """(start, end) of what is true without a break; the end is the first that is not."""
    edges = np.flatnonzero(np.diff(true.astype(np.int8), prepend=0, append=0))
    return [(int(start), int(end)) for start, end in zip(edges[::2], edges[1::2], strict=True)]


def _inside(count: int, spans: tuple[tuple[float, float], ...]) -> NDArray[np.bool_]:
    inside = np.zeros(count, np.bool_)
    for start, end in spans:
        inside[round(start / HOP_SECONDS) : round(end / HOP_SECONDS)] = True
    return inside


def _semitones(samples: NDArray[np.float32], count: int) -> Array:
    """Pitch by autocorrelation, made even for the window's taper (Boersma 1993); NaN where nothing repeats."""
    half = _PITCH_WINDOW // 2
    padded = np.zeros(half + count * _HOP + half, np.float32)
    taken = samples[: count * _HOP]
    padded[half : half + len(taken)] = taken
    windows = np.lib.stride_tricks.sliding_window_view(padded, _PITCH_WINDOW)[::_HOP][:count]
    taper = np.hanning(_PITCH_WINDOW).astype(np.float32)
    lags = np.arange(*(int(SAMPLE_RATE / rate) for rate in reversed(_PITCH_RANGE)))
    own = _autocorrelation(taper[None])[0]
    pitch = np.full(count, np.nan)
    for start in range(0, count, _BATCH):
        batch = windows[start : start + _BATCH]
        repeats = _autocorrelation((batch - batch.mean(axis=1, keepdims=True)) * taper)
        strength = repeats[:, lags] / (repeats[:, :1] + 1e-9) / (own[lags] / own[0])
        # Of two periods that fit alike the shorter one is meant.
        best = (strength - 0.02 * np.log2(lags / lags[0])).argmax(axis=1)
        found = strength[np.arange(len(batch)), best] > _VOICED
        pitch[start : start + len(batch)][found] = 12.0 * np.log2(SAMPLE_RATE / lags[best[found]] / 55.0)
    return pitch


def _autocorrelation(windows: NDArray[np.float32]) -> Array:
    spectrum = np.fft.rfft(windows, _PITCH_TRANSFORM, axis=1)
    return np.fft.irfft(np.abs(spectrum) ** 2, axis=1)[:, :_PITCH_WINDOW]


def _accents(loudness: Array, semitones: Array, speaking: NDArray[np.bool_]) -> tuple[Accent, ...]:
    """Syllables that are louder or higher than those around them."""
    if not speaking.any():
        return ()
    floor = float(np.median(loudness[speaking])) - 25.0
    hills = smoothed(np.maximum(loudness, floor), _SYLLABLE_SECONDS / HOP_SECONDS)
    peaks = np.flatnonzero((hills[1:-1] > hills[:-2]) & (hills[1:-1] >= hills[2:])) + 1
    peaks = _apart(peaks[speaking[peaks]], hills, _SYLLABLES_APART)
    if not len(peaks):
        return ()
    loud = hills[peaks]
    voiced = np.isfinite(semitones)
    usual = float(np.median(semitones[voiced])) if voiced.any() else 0.0
    pitch = np.array([_pitch_at(semitones, peak, usual) for peak in peaks.tolist()])
    scores = np.empty(len(peaks))
    for index, peak in enumerate(peaks):
        near = np.abs(peaks - peak) * HOP_SECONDS < _AROUND_SECONDS
        # 3 dB or 3 semitones above the others are one step of stress.
        scores[index] = (loud[index] - loud[near].mean()) / 3.0 + (pitch[index] - pitch[near].mean()) / 3.0
    # The only syllable around stands out, too.
    scores += 0.5
    order = _apart(peaks[scores > 0.5 - 1e-9], np.interp(np.arange(len(hills)), peaks, scores), _ACCENTS_APART)
    strengths = {int(peak): float(score) for peak, score in zip(peaks, scores, strict=True)}
    return tuple(Accent(int(peak) * HOP_SECONDS, min(1.0, strengths[int(peak)] / 2.0)) for peak in order)


def _pitch_at(semitones: Array, hop: int, usual: float) -> float:
    near = semitones[max(0, hop - 6) : hop + 7]
    near = near[np.isfinite(near)]
    # An octave off is a mistake of the measurement more often than a voice.
    return float(np.clip(np.median(near), usual - 7.0, usual + 9.0)) if near.size else usual


def _apart(peaks: NDArray[np.intp], heights: Array, seconds: float) -> NDArray[np.intp]:
    """The highest of the peaks, none nearer than so many seconds to a higher one, in order of time."""
    kept: list[int] = []
    for peak in peaks[np.argsort(-heights[peaks], kind="stable")].tolist():
        if all(abs(peak - other) * HOP_SECONDS >= seconds for other in kept):
            kept.append(peak)
    return np.array(sorted(kept), np.intp)


def smoothed(values: Array, deviation: float) -> Array:
    """(T,) or (T, K) along time with a Gaussian of so many steps; the ends are held."""
    reach = max(1, round(3.0 * deviation))
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / deviation) ** 2)
    weights /= weights.sum()
    held = np.pad(values, ((reach, reach), *[(0, 0)] * (values.ndim - 1)), mode="edge")
    result = np.zeros_like(values)
    for offset, weight in enumerate(weights):
        result += weight * held[offset : offset + len(values)]
    return result
