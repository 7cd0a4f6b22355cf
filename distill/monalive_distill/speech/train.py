"""Trains the network that moves the lips."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import nn

from monalive_distill.speech.mouth_basis import mouth_basis
from monalive_distill.speech.network import MODEL_NAME, Heard, SpeechNetwork
from monalive_distill.speech.samples import MOMENTS, STEP, UNKNOWN_PHONE, SpeechBatch, SpeechSampler
from monalive_distill.speech.sound_features import FRAMES, HOP
from monalive_distill.speech.tracks import SYNTHETIC, Track
from monalive_distill.training.checkpoint import load_average
from monalive_distill.training.compute import launch, minimize
from monalive_distill.training.loop import train
from monalive_distill.training.one_network import OneNetworkTraining
from monalive_distill.training.steps import Moment, Outcome

# Openings are a tenth of an outer-eye-corner distance, coefficients up to 1: to the same scale.
_OPENING: Final = 10.0
_TOUCHING: Final = 0.004  # lips closer than this touch, to the eye


@dataclass(frozen=True)
class SpeechTrainingConfig:
    """
    Attributes:
        batch: runs of sound per step, six moments each.
        synthetic: share of these that is synthetic speech.
        known: share of the rest that is of the person of whom there is most.
        learning_rate: after `warm_up_steps`; it falls along a cosine to `final_learning_rate`.
        openings: weight of the jaw's and the lips' openings, beside the coefficients'.
        closures: weight of the decision whether the lips touch.
        bilabials: how much more it counts in the middle of p, b and m.
        velocity: weight of the change from one moment to the next.
        spread: weight of openings that vary as much as measured: the mean mouth, which errs least, hardly moves.
        phones: weight of telling phones apart, which carries over to other voices.
        average_decay: of the running average of the weights, which are the ones to use.
        log_every: steps per row of `log.csv`.
    """

    batch: int = 32
    synthetic: float = 0.35
    known: float = 0.5
    learning_rate: float = 2e-3
    final_learning_rate: float = 1e-5
    warm_up_steps: int = 100
    weight_decay: float = 1e-2
    openings: float = 1.0
    closures: float = 0.2
    bilabials: float = 2.0
    velocity: float = 0.5
    spread: float = 1.0
    phones: float = 0.15
    average_decay: float = 0.998
    log_every: int = 50
    seed: int = 0


def train_speech(
    tracks: Sequence[Track],
    run: Path,
    minutes: float,
    config: SpeechTrainingConfig,
    *,
    caches: Sequence[Path] = (),
    device: str = "cpu",
    total_minutes: float | None = None,
    start_from: Path | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Trains for `minutes`, going on from the checkpoint in `run` where there is one.

    Args:
        tracks: of `load_tracks`; those that are measured only are left out.
        run: folder for what `training.loop` writes.
        minutes: time budget of this call.
        config: how.
        caches: where the tracks are from, for the record.
        device: "cpu" or "cuda".
        total_minutes: length of the whole schedule, when this call is only a part of it.
        start_from: weights to begin with where `run` has none yet.
        clock: seconds that have passed since some moment.

    Raises:
        FileNotFoundError: no such weights.
        ValueError: the checkpoint in `run`, or `start_from`, belongs to another network; or nothing is to train on.
    """
    learned = [track for track in tracks if track.split == "train"]
    data: dict[str, object] = {
        "caches": [cache.name for cache in caches],
        "clips": sum(track.person != SYNTHETIC for track in learned),
        "people": len({track.person for track in learned} - {SYNTHETIC}),
        "synthetic": sum(track.person == SYNTHETIC for track in learned),
    }
    training = SpeechTraining(launch(device), config, tracks)
    train(training, run, minutes, total_minutes=total_minutes, start_from=start_from, data=data, clock=clock)


