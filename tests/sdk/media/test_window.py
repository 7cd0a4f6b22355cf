"""Windows: SDL's on its driver without a screen, and OpenCV's, made up."""

from __future__ import annotations

import importlib.util
from typing import Any

import cv2
import numpy as np
import pytest

from monalive.media.window import OpenCvWindow, open_window

needs_sdl = pytest.mark.skipif(importlib.util.find_spec("pygame") is None, reason="needs the extra live")


@pytest.fixture
def no_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"):
        monkeypatch.delenv(name, raising=False)


def shown_surface() -> Any:
    """What SDL's window shows."""
    import pygame

    surface = pygame.display.get_surface()
    assert surface is not None
    return surface


@needs_sdl
def test_sdl_shows_the_picture_and_ends_with_a_key(no_screen: None, monkeypatch: pytest.MonkeyPatch) -> None:
    import pygame

    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    picture = np.zeros((60, 80, 3), np.uint8)
    picture[:, :40] = (200, 100, 50)
    with open_window() as window:
        assert window.show(picture)
        surface = shown_surface()
        assert surface.get_size() == (80, 60)
        assert [tuple(surface.get_at((x, 30)))[:3] for x in (10, 70)] == [(200, 100, 50), (0, 0, 0)]
        pygame.event.post(pygame.event.Event(pygame.KEYDOWN, key=pygame.K_a, unicode="a"))
        assert window.show(picture) and window.pressed == "a"
        assert window.show(picture) and window.pressed == ""
        pygame.event.post(pygame.event.Event(pygame.KEYDOWN, key=pygame.K_ESCAPE))
        assert not window.show(picture)
        pygame.event.post(pygame.event.Event(pygame.QUIT))
        assert not window.show(picture)
    assert not pygame.display.get_init()


@needs_sdl
def test_a_photo_that_is_larger_than_the_screen(no_screen: None, monkeypatch: pytest.MonkeyPatch) -> None:
    import pygame

    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    with open_window() as window:
        assert window.show(np.full((6000, 3000, 3), 90, np.uint8))
        width, height = shown_surface().get_size()
        assert height <= pygame.display.get_desktop_sizes()[0][1]
        assert width / height == pytest.approx(0.5, abs=0.01)
        shown = shown_surface().get_at((width // 2, height // 2))
        assert tuple(shown)[:3] == pytest.approx((90, 90, 90), abs=3)  # SDL's scaling rounds


@needs_sdl
def test_a_screen_that_cannot_be_reached(no_screen: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDL_VIDEODRIVER", "x11")
    monkeypatch.setenv("DISPLAY", ":4711")
    with pytest.raises(ValueError, match="there is no screen"):
        open_window()


@pytest.mark.skipif("sys.platform != 'linux'", reason="elsewhere there is always a screen")
def test_without_a_screen(no_screen: None) -> None:
    with pytest.raises(ValueError, match="--record"):
        open_window()


def test_the_window_of_an_opencv_that_has_them(no_screen: None, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[Any] = []
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(cv2, "namedWindow", lambda *arguments: None)
    monkeypatch.setattr(cv2, "imshow", lambda title, image: shown.append(image))
    monkeypatch.setattr(cv2, "waitKey", lambda ms: ord("q") if len(shown) == 3 else ord("n") if len(shown) == 2 else -1)
    monkeypatch.setattr(cv2, "getWindowProperty", lambda title, name: 1.0)
    monkeypatch.setattr(cv2, "destroyAllWindows", shown.clear)
    with open_window() as window:
        assert isinstance(window, OpenCvWindow)
        assert window.show(np.full((4, 4, 3), (1, 2, 3), np.uint8))
        assert shown[0][0, 0].tolist() == [3, 2, 1]
        assert window.pressed == ""
        assert window.show(np.zeros((4, 4, 3), np.uint8)) and window.pressed == "n"
        assert not window.show(np.zeros((4, 4, 3), np.uint8))
    assert shown == []


def test_nothing_that_opens_windows(no_screen: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> None:
        raise cv2.error("The function is not implemented")

    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(cv2, "namedWindow", refuse)
    with pytest.raises(ValueError, match=r"pip install 'monalive\[live\]'"):
        open_window()
