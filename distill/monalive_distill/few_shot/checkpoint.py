"""Checkpoints of meta-learning, and the networks read from them. The file: `training.checkpoint` (no pickle)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from safetensors import safe_open

from monalive_distill.few_shot.losses import FewShotLossWeights
from monalive_distill.few_shot.model import FewShotModel, build_discriminator, build_few_shot_model
from monalive_distill.few_shot.projection_discriminator import ProjectionDiscriminator
from monalive_distill.few_shot.residual_blocks import settle_spectral_norms
from monalive_distill.few_shot.warped_photo import WarpedPhoto, read_warped_photo
from monalive_distill.training.checkpoint import load_average, load_trained, read_record

MODEL_NAME = "few_shot"


def read_few_shot_record(
    path: Path, variant: str | None = None, warped_photo: WarpedPhoto | None = None
) -> dict[str, Any]:
    """The facts stored with a checkpoint, after a check that it is one of this model.

    Args:
        path: `state.safetensors` of a run of `train_few_shot`.
        variant, warped_photo: what it must be; None: anything.

    Raises:
        FileNotFoundError: no such file.
        ValueError: another kind of file, another model, variant or input; the message names both.
    """
    record: dict[str, Any] = read_record(path)
    if record.get("model") != MODEL_NAME:
        raise ValueError(f"{path} is not a few-shot model; make one with `monalive-distill train-few-shot`")
    if variant is not None and record["variant"] != variant:
        raise ValueError(f"{path} was trained as variant {record['variant']!r}, not {variant!r}")
    record["warped_photo"] = read_warped_photo(record["warped_photo"])
    if warped_photo is not None and record["warped_photo"] != warped_photo:
        raise ValueError(f"{path} was trained with warped_photo {record['warped_photo']!r}, not {warped_photo!r}")
    return record


def load_few_shot_model(path: Path, variant: str | None = None, lightweight: Path | None = None) -> FewShotModel:
    """The averaged weights of a checkpoint, ready to use (in `eval`).

    Args:
        path: the checkpoint.
        variant: what it must be; None: anything.
        lightweight: weights of the lightweight generator, where that moves the photo; None: those that ship. A warning
            says so when the checkpoint was trained beside others.

    Raises:
        FileNotFoundError, ValueError: as `read_few_shot_record`, or `lightweight` is missing or something else.
    """
    record = read_few_shot_record(path, variant)
    model = build_few_shot_model(record["variant"], record["warped_photo"], lightweight)
    if model.mover:
        model.mover.warn_unless(record.get("lightweight"), path)
    load_average(path, model)
    settle_spectral_norms(model)
    return model


def read_loss_weights(path: Path) -> FewShotLossWeights:
    """The losses a checkpoint was trained by; fine-tuning goes on by them. Raises as `read_few_shot_record`."""
    return FewShotLossWeights(**read_few_shot_record(path)["config"]["losses"])


def load_discriminator(path: Path) -> ProjectionDiscriminator:
    """The discriminator of a checkpoint.

    Raises:
        FileNotFoundError, ValueError: as `read_few_shot_record`, or the file holds the model's weights alone.
    """
    record = read_few_shot_record(path)
    with safe_open(path, "pt") as file:
        if not any(name.startswith("model/discriminator/") for name in file.keys()):  # noqa: SIM118
            raise ValueError(f"{path} holds no discriminator; fine-tune from state.safetensors of a run's folder")
    discriminator = build_discriminator(record["variant"], len(record["people"]))
    load_trained(path, "discriminator", discriminator)
    return discriminator


def begin_with(
    path: Path, variant: str, warped_photo: WarpedPhoto, model: FewShotModel, discriminator: ProjectionDiscriminator
) -> None:
    """Loads what an earlier run learned, to go on with other people: their columns are new, all else is taken over.

    Args:
        path: `state.safetensors` of the earlier run.
        variant, warped_photo: of both networks.
        model: gets the averaged weights; left in `eval`.
        discriminator: of any people.

    Raises:
        FileNotFoundError, ValueError: as `read_few_shot_record` and `load_discriminator`.
    """
    read_few_shot_record(path, variant, warped_photo)
    load_average(path, model)
    settle_spectral_norms(model)
    learned = load_discriminator(path).state_dict()
    discriminator.load_state_dict({**learned, "columns": discriminator.columns.detach()})
