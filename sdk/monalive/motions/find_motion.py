"""Motions by what they are called."""

from __future__ import annotations

from pathlib import Path

from monalive.motions import builtin_motions
from monalive.motions.motion import MOTION_SUFFIX, Motion


def is_motion(name: str | Path | Motion) -> bool:
    """Whether `find_motion` is to be asked for it, rather than a video or picture be followed."""
    if isinstance(name, Motion) or str(name) in builtin_motions.names():
        return True
    return Path(name).suffix.lower() == MOTION_SUFFIX or not (Path(name).suffix or Path(name).exists())


def find_motion(name: str | Path | Motion) -> Motion:
    """A built-in motion by its name, or a motion from a .motion file; a motion itself is returned.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: there is no such name, or the file is not a motion.
    """
    if isinstance(name, Motion):
        return name
    if str(name) in builtin_motions.names():
        return builtin_motions.load(str(name))
    path = Path(name)
    if path.suffix.lower() == MOTION_SUFFIX or path.is_file():
        return Motion.load(path)
    raise ValueError(
        f"there is no motion {str(name)!r}: choose from {', '.join(builtin_motions.names())}, or name a .motion file"
    )
