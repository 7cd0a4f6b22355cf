"""`monalive-distill personalize`: make a bundle for one person from their photos."""

from __future__ import annotations

import argparse
from pathlib import Path

from monalive.cli.arguments import not_negative
from monalive_distill.cli.training_arguments import (
    add_compute_arguments,
    add_config_arguments,
    chosen_config,
    use_compute,
)
from monalive_distill.personalization.settings import Personalization


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    add = parser.add_argument
    add("photos", type=Path, nargs="+", metavar="PHOTO", help="1 to 32 photos of the person")
    add("-o", "--output", type=Path, required=True, help="the bundle to write")
    add("--weights", type=Path, help="of the lightweight generator to begin with (default: those that ship)")
    add("--minutes", type=not_negative, help=f"at most (default {Personalization.minutes})")
    add("--steps", type=int, help=f"at most (default {Personalization.steps})")
    add_config_arguments(parser)
    add("--precision", choices=("int8", "fp32"), default="int8")
    add_compute_arguments(parser)


def run(arguments: argparse.Namespace) -> None:
    """Learns the person and writes the bundle.

    Raises:
        FileNotFoundError: a photo, the weights, the output's folder or the export packages are missing.
        ValueError: too many photos, one without a face, or weights of another model.
    """
    from monalive.bundle import Bundle
    from monalive_distill.few_shot.person_photos import check_photo_count, find_photos
    from monalive_distill.generator.lightweight_generator import load_generator
    from monalive_distill.packaged_assets import lightweight_weights
    from monalive_distill.personalization.bundle_exporter import find_bundle_exporter
    from monalive_distill.personalization.personalize import personalize

    check_photo_count(len(arguments.photos))
    export_bundle = find_bundle_exporter()  # before the minutes of work, not after them
    if not arguments.output.resolve().parent.is_dir():
        raise FileNotFoundError(f"cannot write {arguments.output}: there is no folder {arguments.output.parent}")
    device = use_compute(arguments)
    generator = load_generator(arguments.weights or lightweight_weights())
    photos = find_photos(arguments.photos)
    flags = {"steps": arguments.steps, "minutes": arguments.minutes}
    settings = chosen_config(Personalization, arguments, flags)
    made = personalize(generator, photos, settings, device)
    shipped = Bundle.load()
    export_bundle(
        generator.cpu(),
        arguments.output,
        precision=arguments.precision,
        model_version=f"{shipped.model_version}+person",
        licence=str(shipped.manifest["licence"]),
    )
    told = f"{made.held_out} photos held out" if made.held_out else "photos moved by geometry"
    if made.kept_step == 0:
        shared = "personalization did not improve on the shared weights; the bundle contains those unchanged"
        print(f"{arguments.output}: {shared} ({told})")
    else:
        before, after = made.checks[0], made.kept
        print(f"{arguments.output}: {made.steps} steps, the state after {made.kept_step} kept ({told})")
        print(f"LPIPS {before.lpips:.4f} before, {after.lpips:.4f} after; CSIM {before.csim:.4f}, {after.csim:.4f}")
