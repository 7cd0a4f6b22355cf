"""Faces in stills and in video: detector, landmarks and blendshapes put together as in MediaPipe's face landmarker."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from monalive.closing import ClosesAtEnd
from monalive.faces.boxes import box_iou
from monalive.faces.closer_looks import QUARTER_TURNS
from monalive.faces.overexposure import is_overexposed, toned_down
from monalive.faces.rotated_square import RotatedSquare
from monalive.faces.still_search import find_faces, is_sure, unsettled
from monalive.faces.tracker_interface import FoundFace, TrackerNetworks
from monalive.faces.tracker_networks import load_tracker_networks
from monalive.rgb_image import require_rgb

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
# Landmarks and presence, read in one region.
Look = tuple[NDArray[np.float32], float]
# What looks so little like a face is not looked at again.
HOPELESS_PRESENCE = 0.05


@dataclass(frozen=True)
class Face:
    """A face found in a picture.

    Attributes:
        landmarks: (478, 3) float32: x, y in picture pixels, z in the scale of x, smaller is nearer. Landmarks
            may lie outside the picture where the face does.
        presence: how sure the landmark network is that this is a face, [0, 1].
        blendshapes: (52,) float32, [0, 1], in the order of `blendshapes.BLENDSHAPE_NAMES`; None if not asked for.
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
        raise ValueError(f'choose a face by "largest" or by a number counted from the left from 0, not by {which!r}')
    if not 0 <= which < len(faces):
        count = "only one face" if len(faces) == 1 else f"{len(faces)} faces"
        raise ValueError(f"face {which} was asked for, but the picture shows {count}, counted from the left from 0")
    return sorted(zip(boxes, faces, strict=True), key=lambda pair: pair[0][0] + pair[0][2])[which][1]


