"""Everything a training run needs to go on where it stopped, as one safetensors file (no pickle)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from monalive.atomic_file import atomic_path

STATE_FILE = "state.safetensors"


def save_state(
    path: Path,
    models: Mapping[str, nn.Module],
    optimizers: Mapping[str, torch.optim.Optimizer],
    average: nn.Module,
    record: dict[str, object],
) -> None:
    """Writes a checkpoint; the old one stays whole until the new one is complete.

    Args:
        path: the file.
        models, optimizers: by name.
        average: the model that ships, with the averaged weights.
        record: JSON-serialisable facts: step, elapsed seconds, configuration, variant.
    """
    tensors = {f"average/{name}": value for name, value in average.state_dict().items()}
    for key, model in models.items():
        tensors |= {f"model/{key}/{name}": value for name, value in model.state_dict().items()}
    for key, optimizer in optimizers.items():
        for index, state in optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer/{key}/{index}/{name}": torch.as_tensor(v) for name, v in state.items()}
    with atomic_path(path) as unfinished:
        save_file({name: t.contiguous() for name, t in tensors.items()}, unfinished, {"record": json.dumps(record)})


def read_record(path: Path) -> dict[str, object]:
    """The facts stored with a checkpoint.

    Raises:
        FileNotFoundError: no such file.
        ValueError: not a checkpoint of this kind.
    """
    if not path.is_file():
        raise FileNotFoundError(f"no checkpoint at {path}")
    try:
        with safe_open(path, "pt") as file:
            record: dict[str, object] = json.loads((file.metadata() or {})["record"])
    except (SafetensorError, KeyError, json.JSONDecodeError) as error:
        raise ValueError(f"{path} is not a monalive training checkpoint: {error}") from error
    return record


def load_average(path: Path, model: nn.Module, prefix: str = "") -> None:
    """Loads the averaged weights, the ones to use, into `model`.

    Args:
        path: the checkpoint.
        model: the model, or a part of the one that was saved.
        prefix: of the part's names.

    Raises:
        ValueError: the checkpoint belongs to another variant.
    """
    _load_into(model, path, f"average/{prefix}")


def load_trained(path: Path, key: str, model: nn.Module) -> None:
    """Loads the weights of a checkpoint as they were after the last step.

    Args:
        path: the checkpoint.
        key: which of its models.
        model: gets them.

    Raises:
        ValueError: the checkpoint holds no such model, or another variant of it.
    """
    _load_into(model, path, f"model/{key}/")


def write_weights(state: Path, output: Path) -> None:
    """The averaged weights of a checkpoint alone, in half precision: small enough to ship, enough to train on from.

    `load_average` and `read_record` read such a file as they read a checkpoint.

    Raises:
        FileNotFoundError, ValueError: no such checkpoint, or another kind of file.
    """
    record = read_record(state)
    with safe_open(state, "pt") as file:
        names = [name for name in file.keys() if name.startswith("average/")]  # noqa: SIM118
        weights = {name.removeprefix("average/"): file.get_tensor(name) for name in names}
    write_half(weights, record, output)


def write_half(weights: Mapping[str, torch.Tensor], record: Mapping[str, object], output: Path) -> None:
    """Writes a model's tensors, for `load_average`, in half precision, and the facts that `read_record` reads."""
    halved = {
        f"average/{name}": (value.half() if value.is_floating_point() else value).contiguous()
        for name, value in weights.items()
    }
    with atomic_path(output) as unfinished:
        save_file(halved, unfinished, {"record": json.dumps(record)})


def restore_state(
    path: Path,
    models: Mapping[str, nn.Module],
    optimizers: Mapping[str, torch.optim.Optimizer],
    average: nn.Module,
) -> None:
    """Loads a whole checkpoint; a model or optimizer the checkpoint does not know yet starts afresh."""
    load_average(path, average)
    with safe_open(path, "pt") as file:
        names = list(file.keys())
        for key, model in models.items():
            if any(name.startswith(f"model/{key}/") for name in names):
                load_trained(path, key, model)
        for key, optimizer in optimizers.items():
            prefix = f"optimizer/{key}/"
            state: dict[int, dict[str, torch.Tensor]] = {}
            for name in names:
                if name.startswith(prefix):
                    index, field = name.removeprefix(prefix).split("/")
                    state.setdefault(int(index), {})[field] = file.get_tensor(name)
            if state:
                optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
                _lay_as_weights(optimizer)


def _lay_as_weights(optimizer: torch.optim.Optimizer) -> None:
    """Gives an optimizer's memory the layout of the weights: a fused one walks both as they lie."""
    for group in optimizer.param_groups:
        for weight in group["params"]:
            memory = optimizer.state[weight]
            for name, value in memory.items():
                if value.shape == weight.shape:
                    memory[name] = torch.empty_like(weight).copy_(value)


def _load_into(model: nn.Module, path: Path, prefix: str) -> None:
    with safe_open(path, "pt") as file:
        stored = {n.removeprefix(prefix): file.get_tensor(n) for n in file.keys() if n.startswith(prefix)}  # noqa: SIM118
    own = {name: value.shape for name, value in model.state_dict().items()}
    if {name: value.shape for name, value in stored.items()} != own:
        raise ValueError(f"{path} holds weights of another variant or model than the one asked for")
    model.load_state_dict(stored)
