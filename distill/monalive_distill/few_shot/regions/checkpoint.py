"""The checkpoints of experts: which one a file holds, and how it is loaded."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import torch

from monalive_distill.few_shot.regions.candidates import CropMover
from monalive_distill.few_shot.regions.network import ExpertSizes, RegionExpert
from monalive_distill.few_shot.residual_blocks import settle_spectral_norms
from monalive_distill.regions.regions import REGIONS
from monalive_distill.training.checkpoint import load_average, read_record

MODEL_NAME: Final = "region expert"  # what the record of a checkpoint says


def expert_config(state: Path) -> dict[str, object]:
    """The configuration that an expert was trained with.

    Raises:
        FileNotFoundError, ValueError: no such checkpoint, or of another kind of run.
    """
    record = read_record(state)
    config = record.get("config")
    if record.get("model") != MODEL_NAME or not isinstance(config, dict) or config.get("region") not in REGIONS:
        raise ValueError(f"{state} is not a run of train-region-expert")
    return config


def check_expert(state: Path, region: str, sizes: Sequence[int]) -> None:
    """Raises ValueError where a checkpoint holds the expert of another region or of other sizes."""
    config = expert_config(state)
    if config["region"] != region:
        raise ValueError(f"{state} was trained on {config['region']!r}, not on {region!r}")
    if tuple(config["sizes"]) != tuple(sizes):  # type: ignore[arg-type]
        raise ValueError(f"{state} has sizes {config['sizes']}, not {list(sizes)}")


def load_expert(state: Path) -> tuple[CropMover, RegionExpert]:
    """An expert with its averaged weights, in `eval`, and what moves photos for it.

    Raises:
        FileNotFoundError: no such checkpoint.
        ValueError: another kind of file, or an expert that learned with other lightweight networks than those that
            ship.
    """
    config = expert_config(state)
    region = REGIONS[str(config["region"])]
    precision = torch.bfloat16 if config["bfloat16"] else None
    mover = CropMover(region, precision=precision)
    if read_record(state).get("lightweight") != mover.sha256:
        raise ValueError(f"{state} was trained with other networks of eyes and mouth than those that ship; train on")
    expert = RegionExpert(region.sizes.drawing, ExpertSizes(*config["sizes"]))  # type: ignore[misc]
    expert.autocast_dtype = precision
    load_expert_weights(state, expert)
    return mover, expert


def load_expert_weights(state: Path, expert: RegionExpert) -> None:
    """Gives an expert the averaged weights of a checkpoint; it is left in `eval`."""
    load_average(state, expert)
    settle_spectral_norms(expert)
