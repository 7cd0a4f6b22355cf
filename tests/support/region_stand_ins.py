"""What stands in for the networks of eyes and mouth where a test needs a bundle that has them, and no weights."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monalive.bundle import Bundle
from monalive.faces.expressions import load_expressions
from monalive.faces.landmarks import LEFT_EYE_CORNERS, RIGHT_EYE_CORNERS
from monalive.networks.named_network import NamedNetwork
from monalive.networks.runtimes import RuntimeOptions, Tensors
from monalive.player.region_networks import REGION_PARTS, REGIONS

Colour = tuple[float, float, float]
SIZES: Final = {"eye": (64, 64), "mouth": (128, 96)}


class RegionStandIn(NamedNetwork):
    """One of the five parts.

    `region_crops` lays upright crops by the eye corners; the animate networks keep the photo's pixels where they are,
    or paint a region in one colour.

    Args:
        part: its name.
        colours: by "eye" and "mouth": painted all over instead of the photo's pixels.
    """

    def __init__(self, part: str, colours: Mapping[str, Colour]) -> None:
        self.calls: list[Tensors] = []
        step, _, kind = part.partition("_")
        self._step, self._kind, self._colour = step, kind, colours.get(kind)
        self.input_shapes = {"face_landmarks": (1, 478, 3)} if step == "region" else _shapes(step, kind)

    def __call__(self, inputs: Tensors) -> dict[str, NDArray[np.float32]]:
        assert {name: inputs[name].shape for name in self.input_shapes} == self.input_shapes
        self.calls.append(dict(inputs))
        if self._step == "region":
            return locate(inputs["face_landmarks"][0])
        if self._step == "enroll":
            return {f"{self._kind}_features": np.zeros((1, 8, 8, 4), np.float32)}
        width, height = SIZES[self._kind]
        painted = np.zeros((1, height, width, 3), np.float32)
        painted[:] = self._colour or 0
        kept = 0.0 if self._colour else 1.0
        drawn = {"flow": np.zeros((1, height, width, 2)), "mask": np.full((1, height, width, 1), kept)}
        return {f"{self._kind}_{name}": x.astype(np.float32) for name, x in (drawn | {"painted": painted}).items()}


def _shapes(step: str, kind: str) -> dict[str, tuple[int, ...]]:
    width, height = SIZES[kind]
    points: dict[str, tuple[int, ...]] = {f"{kind}_source_landmarks": (1, 478, 2)}
    if step == "enroll":
        return points | {f"{kind}_photo": (1, height, width, 3)}
    return points | {f"{kind}_features": (1, 8, 8, 4), f"{kind}_target_landmarks": (1, 478, 2)}


class BundleOfStandIns(Bundle):
    """The packaged bundle, with stand-ins for its networks of eyes and mouth."""

    @cached_property
    def opened(self) -> dict[str, RegionStandIn]:
        """The stand-ins by part; opened twice, a part has one."""
        return {}

    def network(self, name: str, options: RuntimeOptions | None = None) -> NamedNetwork:
        """The stand-in of a part of eyes and mouth, else the bundle's own network."""
        if name not in REGION_PARTS:
            return super().network(name, options)
        return self.opened.setdefault(name, RegionStandIn(name, self.manifest["colours"]))


def bundle_of_stand_ins(**colours: Colour) -> BundleOfStandIns:
    """A bundle whose networks of eyes and mouth are stand-ins; see `RegionStandIn` for `colours`."""
    packaged = Bundle.load()
    parts = dict(packaged.parts) | dict.fromkeys(REGION_PARTS, b"")
    return BundleOfStandIns(dict(packaged.manifest) | {"colours": colours}, parts, packaged.sha256)


def locate(landmarks: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    """What `region_crops` gives for a face that is upright; eyes and mouth twice as large as they need be."""
    corners = [landmarks[list(pair), :2].mean(0) for pair in (LEFT_EYE_CORNERS, RIGHT_EYE_CORNERS)]
    unit = float(np.linalg.norm(corners[0] - corners[1]))
    mouth = landmarks[[33, 263, 2, 2], :2].mean(0) + np.array([0, 0.6 * unit])
    places, made = [], dict[str, NDArray[np.float32]]()
    for region, middle, mirrored in zip(REGIONS, (*corners, mouth), (1, -1, 1), strict=True):
        size = np.array(SIZES[region.kind])
        linear = np.diag([mirrored, 1]) * unit / 60
        offset = middle - linear @ (size / 2)
        places.append(np.column_stack([linear, offset]).ravel())
        points = (landmarks[:, :2] - offset) @ np.linalg.inv(linear).T
        points = points[load_expressions().mirror] if mirrored < 0 else points
        made[f"{region.name}_landmarks"] = points[None].astype(np.float32)
    return made | {"places": np.stack(places)[None].astype(np.float32)}
