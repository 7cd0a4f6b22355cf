"""`monalive live`: a camera or a microphone drives a photo."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from monalive.cli import arguments as shared
from monalive.media.cameras import cameras, find_camera, require_camera
from monalive.media.screen import require_screen
from monalive.speech.microphones import find_microphone, microphones
from monalive.trust.consent import held_back, require_consent_to_speech, stated_consent

DESCRIPTION = (
    "Animates a photo live from your webcam or from your microphone. In the window, press n (neutral) to "
    "make the face you show now count as the photo's pose; Esc or q quits. Window and microphone need: pip install "
    "'monalive[live]'"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    shared.add_photo_arguments(parser)
    parser.add_argument(
        "--camera", type=_number_or_name, default=0, metavar="N|NAME", help="the camera's number or name (default 0)"
    )
    parser.add_argument("--list-cameras", action=_ListCameras, help="print the cameras by number and name")
    parser.add_argument(
        "--microphone",
        type=_number_or_name,
        nargs="?",
        const="",
        metavar="N|NAME",
        help="the lips follow what this microphone hears (default: the system's choice), 0.2 seconds later; needs "
        "--consent. Recordings have no sound",
    )
    parser.add_argument("--list-microphones", action=_ListMicrophones, help="print the microphones by number and name")
    shared.add_speech_arguments(parser)
    parser.add_argument("--record", metavar="OUT", help="write what is shown to a file, as 'animate -o' does")
    parser.add_argument(
        "--virtual-camera",
        action="store_true",
        help="act as a camera for other programs (video calls, OBS); its frames carry the badge",
    )
    parser.add_argument("--no-window", action="store_true", help="no window; end with Ctrl-C or --seconds")
    parser.add_argument("--no-mirror", action="store_true", help="do not mirror the camera image")
    parser.add_argument("--seconds", type=shared.positive, metavar="S", help="stop after this many seconds")
    shared.add_driver_face_argument(parser)
    shared.add_retarget_arguments(parser)
    parser.add_argument(
        "--reference",
        choices=["recent", "neutral", "first"],
        default="recent",
        help="when your face counts as the photo's pose: at its most neutral in the first 3 seconds and again every "
        "15 seconds (recent, default), in the first 3 seconds only (neutral), or when it is first seen (first)",
    )
    shared.add_disclosure_arguments(parser)
    shared.add_background_argument(parser)
    parser.add_argument("-q", "--quiet", action="store_true", help="no summary")


def run(arguments: argparse.Namespace) -> None:
    """Runs until the window is closed, the time is over, or Ctrl-C."""
    if "cv2" not in sys.modules:  # what is certain is said before anything slow is loaded
        _look_first(arguments)
    from monalive.render.live import LiveRequest, run_live

    request = LiveRequest(
        photos=arguments.photos,
        camera=arguments.camera,
        microphone=arguments.microphone,
        expression=arguments.expression,
        seed=arguments.seed,
        record=arguments.record,
        window=not arguments.no_window,
        virtual_camera=arguments.virtual_camera,
        mirror=not arguments.no_mirror,
        seconds=arguments.seconds,
        face=arguments.face,
        driver_face=arguments.driver_face,
        max_faces=arguments.max_faces,
        size=arguments.size,
        retarget=shared.retarget_options(arguments),
        reference=arguments.reference,
        bundle=arguments.bundle,
        runtime=shared.runtime_options(arguments),
        disclosure=shared.disclosure(arguments),
        background=arguments.background,
    )
    with held_back():
        summary = run_live(request)
    shared.print_consent_notice(arguments)
    if not arguments.quiet:
        print(
            f"{summary.frames} frames, {summary.fps:.1f} per second"
            + (f", written to {summary.path}{shared.credentials_beside(summary.credentials)}" if summary.path else "")
        )


def _look_first(arguments: argparse.Namespace) -> None:
    """Raises ValueError, OSError or ImportError if it is certain that there is no screen, or no such camera or
    microphone."""
    if not (arguments.no_window or arguments.record or arguments.virtual_camera):
        require_screen()
    if arguments.microphone is not None:
        require_consent_to_speech(stated_consent(arguments.consent))
        find_microphone(arguments.microphone)
        return
    require_camera(find_camera(arguments.camera))


def _number_or_name(text: str) -> int | str:
    try:
        return int(text)
    except ValueError:
        return text


class _ListMicrophones(argparse.Action):
    """`--list-microphones`: prints them and ends."""

    def __init__(self, **texts: Any) -> None:
        super().__init__(nargs=0, default=argparse.SUPPRESS, **texts)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        try:
            for number, name in microphones().items():
                print(f"{number:>2}  {name}")
        except (ImportError, OSError) as error:
            parser.error(str(error))
        parser.exit()


class _ListCameras(argparse.Action):
    """`--list-cameras`: prints them and ends."""

    def __init__(self, **texts: Any) -> None:
        super().__init__(nargs=0, default=argparse.SUPPRESS, **texts)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        for camera in cameras():
            print(f"{camera.number:>2}  {camera.name}")
        parser.exit()
