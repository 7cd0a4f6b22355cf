"""Which microphones there are, by name. Imports nothing that is slow to load."""

from __future__ import annotations

import importlib
import sys
from typing import Any, Final

DEFAULT_MICROPHONE: Final = ""


def find_microphone(wanted: int | str = DEFAULT_MICROPHONE) -> int | None:
    """The number of a microphone; None for the system's own choice. Raises as `Microphone`."""
    known = microphones()
    if not known:
        raise OSError("there is no microphone here; connect one, or use --speech with a recording")
    if wanted == DEFAULT_MICROPHONE:
        return None
    if isinstance(wanted, int):
        if wanted not in known:
            raise ValueError(f"there is no microphone {wanted}; {_listed(known)}")
        return wanted
    found = [number for number, name in known.items() if wanted.lower() in name.lower()]
    exact = [number for number in found if known[number].lower() == wanted.lower()]
    found = exact or found
    if len(found) != 1:
        raise ValueError(f"{'no' if not found else 'more than one'} microphone is called {wanted!r}; {_listed(known)}")
    return found[0]


def microphones() -> dict[int, str]:
    """The microphones of this machine, names by number. Raises ImportError and OSError as `Microphone`."""
    sounddevice = sound_library()
    try:
        devices = sounddevice.query_devices()
    except sounddevice.PortAudioError as error:
        raise OSError(f"the system's microphones cannot be listed: {reason(error)}") from error
    return {number: str(device["name"]) for number, device in enumerate(devices) if device["max_input_channels"] > 0}


def _listed(known: dict[int, str]) -> str:
    return "here are " + ", ".join(f"{number} ({name})" for number, name in known.items())


def sound_library() -> Any:
    """The module sounddevice. Raises ImportError and OSError as `Microphone`."""
    try:
        return importlib.import_module("sounddevice")
    except ImportError as error:
        raise ImportError("a microphone needs the package sounddevice: pip install 'monalive[live]'") from error
    except OSError as error:  # the package is there, PortAudio is not
        remedy = "install libportaudio2" if sys.platform == "linux" else "install PortAudio"
        raise OSError(f"a microphone needs the sound library PortAudio, which is not installed: {remedy}") from error


def reason(error: BaseException) -> str:
    """What an error of the sound library says, for the middle of a sentence."""
    return str(error.args[0] if error.args else error).rstrip(".")
