"""A face made from blendshape coefficients: a mean face, and what each of 52 expressions adds to it.

Both are statistics over many people, fitted by `monalive_distill.data.fit_expressions`; they carry nobody's
picture and nobody's face. The coefficients are MediaPipe's 52 blendshape scores (ARKit's names); the model is
linear in them.
"""

from __future__ import annotations

import functools
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monalive.faces.apertures import FaceApertures
from monalive.faces.landmarks import LANDMARK_COUNT, LEFT_EYE_CORNERS, LEFT_IRIS, RIGHT_EYE_CORNERS, RIGHT_IRIS
from monalive.packaged_assets import asset_path

ASSET = "expressions.npz"
FORMAT = "monalive.expressions"
# Radius of the eyeball in eye widths (about 12 mm in 30 mm): how far the iris travels when the eye turns.
EYEBALL_RADIUS = 0.40

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ExpressionBasis:
    """A linear model of facial expression.

    Attributes:
        names: the coefficients' names, in order.
        mean_face: (478, 3) a neutral face, mouth closed and eyes open, looking at the camera. x right in the
            picture, y down, z away from the camera; the outer eye corners are 1 apart, the origin is the mean
            of the rigid points. Mirror-symmetric in x.
        displacements: (len(names), 478, 3) what a coefficient of 1 adds to the mean face.
        sources: what the model was fitted to, as written by the fit.
    """

    names: tuple[str, ...]
    mean_face: Array
    displacements: Array
    sources: str

    @functools.cached_property
    def apertures(self) -> FaceApertures:
        """Eyelids and lips, laid out on the mean face."""
        return FaceApertures.for_face(self.mean_face)

    @functools.cached_property
    def mirror(self) -> NDArray[np.intp]:
        """(478,) for each landmark the opposite one: `points[mirror] * (-1, 1, 1)` is the mirrored face."""
        return mirror_indices(self.mean_face, self.mean_face + self.displacement({"jawOpen": 1.0}))

    @functools.cached_property
    def mobility(self) -> Array:
        """(478,) how far each landmark moves in the picture when every coefficient is varied by 0.2."""
        moved: Array = 0.2 * np.sqrt((self.displacements[..., :2] ** 2).sum(axis=(0, 2)))
        return moved

    def displacement(self, coefficients: Mapping[str, float] | ArrayLike) -> Array:
        """Coefficients by name, or (..., 52) in order, to landmark displacements (..., 478, 3).

        Raises:
            ValueError: an unknown name, or the wrong number of coefficients.
        """
        if isinstance(coefficients, Mapping):
            unknown = sorted(set(coefficients) - set(self.names))
            if unknown:
                raise ValueError(f"unknown expression {unknown[0]!r}; known are: {', '.join(self.names)}")
            values = np.array([coefficients.get(name, 0.0) for name in self.names], np.float64)
        else:
            values = np.asarray(coefficients, np.float64)
        if values.shape[-1:] != (len(self.names),):
            raise ValueError(f"expected {len(self.names)} coefficients, got an array of shape {values.shape}")
        return np.tensordot(values, self.displacements, axes=1)

    def face(self, coefficients: Mapping[str, float] | ArrayLike, gaze: tuple[float, float] = (0.0, 0.0)) -> Array:
        """The mean face with an expression, (478, 3) in its own frame.

        Args:
            coefficients: by name, or (52,) in order. A linear model overshoots: eyelids and lips that would
                pass through each other are stopped where they meet.
            gaze: where both eyes look, in degrees (to the picture's right, down), 0 is into the camera.
        """
        points = self.mean_face + self.displacement(coefficients)
        for aperture in (*self.apertures.eyes, self.apertures.mouth):
            points = aperture.separate(points)
        across, down = EYEBALL_RADIUS * np.sin(np.deg2rad(np.asarray(gaze, np.float64)))
        for corners, iris in ((RIGHT_EYE_CORNERS, RIGHT_IRIS), (LEFT_EYE_CORNERS, LEFT_IRIS)):
            width = np.linalg.norm(self.mean_face[corners[0]] - self.mean_face[corners[1]])
            # The eyes themselves turn here and only here: what the fit learned about irises is lid motion
            # seen through them.
            points[list(iris)] = self.mean_face[list(iris)] + np.array([across * width, down * width, 0.0])
        return points


def mirror_indices(*symmetric_faces: Array) -> NDArray[np.intp]:
    """(N,) for each landmark the one opposite to it, from faces (N, 3) that are (almost) mirror-symmetric in
    x.

    Several expressions of the same face tell points apart that coincide in one: the lips of a closed mouth.

    Raises:
        ValueError: the faces are not symmetric enough to pair their points one to one.
    """
    faces = np.stack(symmetric_faces, axis=1)  # (N, faces, 3)
    opposite = faces * [-1.0, 1.0, 1.0]
    indices: NDArray[np.intp] = ((opposite[:, None] - faces[None]) ** 2).sum(axis=(2, 3)).argmin(axis=1)
    if not np.array_equal(indices[indices], np.arange(len(faces))):
        raise ValueError("the face is too asymmetric to tell which landmark is opposite to which")
    return indices


def mirror_name(name: str) -> str:
    """The expression of the other side of the face: "eyeBlinkLeft" gives "eyeBlinkRight"; "jawOpen" stays."""
    for side, other in (("Left", "Right"), ("Right", "Left")):
        if name.endswith(side):
            return name.removesuffix(side) + other
    return name


@functools.cache
def load_expressions(path: str | Path | None = None) -> ExpressionBasis:
    """The model that ships with the package, or one fitted anew. Read once, then kept.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is not an expression model.
    """
    source = Path(path) if path is not None else asset_path(ASSET)
    if not source.is_file():
        raise FileNotFoundError(f"{source} is missing; reinstall monalive, or give the path of an expression model")
    try:
        with np.load(io.BytesIO(source.read_bytes()), allow_pickle=False) as archive:
            about = json.loads(str(archive["about"]))
            mean_face = archive["mean_face"].astype(np.float64)
            displacements = archive["displacements"].astype(np.float64)
        names = tuple(about["names"])
        if about["format"] != FORMAT:
            raise ValueError(about["format"])
    except (OSError, KeyError, ValueError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"{source} is not an expression model (or is damaged): {error}") from error
    if mean_face.shape != (LANDMARK_COUNT, 3) or displacements.shape != (len(names), LANDMARK_COUNT, 3):
        raise ValueError(f"{source} holds arrays of unexpected shape {mean_face.shape}, {displacements.shape}")
    mean_face.flags.writeable = displacements.flags.writeable = False
    return ExpressionBasis(names, mean_face, displacements, str(about["sources"]))
