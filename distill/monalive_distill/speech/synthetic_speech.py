"""Speech by synthesisers whose phones come with their times: espeak-ng's formant voices and flite's four speakers.

Both are Debian packages (`espeak-ng`, `flite`), for training only: nothing of them ships.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler

from monalive_distill.speech.phones import SILENCE, Phone
from monalive_distill.speech.sound import SAMPLE_RATE, Samples, read_sound

FLITE_VOICES: Final = ("awb", "kal16", "rms", "slt")
ESPEAK_VARIANTS: Final = (
    *("f1", "f2", "f3", "f4", "f5", "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8"),
    *("Andy", "Annie", "anika", "belinda", "david", "Denis", "edward", "john", "linda", "max", "paul", "steph", "zac"),
)
_WORDS: Final = tuple(Path(__file__).with_name("common_words.txt").read_text().split())
# What `phones.py` calls the phones of both synthesisers.
_ESPEAK: Final = {
    **{"p": "P", "b": "B", "m": "M", "f": "F", "v": "V", "T": "TH", "D": "DH", "t": "T", "d": "D", "n": "N", "N": "NG"},
    **{"s": "S", "z": "Z", "S": "SH", "Z": "ZH", "tS": "CH", "dZ": "JH", "k": "K", "g": "G", "h": "HH", "w": "W"},
    **{"j": "Y", "r": "R", "l": "L", "i:": "IY", "i": "IY", "I": "IH", "I2": "IH", "E": "EH", "e": "EH", "a": "AE"},
    **{
        "A:": "AA",
        "A": "AA",
        "0": "AA",
        "Q": "AA",
        "O2": "AO",
        "O:": "AO",
        "O": "AO",
        "V": "AH",
        "@": "AH",
        "@2": "AH",
        "a#": "AH",
    },
    **{"U": "UH", "u:": "UW", "u": "UW", "3": "ER", "3:": "ER", "eI": "EY", "aI": "AY", "OI": "OY", "aU": "AW"},
    **{"oU": "OW", "e@": "EH", "i@": "IY", "i@3": "IY", "o@": "AO", "O@": "AO", "A@": "AA", "U@": "UH", "r-": "R"},
    **{
        "@L": "L",
        "n-": "N",
        "t2": "T",
        "t#": "T",
        "d#": "D",
        "w#": "W",
        "x": "K",
        "aI@": "AY",
        "aI3": "AY",
        "@5": "AH",
    },
    **{"E2": "EH", "I#": "IH", "i:3": "IY", "aa": "AE", "@-": "AH", "3-": "ER", "l#": "L", "?": "T", "u#": "UW"},
}
_FLITE: Final = {"PAU": SILENCE, "AX": "AH", "SSIL": SILENCE, "H#": SILENCE, "BRTH": SILENCE}
_PHONEME_EVENT: Final = 7
_SYNCHRONOUS: Final = 1  # AUDIO_OUTPUT_RETRIEVAL
_PHONEME_EVENTS: Final = 1  # espeakINITIALIZE_PHONEME_EVENTS
_UTF8: Final = 1
_RATE, _PITCH, _RANGE = 1, 3, 4


def sentences(seed: int) -> Iterator[str]:
    """Strings of common words without sense, pauses among them, without an end: every English sound comes up."""
    random = np.random.default_rng(seed)
    while True:
        words = list(random.choice(_WORDS, int(random.integers(5, 11))))
        if random.random() < 0.5:
            place = int(random.integers(2, len(words) - 1))
            words[place] += ","
        yield " ".join(words).capitalize() + "."


def flite_speech(text: str, voice: str, stretch: float = 1.0) -> tuple[Samples, list[Phone]]:
    """What one of flite's voices makes of a text: sound (n,) and phones.

    Args:
        text: English.
        voice: of `FLITE_VOICES`.
        stretch: 1.2 takes a fifth longer.

    Raises:
        FileNotFoundError: flite is not installed.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "said.wav"
        slow = ["--setf", f"duration_stretch={stretch:.3f}"]
        said = subprocess.run(
            ["flite", "-voice", voice, *slow, "-psdur", "-t", text, "-o", str(file)],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        sound = read_sound(file)
    phones, start = [], 0.0
    for part in said.split():
        name, _, end = part.partition(":")
        plain = name.upper()
        phones.append(Phone(_FLITE.get(plain, plain), start, float(end)))
        start = float(end)
    return sound, phones


class Espeak:
    """espeak-ng's library.

    Raises:
        FileNotFoundError: it is not installed.
    """

    def __init__(self) -> None:
        name = ctypes.util.find_library("espeak-ng")
        if name is None:
            raise FileNotFoundError("espeak-ng is not installed; install your system's package espeak-ng")
        self._library: Any = ctypes.CDLL(name)
        self._rate = int(self._library.espeak_Initialize(_SYNCHRONOUS, 0, None, _PHONEME_EVENTS))
        self._sound: list[Any] = []
        self._events: list[tuple[int, str]] = []
        self._callback = _CALLBACK(self._take)  # kept: the library holds no reference of its own
        self._library.espeak_SetSynthCallback(self._callback)

    def __call__(
        self, text: str, variant: str, *, words_per_minute: int = 160, pitch: int = 50, pitch_range: int = 50
    ) -> tuple[Samples, list[Phone]]:
        """What a voice makes of a text: sound (n,) and phones.

        Args:
            text: English.
            variant: of `ESPEAK_VARIANTS`.
            words_per_minute: 80 to 450.
            pitch, pitch_range: 0 to 99.

        Raises:
            ValueError: there is no such variant.
        """
        # Of a variant that it lacks, the library says nothing and takes the plain voice.
        if variant not in ESPEAK_VARIANTS or self._library.espeak_SetVoiceByName(f"en-us+{variant}".encode()):
            raise ValueError(f"espeak-ng has no voice en-us+{variant}")
        for parameter, value in ((_RATE, words_per_minute), (_PITCH, pitch), (_RANGE, pitch_range)):
            self._library.espeak_SetParameter(parameter, value, 0)
        self._sound.clear()
        self._events.clear()
        said = text.encode() + b"\0"
        self._library.espeak_Synth(said, len(said), 0, 0, 0, _UTF8, None, None)
        self._library.espeak_Synchronize()
        sound = _resampled(np.concatenate(self._sound), self._rate)
        ends = [*(milliseconds for milliseconds, _ in self._events[1:]), len(sound) * 1000 // SAMPLE_RATE]
        phones = [
            Phone(SILENCE if name.startswith("_") or not name else _ESPEAK.get(name, "AH"), start / 1000, end / 1000)
            for (start, name), end in zip(self._events, ends, strict=True)
        ]
        return sound, phones

    def _take(self, sound: Any, count: int, events: Any) -> int:
        if sound and count > 0:
            self._sound.append(np.ctypeslib.as_array(sound, (count,)).copy())
        index = 0
        while events[index].type != 0:
            if events[index].type == _PHONEME_EVENT:
                self._events.append((int(events[index].audio_ms), events[index].id.text.decode()))
            index += 1
        return 0


class _Identity(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("text", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    """espeak_EVENT of speak_lib.h."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("message", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_ms", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Identity),
    )


_CALLBACK: Final = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


def _resampled(sound: np.ndarray[Any, np.dtype[np.int16]], rate: int) -> Samples:
    frame = AudioFrame.from_ndarray(sound[None], "s16", "mono")
    frame.sample_rate = rate
    resampler = AudioResampler("fltp", "mono", SAMPLE_RATE)
    return np.concatenate([made.to_ndarray()[0] for part in (frame, None) for made in resampler.resample(part)])
