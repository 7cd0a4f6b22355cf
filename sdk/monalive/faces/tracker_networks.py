"""monalive's own tracker networks, from a bundle: detector, landmarks and blendshapes, learnt from MediaPipe's.

The regions they look at are level squares (`level_crop`).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from monalive.bundle import Bundle
from monalive.faces.boxes import overlapping
from monalive.faces.level_crop import LEVEL_SCALE, extract_level, from_region, level_landmarks, level_region
from monalive.faces.rotated_square import RotatedSquare, whole_picture
from monalive.faces.tracker_interface import FoundFace, TrackerNetworks
from monalive.networks.runtimes import RuntimeOptions

DETECTOR_PART: Final = "tracker_detector"
LANDMARKS_PART: Final = "tracker_landmarks"
BLENDSHAPES_PART: Final = "tracker_blendshapes"
TRACKER_PARTS: Final = (DETECTOR_PART, LANDMARKS_PART, BLENDSHAPES_PART)
# Low, since what is read there is judged as well (`still_search`): half hidden and overexposed faces score as little.
MIN_CONFIDENCE: Final = 0.3
# Heads are seldom held further from upright (radians).
FAR_ROLL: Final = np.deg2rad(60.0)


class LevelFaceDetector:
    """A `FaceDetector`: runs the detector network over one square region of a picture at a time."""

    def __init__(self, bundle: Bundle, options: RuntimeOptions, *, min_confidence: float = MIN_CONFIDENCE) -> None:
        self._network = bundle.network(DETECTOR_PART, options)
        self._size = _side(bundle, DETECTOR_PART)
        self._min_confidence = min_confidence

    def detect(self, image: NDArray[np.uint8], region: RotatedSquare | None = None) -> list[FoundFace]:
        """Faces in `region` (default: the whole picture), the surest first.

        Args:
            image: (H, W, 3) uint8 RGB.
            region: where to look; may be rotated and may reach outside the picture (black there).
        """
        region = region or whole_picture(image)
        crop = extract_level(image, region, self._size, border=cv2.BORDER_CONSTANT)
        made = self._network({"picture": _to_unit(crop)})
        scores, places = made["scores"][0, ..., 0], made["places"][0]  # (16, 16), (16, 16, 5)
        grid = len(scores)
        rows, columns = np.nonzero(scores >= self._min_confidence)
        answers = places[rows, columns].astype(np.float64)
        centres = (np.stack([columns, rows], axis=1) + 0.5) / grid + answers[:, :2]
        sides = np.exp(answers[:, 2])
        found = []
        half = sides[:, None] / 2
        kept = scores[rows, columns].astype(np.float64)
        for group, weights in overlapping(kept, np.concatenate([centres - half, centres + half], axis=1)):
            x, y = from_region(weights @ centres[group], region)
            cosine, sine = weights @ answers[group, 3:]
            side = float(weights @ sides[group]) * region.side * LEVEL_SCALE
            angle = region.angle + float(np.arctan2(sine, cosine))
            found.append(FoundFace(float(kept[group[0]]), RotatedSquare(float(x), float(y), side, angle)))
        return found

    def detect_any_way_up(self, image: NDArray[np.uint8]) -> list[FoundFace]:
        """Faces in the whole picture, also sideways and upside down (photos that lost their orientation).

        A bowed face looks much like one on its head: one that seems to lie on its side or beyond is believed only if
        it stands upright in the picture turned that way; else the second look counts.
        """
        found = self.detect(image)
        if not found or abs(found[0].roi.angle) <= FAR_ROLL:
            return found
        whole = whole_picture(image)
        again = self.detect(image, RotatedSquare(whole.x, whole.y, whole.side, found[0].roi.angle))
        return again or found


class LevelFaceMesh:
    """A `FaceMesh`, the landmark network: one region of a picture in, 478 landmarks and the presence of a face out."""

    def __init__(self, bundle: Bundle, options: RuntimeOptions) -> None:
        self._network = bundle.network(LANDMARKS_PART, options)
        self._size = _side(bundle, LANDMARKS_PART)

    def __call__(self, image: NDArray[np.uint8], region: RotatedSquare) -> tuple[NDArray[np.float32], float]:
        """Landmarks of the face in `region`.

        Args:
            image: (H, W, 3) uint8 RGB.
            region: the face's square, the face level in it; outside the picture its border repeats.

        Returns:
            (478, 3) float32: x, y in picture pixels, z in the scale of x (smaller is nearer).
            Presence of a face, [0, 1].
        """
        made = self._network({"crop_of_face": _to_unit(extract_level(image, region, self._size))})
        return from_region(made["landmarks"][0], region).astype(np.float32), float(made["presence"][0, 0])

    @staticmethod
    def region_of(landmarks: NDArray[np.float32]) -> RotatedSquare:
        """Where to look for the face of these landmarks."""
        return level_region(landmarks)


class LevelFaceBlendshapes:
    """A `FaceBlendshapes`, the blendshape network: landmarks in, 52 expression coefficients out."""

    def __init__(self, bundle: Bundle, options: RuntimeOptions) -> None:
        self._network = bundle.network(BLENDSHAPES_PART, options)

    def __call__(self, landmarks: NDArray[np.float32]) -> NDArray[np.float32]:
        """(478, 2 or 3) landmarks in picture pixels to (52,) float32, [0, 1]: see `blendshapes.BLENDSHAPE_NAMES`."""
        made = self._network({"level_landmarks": level_landmarks(landmarks)[None]})
        scores: NDArray[np.float32] = made["blendshapes"][0]
        return scores


def load_tracker_networks(
    bundle: Bundle | None = None, runtime: RuntimeOptions | None = None, *, min_confidence: float = MIN_CONFIDENCE
) -> TrackerNetworks:
    """The tracker's networks of a bundle.

    Args:
        bundle: where they are; None for the one that comes with this package.
        runtime: what they run on; None for one thread: they are too small to gain from a second one.
        min_confidence: score a detection needs, [0, 1].

    Raises:
        FileNotFoundError: the packaged bundle is missing.
        ValueError: an option is out of range, or the bundle does not hold such networks.
        ImportError: the runtime is not installed.
    """
    if not 0.0 <= min_confidence <= 1.0:
        raise ValueError(f"min_confidence must be in [0, 1], not {min_confidence}")
    bundle = bundle or Bundle.load()
    runtime = runtime or RuntimeOptions(num_threads=1)
    return TrackerNetworks(
        LevelFaceDetector(bundle, runtime, min_confidence=min_confidence),
        LevelFaceMesh(bundle, runtime),
        LevelFaceBlendshapes(bundle, runtime) if BLENDSHAPES_PART in bundle.parts else None,
    )


def holds_tracker(parts: Collection[str]) -> bool:
    """Whether all of the tracker's networks are among a bundle's parts; in bundles of earlier versions they are not."""
    return set(TRACKER_PARTS) <= set(parts)


def bundle_with_tracker(bundle: Bundle) -> Bundle:
    """The bundle itself where it holds the tracker's networks, else the one that comes with the package.

    Raises:
        FileNotFoundError, ValueError: the packaged one is needed, and missing or damaged.
    """
    return bundle if holds_tracker(bundle.parts) else Bundle.load()


def _side(bundle: Bundle, part: str) -> int:
    (entry,) = bundle.part_manifest(part)["inputs"]
    return int(entry["shape"][1])


def _to_unit(crop: NDArray[np.uint8]) -> NDArray[np.float32]:
    return crop[None].astype(np.float32) / np.float32(255)
