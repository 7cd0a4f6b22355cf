"""`monalive animate`: photos and a motion in, a video out."""

from __future__ import annotations

import argparse
import sys

from monalive.cli import arguments as shared
from monalive.limits import MODELS
from monalive.trust.consent import held_back

DESCRIPTION = "Makes a video of a photo that follows a named motion, a driver video or picture, or recorded speech."
EPILOG = """examples:
  monalive animate portrait.jpg --motion smile -o out.mp4
  monalive animate painting.png --driver talk.mp4 -o out.webm --gain lips=1.2
  monalive animate me.jpg --speech voice.wav --consent self -o out.mp4
  monalive animate first_frame.png --driver clip.mp4 --absolute --no-smooth -o frames/
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    shared.add_photo_arguments(parser)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--motion", metavar="NAME|FILE", help="one of 'monalive motion list', or a .motion file")
    source.add_argument("--driver", metavar="FILE", help="a video or a picture of a face to follow")
    source.add_argument(
        "--speech",
        metavar="FILE",
        help="recorded speech, or a video with sound: the lips follow it and the sound is kept; needs --consent",
    )
    shared.add_speech_arguments(parser)
    parser.add_argument(
        *("-o", "--output"),
        required=True,
        metavar="OUT",
        help=".mp4, .mov, .webm, .gif, .webp, a folder for numbered PNG files, or .png/.jpg for a single frame",
    )
    shared.add_driver_face_argument(parser)
    shared.add_retarget_arguments(parser)
    shared.add_reference_argument(parser, None, "neutral, or what the file of --motion names")
    shared.add_disclosure_arguments(parser)
    shared.add_background_argument(parser)
    parser.add_argument("--crop", action="store_true", help="write only the 256x256 picture of the face")
    length = parser.add_mutually_exclusive_group()
    length.add_argument(
        "--seconds", type=shared.positive, metavar="S", help="length: motions and speech repeat, a driver is cut"
    )
    length.add_argument("--loops", type=shared.positive_int, metavar="N", help="play it N times, with its sound")
    parser.add_argument("--boomerang", action="store_true", help="play it forward, then backward, without sound")
    parser.add_argument(
        "--pad-to-sound", action="store_true", help="hold the last picture until the driver's sound ends"
    )
    parser.add_argument("--fps", type=shared.positive, metavar="F", help="frames per second (default: the motion's)")
    parser.add_argument(
        "--network-every",
        type=int,
        choices=(1, 2),
        default=1,
        metavar="1|2",
        help="2: run the networks for every second frame and interpolate between, which takes less power; fast motion "
        "gets a little softer (default 1)",
    )
    parser.add_argument(
        "--model",
        choices=MODELS,
        default="default",
        help="full: a much larger network draws the mouth (default: default); it takes the package monalive-full",
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="no progress bar, no summary")


def run(arguments: argparse.Namespace) -> None:
    """Animates as the command line says."""
    from monalive.render.animation import AnimationRequest, animate_photos

    request = AnimationRequest(
        photos=arguments.photos,
        output=arguments.output,
        motion=arguments.motion,
        driver=arguments.driver,
        speech=arguments.speech,
        expression=arguments.expression,
        seed=arguments.seed,
        face=arguments.face,
        driver_face=arguments.driver_face,
        max_faces=arguments.max_faces,
        size=arguments.size,
        retarget=shared.retarget_options(arguments),
        crop=arguments.crop,
        seconds=arguments.seconds,
        loops=arguments.loops,
        boomerang=arguments.boomerang,
        pad_to_sound=arguments.pad_to_sound,
        fps=arguments.fps,
        reference=arguments.reference,
        bundle=arguments.bundle,
        runtime=shared.runtime_options(arguments),
        network_every=arguments.network_every,
        model=arguments.model,
        disclosure=shared.disclosure(arguments),
        background=arguments.background,
    )
    with held_back():  # it is printed once all went well: an error stays one line
        written = animate_photos(request, progress=not arguments.quiet)
    shared.print_consent_notice(arguments)
    if not arguments.quiet:
        if written.still_frames:
            count = written.still_frames
            print(
                f"monalive: no face in the first {count} driver frames; the photo does not move until one appears",
                file=sys.stderr,
            )
        if written.cuts_ms:
            print(f"monalive: {shared.cuts_found(written.cuts_ms)}", file=sys.stderr)
        print(f"{written.path}: {written.frames} frames{shared.credentials_beside(written.credentials)}")
