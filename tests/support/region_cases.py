"""Crops of eyes and mouth cut from a photo, and pasted over a frame, for the golden vectors of the bindings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from monalive.faces.crop import SquareCrop
from monalive.faces.region_crop import extract_region, region_place
from monalive.player.region_paste import RegionLayer, RegionPaste

WIDTH, HEIGHT = 32, 24
FLOW_STEP: Final = 2.0**-6  # crop pixels

Place = NDArray[np.float64]
Pictures = dict[str, NDArray[np.uint8]]


def region_crop_cases(photo: NDArray[np.uint8]) -> tuple[dict[str, Any], Pictures]:
    """Crops of `photo.png`; the JSON and the pictures by file name."""
    units = np.array([0.0041, -0.0007, 0.31, 0.0007, 0.0041, 0.42])
    crop = SquareCrop(12.5, -20.25, 260.5)
    cases, pictures = [], {}
    for name, place in (
        ("enlarged", _place(120, 110, 0.55, 0.15)),
        ("mirrored", _place(150, 120, 1.2, -0.2, mirrored=True)),
        ("shrunk", _place(144, 150, 3.4, 0.4)),
        ("beyond", _place(10, 275, 2.0, -0.3)),
    ):
        file = f"region_crop_{name}.png"
        pictures[file] = extract_region(photo, place, WIDTH, HEIGHT)
        cases.append({"name": name, "place": _numbers(place), "width": WIDTH, "height": HEIGHT, "picture": file})
    in_pixels = {"units": units.tolist(), "crop": asdict(crop), "pixels": _numbers(region_place(units, crop))}
    return {"photo": "photo.png", "in_pixels": in_pixels, "extract": cases}, pictures


def region_paste_cases(photo: NDArray[np.uint8], frame: NDArray[np.uint8]) -> tuple[dict[str, Any], Pictures]:
    """Made-up flow, mask and paint of a small crop, pasted over `frame` with the pixels of `photo`."""
    v, u = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    levels = np.rint(np.stack([2.5 * np.sin(v / 5), 2 * np.cos(u / 7)], -1) / FLOW_STEP).astype(int)
    mask = np.rint(255 * np.clip(1.2 - 3 * np.exp(-((u - 16) ** 2 + (v - 13) ** 2) / 40), 0, 1)).astype(np.uint8)
    painted = np.rint(255 * np.stack([u / WIDTH, 0.5 + 0.5 * np.sin(v), 1 - v / HEIGHT], -1)).astype(np.uint8)
    arrays: Any = (
        (levels * FLOW_STEP).astype(np.float32),
        mask.astype(np.float32) / np.float32(255),
        painted.astype(np.float32) / np.float32(255),
    )
    cases, pictures = [], {"region_mask.png": mask, "region_painted.png": painted}
    for name, place, photo_place, bounds in (
        ("turned", _place(165, 140, 3.2, 0.35), _place(160, 145, 3.0, 0.2), None),
        ("mirrored", _place(150, 150, 2.1, -0.1, mirrored=True), _place(170, 160, 2.2, -0.2, mirrored=True), None),
        ("coarse", _place(165.5, 140.25, 0.6, 0.1), _place(160, 145, 0.6, 0.0), None),
        ("border", _place(15, 290, 2.5, -0.25), _place(20, 280, 2.4, -0.1), None),
        ("bounds", _place(165, 140, 2.5, 0.1), _place(160, 145, 2.5, 0.1), (140, 100, 190, 170)),
    ):
        changed = frame.copy()
        RegionPaste()(changed, place, [RegionLayer(photo, photo_place, *arrays)], bounds)
        box = _around(place, bounds or (0, 0, frame.shape[1], frame.shape[0]))
        file = f"region_pasted_{name}.png"
        pictures[file] = changed[box[1] : box[3], box[0] : box[2]]
        cases.append(
            {"name": name, "place": _numbers(place), "photo_place": _numbers(photo_place)}
            | {"bounds": None if bounds is None else list(bounds), "changed": box, "result": file}
        )
    flow = {"width": WIDTH, "height": HEIGHT, "step": FLOW_STEP, "levels": levels.ravel().tolist()}
    made: Mapping[str, Any] = {"flow": flow, "mask": "region_mask.png", "painted": "region_painted.png"}
    return {"photo": "paste_photo.png", "frame": "pasted_fraction.png", **made, "cases": cases}, pictures


def _place(x: float, y: float, step: float, angle: float, *, mirrored: bool = False) -> Place:
    """A crop around (x, y), `step` pixels per crop pixel, turned by an angle in radians."""
    cos, sin = np.cos(angle) * step, np.sin(angle) * step
    linear = np.array([[cos, -sin], [sin, cos]]) @ np.diag([-1.0 if mirrored else 1.0, 1.0])
    return np.column_stack([linear, [x, y] - linear @ np.array([WIDTH, HEIGHT]) / 2]).round(5)


def _around(place: Place, bounds: tuple[int, int, int, int]) -> list[int]:
    """Left, top, right, bottom of the crop within bounds."""
    corners = place @ np.array([[0, WIDTH, 0, WIDTH], [0, 0, HEIGHT, HEIGHT], [1, 1, 1, 1]])
    low, high = np.maximum(np.floor(corners.min(1)), bounds[:2]), np.minimum(np.ceil(corners.max(1)), bounds[2:])
    return [int(value) for value in (*low, *high)]


def _numbers(place: Place) -> list[float]:
    numbers: list[float] = place.ravel().round(5).tolist()
    return numbers
