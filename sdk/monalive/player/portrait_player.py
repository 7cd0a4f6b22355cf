"""Portraits of one photo that follow one driver, frame by frame, whatever the running mode."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from monalive.media.cutout import over
from monalive.motions.driver_surroundings import DriverSurroundings
from monalive.player.bundle_networks import BundleNetworks
from monalive.player.driver_anchor import Anchoring, DriverAnchor
from monalive.player.photo_layers import PhotoLayers, PlannedLayers
from monalive.player.shared_crops import CropShares
from monalive.portrait import Portrait
from monalive.result import AnimatedFrame
from monalive.retargeting.retarget import Retargeter, RetargetOptions
from monalive.retargeting.surroundings_transfer import SurroundingsTransfer

if TYPE_CHECKING:
    from monalive.motions.motion import Motion

# What came longer ago than this has no part in a smoothed frame.
_SETTLING_MS: Final = 1500.0

Portraits = Portrait | Sequence[Portrait]


@dataclass(frozen=True)
class Pose:
    """What a frame of the driver asks of the portraits.

    Attributes:
        timestamp_ms: of the frame.
        wanted: of each portrait, (478, 3) float32 landmarks in units of its crop.
        surroundings: (16, 16, 3) float32, how what is around the face moved; None for unknown.
        elapsed_ms: since the frame before; inf for the first one.
        cut: whether the motion restarts here.
    """

    timestamp_ms: float
    wanted: list[NDArray[np.float32]]
    surroundings: NDArray[np.float32] | None
    elapsed_ms: float
    cut: bool = False


@dataclass(frozen=True)
class PlannedFrame:
    """A pose and what the networks made of it, portrait by portrait."""

    pose: Pose
    layers: list[PlannedLayers]


class PortraitPlayer:
    """Call `start` with the driver's reference frame, then `frame` for every frame; or `video_frame` alone.

    A frame is made in three steps, each in the order of the frames: `pose` retargets, `plan` runs the networks, and
    `paint` pastes. Each step may work in a thread of its own.

    Args:
        portraits: one, or several of the same photo.
        networks: they must outlive the player.
        options: what of the driver's motion is taken over.
        anchor: what the motion in `video_frame` is counted from; None: from the first face on.

    Raises:
        ValueError: no portrait, or portraits of several photos.
    """

    def __init__(
        self,
        portraits: Portraits,
        networks: BundleNetworks,
        options: RetargetOptions,
        anchor: DriverAnchor | None = None,
    ) -> None:
        self.portraits = portraits
        self.anchor = anchor
        people = [portraits] if isinstance(portraits, Portrait) else list(portraits)
        if not people:
            raise ValueError("there is no portrait to animate")
        self._first = people[0]
        if any(person.photo is not self._first.photo for person in people):
            raise ValueError("portraits animated together must come from one photo: use enroll_all(photo)")
        self._retargeters = [
            Retargeter(portrait.landmarks, portrait.crop, options, networks=networks.retargeting) for portrait in people
        ]
        # In relative transfer the surroundings stay those of the first photo; the others lend their faces.
        whole = options.takes_surroundings
        self._layers = [PhotoLayers(portrait, networks, whole_photos=whole) for portrait in people]
        self._one_photo_each = all(len(portrait.enrolled) == 1 for portrait in people)
        self._shares = CropShares([person.crop for person in people], *self._first.photo.shape[1::-1])
        self._own: NDArray[np.uint8] | None = None  # the photo, for a face that is drawn by itself
        self._own_alpha: NDArray[np.uint8] | None = None
        self._surroundings = SurroundingsTransfer(networks.retargeting, options)
        self._takes_surroundings = options.takes_surroundings
        self._driver_surroundings: DriverSurroundings | None = None
        self._last_frame: AnimatedFrame | None = None
        self._last_ms = -math.inf
        self._started = False

    def start(self, landmarks: NDArray[np.float32], size: tuple[int, int]) -> None:
        """Takes the driver's reference frame: landmarks (478, 3) in pixels of frames of size (width, height)."""
        for retargeter in self._retargeters:
            retargeter.start(landmarks, size)
        self._surroundings.start()
        self._started = True

    def settle(self, motion: Motion) -> None:
        """Lets the smoothing arrive where it is when a motion that loops comes round.

        Its last frame then leads into its first one as any frame into the next.
        """
        around = motion.surroundings
        before = np.flatnonzero(motion.timestamps_ms > motion.duration_ms - _SETTLING_MS)
        for index in before.tolist():
            time = float(motion.timestamps_ms[index]) - motion.duration_ms
            for retargeter in self._retargeters:
                retargeter.step(motion.landmarks[index], time)
            self._surroundings.step(None if around is None else around[index], time)

    def anchored(self, to: Anchoring, size: tuple[int, int]) -> None:
        """Counts the motion from another face, of frames of size (width, height); the portrait glides over."""
        if not self._started:
            self.start(to.landmarks, size)
            return
        for retargeter in self._retargeters:
            retargeter.restart(to.landmarks, size, to.glide_ms, after_cut=to.after_cut)

    def video_frame(
        self,
        image: NDArray[np.uint8],
        landmarks: NDArray[np.float32] | None,
        timestamp_ms: float,
        *,
        other_picture: bool = False,
        other_face: bool = False,
    ) -> AnimatedFrame:
        """A frame of the driver's video, see `video_pose`; without a face the last frame is held."""
        pose = self.video_pose(image, landmarks, timestamp_ms, other_picture=other_picture, other_face=other_face)
        return self.hold(timestamp_ms) if pose is None else self.paint(self.plan(pose))

    def video_pose(
        self,
        image: NDArray[np.uint8],
        landmarks: NDArray[np.float32] | None,
        timestamp_ms: float,
        *,
        other_picture: bool = False,
        other_face: bool = False,
    ) -> Pose | None:
        """What a frame of the driver's video (H, W, 3) and the face in it ask for; None without a face.

        Motion starts anew where another face than before drives (`other_face`), and after a cut, which the picture that
        became another one (`other_picture`) may be.
        """
        size = (image.shape[1], image.shape[0])
        anchoring = None
        if self.anchor is not None:
            anchoring = self.anchor(landmarks, timestamp_ms, other_picture=other_picture, other_face=other_face)
        elif other_face:
            self._started, self._driver_surroundings = False, None
        if landmarks is None:
            return None
        if not self._started:
            self.start(landmarks, size)
            if self._takes_surroundings:  # only then: it takes milliseconds for every frame
                self._driver_surroundings = DriverSurroundings(image, landmarks)
        elif anchoring is not None:
            self.anchored(anchoring, size)
        around = None if self._driver_surroundings is None else self._driver_surroundings(image, landmarks)
        pose = self.pose(landmarks, timestamp_ms, around)
        return replace(pose, cut=True) if anchoring is not None and anchoring.after_cut else pose

    def frame(
        self,
        landmarks: NDArray[np.float32],
        timestamp_ms: float,
        surroundings: NDArray[np.float32] | None = None,
    ) -> AnimatedFrame:
        """What a frame of the driver makes of the photo; arguments as for `pose`."""
        return self.paint(self.plan(self.pose(landmarks, timestamp_ms, surroundings)))

    def pose(
        self,
        landmarks: NDArray[np.float32],
        timestamp_ms: float,
        surroundings: NDArray[np.float32] | None = None,
    ) -> Pose:
        """What a frame of the driver asks for.

        Args:
            landmarks: (478, 3) in pixels of the driver's frame.
            timestamp_ms: when; it must increase if smoothing is on.
            surroundings: (16, 16, 3) measured since the reference frame; None for unknown.
        """
        wanted = [retargeter.step(landmarks, timestamp_ms) for retargeter in self._retargeters]
        around = self._surroundings.step(surroundings, timestamp_ms)
        elapsed, self._last_ms = timestamp_ms - self._last_ms, timestamp_ms
        return Pose(timestamp_ms, wanted, around, elapsed)

    def plan(self, pose: Pose) -> PlannedFrame:
        """Runs the networks for a pose."""
        pairs = zip(self._layers, pose.wanted, strict=True)
        return PlannedFrame(pose, [layers.plan(wanted, pose.surroundings, pose.elapsed_ms) for layers, wanted in pairs])

    @property
    def can_interpolate(self) -> bool:
        """Whether `between` is possible: no portrait is made of several photos, which take turns."""
        return self._one_photo_each

    def between(self, before: PlannedFrame, pose: Pose, after: PlannedFrame) -> PlannedFrame:
        """A frame midway between two others, without running the networks for it."""
        parts = zip(self._layers, pose.wanted, before.layers, after.layers, strict=True)
        return PlannedFrame(pose, [layers.between(wanted, one, two) for layers, wanted, one, two in parts])

    def paint(self, planned: PlannedFrame) -> AnimatedFrame:
        """Pastes what the networks made into the photo."""
        picture = self._first.photo.copy()
        alpha = None if self._first.alpha is None else self._first.alpha.copy()
        for index in self._shares.order:
            self._paint(picture, alpha, index, planned.layers[index])
        pose = planned.pose
        self._last_frame = replace(self._shown(picture, alpha, pose.wanted[0], pose.timestamp_ms), cut=pose.cut)
        return self._last_frame

    def _paint(
        self, picture: NDArray[np.uint8], alpha: NDArray[np.uint8] | None, index: int, planned: PlannedLayers
    ) -> None:
        """Animates one of the faces in a frame, in place. Where neighbours' crops overlap, each is made of the photo
        itself and takes its share: drawn one into the other, the first would be moved once more with the second."""
        if self._shares.alone(index):
            self._layers[index].paint(picture, planned, alpha)
            return
        if self._own is None:
            self._own = self._first.photo.copy()
            self._own_alpha = None if self._first.alpha is None else self._first.alpha.copy()
        inside = self._shares.inside(index)
        self._layers[index].paint(self._own, planned, self._own_alpha)
        self._shares.lay_over(picture, index, self._own[inside])
        self._own[inside] = self._first.photo[inside]
        if alpha is not None and self._own_alpha is not None:  # only its crop differs, and will be replaced whole
            self._shares.lay_over(alpha, index, self._own_alpha[inside])

    def hold(self, timestamp_ms: float) -> AnimatedFrame:
        """The last frame again, or the photo where there is none."""
        if self._last_frame is not None:
            return replace(self._last_frame, timestamp_ms=timestamp_ms, driver_found=False, cut=False)
        rest = self._first.crop.to_unit(self._first.landmarks)
        unmoved = self._shown(self._first.photo.copy(), self._first.alpha, rest, timestamp_ms)
        return replace(unmoved, driver_found=False)

    def _shown(
        self,
        picture: NDArray[np.uint8],
        alpha: NDArray[np.uint8] | None,
        pose: NDArray[np.float32],
        timestamp_ms: float,
    ) -> AnimatedFrame:
        """A frame of colours (H, W, 3), and how opaque they are (H, W)."""
        if alpha is None:
            return AnimatedFrame(picture, self._first.crop, pose, timestamp_ms)
        rgba = np.dstack([picture, alpha])
        return AnimatedFrame(over(picture, alpha), self._first.crop, pose, timestamp_ms, rgba=rgba)
