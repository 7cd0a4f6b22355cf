"""Makes docs/contact_sheet.jpg, built-in motions on the sample portrait: python docs/make_contact_sheet.py"""

from importlib import resources
from pathlib import Path

import numpy as np
from make_faces_sheet import MOTIONS, face_square

from monalive import PhotoAnimator, PhotoAnimatorOptions, builtin_motions, save_image
from monalive_distill.evaluation.contact_sheet import contact_sheet

CELL = 300
SHOWN = ("laugh", "talk", "blink", "look_around")


def main() -> None:
    """Plays the motions on the sample portrait and lays out its face: at rest, where most is asked, around it."""
    photo = Path(str(resources.files("monalive").joinpath("assets", "sample_portrait.jpg")))
    rows = []
    with PhotoAnimator.create_from_options(PhotoAnimatorOptions()) as animator:
        portrait = animator.enroll(photo)
        face = face_square(portrait.landmarks.astype(np.float64), portrait.photo.shape)
        for name in SHOWN:
            motion = builtin_motions.load(name)
            strongest = int(np.argmax([MOTIONS[name](points) for points in motion.landmarks.astype(np.float64)]))
            frames = list(animator.play(portrait, motion))
            shown = (0, strongest // 2, strongest, (strongest + len(frames)) // 2)
            rows.append([frames[index].image[face] for index in shown])
    sheet = contact_sheet(rows, row_captions=SHOWN, cell=CELL)
    save_image(Path(__file__).parent / "contact_sheet.jpg", sheet, made_by_ai=True)


if __name__ == "__main__":
    main()
