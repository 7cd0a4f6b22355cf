"""`monalive-distill synthesize`: pictures of people who do not exist."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    add = parser.add_argument
    add("-o", "--output", type=Path, required=True, help="folder for the pictures and their manifest")
    add("--people", type=int, default=1000, help="how many people (default: %(default)s)")
    add("--first-seed", type=int, default=0, help="seed of the first person (default: %(default)s)")
    add("--variants", type=int, default=4, help="pictures of each person (default: %(default)s)")
    add("--edit-first", action="store_true", help="turn every picture, the first too: for --variants 1")
    add("--size", type=int, default=256, help="1024 or a divisor of 512 (default: %(default)s)")
    add("--minutes", type=float, help="stop after this long; run again to continue")
    add("--device", default="cpu", help="where to compute, for instance cuda (default: %(default)s)")
    add("--threads", type=int, help="CPU threads (default: torch's choice)")


def run(arguments: argparse.Namespace) -> None:
    """Makes or continues a set, with a progress bar."""
    import torch
    from tqdm import tqdm

    from monalive_distill.data.face_generator import FaceGenerator
    from monalive_distill.data.style_directions import load_directions
    from monalive_distill.data.synthetic_people import synthesize

    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    made = synthesize(
        arguments.output,
        FaceGenerator(device=arguments.device),
        load_directions(),
        people=arguments.people,
        first_seed=arguments.first_seed,
        variants=arguments.variants,
        edit_first=arguments.edit_first,
        size=arguments.size,
        seconds=arguments.minutes * 60 if arguments.minutes else None,
    )
    count = sum(1 for _ in tqdm(made, total=arguments.people, unit="person"))
    print(f"{count} people added to {arguments.output}")
