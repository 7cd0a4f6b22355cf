"""What the network learns: coefficients of a mouth that make its measured landmarks.

MediaPipe's own scores are no such coefficients: they say what an expression looks like, and the basis, which is linear
in them, does not give back the opening of the lips that they were read from (`docs/speech.md` has both). So
coefficients are fitted to landmarks: head pose and the face at rest removed, least squares over mouth and chin with the
gaps between the lips counted more, each coefficient between 0 and 1. Lips that touch in the clip touch in the fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monalive.faces.expressions import load_expressions
from monalive.faces.head_pose import fit_pose
from monalive.faces.landmarks import POSE_POINTS
from monalive_distill.speech.clips import SpokenClip
from monalive_distill.speech.mouth_basis import (
    MOUTH_POINTS,
    TIED,
    jaw_opening,
    lip_gaps,
    lip_opening,
    mouth_basis,
    mouth_width,
)

Array = NDArray[np.float64]
# Of a clip's frames the most shut ones are the face at rest.
_REST_SHARE: Final = 0.2
# Lips whose gap is larger than at rest by less than this touch (outer-eye-corner distances; noise of landmarks).
TOUCHING: Final = 0.008
# Weights of the rows of the least squares: landmarks across the picture, depth, gaps between the lips, width.
_DEPTH, _GAPS, _WIDTH = 0.2, 4.0, 2.0
_RIDGE: Final = 0.01
_PRESSED: Final = -0.012  # gaps of lips that touch may be fitted as pressed together, down to this
_ITERATIONS: Final = 400
# Of how far a person's lips part in speech, this quantile; everybody's is brought nearer to the same.
_WIDE: Final = 0.9
_USUAL_WIDE: Final = 0.13
_SCALED: Final = 0.8  # 1: everybody opens the lips as far
_SCALES: Final = (0.6, 1.8)


@dataclass(frozen=True)
class Mouths:
    """What a mouth does in a clip.

    Attributes:
        coefficients: (T, 14) of `TIED`.
        jaw, lips: (T,) as measured on the landmarks: the chin's way down, the lips' gap (0: they touch), in
            outer-eye-corner distances, of a person who opens the mouth as far as most do.
    """

    coefficients: NDArray[np.float32]
    jaw: NDArray[np.float32]
    lips: NDArray[np.float32]


def displacements(clip: SpokenClip) -> Array:
    """(T, 478, 3) how far the landmarks are from where the face has them at rest, pose removed, in outer-eye-corner
    distances.
    """
    mean_face = load_expressions().mean_face
    faces = np.stack([fit_pose(face, mean_face, POSE_POINTS).to_canonical(face) for face in clip.landmarks])
    rest = _rest(faces)
    # Fitted to the person's own face, a turning head does not change its shape.
    faces = np.stack([fit_pose(face, rest, POSE_POINTS).to_canonical(face) for face in clip.landmarks])
    return np.asarray(faces - _rest(faces), np.float64)


def person_scale(moved: Sequence[Array]) -> float:
    """What a person's displacements (of all their clips) are multiplied by so that they open the mouth as others do."""
    gaps = np.concatenate([lip_opening(lip_gaps(clip) - TOUCHING) for clip in moved])
    wide = float(np.quantile(gaps, _WIDE))
    return float(np.clip((_USUAL_WIDE / max(wide, 1e-3)) ** _SCALED, *_SCALES))


def mouths(moved: Array) -> Mouths:
    """Coefficients and openings of displacements (T, 478, 3) that `person_scale` has scaled."""
    basis = mouth_basis()
    points = list(MOUTH_POINTS)
    axes = np.array([1.0, 1.0, _DEPTH])
    gaps = np.maximum(lip_gaps(moved) - TOUCHING, _PRESSED)
    wanted = [(moved[:, points] * axes).reshape(len(moved), -1), gaps * _GAPS, mouth_width(moved)[:, None] * _WIDTH]
    made = [
        (basis.displacements[:, points] * axes).reshape(len(TIED), -1),
        basis.gaps * _GAPS,
        basis.width[:, None] * _WIDTH,
    ]
    fitted = bounded_least_squares(np.concatenate(made, 1), np.concatenate(wanted, 1), _RIDGE)
    return Mouths(
        fitted.astype(np.float32), jaw_opening(moved).astype(np.float32), lip_opening(gaps).astype(np.float32)
    )


def bounded_least_squares(made: Array, wanted: Array, ridge: float) -> Array:
    """Coefficients (T, K) in [0, 1] whose mixture of `made` (K, N) is nearest to `wanted` (T, N).

    Accelerated projected gradient (Beck and Teboulle, "A fast iterative shrinkage-thresholding algorithm", 2009).

    Args:
        made: what each coefficient makes.
        wanted: what is to be made.
        ridge: how much the squares of the coefficients count.
    """
    gram = made @ made.T + ridge * np.eye(len(made))
    right = wanted @ made.T
    step = 1.0 / float(np.linalg.eigvalsh(gram)[-1])
    values = looking = np.clip(np.linalg.solve(gram, right.T).T, 0.0, 1.0)
    momentum = 1.0
    for _ in range(_ITERATIONS):
        nearer = np.clip(looking - step * (looking @ gram - right), 0.0, 1.0)
        following = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        looking = nearer + (momentum - 1) / following * (nearer - values)
        values, momentum = nearer, following
    return np.asarray(values, np.float64)


def _rest(faces: Array) -> Array:
    """(478, 3) median of the frames whose lips are the most shut."""
    gaps = lip_gaps(faces).mean(-1)
    return np.asarray(np.median(faces[gaps <= np.quantile(gaps, _REST_SHARE)], 0), np.float64)
