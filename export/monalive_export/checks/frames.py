"""Real frames for the gate and for calibration: photos, and landmarks that somebody wants of them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from monalive.faces.crop import SquareCrop, portrait_crop
from monalive.faces.level_crop import extract_level, level_landmarks, level_region
from monalive.faces.rotated_square import whole_picture
from monalive.faces.tracker import FaceTracker, choose_face
from monalive.media.image_io import load_image
from monalive.motions import builtin_motions
from monalive.motions.surroundings_flow import SurroundingsFlow, unknown_surroundings
from monalive.packaged_assets import asset_path
from monalive.retargeting.retarget import Retargeter, RetargetOptions
from monalive.retargeting.retarget_networks import RetargetNetworks
from monalive_distill.data.prepare import prepare
from monalive_distill.data.training_pairs import INDEX_FILE, FaceSequence, load_sequences
from monalive_distill.regions.frames import EYE_AND_BROW_SHAPE, MOUTH_SHAPE, face_frames
from monalive_distill.tracker.detector_network import INPUT_SIZE as DETECTOR_SIZE
from monalive_distill.tracker.landmark_network import INPUT_SIZE as LANDMARKS_SIZE
from monalive_export.checks.sounds import voice_like
from monalive_export.graphs.background_flow import BACKGROUND_FILTER_SHAPES
from monalive_export.graphs.retarget import FILTER_SHAPES
from monalive_export.graphs.retarget_absolute import ABSOLUTE_FILTER_SHAPES

Array = NDArray[np.float32]
PORTRAITS: Final = ("sample_portrait.jpg", "sample_portrait_2.jpg")
MOTIONS: Final = ("laugh", "shake", "talk", "look_around", "surprise", "kiss")
FRAME_MS: Final = 40.0
CLIP_STRIDE: Final = 25
# The driver's, where no tracker is in the pipeline: most scores are small, some large, and lids and lips would cross.
BLENDSHAPES: Final = (np.random.default_rng(11).random((1, 52)) ** 3).astype(np.float32)
# As measured around a driver: flow within the crop, known to any degree.
MEASURED: Final = (
    np.random.default_rng(12).uniform([-0.05, -0.05, 0], [0.05, 0.05, 1], (1, 16, 16, 3)).astype(np.float32)
)
_FILTER_SHAPES: Final = FILTER_SHAPES | ABSOLUTE_FILTER_SHAPES | BACKGROUND_FILTER_SHAPES
TRACKED_SIZE: Final = 256  # the tracker sees the photo itself, however small the pictures of a model are


@dataclass(frozen=True)
class Frame:
    """One frame to compute.

    Attributes:
        inputs: everything any graph of the pipeline takes from outside, float32 by port name, batch of one.
        truth: (H, W, 3) float32 RGB in [0, 1], the picture that it should give, where it is known.
    """

    inputs: Mapping[str, Array]
    truth: Array | None = None


def packaged_frames(count: int, size: int, start: int = 0) -> list[Frame]:
    """Frames of the sample portraits (people who do not exist) driven by built-in motions; no truth is known.

    Args:
        count: how many.
        size: side of the pictures.
        start: how many to pass over: other frames for calibration than for the gate.
    """
    frames = _packaged(size)
    for _ in range(start):
        next(frames)
    return [next(frames) for _ in range(count)]


def cached_frames(folder: Path, count: int, size: int, start: int = 0) -> list[Frame]:
    """Frames of a cache of `monalive-distill prepare`: everybody's first picture, driven by a later one.

    Raises:
        FileNotFoundError: no cache in `folder`.
        ValueError: it holds nobody with two pictures.
    """
    sequences = [sequence for sequence in load_sequences(folder) if len(sequence.frames) > 1]
    if not sequences:
        raise ValueError(f"the cache {folder} holds no sequence of two pictures or more")
    frames = []
    for number in range(start, start + count):
        sequence = sequences[number % len(sequences)]
        later = 1 + (number // len(sequences) * 37 + len(sequence.frames) // 2) % (len(sequence.frames) - 1)
        frames.append(_cached(sequence, later, size))
    return frames


def folder_frames(folder: Path, count: int, size: int) -> list[Frame]:
    """`cached_frames` of a cache, or of a folder of clips: of those, frames a second apart are tracked first.

    Raises:
        FileNotFoundError: no such folder, or neither a cache in it nor a video that shows a face.
        ValueError: nobody is shown twice.
    """
    if (folder / INDEX_FILE).is_file():
        return cached_frames(folder, count, size)
    check_folder(folder)
    with tempfile.TemporaryDirectory() as cache:
        try:
            prepare(folder, Path(cache), kind="clip", stride=CLIP_STRIDE, progress=False)
        except FileNotFoundError as error:
            raise FileNotFoundError(f"no video in {folder} shows a face for two seconds") from error
        return cached_frames(Path(cache), count, size)


def check_folder(folder: Path) -> None:
    """
    Raises:
        FileNotFoundError: it is not there.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"there is no folder {folder}; name a folder of clips or a cache of prepared ones")


