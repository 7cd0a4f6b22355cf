"""Arguments that several commands share, and how their texts are read."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from monalive.limits import LONGEST_SIDE, MAX_FACES
from monalive.motions.moods import EXPRESSIONS
from monalive.networks.runtimes import DELEGATES, RUNTIMES, RuntimeOptions
from monalive.packaged_assets import is_sample_portrait
from monalive.retargeting.retarget_options import REGIONS, RetargetOptions
from monalive.trust.consent import NOTICE, Consent, stated_consent
from monalive.trust.credential import Credential

if TYPE_CHECKING:
    from monalive.faces.driver_rule import DriverFace
    from monalive.media.cutout import Colour
    from monalive.motions.driver_takes import Reference
    from monalive.render.render import FaceChoice
    from monalive.trust.disclosure import Disclosure

_CUTS_SHOWN: Final = 5


def add_photo_arguments(parser: argparse.ArgumentParser) -> None:
    """PHOTO..., --face, --max-faces, --size, and those of `add_model_arguments`."""
    parser.add_argument(
        "photos", metavar="PHOTO", nargs="+", help="a photo or painting; several of the same person help"
    )
    parser.add_argument(
        "--face",
        type=face_choice,
        default="largest",
        metavar="largest|N|all",
        help="which face of the photo: the largest (default), the Nth from the left counted from 0, or all",
    )
    parser.add_argument(
        "--max-faces",
        type=positive_int,
        default=MAX_FACES,
        metavar="N",
        help=f"take the N largest faces of a photo that shows more (default {MAX_FACES})",
    )
    parser.add_argument(
        "--size",
        type=picture_size,
        default=LONGEST_SIDE,
        metavar="N|native",
        help="longest side of the result in pixels: larger photos are made smaller "
        f"(default {LONGEST_SIDE}); native keeps their size",
    )
    add_model_arguments(parser)


def add_driver_face_argument(parser: argparse.ArgumentParser) -> None:
    """--driver-face."""
    parser.add_argument(
        "--driver-face",
        type=driver_face,
        default="auto",
        metavar="auto|largest|moving|N",
        help="which face to follow if the driver shows several: one that is large, central and moves (auto, the "
        "default), the largest, the one that moves most in the first second, or the Nth from the left counted from 0; "
        "that face keeps driving",
    )


def add_speech_arguments(parser: argparse.ArgumentParser) -> None:
    """--expression, --seed."""
    parser.add_argument(
        "--expression",
        choices=EXPRESSIONS,
        default="neutral",
        help="how the face looks while it speaks (default neutral)",
    )
    parser.add_argument(
        "--seed",
        type=not_negative_int,
        default=0,
        metavar="N",
        help="another number gives other movements of head, brows and eyes during speech (default 0)",
    )


def add_background_argument(parser: argparse.ArgumentParser) -> None:
    """--background."""
    parser.add_argument(
        "--background",
        type=colour,
        metavar="COLOUR",
        help="the colour behind a cut-out photo, a name or #rrggbb (default: transparent in .webm, .webp, .gif, "
        ".png, white in other files)",
    )


def add_disclosure_arguments(parser: argparse.ArgumentParser) -> None:
    """--consent, --badge, --no-badge, --credential, --no-credentials, --timestamp."""
    parser.add_argument(
        "--consent",
        choices=[consent.value for consent in Consent],
        help="why this face may be animated: it is my own (self), its owner has agreed (given), or it is a work of art "
        "(artwork); recorded in the file. Required for speech",
    )
    parser.add_argument(
        "--badge",
        action=argparse.BooleanOptionalAction,
        help='draw a visible "AI" in the corner (default: only for speech; --no-badge: never)',
    )
    signing = parser.add_mutually_exclusive_group()
    signing.add_argument(
        "--credential",
        metavar="PEM",
        help="sign with this private key and certificates (default: your own local credential, made on first use)",
    )
    signing.add_argument(
        "--no-credentials",
        action="store_true",
        help="do not sign: nobody can then check where the file comes from or whether it was changed",
    )
    parser.add_argument(
        "--timestamp",
        type=web_address,
        metavar="URL",
        help="let this time-stamp server (RFC 3161) confirm when the file was signed; it sees a hash and your "
        "network address (default: none)",
    )


def disclosure(arguments: argparse.Namespace) -> Disclosure:
    """What `add_disclosure_arguments` read.

    Raises:
        FileNotFoundError, ValueError: the credential cannot be used, or a time stamp is asked for without credentials.
    """
    from monalive.trust.disclosure import Disclosure

    if arguments.timestamp and arguments.no_credentials:
        raise ValueError("a time stamp is part of the credentials: leave out --no-credentials or --timestamp")

    return Disclosure(
        consent=stated_consent(arguments.consent),
        badge=arguments.badge,
        credential=Credential.from_pem(arguments.credential) if arguments.credential else None,
        credentials=not arguments.no_credentials,
        timestamp_url=arguments.timestamp,
    )


def credentials_beside(path: Path | None) -> str:
    """The end of a summary: where the Content Credentials are that WebM cannot hold; empty for other formats."""
    return (
        "" if path is None else f"; WebM cannot embed Content Credentials; they were saved to {path}: share both files"
    )


def print_consent_notice(arguments: argparse.Namespace) -> None:
    """Says whose consent is needed, unless it was stated, the photos are the package's own (of a person who does not
    exist), or nothing is to be printed."""
    if arguments.consent is None and not arguments.quiet and not all(map(is_sample_portrait, arguments.photos)):
        print(f"monalive: {NOTICE}", file=sys.stderr)


def add_model_arguments(parser: argparse.ArgumentParser) -> None:
    """--bundle, and those of `add_runtime_arguments`."""
    parser.add_argument("--bundle", metavar="FILE", help="models to use instead of those that come with the package")
    add_runtime_arguments(parser)


def add_runtime_arguments(parser: argparse.ArgumentParser) -> None:
    """--threads, --runtime, --delegate."""
    parser.add_argument("--threads", type=positive_int, default=2, metavar="N", help="CPU threads (default 2)")
    parser.add_argument(
        "--runtime", choices=RUNTIMES, help="what runs the networks (default: the one that the bundle is made for)"
    )
    parser.add_argument("--delegate", choices=DELEGATES, default="cpu", help="the processor they run on (default cpu)")


def runtime_options(arguments: argparse.Namespace) -> RuntimeOptions:
    """What `add_runtime_arguments` read.

    Raises:
        ValueError: a delegate that the runtime does not have.
    """
    return RuntimeOptions(arguments.runtime, arguments.delegate, arguments.threads)


def add_retarget_arguments(parser: argparse.ArgumentParser) -> None:
    """--absolute, --region, --gain, --no-smooth."""
    parser.add_argument(
        "--absolute",
        action="store_true",
        help="copy the driver's pose, face shape and background motion instead of their change",
    )
    parser.add_argument(
        "--region",
        type=regions,
        default=frozenset(REGIONS),
        metavar="A,B",
        help=f"move only these: {', '.join(REGIONS)}",
    )
    add_gain_argument(parser)
    parser.add_argument("--no-smooth", action="store_true", help="do not smooth the motion over time")


def add_gain_argument(parser: argparse.ArgumentParser) -> None:
    """--gain."""
    parser.add_argument(
        "--gain",
        type=gain,
        nargs="+",
        action="extend",
        default=[],
        metavar="REGION=X",
        help="strength of a region; 1 follows the driver: eyes=1.2 lips=0.8",
    )


def add_reference_argument(parser: argparse.ArgumentParser, default: str | None, meaning: str = "neutral") -> None:
    """--reference; `meaning`: what the default is, in words."""
    parser.add_argument(
        "--reference",
        type=reference,
        default=default,
        metavar="FRAME|neutral|first",
        help="the driver's frame that counts as the photo's pose: the most neutral of the first 3 seconds, the first "
        f"with a face, or a frame number from 0 (default: {meaning})",
    )


def cuts_found(cuts_ms: Sequence[float]) -> str:
    """A line that says when a driver was cut."""
    times = [f"{time / 1000:.1f}" for time in cuts_ms]
    if len(times) == 1:
        return f"cut in the driver at {times[0]} s; the motion restarts there"
    shown, more = times[:_CUTS_SHOWN], len(times) - _CUTS_SHOWN
    listed = ", ".join(shown) + (f" s and {more} more" if more > 0 else " s")
    return f"{len(times)} cuts in the driver, at {listed}; the motion restarts at each"


def retarget_options(arguments: argparse.Namespace) -> RetargetOptions:
    """What `add_retarget_arguments` read.

    Raises:
        ValueError: a gain that is out of range.
    """
    return RetargetOptions(
        absolute=arguments.absolute,
        smooth=not arguments.no_smooth,
        regions=arguments.region,
        gains=dict(arguments.gain),
    )


def face_choice(text: str) -> FaceChoice:
    """ "largest", "all" or a number from 0."""
    if text in ("largest", "all"):
        return text  # type: ignore[return-value]
    return _whole_number(text, 0, "neither 'largest' nor 'all' nor a number")


def driver_face(text: str) -> DriverFace:
    """ "auto", "largest", "moving" or a number from 0."""
    if text in ("auto", "largest", "moving"):
        return text  # type: ignore[return-value]
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is neither 'auto', 'largest' nor 'moving' nor a number from 0")
    return int(text)


def reference(text: str) -> Reference:
    """ "neutral", "first" or a number from 0."""
    if text in ("neutral", "first"):
        return text  # type: ignore[return-value]
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is neither 'neutral' nor 'first' nor the number of a frame, from 0")
    return int(text)


def colour(text: str) -> Colour:
    """A colour's name or #rrggbb."""
    from monalive.media.cutout import colour_of

    try:
        return colour_of(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def web_address(text: str) -> str:
    """An address that begins with http:// or https://."""
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise argparse.ArgumentTypeError(f"{text!r} is not an address like http://timestamp.digicert.com")
    return text


def picture_size(text: str) -> int | None:
    """A number of pixels from 16; None for "native"."""
    return None if text == "native" else _whole_number(text, 16, "neither 'native' nor a number of pixels")


def regions(text: str) -> frozenset[str]:
    """Names of regions joined by commas."""
    return frozenset(_known_region(name.strip()) for name in text.split(","))


def gain(text: str) -> tuple[str, float]:
    """REGION=FACTOR."""
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form eyes=1.2")
    return _known_region(name.strip()), _number(value)


def positive_int(text: str) -> int:
    """A whole number from 1."""
    return _whole_number(text, 1, "not a whole number")


def not_negative_int(text: str) -> int:
    """A whole number from 0."""
    return _whole_number(text, 0, "not a whole number")


def positive(text: str) -> float:
    """A finite number above 0."""
    number = _number(text)
    if number <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not above 0")
    return number


def not_negative(text: str) -> float:
    """A finite number from 0."""
    number = _number(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"{text!r} is below 0")
    return number


def _known_region(name: str) -> str:
    if name not in REGIONS:
        raise argparse.ArgumentTypeError(f"there is no region {name!r}: choose from {', '.join(REGIONS)}")
    return name


def _whole_number(text: str, least: int, is_what: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = least - 1
    if number < least:
        raise argparse.ArgumentTypeError(f"{text!r} is {is_what} from {least}")
    return number


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number")
    return number
