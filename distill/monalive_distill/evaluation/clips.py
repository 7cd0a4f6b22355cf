"""The clips that quality is measured on: which frames of them, cut to one size and tracked."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monalive.faces.crop import SquareCrop, portrait_crop
from monalive.faces.tracker import FaceTracker
from monalive.media.video_io import VideoReader
from monalive.motions.driver_surroundings import DriverSurroundings
from monalive.motions.motion import Motion

EVALUATION_SIZE = 256
NO_FACE = "no face was found in its first frame, which serves as the photo"


@dataclass(frozen=True)
class Clip:
    """Frames of one video, the first of which is the photo.

    Attributes:
        name: the file's name without its suffix.
        images: T pictures (256, 256, 3) uint8 RGB.
        landmarks: (T, 478, 3) float32 pixels of those pictures: what drives.
        measured: (T, 478, 3) the same as the ruler's tracker finds them: what results are compared with.
        timestamps_ms: (T,) float64 from 0, strictly increasing.
        frames: (T,) their numbers in the video.
        without_face: frames that were chosen and left out because no face was found.
        surroundings: (T, 16, 16, 3) float32, what moved around the face since the first frame, measured as the product
            measures it (`DriverSurroundings`).
    """

    name: str
    images: list[NDArray[np.uint8]]
    landmarks: NDArray[np.float32]
    measured: NDArray[np.float32]
    timestamps_ms: NDArray[np.float64]
    frames: tuple[int, ...]
    without_face: int
    surroundings: NDArray[np.float32]

    def motion(self) -> Motion:
        """What the clip's frames tell of its face as a driver: all that a reenactor gets to know of them."""
        height, width = self.images[0].shape[:2]
        return Motion(
            landmarks=self.landmarks,
            timestamps_ms=self.timestamps_ms,
            image_size=(width, height),
            fps=25.0,
            name=self.name,
            surroundings=self.surroundings,
        )

    def photo(self) -> Clip:
        """The first frame alone."""
        return replace(
            self,
            images=self.images[:1],
            landmarks=self.landmarks[:1].copy(),
            measured=self.measured[:1].copy(),
            timestamps_ms=self.timestamps_ms[:1].copy(),
            frames=self.frames[:1],
            without_face=0,
            surroundings=self.surroundings[:1].copy(),
        )


def find_clips(folder: str | Path) -> list[Path]:
    """The .mp4 files of a folder in the order of their names.

    Raises:
        FileNotFoundError: no such folder, or no .mp4 file in it.
        NotADirectoryError: it is a file.
    """
    folder = Path(folder)
    if not folder.exists():
        raise FileNotFoundError(f"there is no folder {folder}")
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder} is a file; name the folder that holds the clips")
    clips = sorted(path for path in folder.iterdir() if path.suffix.lower() == ".mp4" and path.is_file())
    if not clips:
        raise FileNotFoundError(f"there is no .mp4 file in {folder}")
    return clips


