"""Take the motion of a face from a video into a .motion file: how it moved, none of its pixels.

python samples/python/motion_from_video.py talk.mp4 talk.motion
"""

import argparse
from pathlib import Path

from monalive import FaceTracker, Motion, VideoReader


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video", help="it shows one face, which has agreed to lend its motion")
    parser.add_argument("motion", help="the file to write")
    given = parser.parse_args()
    with VideoReader(given.video) as frames, FaceTracker(settle=True) as tracker:
        motion = Motion.from_frames(frames, tracker, frames.fps, name=Path(given.video).stem)
    motion.save(given.motion)
    print(f"{given.motion}: {len(motion)} frames, {motion.duration_ms / 1000:.1f} s")


if __name__ == "__main__":
    main()
