"""What the landmark network is to get right: places, openings, steadiness under noise, presence."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from monalive.faces.expressions import load_expressions
from monalive.faces.landmarks import (
    FACE_OVAL,
    IRIS_CENTRES,
    IRISES,
    LANDMARK_COUNT,
    LEFT_BROW,
    LEFT_EYE,
    LEFT_EYE_CORNERS,
    LEFT_LID_PAIRS,
    LIP_PAIRS,
    LIPS_INNER,
    LIPS_OUTER,
    MOUTH_CORNERS,
    NOSE,
    RIGHT_BROW,
    RIGHT_EYE,
    RIGHT_EYE_CORNERS,
    RIGHT_LID_PAIRS,
)
from monalive_distill.tracker.landmark_network import FaceReading
from monalive_distill.tracker.region_readers import EYE_DISTANCE

PERCENT = 100.0 / EYE_DISTANCE  # errors are counted in hundredths of it
# A gaze is where the iris lies between the corners; a raised brow is further from the eye.
_GAZE = tuple(
    (iris, corner)
    for iris, corners in zip(IRIS_CENTRES, (RIGHT_EYE_CORNERS, LEFT_EYE_CORNERS), strict=True)
    for corner in corners
)
_BROWS = tuple(
    (brow, corner)
    for brows, corners in ((RIGHT_BROW, RIGHT_EYE_CORNERS), (LEFT_BROW, LEFT_EYE_CORNERS))
    for brow, corner in ((brows[1], corners[0]), (brows[2], corners[0]), (brows[3], corners[1]), (brows[4], corners[1]))
)
_PAIRS = (*RIGHT_LID_PAIRS, *LEFT_LID_PAIRS, *LIP_PAIRS, *_BROWS, MOUTH_CORNERS)


@dataclass(frozen=True)
class LandmarkLossWeights:
    """Weights of the terms, and of landmarks against the rest of the face (1)."""

    depth: float = 0.3
    first: float = 0.3  # places before eyes and mouth are read again
    pairs: float = 1.5  # lids and lips: the way from one edge to the other; brows: from the eye's corners
    gaze: float = 2.0  # the way from the eye's corners to the iris: it hardly shows among all the places
    steadiness: float = 0.3  # the mirrored picture, under other noise, must give the mirrored face
    openness: float = 4.0
    presence: float = 2.0
    eyes_and_lips: float = 2.5
    irises: float = 2.5
    brows_and_nose: float = 1.5
    outline: float = 0.8


class LandmarkLoss(torch.nn.Module):
    """The weighted sum of the terms, and each of them."""

    each: torch.Tensor  # (478,) weights, 1 in the mean
    mirror: torch.Tensor
    sides: torch.Tensor
    corner: torch.Tensor

    def __init__(self, weights: LandmarkLossWeights) -> None:
        super().__init__()
        self.weights = weights
        each = torch.ones(LANDMARK_COUNT)
        groups = (
            (FACE_OVAL, weights.outline),
            ((*LEFT_BROW, *RIGHT_BROW, *NOSE), weights.brows_and_nose),
            ((*LEFT_EYE, *RIGHT_EYE, *LIPS_INNER, *LIPS_OUTER), weights.eyes_and_lips),
            (IRISES, weights.irises),
        )
        for indices, weight in groups:
            each[list(indices)] = weight
        self.register_buffer("each", each / each.mean())
        self.register_buffer("mirror", torch.from_numpy(load_expressions().mirror.copy()))
        self.register_buffer("sides", torch.tensor([-1.0, 1.0, 1.0]))
        self.register_buffer("corner", torch.tensor([1.0, 0.0, 0.0]))

    def forward(
        self,
        reading: FaceReading,
        landmarks: torch.Tensor,
        openness: torch.Tensor,
        present: torch.Tensor,
    ) -> tuple[torch.Tensor, dict[str, float]]:
        """Args as in `LandmarkBatch`. "places" is in percent of a usual outer-eye-corner distance."""
        count = present.sum().clamp(min=1)

        def of_faces(per_sample: torch.Tensor) -> torch.Tensor:
            return (per_sample * present).sum() / count

        error = (reading.landmarks - landmarks) * PERCENT
        distance = _length(error[..., :2])  # (N, 478)
        gaps, gazes = (_length(_between(error, pairs)[..., :2]) for pairs in (_PAIRS, _GAZE))
        first = _length((reading.first - landmarks)[..., :2] * PERCENT)
        terms = {
            "places": of_faces((distance * self.each).mean(1)),
            "first": of_faces((first * self.each).mean(1)),
            "depth": of_faces(error[..., 2].abs().mean(1)),
            "pairs": of_faces(gaps.mean(1)),
            "gaze": of_faces(gazes.mean(1)),
            "openness": of_faces((reading.openness - openness).abs().mean(1)) * 10,
            "presence": torch.nn.functional.binary_cross_entropy_with_logits(reading.presence[:, 0], present),
        }
        one, other = reading.landmarks.chunk(2)
        back = other[:, self.mirror] * self.sides + self.corner
        apart = _length((one - back)[..., :2] * PERCENT).mean(1)
        terms["steadiness"] = of_faces(torch.cat((apart, apart)))
        w = self.weights
        factors = {
            "places": 1.0,
            "first": w.first,
            "depth": w.depth,
            "pairs": w.pairs,
            "gaze": w.gaze,
            "openness": w.openness / 10,
        }
        factors |= {"presence": w.presence, "steadiness": w.steadiness}
        total = sum((factors[name] * term for name, term in terms.items()), torch.zeros(()))
        values = {name: float(term.detach()) for name, term in terms.items()}
        return total, values | {"mean_percent": float(of_faces(distance.mean(1)).detach())}


def _between(points: torch.Tensor, pairs: tuple[tuple[int, int], ...]) -> torch.Tensor:
    """(N, 478, d) to (N, P, d): the first of each pair less the second."""
    first, second = (list(side) for side in zip(*pairs, strict=True))
    return points[:, first] - points[:, second]


def _length(vectors: torch.Tensor) -> torch.Tensor:
    """(..., 2) to (...), with a gradient at zero too."""
    return (vectors * vectors).sum(-1).add(1e-4).sqrt()
