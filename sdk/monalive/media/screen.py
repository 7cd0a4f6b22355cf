"""Whether there is a screen. Imports nothing that is slow to load."""

from __future__ import annotations

import os
import sys
from typing import Final

NO_SCREEN: Final = (
    "no window can be opened here: there is no screen; "
    "use --record FILE to write what it would show, or --virtual-camera to hand it to a video call"
)
_SCREENS: Final = ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER")


def require_screen() -> None:
    """Raises ValueError where it is certain that there is no screen: elsewhere than on Linux a library has to try."""
    if sys.platform.startswith("linux") and not any(os.environ.get(name) for name in _SCREENS):
        raise ValueError(NO_SCREEN)
