"""Trains the network of one region."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from lightning_fabric import Fabric

from monalive_distill.data.augmentation import Augmentation
from monalive_distill.regions.critic import CriticTraining
from monalive_distill.regions.inner_mouth import shifts
from monalive_distill.regions.losses import LossWeights, RegionLoss
from monalive_distill.regions.networks import PaintedRegion, RegionNetwork
from monalive_distill.regions.regions import REGIONS, Region
from monalive_distill.regions.samples import RegionBatch, RegionPairs, RegionSequence, load_regions
from monalive_distill.regions.weights_file import start_region, trained_region
from monalive_distill.training.compute import launch, minimize, to_channels_last
from monalive_distill.training.loop import train
from monalive_distill.training.record import describe_data
from monalive_distill.training.schedule import Schedule
from monalive_distill.training.steps import Moment, Outcome

# Outer eye corners in source pixels from which on a crop is a real example for the critic: sharper than most targets.
FINE_DETAIL = 85.0


@dataclass(frozen=True)
class RegionConfig:
    """How a region's network is trained.

    Attributes:
        region: "eye" or "mouth".
        pairs: per step.
        learning_rate, final_learning_rate, warm_up_steps: see `scheduled_learning_rate`.
        average_decay: of the averaged weights.
        weights: of the loss's terms.
        augmentation: shared by a pair's photo and target; only its colours are used.
        critic_weight: of what the critic says; 0: no critic.
        critic_pairs: how many of a step's pairs it sees.
        bfloat16: whether the networks compute in it; geometry never does.
        log_every: steps per row of the curves.
        seed: of the weights and pairs.
    """

    region: str = "eye"
    pairs: int = 32
    learning_rate: float = 1.5e-3
    final_learning_rate: float = 3e-5
    warm_up_steps: int = 200
    average_decay: float = 0.998
    weights: LossWeights = field(default_factory=LossWeights)
    augmentation: Augmentation = field(default_factory=lambda: Augmentation(colour=0.05, grey=0.03, gamma=0.2))
    critic_weight: float = 0.0
    critic_pairs: int = 12
    bfloat16: bool = True
    log_every: int = 100
    seed: int = 0


class RegionTraining:
    """See `training.loop.Training`.

    Args:
        fabric: where it computes.
        config: how to train.
        sequences: what is learnt from.
    """

    def __init__(self, fabric: Fabric, config: RegionConfig, sequences: Sequence[RegionSequence]) -> None:
        torch.manual_seed(config.seed)
        self.fabric, self.config, self.seed = fabric, config, config.seed
        self.region = REGIONS[config.region]
        self.model = RegionNetwork(self.region.sizes)
        self.model.autocast_dtype = torch.bfloat16 if config.bfloat16 else None
        to_channels_last(self.model, fabric.device)
        optimizer = torch.optim.Adam(self.model.parameters(), config.learning_rate, betas=(0.5, 0.99))
        self.models: dict[str, torch.nn.Module] = {"network": self.model}
        self.optimizers: dict[str, torch.optim.Optimizer] = {"network": optimizer}
        self.schedules: dict[str, Schedule] = {"network": config}
        self._pairs = RegionPairs(self.region, sequences, config.augmentation, config.seed)
        self._loss = RegionLoss(self.region, config.weights, fabric.device)
        self._critic: CriticTraining | None = None
        if config.critic_weight:
            self._critic = CriticTraining(self.region.sizes.drawing, self.model.autocast_dtype, fabric)
            self.models["critic"], self.optimizers["critic"] = self._critic.critic, self._critic.optimizer
            fine = [sequence for sequence in sequences if sequence.detail >= FINE_DETAIL]
            self._real = RegionPairs(self.region, fine, config.augmentation, config.seed + 1)

    @property
    def facts(self) -> dict[str, object]:
        """See `Training`; the configuration names the region."""
        return {}

    def check_resumable(self, state: Path) -> None:
        """See `Training`."""
        if trained_region(state) != self.region.name:
            raise ValueError(f"{state} was trained on {trained_region(state)!r}, not on {self.region.name!r}")

    def start_from(self, weights: Path) -> None:
        """See `Training`."""
        start_region(self.model, weights, self.region.name)

    def draw(self, moment: Moment) -> tuple[RegionBatch, RegionBatch | None]:
        """Pairs, and real examples for the critic."""
        device = self.fabric.device
        real = self._real.draw(moment.draw, self.config.critic_pairs).to(device) if self._critic else None
        return self._pairs.draw(moment.draw, self.config.pairs).to(device), real

    def step(self, data: tuple[RegionBatch, RegionBatch | None], moment: Moment) -> Outcome:
        """The network learns, and the critic after it."""
        batch, real = data
        result = paint(self.model, self.region, batch)
        loss, terms = self._loss(result, batch, self.model.autocast_dtype)
        count = self.config.critic_pairs
        image, drawing = result.image[:count], self.region.draw(batch.target[:count])
        if self._critic:
            loss = loss + self.config.critic_weight * self._critic.teach(image, drawing)
        minimize(self.fabric, loss, self.optimizers["network"], clip_norm=1.0)
        if self._critic and real:
            terms["critic"] = self._critic.learn(real.image, self.region.draw(real.target), image, drawing)
        return Outcome({"loss": loss, **terms}, lambda: _sheet(batch, result))


def paint(network: RegionNetwork, region: Region, batch: RegionBatch) -> PaintedRegion:
    """A batch's photos as its targets ask."""
    source, flow = region.draw(batch.source), region.flow(batch.source, batch.target)
    moves = shifts(batch.source, batch.target)
    return network.animate(network.enroll(batch.photo, source), source, region.draw(batch.target), flow, moves)


def train_region(
    config: RegionConfig,
    caches: Sequence[Path],
    run: Path,
    minutes: float,
    *,
    device: str = "cpu",
    total_minutes: float | None = None,
    start_from: Path | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Trains, or goes on training, the network of one region.

    Args:
        config: how; a run that is there already is continued with it.
        caches: folders that `prepare_regions` made.
        run: folder for what `training.loop` writes.
        minutes: for how long.
        device: "cpu" or "cuda".
        total_minutes: length of the whole schedule, when this call is only a part of it.
        start_from: weights that a new run begins with, of a run of the same region or the file of both.
        clock: seconds that have passed since some moment.

    Raises:
        FileNotFoundError: a folder holds no such cache.
        ValueError: the run's state belongs to other networks.
    """
    sequences = load_regions(REGIONS[config.region], *caches)
    data = describe_data(caches, sequences)
    training = RegionTraining(launch(device), config, sequences)
    train(training, run, minutes, total_minutes=total_minutes, start_from=start_from, data=data, clock=clock)


def _sheet(batch: RegionBatch, result: PaintedRegion) -> list[torch.Tensor]:
    """Photo, truth, result, what was moved, what was painted, mask, what lies behind."""
    mask = result.mask.expand(-1, 3, -1, -1)
    rows = [batch.photo, batch.image, result.image, result.moved, result.painted, mask]
    return rows if result.inside is None else [*rows, result.inside]
