"""`monalive-distill evaluate`: measures a bundle on a folder of clips and writes a report."""

from __future__ import annotations

import argparse
from collections.abc import Collection, Sequence
from contextlib import ExitStack
from pathlib import Path

# Whose tracker networks.
OURS, TEACHERS = "monalive", "mediapipe"
PRODUCT, LANDMARKS_ALONE, GEOMETRY = "monalive", "without background flow", "geometry prior"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
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
    add(
        "--beside",
        type=Path,
        nargs="+",
        default=[],
        metavar="FILE",
        help="further bundles, measured on the same frames in the same report",
    )
    add("--frames", type=int, default=12, metavar="N", help="frames per clip besides the photo (default: 12)")
    further = "further frames per clip in which faces are read for expressions; 0: none (default: %(default)s)"
    add("--expression-frames", type=int, default=24, metavar="N", help=further)
    add("--clips", type=int, metavar="N", help="only N clips, spread evenly (default: all)")
    add("--vgg", action="store_true", help="also LPIPS with VGG16 (slow)")
    add("--portraits", type=Path, metavar="DIR", help="also show these pictures, driven by --drivers")
    add("--drivers", type=Path, nargs="+", default=[], metavar="FILE", help="videos that drive the portraits")
    add("--tracker", choices=(OURS, TEACHERS), default=OURS, help="which tracker reads the driver")
    add("--no-cross", action="store_true", help="skip cross-reenactment")


def run(arguments: argparse.Namespace) -> None:
    """Measures and writes the report.

    Raises:
        FileNotFoundError, NotADirectoryError, PermissionError, ValueError: the clips, the bundle or the
            output folder cannot be used; the message says why.
    """
    from monalive.animator import PhotoAnimator
    from monalive.bundle import Bundle
    from monalive.faces.tracker import FaceTracker
    from monalive.faces.tracker_factory import SharedNetworkTrackers
    from monalive.faces.tracker_networks import bundle_with_tracker, load_tracker_networks
    from monalive.options import PhotoAnimatorOptions
    from monalive_distill.evaluation.clips import find_clips, spread_clips
    from monalive_distill.evaluation.moved_photo import UNMOVED
    from monalive_distill.evaluation.portrait_sheets import find_portraits, write_portrait_sheets
    from monalive_distill.evaluation.reenactment import TRUTH
    from monalive_distill.evaluation.reenactment_methods import (
        BundleMethod,
        geometry_prior_method,
        without_surroundings,
    )
    from monalive_distill.evaluation.report import summary_text, write_evaluation
    from monalive_distill.mediapipe_tracker.networks import mediapipe_networks, mediapipe_tracker

    clips = spread_clips(find_clips(arguments.clips_dir), arguments.clips)
    if (arguments.portraits is None) != (not arguments.drivers):
        raise ValueError("--portraits and --drivers go together: name a folder of pictures and videos that drive them")
    names = _names(arguments.beside, (PRODUCT, LANDMARKS_ALONE, GEOMETRY, UNMOVED, TRUTH))
    trackers = None  # those of the bundle
    if arguments.tracker == TEACHERS:
        networks = mediapipe_networks()
        trackers = SharedNetworkTrackers(networks)
    else:
        networks = load_tracker_networks(bundle_with_tracker(Bundle.load(arguments.bundle)))
    with (
        ExitStack() as stack,
        FaceTracker(networks, settle=True) as tracker,
        # The teacher compares, so that figures can be compared whichever tracker drives.
        mediapipe_tracker(settle=True) as measurer,
        BundleMethod(arguments.bundle, trackers=trackers) as product,
    ):
        beside = {
            name: stack.enter_context(BundleMethod(path, trackers=trackers))
            for name, path in zip(names, arguments.beside, strict=True)
        }
        portraits = []
        if arguments.portraits is not None:
            arguments.output.mkdir(parents=True, exist_ok=True)
            options = PhotoAnimatorOptions(bundle_path=arguments.bundle, trackers=trackers)
            with PhotoAnimator.create_from_options(options) as animator:
                portraits = write_portrait_sheets(
                    find_portraits(arguments.portraits), arguments.drivers, animator, arguments.output
                )
        report = write_evaluation(
            clips,
            {
                PRODUCT: product,
                **beside,
                LANDMARKS_ALONE: without_surroundings(product),
                GEOMETRY: geometry_prior_method,
            },
            tracker,
            arguments.output,
            measurer=measurer,
            frame_count=arguments.frames,
            expression_frames=arguments.expression_frames,
            with_vgg=arguments.vgg,
            with_cross=not arguments.no_cross,
            only_self={LANDMARKS_ALONE},  # relative transfer never takes background flow over
            pictures_only={LANDMARKS_ALONE, GEOMETRY},
            bundle=product.bundle,
            beside={name: other.bundle for name, other in beside.items()},
            portraits=portraits,
        )
    print(summary_text(report))
    print(arguments.output / "index.html")


def _names(bundles: Sequence[Path], taken: Collection[str]) -> list[str]:
    """What further bundles are called in the report: their files' names.

    Raises:
        ValueError: two would be called the same, or as something else that is measured.
    """
    names = [path.stem for path in bundles]
    for name in names:
        if names.count(name) > 1 or name in taken:
            raise ValueError(f"--beside: two things in the report would be called {name!r}; rename a file")
    return names
