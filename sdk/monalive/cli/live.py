"""`monalive live`: a camera drives a photo."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from monalive.cli import arguments as shared
from monalive.media.cameras import cameras, find_camera, require_camera
from monalive.media.screen import require_screen
from monalive.trust.consent import held_back

DESCRIPTION = (
    "Animates a photo live from your webcam. In the window, n (for neutral) makes your face as it is the photo's pose; "
    "Esc or q quits. The window comes with: pip install 'monalive[live]'"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    shared.add_photo_arguments(parser)
    parser.add_argument(
        "--camera", type=_camera, default=0, metavar="N|NAME", help="the camera's number or name (default 0)"
    )
    parser.add_argument("--list-cameras", action=_ListCameras, help="print the cameras by number and name")
    parser.add_argument("--record", metavar="OUT", help="write what is shown to a file, as 'animate -o' does")
    parser.add_argument(
        "--virtual-camera",
        action="store_true",
        help="be a camera for other programs (video calls, OBS); its frames carry the badge",
    )
    parser.add_argument("--no-window", action="store_true", help="no window; end with Ctrl-C or --seconds")
    parser.add_argument("--no-mirror", action="store_true", help="do not mirror the camera image")
    parser.add_argument("--seconds", type=shared.positive, metavar="S", help="end after so many seconds")
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
    """Raises ValueError or OSError if it is certain that there is no screen, or no such camera."""
    if not (arguments.no_window or arguments.record or arguments.virtual_camera):
        require_screen()
    require_camera(find_camera(arguments.camera))


def _camera(text: str) -> int | str:
    try:
        return int(text)
    except ValueError:
        return text


class _ListCameras(argparse.Action):
    """`--list-cameras`: prints them and ends."""

    def __init__(self, **texts: Any) -> None:
        super().__init__(nargs=0, default=argparse.SUPPRESS, **texts)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        for camera in cameras():
            print(f"{camera.number:>2}  {camera.name}")
        parser.exit()
