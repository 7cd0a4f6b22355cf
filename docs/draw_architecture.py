"""Draws docs/architecture.svg, the rooms of the three packages by their imports: python docs/draw_architecture.py"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

from module_imports import (
    PACKAGES,
    Import,
    edges,
    in_circles,
    node_of,
    package_of,
    reachable,
    read_imports,
    read_modules,
)

PICTURE: Final = Path(__file__).with_name("architecture.svg")
FILL: Final = {"monalive": "#dcefe4", "monalive_distill": "#fbe8d3", "monalive_export": "#dde6f5"}
INK: Final = {"monalive": "#1b7f5c", "monalive_distill": "#b5651d", "monalive_export": "#3a5fa8"}
WIDTH, MARGIN, TITLE = 1120, 16, 34  # of the picture, around packages, of a package's heading; in pixels
BOX_HEIGHT, FLOOR_HEIGHT, LETTER, PASSAGE = 38, 66, 7.4, 10
SWEEPS: Final = 8  # that put boxes near those they import and are imported by


@dataclass(frozen=True)
class Room:
    """A box: a folder of a package, or a module at its root.

    Attributes:
        name: as written on the box.
        files: how many modules are in it.
        floor: the longest way of imports down from it, inside its package.
        arrows: the rooms of its package that it imports and that no other room it imports leads to.
    """

    name: str
    files: int
    floor: int
    arrows: tuple[str, ...]


def rooms_of(package: str, modules: Iterable[str], imports: Iterable[Import]) -> dict[str, Room]:
    """Every room of a package, by node; what lies in a circle of imports stands on one floor."""
    files: dict[str, int] = {}
    for module in modules:
        if package_of(module) == package and module != package and not module.endswith("__main__"):
            files[node_of(module)] = files.get(node_of(module), 0) + 1
    imports = [one for one in imports if set(one.nodes) <= set(files)]
    circular = set(in_circles(imports))
    down = edges(one for one in imports if one not in circular)
    rooms = {}
    for node in files:
        below = down.get(node, set())
        indirect = {far for near in below for far in reachable(near, down)}
        # A folder's own `__init__` is no file to count, a module at the root is its only one.
        inside = max(1, files[node] - 1)
        suffix = "" if files[node] > 1 else ".py"
        arrows = tuple(sorted(below - indirect))
        rooms[node] = Room(node.removeprefix(f"{package}.") + suffix, inside, _floor(node, down), arrows)
    return rooms


def _floor(node: str, down: Mapping[str, set[str]]) -> int:
    return max((_floor(below, down) + 1 for below in down.get(node, ())), default=0)


def draw(modules: Iterable[str], imports: list[Import]) -> str:
    """The picture as SVG: above beside each other what builds on the SDK, below it the SDK.

    Args:
        modules: by name, every one there is.
        imports: of theirs.
    """
    modules = list(modules)
    sdk, distill, export = (rooms_of(package, modules, imports) for package in PACKAGES)
    half = (WIDTH - 3 * MARGIN) // 2
    upper, lower = max(_height(export), _height(distill)), _height(sdk)
    below = MARGIN + upper + 2 * MARGIN
    bottom = below + lower + MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {bottom}" '
        'font-family="Helvetica, Arial, sans-serif" font-size="13">',
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0 8 4 0 8z" fill="#666"/></marker></defs>',
        f'<rect width="{WIDTH}" height="{bottom}" fill="white"/>',
        *_band("monalive_export", export, (MARGIN, MARGIN, half, upper)),
        *_band("monalive_distill", distill, (2 * MARGIN + half, MARGIN, half, upper)),
        *_band("monalive", sdk, (MARGIN, below, WIDTH - 2 * MARGIN, lower)),
        _broad(INK["monalive_export"], f"translate({MARGIN + half - 8} {MARGIN + upper // 2}) rotate(-90)"),
        _broad(INK["monalive_export"], f"translate({MARGIN + half // 2} {below - 2 * MARGIN})"),
        _broad(INK["monalive_distill"], f"translate({2 * MARGIN + half + half // 2} {below - 2 * MARGIN})"),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _height(rooms: Mapping[str, Room]) -> int:
    return TITLE + FLOOR_HEIGHT * (1 + max(room.floor for room in rooms.values()))


def _broad(colour: str, transform: str) -> str:
    """The broad arrow from one band to another."""
    return f'<path d="M-9 0h18v18h10l-19 14-19-14h10z" fill="{colour}" transform="{transform}"/>'


def _band(package: str, rooms: Mapping[str, Room], area: tuple[int, int, int, int]) -> list[str]:
    """A package in its area (x, y, width, height): its rooms, and arrows that go around those between."""
    left, top, width, height = area
    ways = [_way(node, target, rooms) for node, room in rooms.items() for target in room.arrows]
    places = _places(rooms, ways, area)
    parts = [
        f'<rect x="{left}" y="{top}" width="{width}" height="{height}" rx="10" fill="{FILL[package]}"/>',
        f'<text x="{left + 14}" y="{top + 23}" font-size="16" font-weight="bold" fill="{INK[package]}">'
        f"{PACKAGES[package]}</text>",
    ]
    for way in ways:
        x, y = places[way[0]]
        path = f"M{x} {y + BOX_HEIGHT}"
        for passed in way[1:]:
            # Down to the upper edge of the next floor's boxes, then straight through beside them.
            to_x, to_y = places[passed]
            bend = (to_y - y - BOX_HEIGHT) // 2
            path += f"C{x} {to_y - bend} {to_x} {to_y - bend} {to_x} {to_y}"
            path += f"V{to_y + BOX_HEIGHT}" if passed is not way[-1] else ""
            x, y = to_x, to_y
        parts.append(f'<path d="{path}" fill="none" stroke="#666" stroke-width="0.8" marker-end="url(#tip)"/>')
    for node, room in rooms.items():
        x, y = places[node]
        many = f"{room.files} file{'s' if room.files > 1 else ''}"
        parts += [
            f'<rect x="{x - _width(room) // 2}" y="{y}" width="{_width(room)}" height="{BOX_HEIGHT}" rx="5" '
            f'fill="white" stroke="{INK[package]}"/>',
            f'<text x="{x}" y="{y + 16}" text-anchor="middle">{room.name}</text>',
            f'<text x="{x}" y="{y + 31}" text-anchor="middle" font-size="11" fill="#666">{many}</text>',
        ]
    return parts


def _width(room: Room) -> int:
    return max(56, round(len(room.name) * LETTER) + 22)


def _way(node: str, target: str, rooms: Mapping[str, Room]) -> list[str]:
    """An arrow's stations: the room, a passage on every floor between, and the room it points to."""
    between = range(rooms[node].floor - 1, rooms[target].floor, -1)
    return [node, *(f"{node} to {target}, floor {floor}" for floor in between), target]


