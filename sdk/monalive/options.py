"""Options of the photo animator, after MediaPipe Tasks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from monalive.faces.tracker_factory import FaceTrackerFactory
from monalive.networks.runtimes import RuntimeOptions
from monalive.result import AnimatedFrame
from monalive.retargeting.retarget import RetargetOptions


class RunningMode(Enum):
    """What the driver is: single pictures, a video's frames in order, or a live camera."""

    IMAGE = "IMAGE"
    VIDEO = "VIDEO"
    LIVE_STREAM = "LIVE_STREAM"


ResultCallback = Callable[[AnimatedFrame, float], None]


@dataclass(frozen=True)
class PhotoAnimatorOptions:
    """How a `PhotoAnimator` works.

    Attributes:
        bundle_path: the models, the tracker's networks among them; None for those that come with the package. The
            tracker's networks come from there too where a bundle has none.
        running_mode: what the driver is; a name of it, as "VIDEO", becomes the `RunningMode`.
        runtime: what the networks run on: runtime, processor and threads.
        retarget: what of the driver's motion is taken over, and how.
        result_callback: called with every result and its timestamp in `LIVE_STREAM` mode, from another thread; only
            there.
        trackers: what finds faces; None for the bundle's own tracker. `SharedNetworkTrackers` makes trackers of other
            networks. One factory may serve several animators of one thread.

    Raises:
        ValueError: options that do not go together.
    """

    bundle_path: str | Path | None = None
    running_mode: RunningMode | str = RunningMode.IMAGE
    runtime: RuntimeOptions = field(default_factory=RuntimeOptions)
    retarget: RetargetOptions = field(default_factory=RetargetOptions)
    result_callback: ResultCallback | None = None
    trackers: FaceTrackerFactory | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "running_mode", _running_mode(self.running_mode))
        live = self.running_mode is RunningMode.LIVE_STREAM
        if live and self.result_callback is None:
            raise ValueError("running mode LIVE_STREAM needs a result_callback: results arrive there")
        if not live and self.result_callback is not None:
            mode = _running_mode(self.running_mode).name
            raise ValueError(f"a result_callback is for LIVE_STREAM; in {mode} results are returned")


def _running_mode(mode: RunningMode | str) -> RunningMode:
    try:
        return RunningMode(mode.upper() if isinstance(mode, str) else mode)
    except ValueError:
        names = ", ".join(known.name for known in RunningMode)
        raise ValueError(f"there is no running mode {mode!r}: choose from {names}") from None
