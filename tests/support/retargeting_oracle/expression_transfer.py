"""Expression from driver to portrait: lips, eyelids, gaze and brows in the head's own frame.

Displacements since the driver's reference frame are scaled to the portrait's proportions. Eyelids and lips
are not left to displacements alone: what must meet, meets. A driver's closed eye closes the portrait's,
whatever the two look like.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monalive.faces.apertures import Aperture, FaceApertures
from monalive.faces.expressions import load_expressions
from monalive.faces.landmarks import (
    LEFT_BROW,
    LEFT_EYE,
    LEFT_EYE_CORNERS,
    RIGHT_BROW,
    RIGHT_EYE,
    RIGHT_EYE_CORNERS,
)
from monalive_export.graphs.face_regions import RegionWeights, open_shape, smooth_step
from monalive_export.graphs.retarget_settings import (
    BLINKING,
    BROW_RATIO,
    CHIN,
    CLOSED_EYE,
    CLOSED_LIPS,
    FACE_KNEE,
    HEIGHT_RATIO,
    IRIS_OF_EYE,
    MAX_GAZE_X,
    MAX_GAZE_Y,
    MOUTH_RATIO,
    NOSE_BASE,
    OPEN_LIPS,
    ROOM_SLACK,
    SURELY_OPEN,
    TYPICAL_OPENNESS,
    WIDE_EYE,
    WIDE_MOUTH,
)
from retargeting_oracle.pose_transfer import soft_limit

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Gains:
    """Strength of each region's expression: 0 keeps the portrait's own, 1 follows the driver."""

    eyes: float = 1.0
    lips: float = 1.0
    brows: float = 1.0


@dataclass(frozen=True)
class Expression:
    """What a driver's face does, free of its head's pose.

    Attributes:
        face: (478, 3) its landmarks in its head's frame.
        closing: (2, 1) right and left eyelid: 0 as open as this driver's eyes are at rest, 1 closed; wider open it is
            below 0, and -1 stands for `TYPICAL_OPENNESS` more.
        gaze: (1, 2) how far both irises moved since the reference frame, right and down, in eye widths.
    """

    face: Array
    closing: Array
    gaze: Array


@dataclass
class _EyeReference:
    """What counts as the driver's open eye, and where it then looked: learned while the driver is watched."""

    portrait: float  # how open the portrait's eye is
    first: float  # how open the driver's was in the reference frame
    openness: float  # the eye counts as open from here
    seen_at: float  # how open the eye was when `gaze` was taken
    gaze: Array  # (2,) iris position in eye widths
    move: Array  # (2,) the latest movement since `gaze` that was seen with the eye open

    @property
    def rest(self) -> float:
        """The driver's openness that corresponds to the portrait's own.

        That is the reference frame's, unless the driver was blinking in it: then it is as near to the portrait's as the
        driver has shown.
        """
        blinking = 1.0 - float(smooth_step(self.first / max(self.openness, 1e-3), *BLINKING))
        return self.first + blinking * (float(np.clip(self.portrait, self.first, self.openness)) - self.first)


