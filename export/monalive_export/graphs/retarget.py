"""Retargeting as two graphs, so that every platform computes the same: `retarget_start` once, `retarget` per frame.

This is relative motion, the default, smoothing included. What is kept between frames goes out of one call and into the
next by name: outputs of `retarget_start` are inputs of `retarget`, and its output `next_X` is its input `X` of the next
frame (the filters of the smoothing begin with zeros). The same in NumPy, step by step, is in
tests/support/retargeting_oracle: tests compare the two.

Head pose: the head turns from its own pose by what the driver's head turned since its reference frame, within limits.
Its shift is measured along the driver's head as it was in that frame and carried out along the portrait's head: a face
that lies on its side nods along its own axis, and neither a turned photo nor a driver filmed sideways matters.
Expression: displacements since the reference frame, in the head's own frame, scaled to the portrait's proportions.
Eyelids and lips are not left to displacements alone: what must meet, meets. A driver's closed eye closes the
portrait's, whatever the two look like. If the driver blinks or talks in the reference frame, later frames correct what
counts as open eyes and as a closed mouth. What the photo's eyes and mouth do already counts: they do not open twice.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from monalive.faces.apertures import Aperture
from monalive.faces.expressions import load_expressions
from monalive.faces.head_pose import NECK
from monalive.faces.landmarks import (
    LANDMARK_COUNT,
    LEFT_BROW,
    LEFT_EYE,
    LEFT_EYE_CORNERS,
    RIGHT_BROW,
    RIGHT_EYE,
    RIGHT_EYE_CORNERS,
)
from monalive_distill.generator.primitives import clamp_to_unit
from monalive_distill.generator.splat import take
from monalive_export.graphs import retarget_settings as settings
from monalive_export.graphs.face_openings import Opening, constant, length, mark
from monalive_export.graphs.face_regions import open_shape, region_weights
from monalive_export.graphs.neighbour_pool import NeighbourPool
from monalive_export.graphs.ports import SIDES, Graph, Port
from monalive_export.graphs.retarget_filter import filtered
from monalive_export.graphs.retarget_math import (
    angles_of,
    corner_and_side,
    fit_pose,
    limit_above,
    nothing,
    rotation_of,
    row_times,
    smooth_step,
    soft_limit,
    step,
    to_canonical,
    turn_in_picture,
    wrapped,
)

PIXELS = "pixels (x right, y down, z away from the camera in the scale of x)"
HEAD = "the head's own frame: the mean face's outer eye corners are 1 apart"
PORTRAIT = Port("portrait_landmarks", "the photo's 478 landmarks", None, PIXELS + " of the photo")
CROP = Port("crop", "left, top and side of the photo's crop", None, "pixels of the photo")
REFERENCE = Port("driver_reference", "the driver's landmarks in its first frame", None, PIXELS + " of the driver")
GAINS = Port("gains", "strength of head pose, eyes, lips and brows; 1 follows the driver", (0.0, 3.0))
DRIVER = Port("driver_landmarks", "the driver's landmarks now", None, PIXELS + " of the driver")
ELAPSED = Port(
    "elapsed_ms", "time since the frame before; 0 in the first frame, or always for no smoothing", None, "ms"
)
LANDMARKS = Port("landmarks", "the landmarks to animate the photo to", None, SIDES + ", z alike")

RIG = (
    Port("portrait_face", "the portrait's landmarks", None, HEAD),
    Port("driver_face", "the driver's landmarks in its reference frame", None, HEAD),
    Port("scales", "how much of the driver's displacements each landmark takes over"),
    Port("portrait_pose", "rows: rotation (3), translation, and scale with own yaw, pitch", None, "radians, pixels"),
    Port("driver_pose", "angles, scale and translation in the reference frame", None, "radians, pixels"),
    Port("limits", "lowest and highest turn, shift and growth", None, "radians, pixels"),
    Port("rest", "lip gaps at rest: portrait's, its slack, driver's", None, HEAD),
    Port("mouth", "mouth ratio, driver's mouth width"),
)
# What was learned of the driver; it begins as `retarget_start` says.
LEARNED = (
    Port("eyes", "per eye: openness, openness seen at, gaze (x, y), move (x, y)"),
    Port("least_lips", "the smallest lip gaps seen", None, HEAD),
)
# Filters of the smoothing; zeros for the first frame.
FILTERS = (
    Port("movement_filter", "filtered movement and its velocity; zeros for the first frame"),
    Port("face_filter", "filtered face; zeros for the first frame", None, HEAD),
    Port("face_velocity", "its velocity; zeros for the first frame", None, HEAD),
    Port("closing_filter", "filtered eyelids and their velocity; zeros for the first frame"),
    Port("gaze_filter", "filtered gaze and its velocity; zeros for the first frame"),
)
FILTER_SHAPES: Final = {
    "movement_filter": (1, 6, 2),
    "face_filter": (1, LANDMARK_COUNT, 3),
    "face_velocity": (1, LANDMARK_COUNT, 3),
    "closing_filter": (1, 2, 2),
    "gaze_filter": (1, 1, 4),
}
STATE = (*LEARNED, *FILTERS)


class _Eye(nn.Module):
    """Lids and iris of one eye."""

    shape: torch.Tensor

    def __init__(self, aperture: Aperture, iris: tuple[int, ...], mean_face: NDArray[np.float64]) -> None:
        super().__init__()
        self.opening = Opening(aperture)
        self.iris = iris
        self.register_buffer("shape", constant(open_shape(aperture, mean_face)).view(1, -1, 1), persistent=False)
        # Which corner is left in the picture: in the head's own frame that is known beforehand.
        self.first, self.second = sorted(self.opening.corners, key=lambda index: float(mean_face[index, 0]))

    def axes(self, face: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        across = take(face, (self.second,)) - take(face, (self.first,))  # (1, 1, 3)
        return across, torch.cat((-across[:, :, 1:2], across[:, :, 0:1], nothing(across[:, :, 0:1])), 2)

    def open(self, points: torch.Tensor, wider: torch.Tensor) -> torch.Tensor:
        """Points with the lids moved apart by (1, 1, 1) of the eye's width."""
        return self.opening.add_to_gaps(points, self.shape * (wider * self.opening.width(points)))

    def gaze(self, face: torch.Tensor) -> torch.Tensor:
        """(1, 1, 2)."""
        across, down = (axis[:, :, :2] for axis in self.axes(face))
        offset = take(face, self.iris[:1]) - take(face, self.opening.corners).mean(1, keepdim=True)
        offset = offset[:, :, :2]
        squared = (across * across).sum(2, keepdim=True)
        return torch.cat(((offset * across).sum(2, keepdim=True), (offset * down).sum(2, keepdim=True)), 2) / squared


