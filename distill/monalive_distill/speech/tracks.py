"""What is trained on and measured: sound, and what the mouth does meanwhile, of people and of synthetic voices."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monalive.atomic_file import atomic_path
from monalive_distill.speech.clips import SpokenClip, load_clips
from monalive_distill.speech.mouth_basis import lip_gaps, lip_opening, mouth_basis
from monalive_distill.speech.phone_mouths import PhoneMouths
from monalive_distill.speech.phones import Phone, Phones, load_phones
from monalive_distill.speech.sound import Samples
from monalive_distill.speech.synthetic_speech import (
    ESPEAK_VARIANTS,
    FLITE_VOICES,
    Espeak,
    flite_speech,
    sentences,
)
from monalive_distill.speech.targets import displacements, mouths, person_scale

# People of whom nothing is trained on.
HELD_OUT: Final = (
    "ident_grid_brbk7n",
    "ident_grid_lwbsza",
    "ident_grid_sbia1a",
    "ident_grid_swiz3n",
    "ident_latentsync_1",
    "ident_kennedy",
)
SYNTHETIC: Final = "synthetic"
SYNTHETIC_FILE: Final = "synthetic.npz"
# Clips in which hardly any lips part are not of speech, or their faces were not read.
_LEAST_OPENING: Final = 0.04
_SYNTHETIC_FPS: Final = 50


@dataclass(frozen=True)
class Track:
    """Sound and a mouth.

    Attributes:
        name, person: of the clip.
        split: "train"; "sentences" and "speakers" are measured only.
        sound: (n,) 16,000 a second.
        times_s: (T,) of the mouths.
        coefficients: (T, 14) of `mouth_basis.TIED`.
        jaw, lips: (T,) measured openings; see `targets.Mouths`.
        phones: what is said; None where nobody knows.
    """

    name: str
    person: str
    split: str
    sound: Samples
    times_s: NDArray[np.float64]
    coefficients: NDArray[np.float32]
    jaw: NDArray[np.float32]
    lips: NDArray[np.float32]
    phones: Phones | None


def load_tracks(*caches: Path, held_out: Sequence[str] = HELD_OUT) -> list[Track]:
    """All clips of caches of `monalive-distill prepare-speech`, and their synthetic speech.

    Raises:
        FileNotFoundError: a folder is no such cache.
    """
    clips = load_clips(*caches)
    phones = load_phones(*caches)
    by_person: dict[str, list[SpokenClip]] = defaultdict(list)
    for clip in clips:
        by_person[clip.person].append(clip)
    tracks = []
    for person, theirs in by_person.items():
        moved = [displacements(clip) for clip in theirs]
        wide = [float(np.quantile(lip_opening(lip_gaps(each)), 0.95)) for each in moved]
        kept = [index for index, opening in enumerate(wide) if opening >= _LEAST_OPENING]
        if not kept:
            continue
        scale = person_scale([moved[index] for index in kept])
        for index in kept:
            clip, found = theirs[index], mouths(moved[index] * scale)
            split = "speakers" if person in held_out else "sentences" if clip.split == "eval" else "train"
            tracks.append(
                Track(
                    *(clip.name, person, split, clip.sound, clip.times_s),
                    *(found.coefficients, found.jaw, found.lips, phones.get(clip.name)),
                )
            )
    for cache in caches:
        if (cache / SYNTHETIC_FILE).is_file():
            tracks += _load_synthetic(cache / SYNTHETIC_FILE)
    return tracks


def spoken(tracks: Sequence[Track]) -> list[tuple[Sequence[Phone], NDArray[np.float64], NDArray[np.float32]]]:
    """Of tracks to train on whose words are known: what models of phones are fitted to."""
    return [
        (track.phones.phones, track.times_s, track.coefficients)
        for track in tracks
        if track.split == "train" and track.person != SYNTHETIC and track.phones is not None and track.phones.aligned
    ]


def prepare_synthetic(cache: Path, tracks: Sequence[Track], count: int, seed: int = 0) -> int:
    """Writes synthetic speech into a cache: `count` sentences, their mouths made from their phones.

    Args:
        cache: the folder.
        tracks: of people whose phones are aligned; mouths of phones are learnt from them.
        count: of sentences; two of three by flite's speakers.
        seed: of what is drawn.

    Returns:
        Seconds of speech.

    Raises:
        FileNotFoundError: espeak-ng or flite is not installed.
        ValueError: no track has phones.
    """
    known = spoken(tracks)
    if not known:
        raise ValueError("there are no phones; align them first")
    model, espeak, random, texts = PhoneMouths(known), Espeak(), np.random.default_rng(seed), sentences(seed)
    arrays: dict[str, NDArray[np.generic]] = {}
    seconds = 0.0
    for number in range(count):
        if number % 3:
            voice = str(random.choice(FLITE_VOICES))
            sound, phones = flite_speech(next(texts), voice, float(random.uniform(0.85, 1.25)))
        else:
            words, pitch, spread = (int(random.integers(*limits)) for limits in ((120, 210), (25, 80), (30, 80)))
            sound, phones = espeak(
                next(texts),
                str(random.choice(ESPEAK_VARIANTS)),
                words_per_minute=words,
                pitch=pitch,
                pitch_range=spread,
            )
        times = np.arange(0, len(sound) / 16000, 1 / _SYNTHETIC_FPS)
        arrays |= {
            f"{number}.sound": np.round(np.clip(sound, -1, 1) * 32767).astype(np.int16),
            f"{number}.coefficients": model(phones, times).astype(np.float16),
            f"{number}.phones": np.array([phone.name for phone in phones]),
            f"{number}.times": np.array([(phone.start, phone.end) for phone in phones]),
        }
        seconds += len(sound) / 16000
    with atomic_path(cache / SYNTHETIC_FILE) as unfinished, unfinished.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]
    return round(seconds)


def _load_synthetic(file: Path) -> list[Track]:
    basis = mouth_basis()
    tracks = []
    with np.load(file) as arrays:
        for number in range(len(arrays.files) // 4):
            sound, coefficients, names, times = (
                arrays[f"{number}.{name}"] for name in ("sound", "coefficients", "phones", "times")
            )
            coefficients = coefficients.astype(np.float32)
            phones = [Phone(str(name), float(a), float(b)) for name, (a, b) in zip(names, times, strict=True)]
            tracks.append(
                Track(
                    f"{SYNTHETIC}_{number}",
                    SYNTHETIC,
                    "train",
                    sound.astype(np.float32) / np.float32(32767),
                    np.arange(len(coefficients)) / _SYNTHETIC_FPS,
                    coefficients,
                    (coefficients @ basis.jaw).astype(np.float32),
                    lip_opening(coefficients @ basis.gaps).astype(np.float32),
                    Phones(phones, aligned=True),
                )
            )
    return tracks
