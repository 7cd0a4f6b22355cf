"""Makes the training cache: face crops and landmarks of videos, or of pictures named PERSON_VARIANT.jpg."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from monalive.atomic_file import atomic_path
from monalive.faces.crop import SquareCrop, portrait_crop
from monalive.faces.tracker import FaceTracker
from monalive.media.image_io import load_image
from monalive.media.video_io import VideoReader
from monalive_distill.data.preparation_settings import SAME_PERSON
from monalive_distill.data.training_pairs import INDEX_FILE
from monalive_distill.mediapipe_tracker.networks import mediapipe_tracker
from monalive_distill.metrics.identity import FaceIdentity, csim

CACHE_SIZE = 256
VIDEO_SUFFIXES = frozenset({".mp4", ".webm", ".mov", ".mkv", ".avi"})
PICTURE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp"})


@dataclass(frozen=True)
class PreparedCache:
    """What `prepare` made: how many sequences and frames, and what was left out with the reason."""

    sequences: int
    frames: int
    left_out: tuple[str, ...]


def prepare(
    source: Path,
    output: Path,
    *,
    kind: str,
    stride: int = 2,
    least: int = 2,
    same_person: float = SAME_PERSON,
    progress: bool = True,
) -> PreparedCache:
    """Tracks faces and writes the cache that `training_pairs.load_sequences` opens.

    Args:
        source: a folder of videos (one sequence each; in folders per person, or named in a `clips.tsv` beside the
            folder), or of pictures named PERSON_VARIANT.jpg (one sequence per person).
        output: the cache's folder.
        kind: what to call these sequences ("clip", "stills", "synthetic"): training draws by kind.
        stride: every how manieth frame of a video is kept.
        least: sequences with fewer pictures that show a face are left out; generators of moving faces need two, the
            tracker's networks one.
        same_person: pictures of a person (frames of a video are not asked) whose CSIM with the first is less are left
            out; 0: none.
        progress: show a progress bar.

    Raises:
        FileNotFoundError: no such folder, or nothing usable in it.
        ValueError: `same_person` is no similarity.
    """
    if not 0 <= same_person <= 1:
        raise ValueError(f"the lowest CSIM of one person's pictures must be from 0 to 1, not {same_person}")
    if not source.is_dir():
        raise FileNotFoundError(f"there is no folder {source}")
    output.mkdir(parents=True, exist_ok=True)
    index, left_out = [], []
    somebody_else = 0
    identity = FaceIdentity()
    with mediapipe_tracker(settle=True) as tracker:  # the teacher: these landmarks are what is learnt
        sequences = list(_sequences(source))
        for name, person, files in tqdm(sequences, desc="preparing", unit="sequence", disable=not progress):
            try:
                frames, landmarks = _track(tracker, files, stride)
            except (ValueError, OSError) as error:
                left_out.append(f"{name}: {error}")
                continue
            if len(frames) > 1 and files[0].suffix.lower() in PICTURE_SUFFIXES:
                kept = of_the_first(identity, frames, [points * CACHE_SIZE for points in landmarks], same_person)
                somebody_else += len(frames) - len(kept)
                frames, landmarks = [frames[i] for i in kept], [landmarks[i] for i in kept]
            if len(frames) < least:
                left_out.append(f"{name}: {len(frames)} pictures can be used, at least {least} are needed")
                continue
            np.save(output / f"{name}.frames.npy", np.stack(frames))
            np.save(output / f"{name}.landmarks.npy", np.stack(landmarks))
            index.append({"name": name, "person": person, "frames": len(frames), "kind": kind})
    if somebody_else:
        left_out.append(
            f"pictures that show another person than the first picture (CSIM < {same_person}): {somebody_else}"
        )
    if not index:
        reasons = "; ".join(left_out[-3:]) or "no video or set of pictures shows a face"
        raise FileNotFoundError(f"nothing in {source} can be used for training: {reasons}")
    with atomic_path(output / INDEX_FILE) as unfinished:
        unfinished.write_text(json.dumps(index, indent=0))
    return PreparedCache(len(index), sum(int(str(entry["frames"])) for entry in index), tuple(left_out))


def of_the_first(
    identity: FaceIdentity,
    pictures: Sequence[NDArray[np.uint8]],
    landmarks: Sequence[NDArray[np.float32]],
    least: float = SAME_PERSON,
) -> list[int]:
    """Which of N pictures (H, W, 3) show whom the first one shows, that one included.

    Args:
        identity: the descriptor network.
        pictures: RGB.
        landmarks: (478, 2 or 3) of each, in its pixels.
        least: CSIM with the first picture.
    """
    seen = [identity.describe(*face) for face in zip(pictures, landmarks, strict=True)]
    return [number for number, descriptor in enumerate(seen) if number == 0 or csim(seen[0], descriptor) >= least]


def _sequences(source: Path) -> Iterator[tuple[str, str, list[Path]]]:
    """(name, person, files) of every sequence in a folder."""
    files = sorted(path for path in source.rglob("*") if path.is_file())
    people = _people_of_clips(source.parent / "clips.tsv")
    for path in files:
        if path.suffix.lower() in VIDEO_SUFFIXES:
            relative = path.relative_to(source)
            person = people.get(path.name) or (relative.parts[0] if len(relative.parts) > 1 else path.stem)
            yield "_".join(relative.with_suffix("").parts), person, [path]
    pictures: dict[str, list[Path]] = {}
    for path in files:
        if path.suffix.lower() in PICTURE_SUFFIXES and "_" in path.stem:
            pictures.setdefault(path.stem.rpartition("_")[0], []).append(path)
    for person, group in pictures.items():
        yield person, person, group


def _people_of_clips(table: Path) -> dict[str, str]:
    if not table.is_file():
        return {}
    with table.open(newline="") as file:
        return {row["file"]: row["identity"] for row in csv.DictReader(file, delimiter="\t")}


def _track(
    tracker: FaceTracker, files: list[Path], stride: int
) -> tuple[list[NDArray[np.uint8]], list[NDArray[np.float32]]]:
    """Crops (256, 256, 3) and landmarks (478, 3) in crop units; one fixed crop, laid by the first face."""
    is_video = files[0].suffix.lower() in VIDEO_SUFFIXES
    pictures = _every(stride, files[0]) if is_video else (load_image(path) for path in files)
    follow = tracker.track if is_video else tracker.detect
    tracker.reset()
    crop: SquareCrop | None = None
    frames, landmarks = [], []
    for picture in pictures:
        faces = follow(picture)
        if not faces:
            continue
        if crop is None:
            crop = portrait_crop(faces[0].landmarks, picture.shape[1], picture.shape[0])
        frames.append(crop.extract(picture, CACHE_SIZE))
        landmarks.append(crop.to_unit(faces[0].landmarks))
    return frames, landmarks


def _every(stride: int, video: Path) -> Iterable[NDArray[np.uint8]]:
    with VideoReader(video) as reader:
        for number, (_, picture) in enumerate(reader):
            if number % stride == 0:
                yield picture
