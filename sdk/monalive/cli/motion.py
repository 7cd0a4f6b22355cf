"""`monalive motion`: the named motions, and motions taken from videos."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[Any]


def add_parser(commands: Commands) -> None:
    """Adds the command and its two sub-commands to the parser."""
    parser = commands.add_parser(
        "motion",
        help="list named motions, or take one from a video",
        description="Motions to animate photos with.",
    )
    actions = parser.add_subparsers(metavar="list|extract", required=True)

    listing = actions.add_parser(
        "list", help="named motions", description="Lists the motions that come with the package."
    )
    listing.set_defaults(run=run_list)

    extract = actions.add_parser(
        "extract",
        help="motion of a video to a .motion file",
        description="Writes the motion of the face in a video to a file: its landmarks and the coarse flow around it, "
        "none of its pixels.",
    )
    extract.add_argument("video", metavar="VIDEO", help="a video that shows one face")
    extract.add_argument("-o", "--output", required=True, metavar="X.motion", help="the file to write")
    extract.add_argument("-q", "--quiet", action="store_true", help="no progress bar, no summary")
    extract.set_defaults(run=run_extract)


def run_list(arguments: argparse.Namespace) -> int:
    """Prints each named motion with its length."""
    from monalive.motions import builtin_motions

    for name in builtin_motions.names():
        motion = builtin_motions.load(name)
        seconds = len(motion.timestamps_ms) / motion.fps
        print(f"{name:<14} {seconds:5.1f} s  {motion.fps:g} fps{'  loops' if motion.loop else ''}")
    return 0


def run_extract(arguments: argparse.Namespace) -> int:
    """Writes a .motion file."""
    from monalive.motions.motion_extraction import extract_motion

    motion = extract_motion(arguments.video, arguments.output, progress=not arguments.quiet)
    if not arguments.quiet:
        print(f"{arguments.output}: {len(motion.timestamps_ms)} frames at {motion.fps:g} fps")
    return 0