class _Face(nn.Module):
    """Eyes, mouth and constants that both graphs need."""

    def __init__(self) -> None:
        super().__init__()
        basis = load_expressions()
        right, left = (
            _Eye(aperture, iris, basis.mean_face)
            for aperture, iris in zip(basis.apertures.eyes, settings.IRIS_OF_EYE, strict=True)
        )
        self.right_eye, self.left_eye = right, left
        self.mouth = Opening(basis.apertures.mouth)

    @property
    def eyes(self) -> tuple[_Eye, _Eye]:
        return self.right_eye, self.left_eye

    def lip_gaps(self, face: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.mouth.gaps(face) - settings.CLOSED_LIPS * self.mouth.width(face))


class RetargetStartGraph(Graph):
    """Ties a portrait to a driver's reference frame."""

    inputs = (PORTRAIT, CROP, REFERENCE, GAINS)
    outputs = (*RIG, *LEARNED)
    about = "Once per portrait and driver: what the retarget network needs to know of them."
    compressible = False
    accelerated = False
    mean_face: torch.Tensor
    regions: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.face = _Face()
        self.register_buffer("mean_face", constant(load_expressions().mean_face)[None], persistent=False)
        weights = region_weights()
        regions = np.stack([weights.lips, weights.brows, weights.mouth])  # (3, 478, 1)
        self.register_buffer("regions", constant(regions), persistent=False)

    def forward(
        self, portrait_landmarks: torch.Tensor, crop: torch.Tensor, driver_reference: torch.Tensor, gains: torch.Tensor
    ) -> tuple[torch.Tensor, ...]:
        rotation, scale, translation = fit_pose(portrait_landmarks, self.mean_face)
        portrait = to_canonical(portrait_landmarks, rotation, scale, translation)
        turned, size, place = fit_pose(driver_reference, self.mean_face)
        driver = to_canonical(driver_reference, turned, size, place)
        own = angles_of(rotation)
        values = {
            "portrait_face": portrait,
            "driver_face": driver,
            "scales": self._scales(portrait, driver, gains),
            "portrait_pose": torch.cat((rotation, translation, _thrice(scale)), 1),
            "driver_pose": torch.cat((angles_of(turned).transpose(1, 2), place, _thrice(size)), 1),
            "limits": self._limits(own, portrait_landmarks, crop),
            "rest": self._rest(portrait, driver),
            "mouth": torch.cat((_mouth_ratio(self.face, portrait, driver), self.face.mouth.width(driver)), 2),
            "least_lips": self.face.lip_gaps(driver),
        }
        eyes = []
        for eye in self.face.eyes:
            openness, gaze = eye.opening.openness(driver), eye.gaze(driver)
            eyes.append(torch.cat((openness, openness, gaze, nothing(gaze)), 2))
        values["eyes"] = torch.cat(eyes, 1)
        return tuple(values[port.name] for port in self.outputs)

    def _scales(self, portrait: torch.Tensor, driver: torch.Tensor, gains: torch.Tensor) -> torch.Tensor:
        """(1, 478, 3): region weight, gain and proportion of both faces in one."""
        lips, brows, near_mouth = (self.regions[index : index + 1] for index in range(3))  # (1, 478, 1)
        mouth = _mouth_ratio(self.face, portrait, driver)
        chin = (settings.NOSE_BASE, settings.CHIN)
        height = length(take(portrait, chin[:1]) - take(portrait, chin[1:])) / length(
            take(driver, chin[:1]) - take(driver, chin[1:])
        )
        lower = near_mouth * mouth + (1.0 - near_mouth) * torch.clamp(height, *settings.HEIGHT_RATIO)
        brow = torch.clamp(_brow_height(portrait) / _brow_height(driver), *settings.BROW_RATIO)
        gain = gains.unsqueeze(1)  # (1, 1, 4)
        flat = lips * gain[:, :, 2:3] * lower + brows * gain[:, :, 3:4] * brow
        return torch.cat((flat, flat, flat), 2)

    def _limits(self, own: torch.Tensor, landmarks: torch.Tensor, crop: torch.Tensor) -> torch.Tensor:
        """(1, 2, 6) lowest and highest turn (radians), growth, shift (pixels).

        A face shown in three-quarter view lacks its far side: it hardly may turn further away, and back only part of
        the way, since what would come into sight was never seen.
        """
        farthest = settings.MAX_YAW, settings.MAX_PITCH, settings.MAX_ROLL
        most = constant([math.radians(angle) for angle in farthest]).view(1, 3, 1)
        seen = constant([1.0, 1.0, 0.0]).view(1, 3, 1)
        away, back = seen * torch.relu(own), seen * torch.relu(-own)
        least = math.radians(settings.LEAST_TURN)
        high = torch.clamp(most - away - settings.BACK_LOSS * back, min=least)
        low = torch.clamp(most - back - settings.BACK_LOSS * away, min=least)
        corner, side = crop[:, 0:2].unsqueeze(1), crop[:, 2:3].unsqueeze(1)  # (1, 1, 2), (1, 1, 1)
        flat = landmarks[:, :, :2]
        room_low = torch.relu(flat.amin(1, keepdim=True) - corner) * settings.ROOM_USED
        room_high = torch.relu(corner + side - flat.amax(1, keepdim=True)) * settings.ROOM_USED
        growth = nothing(side) + settings.MAX_SCALE_CHANGE
        lowest = torch.cat((-low.transpose(1, 2), -growth, -room_low), 2)
        return torch.cat((lowest, torch.cat((high.transpose(1, 2), growth, room_high), 2)), 1)

    def _rest(self, portrait: torch.Tensor, driver: torch.Tensor) -> torch.Tensor:
        """(1, 9, 3)."""
        gaps = self.face.mouth.gaps(portrait)
        return torch.cat((torch.relu(gaps), -torch.relu(-gaps), self.face.lip_gaps(driver)), 2)


