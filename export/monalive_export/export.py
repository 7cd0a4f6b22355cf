"""Weights to files: every graph to every target in every precision, each through the gate, and a bundle per target."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import torch

from monalive.atomic_file import atomic_path
from monalive.bundle import write_bundle
from monalive.faces.tracker_networks import holds_tracker
from monalive_export.artefact_file import artefact_path, make_folder, write_checked
from monalive_export.divergence import ProbedGraph, first_divergence
from monalive_export.frames import Frame, check_folder, folder_frames, packaged_frames
from monalive_export.gate import LIMITS, Measured, Reference
from monalive_export.models import ExportModel, count_macs
from monalive_export.ports import Graph
from monalive_export.target import Facts, Target

REPORT_FILE: Final = "export.json"
# Of the packaged samples (two people), and of a folder of clips, where everyone gives as many in turn.
GATE_FRAMES, CALIBRATION_FRAMES = 6, 12
GATE_FRAMES_OF_CLIPS, CALIBRATION_FRAMES_OF_CLIPS = 24, 48
# What a user asks for with one word.
PRECISION_GROUPS: Final = {"fp32": ("fp32",), "fp16": ("fp16",), "int8": ("int8", "int8-static", "palette6")}

Say = Callable[[str], None]


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
    """

    output: Path
    targets: Sequence[Target]
    precisions: Sequence[str]
    model_version: str
    licence: str
    frames: Path | None = None
    calibration: Path | None = None


def export_model(model: ExportModel, options: ExportOptions, say: Say = lambda line: None) -> dict[str, Any]:
    """Exports a pipeline.

    Args:
        model: what to export.
        options: to what.
        say: called with a line of progress for every file.

    Returns:
        What `REPORT_FILE` in the folder holds: {"model", "model_version", "licence", "seconds", "frames",
        "frames_of", "calibrated_on", "files", "bundles"}.

    Raises:
        ValueError: a file does not pass the gate; the message names the first layer that diverges. Files that passed
            before it stay.
        OSError: the folder cannot be written to, or there is none to take frames from.
    """
    started = time.monotonic()
    for folder in (options.frames, options.calibration):
        if folder is not None:
            check_folder(folder)
    make_folder(options.output)
    precisions = [name for group in options.precisions for name in PRECISION_GROUPS[group]]
    if options.frames is None:
        frames = packaged_frames(GATE_FRAMES, model.image_size)
    else:
        frames = folder_frames(options.frames, GATE_FRAMES_OF_CLIPS, model.image_size)
    say(f"PyTorch on {len(frames)} frames")
    reference = Reference(model, frames)
    calibration = reference
    if "int8-static" in precisions:
        calibration = Reference(model, _calibration_frames(options.calibration, model.image_size))
    files, bundles = [], []
    for target in options.targets:
        made: dict[str, dict[str, tuple[bytes, dict[str, Any]]]] = {}
        for name, graph in model.graphs.items():
            exporter = _GraphExporter(model, name, target, options, reference, calibration)
            wanted = [p for p in target.precisions if p in precisions] if graph.compressible else ["fp32"]
            made[name] = {precision: exporter.write(precision, say) for precision in wanted}
            files += [{"graph": name, "target": target.name} | entry for _, entry in made[name].values()]
        bundles.append(_bundle(model, target, options, made))
        say(f"{bundles[-1]['file']}: {bundles[-1]['bytes'] / 1e6:.2f} MB")
    report = {
        "model": model.name,
        "model_version": options.model_version,
        "licence": options.licence,
        "seconds": round(time.monotonic() - started, 1),
        "frames": len(frames),
        "frames_of": _source(options.frames),
        "calibrated_on": _source(options.calibration) if "int8-static" in precisions else None,
        "files": files,
        "bundles": bundles,
    }
    with atomic_path(options.output / REPORT_FILE) as unfinished:
        unfinished.write_text(json.dumps(report, indent=1) + "\n")
    return report


