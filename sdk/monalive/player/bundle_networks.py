"""The bundle's networks: enrolment, once per photo; retargeting and animation, once per frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monalive.bundle import Bundle
from monalive.faces.crop import NETWORK_SIZE
from monalive.motions.surroundings_flow import unknown_surroundings
from monalive.networks.named_network import NamedNetwork
from monalive.networks.runtimes import RuntimeOptions
from monalive.portrait import EnrolledPhoto, PhotoOfPerson
from monalive.retargeting.retarget_networks import RetargetNetworks


@dataclass(frozen=True)
class NetworkFrame:
    """What the animate network computes for a frame.

    Attributes:
        flow: (128, 128, 2) float32, crop units, x then y: source position minus target position.
        mask: (256, 256) float32 in [0, 1]; 1 keeps the photo's own pixels.
        painted: (256, 256, 3) float32 RGB in [0, 1].
        confidence: (256, 256) float32, compared with that of other photos of the person (`blend_weights`).
    """

    flow: NDArray[np.float32]
    mask: NDArray[np.float32]
    painted: NDArray[np.float32]
    confidence: NDArray[np.float32]


class BundleNetworks:
    """The networks of a bundle, loaded. Not to be called from two threads at once.

    Args:
        bundle: where they are.
        runtime: what they run on.

    Attributes:
        retargeting: the graphs that carry a driver's motion over to a portrait.

    Raises:
        ValueError: a part is missing, does not match its manifest, or does not run on what is asked for.
        ImportError: the runtime is not installed.
    """

    def __init__(self, bundle: Bundle, runtime: RuntimeOptions | None = None) -> None:
        self._enroll = _load(bundle, "enroll", runtime)
        self._animate = _load(bundle, "animate", runtime)
        self._taken = {entry["name"] for entry in bundle.part_manifest("animate")["inputs"]}
        self.retargeting = RetargetNetworks(bundle, None if runtime is None else runtime.runtime)

    def enroll(self, photo: PhotoOfPerson) -> EnrolledPhoto:
        """Computes what depends on the photo alone."""
        picture = photo.crop.extract(photo.image, NETWORK_SIZE).astype(np.float32)[None] / np.float32(255)
        landmarks = photo.crop.to_unit(photo.landmarks)[None, :, :2]
        inputs = {"photo": picture, "source_landmarks": np.ascontiguousarray(landmarks)}
        known = inputs | self._enroll(inputs)
        enrolled = {name: value for name, value in known.items() if name in self._taken}
        for value in enrolled.values():
            value.setflags(write=False)  # so that networks may keep them from frame to frame
        return EnrolledPhoto(photo, enrolled)

    def animate(
        self,
        enrolled: EnrolledPhoto,
        landmarks: NDArray[np.float32],
        surroundings: NDArray[np.float32] | None = None,
    ) -> NetworkFrame:
        """One frame.

        Args:
            enrolled: the photo.
            landmarks: (478, 2 or 3) float32 wanted, in units of the photo's crop.
            surroundings: (16, 16, 3) float32, how what is around the face moved (see `SurroundingsFlow`); None for
                unknown, and the network guesses.

        Raises:
            ValueError: surroundings of another shape.
        """
        target = np.ascontiguousarray(landmarks[None, :, :2], np.float32)
        unknown = unknown_surroundings()
        around = unknown if surroundings is None else surroundings
        if around.shape != unknown.shape:
            raise ValueError(f"surroundings must be {unknown.shape}, got {around.shape}")
        moving = {"target_landmarks": target, "surroundings": np.ascontiguousarray(around[None], np.float32)}
        out = self._animate({**enrolled.inputs, **moving})
        mask, confidence = (out[name][0, :, :, 0] for name in ("mask", "confidence"))
        return NetworkFrame(out["flow"][0], mask, out["painted"][0], confidence)


def _load(bundle: Bundle, part: str, runtime: RuntimeOptions | None) -> NamedNetwork:
    manifest = bundle.part_manifest(part)
    return NamedNetwork(bundle.parts[part], manifest, runtime or RuntimeOptions(), f"the bundle's part {part!r}")