def _packaged(size: int) -> Iterator[Frame]:
    people = []
    with FaceTracker(settle=True) as tracker:
        for name in PORTRAITS:
            image = load_image(asset_path(name))
            people.append((image, choose_face(tracker.detect(image)).landmarks))
    networks = RetargetNetworks()
    step = 0
    while True:
        for number, motion_name in enumerate(MOTIONS):
            image, landmarks = people[number % len(people)]
            motion = builtin_motions.load(motion_name)
            driver = motion.landmarks[(17 + 23 * step + 7 * number) % len(motion.landmarks)]
            crop = portrait_crop(landmarks, image.shape[1], image.shape[0])
            retargeter = Retargeter(landmarks, crop, RetargetOptions(smooth=False), networks=networks)
            retargeter.start(motion.landmarks[0], motion.image_size)
            target = retargeter.step(driver, 0.0)
            photo = crop.extract(image, size)
            geometry = _retarget_inputs(landmarks, crop, motion.landmarks[0], driver)
            seen = _tracker_inputs(crop.extract(image, TRACKED_SIZE), crop.to_unit(landmarks))
            regions = region_inputs(image, landmarks, crop, target, right=bool((step + number) % 2))
            whole = _inputs(photo, crop.to_unit(landmarks), target, unknown_surroundings())
            yield Frame(whole | geometry | seen | regions | {"sound": voice_like(len(MOTIONS) * step + number)})
        step += 1


def _cached(sequence: FaceSequence, later: int, size: int) -> Frame:
    first, second = np.asarray(sequence.frames[0]), np.asarray(sequence.frames[later])
    source, target = sequence.landmarks[0], sequence.landmarks[later]
    side = first.shape[0]
    around = SurroundingsFlow(first, source)(second, target)
    photo, truth = (cv2.resize(x, (size, size), interpolation=cv2.INTER_AREA) for x in (first, second))
    geometry = _retarget_inputs(source * side, SquareCrop(0.0, 0.0, side), source * side, target * side)
    inputs = _inputs(np.asarray(photo, np.uint8), source, target, around) | geometry | _tracker_inputs(first, source)
    inputs |= region_inputs(first, source * side, SquareCrop(0.0, 0.0, side), target, right=bool(later % 2))
    inputs |= {"sound": voice_like(later)}
    return Frame(inputs, np.asarray(truth, np.float32) / np.float32(255))


def _inputs(photo: NDArray[np.uint8], source: Array, target: Array, around: Array) -> dict[str, Array]:
    return {
        "photo": photo[None].astype(np.float32) / np.float32(255),
        "source_landmarks": _batch(source[:, :2]),
        "target_landmarks": _batch(target[:, :2]),
        "surroundings": _batch(around),
    }


def _tracker_inputs(photo: NDArray[np.uint8], landmarks: Array) -> dict[str, Array]:
    """What the tracker's networks are given of a photo; landmarks in units of its side."""
    points = landmarks * photo.shape[0]
    picture = extract_level(photo, whole_picture(photo), DETECTOR_SIZE)
    crop = extract_level(photo, level_region(points), LANDMARKS_SIZE)
    return {
        "picture": picture[None].astype(np.float32) / np.float32(255),
        "crop_of_face": crop[None].astype(np.float32) / np.float32(255),
        "level_landmarks": _batch(level_landmarks(points)),
    }


def region_inputs(
    image: NDArray[np.uint8], landmarks: Array, crop: SquareCrop, target: Array, *, right: bool
) -> dict[str, Array]:
    """What the networks of eyes and mouth are given.

    Args:
        image: the photo (H, W, 3).
        landmarks: (478, 3) its own.
        crop: its square.
        target: (478, 3) wanted, in units of the square.
        right: whether the eye is the right one.
    """
    corner = np.array([crop.x, crop.y, 0.0], np.float32)
    wanted = target * np.float32(crop.side) + corner
    inputs = {"face_landmarks": _batch(target)}
    own, asked = face_frames(landmarks), face_frames(wanted)
    eye, wanted_eye = (own.right_eye, asked.right_eye) if right else (own.left_eye, asked.left_eye)
    for name, shape, source, goal in (
        ("eye", EYE_AND_BROW_SHAPE, eye, wanted_eye),
        ("mouth", MOUTH_SHAPE, own.mouth, asked.mouth),
    ):
        inputs[f"{name}_photo"] = _batch(source.extract(image, shape).astype(np.float32) / np.float32(255))
        inputs[f"{name}_source_landmarks"] = _batch(source.to_crop(landmarks, shape))
        inputs[f"{name}_target_landmarks"] = _batch(goal.to_crop(wanted, shape))
    return inputs


def _retarget_inputs(portrait: Array, crop: SquareCrop, reference: Array, driver: Array) -> dict[str, Array]:
    return {
        "portrait_landmarks": _batch(portrait),
        "crop": np.array([[crop.x, crop.y, crop.side]], np.float32),
        "driver_reference": _batch(reference),
        "gains": np.ones((1, 4), np.float32),
        "driver_landmarks": _batch(driver),
        "blendshapes": BLENDSHAPES,
        "elapsed_ms": np.full((1, 1), FRAME_MS, np.float32),
        "driver_crop": np.array([[crop.x, crop.y, crop.side]], np.float32),
        "measured_surroundings": MEASURED,
        **{name: np.zeros(shape, np.float32) for name, shape in _FILTER_SHAPES.items()},
    }


def _batch(value: Array) -> Array:
    return np.ascontiguousarray(value[None], np.float32)
