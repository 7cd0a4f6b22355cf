"""Size against speed against quality of what was exported, as a picture."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from monalive.atomic_file import atomic_path
from monalive.measuring.network_benchmark import measure_networks, networks_of_export
from monalive.networks.runtimes import RuntimeOptions
from monalive_export.export import REPORT_FILE

PART: Final = "animate"  # what runs for every frame
_COLOURS: Final = {"litert": "#1b7f5c", "onnx": "#b5651d", "coreml": "#3a5fa8"}
_MARKS: Final = {"fp32": "o", "fp16": "s", "int8": "^", "int8-static": "v", "palette6": "D"}


@dataclass(frozen=True)
class Point:
    """A file of the animate network.

    Attributes:
        target, precision: what it is.
        megabytes: its size.
        psnr_db: of its picture against PyTorch's, as the gate measured it.
        median_ms: of one run here; None where its runtime does not run here.
    """

    target: str
    precision: str
    megabytes: float
    psnr_db: float
    median_ms: float | None


def measure(folder: Path, threads: int, repeats: int) -> list[dict[str, Any]]:
    """Times of the animate network's files of an export, in every runtime that runs here; see `measure_networks`."""
    files = [file for file in networks_of_export(folder) if file.part == PART]
    return measure_networks(files, RuntimeOptions(num_threads=threads), repeats, print)


def read_points(folder: Path, benchmark: Sequence[Mapping[str, Any]]) -> list[Point]:
    """The animate network's files, with their times where they were measured.

    Args:
        folder: of an export.
        benchmark: of `measure_networks`; files are recognised by format and precision.

    Raises:
        FileNotFoundError: nothing was exported there.
        ValueError: there is no animate network among it.
    """
    report = folder / REPORT_FILE
    if not report.is_file():
        raise FileNotFoundError(f"there is no {REPORT_FILE} in {folder}; name a folder that monalive-export wrote")
    times: dict[tuple[str, str], float] = {}
    for entry in benchmark:
        if entry["part"] == PART and "median_ms" in entry:
            key = entry["format"], entry["precision"]
            times[key] = min(times.get(key, entry["median_ms"]), entry["median_ms"])
    points = [
        Point(
            entry["target"],
            entry["precision"],
            entry["bytes"] / 1e6,
            entry["gate"]["psnr_db"],
            times.get((entry["format"], entry["precision"])),
        )
        for entry in json.loads(report.read_text())["files"]
        if entry["graph"] == PART
    ]
    if not points:
        raise ValueError(f"{report} lists no {PART} network")
    return points


def draw(points: Sequence[Point], output: Path) -> None:
    """Two pictures side by side: size against quality of all files, speed against quality of those that ran here."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 4.6), layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2, sharey=True)
    for point in points:
        style: dict[str, Any] = {"color": _COLOURS.get(point.target, "black"), "marker": _MARKS[point.precision]}
        places = [(left, point.megabytes)]
        if point.median_ms is not None:
            places.append((right, point.median_ms))
        for axes, x in places:
            axes.scatter([x], [point.psnr_db], s=70, **style)
    left.set_xlabel("size of the animate network, MB")
    right.set_xlabel("time of one frame here, ms (median)")
    left.set_ylabel("picture against PyTorch's, dB PSNR (worst frame)")
    for axes in (left, right):
        axes.set_xlim(left=0)
        axes.margins(x=0.25, y=0.12)
        axes.grid(alpha=0.3)
    figure.legend(handles=_legend(points), loc="outside lower center", ncols=8, fontsize=8, frameon=False)
    with atomic_path(output) as unfinished:
        figure.savefig(unfinished, dpi=110)


def _legend(points: Sequence[Point]) -> list[Any]:
    """One entry per target (colour) and per precision (mark) among the points."""
    from matplotlib.lines import Line2D

    targets = [name for name in _COLOURS if any(point.target == name for point in points)]
    precisions = [name for name in _MARKS if any(point.precision == name for point in points)]
    colours = [Line2D([], [], color=_COLOURS[name], linewidth=4, label=name) for name in targets]
    return colours + [
        Line2D([], [], color="grey", marker=_MARKS[name], linestyle="none", label=name) for name in precisions
    ]
