"""The blendshape network's task: MediaPipe's scores of the same faces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import torch

from monalive.faces.mediapipe_networks import mediapipe_blendshapes
from monalive_distill.data.training_pairs import FaceSequence
from monalive_distill.packaged_assets import tracker_weights
from monalive_distill.tracker.blendshape_network import BlendshapeNetwork
from monalive_distill.tracker.blendshape_samples import BlendshapeBatch, BlendshapeSampler, Teacher
from monalive_distill.tracker.landmark_network import LandmarkNetwork
from monalive_distill.tracker.weights_file import start_network

# Scores that matter little alone are many; errors of a hundredth are counted in full.
_EPS: Final = 1e-4


class BlendshapeTask:
    """See `train.Task`. The landmarks are those of the landmark network that ships."""

    name = "tracker blendshapes"
    part = "blendshapes"

    def __init__(
        self,
        sequences: Sequence[FaceSequence],
        seed: int = 0,
        *,
        reader: LandmarkNetwork | None = None,
        teacher: Teacher | None = None,
        composed: int = 12_000,
    ) -> None:
        if reader is None:
            reader = LandmarkNetwork()
            start_network(reader, tracker_weights(), "landmarks")
        self._sampler = BlendshapeSampler(
            sequences, reader, teacher or mediapipe_blendshapes(), composed=composed, seed=seed
        )
        torch.manual_seed(seed)
        self.network = BlendshapeNetwork()
        self.network.start_from_faces(self._sampler.faces)

    def draw(self, step: int, count: int) -> BlendshapeBatch:
        return self._sampler.draw(step, count)

    def inputs(self, batch: BlendshapeBatch, device: torch.device) -> torch.Tensor:
        return torch.from_numpy(batch.landmarks).to(device)

    def loss(self, output: torch.Tensor, batch: BlendshapeBatch) -> tuple[torch.Tensor, dict[str, float]]:
        """Mean error of the scores in hundredths, and their cross-entropy, whose gradient does not vanish."""
        wanted = torch.from_numpy(batch.scores).to(output.device)
        error = ((torch.sigmoid(output) - wanted) ** 2 + _EPS**2).sqrt().mean() * 100
        entropy = torch.nn.functional.binary_cross_entropy_with_logits(output, wanted) * 10
        return error + entropy, {"error_percent": float(error.detach()), "entropy": float(entropy.detach())}

    def sheet(self, output: torch.Tensor, batch: BlendshapeBatch) -> Sequence[torch.Tensor]:
        """No pictures are involved."""
        return ()
