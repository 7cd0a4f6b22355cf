"""A camera moves a photo, live: in a window, or into a file. Every frame carries an "AI" badge. Ctrl-C ends it.

python samples/python/live_webcam.py photo.jpg --consent self --camera 0    (a window: pip install 'monalive[live]')"""

import argparse
import time
from contextlib import suppress

import cv2

from monalive import Badge, Disclosure, PhotoAnimator, PhotoAnimatorOptions, RunningMode, open_sink, open_window

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("photo")
parser.add_argument("--consent", required=True, choices=["self", "given", "artwork"], help="why this face?")
parser.add_argument("--camera", default="0", help="its number, or a video file instead of one")
parser.add_argument("--record", help="write a video instead of opening a window")
given = parser.parse_args()
camera = cv2.VideoCapture(int(given.camera) if given.camera.isdigit() else given.camera)
if not camera.isOpened():
    parser.error(f"the camera {given.camera} cannot be opened")
with PhotoAnimator.create_from_options(PhotoAnimatorOptions(running_mode=RunningMode.VIDEO)) as animator:
    portrait = animator.enroll(given.photo, consent=given.consent)
    start, badge = time.monotonic(), Badge(size := portrait.photo.shape[1::-1])
    said = Disclosure(portrait.consent, "a camera", animator.bundle.about, [given.photo], [portrait.crop], badge=True)
    sink, window = (open_sink(given.record, 30, size, disclosure=said), None) if given.record else (None, open_window())
    with suppress(KeyboardInterrupt):
        while (image := camera.read()[1]) is not None:
            driver = image[:, ::-1, ::-1].astype("uint8")  # as in a mirror; RGB
            frame = animator.animate_for_video(portrait, driver, (time.monotonic() - start) * 1000)
            if sink:
                sink.write(frame.image, frame.timestamp_ms)
            elif window and not window.show(badge.apply(frame.image)):
                break
    if sink:
        sink.close()
