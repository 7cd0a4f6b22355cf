"""The command `monalive-distill evaluate`: measures a bundle on a folder of clips and writes a report."""

from __future__ import annotations

import argparse
from pathlib import Path

from monalive.tracker import FaceTracker
from monalive_distill.evaluation_clips import find_clips
from monalive_distill.evaluation_report import summary_text, write_evaluation
from monalive_distill.reenactors import BundleReenactor, geometry_prior_reenactor


def add_evaluate_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments that `run_evaluate` reads."""
    add = parser.add_argument
    add("clips_dir", type=Path, metavar="CLIPS_DIR", help="folder of .mp4 clips, one face in each")
    add(
        "-o",
        "--output",
        type=Path,
        default=Path("evaluation"),
        metavar="DIR",
        help="folder for evaluation.json, index.html and the contact sheets (default: %(default)s)",
    )
    add("--bundle", type=Path, metavar="FILE", help="the bundle to measure (default: the one that ships)")
    add("--frames", type=int, default=12, metavar="N", help="frames per clip besides the photo (default: 12)")
    add("--vgg", action="store_true", help="also LPIPS with VGG16 (slow)")
    add("--no-cross", action="store_true", help="leave cross-reenactment out")


def run_evaluate(args: argparse.Namespace) -> int:
    """Runs the command; 0 on success.

    Raises:
        FileNotFoundError, NotADirectoryError, PermissionError, ValueError: the clips, the bundle or the
            output folder cannot be used; the message says why.
    """
    clips = find_clips(args.clips_dir)
    with FaceTracker(settle=True) as tracker, BundleReenactor(args.bundle) as product:
        report = write_evaluation(
            clips,
            {"monalive": product, "geometry prior": geometry_prior_reenactor},
            tracker,
            args.output,
            frame_count=args.frames,
            with_vgg=args.vgg,
            with_cross=not args.no_cross,
            bundle=product.bundle,
        )
    print(summary_text(report))
    print(args.output / "index.html")
    return 0
