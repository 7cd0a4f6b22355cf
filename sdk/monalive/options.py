"""Options of the photo animator, after MediaPipe Tasks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from monalive.bundle import Bundle
from monalive.faces.driver_rule import DriverFace, checked_driver_face
from monalive.faces.tracker_factory import FaceTrackerFactory
from monalive.full_model import full_bundle
from monalive.limits import LONGEST_SIDE, MAX_FACES, MODELS, Model
from monalive.motions.driver_takes import checked_reference
from monalive.networks.runtimes import RuntimeOptions
from monalive.player.driver_anchor import LiveReference
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
        bundle_path: a file with the models, the tracker's networks among them; None for those that come with the
            package. The tracker's networks come from there too where a bundle has none.
        bundle: the models themselves instead of a file: a `Bundle`, or the content of a bundle file.
        running_mode: what the driver is; a name of it, as "VIDEO", becomes the `RunningMode`.
        runtime: what the networks run on: runtime, processor and threads.
        retarget: what of the driver's motion is taken over, and how.
        result_callback: called with every result and its timestamp in `LIVE_STREAM` mode, from another thread; only
            there.
        trackers: what finds faces; None for the bundle's own tracker. `SharedNetworkTrackers` makes trackers of other
            networks. One factory may serve several animators of one thread.
        max_faces: so many faces of a picture are taken, the largest; a warning is logged where it shows more.
        driver_face: whose motion is taken where the driver shows several faces: "auto" (large, central and moving),
            "largest", "moving" (most, in the first second), or a number counted from the left from 0. That face keeps
            driving.
        reference: what the motion of a driver's frames is counted from: "neutral": the most neutral of the first three
            seconds; "first": the first with a face; "recent": as "neutral", and again every 15 seconds; or the number
            of a frame, from 0. None: "recent" in `LIVE_STREAM`, "neutral" else. After a cut in the driver the motion
            starts anew. Absolute motion does without.
        longest_side: photos from files are made smaller, so that their longest side, and so the result's, has so many
            pixels at most (16 or more); None keeps all pixels. Arrays are taken as they are.
        network_every: 1: the networks run for each frame; 2: for every second one, and what lies between is
            interpolated, which takes less power and heat, and shows in fast motion (docs/speed.md). For `play` and
            `play_video` with a portrait of one photo; frames that are handed in one by one always run them.
        model: "default", or "full": full-size networks where people look (docs/region_experts.md). It takes the package
            monalive-full, and a frame takes 1.2 to 1.5 times as long.

    Raises:
        ValueError: options that do not go together.
    """

    bundle_path: str | Path | None = None
    running_mode: RunningMode | str = RunningMode.IMAGE
    runtime: RuntimeOptions = field(default_factory=RuntimeOptions)
    retarget: RetargetOptions = field(default_factory=RetargetOptions)
    result_callback: ResultCallback | None = None
    trackers: FaceTrackerFactory | None = None
    max_faces: int = MAX_FACES
    driver_face: DriverFace = "auto"
    reference: LiveReference | None = None
    longest_side: int | None = LONGEST_SIDE
    bundle: Bundle | bytes | None = None
    network_every: int = 1
    model: Model = "default"

    def load_bundle(self) -> Bundle:
        """The models.

        Raises:
            FileNotFoundError, ValueError: as `Bundle.load` and `full_bundle`.
        """
        if self.model == "full":
            return full_bundle()
        if isinstance(self.bundle, Bundle):
            return self.bundle
        return Bundle.load(self.bundle_path) if self.bundle is None else Bundle.from_bytes(self.bundle)

    def __post_init__(self) -> None:
        object.__setattr__(self, "running_mode", _running_mode(self.running_mode))
        if self.bundle is not None and self.bundle_path is not None:
            raise ValueError("give either a bundle or a bundle_path")
        if self.model not in MODELS:
            raise ValueError(f"there is no model {self.model!r}: choose from {', '.join(MODELS)}")
        if self.model != "default" and not (self.bundle is None and self.bundle_path is None):
            raise ValueError("give either a model or a bundle: a bundle has models of its own")
        if self.longest_side is not None and self.longest_side < 16:
            raise ValueError(f"the longest side must have at least 16 pixels, not {self.longest_side}")
        live = self.running_mode is RunningMode.LIVE_STREAM
        if live and self.result_callback is None:
            raise ValueError("running mode LIVE_STREAM needs a result_callback: results arrive there")
        if not live and self.result_callback is not None:
            mode = _running_mode(self.running_mode).name
            raise ValueError(f"a result_callback is for LIVE_STREAM; in {mode} results are returned")
        if self.max_faces < 1:
            raise ValueError(f"max_faces must be at least 1, not {self.max_faces}")
        if self.network_every not in (1, 2):
            raise ValueError(
                f"network_every must be 1 (each frame) or 2 (every second frame), not {self.network_every}"
            )
        checked_driver_face(self.driver_face)
        if self.reference not in (None, "recent"):
            checked_reference(self.reference)


def _running_mode(mode: RunningMode | str) -> RunningMode:
    try:
        return RunningMode(mode.upper() if isinstance(mode, str) else mode)
    except ValueError:
        names = ", ".join(known.name for known in RunningMode)
        raise ValueError(f"there is no running mode {mode!r}: choose from {names}") from None