class _GraphExporter:
    """One graph to one target."""

    def __init__(
        self,
        model: ExportModel,
        name: str,
        target: Target,
        options: ExportOptions,
        reference: Reference,
        calibration: Reference,
    ) -> None:
        self._model, self._name, self._target, self._options = model, name, target, options
        self._graph: Graph = model.graphs[name]
        self._reference = reference
        self._inputs = reference.inputs(name)
        self._calibration = calibration.inputs(name)
        self._tensors = {key: torch.from_numpy(value) for key, value in self._inputs[0].items()}
        self._macs = count_macs(self._graph, self._tensors)
        self._converted: Any = None

    def write(self, precision: str, say: Say) -> tuple[bytes, dict[str, Any]]:
        """Builds a file, passes it through the gate and names it: its content and its manifest's entry."""
        started = time.monotonic()
        if self._converted is None:
            self._converted = self._target.convert(self._graph, self._tensors)
        content = self._target.build(self._converted, self._graph, self._facts(precision), self._calibration)
        path = artefact_path(self._options.output, f"{self._name}_{precision}", self._target.format)
        measured: list[Measured] = []
        write_checked(path, content, self._target.format, lambda read: measured.append(self._check(read, precision)))
        entry = {
            "format": self._target.format,
            "precision": precision,
            "about": self._graph.about,
            "macs": self._macs,
            "inputs": [port.entry(port.name, self._shape(port.name)) for port in self._graph.inputs],
            "outputs": [port.entry(port.name, self._shape(port.name)) for port in self._graph.outputs],
            "gate": asdict(measured[0]),
        }
        seconds = time.monotonic() - started
        say(f"{path.name}: {len(content) / 1e6:.2f} MB, {_in_words(measured[0])} ({seconds:.0f} s)")
        return content, entry | {"path": path.name, "bytes": len(content), "seconds": round(seconds, 1)}

    def _facts(self, precision: str) -> Facts:
        name = f"{self._model.name}: {self._name}"
        return Facts(name, self._options.model_version, self._options.licence, precision)

    def _shape(self, port: str) -> tuple[int, ...]:
        return tuple(self._reference.values[0][port].shape)

    def _check(self, content: bytes, precision: str) -> Measured:
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
        return measured

    def _explain(self, precision: str, frame: int) -> str:
        """Where it goes wrong first in a frame: the graph once more, with every layer's values as outputs."""
        probed = ProbedGraph(self._graph, self._tensors).eval()
        converted = self._target.convert(probed, self._tensors)
        content = self._target.build(converted, probed, self._facts(precision), self._calibration)
        inputs = self._inputs[frame]
        made = self._target.load(content, probed)(inputs)
        return str(first_divergence(probed, made, inputs, LIMITS[precision]))


def _source(folder: Path | None) -> str:
    return "sample portraits" if folder is None else folder.name


def _calibration_frames(folder: Path | None, size: int) -> list[Frame]:
    if folder is None:
        return packaged_frames(CALIBRATION_FRAMES, size, GATE_FRAMES)  # others than the gate's
    return folder_frames(folder, CALIBRATION_FRAMES_OF_CLIPS, size)


def _bundle(
    model: ExportModel,
    target: Target,
    options: ExportOptions,
    made: Mapping[str, Mapping[str, tuple[bytes, Mapping[str, Any]]]],
) -> dict[str, Any]:
    """Writes the bundle of a target, every part in the precision that the target prefers."""
    parts, entries = {}, {}
    for name, files in made.items():
        if not model.graphs[name].bundled:
            continue
        preferred = target.precisions
        if model.graphs[name].per_frame and options.calibration is not None:
            preferred = (*target.calibrated, *preferred)
        precision = next(p for p in (*preferred, "fp32") if p in files)
        parts[name], entry = files[precision]
        entries[name] = {key: value for key, value in entry.items() if key not in ("path", "bytes", "seconds")}
    path = options.output / f"{target.name}.bundle"
    manifest = {
        "name": model.name,
        "model_version": options.model_version,
        "licence": options.licence,
        "runtime": target.runtime,
        "platforms": list(target.platforms),
        "image_size": model.image_size,
        "tracker": {"included": holds_tracker(parts), "licence": options.licence},
        "parts": entries,
    }
    write_bundle(path, manifest, parts)
    content = path.read_bytes()
    return {
        "file": path.name,
        "target": target.name,
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "precisions": {name: entry["precision"] for name, entry in entries.items()},
    }


def _in_words(measured: Measured) -> str:
    words = f"largest error {measured.max_error:.2g}"
    if measured.psnr_db is not None and measured.lpips_rise is not None:
        words += f", picture {measured.psnr_db:.1f} dB, LPIPS {measured.lpips_rise:+.4f}"
    return words
