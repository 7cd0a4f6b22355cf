"""Animate a photo with a named motion or a .motion file. Every frame carries a visible "AI" badge.

python samples/python/animate_photo.py photo.jpg smile out.mp4 --consent self
"""

import argparse

from monalive import Consent, animate


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photo")
    parser.add_argument("motion", help="a name (`monalive motion list`) or a .motion file")
    parser.add_argument("output", help=".mp4, .webm, .gif, .webp, or a folder")
    parser.add_argument("--consent", required=True, choices=[c.value for c in Consent], help="why this face?")
    parser.add_argument("--no-badge", action="store_true", help="leave the visible badge out; the file says it anyway")
    given = parser.parse_args()
    written = animate(
        given.photo,
        given.motion,
        given.output,
        consent=given.consent,
        badge=not given.no_badge,
        progress=True,
    )
    print(written.path)


if __name__ == "__main__":
    main()
