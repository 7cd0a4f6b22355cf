"""Where a converted graph begins to differ: the graph is converted once more with every layer's values as outputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from monalive_export.checks.parity import Limits, torch_run
from monalive_export.graphs.ports import Graph, Port

Array = NDArray[np.float32]
# A layer diverges when its values are further off than this, in parts of their range, or below the precision's PSNR.
DIVERGED = 1e-3


@dataclass(frozen=True)
class Divergence:
    """The first value that is wrong.

    Attributes:
        place: "the input of LAYER", "the output of LAYER", or "the output NAME" of the graph itself.
        after: the last place before it that is right, or None.
        error: the largest error there, in parts of the values' range.
    """

    place: str
    after: str | None
    error: float

    def __str__(self) -> str:
        after = f", computed after {self.after}" if self.after else ""
        return f"first to diverge is {self.place} (by {self.error:.2g} of its range){after}"


class ProbedGraph(Graph):
    """A graph that gives what enters and leaves each of its layers, in order, and then its own outputs.

    Args:
        graph: what to look into.
        inputs: an example, to see which layers run.
    """

    def __init__(self, graph: Graph, inputs: Mapping[str, torch.Tensor]) -> None:
        super().__init__()
        self.inner = graph  # not `graph`: torch.export has that name
        self.inputs, self.about, self.compressible = graph.inputs, graph.about, graph.compressible
        with torch.no_grad():
            seen = self._record(**inputs)
        self.places = [place for place, _ in seen]
        self.outputs = tuple(Port(f"probe_{number}", place) for number, place in enumerate(self.places))

    def forward(self, **inputs: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return tuple(value for _, value in self._record(**inputs))

    def _record(self, **inputs: torch.Tensor) -> list[tuple[str, torch.Tensor]]:
        seen: list[tuple[str, torch.Tensor]] = []
        with _hooks(self.inner, seen):
            outputs = self.inner(**inputs)
        for port, value in zip(self.inner.outputs, outputs, strict=True):
            _note(seen, f"the output {port.name!r}", value)
        return [(place, value * 1.0) for place, value in seen]  # not the value itself, which may be an input


@contextmanager
def _hooks(graph: nn.Module, seen: list[tuple[str, torch.Tensor]]) -> Iterator[None]:
    """Notes inputs and outputs of every layer that has weights."""
    calls: dict[str, int] = {}

    def before(name: str) -> Any:
        def hook(module: nn.Module, arguments: tuple[Any, ...]) -> None:
            calls[name] = calls.get(name, 0) + 1
            if isinstance(arguments[0], torch.Tensor):
                _note(seen, f"the input of {name}{_call(calls[name])}", arguments[0])

        return hook

    def after(name: str) -> Any:
        def hook(module: nn.Module, arguments: tuple[Any, ...], output: Any) -> None:
            if isinstance(output, torch.Tensor):
                _note(seen, f"the output of {name}{_call(calls[name])}", output)

        return hook

    handles: list[Any] = []
    for name, module in graph.named_modules():
        if isinstance(module, (nn.Conv2d, nn.Linear, nn.InstanceNorm2d)):
            handles.append(module.register_forward_pre_hook(before(name)))
            handles.append(module.register_forward_hook(after(name)))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _note(seen: list[tuple[str, torch.Tensor]], place: str, value: torch.Tensor) -> None:
    """Once for each value: converters merge what is the same, where two layers read it."""
    if not any(value is known for _, known in seen):
        seen.append((place, value))


def _call(number: int) -> str:
    return "" if number == 1 else f" (call {number})"


def first_divergence(
    probed: ProbedGraph, made: Mapping[str, Array], inputs: Mapping[str, Array], limits: Limits
) -> Divergence:
    """The first place whose values differ too much; the worst one where none stands out.

    Args:
        probed: the graph with probes.
        made: its outputs as the converted graph gave them.
        inputs: of both.
        limits: of the precision.
    """
    wanted = torch_run(probed)(inputs)
    errors = []
    for place, port in zip(probed.places, probed.outputs, strict=True):
        scale = max(float(np.abs(wanted[port.name]).max()), 1e-6)
        difference = made[port.name] - wanted[port.name]
        error = float(np.abs(difference).max()) / scale
        noise = float(np.sqrt((difference * difference).mean())) / scale
        allowed = DIVERGED if limits.max_error is not None else 10 ** (-(limits.min_psnr or 38.0) / 20)
        errors.append((place, error, (error if limits.max_error is not None else noise) / allowed))
    for number, (place, error, excess) in enumerate(errors):
        if not excess <= 1.0:
            return Divergence(place, errors[number - 1][0] if number else None, error)
    place, error, _ = max(errors, key=lambda entry: entry[2])
    return Divergence(f"no single layer; furthest off is {place}", None, error)
