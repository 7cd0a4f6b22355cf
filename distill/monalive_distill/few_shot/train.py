"""Meta-learning (3.1): episodes of many people, embedder and generator against the projection discriminator."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from torch.utils.data import DataLoader

from monalive_distill.data.training_pairs import FaceSequence, load_sequences
from monalive_distill.few_shot.checkpoint import MODEL_NAME, begin_with, read_few_shot_record
from monalive_distill.few_shot.config import FewShotConfig
from monalive_distill.few_shot.discriminator_step import BETAS, judge, learn
from monalive_distill.few_shot.episodes import Episodes, EpisodeSampler
from monalive_distill.few_shot.face_features import FaceFeatures
from monalive_distill.few_shot.losses import ContentLoss, generator_terms, match_loss
from monalive_distill.few_shot.model import FewShotModel, FewShotResult, build_discriminator, build_few_shot_model
from monalive_distill.few_shot.photo_mover import shrink
from monalive_distill.few_shot.pose_input import draw
from monalive_distill.few_shot.projection_discriminator import ProjectionDiscriminator
from monalive_distill.metrics.lpips import LPIPS
from monalive_distill.training.compute import launch, minimize, to_channels_last
from monalive_distill.training.loop import train
from monalive_distill.training.record import describe_data
from monalive_distill.training.schedule import Schedule
from monalive_distill.training.steps import Moment, Outcome


def train_few_shot(
    caches: list[Path],
    run: Path,
    minutes: float,
    config: FewShotConfig,
    device: str = "cpu",
    start_from: Path | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> tuple[FewShotModel, ProjectionDiscriminator]:
    """Trains for `minutes`, going on from the checkpoint in `run` where there is one.

    Args:
        caches: folders made by `monalive-distill prepare` or `synthesize`.
        run: folder for what `training.loop` writes (rows of its sheets: photo, photo moved to the wanted pose, true
            frame, result).
        minutes: time budget of this call.
        config: what to train and how.
        device: "cpu" or "cuda".
        start_from: `state.safetensors` of a run with other people, to begin with where `run` has no checkpoint yet.
        clock: seconds that have passed since some moment.

    Returns:
        The networks as they are after the last step; the averaged weights, the ones to use, are in the checkpoint.

    Raises:
        FileNotFoundError: a cache or `start_from` is missing.
        ValueError: the checkpoint in `run` belongs to another variant, or to other people; `start_from` to another
            variant, or it holds no discriminator.
    """
    sequences = load_sequences(*caches)
    training = FewShotTraining(launch(device, config.precision), config, sequences)
    data = describe_data(caches, sequences)
    train(training, run, minutes, start_from=start_from, data=data, clock=clock)
    return training.model, training.discriminator


class FewShotTraining:
    """See `training.loop.Training`.

    Args:
        fabric: where it computes.
        config: what to train and how.
        sequences: the data.
    """

    def __init__(self, fabric: Fabric, config: FewShotConfig, sequences: list[FaceSequence]) -> None:
        self.fabric, self.config, self.seed = fabric, config, config.seed
        torch.manual_seed(config.seed)
        lightweight = Path(config.lightweight) if config.lightweight else None
        self.model = build_few_shot_model(config.variant, config.warped_photo, lightweight)
        self._sampler = EpisodeSampler(
            sequences,
            config.augmentation,
            config.kind_weights,
            config.seed,
            episodes=config.episodes,
            photos=config.photos,
            size=self.model.size,
            photo_size=self.model.photo_size,
            surroundings=self.model.mover is not None and self.model.mover.sees_surroundings,
            same_sequence=config.same_sequence,
        )
        self._episodes: Iterator[Episodes] | None = None
        self.discriminator = build_discriminator(config.variant, len(self._sampler.people))
        perceptual_net = LPIPS(config.perceptual_net)
        self.model.to(fabric.device)
        # Faster so; in the generator the instance norm would undo it.
        for network in (self.model.embedder, self.discriminator, perceptual_net):
            to_channels_last(network, fabric.device)
        self._content = ContentLoss(perceptual_net, FaceFeatures().to(fabric.device))
        self._optimizer = torch.optim.Adam(self.model.parameters(), config.learning_rate, BETAS)
        self._discriminator_optimizer = torch.optim.Adam(
            self.discriminator.parameters(), config.discriminator_learning_rate, BETAS
        )
        self.models = {"model": self.model, "discriminator": self.discriminator}
        self.optimizers = {"model": self._optimizer, "discriminator": self._discriminator_optimizer}
        self.schedules: Mapping[str, Schedule] = {}

    @property
    def facts(self) -> dict[str, object]:
        """See `Training`."""
        return {
            "model": MODEL_NAME,
            "variant": self.config.variant,
            "warped_photo": self.config.warped_photo,
            "lightweight": self.model.mover.fingerprint if self.model.mover else None,
            "people": self._sampler.people,
        }

    def check_resumable(self, state: Path) -> None:
        """See `Training`."""
        record = read_few_shot_record(state, self.config.variant, self.config.warped_photo)
        if record["people"] != list(self._sampler.people):
            raise ValueError(f"{state} was trained on other people than those in the caches")

    def start_from(self, weights: Path) -> None:
        """See `Training`."""
        begin_with(weights, self.config.variant, self.config.warped_photo, self.model, self.discriminator)

    def draw(self, moment: Moment) -> Episodes:
        """The next episodes of this process; the first call starts what prepares them ahead."""
        if self._episodes is None:
            self._episodes = iter(self._load_from(moment.draw))
        return next(self._episodes)

    def step(self, data: Episodes, moment: Moment) -> Outcome:
        """Embedder and generator learn, then the discriminator."""
        weights = self.config.losses
        photos, photo_landmarks, true, landmarks, people, surroundings = to_tensors(data, self.fabric.device)
        drawings = draw(landmarks, self.model.size)
        with self.fabric.autocast():
            made = _in_float32(self.model.train()(photos, photo_landmarks, landmarks, surroundings))
            seen = self._content(made.images, true, landmarks)
            judged = judge(self.discriminator, made.images, true, drawings, people)
        terms = generator_terms(weights, seen, judged, made.images, true)
        terms["match"] = match_loss(made.embeddings, self.discriminator.columns[people]) * weights.match
        loss = torch.stack(list(terms.values())).sum()
        minimize(self.fabric, loss, self._optimizer)
        adversary = self.fabric, self.discriminator.train(), self._discriminator_optimizer
        for _ in range(self.config.discriminator_steps):
            hinge = learn(*adversary, made.images, true, drawings, people)

        def sheet() -> list[torch.Tensor]:
            rows = shrink(photos[:, 0], self.model.size), made.moved, true, made.images
            return [row for row in rows if row is not None]

        return Outcome({"loss": loss, **terms, "discriminator": hinge}, sheet)

    def _load_from(self, first: int) -> DataLoader[Episodes]:
        """The episodes of this process from a draw on, without end."""
        return DataLoader(
            self._sampler,
            batch_size=None,
            sampler=count(first, self.fabric.world_size),
            num_workers=self.config.loaders,
            persistent_workers=self.config.loaders > 0,
            pin_memory=self.fabric.device.type == "cuda",
        )


def to_tensors(episodes: Episodes, device: torch.device) -> tuple[torch.Tensor, ...]:
    """`Episodes` on a device in the order of its fields, pictures as (..., 3, size, size)."""

    def move(x: Any) -> torch.Tensor:
        return torch.as_tensor(x).to(device, non_blocking=True)

    return (
        move(episodes.photos).movedim(-1, -3),
        move(episodes.photo_landmarks),
        move(episodes.images).movedim(-1, -3),
        move(episodes.landmarks),
        move(episodes.people),
        move(episodes.surroundings).movedim(-1, -3),
    )


def _in_float32(made: FewShotResult) -> FewShotResult:
    """What autocast left in half precision."""
    moved = None if made.moved is None else made.moved.float()
    return FewShotResult(made.images.float(), made.embeddings.float(), moved)