class ExpressionTransfer:
    """Carries a driver's expression since its reference frame over to one portrait.

    `measure` reads the driver, and learns while it does: if the driver blinks or talks in the reference
    frame, later frames correct what counts as open eyes and as a closed mouth. `apply` moves the portrait.

    Args:
        portrait: (478, 3) the portrait's landmarks in its head's frame (`HeadPose.to_canonical`).
        driver: (478, 3) the driver's in the reference frame, in its head's frame.
        apertures, regions: eyelids, lips and weights laid out on the mean face.
        gains: strength per region.
    """

    def __init__(
        self, portrait: Array, driver: Array, apertures: FaceApertures, regions: RegionWeights, gains: Gains
    ) -> None:
        self._portrait, self._driver, self._apertures, self._gains = portrait, driver, apertures, gains
        mouth = apertures.mouth
        self._mouth_ratio = float(np.clip(mouth.width(portrait) / mouth.width(driver), *MOUTH_RATIO))
        height = _distance(portrait, NOSE_BASE, CHIN) / _distance(driver, NOSE_BASE, CHIN)
        lower_face = regions.mouth * self._mouth_ratio + (1.0 - regions.mouth) * np.clip(height, *HEIGHT_RATIO)
        brow = float(np.clip(_brow_height(portrait) / _brow_height(driver), *BROW_RATIO))
        # One factor per landmark and axis: region weight, gain and proportion in one. (478, 3)
        self._scales = regions.lips * gains.lips * lower_face + regions.brows * gains.brows * brow
        self._eye_scales = regions.eyes * gains.eyes
        self._mouth_width = mouth.width(driver)
        self._portrait_slack = np.minimum(mouth.gaps(portrait), 0.0)
        self._portrait_lips = np.maximum(mouth.gaps(portrait), 0.0)
        self._driver_lips = self._lip_gaps(driver)
        self._least_lips = self._driver_lips
        self._open_shapes = [open_shape(eye, load_expressions().mean_face) for eye in apertures.eyes]
        self._eyes = []
        self._gaze_moves = []
        for eye, iris in zip(apertures.eyes, IRIS_OF_EYE, strict=True):
            openness = eye.openness(driver)
            self._eyes.append(
                _EyeReference(
                    eye.openness(portrait), openness, openness, openness, _gaze(eye, iris, driver), np.zeros(2)
                )
            )
            own = _gaze(eye, iris, portrait)
            most = np.array([MAX_GAZE_X, MAX_GAZE_Y])
            self._gaze_moves.append(
                (np.minimum(-most - own, 0.0), np.maximum(most - own, 0.0), _eye_axes(eye, portrait))
            )

    def measure(self, driver: Array) -> Expression:
        """What the driver (478, 3), in its head's frame, does now."""
        closing, moves, weights = [], [], []
        for eye, iris, reference in zip(self._apertures.eyes, IRIS_OF_EYE, self._eyes, strict=True):
            openness, gaze = eye.openness(driver), _gaze(eye, iris, driver)
            reference.openness = max(reference.openness, min(openness, TYPICAL_OPENNESS))
            share = openness / max(reference.openness, 1e-3)
            # An eye that was never seen open (one the tracker misreads, or a driver asleep) cannot close.
            sure = float(smooth_step(reference.openness, *SURELY_OPEN))
            rest = reference.rest
            closing.append(sure * _closing(openness / max(rest, 1e-3)) - max(openness - rest, 0.0) / TYPICAL_OPENNESS)
            if reference.seen_at < openness and reference.seen_at < 0.6 * reference.openness:
                reference.gaze, reference.seen_at = gaze, openness  # the reference frame was in a blink
            seen = float(smooth_step(share, 0.3, 0.6))
            reference.move = reference.move + seen * (gaze - reference.gaze - reference.move)
            moves.append(reference.move)
            weights.append(seen + 1e-3)
        # Both eyes turn alike, by what the open ones do.
        gaze_move = (moves[0] * weights[0] + moves[1] * weights[1]) / (weights[0] + weights[1])
        return Expression(driver, np.array(closing)[:, None], gaze_move[None])

    def apply(self, expression: Expression) -> Array:
        """The portrait's landmarks (478, 3) in its head's frame; exactly its own for the reference frame."""
        points = self._portrait + (expression.face - self._driver) * self._scales
        # Eyes move as one: what the fitted pose did not take of them, so that brows rise by as much above them.
        corners = [*RIGHT_EYE_CORNERS, *LEFT_EYE_CORNERS]
        points = points + (expression.face - self._driver)[corners].mean(axis=0) * self._eye_scales
        points = self._set_lips(points, expression.face)
        for eye, reference, shape, closing in zip(
            self._apertures.eyes, self._eyes, self._open_shapes, expression.closing[:, 0], strict=True
        ):
            closing = self._gains.eyes * closing
            points = scale_gaps(eye, points, float(np.clip(1.0 - closing, 0.0, 1.0)))
            wider = max(-closing, 0.0) * TYPICAL_OPENNESS
            # A shut eye of a photo stays shut, unless the driver's was, too.
            own, rest = max(reference.portrait, 0.0), max(reference.rest, 0.0)
            share = min((own + ROOM_SLACK) / (rest + ROOM_SLACK), 1.0)
            wider = within_room(share * wider, own, rest + wider, WIDE_EYE)
            points = eye.add_to_gaps(points, wider * eye.width(self._portrait) * shape)
        for iris, (low, high, (across, down)) in zip(IRIS_OF_EYE, self._gaze_moves, strict=True):
            x, y = soft_limit(self._gains.eyes * expression.gaze[0], low, high, FACE_KNEE)
            points[list(iris)] += x * across + y * down
        return points

    def _lip_gaps(self, face: Array) -> Array:
        mouth = self._apertures.mouth
        return np.maximum(mouth.gaps(face) - CLOSED_LIPS * mouth.width(face), 0.0)

    def _set_lips(self, points: Array, driver: Array) -> Array:
        """Lip gaps that close when the driver's do, and never turn negative."""
        mouth, ratio, gain = self._apertures.mouth, self._mouth_ratio, self._gains.lips
        gaps = self._lip_gaps(driver)
        self._least_lips = np.minimum(self._least_lips, gaps)
        # The driver's gap that corresponds to the portrait's own: the reference frame's, unless the driver,
        # caught with an open mouth, has since shown that it can close it as far as the portrait's.
        rest = np.clip(self._portrait_lips / ratio, self._least_lips, self._driver_lips)
        opening = ratio * gain * np.maximum(gaps - rest, 0.0)
        width = mouth.width(self._portrait)
        own, shown = self._portrait_lips.mean(), (ratio * rest + opening).mean()
        room = within_room(opening.mean() / width, own / width, shown / width, WIDE_MOUTH)
        opening = opening * room / max(opening.mean() / width, 1e-9)
        # Closing below it is proportional, as far as the driver's mouth was surely open at its rest.
        sure = smooth_step(rest, CLOSED_LIPS * self._mouth_width, OPEN_LIPS * self._mouth_width)
        kept = np.clip(1.0 - gain * sure * (1.0 - gaps / np.maximum(rest, 1e-9)), 0.0, 1.0)
        wanted = self._portrait_lips * np.where(gaps < rest, kept, 1.0) + opening
        # Gaps of a closed mouth are a hair below or above 0: leave the portrait's as they are.
        return mouth.add_to_gaps(points, wanted + self._portrait_slack - mouth.gaps(points))


