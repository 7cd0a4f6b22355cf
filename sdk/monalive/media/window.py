"""A window that shows frames: SDL's (the extra `live`), or that of an OpenCV which was built with windows."""

from __future__ import annotations

import importlib.util
import os
from abc import abstractmethod
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from monalive.closing import ClosesAtEnd
from monalive.media.screen import NO_SCREEN, require_screen

_TITLE: Final = "monalive"
_END_KEYS: Final = frozenset({27, ord("q")})
_LARGEST: Final = 0.9  # share of the screen


class Window(ClosesAtEnd):
    """Shows frames.

    Attributes:
        pressed: the letters of the keys that were pressed since the frame before.
    """

    pressed = ""

    @abstractmethod
    def show(self, image: NDArray[np.uint8]) -> bool:
        """Shows (H, W, 3) uint8 RGB; False when the window was closed, or Esc or q was pressed."""


def open_window() -> Window:
    """A window, not shown yet.

    Raises:
        ValueError: there is no screen, or nothing is installed that opens windows.
    """
    require_screen()
    return OpenCvWindow() if importlib.util.find_spec("pygame") is None else SdlWindow()


class SdlWindow(Window):
    """A window of SDL 2. It can be resized; frames keep their shape.

    Raises:
        ValueError: SDL finds no screen.
    """

    def __init__(self) -> None:
        os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
        os.environ.setdefault("SDL_NO_SIGNAL_HANDLERS", "1")  # Ctrl-C is answered by Python
        import pygame

        self._pygame: Any = pygame
        try:
            pygame.display.init()
        except pygame.error as error:
            raise ValueError(f"{NO_SCREEN} ({error})") from error
        self._screen: Any = None

    def show(self, image: NDArray[np.uint8]) -> bool:
        pygame = self._pygame
        size = image.shape[1], image.shape[0]
        if self._screen is None:
            screen = pygame.display.get_desktop_sizes()[0]
            scale = min(1.0, *(_LARGEST * most / own for most, own in zip(screen, size, strict=True)))
            self._screen = pygame.display.set_mode([max(1, round(own * scale)) for own in size], pygame.RESIZABLE)
            pygame.display.set_caption(_TITLE)
        self.pressed = ""
        for event in pygame.event.get():
            if event.type == pygame.QUIT or (event.type == pygame.KEYDOWN and event.key in _END_KEYS):
                return False
            if event.type == pygame.KEYDOWN:
                self.pressed += event.unicode
        width, height = pygame.display.get_surface().get_size()
        scale = min(width / size[0], height / size[1])
        inside = [max(1, round(own * scale)) for own in size]
        frame = pygame.image.frombuffer(np.ascontiguousarray(image), size, "RGB")
        if inside != list(size):
            frame = pygame.transform.smoothscale(frame, inside)
        surface = pygame.display.get_surface()
        surface.fill((0, 0, 0))
        surface.blit(frame, ((width - inside[0]) // 2, (height - inside[1]) // 2))
        pygame.display.flip()
        return True

    def close(self) -> None:
        self._pygame.display.quit()


class OpenCvWindow(Window):
    """A window of OpenCV, where the installed one has windows: `opencv-python` does, `opencv-python-headless` does not.

    Raises:
        ValueError: it has none.
    """

    def __init__(self) -> None:
        import cv2

        self._cv2: Any = cv2
        try:
            cv2.namedWindow(_TITLE, cv2.WINDOW_AUTOSIZE)
        except cv2.error as error:
            raise ValueError(
                "no window can be opened here: the package pygame-ce is missing; pip install 'monalive[live]', "
                "or use --record FILE, or 'monalive ui' in the browser"
            ) from error

    def show(self, image: NDArray[np.uint8]) -> bool:
        self._cv2.imshow(_TITLE, self._cv2.cvtColor(image, self._cv2.COLOR_RGB2BGR))
        key = self._cv2.waitKey(1) & 0xFF  # 255: none
        if key in _END_KEYS:
            return False
        self.pressed = chr(key) if key < 127 else ""
        return bool(self._cv2.getWindowProperty(_TITLE, self._cv2.WND_PROP_VISIBLE) >= 1)

    def close(self) -> None:
        self._cv2.destroyAllWindows()