class SpeechTraining(OneNetworkTraining):
    """See `training.loop.Training`.

    Args:
        fabric: where it computes.
        config: how to train.
        tracks: what on.
    """

    def __init__(self, fabric: Fabric, config: SpeechTrainingConfig, tracks: Sequence[Track]) -> None:
        self.config = config
        self._sampler = SpeechSampler(tracks, synthetic=config.synthetic, known=config.known, seed=config.seed)
        torch.manual_seed(config.seed)
        self.model = SpeechNetwork().to(fabric.device)
        self._loss = SpeechLoss(config).to(fabric.device)
        super().__init__(fabric, config, MODEL_NAME, self.model)

    def start_from(self, weights: Path) -> None:
        """See `Training`."""
        self.check_resumable(weights)
        load_average(weights, self.model)

    def draw(self, moment: Moment) -> SpeechBatch:
        """A batch."""
        return self._sampler.draw(moment.draw, self.config.batch)

    def step(self, data: SpeechBatch, moment: Moment) -> Outcome:
        """The network learns."""
        device = self.fabric.device
        with torch.no_grad():
            power = self.model.features.power(torch.from_numpy(data.sound).to(device))
            shift = STEP // HOP
            windows = torch.stack([power[:, k * shift : k * shift + FRAMES] for k in range(MOMENTS)], 1)
        heard = self.model(windows.flatten(0, 1))
        loss, terms = self._loss(Heard(*(each.unflatten(0, (-1, MOMENTS)) for each in heard)), data)
        minimize(self.fabric, loss, self.optimizer, clip_norm=5.0)
        return Outcome({"loss": loss, **terms})


class SpeechLoss(nn.Module):
    """How far mouths are from those wanted: coefficients, openings, closures, velocity; and phones.

    Args:
        config: the weights.
    """

    jaw: torch.Tensor
    gaps: torch.Tensor
    size: torch.Tensor

    def __init__(self, config: SpeechTrainingConfig) -> None:
        super().__init__()
        self._config = config
        basis = mouth_basis()
        self.register_buffer("jaw", torch.from_numpy(basis.jaw.astype(np.float32)))
        self.register_buffer("gaps", torch.from_numpy(basis.lips.astype(np.float32)))
        # A coefficient counts by how far it moves the face.
        size = np.sqrt((basis.displacements**2).sum((1, 2)))
        self.register_buffer("size", torch.from_numpy((size / size.mean()).astype(np.float32)))

    def forward(self, heard: Heard, batch: SpeechBatch) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """The loss, and its terms.

        Args:
            heard: the network's, (N, MOMENTS) of each.
            batch: what is wanted.
        """
        config, device, mouths = self._config, heard.mouths.device, heard.mouths
        wanted = torch.from_numpy(batch.coefficients).to(device)
        trust = torch.from_numpy(batch.trust).to(device)[:, None]
        error = mouths - wanted
        coefficients = ((error * self.size).square().mean(-1) * trust).mean()
        jaw = error @ self.jaw * _OPENING
        made, asked = mouths @ self.gaps, torch.relu(wanted @ self.gaps)
        touching = (asked < _TOUCHING).float()
        # Lips that are to touch may press as hard as they like.
        lips = torch.where(touching > 0, torch.relu(made), made - asked) * _OPENING
        openings = ((jaw.square() + lips.square()) * trust).mean()
        counts = trust * (1 + config.bilabials * torch.from_numpy(batch.shut).to(device))
        closures = (
            nn.functional.binary_cross_entropy_with_logits(heard.touch, touching, reduction="none") * counts
        ).mean()
        velocity = ((jaw.diff(dim=1).square() + lips.diff(dim=1).square()) * trust).mean()
        spread = _spread(mouths @ self.jaw, wanted @ self.jaw) + _spread(torch.relu(made), asked)
        names = torch.from_numpy(batch.phones).to(device).flatten()
        phones = nn.functional.cross_entropy(heard.phones.flatten(0, 1), names, ignore_index=UNKNOWN_PHONE)
        terms = {
            "coefficients": coefficients,
            "openings": openings * config.openings,
            "closures": closures * config.closures,
            "velocity": velocity * config.velocity,
            "spread": spread * config.spread,
            "phones": torch.nan_to_num(phones) * config.phones,  # none of a batch may be known
        }
        return torch.stack(list(terms.values())).sum(), terms


def _spread(made: torch.Tensor, asked: torch.Tensor) -> torch.Tensor:
    """How much less (or more) openings vary over a batch than they should, squared."""
    return ((made.std() - asked.std()) * _OPENING).square()
