"""`monalive-export report`: what was exported: size, speed, quality, accelerators."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

DESCRIPTION = "Plots size, speed and quality of what was exported."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("folder", type=Path, metavar="DIR", help="a folder that monalive-export wrote")
    parser.add_argument("-o", "--output", type=Path, metavar="PNG", help="the picture (default: DIR/report.png)")
    parser.add_argument("--bench", type=Path, metavar="JSON", help="times from `monalive bench --exported DIR --json`")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=20, help="runs of each network where no --bench is given")


def run(arguments: argparse.Namespace) -> None:
    """Draws the picture, prints its points and which accelerators take each file."""
    from monalive_export.report import draw, measure, read_accelerators, read_points

    if arguments.bench:
        benchmark = json.loads(arguments.bench.read_text())["networks"]
    else:
        benchmark = measure(arguments.folder, arguments.threads, arguments.repeats)
    points = read_points(arguments.folder, benchmark)
    output = arguments.output or arguments.folder / "report.png"
    draw(points, output)
    for point in points:
        speed = "not run here" if point.median_ms is None else f"{point.median_ms:7.2f} ms"
        print(f"{point.target:<7} {point.precision:<12} {point.megabytes:6.2f} MB {point.psnr_db:6.1f} dB  {speed}")
    print()
    for path, accelerators in read_accelerators(arguments.folder):
        print(f"{path:<36} {accelerators}")
    print(output)
