"""Running mode IMAGE as a graph: a driver of whom there is one picture only becomes a face of average shape.

There is no earlier frame to compare with. So the driver's expression is taken as blendshape scores and its pose as the
turn from the front, and both are given to the mean face: the shape of the driver's own face does not come along.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from monalive.faces.blendshapes import BLENDSHAPE_NAMES
from monalive.faces.expressions import EYEBALL_RADIUS, load_expressions, mirror_name
from monalive.faces.landmarks import LANDMARK_COUNT
from monalive_distill.generator.splat import take
from monalive_export.graphs.face_openings import Opening, constant, mark
from monalive_export.graphs.ports import Graph, Port
from monalive_export.graphs.retarget import DRIVER, PIXELS
from monalive_export.graphs.retarget_math import fit_pose
from monalive_export.graphs.retarget_settings import EYE_TURN_DEGREES, IRIS_OF_EYE

BLENDSHAPES = Port("blendshapes", "the driver's 52 scores in MediaPipe's order: see tracker_blendshapes", (0.0, 1.0))


class ImageModeGraph(Graph):
    """A driver's landmarks and blendshapes to the mean face in its place: at rest, and doing as the driver does."""

    inputs = (DRIVER, BLENDSHAPES)
    outputs = (
        Port(
            "mean_face_reference",
            "a face of average shape where the driver's is, at rest, looking at the camera: the driver_reference of "
            "the retarget_start network",
            None,
            PIXELS + " of the driver",
        ),
        Port(
            "mean_face_landmarks",
            "the same with the driver's expression and pose: the driver_landmarks of the retarget network",
            None,
            PIXELS + " of the driver",
        ),
    )
    about = "Once per driver picture, where a single picture drives (running mode IMAGE), before retarget_start."
    compressible = False
    accelerated = False
    mean_face: torch.Tensor
    displacements: torch.Tensor
    mirrored: torch.Tensor
    gaze: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        basis = load_expressions()
        assert basis.names == BLENDSHAPE_NAMES
        self.register_buffer("mean_face", constant(basis.mean_face)[None], persistent=False)
        # What the right side does is the left side's mirror image: each pair of expressions is kept once.
        kept = [index for index, name in enumerate(basis.names) if "Right" not in name]
        self.register_buffer(
            "displacements", constant(basis.displacements[kept].reshape(len(kept), -1)), persistent=False
        )
        self.register_buffer("mirrored", constant([-1.0, 1.0, 1.0]).view(1, 1, 3), persistent=False)
        opposite = [basis.names.index(mirror_name(basis.names[index])) for index in kept]
        nothing = len(basis.names)
        self.sides = (*kept, *(other if other not in kept else nothing for other in opposite))
        self.opposite = tuple(map(int, basis.mirror))
        self.register_buffer("gaze", constant(_gaze_of_scores()), persistent=False)
        right, left = basis.apertures.eyes
        self.right_eye, self.left_eye, self.mouth = Opening(right), Opening(left), Opening(basis.apertures.mouth)
        self.widths = [eye.width(basis.mean_face) for eye in basis.apertures.eyes]

    def forward(self, driver_landmarks: torch.Tensor, blendshapes: torch.Tensor) -> tuple[torch.Tensor, ...]:
        rotation, scale, translation = fit_pose(driver_landmarks, self.mean_face)
        moved = torch.bmm(self._face(blendshapes), rotation.transpose(1, 2)) * scale + translation
        return self.mean_face * scale + translation, moved

    def _face(self, scores: torch.Tensor) -> torch.Tensor:
        """`ExpressionBasis.face`: (1, 52) to (1, 478, 3) in the mean face's own frame."""
        none = torch.zeros(1, 1, 1)
        shares = take(torch.cat((scores.unsqueeze(2), none), 1), self.sides).reshape(2, -1)
        sides = torch.matmul(shares, self.displacements)
        left, right = (sides[row : row + 1].reshape(1, LANDMARK_COUNT, 3) for row in (0, 1))
        points: torch.Tensor = self.mean_face + left + take(right, self.opposite) * self.mirrored
        for opening in (
            self.right_eye,
            self.left_eye,
            self.mouth,
        ):  # lids and lips that would pass through each other stop where they meet
            points = opening.add_to_gaps(points, torch.relu(-opening.gaps(points)))
        turn = EYEBALL_RADIUS * torch.sin(torch.matmul(scores, self.gaze)).unsqueeze(1)  # (1, 1, 3) in eye widths
        for iris, width in zip(IRIS_OF_EYE, self.widths, strict=True):
            points = points + mark(iris) * (self.mean_face + turn * width - points)
        return points


def _gaze_of_scores() -> NDArray[np.float64]:
    """(52, 3) by how many radians each score turns the eyes: to the picture's right, down, and not at all."""
    turns = np.zeros((len(BLENDSHAPE_NAMES), 3))
    half = np.deg2rad(EYE_TURN_DEGREES) / 2  # a score is of one eye; both turn by what the two do on average
    for name, axis, sign in (
        ("eyeLookOutLeft", 0, 1),
        ("eyeLookInRight", 0, 1),
        ("eyeLookInLeft", 0, -1),
        ("eyeLookOutRight", 0, -1),
        ("eyeLookDownLeft", 1, 1),
        ("eyeLookDownRight", 1, 1),
        ("eyeLookUpLeft", 1, -1),
        ("eyeLookUpRight", 1, -1),
    ):
        turns[BLENDSHAPE_NAMES.index(name), axis] = sign * half
    return turns
