"""Inputs and outputs of exported graphs, by name: what they are, their units and range."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

RGB = "RGB, channels last"
SIDES = "(x right, y down) in units of the crop's side"
PLAIN = "no unit"


@dataclass(frozen=True)
class Port:
    """An input or output: its name, what it is, its unit (colour order for pictures) and its range."""

    name: str
    about: str
    range: tuple[float, float] | None = None
    unit: str = PLAIN

    def entry(self, tensor: str, shape: tuple[int, ...]) -> dict[str, Any]:
        """Its entry in a manifest: `tensor` is its name in the file."""
        return {
            "name": self.name,
            "tensor": tensor,
            "shape": list(shape),
            "dtype": "float32",
            "range": None if self.range is None else list(self.range),
            "unit": self.unit,
            "about": self.about,
        }


class Graph(nn.Module):
    """A network as an app calls it: float32 tensors in the order of `inputs` to those of `outputs`, batch of one.

    Attributes:
        inputs, outputs: `forward` takes and returns exactly these.
        about: what it does and when it is called.
        compressible: whether it is a neural network whose weights may be rounded; geometry stays in float32.
        per_frame: whether it is a neural network that runs for every frame: a bundle takes its fastest file.
        calibratable: whether the ranges of its activations can be fixed beforehand, by calibration.
        accelerated: whether the gate refuses a file that a phone's accelerators do not take; False for geometry, which
            takes a fraction of a millisecond on the CPU.
        tolerance: largest error of any output after rounding, in parts of its range (of 1 where that is smaller); None
            where the picture it makes is what counts.
    """

    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    about: str
    compressible = True
    per_frame = False
    calibratable = True
    accelerated = True
    tolerance: float | None = None

    @property
    def details(self) -> Mapping[str, object]:
        """What else its entry in a manifest says, JSON-serialisable: nothing, of most graphs."""
        return {}


def channels_first(x: torch.Tensor) -> torch.Tensor:
    """(1, H, W, C) to (1, C, H, W)."""
    return x.permute(0, 3, 1, 2)


def channels_last(x: torch.Tensor) -> torch.Tensor:
    """(1, C, H, W) to (1, H, W, C)."""
    return x.permute(0, 2, 3, 1)
