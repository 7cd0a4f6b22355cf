"""The clips that quality is measured on: which frames of them, cut to one size and tracked."""

from __future__ import annotations

import csv
from collections.abc import Callable, Collection, Iterable, Iterator
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
        measured: (T, 478, 3) the same as the tracker of `FrameScorer` finds them: what results are compared with.
        timestamps_ms: (T,) float64 from 0, strictly increasing.
        frames: (T,) their numbers in the video.
        without_face: frames that were chosen and left out because no face was found.
        for_expression: numbers of those frames that were read for what the face does alone: their pictures are not
            scored.
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
    for_expression: frozenset[int] = frozenset()

    @property
    def scored(self) -> list[int]:
        """Which of `images`, the first left out, are compared picture by picture."""
        return [i for i, number in enumerate(self.frames) if i and number not in self.for_expression]

    def motion(self) -> Motion:
        """What the clip's frames tell of its face as a driver: all that a reenactment method gets to know of them."""
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
        return replace(self.only([0]), without_face=0)

    def without_expression_frames(self) -> Clip:
        """The first frame and those whose pictures are scored."""
        return self.only([0, *self.scored])

    def only(self, indices: list[int]) -> Clip:
        """Some of the frames, by their places in `images`."""
        return replace(
            self,
            images=[self.images[i] for i in indices],
            landmarks=self.landmarks[indices],
            measured=self.measured[indices],
            timestamps_ms=self.timestamps_ms[indices],
            frames=tuple(self.frames[i] for i in indices),
            surroundings=self.surroundings[indices],
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


def read_clip(
    path: Path,
    tracker: FaceTracker,
    frame_count: int,
    measurer: FaceTracker | None = None,
    expression_frames: Collection[int] = (),
) -> Clip:
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
        expression_frames: numbers of further frames, read for what the face does in them.

    Raises:
        ValueError: not a readable video, fewer than two frames, no face in frame 0, or in none of the others.
    """
    spread: set[int] = set()

    def choose(total: int) -> set[int]:
        spread.update(spread_frames(total, frame_count))
        return spread.union(expression_frames)

    pictures = chosen_pictures(path, choose, lambda frame: face_crop(frame, tracker))
    clip = track_clip(path.stem, pictures, tracker, measurer)
    return replace(clip, for_expression=frozenset(expression_frames) - spread)


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
    return chosen_pictures(path, lambda total: spread_frames(total, frame_count), choose_crop)


def chosen_pictures(
    path: Path, choose_frames: Callable[[int], Collection[int]], choose_crop: Callable[[NDArray[np.uint8]], SquareCrop]
) -> Iterator[tuple[int, float, NDArray[np.uint8]]]:
    """Number, timestamp in ms and picture, at the evaluation's size, of chosen frames.

    Args:
        path: the video.
        choose_frames: given how many frames there are, the numbers of those that are wanted, counted from 0.
        choose_crop: given the first of them, the square that is cut from all.

    Raises:
        ValueError: not a readable video, or what `choose_frames` raises.
    """
    with VideoReader(path) as video:
        total = video.frame_count if video.frame_count is not None else sum(1 for _ in video)
        wanted = set(choose_frames(total))
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


def face_crop(frame: NDArray[np.uint8], tracker: FaceTracker) -> SquareCrop:
    """As `clip_crop`.

    Raises:
        ValueError: the frame shows no face.
    """
    crop = clip_crop(frame, tracker)
    if crop is None:
        raise ValueError(NO_FACE)
    return crop


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
