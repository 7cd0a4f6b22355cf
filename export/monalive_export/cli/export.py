"""`monalive-export WEIGHTS`: trained weights to files and bundles."""

from __future__ import annotations

import argparse
import filecmp
import os
import sys
from pathlib import Path

from monalive.bundle import Bundle
from monalive_distill.packaged_assets import lightweight_weights, region_weights, tracker_weights
from monalive_export.precisions import PRECISION_GROUPS
from monalive_export.targets.registry import TARGETS, load_target

DESCRIPTION = (
    "Exports trained weights to files for phones and the web. Each file is checked against PyTorch before it is listed."
)
OWN_WEIGHTS = "own"
MOST_PROCESSES = 4  # unless more are asked for: the longest graph of one target takes as long as a quarter of the rest


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("weights", type=Path, help="state.safetensors of a run, or a fine-tuned person's .ckpt")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="the folder to write to")
    parser.add_argument("--to", type=_names, default=["litert"], metavar="A,B", help=f"any of {', '.join(TARGETS)}")
    parser.add_argument(
        "--precision",
        type=_names,
        default=["int8"],
        metavar="A,B",
        help=f"any of {', '.join(PRECISION_GROUPS)}; int8 is both dynamic and static, and palettes for Core ML",
    )
    parser.add_argument(
        "--tracker",
        type=Path,
        metavar="WEIGHTS",
        help="the face tracker's networks, a file of monalive-distill tracker-weights (default: those that ship)",
    )
    parser.add_argument(
        "--regions",
        type=Path,
        metavar="WEIGHTS",
        help="the networks of eyes and mouth, a file of monalive-distill region-weights (default: those that ship)",
    )
    parser.add_argument(
        "--model-version",
        metavar="V",
        help=f"model version written into the files (default: that of the shipped weights, {OWN_WEIGHTS!r} for others)",
    )
    parser.add_argument("--licence", default="Apache-2.0", help="licence of the weights, as an SPDX name")
    clips = "a folder of clips, or a cache that monalive-distill prepare made"
    parser.add_argument("--frames", type=Path, metavar="FOLDER", help=f"measure the gate on frames of {clips}")
    parser.add_argument(
        "--calibrate",
        type=Path,
        metavar="FOLDER",
        help=f"calibrate static int8 on {clips}; the LiteRT bundle then uses it, the fastest precision there",
    )
    parser.add_argument(
        "--processes",
        type=int,
        default=min(_cores(), MOST_PROCESSES),
        metavar="N",
        help="processes that run at the same time (default: one per core, %(default)s here; each takes about 2 GB)",
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="print only errors")


def run(arguments: argparse.Namespace) -> None:
    """Exports, and says what was written."""
    from monalive_export.export import REPORT_FILE, ExportOptions, export_model
    from monalive_export.graphs.pipelines import load_model

    targets = [load_target(name) for name in arguments.to]
    options = ExportOptions(
        output=arguments.output,
        targets=targets,
        precisions=arguments.precision,
        model_version=arguments.model_version or _version(arguments),
        licence=arguments.licence,
        frames=arguments.frames,
        calibration=arguments.calibrate,
        processes=arguments.processes,
    )

    def say(line: str) -> None:
        if not arguments.quiet:
            print(line, file=sys.stderr, flush=True)

    report = export_model(
        load_model(arguments.weights, arguments.tracker or tracker_weights(), arguments.regions or region_weights()),
        options,
        say,
    )
    if not arguments.quiet:
        count = len(report["files"])
        print(f"{arguments.output}: {count} files in {report['seconds']:.0f} s, listed in {REPORT_FILE}")


def _version(arguments: argparse.Namespace) -> str:
    """Of the weights that ship where all of them are exported."""
    given = [
        (arguments.weights, lightweight_weights()),
        (arguments.tracker, tracker_weights()),
        (arguments.regions, region_weights()),
    ]
    ship = all(path is None or (path.is_file() and filecmp.cmp(path, ours, shallow=False)) for path, ours in given)
    return Bundle.load().model_version if ship else OWN_WEIGHTS


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _names(text: str) -> list[str]:
    return list(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
