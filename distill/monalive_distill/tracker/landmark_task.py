"""The landmark network's task: level crops, MediaPipe's landmarks, and how well they are hit."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import torch

from monalive_distill.data.training_pairs import FaceSequence
from monalive_distill.tracker.augmentations import Disturbances
from monalive_distill.tracker.face_pool import FacePool
from monalive_distill.tracker.landmark_loss import LandmarkLoss, LandmarkLossWeights
from monalive_distill.tracker.landmark_network import INPUT_SIZE, FaceReading, LandmarkNetwork
from monalive_distill.tracker.landmark_samples import LandmarkBatch, LandmarkSampler
from monalive_distill.tracker.pictures import to_pictures

FACES_FOR_THE_MEAN = 1500


class LandmarkTask:
    """See `train.Task`."""

    name = "tracker landmarks"
    part = "landmarks"

    def __init__(self, sequences: Sequence[FaceSequence], seed: int = 0) -> None:
        self._sampler = LandmarkSampler(FacePool(sequences), Disturbances(), seed)
        self._loss = LandmarkLoss(LandmarkLossWeights())
        torch.manual_seed(seed)
        self.network = LandmarkNetwork()
        self.network.start_from_faces(self._sampler.faces(FACES_FOR_THE_MEAN))

    def draw(self, step: int, count: int) -> LandmarkBatch:
        return self._sampler.draw(step, count)

    def inputs(self, batch: LandmarkBatch, device: torch.device) -> torch.Tensor:
        return to_pictures(batch.pictures, device)

    def loss(self, output: FaceReading, batch: LandmarkBatch) -> tuple[torch.Tensor, dict[str, float]]:
        device = output.landmarks.device
        truth = (torch.from_numpy(x).to(device) for x in (batch.landmarks, batch.openness, batch.present))
        total, terms = self._loss.to(device)(output, *truth)
        return total, terms

    def sheet(self, output: FaceReading, batch: LandmarkBatch) -> Sequence[torch.Tensor]:
        """Crops with the true landmarks, and with those found."""
        found = output.landmarks.detach().float().cpu().numpy()
        rows = []
        for points in (batch.landmarks, found):
            pictures = [
                draw_points(crop, p * INPUT_SIZE) for crop, p in zip(batch.pictures[:12], points[:12], strict=True)
            ]
            rows.append(to_pictures(np.stack(pictures)))
        return rows


def draw_points(image: np.ndarray, points: np.ndarray) -> np.ndarray:
    """A copy of a picture (H, W, 3) uint8 with points (K, 2 or 3) in its pixels drawn into it."""
    made = np.ascontiguousarray(image).copy()
    for x, y in points[:, :2]:
        cv2.circle(made, (round(float(x) * 16), round(float(y) * 16)), 10, (60, 255, 60), -1, cv2.LINE_AA, 4)
    return made
