"""Crops of eyes and mouth cut from a photo, and pasted over a frame, for the golden vectors of the bindings."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from monalive.faces.crop import SquareCrop
from monalive.faces.region_crop import extract_region, region_place
from monalive.player.bundle_networks import BundleNetworks
from monalive.player.region_networks import REGIONS
from monalive.player.region_paste import RegionLayer, RegionPaste
from monalive.portrait import Portrait

WIDTH, HEIGHT = 32, 24
# Flow as a picture: red is x, green is y, in steps of an eighth of a crop pixel from this level on.
FLOW_STEP: Final = 2.0**-3
FLOW_ZERO: Final = 128
FLOW_LEVELS: Final = {"flow_step": FLOW_STEP, "flow_zero": FLOW_ZERO}

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
    flow = np.stack([2.5 * np.sin(v / 5), 2 * np.cos(u / 7)], -1)
    mask = np.clip(1.2 - 3 * np.exp(-((u - 16) ** 2 + (v - 13) ** 2) / 40), 0, 1)
    painted = np.stack([u / WIDTH, 0.5 + 0.5 * np.sin(v), 1 - v / HEIGHT], -1)
    rounded = _as_pictures(flow, mask, painted)
    arrays = _as_arrays(rounded)
    cases, pictures = [], {f"region_{name}.png": picture for name, picture in rounded.items()}
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
    made = {name: f"region_{name}.png" for name in rounded}
    return {"photo": "paste_photo.png", "frame": "pasted_fraction.png", **FLOW_LEVELS, **made, "cases": cases}, pictures


def network_regions(
    networks: BundleNetworks, portrait: Portrait, landmarks: NDArray[np.float32], frame: NDArray[np.uint8]
) -> dict[str, tuple[dict[str, Any], Pictures]]:
    """What the bundle's networks make of the eyes and the mouth of a frame, rounded, and pasted over it from just that.

    Returns:
        By region its places, for the JSON, and its flow, mask and painting. Nothing where the bundle has no such
        networks.
    """
    made: dict[str, tuple[dict[str, Any], Pictures]] = {}
    if networks.regions is None:
        return made
    enrolled, (left, top, side) = portrait.enrolled[0].regions, portrait.crop.snapped()
    for region, photo, located in zip(REGIONS, enrolled, networks.regions.locate(landmarks), strict=True):
        out = networks.regions.animate(region, photo, located.landmarks)
        rounded = _as_pictures(out.flow, out.mask, out.painted)
        place = region_place(located.place, portrait.crop)
        layer = RegionLayer(portrait.photo, photo.place, *_as_arrays(rounded))
        RegionPaste()(frame, place, [layer], (left, top, left + side, top + side))
        made[region.name] = {"place": _numbers(place), "photo_place": _numbers(photo.place)}, rounded
    return made


def _as_pictures(flow: NDArray[Any], mask: NDArray[Any], painted: NDArray[Any]) -> Pictures:
    levels = np.rint(flow / FLOW_STEP) + FLOW_ZERO
    assert levels.min() >= 0 and levels.max() <= 255
    eight_bits = np.dstack([levels, np.zeros(levels.shape[:2])]).astype(np.uint8)
    return {"flow": eight_bits} | {
        name: np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8)
        for name, values in (("mask", mask), ("painted", painted))
    }


def _as_arrays(pictures: Pictures) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """flow, mask and painted as a region's network gives them."""
    flow = (pictures["flow"][..., :2].astype(np.float32) - FLOW_ZERO) * np.float32(FLOW_STEP)
    mask, painted = (pictures[name].astype(np.float32) / np.float32(255) for name in ("mask", "painted"))
    return flow, mask, painted


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
