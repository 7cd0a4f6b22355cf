"""The gate: a file that was written is read back, run on real frames against PyTorch, and only then gets its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from monalive_distill.metrics.lpips import LPIPS
from monalive_export.checks.frames import Frame
from monalive_export.graphs.pipelines import ExportModel
from monalive_export.graphs.ports import Graph

Array = NDArray[np.float32]
Run = Callable[[Mapping[str, Array]], dict[str, Array]]
PICTURE: Final = "image"  # of graphs that give the finished picture themselves


@dataclass(frozen=True)
class Limits:
    """What a precision must keep; None: not asked.

    Attributes:
        max_error: largest error of any output, in parts of its range (of 1 where that is smaller).
        min_psnr: of the final picture in dB, in the worst frame.
        max_lpips_rise: by which the final picture's mean LPIPS (AlexNet) may be worse than PyTorch's. Where no true
            picture is known, its LPIPS from PyTorch's picture, which is more.
    """

    max_error: float | None = None
    min_psnr: float | None = None
    max_lpips_rise: float | None = None


_ROUNDED: Final = Limits(min_psnr=38.0, max_lpips_rise=0.003)
LIMITS: Final[Mapping[str, Limits]] = {
    "fp32": Limits(max_error=1e-4),
    "fp16": Limits(min_psnr=60.0),
    "int8": _ROUNDED,
    "int8-static": _ROUNDED,
    "palette6": _ROUNDED,
}


@dataclass(frozen=True)
class Measured:
    """What the gate found over its frames.

    Attributes:
        max_error: largest error of the file's own outputs, in parts of their range.
        worst_output: where.
        worst_frame: in which of the frames, counted from 0.
        psnr_db: of the final picture against PyTorch's, in the worst frame; None where there is no picture.
        lpips_rise: see `Limits`; None where there is no picture.
    """

    max_error: float
    worst_output: str
    worst_frame: int
    psnr_db: float | None
    lpips_rise: float | None

    def failure(self, limits: Limits) -> str | None:
        """What is not kept, or None."""
        if limits.max_error is not None and not self.max_error <= limits.max_error:
            return f"output {self.worst_output!r} is off by {self.max_error:.2g} (at most {limits.max_error:g})"
        if limits.min_psnr is not None and self.psnr_db is not None and not self.psnr_db >= limits.min_psnr:
            return f"the picture's PSNR is {self.psnr_db:.1f} dB (at least {limits.min_psnr:g})"
        most = limits.max_lpips_rise
        if most is not None and self.lpips_rise is not None and not self.lpips_rise <= most:
            return f"the picture's LPIPS rises by {self.lpips_rise:.4f} (at most {most:g})"
        return None


class Reference:
    """PyTorch's results on the frames, every graph's, computed once.

    Args:
        model: in `eval`.
        frames: at least one.
        outputs: of another `Reference` of the same model on these frames, so that they are not computed again.
    """

    def __init__(
        self, model: ExportModel, frames: Sequence[Frame], outputs: Sequence[Mapping[str, dict[str, Array]]] = ()
    ) -> None:
        self._model, self.frames = model, frames
        # By graph: two may name an output alike, as the tracker's landmarks and those retargeted are.
        self.outputs: list[dict[str, dict[str, Array]]] = [{} for _ in frames]
        known = outputs or self.outputs
        self.values = [
            self._run_on(frame.inputs, given, kept)
            for frame, given, kept in zip(frames, known, self.outputs, strict=True)
        ]
        self._pictures = {PICTURE, *(graph.outputs[0].name for graph in model.pictures)}
        self._lpips = LPIPS("alex") if self._pictures & set(self.values[0]) else None

    def inputs(self, name: str) -> list[dict[str, Array]]:
        """Of one graph, per frame."""
        graph = self._model.graphs[name]
        return [{port.name: values[port.name] for port in graph.inputs} for values in self.values]

    def measure(self, name: str, network: Run) -> Measured:
        """Compares a file with the graph it was made from, and the pictures with and without it in the pipeline."""
        graph, largest, worst, worst_frame = self._model.graphs[name], -1.0, "", 0
        psnrs, rises = [], []
        all_inputs, picture = self.inputs(name), self._picture(name)
        for number, (frame, wanted, inputs) in enumerate(zip(self.frames, self.values, all_inputs, strict=True)):
            made = network(inputs)
            for port in graph.outputs:
                error = relative_error(made[port.name], self.outputs[number][name][port.name])
                if not error <= largest:  # NaN is the worst of all
                    largest, worst, worst_frame = error, port.name, number
            if picture is not None:
                values = self._run_on(frame.inputs, {name: made})
                truth = frame.truth if picture == PICTURE else None
                psnrs.append(psnr_db(values[picture], wanted[picture]))
                rises.append(self._rise(values[picture], wanted[picture], truth))
        return Measured(
            largest, worst, worst_frame, min(psnrs) if psnrs else None, float(np.mean(rises)) if rises else None
        )

    def _picture(self, name: str) -> str | None:
        """Which picture depends on a graph, if any: frames bring their own target landmarks."""
        names = list(self._model.graphs)
        later = [self._model.graphs[other] for other in names[names.index(name) + 1 :]]
        changed = {port.name for port in self._model.graphs[name].outputs}
        for graph in (*later, *self._model.pictures):
            if changed & {port.name for port in graph.inputs}:
                changed |= {port.name for port in graph.outputs}
        return next(iter(changed & self._pictures), None)

    def _rise(self, made: Array, wanted: Array, truth: Array | None) -> float:
        if truth is None:
            return self._distance(made, wanted)
        size = made.shape[1]
        if truth.shape[0] != size:  # a few-shot model draws smaller pictures than the photos that it takes
            truth = np.asarray(cv2.resize(truth, (size, size), interpolation=cv2.INTER_AREA), np.float32)
        return self._distance(made, truth[None]) - self._distance(wanted, truth[None])

    @torch.inference_mode()
    def _distance(self, first: Array, second: Array) -> float:
        assert self._lpips is not None
        one, two = (torch.from_numpy(np.ascontiguousarray(x)).permute(0, 3, 1, 2) for x in (first, second))
        if one.shape[-1] < 64:  # smaller pictures vanish in AlexNet's pooling
            one, two = (torch.nn.functional.interpolate(x, size=(64, 64), mode="bilinear") for x in (one, two))
        return float(self._lpips(one, two))

    def _run_on(
        self,
        inputs: Mapping[str, Array],
        instead: Mapping[str, Mapping[str, Array]],
        outputs: dict[str, dict[str, Array]] | None = None,
    ) -> dict[str, Array]:
        """The whole pipeline on PyTorch, with some graphs' results given; every graph's are put into `outputs`."""
        values = dict(inputs)
        for name, graph in self._model.graphs.items():
            made = dict(instead[name]) if name in instead else torch_run(graph)(values)
            values |= made
            if outputs is not None:
                outputs[name] = made
        for picture in self._model.pictures:
            values |= torch_run(picture)(values)
        return values


def torch_run(graph: Graph) -> Run:
    """A graph on PyTorch as a function of arrays."""

    @torch.inference_mode()
    def run(values: Mapping[str, Array]) -> dict[str, Array]:
        inputs = {port.name: torch.from_numpy(values[port.name]) for port in graph.inputs}
        outputs = graph(**inputs)
        return {
            port.name: np.ascontiguousarray(output.numpy()) for port, output in zip(graph.outputs, outputs, strict=True)
        }

    return run


def relative_error(made: Array, wanted: Array) -> float:
    """Largest error in parts of the wanted values' range (of 1 where that is smaller)."""
    return float(np.abs(made - wanted).max()) / max(1.0, float(np.abs(wanted).max()))


def psnr_db(made: Array, wanted: Array) -> float:
    """Peak signal-to-noise ratio for values in [0, 1]."""
    return float(-10 * np.log10(max(float(((made - wanted) ** 2).mean()), 1e-20)))