class FaceTracker(ClosesAtEnd):
    """Finds faces and their landmarks in pictures. Not for use from several threads at once.

    Args:
        networks: what finds and reads faces; by default those that come with this package.
        num_faces: at most so many faces are returned.
        min_presence_confidence: presence a face needs to be returned and followed, [0, 1].
        output_blendshapes: fill in `Face.blendshapes`.
        settle: look again at a new face, twice, in the region of its own landmarks. Then stills and all
            frames of a video, the first included, are measured alike, which matters where they are compared.
            Without it, new faces are what MediaPipe gives in its IMAGE mode and in the first frame of its
            VIDEO mode.

    Raises:
        FileNotFoundError, ValueError, ImportError: the networks are to be those of this package, and
            `load_tracker_networks` cannot load them.
        ValueError: an option is out of range, or blendshapes are asked of networks without them.
    """

    def __init__(
        self,
        networks: TrackerNetworks | None = None,
        *,
        num_faces: int = 1,
        min_presence_confidence: float = 0.5,
        output_blendshapes: bool = False,
        settle: bool = False,
    ) -> None:
        if num_faces < 1:
            raise ValueError(f"num_faces must be at least 1, not {num_faces}")
        if not 0.0 <= min_presence_confidence <= 1.0:
            raise ValueError(f"min_presence_confidence must be in [0, 1], not {min_presence_confidence}")
        chosen = networks or load_tracker_networks()
        if output_blendshapes and chosen.blendshapes is None:
            raise ValueError("these networks give no blendshapes; use a bundle that has the part tracker_blendshapes")
        self._networks: TrackerNetworks | None = chosen
        self._output_blendshapes = output_blendshapes
        self._num_faces = num_faces
        self._min_presence = min_presence_confidence
        self._settle = settle
        self.reset()

    def close(self) -> None:
        """Lets go of the networks. The tracker cannot be used afterwards."""
        self._networks = None
        self.reset()

    def reset(self) -> None:
        """Forgets the faces that `track` follows: the next frame starts anew."""
        self._regions: list[RotatedSquare] = []
        self._size: tuple[int, ...] = ()
        self._frames_lost = 0

    def detect(self, image: NDArray[np.uint8], *, largest_only: bool = False) -> list[Face]:
        """Faces of a still picture. What `track` follows stays as it is.

        The picture is looked at any way up, with a margin (a face that fills it) and in overlapping tiles (faces down
        to a twentieth of its height). A face whose region turns out not to be level is looked at again, levelled. What
        is not enough like a person's face is left out. An overexposed picture without a face is looked at once more,
        toned down.

        Args:
            image: (H, W, 3) uint8 RGB, at least 16 pixels on a side.
            largest_only: spare the looks that could only show faces smaller than one that is found already.

        Returns:
            At most `num_faces` faces, the largest first (without `settle`, those seen at first sight before the others,
            the surest first); empty when there is none.

        Raises:
            ValueError: `image` is not such an array, or the tracker is closed.
        """
        _check_image(image)
        faces = self._find(image, QUARTER_TURNS, largest_only=largest_only)
        if not faces and is_overexposed(image):
            faces = self._find(toned_down(image), QUARTER_TURNS, largest_only=largest_only)
        return faces

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
            faces = self.search(image, thorough=self._frames_lost % THOROUGH_EVERY == 0)
        self._frames_lost = 0 if faces else self._frames_lost + 1
        mesh = self._open().mesh
        self._regions = [mesh.region_of(face.landmarks) for face in faces]
        return faces

    def look_at(self, image: NDArray[np.uint8], regions: Sequence[RotatedSquare]) -> list[Face]:
        """The faces in known regions of a frame, such as those of the frame before. What `track` follows stays.

        Args:
            image: as for `track`.
            regions: see `region_of`; those without a face are passed over.

        Raises:
            ValueError: as for `track`.
        """
        _check_image(image)
        return self._distinct(self._still_there(image, regions))

    def search(self, image: NDArray[np.uint8], *, thorough: bool, known: Sequence[Face] = ()) -> list[Face]:
        """Faces of a video's frame. What `track` follows stays as it is.

        Args:
            image: as for `track`.
            thorough: as in a still, but in upright tiles alone; else in one look at the whole frame.
            known: faces of this frame, which that look need not read again.

        Raises:
            ValueError: as for `track`.
        """
        _check_image(image)
        if thorough:
            return self._find(image, QUARTER_TURNS[:1])
        region_of = self._open().mesh.region_of
        return self._distinct(self._at_first_sight(image, [region_of(face.landmarks) for face in known]))

    def _follow(self, image: NDArray[np.uint8]) -> list[Face]:
        """Faces at their last places; while they are too few, also those that the detector finds.

        What the detector finds where a face was followed replaces it, which is MediaPipe's rule
        (AssociationNormRectCalculator); when found faces are settled, the followed one stays.
        """
        followed: Sequence[RotatedSquare] = self._regions
        found: list[FoundFace] = []
        if len(followed) < self._num_faces:
            found = self._open().detector.detect(image)[: self._num_faces]
            if self._settle:
                found = _elsewhere(found, followed)
            else:
                followed = [region for region in followed if not any(_same(region, face.roi) for face in found)]
        return self._distinct(chain(self._still_there(image, followed), self._sure(image, found)))

    def _open(self) -> TrackerNetworks:
        if self._networks is None:
            raise ValueError("the face tracker is closed; make a new one")
        return self._networks

    def _find(self, image: NDArray[np.uint8], tile_turns: Sequence[int], *, largest_only: bool = False) -> list[Face]:
        searched = self._searched(image, tile_turns, largest_only)
        # Unsettled landmarks are those of the region at hand: then MediaPipe's own comes first.
        return self._distinct(searched if self._settle else chain(self._at_first_sight(image), searched))

    def _searched(self, image: NDArray[np.uint8], tile_turns: Sequence[int], largest_only: bool) -> Iterator[Look]:
        networks = self._open()

        def read(region: RotatedSquare) -> tuple[NDArray[np.float32], float, RotatedSquare, float]:
            (landmarks, presence), restless = self._new_landmarks(image, region)
            return landmarks, presence, networks.mesh.region_of(landmarks), restless

        found = find_faces(image, networks.detector, read, tile_turns=tile_turns, largest_only=largest_only)
        found.sort(key=lambda reading: -reading.region.side)
        yield from ((reading.landmarks, reading.presence) for reading in found)

    def _at_first_sight(self, image: NDArray[np.uint8], known: Sequence[RotatedSquare] = ()) -> Iterator[Look]:
        return self._sure(image, _elsewhere(self._open().detector.detect_any_way_up(image), known))

    def _sure(self, image: NDArray[np.uint8], found: Sequence[FoundFace]) -> Iterator[Look]:
        """What is read where the detector found a face, if it is enough like one."""
        for face in found:
            look, restless = self._new_landmarks(image, face.roi)
            if is_sure(face.score, look[1], restless):
                yield look

    def _still_there(self, image: NDArray[np.uint8], regions: Sequence[RotatedSquare]) -> Iterator[Look]:
        """What is read in the regions of known faces, where they still are."""
        for region in regions:
            landmarks, presence = self._open().mesh(image, region)
            if presence > self._min_presence:
                yield landmarks, presence

    def _distinct(self, looks: Iterable[Look]) -> list[Face]:
        """As many faces as are asked for, each once. No more looks are taken than that needs."""
        faces: list[Face] = []
        blendshapes_of = self._open().blendshapes if self._output_blendshapes else None
        for landmarks, presence in looks:
            if not _already_found(landmarks, faces):
                blendshapes = blendshapes_of(landmarks) if blendshapes_of is not None else None
                faces.append(Face(landmarks, presence, blendshapes))
                if len(faces) == self._num_faces:
                    break
        return faces

    def _new_landmarks(self, image: NDArray[np.uint8], region: RotatedSquare) -> tuple[Look, float]:
        """A new face after the further looks it needs to be level and settled; and how unsettled it still is."""
        mesh = self._open().mesh
        landmarks, presence = mesh(image, region)
        for look in range(MAX_LOOKS):
            better = mesh.region_of(landmarks)
            tilted = _angle_between(better, region) > MAX_TILT_ERROR
            if presence <= HOPELESS_PRESENCE or not (tilted or (self._settle and look < SETTLING_LOOKS)):
                break
            region = better
            landmarks, presence = mesh(image, region)
        # Without settling nothing was done to reach rest, so that its lack says nothing.
        return (landmarks, presence), unsettled(region, mesh.region_of(landmarks)) if self._settle else 0.0


