"""The bundle's retargeting graphs: geometry and smoothing, so that every platform computes the same numbers."""

from __future__ import annotations

from collections.abc import Collection
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monalive.bundle import Bundle
from monalive.networks.named_network import NamedNetwork
from monalive.networks.runtimes import RuntimeOptions, Tensors

START_PART: Final = "retarget_start"
STEP_PART: Final = "retarget"
ABSOLUTE_PART: Final = "retarget_absolute"
IMAGE_MODE_PART: Final = "image_mode"
BACKGROUND_PART: Final = "background_flow"
RETARGET_PARTS: Final = (START_PART, STEP_PART, ABSOLUTE_PART, IMAGE_MODE_PART, BACKGROUND_PART)
NO_POSE: Final = "the points of the face coincide or lie on a line; no pose can be fitted to them"
_NEXT: Final = "next_"


class RetargetNetworks:
    """The retargeting graphs of a bundle, each loaded when it is first needed.

    They run on the CPU in one thread, whatever the other networks run on: a frame takes a fraction of a millisecond.
    Not to be called from two threads at once.

    Args:
        bundle: where they are; None for the bundle that comes with the package. Where it lacks one of them, as those
            of earlier versions do, the packaged ones are taken.
        runtime: what runs the bundle's own, a key of `runtimes.RUNTIMES`; None for the one it is made for.

    Raises:
        FileNotFoundError, ValueError: the packaged bundle is needed, and missing or damaged.
    """

    def __init__(self, bundle: Bundle | None = None, runtime: str | None = None) -> None:
        if bundle is None or not holds_retargeting(bundle.parts):
            bundle, runtime = Bundle.load(), None
        self._bundle, self._options = bundle, RuntimeOptions(runtime, num_threads=1)

    @cached_property
    def start(self) -> NamedNetwork:
        """Ties a portrait to a driver's reference frame."""
        return self._bundle.network(START_PART, self._options)

    @cached_property
    def step(self) -> NamedNetwork:
        """Relative motion, once per frame: see `RetargetStream`."""
        return self._bundle.network(STEP_PART, self._options)

    @cached_property
    def absolute(self) -> NamedNetwork:
        """Absolute motion, once per frame: see `RetargetStream`."""
        return self._bundle.network(ABSOLUTE_PART, self._options)

    @cached_property
    def background(self) -> NamedNetwork:
        """Smooths the flow measured around the driver's face, once per frame: see `RetargetStream`."""
        return self._bundle.network(BACKGROUND_PART, self._options)

    def as_mean_face(
        self, landmarks: NDArray[np.float32], blendshapes: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """What stands for a driver of whom there is one picture only: a face of average shape in its place.

        Args:
            landmarks: (478, 3) the driver's, in pixels.
            blendshapes: (52,) the driver's, in [0, 1], in the order of `tracker.BLENDSHAPE_NAMES`.

        Returns:
            (478, 3) float32 pixels at rest, looking at the camera, to give to `Retargeter.start`.
            (478, 3) float32 pixels with the driver's expression and pose, to give to `Retargeter.step`.

        Raises:
            ValueError: arrays of another shape, or landmarks to which no pose can be fitted.
        """
        made = self._image_mode({"driver_landmarks": batch(landmarks), "blendshapes": batch(blendshapes)})
        reference, moved = made["mean_face_reference"][0], made["mean_face_landmarks"][0]
        if not np.isfinite(moved).all():
            raise ValueError(NO_POSE)
        return reference, moved

    @cached_property
    def _image_mode(self) -> NamedNetwork:
        return self._bundle.network(IMAGE_MODE_PART, self._options)


class RetargetStream:
    """A graph that runs once per frame of one driver; what it gives as `next_X` is its `X` of the next frame.

    Args:
        network: `RetargetNetworks.step`, `absolute` or `background`.
        given: its inputs that the driver's frames do not bring; states that are not given begin as zeros.
        smooth: whether the filters in it are told how much time passes; if not, they let every frame through.
        takes, gives: names of the input that a frame brings, and of the output that is the frame's result.
    """

    def __init__(
        self,
        network: NamedNetwork,
        given: Tensors,
        *,
        smooth: bool,
        takes: str = "driver_landmarks",
        gives: str = "landmarks",
    ) -> None:
        self._network, self._smooth, self._takes, self._gives = network, smooth, takes, gives
        states = (name.removeprefix(_NEXT) for name in network.output_names if name.startswith(_NEXT))
        self._values = {name: np.zeros(network.input_shapes[name], np.float32) for name in states} | dict(given)
        self._timestamp_ms: float | None = None

    def __call__(self, values: NDArray[np.float32], timestamp_ms: float) -> NDArray[np.float32]:
        """One frame: by default landmarks (478, 3) in pixels of the driver's frame to (478, 3) in units of the crop.

        Raises:
            ValueError: time that does not move forward, or landmarks to which no pose can be fitted.
        """
        frame = {self._takes: batch(values), "elapsed_ms": batch([self._elapsed(timestamp_ms)])}
        made = self._network({**self._values, **frame})
        result: NDArray[np.float32] = made[self._gives][0]
        if not np.isfinite(result).all():
            raise ValueError(NO_POSE)
        for name, value in made.items():
            if name.startswith(_NEXT):
                self._values[name.removeprefix(_NEXT)] = value
        if self._smooth:
            self._timestamp_ms = float(timestamp_ms)
        return result

    def _elapsed(self, timestamp_ms: float) -> float:
        """Milliseconds since the frame before; 0 lets a frame through as it is."""
        before = self._timestamp_ms
        if before is None:
            return 0.0
        if not timestamp_ms > before:
            raise ValueError(f"timestamps must increase: {timestamp_ms} ms came after {before} ms")
        return timestamp_ms - before


def holds_retargeting(parts: Collection[str]) -> bool:
    """Whether all of the retargeting graphs are among a bundle's parts; in bundles of earlier versions they are not."""
    return set(RETARGET_PARTS) <= set(parts)


def batch(values: ArrayLike) -> NDArray[np.float32]:
    """As a batch of one, float32."""
    return np.ascontiguousarray(values, np.float32)[None]
