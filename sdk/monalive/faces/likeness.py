"""Whether two photos may show different people.

Three things are compared that stay much the same from photo to photo of a person: the shape of the head as landmarks
give it, freed of its pose; the face in shades of grey, brightness and contrast taken out; and the directions of its
edges (Dalal and Triggs, "Histograms of oriented gradients for human detection", CVPR 2005). Each is projected to where
people differ and photos of one person do not (Fisher's linear discriminant, after Belhumeur et al., "Eigenfaces vs.
Fisherfaces", PAMI 1997), fitted by `monalive_distill.data.fit_likeness`. It recognises nobody: it warns.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from monalive.faces.edge_histograms import edge_histograms
from monalive.faces.expressions import load_expressions
from monalive.faces.head_pose import fit_pose
from monalive.faces.landmarks import MESH_COUNT
from monalive.packaged_assets import asset_path

ASSET: Final = "likeness.npz"
FORMAT: Final = 1
PARTS: Final = ("shape", "grey", "edges")
_MOST_TURNED: Final = 20.0  # degrees: of a face seen from further aside, all three are others
_SIDE: Final = 160
# Where corners of eyes and mouth, between the eyes, the nose's tip, chin and forehead are laid, in pixels.
_POINTS: Final = (33, 133, 362, 263, 1, 61, 291, 152, 168, 10)
_PLACES: Final = (
    (50, 70),
    (70, 70),
    (90, 70),
    (110, 70),
    (80, 98),
    (66, 116),
    (94, 116),
    (80, 142),
    (80, 70),
    (80, 35),
)
_GREY_PART: Final = np.s_[20:150, 20:140]
_GREY_SIZE: Final = (40, 44)
_EDGES_PART: Final = np.s_[16:152, 16:144]
_EDGES_SIDE: Final = 96

Features = tuple[NDArray[np.float32], ...]


@dataclass(frozen=True)
class LikenessModel:
    """How much photos differ.

    Attributes:
        means, maps: for each of `PARTS`, (n,) and (n, m) float32: features to a vector.
        weights: (3,) of the parts' angles, as one less their cosines.
        limit: above this sum, photos may show different people.
    """

    means: Features = field(repr=False)
    maps: Features = field(repr=False)
    weights: NDArray[np.float32]
    limit: float

    def vectors(self, features: Features) -> list[NDArray[np.float32]]:
        """What `features` gave, one unit vector for each part."""
        projected = [(part - mean) @ to for part, mean, to in zip(features, self.means, self.maps, strict=True)]
        return [np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-9), np.float32) for vector in projected]

    def difference(self, one: Features, other: Features) -> float:
        """How much two photos differ."""
        pairs = zip(self.vectors(one), self.vectors(other), strict=True)
        return float(self.weights @ np.array([1 - a @ b for a, b in pairs], np.float32))

    def may_differ(self, one: Features, other: Features) -> bool:
        """Whether two photos may show different people."""
        return self.difference(one, other) > self.limit


@cache
def load_likeness() -> LikenessModel:
    """The model that comes with the package."""
    with np.load(asset_path(ASSET), allow_pickle=False) as archive:
        if int(archive["format"]) != FORMAT:
            raise ValueError(f"{ASSET} has another format; reinstall monalive")
        means, maps = (
            tuple(archive[f"{part}_{kind}"].astype(np.float32) for part in PARTS) for kind in ("mean", "map")
        )
        return LikenessModel(means, maps, archive["weights"].astype(np.float32), float(archive["limit"]))


def likeness_features(image: NDArray[np.uint8], landmarks: NDArray[np.float32]) -> Features | None:
    """What is compared of a photo: one vector for each of `PARTS`; None of a face that is turned aside.

    Args:
        image: (H, W, 3) uint8 RGB.
        landmarks: (478, 3) float32 pixels.
    """
    pose = fit_pose(landmarks, load_expressions().mean_face)
    if np.degrees(np.arccos(np.clip(pose.rotation[2, 2], -1, 1))) > _MOST_TURNED:
        return None
    shape = pose.to_canonical(landmarks)[:MESH_COUNT].ravel()  # without the irises: they look about
    face = cv2.cvtColor(_laid(image, landmarks), cv2.COLOR_RGB2GRAY)
    grey = cv2.resize(face[_GREY_PART], _GREY_SIZE, interpolation=cv2.INTER_AREA).astype(np.float32).ravel()
    grey = (grey - grey.mean()) / (grey.std() + 1e-3)
    edges = cv2.resize(face[_EDGES_PART], (_EDGES_SIDE, _EDGES_SIDE))
    return shape.astype(np.float32), grey, edge_histograms(edges.astype(np.uint8, copy=False))


def _laid(image: NDArray[np.uint8], landmarks: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The face at one size and place, (160, 160, 3) uint8."""
    points = np.asarray(landmarks[list(_POINTS), :2], np.float64)
    places = np.array(_PLACES, np.float64)
    # A similarity in complex numbers: place = turn * point + shift.
    here, there = points @ [1, 1j], places @ [1, 1j]
    spread = here - here.mean()
    turn = (np.conj(spread) @ (there - there.mean())) / (np.conj(spread) @ spread).real
    shrink = min(1.0, 2 * abs(turn))  # averaged first: each pixel is then made of four at most
    picture: NDArray[Any] = image
    if shrink < 1:
        picture = cv2.resize(image, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    shift = there.mean() - turn * here.mean()
    turn /= shrink
    matrix = np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])
    return np.asarray(cv2.warpAffine(picture, matrix, (_SIDE, _SIDE), borderMode=cv2.BORDER_REPLICATE), np.uint8)
