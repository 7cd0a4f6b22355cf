"""Weights to files: every graph to every target in every precision, each through the gate, and a bundle per target."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from monalive.atomic_file import atomic_path
from monalive.bundle import write_bundle
from monalive.faces.tracker_networks import holds_tracker
from monalive_export.checks.frames import Frame, check_folder, folder_frames, packaged_frames
from monalive_export.checks.parity import Reference
from monalive_export.graph_exporter import ExportOptions, Made, Say
from monalive_export.graphs.pipelines import ExportModel
from monalive_export.jobs import Job, Shared, in_processes, in_turn
from monalive_export.targets.artefact_file import make_folder
from monalive_export.targets.base import Target

__all__ = ["REPORT_FILE", "ExportOptions", "export_model"]

REPORT_FILE: Final = "export.json"
# Of the packaged samples (two people), and of a folder of clips, where everyone gives as many in turn.
GATE_FRAMES, CALIBRATION_FRAMES = 6, 12
GATE_FRAMES_OF_CLIPS, CALIBRATION_FRAMES_OF_CLIPS = 24, 48


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
        OSError: the folder cannot be written to, or there is none to take frames from; or one of several processes was
            ended from outside.
    """
    started = time.monotonic()
    for folder in (options.frames, options.calibration):
        if folder is not None:
            check_folder(folder)
    make_folder(options.output)
    if options.frames is None:
        frames = packaged_frames(GATE_FRAMES, model.image_size)
    else:
        frames = folder_frames(options.frames, GATE_FRAMES_OF_CLIPS, model.image_size)
    say(f"PyTorch on {len(frames)} frames")
    reference = Reference(model, frames)
    measured_on = reference
    calibrated = "int8-static" in options.asked
    if calibrated:
        measured_on = Reference(model, _calibration_frames(options.calibration, model.image_size))
    shared = Shared(options, reference, {name: measured_on.inputs(name) for name in model.graphs})
    made = _made(model, shared, say)
    files, bundles = [], []
    for number, target in enumerate(options.targets):
        of_target = {name: made[number, name] for name in model.graphs}
        for name, entries in of_target.items():
            files += [{"graph": name, "target": target.name} | entry for _, entry in entries.values()]
        bundles.append(_bundle(model, target, options, of_target))
        say(f"{bundles[-1]['file']}: {bundles[-1]['bytes'] / 1e6:.2f} MB")
    report = {
        "model": model.name,
        "model_version": options.model_version,
        "licence": options.licence,
        "seconds": round(time.monotonic() - started, 1),
        "frames": len(frames),
        "frames_of": _source(options.frames),
        "calibrated_on": _source(options.calibration) if calibrated else None,
        "files": files,
        "bundles": bundles,
    }
    with atomic_path(options.output / REPORT_FILE) as unfinished:
        unfinished.write_text(json.dumps(report, indent=1) + "\n")
    return report


def _made(model: ExportModel, shared: Shared, say: Say) -> dict[Job, Made]:
    targets = range(len(shared.options.targets))
    if shared.options.processes > 1 and model.source is not None:
        # What comes last in a pipeline is largest: long jobs first, so that no process is left alone with one.
        jobs = [(number, name) for name in reversed(list(model.graphs)) for number in targets]
        if len(jobs) > 1:
            return in_processes(model.source, shared, jobs, say)
    return in_turn(model, shared, [(number, name) for number in targets for name in model.graphs], say)


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
    made: Mapping[str, Made],
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