def _places(
    rooms: Mapping[str, Room], ways: list[list[str]], area: tuple[int, int, int, int]
) -> dict[str, tuple[int, int]]:
    """Of every room and passage: the middle of its upper edge (x, y). Each is drawn towards its neighbours."""
    left, top, width, height = area
    widths = {node: _width(room) for node, room in rooms.items()}
    floors: dict[int, list[str]] = {}
    for node in sorted(rooms):
        floors.setdefault(rooms[node].floor, []).append(node)
    neighbours: dict[str, set[str]] = {node: set() for node in rooms}
    for way in ways:
        for step, (upper, lower) in enumerate(pairwise(way)):
            neighbours.setdefault(upper, set()).add(lower)
            neighbours.setdefault(lower, set()).add(upper)
            if step:
                widths[upper] = PASSAGE
                floors[rooms[way[0]].floor - step].append(upper)
    middles = dict.fromkeys(neighbours, left + width // 2)
    for sweep in range(SWEEPS):
        for floor in sorted(floors, reverse=sweep % 2 == 0):
            wanted = {
                node: sum(middles[other] for other in neighbours[node]) / max(1, len(neighbours[node]))
                for node in floors[floor]
            }
            floors[floor].sort(key=lambda node: (wanted[node], node))
            gap = (width - sum(widths[node] for node in floors[floor])) / (len(floors[floor]) + 1)
            edge = left + gap
            for node in floors[floor]:
                middles[node] = round(edge + widths[node] / 2)
                edge += widths[node] + gap
    ground = top + height - FLOOR_HEIGHT + (FLOOR_HEIGHT - BOX_HEIGHT) // 2
    return {node: (middles[node], ground - FLOOR_HEIGHT * floor) for floor, nodes in floors.items() for node in nodes}


def main() -> None:
    """Writes the picture."""
    PICTURE.write_text(draw(read_modules(), read_imports()))


if __name__ == "__main__":
    main()
