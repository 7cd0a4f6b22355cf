"""One graph to one target in every precision, each file through the gate before it is named."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch

from monalive_export.checks.divergence import ProbedGraph, first_divergence
from monalive_export.checks.parity import LIMITS, Measured, Reference
from monalive_export.checks.portability import Refused
from monalive_export.graphs.pipelines import ExportModel, count_macs
from monalive_export.graphs.ports import Graph
from monalive_export.precisions import PRECISION_GROUPS
from monalive_export.targets.artefact_file import artefact_path, write_checked
from monalive_export.targets.base import Facts, Target, Tensors

Say = Callable[[str], None]
# By precision: a file's content and its manifest's entry.
Made = dict[str, tuple[bytes, dict[str, Any]]]


@dataclass(frozen=True)
class ExportOptions:
    """What to export.

    Attributes:
        output: the folder.
        targets: from `targets.TARGETS`.
        precisions: keys of `PRECISION_GROUPS`.
        model_version, licence: of the weights; the licence as an SPDX name.
        frames: a folder of clips, or a cache of `monalive-distill prepare`, to measure the gate on; None for the sample
            portraits.
        calibration: such a folder of training clips for static int8, which bundles then prefer where it is fastest;
            None for the sample portraits.
        processes: how many work side by side, on a graph and a target each; 1: all in the calling one. More take a
            model that has a `source`, and a script that can be imported (`if __name__ == "__main__":`).

    Raises:
        ValueError: an unknown precision, or fewer than one process.
    """

    output: Path
    targets: Sequence[Target]
    precisions: Sequence[str]
    model_version: str
    licence: str
    frames: Path | None = None
    calibration: Path | None = None
    processes: int = 1

    def __post_init__(self) -> None:
        for precision in self.precisions:
            if precision not in PRECISION_GROUPS:
                raise ValueError(f"there is no precision {precision!r}: choose from {', '.join(PRECISION_GROUPS)}")
        if self.processes < 1:
            raise ValueError(f"the number of processes must be 1 or more, not {self.processes}")

    @property
    def asked(self) -> list[str]:
        """Every precision asked for, by the names of files."""
        return [precision for group in self.precisions for precision in PRECISION_GROUPS[group]]


class GraphExporter:
    """One graph to one target.

    Args:
        model, name: the graph.
        target: what to convert it to.
        options: see `ExportOptions`.
        reference: PyTorch's results on the frames of the gate.
        calibration: the graph's inputs on which static quantisation measures ranges.
    """

    def __init__(
        self,
        model: ExportModel,
        name: str,
        target: Target,
        options: ExportOptions,
        reference: Reference,
        calibration: Sequence[Tensors],
    ) -> None:
        self._model, self._name, self._target, self._options = model, name, target, options
        self._graph: Graph = model.graphs[name]
        self._reference = reference
        self._inputs = reference.inputs(name)
        self._calibration = calibration
        self._tensors = {key: torch.from_numpy(value) for key, value in self._inputs[0].items()}
        self._macs = count_macs(self._graph, self._tensors)
        self._converted: Any = None

    def write_all(self, say: Say) -> Made:
        """Writes a file in every precision asked for that the target has; see `write`."""
        asked = self._options.asked
        wanted = [p for p in self._target.precisions if p in asked] if self._graph.compressible else ["fp32"]
        if not self._graph.calibratable:
            wanted = [p for p in wanted if p != "int8-static"]
        return {precision: self.write(precision, say) for precision in wanted}

    def write(self, precision: str, say: Say) -> tuple[bytes, dict[str, Any]]:
        """Builds a file, passes it through the gate and names it: its content and its manifest's entry.

        Raises:
            ValueError: it does not pass; the message names what accelerators refuse, or the first layer that diverges.
            OSError: it cannot be written.
        """
        started = time.monotonic()
        if self._converted is None:
            self._converted = self._target.convert(self._graph, self._tensors)
        content = self._target.build(self._converted, self._graph, self._facts(precision), self._calibration)
        path = artefact_path(self._options.output, f"{self._name}_{precision}", self._target.format)
        passed: list[tuple[Refused, Measured]] = []
        write_checked(path, content, self._target.format, lambda read: passed.append(self._check(read, precision)))
        [(refused, measured)] = passed
        entry = {
            "format": self._target.format,
            "precision": precision,
            "about": self._graph.about,
            "macs": self._macs,
            "inputs": [port.entry(port.name, self._shape(port.name)) for port in self._graph.inputs],
            "outputs": [port.entry(port.name, self._shape(port.name)) for port in self._graph.outputs],
            **self._graph.details,
            "gate": asdict(measured),
            "accelerators": refused,
        }
        seconds = time.monotonic() - started
        say(f"{path.name}: {len(content) / 1e6:.2f} MB, {_in_words(measured)} ({seconds:.0f} s)")
        return content, entry | {"path": path.name, "bytes": len(content), "seconds": round(seconds, 1)}

    def _facts(self, precision: str) -> Facts:
        name = f"{self._model.name}: {self._name}"
        return Facts(name, self._options.model_version, self._options.licence, precision)

    def _shape(self, port: str) -> tuple[int, ...]:
        return tuple(self._reference.values[0][port].shape)

    def _check(self, content: bytes, precision: str) -> tuple[Refused, Measured]:
        refused = self._refused(content, precision)
        limits = LIMITS[precision]
        if limits.max_error is None:
            limits = replace(limits, max_error=self._graph.tolerance)
        measured = self._reference.measure(self._name, self._target.load(content, self._graph))
        failure = measured.failure(limits)
        if failure is not None:
            raise ValueError(
                f"the {self._target.name} {precision} file of {self._name!r} differs from PyTorch: {failure}; "
                f"{self._explain(precision, measured.worst_frame)}; it was not written"
            )
        return refused, measured

    def _refused(self, content: bytes, precision: str) -> Refused:
        """What accelerators refuse in a file that they need not take.

        Raises:
            ValueError: they have to take it.
        """
        refused = self._target.refused(content)
        for accelerator in self._target.accelerators if self._graph.accelerated else ():
            if refused[accelerator]:
                raise ValueError(
                    f"the {self._target.name} {precision} file of {self._name!r} does not run on the {accelerator}, "
                    f"which refuses {', '.join(refused[accelerator])}; write the graph with other operations, "
                    "or set `accelerated = False` on it if the CPU is to run it; it was not written"
                )
        return refused

    def _explain(self, precision: str, frame: int) -> str:
        """Where it goes wrong first in a frame: the graph once more, with every layer's values as outputs."""
        probed = ProbedGraph(self._graph, self._tensors).eval()
        converted = self._target.convert(probed, self._tensors)
        content = self._target.build(converted, probed, self._facts(precision), self._calibration)
        inputs = self._inputs[frame]
        made = self._target.load(content, probed)(inputs)
        return str(first_divergence(probed, made, inputs, LIMITS[precision]))


def _in_words(measured: Measured) -> str:
    words = f"largest error {measured.max_error:.2g}"
    if measured.psnr_db is not None and measured.lpips_rise is not None:
        words += f", picture {measured.psnr_db:.1f} dB, LPIPS {measured.lpips_rise:+.4f}"
    return words
