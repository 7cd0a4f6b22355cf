"""Entry point of the `monalive-export` command."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from monalive_distill.lightweight_generator import build_generator
from monalive_distill.training_state import load_average, read_record
from monalive_export.litert import PRECISIONS, export_bundle

BAD_INPUT = 2


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command line; the exit code is 0, or 2 with one line on standard error for bad input."""
    arguments = build_parser().parse_args(argv)
    try:
        record = read_record(arguments.weights)
        generator = build_generator(str(record["variant"]))
        load_average(arguments.weights, generator)
        measured = export_bundle(
            generator,
            arguments.output,
            precision=arguments.precision,
            model_version=arguments.model_version,
            licence=arguments.licence,
        )
    except (ValueError, OSError) as error:
        print(f"monalive-export: {error}", file=sys.stderr)
        return BAD_INPUT
    print(f"{arguments.output}: largest error {measured['max_error']:.2g}, picture PSNR {measured['psnr_db']:.1f} dB")
    return 0


def build_parser() -> argparse.ArgumentParser:
    """The parser of the command line."""
    parser = argparse.ArgumentParser(prog="monalive-export", description="Trained weights to a bundle for the SDK.")
    parser.add_argument("weights", type=Path, help="state.safetensors of a training run")
    parser.add_argument("-o", "--output", type=Path, required=True, help="the bundle to write")
    parser.add_argument("--precision", choices=PRECISIONS, default="int8")
    parser.add_argument("--model-version", default="0.1.0")
    parser.add_argument("--licence", default="Apache-2.0")
    return parser
