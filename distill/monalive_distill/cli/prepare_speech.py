"""`monalive-distill prepare-speech`: track people who talk in clips and cache sound and mouths for training."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from monalive.cli.arguments import positive_int


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    add = parser.add_argument
    add("source", type=Path, help="folder of videos with sound")
    add("-o", "--output", type=Path, required=True, help="folder of the cache; what is there already is kept")
    add("--person", metavar="NAME", help="all clips show this person (default: what the table beside the folder says)")
    add("--phones", action="store_true", help="find the phones too, with pocketsphinx")
    add(
        "--synthetic",
        type=positive_int,
        metavar="N",
        help="add N sentences by espeak-ng and flite, their mouths learnt from this cache's phones",
    )


def run(arguments: argparse.Namespace) -> None:
    """Makes the cache.

    Raises:
        FileNotFoundError, ImportError, ValueError: clips, a synthesiser or pocketsphinx are missing.
    """
    from monalive_distill.speech.clips import load_clips, prepare_clips
    from monalive_distill.speech.phones import prepare_phones
    from monalive_distill.speech.tracks import load_tracks, prepare_synthetic

    count, left_out = prepare_clips(arguments.source, arguments.output, person=arguments.person)
    print(f"{count} clips in {arguments.output}")
    if arguments.phones:
        for line in prepare_phones(arguments.output, load_clips(arguments.output)):
            print(f"not aligned {line}", file=sys.stderr)
    if arguments.synthetic is not None:
        seconds = prepare_synthetic(arguments.output, load_tracks(arguments.output), arguments.synthetic)
        print(f"{arguments.synthetic} synthetic sentences, {seconds / 60:.0f} minutes")
    for line in left_out:
        print(f"left out {line}", file=sys.stderr)