def spread_clips(paths: list[Path], count: int | None) -> list[Path]:
    """`count` of the paths, evenly spread; all for None."""
    if count is None or count >= len(paths):
        return paths
    if count < 1:
        raise ValueError(f"the number of clips must be at least 1, not {count}")
    return [paths[len(paths) * i // count] for i in range(count)]


def read_clip(path: Path, tracker: FaceTracker, frame_count: int, measurer: FaceTracker | None = None) -> Clip:
    """Frame 0 and `frame_count` frames spread evenly over the rest (fewer if the video is shorter).

    Square videos are used whole; of others, the square that the product would animate. Every chosen frame
    is tracked as a still, at the evaluation's size, so that landmarks of targets and of results come from
    pictures of one size.

    Args:
        path: the video.
        tracker: finds what drives.
        frame_count: frames besides the first.
        measurer: finds what results are compared with; None: the same tracker. Frames where either finds no face are
            left out.

    Raises:
        ValueError: not a readable video, fewer than two frames, no face in frame 0, or in none of the others.
    """
    pictures = spread_pictures(path, frame_count, lambda frame: _face_crop(frame, tracker))
    return track_clip(path.stem, pictures, tracker, measurer)


def track_clip(
    name: str,
    pictures: Iterable[tuple[int, float, NDArray[np.uint8]]],
    tracker: FaceTracker,
    measurer: FaceTracker | None = None,
) -> Clip:
    """A clip from its frames: number, timestamp in ms and picture of each, as `spread_pictures` gives them.

    Args:
        name: the clip's.
        pictures: of the evaluation's size; the first has number 0.
        tracker, measurer: as for `read_clip`.

    Raises:
        ValueError: no face in frame 0, or in none of the others.
    """
    images, landmarks, measured, timestamps, frames = [], [], [], [], []
    without_face = 0
    for number, timestamp, image in pictures:
        faces = tracker.detect(image)
        compared = faces if measurer is None else measurer.detect(image)
        if not faces or not compared:
            if number == 0:
                raise ValueError(NO_FACE)
            without_face += 1
            continue
        images.append(image)
        landmarks.append(faces[0].landmarks)
        measured.append(compared[0].landmarks)
        timestamps.append(timestamp)
        frames.append(number)
    if len(images) < 2:
        raise ValueError("no frame after the first shows a face")
    around = DriverSurroundings(images[0], landmarks[0])
    return Clip(
        name,
        images,
        np.stack(landmarks).astype(np.float32),
        np.stack(measured).astype(np.float32),
        np.array(timestamps, np.float64),
        tuple(frames),
        without_face,
        np.stack([around(image, points) for image, points in zip(images, landmarks, strict=True)]),
    )


def spread_pictures(
    path: Path, frame_count: int, choose_crop: Callable[[NDArray[np.uint8]], SquareCrop]
) -> Iterator[tuple[int, float, NDArray[np.uint8]]]:
    """Number, timestamp in ms and picture, at the evaluation's size, of the frames that `spread_frames` chooses.

    Args:
        path: the video.
        frame_count: frames besides the first.
        choose_crop: given the first frame, the square that is cut from all.

    Raises:
        ValueError: not a readable video, or fewer than two frames.
    """
    with VideoReader(path) as video:
        total = video.frame_count if video.frame_count is not None else sum(1 for _ in video)
        wanted = set(spread_frames(total, frame_count))
        crop: SquareCrop | None = None
        for number, (timestamp, frame) in enumerate(video):
            if number > max(wanted):
                break
            if number in wanted:
                crop = crop or choose_crop(frame)
                yield number, timestamp, crop.extract(frame, EVALUATION_SIZE)


def clip_crop(frame: NDArray[np.uint8], tracker: FaceTracker) -> SquareCrop | None:
    """Square frames whole; of others, the square that the product would animate. None: it shows no face."""
    height, width = frame.shape[:2]
    if height == width:
        return SquareCrop(0.0, 0.0, float(width))
    faces = tracker.detect(frame)
    return portrait_crop(faces[0].landmarks, width, height) if faces else None


def spread_frames(total: int, count: int) -> list[int]:
    """Frame 0 and up to `count` different frames from 1 to `total` - 1, evenly spread, both ends among them.

    Raises:
        ValueError: fewer than two frames, or `count` < 1.
    """
    if count < 1:
        raise ValueError(f"the number of frames must be at least 1, not {count}")
    if total < 2:
        raise ValueError("it has fewer than two frames")
    if count == 1:
        return [0, total - 1]
    rest = np.linspace(1, total - 1, min(count, total - 1)).round().astype(int)
    return [0, *sorted({int(number) for number in rest})]


def read_tiers(folder: Path) -> dict[str, str]:
    """Licence tier by clip name, from a `clips.tsv` beside the folder (columns `file`, `licence_tier`);
    else empty.
    """
    table = folder.resolve().parent / "clips.tsv"
    if not table.is_file():
        return {}
    with table.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t"))
    complete = [row for row in rows if row.get("file") and row.get("licence_tier")]
    return {Path(row["file"]).stem: row["licence_tier"] for row in complete}


def _face_crop(frame: NDArray[np.uint8], tracker: FaceTracker) -> SquareCrop:
    crop = clip_crop(frame, tracker)
    if crop is None:
        raise ValueError(NO_FACE)
    return crop
