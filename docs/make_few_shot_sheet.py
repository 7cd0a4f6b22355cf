"""Makes docs/few_shot.jpg, a figure like the paper's: python docs/make_few_shot_sheet.py NONE MOVED

NONE and MOVED: `state.safetensors` of two runs of train-few-shot, without and with a photo moved by the lightweight
generator.

The people do not exist (`monalive-distill synthesize`), and no model was trained on them. Each has eight photos, and
frames that none of the models saw.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch

from monalive import save_image
from monalive.faces.tracker import FaceTracker
from monalive_distill.data.face_generator import FaceGenerator
from monalive_distill.data.prepare import of_the_first
from monalive_distill.data.style_directions import load_directions
from monalive_distill.data.synthetic_people import draw_person, render_person
from monalive_distill.evaluation.clips import EVALUATION_SIZE, Clip, track_clip
from monalive_distill.evaluation.contact_sheet import contact_sheet
from monalive_distill.evaluation.few_shot_rows import CLIP_TRACKER, FewShotRow, LightweightRow, Row, fit, split_clip
from monalive_distill.few_shot.fine_tuning_settings import FineTuning
from monalive_distill.metrics.identity import FaceIdentity

SEEDS = (900_001, 900_002)
FRAMES = 12  # eight photos, three tests
DRAWN = 40  # of which the first so many are taken that still show the same person
SETTINGS = FineTuning(steps=60, learning_rate=2e-4)


def invent_clips() -> list[Clip]:
    """A clip of each person: the unedited picture, then turns and expressions."""
    generator, directions, identity = FaceGenerator(), load_directions(), FaceIdentity()
    with FaceTracker(networks=CLIP_TRACKER, settle=True) as tracker:
        clips = []
        for seed in SEEDS:
            drawn = render_person(draw_person(seed, DRAWN), generator, directions, EVALUATION_SIZE)
            faces = [(picture, found[0].landmarks) for picture in drawn if (found := tracker.detect(picture))]
            kept = of_the_first(identity, *zip(*faces, strict=True))[:FRAMES]
            numbered = [(number, number * 40.0, faces[index][0]) for number, index in enumerate(kept)]
            clips.append(track_clip(str(seed), numbered, tracker))
        return clips


def main() -> None:
    """Makes one test frame of each person from one photo and from eight."""
    torch.set_num_threads(1)
    none, moved = (FewShotRow(Path(path), SETTINGS) for path in sys.argv[1:])
    lightweight = LightweightRow(none.size)
    asked: list[tuple[Row, int, dict[str, str]]] = [
        (lightweight, 1, {"": "lightweight, T=1"}),
        (none, 1, {"FF": "no moved photo, FF, T=1", "FT": "fine-tuned, T=1"}),
        (none, 8, {"FF": "no moved photo, FF, T=8", "FT": "fine-tuned, T=8"}),
        (moved, 8, {"FF": "photo moved by lightweight, FF, T=8", "FT": "fine-tuned, T=8"}),
    ]
    rows = []
    for clip in invent_clips():
        split = split_clip(clip)
        row = [fit(clip.images[i], none.size) for i in (0, split.tests[-1])]
        for method, shots, captions in asked:
            made = method(split, shots)
            row += [made[f"{method.name}{', ' * bool(kind)}{kind} T={shots}"][-1] for kind in captions]
        rows.append(row)
    lightweight.close()
    captions = ["first photo", "true frame", *(words for _, _, kinds in asked for words in kinds.values())]
    sheet = contact_sheet(rows, column_captions=captions, cell=none.size)
    save_image(Path(__file__).parent / "few_shot.jpg", sheet, made_by_ai=True)


if __name__ == "__main__":
    main()
