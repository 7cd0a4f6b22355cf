"""Trains the network of one region; a run goes on where it stopped."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from torch import nn

from monalive_distill.data.augmentation import Augmentation
from monalive_distill.regions.critic import CriticTraining
from monalive_distill.regions.inner_mouth import shifts
from monalive_distill.regions.losses import LossWeights, RegionLoss
from monalive_distill.regions.movement import uncertain
from monalive_distill.regions.networks import PaintedRegion, RegionNetwork
from monalive_distill.regions.regions import REGIONS, Region
from monalive_distill.regions.samples import RegionBatch, RegionPairs, RegionSequence, load_regions
from monalive_distill.training.checkpoint import (
    STATE_FILE,
    ExponentialAverage,
    read_record,
    restore_state,
    save_state,
)
from monalive_distill.training.curves import TrainingCurves
from monalive_distill.training.schedule import scheduled_learning_rate
from monalive_distill.training.sheets import write_sample_sheet

SAVE_EVERY_S = 240.0
SHEET_EVERY_S = 1200.0
CURVES_EVERY = 100
# Outer eye corners in source pixels from which on a crop is a real example for the critic: sharper than most targets.
FINE_DETAIL = 85.0


@dataclass(frozen=True)
class RegionConfig:
    """How a region's network is trained.

    Attributes:
        region: "eye" or "mouth".
        pairs: per step.
        hours: of the learning rate's schedule.
        learning_rate, final_learning_rate, warm_up_steps: see `scheduled_learning_rate`.
        average: decay of the averaged weights.
        weights: of the loss's terms.
        augmentation: shared by a pair's photo and target; only its colours are used.
        critic_weight: of what the critic says; 0: no critic.
        critic_pairs: how many of a step's pairs it sees.
        bfloat16: whether the networks compute in it.
        seed: of the weights and pairs.
    """

    region: str
    pairs: int = 32
    hours: float = 12.0
    learning_rate: float = 1.5e-3
    final_learning_rate: float = 3e-5
    warm_up_steps: int = 200
    average: float = 0.998
    weights: LossWeights = field(default_factory=LossWeights)
    augmentation: Augmentation = field(default_factory=lambda: Augmentation(colour=0.15, grey=0.03, gamma=0.25))
    critic_weight: float = 0.0
    critic_pairs: int = 12
    bfloat16: bool = True
    seed: int = 0


class RegionTraining:
    """A run: its model, optimizer and where it stands.

    Args:
        config: how.
        sequences: what is learnt from.
        run: its folder; a state in there is continued.
    """

    def __init__(self, config: RegionConfig, sequences: Sequence[RegionSequence], run: Path) -> None:
        torch.manual_seed(config.seed)
        self.config, self.region, self.run = config, REGIONS[config.region], run
        self.network = RegionNetwork(self.region.sizes).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.network.autocast_dtype = torch.bfloat16 if config.bfloat16 else None
        self.optimizer = torch.optim.Adam(self.network.parameters(), config.learning_rate, betas=(0.5, 0.99))
        self.average = ExponentialAverage(self.network, config.average)
        self.pairs = RegionPairs(self.region, sequences, config.augmentation, config.seed)
        self.loss = RegionLoss(self.region, config.weights)
        self.critic: CriticTraining | None = None
        if config.critic_weight:
            self.critic = CriticTraining(self.region.sizes.drawing, self.network.autocast_dtype)
            fine = [sequence for sequence in sequences if sequence.detail >= FINE_DETAIL]
            self.real = RegionPairs(self.region, fine, config.augmentation, config.seed + 1)
        self.step, self.seconds = 0, 0.0
        run.mkdir(parents=True, exist_ok=True)
        if (run / STATE_FILE).is_file():
            record = read_record(run / STATE_FILE)
            restore_state(run / STATE_FILE, self._models(), self._optimizers(), self.average)
            self.step, self.seconds = int(str(record["step"])), float(str(record["seconds"]))
        self.curves = TrainingCurves(run / "curves.csv", CURVES_EVERY)

    def train(self, seconds: float) -> None:
        """Trains for so long, or until interrupted; state, curves and sheets are written on the way and at the end."""
        start = time.monotonic()
        saved = shown = start
        before = self.seconds
        try:
            while time.monotonic() - start < seconds:
                batch = self.pairs.draw(self.step, self.config.pairs)
                terms, result = self._learn(batch)
                self.step += 1
                self.average.update(self.network, self.step)
                now = time.monotonic()
                self.seconds = before + now - start
                self.curves.add(self.step, self.seconds, terms)
                if now - saved > SAVE_EVERY_S:
                    self.save()
                    saved = now
                if now - shown > SHEET_EVERY_S or self.step == 100:
                    self._show(batch, result)
                    shown = now
        except KeyboardInterrupt:
            pass
        self.save()

    def save(self) -> None:
        """Writes the state."""
        record = {"step": self.step, "seconds": self.seconds, "config": asdict(self.config)}
        save_state(self.run / STATE_FILE, self._models(), self._optimizers(), self.average, record)
        (self.run / "record.json").write_text(json.dumps(record, indent=1))

    def _learn(self, batch: RegionBatch) -> tuple[dict[str, float], PaintedRegion]:
        config = self.config
        rate = scheduled_learning_rate(config, self.step, min(1.0, self.seconds / (config.hours * 3600)))
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        generator = torch.Generator().manual_seed(self.step)
        flow = uncertain(self.region.flow(batch.source, batch.target), generator)
        result = paint(self.network, self.region, batch, flow)
        loss, terms = self.loss(result, batch, self.network.autocast_dtype)
        if self.critic:
            count = config.critic_pairs
            image, drawing = result.image[:count], self.region.draw(batch.target[:count])
            loss = loss + config.critic_weight * self.critic.teach(image, drawing)
            real = self.real.draw(self.step, count)
            terms["critic"] = self.critic.learn(real.image, self.region.draw(real.target), image, drawing)
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()
        return terms, result

    def _models(self) -> Mapping[str, nn.Module]:
        return {"network": self.network} | ({"critic": self.critic.critic} if self.critic else {})

    def _optimizers(self) -> Mapping[str, torch.optim.Optimizer]:
        return {"network": self.optimizer} | ({"critic": self.critic.optimizer} if self.critic else {})

    def _show(self, batch: RegionBatch, result: PaintedRegion) -> None:
        """Photo, truth, result, what was moved, what was painted, mask, what lies behind."""
        mask = result.mask.expand(-1, 3, -1, -1)
        rows = [batch.photo, batch.image, result.image, result.moved, result.painted, mask]
        if result.inside is not None:
            rows.append(result.inside)
        write_sample_sheet(self.run / f"train_{self.step:06d}.jpg", rows, 12)


def paint(network: RegionNetwork, region: Region, batch: RegionBatch, flow: torch.Tensor) -> PaintedRegion:
    """A batch's photos as its targets ask."""
    source = region.draw(batch.source)
    moves = shifts(batch.source, batch.target)
    return network.animate(network.enroll(batch.photo, source), source, region.draw(batch.target), flow, moves)


def train_region(config: RegionConfig, caches: Sequence[Path], run: Path, minutes: float) -> RegionTraining:
    """Trains, or goes on training, the network of one region.

    Args:
        config: how; a run that is there already is continued with it.
        caches: folders that `prepare_regions` made.
        run: the run's folder.
        minutes: for how long.

    Raises:
        FileNotFoundError: a folder holds no such cache.
        ValueError: the run's state belongs to other networks.
    """
    training = RegionTraining(config, load_regions(REGIONS[config.region], *caches), run)
    training.train(minutes * 60)
    return training
