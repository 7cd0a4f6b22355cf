"""`monalive bench`: how fast it is on this machine."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any, Final

from monalive.cli import arguments as shared

DESCRIPTION = "Measures each step (first run, median, 95th percentile) and memory along a video."


_SIZES: Final = object()  # --photo without a file


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("--json", metavar="FILE", help="also write the results, with machine and versions, to a file")
    parser.add_argument(
        "--record", metavar="DIR", help="also write them to a new file in this folder, as in benchmarks/"
    )
    parser.add_argument("--exported", metavar="DIR", help="also measure the files that monalive-export wrote to it")
    parser.add_argument(
        "--photo",
        nargs="?",
        const=_SIZES,
        metavar="FILE",
        help="a picture with a face (default: the sample portrait); without FILE, measure memory and time of animating "
        "photos of 1, 12, 48 and 200 megapixels instead",
    )
    parser.add_argument(
        "--repeats", type=shared.positive_int, default=60, metavar="N", help="runs per step (default 60)"
    )
    parser.add_argument(
        "--frames",
        type=shared.positive_int,
        metavar="N",
        help="video frames for the memory check (default 200), or for each size of photo (default 90)",
    )
    shared.add_model_arguments(parser)
    parser.add_argument("-q", "--quiet", action="store_true", help="no progress output")


def run(arguments: argparse.Namespace) -> None:
    """Measures and prints a table."""
    from monalive.measuring.benchmark import about_machine, as_table, record_name, run_benchmark
    from monalive.measuring.photo_benchmark import FRAMES, as_photo_table, measure_photos

    def report(step: str) -> None:
        if not arguments.quiet and sys.stderr.isatty():
            print(f"measuring {step} ...", file=sys.stderr)

    if arguments.photo is _SIZES:
        if arguments.record:
            raise ValueError("--record keeps the steps' times; use --json with --photo")
        rows = measure_photos(
            frames=arguments.frames or FRAMES, runtime=shared.runtime_options(arguments), report=report
        )
        if arguments.json:
            _write(Path(arguments.json), {"machine": about_machine(), "photos": rows})
        print("\n".join(as_photo_table(rows)))
        return
    results = run_benchmark(
        bundle=arguments.bundle,
        photo=arguments.photo,
        exported=arguments.exported,
        runtime=shared.runtime_options(arguments),
        repeats=arguments.repeats,
        video_frames=arguments.frames or 200,
        report=report,
    )
    files = [Path(arguments.json)] if arguments.json else []
    if arguments.record:
        files.append(Path(arguments.record) / record_name(results))
    for file in files:
        _write(file, results)
    print("\n".join(as_table(results)))


def _write(file: Path, results: dict[str, Any]) -> None:
    from monalive.atomic_file import atomic_path

    with atomic_path(file) as unfinished:
        unfinished.write_text(json.dumps(results, indent=1) + "\n")
