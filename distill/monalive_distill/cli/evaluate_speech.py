"""`monalive-distill evaluate-speech`: lips that sound moves, against three baselines."""

from __future__ import annotations

import argparse
import json
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    add = parser.add_argument
    add("caches", type=Path, nargs="+", help="folders made by prepare-speech --phones")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--bundle", type=Path, metavar="FILE", help="measure a bundle (default: the one that ships)")
    what.add_argument("--weights", type=Path, metavar="FILE", help="measure the weights of a run instead")
    add("--sheet", type=Path, metavar="PNG", help="draw sound, phones, openings and mouths of some held-out clips")
    add("-o", "--output", type=Path, metavar="FILE", help="JSON file to write the results to")


def run(arguments: argparse.Namespace) -> None:
    """Measures, and prints the results as JSON.

    Raises:
        FileNotFoundError, ValueError: a cache, the bundle or the weights cannot be used.
    """
    from monalive.atomic_file import atomic_path
    from monalive.speech.lips_network import speech_bundle_path
    from monalive_distill.speech.evaluate import bundle_method, evaluate_speech, network_method
    from monalive_distill.speech.sheet import write_speech_sheet
    from monalive_distill.speech.tracks import load_tracks

    if arguments.weights is not None:
        ours = network_method(arguments.weights)
    else:
        ours = bundle_method(arguments.bundle or speech_bundle_path())
    tracks = load_tracks(*arguments.caches)
    text = json.dumps(evaluate_speech(tracks, ours), indent=1)
    if arguments.output is not None:
        with atomic_path(arguments.output) as unfinished:
            unfinished.write_text(text + "\n")
    if arguments.sheet is not None:
        write_speech_sheet(arguments.sheet, tracks, ours)
    print(text)
