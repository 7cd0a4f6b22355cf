"""Undoes what a landmark network's caution takes off gazes, lids, brows and mouths.

Trained for the least error, a network that is not sure answers nearer to what is usual: on people it never saw, irises
and brows move by less than they should, though in step with the truth. Its last layers are linear, so that this can be
put right in them, for nothing at run time: what irises, lids and brows do away from their mean, beside the eye's
corners, counts more, and so does the width of the mouth.

The gains lie at or below the inverse of what 0.7.2's network, which had never seen a face of other proportions
(`warped_faces`), read of such faces made from the training clips: gaze .84 and .56, lids .93, brows .91, pucker .86.
The gain of irises downwards is lower, since lids that shut are read as a gaze down.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from monalive.faces.expressions import load_expressions
from monalive.faces.landmarks import (
    LANDMARK_COUNT,
    LEFT_EYE,
    LEFT_EYE_CORNERS,
    LEFT_IRIS,
    LIPS_INNER,
    LIPS_OUTER,
    MOUTH_CORNERS,
    RIGHT_EYE,
    RIGHT_EYE_CORNERS,
    RIGHT_IRIS,
)
from monalive.faces.level_crop import extract_level, level_region
from monalive_distill.data.training_pairs import FaceSequence
from monalive_distill.tracker.face_pool import FacePool
from monalive_distill.tracker.landmark_network import INPUT_SIZE, LandmarkNetwork
from monalive_distill.tracker.pictures import to_pictures

# Across and down.
IRIS_GAIN, LID_GAIN, BROW_GAIN, MOUTH_GAIN = (1.15, 1.25), (1.0, 1.06), (1.0, 1.1), (1.1, 1.0)
# Heights above the eye's corners, in outer-eye-corner distances, between which landmarks become the brow's; how far
# from the lips the skin goes along with them.
_BROW_FROM: Final = (0.08, 0.16)
_MOUTH_REACH: Final = 0.2
USUAL_FACES: Final = 256
_EYES: Final = ((RIGHT_EYE_CORNERS, RIGHT_EYE, RIGHT_IRIS), (LEFT_EYE_CORNERS, LEFT_EYE, LEFT_IRIS))


def usual_faces(sequences: Sequence[FaceSequence], count: int = USUAL_FACES) -> torch.Tensor:
    """(count, 3, 192, 192) level crops of faces of a training set in [0, 1], always the same ones."""
    rng, pool = np.random.default_rng(0), FacePool(sequences)
    faces = [pool.draw(rng) for _ in range(count)]
    crops = [extract_level(face.image, level_region(face.landmarks), INPUT_SIZE) for face in faces]
    return to_pictures(np.stack(crops))


@torch.no_grad()
def undo_shrinkage(network: LandmarkNetwork, faces: torch.Tensor) -> None:
    """Changes a network's last layers in place; the mean of what it reads of `faces` (`usual_faces`) stays."""
    readers = network.regions
    inputs: dict[nn.Linear, torch.Tensor] = {}
    layers = (network.face, readers.eye_reader.points, readers.mouth_reader.points)
    hooks = [
        layer.register_forward_pre_hook(lambda module, given: inputs.__setitem__(module, given[0].mean(0)))
        for layer in layers
    ]
    network.eval()(faces)
    for hook in hooks:
        hook.remove()
    whole = tuple(range(LANDMARK_COUNT))
    for corners, lids, iris in _EYES:
        _spread(network.face, inputs[network.face], whole, corners, _eye_gains(whole, corners, lids, iris))
    corners, lids, iris = _EYES[1]  # the reader of both eyes sees each as a left one
    points = readers.left_eye.points
    _spread(layers[1], inputs[layers[1]], points, corners, _eye_gains(points, corners, lids, iris))
    points = readers.mouth.points
    _spread(layers[2], inputs[layers[2]], points, MOUTH_CORNERS, _mouth_gains(points))


def _spread(
    layer: nn.Linear,
    mean: torch.Tensor,
    points: tuple[int, ...],
    anchors: tuple[int, ...],
    gains: NDArray[np.float64],
) -> None:
    """What a layer gives of landmarks moves by `gains` (len(points), 2) as much beside its `anchors`."""
    weight = layer.weight.reshape(len(points), -1, layer.in_features)
    anchor = weight[[points.index(index) for index in anchors], :2].mean(0)
    change = torch.zeros_like(weight)
    more = torch.from_numpy((gains - 1).astype(np.float32))
    change[:, :2] = more[:, :, None] * (weight[:, :2] - anchor)
    flat = change.reshape(layer.weight.shape)
    layer.weight.add_(flat)
    layer.bias.sub_(flat @ mean)


def _eye_gains(
    points: tuple[int, ...], corners: tuple[int, int], lids: tuple[int, ...], iris: tuple[int, ...]
) -> NDArray[np.float64]:
    """(len(points), 2) of an eye and its brow, across and down; 1 elsewhere."""
    whole = load_expressions().mean_face
    face, place = whole[list(points)], whole[list(corners)].mean(0)
    low, high = _BROW_FROM
    above = np.clip((place[1] - face[:, 1:2] - low) / (high - low), 0, 1)
    brow = above * above * (3 - 2 * above) * (face[:, :1] * place[0] >= 0)
    gains = np.asarray(1 + brow * (np.array(BROW_GAIN) - 1), np.float64)
    gains[np.isin(points, lids) & ~np.isin(points, corners)] = LID_GAIN
    gains[np.isin(points, iris)] = IRIS_GAIN
    return gains


def _mouth_gains(points: tuple[int, ...]) -> NDArray[np.float64]:
    """(len(points), 2) of the lips and the skin around them, across and down."""
    face = load_expressions().mean_face[:, :2]
    lips = face[[*LIPS_OUTER, *LIPS_INNER]]
    away = np.linalg.norm(face[list(points)][:, None] - lips[None], axis=-1).min(axis=1)
    near = np.clip(1 - away / _MOUTH_REACH, 0, 1)[:, None]
    return np.asarray(1 + near * near * (3 - 2 * near) * (np.array(MOUTH_GAIN) - 1), np.float64)
