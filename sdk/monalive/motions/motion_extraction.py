"""The motion of the face in a video, saved without its pixels: what `monalive motion extract` does."""

from __future__ import annotations

from pathlib import Path

from monalive.faces.driver_follower import place_of_driver
from monalive.faces.driver_rule import DriverFace
from monalive.faces.tracker import FaceTracker
from monalive.limits import MAX_FACES
from monalive.media.video_io import VideoReader
from monalive.motions.driver_takes import Reference
from monalive.motions.motion import MOTION_SUFFIX, Motion
from monalive.progress import with_progress


def extract_motion(
    video: str | Path,
    output: str | Path,
    *,
    reference: Reference = "neutral",
    progress: bool = False,
    driver_face: DriverFace = "auto",
) -> Motion:
    """Follows the face through a video and writes a .motion file.

    Args:
        video: a video file; where the face is lost the last landmarks are held.
        output: the file to write, ending in .motion.
        reference: what relative motion is counted from, see `Motion.with_reference`.
        progress: show a progress bar on standard error if that is a terminal.
        driver_face: which face, see `DriverRule`; the beginning of the video is looked through beforehand.

    Returns:
        The motion that was written.

    Raises:
        FileNotFoundError: there is no such video.
        ValueError: it is not a video, shows no face, has no such reference, or `output` does not end in .motion.
        OSError: `output` cannot be written.
    """
    require_motion_suffix(output)
    motion = video_motion(video, reference=reference, progress=progress, driver_face=driver_face)
    motion.save(output)
    return motion


def require_motion_suffix(output: str | Path) -> None:
    """Raises ValueError if a file to write a motion to is not called one."""
    if Path(output).suffix.lower() != MOTION_SUFFIX:
        raise ValueError(f"a motion is written to a file that ends in {MOTION_SUFFIX}, not to {output}")


def video_motion(
    video: str | Path, *, reference: Reference = "neutral", progress: bool = False, driver_face: DriverFace = "auto"
) -> Motion:
    """The motion of the face in a video. Arguments and errors as above."""
    with FaceTracker(settle=True, num_faces=MAX_FACES) as tracker, VideoReader(video) as reader:
        with VideoReader(video) as beginning:
            place = place_of_driver(beginning, tracker, driver_face)
        frames = with_progress(reader, reader.frame_count, Path(video).name, shown=progress)
        return Motion.from_frames(
            frames,
            tracker,
            reader.fps,
            reference=reference,
            driver_face=driver_face,
            driver_place=place,
        )
