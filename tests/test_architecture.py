"""docs/architecture.md names what exists, and its picture is that of the imports."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from draw_architecture import PICTURE, draw, rooms_of
from module_imports import PACKAGES, read_imports, read_modules

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "architecture.md"
PATHS = sorted({path for path in re.findall(r"`([\w./-]+)`", PAGE.read_text()) if "/" in path})


@pytest.mark.parametrize("path", PATHS)
def test_a_path_of_the_page_exists(path: str) -> None:
    assert (ROOT / path).exists(), f"docs/architecture.md names {path}, which is not there"


def test_the_links_of_the_page_lead_somewhere() -> None:
    links = re.findall(r"\]\(([^)]+)\)", PAGE.read_text())
    assert links and all((PAGE.parent / link).exists() for link in links)


def test_the_picture_is_that_of_the_imports() -> None:
    drawn = draw(read_modules(), read_imports())
    assert drawn == PICTURE.read_text(), "the imports have changed: run python docs/draw_architecture.py"


def test_every_room_is_in_the_picture_once() -> None:
    picture = ElementTree.fromstring(PICTURE.read_text())
    words = [text.text for text in picture.iter("{http://www.w3.org/2000/svg}text")]
    for package, folder in PACKAGES.items():
        assert words.count(folder) == 1
        for room in rooms_of(package, read_modules(), read_imports()).values():
            assert room.name in words


def test_arrows_point_down_and_skip_what_others_say() -> None:
    for package in PACKAGES:
        rooms = rooms_of(package, read_modules(), read_imports())
        for room in rooms.values():
            assert all(rooms[target].floor < room.floor for target in room.arrows)
            beyond = {far for target in room.arrows for far in rooms[target].arrows}
            assert not beyond & set(room.arrows)