def _check_image(image: NDArray[np.uint8]) -> None:
    require_rgb(image)
    height, width = image.shape[:2]
    if min(height, width) < MIN_IMAGE_SIDE:
        raise ValueError(
            f"the picture is too small to show a face: {width}x{height} pixels, "
            f"at least {MIN_IMAGE_SIDE}x{MIN_IMAGE_SIDE} are needed"
        )


def _elsewhere(found: Sequence[FoundFace], known: Sequence[RotatedSquare]) -> list[FoundFace]:
    return [face for face in found if not any(_same(region, face.roi) for region in known)]


def _same(first: RotatedSquare, second: RotatedSquare) -> bool:
    return bool(box_iou(first.bounds[None], second.bounds)[0] > SAME_FACE_IOU)


def _angle_between(first: RotatedSquare, second: RotatedSquare) -> float:
    difference = first.angle - second.angle
    return float(abs(np.arctan2(np.sin(difference), np.cos(difference))))


def without_repeats(faces: Iterable[Face]) -> list[Face]:
    """The faces, each once: the first of those that overlap."""
    kept: list[Face] = []
    for face in faces:
        if not _already_found(face.landmarks, kept):
            kept.append(face)
    return kept


def _already_found(landmarks: NDArray[np.float32], faces: list[Face]) -> bool:
    box = np.concatenate([landmarks[:, :2].min(axis=0), landmarks[:, :2].max(axis=0)])
    return bool(faces) and bool((box_iou(np.array([face.box for face in faces]), box) > SAME_FACE_IOU).any())
