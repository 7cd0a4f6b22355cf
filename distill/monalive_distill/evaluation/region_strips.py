"""Strips of eyes and of mouths: the photo's, the truth's and each method's, magnified, the worst frame first."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from monalive_distill.evaluation.contact_sheet import contact_sheet, save_sheet
from monalive_distill.evaluation.moved_photo import UNMOVED, Image, Landmarks
from monalive_distill.evaluation.reenactment import ABSOLUTE, TRUTH, ClipPictures, ClipResult
from monalive_distill.evaluation.region_scores import MAGNIFIED, region_crops
from monalive_distill.regions.frames import face_frames

# Region -> the metric that says how bad it is.
REGIONS: Final = {"eyes": "eyes_lpips", "mouth": "mouth_lpips"}
SHOWN: Final = 5
PHOTO: Final = "photo"


def write_strips(paths: dict[str, Path], result: ClipResult, pictures: ClipPictures) -> None:
    """Writes the strips of one clip of self-reenactment as JPEGs: `SHOWN` frames in columns, the first method's worst
    first; in rows photo, truth and the methods whose expressions were read.

    Args:
        paths: region -> the file to write.
        result: decides which frames are shown.
        pictures: what is shown.
    """
    methods = [name for name in result.expressions[ABSOLUTE].seen if name != UNMOVED]
    for region, path in paths.items():
        scores = [frame[REGIONS[region]] or 0.0 for frame in result.per_frame[next(iter(result.scores))]]
        frames = np.argsort(scores)[::-1][:SHOWN]
        photo = _crop(region, pictures.photo, pictures.photo_landmarks)
        rows = [[photo] * len(frames)]
        for images in (pictures.targets, *(pictures.outputs[name] for name in methods)):
            rows.append([_crop(region, images[i], pictures.landmarks[i]) for i in frames])
        sheet = contact_sheet(
            rows,
            row_captions=[PHOTO, TRUTH, *methods],
            column_captions=[f"frame {result.frames[i]}, {scores[i]:.3f}" for i in frames],
            cell=photo.shape[1],
            cell_height=photo.shape[0],
        )
        save_sheet(path, sheet)


def strips_worst_first(region: str, results: Sequence[ClipResult]) -> list[ClipResult]:
    """Clips in the order in which the first method's strips are shown."""
    return sorted(results, key=lambda r: next(iter(r.scores.values()))[REGIONS[region]] or 0.0, reverse=True)


def _crop(region: str, image: Image, landmarks: Landmarks) -> Image:
    """Both eyes as seen, the person's right one first; or the mouth."""
    (left, right), mouth = region_crops(image, face_frames(landmarks), MAGNIFIED)
    return np.concatenate([right[:, ::-1], left], 1) if region == "eyes" else mouth
