"""Where landmarks carry a crop: their displacements spread to a dense flow, as the whole picture's geometry does.

The networks of this room get the photo's crop moved by such a flow, and correct it.
"""

from __future__ import annotations

import functools
from typing import Final, Protocol

import numpy as np
import torch
import torch.nn.functional as F

from monalive.faces.expressions import load_expressions
from monalive.faces.landmarks import (
    LEFT_BROW,
    LEFT_EYE,
    LEFT_EYE_CORNERS,
    LEFT_IRIS,
    LEFT_LID_PAIRS,
    LIPS_INNER,
    LIPS_OUTER,
)
from monalive_distill.generator.primitives import clamp_to_unit
from monalive_distill.generator.splat import take
from monalive_distill.regions.drawing import splat

# Of the whole picture's `geometry_prior`, in outer-eye-corner distances (its crops are 3.8 of them wide): deviation,
# and the density below which a level gives way to the coarser one.
COARSE, FINE = (0.095, 0.6), (0.042, 0.8)
_REACH = 0.75
FINE_EYE = (*LEFT_EYE, *LEFT_IRIS, *LEFT_BROW)
FINE_MOUTH = (*LIPS_OUTER, *LIPS_INNER)
_UPPER, _LOWER = zip(*LEFT_LID_PAIRS, strict=True)
_MIDDLE: Final = slice(2, 5)  # of the pairs of lids
# An eye shuts from this part of the photo's opening on. How far a point of the lids counts along their line, and how
# far above and below it the skin follows, in outer-eye-corner distances.
SHUTTING: Final = 0.5
_ALONG, _LEAST_ACROSS, _ACROSS = 0.035, 0.045, 0.1
_TO_BROW: Final = 0.45  # of the way to the brow
_AROUND_IRIS: Final = 2.25  # squared, in its radii: half of it moves along
_CORNER: Final = 0.04  # how far around a corner of the eye its skin lies


class Carry(Protocol):
    """How landmarks of two crops (N, 478, 2), crop pixels, carry the first one's pixels to the second."""

    def __call__(
        self, source: torch.Tensor, target: torch.Tensor, height: int, width: int, scale: float
    ) -> torch.Tensor:
        """The flow (N, 2, height, width), source minus target in pixels.

        Args:
            source, target: (N, 478, 2) crop pixels.
            height, width: of the crop.
            scale: its pixels per outer-eye-corner distance.
        """


