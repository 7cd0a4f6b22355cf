"""Phones with their times: aligned to sound whose words are known, or recognised, by pocketsphinx.

The acoustic model ships in its package (`pip install monalive-distill[speech]`). Phones are ARPAbet's, as the CMU
dictionary writes them, without stress; "SIL" is silence.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from monalive.atomic_file import atomic_path
from monalive_distill.speech.sound import Samples

if TYPE_CHECKING:
    from monalive_distill.speech.clips import SpokenClip

PHONES_FILE: Final = "phones.json"
SILENCE: Final = "SIL"
# Phones for which the lips close.
BILABIALS: Final = frozenset({"P", "B", "M"})
_FRAME_S: Final = 0.01
_NOISES: Final = frozenset({"SIL", "+SPN+", "+NSN+", "+BREATH+", "+COUGH+"})
_DIGITS: Final = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
# The words of a GRID sentence by the letters of its name (Cooke et al. 2006).
_GRID: Final = (
    {"b": "bin", "l": "lay", "p": "place", "s": "set"},
    {"b": "blue", "g": "green", "r": "red", "w": "white"},
    {"a": "at", "b": "by", "i": "in", "w": "with"},
    {letter: letter for letter in "abcdefghijklmnopqrstuvxyz"},
    dict(zip("z123456789", _DIGITS, strict=True)),
    {"a": "again", "n": "now", "p": "please", "s": "soon"},
)


class Phone(NamedTuple):
    """A phone, and when it is heard, seconds."""

    name: str
    start: float
    end: float


def grid_sentence(code: str) -> str | None:
    """The words of a sentence of the GRID corpus: "bbaf2n" is "bin blue at f two now"; None for any other name."""
    if len(code) != len(_GRID) or any(letter not in words for letter, words in zip(code, _GRID, strict=True)):
        return None
    return " ".join(words[letter] for letter, words in zip(code, _GRID, strict=True))


@dataclass(frozen=True)
class Phones:
    """What is said in a clip.

    Attributes:
        phones: one after the other.
        aligned: whether the words were known; where they were not, many phones are wrong.
    """

    phones: Sequence[Phone]
    aligned: bool


class PhoneReader:
    """Finds phones in sound.

    Raises:
        ImportError: pocketsphinx is not installed.
    """

    def __init__(self) -> None:
        try:
            from pocketsphinx import Decoder, get_model_path
        except ImportError as error:
            raise ImportError("phones need pocketsphinx; pip install 'monalive-distill[speech]'") from error
        self._aligner: Any = Decoder(lm=None, loglevel="FATAL")
        self._free: Any = Decoder(
            hmm=get_model_path("en-us/en-us"),
            allphone=get_model_path("en-us/en-us-phone.lm.bin"),
            lw=2.0,
            beam=1e-20,
            pbeam=1e-20,
            loglevel="FATAL",
        )

    def aligned(self, sound: Samples, words: Sequence[str]) -> list[Phone]:
        """Phones of sound (n,) in which these words are said.

        Raises:
            ValueError: a word is not in the dictionary, or they are not what is said.
        """
        unknown = [word for word in words if self._aligner.lookup_word(word) is None]
        if unknown:
            raise ValueError(f"{unknown[0]!r} is not in pocketsphinx's dictionary; leave its sentence out")
        self._aligner.set_align_text(" ".join(words))
        self._decode(self._aligner, sound)
        self._aligner.set_alignment()
        self._decode(self._aligner, sound)
        alignment = self._aligner.get_alignment()
        if alignment is None:
            raise ValueError("the words do not match the recording")
        return [_phone(phone.name, phone.start, phone.duration) for word in alignment for phone in word]

    def recognised(self, sound: Samples) -> list[Phone]:
        """Phones of sound (n,) whose words nobody wrote down: many are wrong."""
        self._decode(self._free, sound)
        return [
            _phone(segment.word, segment.start_frame, segment.end_frame - segment.start_frame + 1)
            for segment in self._free.seg()
        ]

    def _decode(self, decoder: Any, sound: Samples) -> None:
        decoder.start_utt()
        decoder.process_raw((np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes(), full_utt=True)
        decoder.end_utt()


def prepare_phones(cache: Path, clips: Sequence[SpokenClip]) -> list[str]:
    """Writes the phones of a cache's clips beside them: aligned where the words are known, else recognised.

    Returns:
        A line for each clip whose words could not be aligned; its phones are recognised.
    """
    reader = PhoneReader()
    made: dict[str, Phones] = {}
    problems = []
    for clip in clips:
        words = [word for word, _, _ in clip.words if word not in ("sil", "sp")]
        try:
            if words:
                made[clip.name] = Phones(reader.aligned(clip.sound, words), aligned=True)
                continue
        except (ValueError, RuntimeError) as error:
            problems.append(f"{clip.name}: {error}")
        made[clip.name] = Phones(reader.recognised(clip.sound), aligned=False)
    with atomic_path(cache / PHONES_FILE) as unfinished:
        unfinished.write_text(json.dumps({name: asdict(found) for name, found in made.items()}))
    return problems


def load_phones(*caches: Path) -> dict[str, Phones]:
    """By clip, what `prepare_phones` wrote; nothing for caches without."""
    phones: dict[str, Phones] = {}
    for cache in caches:
        file = cache / PHONES_FILE
        if file.is_file():
            for name, found in json.loads(file.read_text()).items():
                phones[name] = Phones([Phone(*phone) for phone in found["phones"]], bool(found["aligned"]))
    return phones


def _phone(name: str, start: int, duration: int) -> Phone:
    plain = name.rstrip("012").upper()
    return Phone(SILENCE if plain in _NOISES else plain, start * _FRAME_S, (start + duration) * _FRAME_S)
