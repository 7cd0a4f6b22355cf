"""The bundle's networks: enrolment, once per photo; retargeting and animation, once per frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monalive.bundle import Bundle
from monalive.faces.crop import NETWORK_SIZE
from monalive.motions.surroundings_flow import unknown_surroundings
from monalive.networks.runtimes import RuntimeOptions
from monalive.player.region_networks import load_region_networks
from monalive.portrait import EnrolledPhoto, PhotoOfPerson
from monalive.retargeting.retarget_networks import RetargetNetworks
from monalive.threads import Workers

_HALF: Final = np.float32(0.5)


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

    def midway(self, other: NetworkFrame) -> NetworkFrame:
        """The mean of two frames of one photo."""
        return NetworkFrame(
            (self.flow + other.flow) * _HALF,
            (self.mask + other.mask) * _HALF,
            (self.painted + other.painted) * _HALF,
            (self.confidence + other.confidence) * _HALF,
        )


class BundleNetworks:
    """The networks of a bundle, loaded. Not to be called from two threads at once.

    Args:
        bundle: where they are.
        runtime: what they run on.

    Attributes:
        regions: the networks of eyes and mouth; None where the bundle has none.
        retargeting: the graphs that carry a driver's motion over to a portrait.
        workers: threads that share what is split; pasting takes them, too.

    Raises:
        ValueError: a part is missing, does not match its manifest, or does not run on what is asked for.
        ImportError: the runtime is not installed.
    """

    def __init__(self, bundle: Bundle, runtime: RuntimeOptions | None = None) -> None:
        options = runtime or RuntimeOptions()
        self._enroll = bundle.network("enroll", options)
        self._animate = bundle.network("animate", options)
        self.workers = Workers(options.paste_threads or options.num_threads)
        self.regions = load_region_networks(bundle, options, self.workers)
        self.retargeting = RetargetNetworks(bundle, options.runtime)

    def enroll(self, photo: PhotoOfPerson) -> EnrolledPhoto:
        """Computes what depends on the photo alone.

        Raises:
            ValueError: no pose can be fitted to the photo's landmarks.
        """
        picture = photo.crop.extract(photo.image, NETWORK_SIZE).astype(np.float32)[None] / np.float32(255)
        landmarks = photo.crop.to_unit(photo.landmarks)[None, :, :2]
        inputs = {"photo": picture, "source_landmarks": np.ascontiguousarray(landmarks)}
        enrolled = self._animate.constant_inputs(inputs | self._enroll(inputs))
        return EnrolledPhoto(photo, enrolled, () if self.regions is None else self.regions.enroll(photo))

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
