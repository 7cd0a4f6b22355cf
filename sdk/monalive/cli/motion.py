"""`monalive motion`: the named motions, and motions taken from videos and from speech."""

from __future__ import annotations

import argparse
import sys

from monalive.cli import arguments as shared

DESCRIPTION = "Motions to animate photos with."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments, by its two actions."""
    actions = parser.add_subparsers(metavar="list|extract|speech", required=True)

    listing = actions.add_parser(
        "list", help="named motions", description="Lists the motions that come with the package."
    )
    listing.set_defaults(action=_list)

    extract = actions.add_parser(
        "extract",
        help="save the motion of a video as a .motion file",
        description="Writes the motion of the face in a video to a file: its landmarks and the coarse flow around it, "
        "none of its pixels.",
    )
    extract.add_argument("video", metavar="VIDEO", help="a video that shows a face")
    shared.add_driver_face_argument(extract)
    extract.add_argument("-o", "--output", required=True, metavar="X.motion", help="the file to write")
    shared.add_reference_argument(extract, "neutral")
    extract.add_argument("-q", "--quiet", action="store_true", help="no progress bar, no summary")
    extract.set_defaults(action=_extract)

    speech = actions.add_parser(
        "speech",
        help="make a .motion file from recorded speech",
        description="Makes a motion from recorded speech: the lips follow the sound; blinks, brows and small head "
        "movements fit it. The file holds no sound. Playing it on a photo needs --consent.",
    )
    speech.add_argument("sound", metavar="SOUND", help="recorded speech, or a video with sound")
    speech.add_argument("-o", "--output", required=True, metavar="X.motion", help="the file to write")
    shared.add_speech_arguments(speech)
    shared.add_gain_argument(speech)
    speech.add_argument("--fps", type=shared.positive, default=25.0, metavar="F", help="frames per second (default 25)")
    speech.add_argument("-q", "--quiet", action="store_true", help="no summary")
    speech.set_defaults(action=_speech)


def run(arguments: argparse.Namespace) -> None:
    """Does what the action is for."""
    arguments.action(arguments)


def _list(arguments: argparse.Namespace) -> None:
    """Prints each named motion with its length."""
    from monalive.motions import builtin_motions

    for name in builtin_motions.names():
        motion = builtin_motions.load(name)
        seconds = len(motion.timestamps_ms) / motion.fps
        print(f"{name:<14} {seconds:5.1f} s  {motion.fps:g} fps{'  loops' if motion.loop else ''}")


def _extract(arguments: argparse.Namespace) -> None:
    """Writes a .motion file."""
    from monalive.motions.motion_extraction import extract_motion

    motion = extract_motion(
        arguments.video,
        arguments.output,
        reference=arguments.reference,
        progress=not arguments.quiet,
        driver_face=arguments.driver_face,
    )
    if not arguments.quiet:
        if motion.cuts_ms:
            print(f"monalive: {shared.cuts_found(motion.cuts_ms)}", file=sys.stderr)
        print(f"{arguments.output}: {len(motion.timestamps_ms)} frames at {motion.fps:g} fps")


def _speech(arguments: argparse.Namespace) -> None:
    """Writes a .motion file of what is said in a sound."""
    from monalive.motions.motion import Motion
    from monalive.motions.motion_extraction import require_motion_suffix

    require_motion_suffix(arguments.output)
    motion = Motion.from_speech(
        arguments.sound,
        expression=arguments.expression,
        gain=dict(arguments.gain),
        seed=arguments.seed,
        fps=arguments.fps,
    )
    motion.save(arguments.output)
    if not arguments.quiet:
        print(f"{arguments.output}: {len(motion)} frames at {motion.fps:g} fps")