def within_room(opening: float, own: float, shown: float, limit: float) -> float:
    """How far an eye or a mouth opens that is open by `own` already; all in units of its width.

    Args:
        opening: how far it is asked to.
        own: how open it is in the photo.
        shown: how open the driver's is now.
        limit: up to here there is room whatever the driver does.
    """
    return float(soft_limit(opening, 0.0, max(max(limit, shown + ROOM_SLACK) - own, 0.0), FACE_KNEE))


def _closing(share: float) -> float:
    """How far an eye is closed, [0, 1], that is so open in parts of its rest.

    Around the rest by as much as is read; a lid that is read as nearly shut is.
    """
    lowered = max(1.0 - share, 0.0)
    return min(lowered + CLOSED_EYE * (lowered / (1.0 - CLOSED_EYE)) ** 3, 1.0)


def scale_gaps(aperture: Aperture, points: Array, factor: float) -> Array:
    """Points (478, 3) with an aperture's gaps multiplied: 0 makes the edges meet, 1 changes nothing. A new array."""
    change = (points[aperture.lower] - points[aperture.upper]) * (factor - 1.0)  # (n, 3)
    up, down = -aperture.upper_share * change, (1.0 - aperture.upper_share) * change
    return points + aperture.upper_field @ up + aperture.lower_field @ down


def _eye_axes(eye: Aperture, face: Array) -> tuple[Array, Array]:
    """(3,) along the eye's corners to the picture's right, (3,) down, both one eye width long."""
    first, second = sorted(eye.corners, key=lambda index: face[index, 0])
    across = face[second] - face[first]
    return across, np.array([-across[1], across[0], 0.0])


def _gaze(eye: Aperture, iris: tuple[int, ...], face: Array) -> Array:
    """(2,) the iris' centre from the middle between the eye's corners, in the eye's frame."""
    across, down = _eye_axes(eye, face)
    offset = face[iris[0]] - (face[eye.corners[0]] + face[eye.corners[1]]) / 2
    squared = float(across[:2] @ across[:2])
    return np.array([offset[:2] @ across[:2], offset[:2] @ down[:2]]) / squared


def _distance(face: Array, first: int, second: int) -> float:
    return float(np.linalg.norm(face[first] - face[second]))


def _brow_height(face: Array) -> float:
    """Mean height of the brows above the eyes."""
    brows = face[[*LEFT_BROW, *RIGHT_BROW], 1].mean()
    return max(float(face[[*LEFT_EYE, *RIGHT_EYE], 1].mean() - brows), 1e-3)