class RetargetGraph(Graph):
    """One frame of the driver to the portrait's landmarks."""

    inputs = (DRIVER, ELAPSED, PORTRAIT, CROP, GAINS, *RIG, *STATE)
    outputs = (
        LANDMARKS,
        *(Port(f"next_{port.name}", f"{port.name} for the next frame", None, port.unit) for port in STATE),
    )
    about = "Once per frame: the driver's landmarks to the portrait's."
    compressible = False
    accelerated = False
    eye_region: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.face = _Face()
        self.pool = NeighbourPool(load_expressions().mean_face)
        self.register_buffer("eye_region", constant(region_weights().eyes)[None], persistent=False)

    def forward(
        self,
        driver_landmarks: torch.Tensor,
        elapsed_ms: torch.Tensor,
        portrait_landmarks: torch.Tensor,
        crop: torch.Tensor,
        gains: torch.Tensor,
        portrait_face: torch.Tensor,
        driver_face: torch.Tensor,
        scales: torch.Tensor,
        portrait_pose: torch.Tensor,
        driver_pose: torch.Tensor,
        limits: torch.Tensor,
        rest: torch.Tensor,
        mouth: torch.Tensor,
        eyes: torch.Tensor,
        least_lips: torch.Tensor,
        movement_filter: torch.Tensor,
        face_filter: torch.Tensor,
        face_velocity: torch.Tensor,
        closing_filter: torch.Tensor,
        gaze_filter: torch.Tensor,
    ) -> tuple[torch.Tensor, ...]:
        rotation, scale, translation = fit_pose(driver_landmarks, driver_face)
        movement = _movement(rotation, scale, translation, driver_pose)  # (1, 6, 1)
        face = to_canonical(driver_landmarks, rotation, scale, translation)
        rests, next_eyes = self._watch_eyes(face, eyes, portrait_face, driver_face)
        closing, gaze = self._measure_eyes(face, rests, next_eyes)

        elapsed = elapsed_ms.unsqueeze(1) * 1e-3  # (1, 1, 1) seconds
        movement, movement_speed = filtered(
            settings.MOVEMENT_FILTER,
            movement,
            movement_filter[:, :, 0:1],
            movement_filter[:, :, 1:2],
            elapsed,
        )
        face, speed = filtered(settings.FACE_FILTER, face, face_filter, face_velocity, elapsed, self.pool)
        closing, closing_speed = filtered(
            settings.CLOSING_FILTER, closing, closing_filter[:, :, 0:1], closing_filter[:, :, 1:2], elapsed
        )
        gaze, gaze_speed = filtered(settings.GAZE_FILTER, gaze, gaze_filter[:, :, 0:2], gaze_filter[:, :, 2:4], elapsed)

        gain = gains.unsqueeze(1)  # (1, 1, 4): pose, eyes, lips, brows
        change = face - driver_face
        points = portrait_face + change * scales
        # Eyes move as one: what the fitted pose did not take of them, so that brows rise by as much above them.
        corners = take(change, (*RIGHT_EYE_CORNERS, *LEFT_EYE_CORNERS)).mean(1, keepdim=True)
        points = points + corners * gain[:, :, 1:2] * self.eye_region
        points, next_lips = self._set_lips(points, face, portrait_face, gain[:, :, 2:3], rest, mouth, least_lips)
        points = self._set_eyes(points, portrait_face, closing, gaze, rests, gain[:, :, 1:2])
        moved = _turn_head(points, portrait_face, movement * gain[:, :, 0:1], portrait_pose, limits)
        corner, side = corner_and_side(crop)
        values = {
            "landmarks": (portrait_landmarks - corner + moved) / side,
            "next_eyes": next_eyes,
            "next_least_lips": next_lips,
            "next_movement_filter": torch.cat((movement, movement_speed), 2),
            "next_face_filter": face,
            "next_face_velocity": speed,
            "next_closing_filter": torch.cat((closing, closing_speed), 2),
            "next_gaze_filter": torch.cat((gaze, gaze_speed), 2),
        }
        return tuple(values[port.name] for port in self.outputs)

    def _watch_eyes(
        self, face: torch.Tensor, eyes: torch.Tensor, portrait: torch.Tensor, first: torch.Tensor
    ) -> tuple[tuple[torch.Tensor, ...], torch.Tensor]:
        """Per eye the driver's openness (1, 1, 1) that corresponds to the portrait's, and what was learned (1, 2, 6).

        That openness is the one in the reference frame, `first`, unless the driver was blinking in it: then it is as
        near to the portrait's as the driver has shown.
        """
        rests, learned = [], []
        for index, eye in enumerate(self.face.eyes):
            before = eyes[:, index : index + 1]
            openness, gaze = eye.opening.openness(face), eye.gaze(face)
            best = torch.maximum(before[:, :, 0:1], torch.clamp(openness, max=settings.TYPICAL_OPENNESS))
            seen_at, reference, move = before[:, :, 1:2], before[:, :, 2:4], before[:, :, 4:6]
            wider = step(openness - seen_at) * step(0.6 * best - seen_at)
            reference = reference + wider * (gaze - reference)
            seen_at = seen_at + wider * (openness - seen_at)
            move = move + _seen(openness, best) * (gaze - reference - move)
            learned.append(torch.cat((best, seen_at, reference, move), 2))

            at_first, own = eye.opening.openness(first), eye.opening.openness(portrait)
            blinking = 1.0 - smooth_step(at_first / torch.clamp(best, min=1e-3), *settings.BLINKING)
            nearest = torch.minimum(torch.maximum(own, at_first), best)
            rests.append(at_first + blinking * (nearest - at_first))
        return tuple(rests), torch.cat(learned, 1)

    def _measure_eyes(
        self, face: torch.Tensor, rests: tuple[torch.Tensor, ...], learned: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """What the driver's eyes do: closing (1, 2, 1), below 0 wider open than at rest, and gaze (1, 1, 2)."""
        closings, moves, weights = [], [], []
        for index, (eye, rest) in enumerate(zip(self.face.eyes, rests, strict=True)):
            openness, best = eye.opening.openness(face), learned[:, index : index + 1, 0:1]
            # An eye that was never seen open (one the tracker misreads, or a driver asleep) cannot close.
            sure = smooth_step(best, *settings.SURELY_OPEN)
            wider = torch.relu(openness - rest) * (1.0 / settings.TYPICAL_OPENNESS)
            closings.append(sure * _closing(openness / torch.clamp(rest, min=1e-3)) - wider)
            moves.append(learned[:, index : index + 1, 4:6])
            weights.append(_seen(openness, best) + 1e-3)
        # Both eyes turn alike, by what the open ones do.
        gaze = (moves[0] * weights[0] + moves[1] * weights[1]) / (weights[0] + weights[1])
        return torch.cat(closings, 1), gaze

    def _set_lips(
        self,
        points: torch.Tensor,
        driver: torch.Tensor,
        portrait: torch.Tensor,
        gain: torch.Tensor,
        rest: torch.Tensor,
        mouth: torch.Tensor,
        least_lips: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Lip gaps that close when the driver's do, and never turn negative; and the smallest gaps seen."""
        ratio, width = mouth[:, :, 0:1], mouth[:, :, 1:2]
        own, slack, driver_lips = rest[:, :, 0:1], rest[:, :, 1:2], rest[:, :, 2:3]  # (1, 9, 1)
        gaps = self.face.lip_gaps(driver)
        least = torch.minimum(least_lips, gaps)
        at_rest = torch.minimum(torch.maximum(own / ratio, least), driver_lips)
        opening = ratio * gain * torch.relu(gaps - at_rest)
        asked, has, shows = (
            gap.mean(1, keepdim=True) / self.face.mouth.width(portrait)
            for gap in (opening, own, ratio * at_rest + opening)
        )
        opening = opening * (_within_room(asked, has, shows, settings.WIDE_MOUTH) / torch.clamp(asked, min=1e-9))
        sure = smooth_step(
            (at_rest / width - settings.CLOSED_LIPS) * (1.0 / (settings.OPEN_LIPS - settings.CLOSED_LIPS)), 0.0, 1.0
        )
        kept = clamp_to_unit(1.0 - gain * sure * (1.0 - gaps / torch.clamp(at_rest, min=1e-9)))
        closes = step(at_rest - gaps)
        wanted = own * (1.0 - closes + closes * kept) + opening
        return self.face.mouth.add_to_gaps(points, wanted + slack - self.face.mouth.gaps(points)), least

    def _set_eyes(
        self,
        points: torch.Tensor,
        portrait: torch.Tensor,
        closing: torch.Tensor,
        gaze: torch.Tensor,
        rests: tuple[torch.Tensor, ...],
        gain: torch.Tensor,
    ) -> torch.Tensor:
        most = constant([settings.MAX_GAZE_X, settings.MAX_GAZE_Y]).view(1, 1, 2)
        for index, (eye, at_rest) in enumerate(zip(self.face.eyes, rests, strict=True)):
            wanted = closing[:, index : index + 1] * gain
            points = eye.opening.scale_gaps(points, torch.relu(1.0 - torch.relu(wanted)))
            wider = torch.relu(-wanted) * settings.TYPICAL_OPENNESS
            # A shut eye of a photo stays shut, unless the driver's was, too.
            own, rest = torch.relu(eye.opening.openness(portrait)), torch.relu(at_rest)
            share = torch.clamp((own + settings.ROOM_SLACK) / (rest + settings.ROOM_SLACK), max=1.0)
            wider = _within_room(share * wider, own, rest + wider, settings.WIDE_EYE)
            points = eye.open(points, wider)
        for eye in self.face.eyes:
            own = eye.gaze(portrait)
            low, high = -torch.relu(most + own), torch.relu(most - own)
            turn = soft_limit(gaze * gain, low, high, settings.FACE_KNEE)
            across, down = eye.axes(portrait)
            change = turn[:, :, 0:1] * across + turn[:, :, 1:2] * down
            points = points + mark(eye.iris) * change
        return points


def _thrice(value: torch.Tensor) -> torch.Tensor:
    """(1, 1, 1) to (1, 1, 3). Expanding becomes BROADCAST_TO, which the GPU delegate refuses."""
    return torch.cat((value, value, value), 2)


def _movement(
    rotation: torch.Tensor, scale: torch.Tensor, translation: torch.Tensor, driver_pose: torch.Tensor
) -> torch.Tensor:
    """(1, 6, 1) turn, growth and shift since the reference frame, the shift along the axes of the head in that frame.

    driver_pose (1, 3, 3): angles, translation, scale.
    """
    angles, place, size = driver_pose[:, 0:1].transpose(1, 2), driver_pose[:, 1:2], driver_pose[:, 2:3, 0:1]
    turn = wrapped(angles_of(rotation) - angles)
    growth = torch.log(scale / size)
    shift = ((translation - place) / size).transpose(1, 2)[:, 0:2]
    return torch.cat((turn, growth, turn_in_picture(shift, -angles[:, 2:3])), 1)


def _turn_head(
    points: torch.Tensor, face: torch.Tensor, movement: torch.Tensor, pose: torch.Tensor, limits: torch.Tensor
) -> torch.Tensor:
    """(1, 478, 3) pixels by which the head and its expression move each landmark."""
    rotation, scale = pose[:, 0:3], pose[:, 4:5, 0:1]
    low, high = limits[:, 0:1].transpose(1, 2), limits[:, 1:2].transpose(1, 2)  # (1, 6, 1)
    own = angles_of(rotation)
    wanted = movement[:, 0:3]
    turn = soft_limit(wanted, low[:, 0:3], high[:, 0:3])
    turned = rotation_of(own + turn)
    # The part of a turn that is not done does not move the face sideways either.
    neck = constant(NECK).view(1, 1, 3)
    missing = row_times(neck, (turned - rotation_of(own + wanted)).transpose(1, 2)) * scale  # (1, 1, 3)
    shift = turn_in_picture(movement[:, 4:6], own[:, 2:3]).transpose(1, 2) * scale - missing[:, :, 0:2]
    shift = soft_limit(shift, low[:, 4:6].transpose(1, 2), high[:, 4:6].transpose(1, 2))
    growth = soft_limit(movement[:, 3:4], low[:, 3:4], high[:, 3:4])
    new_rotation = rotation + turned - rotation_of(own)
    moved = torch.bmm(points, new_rotation.transpose(1, 2)) * (scale * torch.exp(growth))
    still = torch.bmm(face, rotation.transpose(1, 2)) * scale
    return moved - still + torch.cat((shift, nothing(shift[:, :, 0:1])), 2)


def _seen(openness: torch.Tensor, best: torch.Tensor) -> torch.Tensor:
    """How sure an iris is that is seen between such lids, [0, 1]."""
    return smooth_step(openness / torch.clamp(best, min=1e-3), 0.3, 0.6)


def _closing(share: torch.Tensor) -> torch.Tensor:
    """How far an eye is closed, [0, 1], that is so open in parts of its rest.

    Around the rest by as much as is read; a lid that is read as nearly shut is.
    """
    lowered = torch.relu(1.0 - share)
    nearly = lowered * (1.0 / (1.0 - settings.CLOSED_EYE))
    return torch.clamp(lowered + settings.CLOSED_EYE * nearly * nearly * nearly, max=1.0)


def _within_room(opening: torch.Tensor, own: torch.Tensor, shown: torch.Tensor, limit: float) -> torch.Tensor:
    """How far an eye or a mouth opens that is open by `own` already; all in units of its width.

    Args:
        opening: how far it is asked to.
        own: how open it is in the photo.
        shown: how open the driver's is now.
        limit: up to here there is room whatever the driver does.
    """
    room = torch.relu(torch.clamp(shown + settings.ROOM_SLACK, min=limit) - own)
    return limit_above(opening, room, settings.FACE_KNEE)


def _mouth_ratio(face: _Face, portrait: torch.Tensor, driver: torch.Tensor) -> torch.Tensor:
    return torch.clamp(face.mouth.width(portrait) / face.mouth.width(driver), *settings.MOUTH_RATIO)


def _brow_height(face: torch.Tensor) -> torch.Tensor:
    brows = take(face, (*LEFT_BROW, *RIGHT_BROW)).mean(1, keepdim=True)
    eyes = take(face, (*LEFT_EYE, *RIGHT_EYE)).mean(1, keepdim=True)
    return torch.clamp((eyes - brows)[:, :, 1:2], min=1e-3)
