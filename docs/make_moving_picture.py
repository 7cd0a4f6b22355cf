"""Makes the README's moving picture: `python docs/make_moving_picture.py docs/sample.webp`.

The sample portrait, close up, looks around, laughs and talks. Written like any output: marked and signed.
"""

from __future__ import annotations

import sys

import cv2
import numpy as np

from monalive import Disclosure, Motion, PhotoAnimator, PhotoAnimatorOptions, open_sink, sample_portrait_path

SIDE = 320
FPS = 12.5
MOTIONS = ("look_around", "laugh", "talk")


def main() -> None:
    """Renders it."""
    with PhotoAnimator.create_from_options(PhotoAnimatorOptions(longest_side=None)) as animator:
        portrait = animator.enroll(sample_portrait_path(), consent="artwork")
        crop = portrait.crop
        left, top, side = (
            round(value) for value in (crop.x + 0.08 * crop.side, crop.y + 0.1 * crop.side, 0.84 * crop.side)
        )
        said = Disclosure(portrait.consent, "several motions", animator.bundle.about, [sample_portrait_path()])
        with open_sink(sys.argv[1], FPS, (SIDE, SIDE), disclosure=said) as sink:
            for name in MOTIONS:
                step = round(Motion.builtin(name).fps / FPS)
                for index, frame in enumerate(animator.play(portrait, name)):
                    if index % step == 0:
                        close = frame.image[top : top + side, left : left + side]
                        small = cv2.resize(close, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
                        sink.write(np.asarray(small, np.uint8))


if __name__ == "__main__":
    main()
