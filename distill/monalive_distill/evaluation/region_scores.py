"""Scores of eyes and mouth: crops of a result beside the same places of the truth, magnified."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from monalive_distill.metrics.face import mouth_aspect
from monalive_distill.metrics.frame_scores import Observation, Scores
from monalive_distill.metrics.lpips import LPIPS, lpips_input
from monalive_distill.metrics.picture_parts import PARTS, part_masks
from monalive_distill.regions.frames import EYE_SHAPE, MOUTH_SHAPE, FaceFrames, face_frames
from monalive_distill.regions.measures import laplacian_energy

Image = NDArray[np.uint8]
Landmarks = NDArray[np.float32]

MAGNIFIED: Final = 2
# Of `mouth_aspect`: a photo's mouth counts as closed below the first, a target's as open above the second.
CLOSED_MOUTH: Final = 0.06
OPEN_MOUTH: Final = 0.15

# Metric -> whether more is better; None: 1 is right. In the order they are reported.
REGION_METRICS: Final[dict[str, bool | None]] = {
    "mouth_lpips": False,
    "mouth_lpips_opened": False,
    "mouth_lpips_others": False,
    "eyes_lpips": False,
    "mouth_sharpness": None,
    "eyes_sharpness": None,
    "gaze_error": False,
    "lpips_face": False,
    "lpips_edge": False,
    "lpips_rest": False,
}


@dataclass(frozen=True)
class TrueRegions:
    """A frame that results are compared with, magnified where people look.

    Attributes:
        seen: the frame.
        landmarks: (478, 3) of its face.
        frames: where its eyes and mouth are.
        eyes, mouth: what LPIPS sees in the crops: of both eyes as one batch, and of the mouth.
    """

    seen: Observation
    landmarks: Landmarks
    frames: FaceFrames
    eyes: list[Tensor]
    mouth: list[Tensor]


def region_crops(image: Image, frames: FaceFrames, magnified: int = 1) -> tuple[list[Image], Image]:
    """Eyes and mouth of a picture (H, W, 3) uint8 RGB: left and right eye (mirrored), (64, 64, 3) each, and the mouth
    (96, 128, 3); so many times as large if `magnified`.
    """
    eye, mouth = EYE_SHAPE.magnified(magnified), MOUTH_SHAPE.magnified(magnified)
    eyes = [frame.extract(image, eye) for frame in (frames.left_eye, frames.right_eye)]
    return eyes, frames.mouth.extract(image, mouth)


class RegionScorer:
    """LPIPS and sharpness of eyes and mouth, and where in a picture LPIPS comes from.

    Args:
        lpips: the network that the observations' "lpips" features are from.
    """

    def __init__(self, lpips: LPIPS) -> None:
        self._lpips = lpips

    @torch.inference_mode()
    def look(self, truth: Observation, landmarks: Landmarks) -> TrueRegions:
        """Looks closer at a true frame with its landmarks (478, 3)."""
        frames = face_frames(landmarks)
        return TrueRegions(truth, landmarks, frames, *self._features(truth.image, frames))

    @torch.inference_mode()
    def compare(self, output: Observation, truth: TrueRegions, photo_landmarks: Landmarks) -> Scores:
        """`REGION_METRICS` without the gaze.

        Crops lie where the truth's landmarks say, in both pictures. Sharpness is the Laplacian's energy over the
        truth's. The three parts of the whole picture's LPIPS add up to about all of it.

        Args:
            output: the result.
            truth: from `look`.
            photo_landmarks: (478, 3) of the photo, which says whether its mouth is closed.
        """
        eyes, mouth = self._features(output.image, truth.frames)
        mouth_lpips = float(self._lpips.distance(mouth, truth.mouth))
        opened = mouth_aspect(photo_landmarks) < CLOSED_MOUTH and mouth_aspect(truth.landmarks) > OPEN_MOUTH
        (made_eyes, made_mouth), (true_eyes, true_mouth) = (
            region_crops(image, truth.frames) for image in (output.image, truth.seen.image)
        )
        scores: Scores = {
            "mouth_lpips": mouth_lpips,
            "mouth_lpips_opened": mouth_lpips if opened else None,
            "mouth_lpips_others": None if opened else mouth_lpips,
            "eyes_lpips": float(self._lpips.distance(eyes, truth.eyes).mean()),
            "mouth_sharpness": _sharpness_ratio([made_mouth], [true_mouth]),
            "eyes_sharpness": _sharpness_ratio(made_eyes, true_eyes),
        }
        height, width = output.image.shape[:2]
        where = self._lpips.distance_map(output.taps["lpips"], truth.seen.taps["lpips"], (height, width))
        shares = (where[0] * torch.from_numpy(part_masks(truth.landmarks, height, width))).mean(dim=(1, 2))
        return scores | {f"lpips_{part}": float(share) for part, share in zip(PARTS, shares, strict=True)}

    def _features(self, image: Image, frames: FaceFrames) -> tuple[list[Tensor], list[Tensor]]:
        eyes, mouth = region_crops(image, frames, MAGNIFIED)
        batch = torch.cat([lpips_input(eye) for eye in eyes])
        return self._lpips.features(batch), self._lpips.features(lpips_input(mouth))


def _sharpness_ratio(result: list[Image], truth: list[Image]) -> float:
    return sum(map(laplacian_energy, result)) / max(sum(map(laplacian_energy, truth)), 1e-3)
