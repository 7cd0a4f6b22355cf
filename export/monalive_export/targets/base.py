"""What every export target does: convert a graph once, then build a file of it in each precision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from monalive_export.checks.portability import Refused
from monalive_export.graphs.ports import Graph

Tensors = Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True)
class Facts:
    """What is written into each file's own metadata.

    Attributes:
        name: of the model and the graph.
        model_version, licence: of the weights; the licence as an SPDX name.
        precision: of this file.
    """

    name: str
    model_version: str
    licence: str
    precision: str

    def as_dict(self, graph: Graph) -> dict[str, str]:
        """As texts, with what the graph does."""
        return {
            "name": self.name,
            "model_version": self.model_version,
            "licence": self.licence,
            "precision": self.precision,
            "about": graph.about,
            "made_by": "monalive-export",
        }


class Target(Protocol):
    """A format to export to. Tensors in its files go by the names of the graph's ports.

    Attributes:
        name: as on the command line.
        format: of its files, as in `monalive.networks.runtimes.FORMAT_SUFFIXES`.
        runtime: what a manifest calls it.
        platforms: where its bundle is used.
        precisions: those it can build, the one preferred for its bundle first.
        calibrated: those that its bundle prefers to these for networks that run for every frame, where static
            quantisation was calibrated on many people.
        accelerators: those of `refused` that have to take the files of every graph that is `accelerated`.
    """

    name: str
    format: str
    runtime: str
    platforms: tuple[str, ...]
    precisions: tuple[str, ...]
    calibrated: tuple[str, ...]
    accelerators: tuple[str, ...]

    def convert(self, graph: Graph, inputs: Mapping[str, torch.Tensor]) -> Any:
        """The graph in float32, in the form from which `build` goes on."""

    def build(self, converted: Any, graph: Graph, facts: Facts, calibration: Sequence[Tensors]) -> bytes:
        """The content of a file in the precision that `facts` name.

        Args:
            converted: of `convert`.
            calibration: inputs of the graph on which static quantisation measures ranges.
        """

    def load(self, content: bytes, graph: Graph) -> Any:
        """A file's content, ready to run: float32 arrays by port name to float32 arrays by port name.

        Raises:
            ValueError: the runtime does not load it.
        """

    def refused(self, content: bytes) -> Refused:
        """What in a file each accelerator of the format refuses; no entry where that is not known."""


def contiguous(inputs: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The same tensors laid out plainly, as converters want them.

    A new tensor each: where sides are 1, `contiguous` leaves strides that Core ML's converter takes for another order.
    """
    return {name: torch.empty(value.shape, dtype=value.dtype).copy_(value) for name, value in inputs.items()}
