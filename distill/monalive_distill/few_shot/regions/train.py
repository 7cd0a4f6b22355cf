"""Meta-learns the expert of one region, over many people."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from lightning_fabric import Fabric

from monalive_distill.few_shot.discriminator_step import BETAS, judge, learn
from monalive_distill.few_shot.regions.candidates import Candidates, CropMover
from monalive_distill.few_shot.regions.checkpoint import MODEL_NAME, check_expert, load_expert_weights
from monalive_distill.few_shot.regions.config import ExpertConfig
from monalive_distill.few_shot.regions.discriminator import CropDiscriminator
from monalive_distill.few_shot.regions.episodes import EpisodeSampler, RegionEpisodes
from monalive_distill.few_shot.regions.losses import ExpertLoss
from monalive_distill.few_shot.regions.network import ExpertResult, ExpertSizes, RegionExpert
from monalive_distill.regions.critic import CriticTraining
from monalive_distill.regions.regions import REGIONS
from monalive_distill.regions.samples import RegionBatch, RegionPairs, RegionSequence, load_regions
from monalive_distill.regions.train import FINE_DETAIL
from monalive_distill.training.compute import launch, minimize, to_channels_last
from monalive_distill.training.loop import train
from monalive_distill.training.record import describe_data
from monalive_distill.training.schedule import Schedule
from monalive_distill.training.steps import Moment, Outcome


class ExpertTraining:
    """See `training.loop.Training`.

    Args:
        fabric: where it computes.
        config: what to train and how.
        sequences: what is learnt from.
    """

    def __init__(self, fabric: Fabric, config: ExpertConfig, sequences: Sequence[RegionSequence]) -> None:
        torch.manual_seed(config.seed)
        self.fabric, self.config, self.seed = fabric, config, config.seed
        self.region = REGIONS[config.region]
        precision = torch.bfloat16 if config.bfloat16 else None
        self.mover = CropMover(self.region, fabric.device, precision)
        self.model = RegionExpert(self.region.sizes.drawing, ExpertSizes(*config.sizes))
        self.model.autocast_dtype = precision
        to_channels_last(self.model, fabric.device)
        optimizer = torch.optim.Adam(self.model.parameters(), config.learning_rate, betas=(0.5, 0.99), fused=True)
        self.models: dict[str, torch.nn.Module] = {"expert": self.model}
        self.optimizers: dict[str, torch.optim.Optimizer] = {"expert": optimizer}
        self.schedules: dict[str, Schedule] = {"expert": config}
        self._episodes = EpisodeSampler(
            self.region, sequences, config.augmentation, config.photos, config.pictures, config.seed
        )
        self._loss = ExpertLoss(self.region, config.losses, fabric.device)
        self._critic: CriticTraining | None = None
        self._discriminator: CropDiscriminator | None = None
        if config.losses.adversarial or config.losses.feature_matching:
            self._discriminator = CropDiscriminator(self.region.sizes.drawing, ExpertSizes(*config.sizes))
            to_channels_last(self._discriminator, fabric.device)
            self.models["discriminator"] = self._discriminator
            self.optimizers["discriminator"] = torch.optim.Adam(
                self._discriminator.parameters(), config.discriminator_learning_rate, BETAS
            )
        if config.losses.critic:
            self._critic = CriticTraining(self.region.sizes.drawing, precision, fabric)
            self.models["critic"], self.optimizers["critic"] = self._critic.critic, self._critic.optimizer
            fine = [sequence for sequence in sequences if sequence.detail >= FINE_DETAIL]
            self._real = RegionPairs(self.region, fine, config.augmentation, config.seed + 1)

    @property
    def facts(self) -> dict[str, object]:
        """See `Training`."""
        return {"model": MODEL_NAME, "lightweight": self.mover.sha256}

    def check_resumable(self, state: Path) -> None:
        """See `Training`."""
        check_expert(state, self.region.name, self.config.sizes)

    def start_from(self, weights: Path) -> None:
        """See `Training`."""
        check_expert(weights, self.region.name, self.config.sizes)
        load_expert_weights(weights, self.model)
        self.model.train()

    def draw(self, moment: Moment) -> tuple[RegionEpisodes, RegionBatch | None]:
        """Episodes, and real examples for the critic."""
        device = self.fabric.device
        episodes = self._episodes.draw(moment.draw).to(device)
        if self._critic is None:
            return episodes, None
        count = min(self.config.critic_pictures, len(episodes.image))
        return episodes, self._real.draw(moment.draw, count).to(device)

    def step(self, data: tuple[RegionEpisodes, RegionBatch | None], moment: Moment) -> Outcome:
        """The expert learns, and after it who judges it."""
        episodes, real = data
        candidates = self.mover(episodes.photos, episodes.sources, episodes.target)
        result: ExpertResult = self.model(candidates)
        loss, terms = self._loss(result, episodes, self.model.autocast_dtype)
        weights, count = self.config.losses, self.config.critic_pictures
        image, drawing = result.image[:count], candidates.wanted[:count]
        assert result.identity is not None
        judged = image, episodes.image[:count], drawing, result.identity[:count].detach()
        if self._critic:
            loss = loss + weights.critic * self._critic.teach(image, drawing)
        if self._discriminator:
            with self.fabric.autocast():
                adversarial, matching = judge(self._discriminator, *judged)
            loss = loss + weights.adversarial * adversarial + weights.feature_matching * matching
        minimize(self.fabric, loss, self.optimizers["expert"], clip_norm=1.0)
        if self._critic and real:
            terms["critic"] = self._critic.learn(real.image, self.region.draw(real.target), image, drawing)
        if self._discriminator:
            terms["discriminator"] = learn(self.fabric, self._discriminator, self.optimizers["discriminator"], *judged)
        if episodes.photos.shape[1] == 1:
            terms["perceptual_of_one"] = terms["perceptual"]
        return Outcome({"loss": loss, **terms}, lambda: _sheet(episodes, candidates, result))


def train_expert(
    config: ExpertConfig,
    caches: Sequence[Path],
    run: Path,
    minutes: float,
    *,
    device: str = "cpu",
    total_minutes: float | None = None,
    start_from: Path | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Trains, or goes on training, the expert of one region.

    Args:
        config: how; a run that is there already is continued with it.
        caches: folders that `prepare_regions` made.
        run: folder for what `training.loop` writes.
        minutes: for how long.
        device: "cpu" or "cuda".
        total_minutes: length of the whole schedule, when this call is only a part of it.
        start_from: weights of another run that a new run begins with.
        clock: seconds that have passed since some moment.

    Raises:
        FileNotFoundError: a folder holds no such cache.
        ValueError: the run's state, or `start_from`, belongs to another expert.
    """
    sequences = load_regions(REGIONS[config.region], *caches)
    data = describe_data(caches, sequences)
    fabric = launch(device, "bf16-mixed" if config.bfloat16 else "32-true")
    training = ExpertTraining(fabric, config, sequences)
    train(training, run, minutes, total_minutes=total_minutes, start_from=start_from, data=data, clock=clock)


def _sheet(episodes: RegionEpisodes, candidates: Candidates, result: ExpertResult) -> list[torch.Tensor]:
    """The first photos, the truth, the lightweight network's result of the first, what was chosen, the result, and how
    much of it comes from the first photo."""
    photos = list(episodes.photos[:, :3].unbind(1))
    share = result.weights[:, 0].expand(-1, 3, -1, -1)
    return [*photos, episodes.image, candidates.images[:, 0], result.chosen, result.image, share]
