"""Where the crops of eyes and mouth lie as a graph, so that every platform cuts and pastes them alike."""

from __future__ import annotations

import torch

from monalive.faces.expressions import load_expressions
from monalive.faces.landmarks import LEFT_EYE_CORNERS, RIGHT_EYE_CORNERS
from monalive_distill.generator.splat import take
from monalive_distill.regions.frames import EYE_AND_BROW_SHAPE, MOUTH_BELOW_NOSE, MOUTH_SHAPE, NOSE_BASE, CropShape
from monalive_export.graphs.face_openings import constant
from monalive_export.graphs.ports import SIDES, Graph, Port
from monalive_export.graphs.retarget_math import fit_pose

CROP_PIXELS = "pixels of the working crop, a pixel's middle at + 0.5"
FACE = Port("face_landmarks", "478 landmarks, a photo's or those wanted", None, SIDES + ", z alike")
PLACES = Port(
    "places",
    "rows: left eye, right eye, mouth; (a, b, c, d, e, f) put a crop's pixel (u, v) at x = a u + b v + c, "
    "y = d u + e v + f; a right eye's crop is mirrored",
    None,
    SIDES,
)
LEFT_EYE = Port("left_eye_landmarks", "the 478 landmarks in the left eye's crop", None, CROP_PIXELS)
RIGHT_EYE = Port("right_eye_landmarks", "in the right eye's, mirrored: each the opposite one", None, CROP_PIXELS)
MOUTH = Port("mouth_landmarks", "in the mouth's crop", None, CROP_PIXELS)


class RegionCropsGraph(Graph):
    """`regions.frames.face_frames`, and the landmarks in each crop."""

    inputs = (FACE,)
    outputs = (PLACES, LEFT_EYE, RIGHT_EYE, MOUTH)
    about = "Once per photo and once per frame: where the crops of eyes and mouth lie."
    compressible = False
    accelerated = False
    mean_face: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean_face", constant(load_expressions().mean_face)[None], persistent=False)
        self.opposite = tuple(int(index) for index in load_expressions().mirror)

    def forward(self, face_landmarks: torch.Tensor) -> tuple[torch.Tensor, ...]:
        rotation, scale, _ = fit_pose(face_landmarks, self.mean_face)
        right, down = rotation[:, 0:1, 0:1], rotation[:, 1:2, 0:1]  # where the face's own x axis points to
        level = torch.sqrt(right * right + down * down)
        cos, sin = right / level, down / level
        flat = face_landmarks[:, :, 0:2]
        below = scale * rotation[:, 0:2, 1:2].transpose(1, 2) * MOUTH_BELOW_NOSE
        crops = [
            _crop(flat, take(flat, LEFT_EYE_CORNERS).mean(1, keepdim=True), scale, cos, sin, EYE_AND_BROW_SHAPE, 1.0),
            _crop(
                take(flat, self.opposite),
                take(flat, RIGHT_EYE_CORNERS).mean(1, keepdim=True),
                scale,
                cos,
                sin,
                EYE_AND_BROW_SHAPE,
                -1.0,
            ),
            _crop(flat, take(flat, (NOSE_BASE,)) + below, scale, cos, sin, MOUTH_SHAPE, 1.0),
        ]
        return torch.cat([place for place, _ in crops], 1), *(points for _, points in crops)


def _crop(
    points: torch.Tensor,
    middle: torch.Tensor,
    scale: torch.Tensor,
    cos: torch.Tensor,
    sin: torch.Tensor,
    shape: CropShape,
    side: float,
) -> tuple[torch.Tensor, torch.Tensor]:
    """`RegionFrame.matrix` as a row (1, 1, 6), and points (1, 478, 2) in the crop's pixels; side is -1 if mirrored."""
    step = scale * (1.0 / shape.scale)
    c, s = cos * step, sin * step
    x, y = middle[:, :, 0:1], middle[:, :, 1:2]
    half_width, half_height = shape.laid_by
    place = torch.cat(
        (
            c * side,
            -s,
            x - c * (side * half_width) + s * half_height,
            s * side,
            c,
            y - s * (side * half_width) - c * half_height,
        ),
        2,
    )
    across, along = points[:, :, 0:1] - x, points[:, :, 1:2] - y
    u = (across * cos + along * sin) * (side / step) + half_width
    v = (along * cos - across * sin) / step + half_height
    return place, torch.cat((u, v), 2)
