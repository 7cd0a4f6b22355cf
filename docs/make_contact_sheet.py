"""Makes docs/contact_sheet.jpg, the picture on top of the README: python docs/make_contact_sheet.py"""

from importlib import resources
from pathlib import Path

import numpy as np

from monalive import PhotoAnimator, PhotoAnimatorOptions, builtin_motions, save_image
from monalive_distill.evaluation.contact_sheet import contact_sheet

MOTIONS = ("smile", "laugh", "talk", "surprise", "look_around", "wink")
COLUMNS = 6


def main() -> None:
    """Plays the motions on both sample portraits and lays their liveliest frames out."""
    assets = Path(str(resources.files("monalive").joinpath("assets")))
    rows, captions = [], []
    with PhotoAnimator.create_from_options(PhotoAnimatorOptions()) as animator:
        portraits = [animator.enroll(assets / name) for name in ("sample_portrait.jpg", "sample_portrait_2.jpg")]
        for number, name in enumerate(MOTIONS):
            portrait = portraits[number % 2]
            motion = builtin_motions.load(name)
            moved = np.abs(motion.landmarks - motion.landmarks[0]).mean((1, 2))
            liveliest = int(moved.argmax())
            shown = sorted({*np.linspace(0, len(moved) - 1, COLUMNS - 1).astype(int).tolist(), liveliest})
            frames = list(animator.play(portrait, motion))
            rows.append([frames[index].image for index in shown])
            captions.append(name)
    sheet = contact_sheet(rows, row_captions=captions, cell=200)
    save_image(Path(__file__).parent / "contact_sheet.jpg", sheet, made_by_ai=True)


if __name__ == "__main__":
    main()
