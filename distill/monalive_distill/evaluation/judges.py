"""What looks at the pictures that methods make: networks loaded once, the same for every method."""

from __future__ import annotations

from dataclasses import dataclass

from monalive.faces.tracker import FaceTracker
from monalive_distill.evaluation.clips import Clip
from monalive_distill.evaluation.expressions import Expressions
from monalive_distill.evaluation.face_readings import FaceReader, Readings
from monalive_distill.evaluation.moved_photo import Image, Landmarks, ReenactmentMethod
from monalive_distill.evaluation.region_scores import RegionScorer
from monalive_distill.metrics.frame_scores import FrameScorer, Observation


@dataclass(frozen=True)
class Watched:
    """A method's pictures of a driver's frames, the first left out, and what is seen in them.

    Attributes:
        images: all of them.
        asked: readings of the landmarks asked for, (T, 14) as changes since the first frame; None where the method does
            not say.
        seen: (T, 14) as changes since the photo; NaN where no face was found.
        landmarks: of the faces found.
        observed: of the pictures that are scored, in the order of `Clip.scored`.
    """

    images: list[Image]
    asked: Readings | None
    seen: Readings
    landmarks: list[Landmarks | None]
    observed: list[Observation]


class Judges:
    """Scores pictures, looks closely at eyes and mouths, reads faces. Not for use from several threads at once.

    Args:
        tracker: finds the faces in what is compared.
        with_vgg: also LPIPS with VGG16 (slow).
    """

    def __init__(self, tracker: FaceTracker, *, with_vgg: bool = False) -> None:
        self.scorer = FrameScorer(tracker, with_vgg=with_vgg)
        self.regions = RegionScorer(self.scorer.lpips)
        self.reader = FaceReader()

    def watch(
        self, method: ReenactmentMethod, clip: Clip, driver: Clip, photo: Observation, *, absolute: bool, score: bool
    ) -> Watched:
        """Lets a method move the first frame of `clip` as `driver` moves.

        Args:
            method: it is watched.
            clip, driver: may be the same.
            photo: the first frame as the scorer sees it; outputs are looked at with LPIPS if it was.
            absolute: how motion is taken over, see `ReenactmentMethod`.
            score: whether the pictures are to be scored; otherwise they are read alone.
        """
        frames = list(method(clip.images[0], clip.landmarks[0], driver.motion(), absolute=absolute))
        if len(frames) != len(driver.images) or any(frame.image.shape != photo.image.shape for frame in frames):
            raise RuntimeError("a reenactment method must give one picture of the photo's size for each driver frame")
        scored = set(driver.scored) if score else set()
        landmarks, observed = [], []
        for i, frame in list(enumerate(frames))[1:]:
            if frame.image is photo.image:
                seen = photo
            elif i in scored:
                seen = self.scorer.observe(frame.image, perceptual=bool(photo.taps))
            else:
                landmarks.append(self.scorer.locate(frame.image))
                continue
            landmarks.append(seen.landmarks)
            if i in scored:
                observed.append(seen)
        asked = None
        if all(frame.asked is not None for frame in frames):
            asked = self.reader.changes([frame.asked for frame in frames])
        changes = self.reader.changes([photo.landmarks, *landmarks])
        return Watched([frame.image for frame in frames[1:]], asked, changes, landmarks, observed)

    def expressions(self, driver: Clip, watched: dict[str, Watched]) -> Expressions:
        """What methods made of what the driver's face does."""
        return Expressions(
            self.reader.changes(list(driver.measured)),
            self.reader.changes(list(driver.landmarks)),
            {name: one.asked for name, one in watched.items() if one.asked is not None},
            {name: one.seen for name, one in watched.items()},
        )
