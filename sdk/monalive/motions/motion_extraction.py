"""The motion of the face in a video, saved without its pixels: what `monalive motion extract` does."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from monalive.faces.tracker import FaceTracker
from monalive.media.video_io import VideoReader
from monalive.motions.motion import MOTION_SUFFIX, Motion


def extract_motion(video: str | Path, output: str | Path, *, progress: bool = False) -> Motion:
    """Follows the face through a video and writes a .motion file.

    Args:
        video: a video file; where the face is lost the last landmarks are held.
        output: the file to write, ending in .motion.
        progress: show a progress bar on standard error if that is a terminal.

    Returns:
        The motion that was written.

    Raises:
        FileNotFoundError: there is no such video.
        ValueError: it is not a video, shows no face, or `output` does not end in .motion.
        OSError: `output` cannot be written.
    """
    if Path(output).suffix.lower() != MOTION_SUFFIX:
        raise ValueError(f"a motion is written to a file that ends in {MOTION_SUFFIX}, not to {output}")
    with VideoReader(video) as reader, FaceTracker(settle=True) as tracker:
        frames: Iterable[tuple[float, NDArray[np.uint8]]] = tqdm(
            reader,
            total=reader.frame_count,
            unit="frame",
            desc=Path(video).name,
            disable=None if progress else True,
        )
        motion = Motion.from_frames(frames, tracker, reader.fps, name=Path(video).stem)
    motion.save(output)
    return motion
