"""The detector's task: where faces are, how large, how far turned."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from monalive_distill.data.training_pairs import FaceSequence
from monalive_distill.tracker.detector_network import GRID, DetectorNetwork
from monalive_distill.tracker.detector_samples import DetectorBatch, DetectorSampler
from monalive_distill.tracker.face_pool import FacePool
from monalive_distill.tracker.pictures import to_pictures

# Spread of a face's score around its centre (standard deviation): in parts of its side, and at least in places.
SPREAD, LEAST_SPREAD = 0.1, 0.5
# Scores from which on a place also answers for size, centre and roll.
ANSWERS_FROM = 0.25
PLACE_WEIGHT, SIZE_WEIGHT, ROLL_WEIGHT = 2.0, 1.5, 0.6


class DetectorTask:
    """See `train.Task`."""

    name = "tracker detector"
    part = "detector"

    def __init__(self, sequences: Sequence[FaceSequence], seed: int = 0) -> None:
        self._sampler = DetectorSampler(FacePool(sequences), seed)
        torch.manual_seed(seed)
        self.network = DetectorNetwork()

    def draw(self, step: int, count: int) -> DetectorBatch:
        return self._sampler.draw(step, count)

    def inputs(self, batch: DetectorBatch, device: torch.device) -> torch.Tensor:
        return to_pictures(batch.pictures, device)

    def loss(self, output: torch.Tensor, batch: DetectorBatch) -> tuple[torch.Tensor, dict[str, float]]:
        wanted = torch.from_numpy(np.stack([target_map(faces) for faces in batch.faces])).to(output.device)
        return detector_loss(output, wanted)

    def sheet(self, output: torch.Tensor, batch: DetectorBatch) -> Sequence[torch.Tensor]:
        """Pictures with the true faces, and with those places that score above a half."""
        maps = output.detach().float().cpu().numpy()
        rows: list[list[NDArray[np.uint8]]] = [[], []]
        for picture, faces, found in zip(batch.pictures[:12], batch.faces[:12], maps[:12], strict=True):
            rows[0].append(_drawn(picture, faces))
            rows[1].append(_drawn(picture, read_map(found)))
        return [to_pictures(np.stack(row)) for row in rows]


def target_map(faces: NDArray[np.float32]) -> NDArray[np.float32]:
    """(F, 4) faces as in `DetectorBatch` to (6, 16, 16): score in [0, 1], then as the network's outputs."""
    places = (np.arange(GRID, dtype=np.float32) + 0.5) / GRID
    y, x = np.meshgrid(places, places, indexing="ij")
    made = np.zeros((6, GRID, GRID), np.float32)
    for centre_x, centre_y, side, angle in faces:
        deviation = max(SPREAD * side, LEAST_SPREAD / GRID)
        score = np.exp(-((x - centre_x) ** 2 + (y - centre_y) ** 2) / (2 * deviation**2))
        column, row = (int(np.clip(v * GRID, 0, GRID - 1)) for v in (centre_x, centre_y))
        score[row, column] = 1.0
        nearer = score > made[0]
        values = (score, centre_x - x, centre_y - y, *(np.full_like(x, v) for v in _shape(side, angle)))
        for channel, value in enumerate(values):
            made[channel][nearer] = value[nearer]
    return made


def detector_loss(output: torch.Tensor, wanted: torch.Tensor) -> tuple[torch.Tensor, dict[str, float]]:
    """Args: (N, 6, 16, 16) each, `wanted` as `target_map` makes it. Scores by focal loss (arXiv 1904.07850, eq. 1)."""
    score, truth = output[:, 0], wanted[:, 0]
    probability = torch.sigmoid(score)
    positive = truth >= 1.0
    hit = (1 - probability) ** 2 * torch.nn.functional.logsigmoid(score)
    miss = (1 - truth) ** 4 * probability**2 * torch.nn.functional.logsigmoid(-score)
    count = positive.sum().clamp(min=1)
    focal = -torch.where(positive, hit, miss).sum() / count
    answers = torch.where(truth >= ANSWERS_FROM, truth, torch.zeros(()))
    total = answers.sum().clamp(min=1)
    side = wanted[:, 3].exp()

    def of_answers(error: torch.Tensor) -> torch.Tensor:
        return (error * answers).sum() / total

    terms = {
        "score": focal,
        "place": of_answers((output[:, 1:3] - wanted[:, 1:3]).abs().sum(1) / side),
        "size": of_answers((output[:, 3] - wanted[:, 3]).abs()),
        "roll": of_answers((output[:, 4:6] - wanted[:, 4:6]).abs().sum(1)),
    }
    loss = focal + PLACE_WEIGHT * terms["place"] + SIZE_WEIGHT * terms["size"] + ROLL_WEIGHT * terms["roll"]
    return loss, {name: float(term.detach()) for name, term in terms.items()}


def read_map(found: NDArray[np.float32], least: float = 0.5) -> NDArray[np.float32]:
    """(6, 16, 16) of the network to (F, 4) faces as in `DetectorBatch`: the places that score best around them."""
    score = 1 / (1 + np.exp(-found[0]))
    peak = np.asarray(cv2.dilate(score, np.ones((3, 3), np.uint8))) <= score
    faces = []
    for row, column in np.argwhere(peak & (score >= least)):
        x, y, size, cos, sin = found[1:, row, column]
        faces.append(((column + 0.5) / GRID + x, (row + 0.5) / GRID + y, np.exp(size), np.arctan2(sin, cos)))
    return np.array(faces, np.float32).reshape(-1, 4)


def _shape(side: float, angle: float) -> tuple[float, float, float]:
    return float(np.log(side)), float(np.cos(angle)), float(np.sin(angle))


def _drawn(picture: NDArray[np.uint8], faces: NDArray[np.float32]) -> NDArray[np.uint8]:
    made = picture.copy()
    size = picture.shape[0]
    for x, y, side, angle in faces * np.array([size, size, size, 1], np.float32):
        corners = cv2.boxPoints(((float(x), float(y)), (float(side), float(side)), float(np.rad2deg(angle))))
        cv2.polylines(made, [np.round(corners).astype(np.int32)], True, (60, 255, 60), 1)
        top = int(x + side / 2 * np.sin(angle)), int(y - side / 2 * np.cos(angle))
        cv2.line(made, (int(x), int(y)), top, (255, 60, 60), 1)
    return made
