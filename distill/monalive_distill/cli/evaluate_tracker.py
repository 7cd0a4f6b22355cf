"""`monalive-distill evaluate-tracker`: our tracker against MediaPipe's."""

from __future__ import annotations

import argparse
import json
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    add = parser.add_argument
    add("clips_dir", type=Path, metavar="CLIPS_DIR", help="folder of .mp4 clips, one face in each")
    add("--portraits", type=Path, metavar="DIR", help="folder of pictures in which a face is to be found")
    add("--bundle", type=Path, metavar="FILE", help="the tracker's bundle (default: the one that ships)")
    add("--attributes", type=Path, metavar="TSV", help="what kind of face each clip shows, for slices")
    add("--frames", type=int, default=12, metavar="N", help="frames per clip besides the first (default: 12)")
    add("-o", "--output", type=Path, metavar="FILE", help="JSON file to write the results to")
    add("-q", "--quiet", action="store_true", help="no progress bar")


def run(arguments: argparse.Namespace) -> None:
    """Measures, and prints the results as JSON.

    Raises:
        FileNotFoundError, NotADirectoryError, ValueError: clips, pictures or the bundle cannot be used.
    """
    from monalive.atomic_file import atomic_path
    from monalive_distill.evaluation.clip_attributes import read_clip_attributes
    from monalive_distill.evaluation.clips import find_clips
    from monalive_distill.evaluation.portrait_sheets import find_portraits
    from monalive_distill.evaluation.tracker import evaluate_tracker

    clips = find_clips(arguments.clips_dir)
    portraits = find_portraits(arguments.portraits) if arguments.portraits is not None else []
    results = evaluate_tracker(
        clips,
        portraits,
        arguments.bundle,
        attributes=read_clip_attributes(arguments.attributes) if arguments.attributes is not None else None,
        frame_count=arguments.frames,
        progress=not arguments.quiet,
    )
    text = json.dumps(results, indent=1)
    if arguments.output is not None:
        with atomic_path(arguments.output) as unfinished:
            unfinished.write_text(text + "\n")
    print(text)
