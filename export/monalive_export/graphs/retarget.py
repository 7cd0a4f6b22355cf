"""Retargeting as two graphs, so that every platform computes the same: `retarget_start` once, `retarget` per frame.

The twin of `monalive.retargeting.retarget` in its relative mode (the default), smoothing included. What the Python
classes keep between frames goes out of one call and into the next by name: outputs of `retarget_start` are inputs of
`retarget`, and its output `next_X` is its input `X` of the next frame (the filters of the smoothing begin with
zeros).
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
from monalive.faces.face_regions import neighbour_average, region_weights
from monalive.faces.head_pose import NECK
from monalive.faces.landmarks import LANDMARK_COUNT, LEFT_BROW, LEFT_EYE, RIGHT_BROW, RIGHT_EYE, RIGID
from monalive.retargeting import expression_transfer as transfer
from monalive.retargeting import pose_transfer as poses
from monalive.retargeting.motion_smoother import MotionSmoother
from monalive_distill.generator.primitives import clamp_to_unit
from monalive_distill.generator.splat import take
from monalive_export.graphs.ports import SIDES, Graph, Port
from monalive_export.graphs.retarget_filter import filtered
from monalive_export.graphs.retarget_math import (
    angles_of,
    constant_times,
    fit_rotation,
    rotation_of,
    row_times,
    smooth_step,
    soft_limit,
    step,
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


def _constant(value: object) -> torch.Tensor:
    return torch.from_numpy(np.array(value, np.float32))


class _Opening(nn.Module):
    """Twin of `apertures.Aperture` for points (1, 478, 3)."""

    upper_field: torch.Tensor
    lower_field: torch.Tensor

    def __init__(self, aperture: Aperture) -> None:
        super().__init__()
        self.upper, self.lower = tuple(map(int, aperture.upper)), tuple(map(int, aperture.lower))
        self.corners, self.upper_share = tuple(map(int, aperture.corners)), float(aperture.upper_share)
        self.register_buffer("upper_field", _constant(aperture.upper_field)[None], persistent=False)
        self.register_buffer("lower_field", _constant(aperture.lower_field)[None], persistent=False)

    def gaps(self, points: torch.Tensor) -> torch.Tensor:
        """(1, n, 1)."""
        return (take(points, self.lower) - take(points, self.upper))[:, :, 1:2]

    def width(self, points: torch.Tensor) -> torch.Tensor:
        """(1, 1, 1)."""
        return _length(take(points, self.corners[:1]) - take(points, self.corners[1:]))

    def openness(self, points: torch.Tensor) -> torch.Tensor:
        """(1, 1, 1)."""
        middle = len(self.upper) // 2
        return self.gaps(points)[:, middle - 1 : middle + 2].mean(1, keepdim=True) / self.width(points)

    def scale_gaps(self, points: torch.Tensor, factor: torch.Tensor) -> torch.Tensor:
        return self._move(points, (take(points, self.lower) - take(points, self.upper)) * (factor - 1.0))

    def add_to_gaps(self, points: torch.Tensor, amounts: torch.Tensor) -> torch.Tensor:
        nothing = amounts * 0.0
        return self._move(points, torch.cat((nothing, amounts, nothing), 2))

    def _move(self, points: torch.Tensor, change: torch.Tensor) -> torch.Tensor:
        up, down = change * -self.upper_share, change * (1.0 - self.upper_share)
        return points + constant_times(self.upper_field, up) + constant_times(self.lower_field, down)


class _Eye(nn.Module):
    """Twin of the eye's part in `expression_transfer`."""

    def __init__(self, aperture: Aperture, iris: tuple[int, ...], mean_face: NDArray[np.float64]) -> None:
        super().__init__()
        self.opening = _Opening(aperture)
        self.iris = iris
        # Which corner is left in the picture: in the head's own frame that is known beforehand.
        self.first, self.second = sorted(self.opening.corners, key=lambda index: float(mean_face[index, 0]))

    def axes(self, face: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        across = take(face, (self.second,)) - take(face, (self.first,))  # (1, 1, 3)
        nothing = across[:, :, 0:1] * 0.0
        return across, torch.cat((-across[:, :, 1:2], across[:, :, 0:1], nothing), 2)

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
            for aperture, iris in zip(basis.apertures.eyes, transfer.IRIS_OF_EYE, strict=True)
        )
        self.right_eye, self.left_eye = right, left
        self.mouth = _Opening(basis.apertures.mouth)

    @property
    def eyes(self) -> tuple[_Eye, _Eye]:
        return self.right_eye, self.left_eye

    def lip_gaps(self, face: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.mouth.gaps(face) - transfer.CLOSED_LIPS * self.mouth.width(face))


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
        self.register_buffer("mean_face", _constant(load_expressions().mean_face)[None], persistent=False)
        weights = region_weights()
        regions = np.stack([weights.lips, weights.brows, weights.mouth])  # (3, 478, 1)
        self.register_buffer("regions", _constant(regions), persistent=False)

    def forward(
        self, portrait_landmarks: torch.Tensor, crop: torch.Tensor, driver_reference: torch.Tensor, gains: torch.Tensor
    ) -> tuple[torch.Tensor, ...]:
        rotation, scale, translation = _fit(portrait_landmarks, self.mean_face)
        portrait = _to_canonical(portrait_landmarks, rotation, scale, translation)
        turned, size, place = _fit(driver_reference, self.mean_face)
        driver = _to_canonical(driver_reference, turned, size, place)
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
            eyes.append(torch.cat((openness, openness, gaze, gaze * 0.0), 2))
        values["eyes"] = torch.cat(eyes, 1)
        return tuple(values[port.name] for port in self.outputs)

    def _scales(self, portrait: torch.Tensor, driver: torch.Tensor, gains: torch.Tensor) -> torch.Tensor:
        """(1, 478, 3): region weight, gain and proportion of both faces in one."""
        lips, brows, near_mouth = (self.regions[index : index + 1] for index in range(3))  # (1, 478, 1)
        mouth = _mouth_ratio(self.face, portrait, driver)
        chin = (transfer.NOSE_BASE, transfer.CHIN)
        height = _length(take(portrait, chin[:1]) - take(portrait, chin[1:])) / _length(
            take(driver, chin[:1]) - take(driver, chin[1:])
        )
        lower = near_mouth * mouth + (1.0 - near_mouth) * torch.clamp(height, *transfer.HEIGHT_RATIO)
        brow = torch.clamp(_brow_height(portrait) / _brow_height(driver), *transfer.BROW_RATIO)
        gain = gains.unsqueeze(1)  # (1, 1, 4)
        flat = lips * gain[:, :, 2:3] * lower + brows * gain[:, :, 3:4] * brow
        return torch.cat((flat, flat, flat * transfer.DEPTH_DAMPING), 2)

    def _limits(self, own: torch.Tensor, landmarks: torch.Tensor, crop: torch.Tensor) -> torch.Tensor:
        """(1, 2, 6) lowest and highest turn (radians), growth, shift (pixels): `PoseLimits.for_portrait`."""
        most = _constant([math.radians(a) for a in (poses.MAX_YAW, poses.MAX_PITCH, poses.MAX_ROLL)]).view(1, 3, 1)
        seen = _constant([1.0, 1.0, 0.0]).view(1, 3, 1)
        away, back = seen * torch.relu(own), seen * torch.relu(-own)
        least = math.radians(poses.LEAST_TURN)
        high = torch.clamp(most - away - poses.BACK_LOSS * back, min=least)
        low = torch.clamp(most - back - poses.BACK_LOSS * away, min=least)
        corner, side = crop[:, 0:2].unsqueeze(1), crop[:, 2:3].unsqueeze(1)  # (1, 1, 2), (1, 1, 1)
        flat = landmarks[:, :, :2]
        room_low = torch.relu(flat.amin(1, keepdim=True) - corner) * poses.ROOM_USED
        room_high = torch.relu(corner + side - flat.amax(1, keepdim=True)) * poses.ROOM_USED
        growth = side * 0.0 + poses.MAX_SCALE_CHANGE
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
    pool: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.face = _Face()
        pool = neighbour_average(load_expressions().mean_face)
        self.register_buffer("pool", _constant(pool)[None], persistent=False)
        smoother = MotionSmoother()
        self._filters = {
            "movement": smoother._movement,
            "face": smoother._face,
            "closing": smoother._closing,
            "gaze": smoother._gaze,
        }

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
        rotation, scale, translation = _fit(driver_landmarks, driver_face)
        movement = _movement(rotation, scale, translation, driver_pose)  # (1, 6, 1)
        face = _to_canonical(driver_landmarks, rotation, scale, translation)
        closing, gaze, next_eyes = self._measure_eyes(face, eyes)

        elapsed = elapsed_ms.unsqueeze(1) * 1e-3  # (1, 1, 1) seconds
        movement, movement_speed = self._smooth(
            "movement", movement, movement_filter[:, :, 0:1], movement_filter[:, :, 1:2], elapsed
        )
        face, speed = self._smooth("face", face, face_filter, face_velocity, elapsed)
        closing, closing_speed = self._smooth(
            "closing", closing, closing_filter[:, :, 0:1], closing_filter[:, :, 1:2], elapsed
        )
        gaze, gaze_speed = self._smooth("gaze", gaze, gaze_filter[:, :, 0:2], gaze_filter[:, :, 2:4], elapsed)

        gain = gains.unsqueeze(1)  # (1, 1, 4): pose, eyes, lips, brows
        points = portrait_face + (face - driver_face) * scales
        points, next_lips = self._set_lips(points, face, gain[:, :, 2:3], rest, mouth, least_lips)
        points = self._set_eyes(points, portrait_face, closing, gaze, gain[:, :, 1:2])
        moved = _turn_head(points, portrait_face, movement * gain[:, :, 0:1], portrait_pose, limits)
        corner = torch.cat((crop[:, 0:2], crop[:, 0:1] * 0.0), 1).unsqueeze(1)  # (1, 1, 3)
        landmarks = (portrait_landmarks - corner + moved) / crop[:, 2:3].unsqueeze(1)
        values = {
            "landmarks": landmarks,
            "next_eyes": next_eyes,
            "next_least_lips": next_lips,
            "next_movement_filter": torch.cat((movement, movement_speed), 2),
            "next_face_filter": face,
            "next_face_velocity": speed,
            "next_closing_filter": torch.cat((closing, closing_speed), 2),
            "next_gaze_filter": torch.cat((gaze, gaze_speed), 2),
        }
        return tuple(values[port.name] for port in self.outputs)

    def _measure_eyes(self, face: torch.Tensor, eyes: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """`ExpressionTransfer.measure`: closing (1, 2, 1), gaze (1, 1, 2), what was learned (1, 2, 6)."""
        closings, moves, weights, learned = [], [], [], []
        for index, eye in enumerate(self.face.eyes):
            before = eyes[:, index : index + 1]
            openness, gaze = eye.opening.openness(face), eye.gaze(face)
            best = torch.maximum(before[:, :, 0:1], torch.clamp(openness, max=transfer.TYPICAL_OPENNESS))
            seen_at, reference, move = before[:, :, 1:2], before[:, :, 2:4], before[:, :, 4:6]
            share = openness / torch.clamp(best, min=1e-3)
            sure = smooth_step(best, *transfer.SURELY_OPEN)
            closings.append(sure * torch.clamp((1.0 - share) * (1.0 / (1.0 - transfer.CLOSED_EYE)), max=1.0))
            wider = step(openness - seen_at) * step(0.6 * best - seen_at)
            reference = reference + wider * (gaze - reference)
            seen_at = seen_at + wider * (openness - seen_at)
            seen = smooth_step(share, 0.3, 0.6)
            move = move + seen * (gaze - reference - move)
            moves.append(move)
            weights.append(seen + 1e-3)
            learned.append(torch.cat((best, seen_at, reference, move), 2))
        gaze = (moves[0] * weights[0] + moves[1] * weights[1]) / (weights[0] + weights[1])
        return torch.cat(closings, 1), gaze, torch.cat(learned, 1)

    def _smooth(
        self, name: str, new: torch.Tensor, before: torch.Tensor, velocity: torch.Tensor, elapsed: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        return filtered(self._filters[name], new, before, velocity, elapsed, self.pool)

    def _set_lips(
        self,
        points: torch.Tensor,
        driver: torch.Tensor,
        gain: torch.Tensor,
        rest: torch.Tensor,
        mouth: torch.Tensor,
        least_lips: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """`ExpressionTransfer._set_lips`."""
        ratio, width = mouth[:, :, 0:1], mouth[:, :, 1:2]
        own, slack, driver_lips = rest[:, :, 0:1], rest[:, :, 1:2], rest[:, :, 2:3]  # (1, 9, 1)
        gaps = self.face.lip_gaps(driver)
        least = torch.minimum(least_lips, gaps)
        at_rest = torch.minimum(torch.maximum(own / ratio, least), driver_lips)
        opening = ratio * gain * torch.relu(gaps - at_rest)
        sure = smooth_step(
            (at_rest / width - transfer.CLOSED_LIPS) * (1.0 / (transfer.OPEN_LIPS - transfer.CLOSED_LIPS)), 0.0, 1.0
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
        gain: torch.Tensor,
    ) -> torch.Tensor:
        most = _constant([transfer.MAX_GAZE_X, transfer.MAX_GAZE_Y]).view(1, 1, 2)
        for index, eye in enumerate(self.face.eyes):
            wanted = closing[:, index : index + 1] * gain
            widest = wanted * 0.0 + transfer.MAX_WIDENING
            wanted = torch.relu(wanted) + soft_limit(-torch.relu(-wanted), -widest, widest)
            points = eye.opening.scale_gaps(points, torch.relu(1.0 - wanted))
        for eye in self.face.eyes:
            own = eye.gaze(portrait)
            low, high = -torch.relu(most + own), torch.relu(most - own)
            turn = soft_limit(gaze * gain, low, high)
            across, down = eye.axes(portrait)
            change = turn[:, :, 0:1] * across + turn[:, :, 1:2] * down
            points = points + _mark(eye.iris) * change
        return points


def _mark(indices: tuple[int, ...]) -> torch.Tensor:
    """(1, 478, 1): 1 at `indices`."""
    marks = np.zeros((1, LANDMARK_COUNT, 1), np.float32)
    marks[:, list(indices)] = 1.0
    return _constant(marks)


def _thrice(value: torch.Tensor) -> torch.Tensor:
    """(1, 1, 1) to (1, 1, 3). Expanding becomes BROADCAST_TO, which the GPU delegate refuses."""
    return torch.cat((value, value, value), 2)


def _length(vector: torch.Tensor) -> torch.Tensor:
    return torch.sqrt((vector * vector).sum(2, keepdim=True))


def _fit(landmarks: torch.Tensor, template: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """`head_pose.fit_pose`: rotation (1, 3, 3), scale (1, 1, 1), translation (1, 1, 3)."""
    points, model = take(landmarks, RIGID), take(template, RIGID)
    centre, model_centre = points.mean(1, keepdim=True), model.mean(1, keepdim=True)
    rotation, scale = fit_rotation(points - centre, model - model_centre)
    return rotation, scale, centre - scale * row_times(model_centre, rotation.transpose(1, 2))


def _to_canonical(
    points: torch.Tensor, rotation: torch.Tensor, scale: torch.Tensor, translation: torch.Tensor
) -> torch.Tensor:
    return torch.bmm(points - translation, rotation) / scale


def _movement(
    rotation: torch.Tensor, scale: torch.Tensor, translation: torch.Tensor, driver_pose: torch.Tensor
) -> torch.Tensor:
    """(1, 6, 1): `PoseTransfer.measure`. driver_pose (1, 3, 3): angles, translation, scale."""
    angles, place, size = driver_pose[:, 0:1], driver_pose[:, 1:2], driver_pose[:, 2:3, 0:1]
    turn = wrapped(angles_of(rotation) - angles.transpose(1, 2))
    growth = torch.log(scale / size)
    shift = ((translation - place) / size).transpose(1, 2)[:, 0:2]
    return torch.cat((turn, growth, shift), 1)


def _turn_head(
    points: torch.Tensor, face: torch.Tensor, movement: torch.Tensor, pose: torch.Tensor, limits: torch.Tensor
) -> torch.Tensor:
    """(1, 478, 3) pixels by which the head and its expression move each landmark: `PoseTransfer.apply`."""
    rotation, place, scale = pose[:, 0:3], pose[:, 3:4], pose[:, 4:5, 0:1]
    low, high = limits[:, 0:1].transpose(1, 2), limits[:, 1:2].transpose(1, 2)  # (1, 6, 1)
    own = angles_of(rotation)
    wanted = movement[:, 0:3]
    turn = soft_limit(wanted, low[:, 0:3], high[:, 0:3])
    turned = rotation_of(own + turn)
    # The part of a turn that is not done does not move the face sideways either.
    neck = _constant(NECK).view(1, 1, 3)
    missing = row_times(neck, (turned - rotation_of(own + wanted)).transpose(1, 2)) * scale  # (1, 1, 3)
    shift = movement[:, 4:6].transpose(1, 2) * scale - missing[:, :, 0:2]
    shift = soft_limit(shift, low[:, 4:6].transpose(1, 2), high[:, 4:6].transpose(1, 2))
    growth = soft_limit(movement[:, 3:4], low[:, 3:4], high[:, 3:4])
    new_rotation = rotation + turned - rotation_of(own)
    moved = torch.bmm(points, new_rotation.transpose(1, 2)) * (scale * torch.exp(growth))
    still = torch.bmm(face, rotation.transpose(1, 2)) * scale
    return moved - still + torch.cat((shift, shift[:, :, 0:1] * 0.0), 2) + place * 0.0


def _mouth_ratio(face: _Face, portrait: torch.Tensor, driver: torch.Tensor) -> torch.Tensor:
    return torch.clamp(face.mouth.width(portrait) / face.mouth.width(driver), *transfer.MOUTH_RATIO)


def _brow_height(face: torch.Tensor) -> torch.Tensor:
    brows = take(face, (*LEFT_BROW, *RIGHT_BROW)).mean(1, keepdim=True)
    eyes = take(face, (*LEFT_EYE, *RIGHT_EYE)).mean(1, keepdim=True)
    return torch.clamp((eyes - brows)[:, :, 1:2], min=1e-3)