def local_flow(
    source: torch.Tensor,
    target: torch.Tensor,
    height: int,
    width: int,
    scale: float,
    near: tuple[int, ...],
    fine: tuple[int, ...],
) -> torch.Tensor:
    """The flow of some landmarks, spread over two distances; arguments and result as of `Carry`, and:

    Args:
        near: the landmarks that matter to the crop, for the coarse level.
        fine: those of the fine level.
    """
    half = (height // 2, width // 2)
    shift = (take(source, near) - take(target, near)).mean(1, keepdim=True)  # (N, 1, 2), of everything alike
    flow: torch.Tensor | None = None
    for (sigma, epsilon), indices in ((COARSE, near), (FINE, fine)):
        places = take(target, indices)
        moved = take(source, indices) - places - shift
        ones = torch.ones_like(moved[:, :, :1])
        sums = splat(places / 2, torch.cat((moved, ones), -1), *half, sigma * scale / 2)
        density = sums[:, 2:3]
        level = sums[:, :2] / (density + epsilon)
        flow = level if flow is None else level * (density / (density + epsilon)) + flow * epsilon / (density + epsilon)
    assert flow is not None
    flow = flow + shift.transpose(1, 2).unsqueeze(-1)
    return F.interpolate(flow, size=(height, width), mode="bilinear", align_corners=False)


def mouth_flow(source: torch.Tensor, target: torch.Tensor, height: int, width: int, scale: float) -> torch.Tensor:
    """`local_flow` of the mouth. A `Carry`."""
    return local_flow(source, target, height, width, scale, near_mouth(), FINE_MOUTH)


def eye_flow(source: torch.Tensor, target: torch.Tensor, height: int, width: int, scale: float) -> torch.Tensor:
    """`local_flow` of an eye, but for its iris, which goes all the way it is asked to, and for lids that shut.

    A `Carry`.
    """
    flow = local_flow(source, target, height, width, scale, near_eye(), FINE_EYE)
    flow = _with_gaze(flow, source, target, scale)
    return _with_shut_lids(flow, source, target, scale)


def _with_gaze(flow: torch.Tensor, source: torch.Tensor, target: torch.Tensor, scale: float) -> torch.Tensor:
    """A flow in which the iris moves as a whole, within the lids; around it the white of the eye stretches."""
    columns, rows = _pixels(flow)
    ring = take(target, LEFT_IRIS)
    centre = ring[:, :1]  # (N, 1, 2)
    moved = (take(source, LEFT_IRIS) - ring).mean(1).view(-1, 2, 1, 1)
    spokes = ring[:, 1:] - centre
    radius = (spokes * spokes).sum(2).mean(1).view(-1, 1, 1)  # squared
    across, down = columns - centre[:, :, 0:1], rows - centre[:, :, 1:2]
    near = torch.sigmoid((_AROUND_IRIS - (across * across + down * down) / torch.clamp(radius, min=1.0)) * 2.0)
    lids = []
    for indices in ((*_UPPER, *LEFT_EYE_CORNERS), (*_LOWER, *LEFT_EYE_CORNERS)):
        edge = take(target, indices)
        lids.append(_heights(_along(columns, edge, scale), edge))
    inside = torch.sigmoid((rows - lids[0] - 0.5) * 2.0) * torch.sigmoid((lids[1] - rows - 0.5) * 2.0)
    corners = take(target, LEFT_EYE_CORNERS)
    for corner in (corners[:, :1], corners[:, 1:]):  # they stay: the white beside them gives way
        across, down = columns - corner[:, :, 0:1], rows - corner[:, :, 1:2]
        inside = inside * (1 - torch.exp((across * across + down * down) * (-0.5 / (_CORNER * scale) ** 2)))
    return flow + (near * inside).unsqueeze(1) * (moved - flow)


def _with_shut_lids(flow: torch.Tensor, source: torch.Tensor, target: torch.Tensor, scale: float) -> torch.Tensor:
    """A flow in which the lids of an eye that shuts meet in one line, and nothing of the eye is left between them.

    Above that line the upper lid alone moves the photo, lashes included, below it the lower lid: mixed, the two would
    show a narrow eye.
    """
    (upper, lower), before = _lids(target), _lids(source)
    gaps, open_gaps = ((lids[1] - lids[0])[:, _MIDDLE, 1].mean(1) for lids in ((upper, lower), before))
    closing = clamp_to_unit(1 - gaps / (SHUTTING * torch.clamp(open_gaps, min=1.0))).view(-1, 1, 1, 1)
    corners, corners_before = take(target, LEFT_EYE_CORNERS), take(source, LEFT_EYE_CORNERS)
    line = torch.cat(((upper + lower) / 2, corners), 1)  # (N, 9, 2)
    columns, rows = _pixels(flow)
    weights = _along(columns, line, scale)
    total = weights.sum(1, keepdim=True)  # (N, 1, W)
    above = _heights(weights, line) - rows  # (N, H, W)
    moves = []
    for edge, edge_before in ((upper, before[0]), (lower, before[1])):
        moved = torch.cat((edge_before, corners_before), 1) - torch.cat((edge, corners), 1)
        moves.append(torch.bmm(moved.transpose(1, 2), weights) / (total + 1e-3))  # (N, 2, W)
    over = torch.sigmoid(above * 3.0).unsqueeze(1)  # 1 above the line, within a pixel
    lids = over * moves[0].unsqueeze(2) + (1 - over) * moves[1].unsqueeze(2)
    # A brow near to the eye stays where it is.
    room = (line[:, :, 1:2] - take(target, LEFT_BROW)[:, :, 1:2].mean(1, keepdim=True)).mean(1, keepdim=True)
    far = above / torch.clamp(room * _TO_BROW, _LEAST_ACROSS * scale, _ACROSS * scale)
    share = closing * (torch.exp(far * far * -0.5) * (total / (total + 0.1))).unsqueeze(1)
    return flow + share * (lids - flow)


def _pixels(flow: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """x (1, 1, W) and y (1, H, 1) of the middles of a flow's pixels."""
    height, width = flow.shape[2:]
    columns, rows = (torch.arange(length, device=flow.device) + 0.5 for length in (width, height))
    return columns.view(1, 1, -1), rows.view(1, -1, 1)


def _along(columns: torch.Tensor, edge: torch.Tensor, scale: float) -> torch.Tensor:
    """(N, K, W): how near each column is to each point of an edge (N, K, 2)."""
    apart = (columns - edge[:, :, 0:1]) / (_ALONG * scale)
    return torch.exp(apart * apart * -0.5)


def _heights(weights: torch.Tensor, edge: torch.Tensor) -> torch.Tensor:
    """(N, 1, W): where an edge runs in each column."""
    heights = edge[:, :, 1:2]
    mean = torch.bmm(heights.transpose(1, 2), weights) + 1e-3 * heights.mean(1, keepdim=True)
    return mean / (weights.sum(1, keepdim=True) + 1e-3)


def _lids(points: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    return take(points, _UPPER), take(points, _LOWER)


@functools.cache
def near_eye() -> tuple[int, ...]:
    """Landmarks around a left eye."""
    return _near(LEFT_EYE_CORNERS)


@functools.cache
def near_mouth() -> tuple[int, ...]:
    """Landmarks around the mouth."""
    return _near((13, 14))


def _near(middle: tuple[int, ...]) -> tuple[int, ...]:
    face = load_expressions().mean_face[:, :2]
    apart = np.linalg.norm(face - face[list(middle)].mean(0), axis=1)
    return tuple(int(index) for index in np.flatnonzero(apart < _REACH))
