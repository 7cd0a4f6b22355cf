"""Head pose and limits as plain tensor operations that every runtime has: no SVD, no atan2, no branches.

Poses are those of `monalive.faces.head_pose`, checked against it by tests. Everything is float32, batch of one, rank 4
at most. Angles are radians here, degrees there.
"""

from __future__ import annotations

import math
from typing import Final

import torch

from monalive.faces.landmarks import POSE_POINTS
from monalive_distill.generator.primitives import clamp_to_unit
from monalive_distill.generator.splat import take
from monalive_export.graphs.retarget_settings import KNEE

# Even powers of the quaternion matrix, by repeated squaring: 2 ** 9. Its second eigenvalue, shifted, is at most 0.9 of
# the first for anything like a face: 0.9 ** 512 is nothing in float32.
_SQUARINGS: Final = 9
_TINY: Final = 1e-30  # the angle of (0, 0) is 0, not NaN


def fit_pose(landmarks: torch.Tensor, template: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """`head_pose.fit_pose` to `POSE_POINTS`: rotation (1, 3, 3), scale (1, 1, 1), translation (1, 1, 3)."""
    points, model = take(landmarks, POSE_POINTS), take(template, POSE_POINTS)
    centre, model_centre = points.mean(1, keepdim=True), model.mean(1, keepdim=True)
    rotation, scale = fit_rotation(points - centre, model - model_centre)
    return rotation, scale, centre - scale * row_times(model_centre, rotation.transpose(1, 2))


def to_canonical(
    points: torch.Tensor, rotation: torch.Tensor, scale: torch.Tensor, translation: torch.Tensor
) -> torch.Tensor:
    """`HeadPose.to_canonical`: (1, n, 3) pixels to the template's frame."""
    return torch.bmm(points - translation, rotation) / scale


def corner_and_side(crop: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """(1, 3) left, top and side to (1, 1, 3), (1, 1, 1): (pixels - corner) / side are units of the crop."""
    return torch.cat((crop[:, 0:2], nothing(crop[:, 0:1])), 1).unsqueeze(1), crop[:, 2:3].unsqueeze(1)


def fit_rotation(points: torch.Tensor, model: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The rotation and scale that carry `model` onto `points` with the least squared error.

    Horn, "Closed-form solution of absolute orientation using unit quaternions", JOSA A 1987: the rotation's quaternion
    is the dominant eigenvector of a symmetric 4 x 4 matrix. Repeated squaring of that matrix leaves the projector on
    it, whose entries are the products of two of the quaternion's, and a rotation is linear in those.

    Args:
        points, model: (1, K, 3), both with mean 0.

    Returns:
        (1, 3, 3) rotation, (1, 1, 1) scale.
    """
    # (1, 3, 3): sum of model_i point_j. (LiteRT's GPU delegate has no product with a transposed first factor.)
    products = torch.cat([(model[:, :, i : i + 1] * points).sum(1, keepdim=True) for i in range(3)], 1)
    (xx, xy, xz), (yx, yy, yz), (zx, zy, zz) = (_row(products, i) for i in range(3))
    rows = (
        (xx + yy + zz, yz - zy, zx - xz, xy - yx),
        (yz - zy, xx - yy - zz, xy + yx, zx + xz),
        (zx - xz, xy + yx, yy - xx - zz, yz + zy),
        (xy - yx, zx + xz, yz + zy, zz - xx - yy),
    )
    matrix = torch.cat([torch.cat(row, 2) for row in rows], 1)  # (1, 4, 4)
    size = torch.sqrt((matrix * matrix).sum((1, 2), keepdim=True))
    power = matrix / size + _identity()
    for _ in range(_SQUARINGS):
        power = torch.bmm(power, power)
        power = power / _trace(power)
    rotation = _from_projector(power)
    turned = constant_times(model, rotation.transpose(1, 2))
    scale = (turned * points).sum((1, 2), keepdim=True) / (model * model).sum((1, 2), keepdim=True)
    return rotation, scale


def angles_of(rotation: torch.Tensor) -> torch.Tensor:
    """(1, 3, 3) to (1, 3, 1) yaw, pitch, roll in radians: `head_pose.rotation_angles`."""
    (r00, _, _), (r10, _, _), (r20, r21, r22) = (_row(rotation, i) for i in range(3))
    yaw = atan2(r20, torch.sqrt(r00 * r00 + r10 * r10))
    return torch.cat((yaw, atan2(r21, r22), atan2(r10, r00)), 1)


def rotation_of(angles: torch.Tensor) -> torch.Tensor:
    """(1, 3, 1) yaw, pitch, roll in radians to (1, 3, 3): `head_pose.angles_rotation`."""
    sines, cosines = torch.sin(angles), torch.cos(angles)
    (sa, sb, sc), (ca, cb, cc) = (tuple(x[:, i : i + 1] for i in range(3)) for x in (sines, cosines))
    # about_z @ about_y @ about_x, multiplied out
    rows = (
        (cc * ca, -sc * cb - cc * sa * sb, sc * sb - cc * sa * cb),
        (sc * ca, cc * cb - sc * sa * sb, -cc * sb - sc * sa * cb),
        (sa, ca * sb, ca * cb),
    )
    return torch.cat([torch.cat(row, 2) for row in rows], 1)


def turn_in_picture(shift: torch.Tensor, roll: torch.Tensor) -> torch.Tensor:
    """(1, 2, 1) right and down, turned by (1, 1, 1) radians, positive clockwise."""
    right, down = shift[:, 0:1], shift[:, 1:2]
    sine, cosine = torch.sin(roll), torch.cos(roll)
    return torch.cat((cosine * right - sine * down, sine * right + cosine * down), 1)


def atan2(y: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """The angle of (x, y) in (-pi, pi], from arithmetic alone."""
    wide, high = torch.abs(x), torch.abs(y)
    t = torch.minimum(wide, high) / (torch.maximum(wide, high) + _TINY)  # [0, 1]
    angle = t * _polynomial(t * t)
    steep = step(high - wide)
    angle = angle + steep * (0.5 * math.pi - 2.0 * angle)
    backward = step(-x)
    angle = angle + backward * (math.pi - 2.0 * angle)
    return angle * (1.0 - 2.0 * step(-y))


def constant_times(matrix: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    """(N, n, k), which may be a constant, times (N, k, d): (N, n, d).

    LiteRT's GPU delegate multiplies by a constant on the right, not on the left.
    """
    return torch.bmm(values.transpose(1, 2), matrix.transpose(1, 2)).transpose(1, 2)


def row_times(row: torch.Tensor, matrix: torch.Tensor) -> torch.Tensor:
    """(1, 1, k), which may be a constant, times (1, k, d): (1, 1, d)."""
    return (row.transpose(1, 2) * matrix).sum(1, keepdim=True)


def nothing(like: torch.Tensor) -> torch.Tensor:
    """Zeros of the shape of `like`. A product, since `zeros_like` becomes an operation that GPU delegates refuse."""
    return like * 0.0


def step(x: torch.Tensor) -> torch.Tensor:
    """1 where x is above 0, else 0."""
    return clamp_to_unit(x * 1e30)


def smooth_step(x: torch.Tensor, low: float, high: float) -> torch.Tensor:
    """`monalive_distill.smooth_step`."""
    t = clamp_to_unit((x - low) * (1.0 / (high - low)))
    return t * t * (3.0 - 2.0 * t)


def soft_limit(x: torch.Tensor, low: torch.Tensor, high: torch.Tensor, knee: float = KNEE) -> torch.Tensor:
    """x kept inside the open range (low, high), low <= 0 <= high: unchanged near 0, bent smoothly near a limit.

    Up to a part `knee` of a limit the result equals x; beyond, the rest is a tanh with the same slope at the knee.
    """
    return limit_above(torch.relu(x), high, knee) - limit_above(torch.relu(-x), -low, knee)


def limit_above(x: torch.Tensor, high: torch.Tensor, knee: float) -> torch.Tensor:
    """`soft_limit` of x >= 0."""
    bend = knee * high
    rest = torch.clamp(high - bend, min=1e-9)
    return torch.minimum(x, bend) + rest * torch.tanh(torch.relu(x - bend) / rest)


def wrapped(angle: torch.Tensor) -> torch.Tensor:
    """An angle's equal in [-pi, pi)."""
    return angle - 2.0 * math.pi * torch.floor(angle * (0.5 / math.pi) + 0.5)


def _from_projector(p: torch.Tensor) -> torch.Tensor:
    """q q^T (1, 4, 4) of a unit quaternion (w, x, y, z) to its rotation (1, 3, 3)."""
    (ww, wx, wy, wz), (_, xx, xy, xz), (_, _, yy, yz), (_, _, _, zz) = (_row(p, i) for i in range(4))
    rows = (
        (ww + xx - yy - zz, 2.0 * (xy - wz), 2.0 * (xz + wy)),
        (2.0 * (xy + wz), ww - xx + yy - zz, 2.0 * (yz - wx)),
        (2.0 * (xz - wy), 2.0 * (yz + wx), ww - xx - yy + zz),
    )
    return torch.cat([torch.cat(row, 2) for row in rows], 1)


def _identity() -> torch.Tensor:
    return torch.tensor([[[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0]]])


def _trace(x: torch.Tensor) -> torch.Tensor:
    return (x * _identity()).sum((1, 2), keepdim=True)


def _row(x: torch.Tensor, index: int) -> tuple[torch.Tensor, ...]:
    """A row of (1, n, n) as n tensors (1, 1, 1)."""
    return tuple(x[:, index : index + 1, column : column + 1] for column in range(x.shape[-1]))


def _fit_polynomial() -> tuple[float, ...]:
    import numpy as np

    s = (np.cos(np.pi * (np.arange(200) + 0.5) / 200) + 1) / 2  # t * t at Chebyshev points of [0, 1]
    t = np.sqrt(s)
    return tuple(float(c) for c in np.polynomial.polynomial.polyfit(s, np.arctan(t) / t, 9))


# Coefficients of a polynomial of t * t for atan(t) / t on [0, 1], fitted at Chebyshev points; error below 1e-7.
_ATAN: Final = _fit_polynomial()


def _polynomial(s: torch.Tensor) -> torch.Tensor:
    value = torch.full_like(s, _ATAN[-1])
    for coefficient in reversed(_ATAN[:-1]):
        value = value * s + coefficient
    return value
