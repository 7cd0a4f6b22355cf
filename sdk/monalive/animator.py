"""The task object: enrol a person once, animate as often as you like."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from monalive.bundle import Bundle
from monalive.closing import ClosesAtEnd
from monalive.faces.colour_order import looks_like_bgr
from monalive.faces.crop import SquareCrop, portrait_crop
from monalive.faces.driver_follower import DriverFollower, place_of_driver
from monalive.faces.driver_rule import DriverRule
from monalive.faces.likeness import likeness_features, load_likeness
from monalive.faces.tracker import Face, choose_face
from monalive.faces.tracker_factory import FaceTrackerFactory, SharedNetworkTrackers
from monalive.faces.tracker_networks import bundle_with_tracker, load_tracker_networks
from monalive.media.image_io import LoadedPhoto
from monalive.media.photo_input import Photo, is_one_photo, read_photo, shows_sample_portrait
from monalive.motions.cut_finder import CutFinder
from monalive.motions.driver_takes import DriverFrame, Reference, checked_reference, with_references
from monalive.motions.find_motion import find_motion
from monalive.motions.motion import Motion
from monalive.networks.runtimes import RuntimeOptions
from monalive.options import PhotoAnimatorOptions, RunningMode
from monalive.player.bundle_networks import BundleNetworks
from monalive.player.driver_anchor import Anchoring, DriverAnchor, LiveReference
from monalive.player.live_worker import LatestOnlyWorker
from monalive.player.photo_alignment import aligned
from monalive.player.portrait_player import PortraitPlayer, Portraits, Pose
from monalive.player.stages import AskedFrame, animated
from monalive.portrait import PhotoOfPerson, Portrait, read_portrait
from monalive.result import AnimatedFrame
from monalive.rgb_image import require_rgb
from monalive.threads import OneOpenCVThread, ahead
from monalive.trust.consent import Consent, require_consent_to_speech, say_once, stated_consent

log = logging.getLogger(__name__)

FaceChoice = Literal["largest"] | int
TimedPictures = Iterable[tuple[float, NDArray[np.uint8]]]
_CLOSED: Final = "the animator is closed; make a new one"


class PhotoAnimator(ClosesAtEnd):
    """Brings photos to life.

        with PhotoAnimator.create_from_options(PhotoAnimatorOptions()) as animator:
            portrait = animator.enroll("photo.jpg")
            for frame in animator.play(portrait, builtin_motions.load("smile")):
                show(frame.image)

    Not to be called from two threads at once; two animators in two threads do not disturb each other. It works in the
    process that made it alone: a fork of it must make its own.

    Raises:
        FileNotFoundError, ValueError: the bundle or the tracker's models are missing or unusable.
    """

    def __init__(self, options: PhotoAnimatorOptions) -> None:
        self._options = options
        self._process = os.getpid()
        self._opencv = OneOpenCVThread()
        self.bundle = options.load_bundle()
        self._loaded: BundleNetworks | None = BundleNetworks(self.bundle, options.runtime)
        trackers = options.trackers or _bundle_trackers(self.bundle, options.runtime)
        # One more than are taken tells that there are more.
        self._photo_tracker = trackers.create(options.max_faces + 1, blendshapes=False)
        in_image = options.running_mode is RunningMode.IMAGE
        self._driver_tracker = trackers.create(options.max_faces, blendshapes=in_image)
        self._driver = DriverFollower(self._driver_tracker, options.driver_face)
        # They share their networks, and in LIVE_STREAM the driver's works in another thread while photos are enrolled:
        # they take turns.
        self._tracking = Lock()
        self._animating = Lock()  # and so do the networks of a frame, and those of enrolment
        self._player: PortraitPlayer | None = None
        self._last_timestamp = -np.inf
        self._worker: LatestOnlyWorker[tuple[Portraits, NDArray[np.uint8], float]] | None = None
        self._closed = False
        self._said_smaller = False

    @classmethod
    def create_from_options(cls, options: PhotoAnimatorOptions) -> PhotoAnimator:
        """Loads the models and makes the animator.

        Args:
            options: the models, the running mode, and how motion is carried over.

        Raises:
            FileNotFoundError, ValueError: the bundle is missing, damaged or not complete.
            ImportError: the runtime that it needs is not installed.
        """
        return cls(options)

    def enroll(
        self, photos: Photo | Sequence[Photo], *, face: FaceChoice = "largest", consent: Consent | str | None = None
    ) -> Portrait:
        """Makes a portrait of one person.

        The first call without `consent` logs a warning that says whose consent is needed; so does one with photos that
        may show different people. They stop nothing.

        Args:
            photos: a picture file, its bytes, a Pillow image, or an array (H, W, 3) uint8 RGB (OpenCV's are BGR: give
                `picture[..., ::-1]`), or (H, W, 4) RGBA of a cut-out photo; or several of the same person, of which the
                first is the one that is animated and the others lend their expressions and poses (all of themselves,
                if they show the same view as the first and motion is taken over absolutely).
            face: which face of each photo: "largest", or a number counted from the left, from 0.
            consent: why this face may be animated: "self", "given" or "artwork"; recorded in what is made of it.

        Raises:
            FileNotFoundError: a file does not exist.
            ValueError: another `consent`; a photo cannot be read, shows no face, or not the one asked for.
        """
        self._require_open()
        stated = stated_consent(consent)
        chosen: list[Photo] = [photos] if is_one_photo(photos) else list(photos)  # type: ignore[list-item, arg-type]
        if not chosen:
            raise ValueError("there is no photo to enrol: give at least one")
        found = [self._photo_of_person(photo, face) for photo in chosen]
        _say_notice(stated, (photo.image for photo in found))
        _say_different(chosen, found)
        return self._portrait(found, stated)

    def enroll_all(self, photo: Photo, *, consent: Consent | str | None = None) -> list[Portrait]:
        """A portrait of every face in a photo, from left to right.

        Args:
            photo: a path, the bytes of a file, a Pillow image, or (H, W, 3) uint8 RGB.
            consent: why these faces may be animated; the same for all of them.

        Raises:
            FileNotFoundError, ValueError: as for `enroll`.
        """
        self._require_open()
        stated = stated_consent(consent)
        loaded, faces = self._faces(photo, every=True)
        _say_notice(stated, [loaded.image])
        faces = sorted(faces, key=lambda face: face.box[0] + face.box[2])
        return [self._portrait([_with_crop(loaded, face)], stated) for face in faces]

    def load_portrait(self, path: str | Path) -> Portrait:
        """A portrait from a file that `Portrait.save` wrote.

        Args:
            path: the file.

        Raises:
            FileNotFoundError, ValueError: no such file, or not one of these.
        """
        self._require_open()
        photos, stated = read_portrait(path)
        with self._animating:
            return Portrait(tuple(self._networks.enroll(photo) for photo in photos), stated)

    def animate(self, portrait: Portraits, driver_image: NDArray[np.uint8]) -> AnimatedFrame:
        """Gives a portrait the pose and expression of one picture. Mode IMAGE.

        There is no earlier frame to compare with, so the driver's expression is taken as blendshape scores and its pose
        as angles from the front: the shape of the driver's face does not come along, nor does its background.

        Args:
            portrait: one, or several of the same photo.
            driver_image: (H, W, 3) uint8 RGB with a face in it.

        Raises:
            RuntimeError: another running mode, or closed.
            ValueError: not such a picture, or no face in it.
        """
        self._require_mode(RunningMode.IMAGE, "animate")
        with self._tracking:
            faces = self._driver_tracker.detect(driver_image)
        if not faces:
            raise ValueError("no face was found in the driver's picture; use one that shows a face from the front")
        driver = self._driver_of_picture(faces, (driver_image.shape[1], driver_image.shape[0]))
        reference, landmarks = driver.landmarks, driver.landmarks
        if not self._options.retarget.absolute:
            assert driver.blendshapes is not None
            reference, landmarks = self._networks.retargeting.as_mean_face(driver.landmarks, driver.blendshapes)
        player = PortraitPlayer(portrait, self._networks, self._options.retarget)
        player.start(reference, (driver_image.shape[1], driver_image.shape[0]))
        return player.frame(landmarks, 0.0)

    def animate_for_video(self, portrait: Portraits, frame: NDArray[np.uint8], timestamp_ms: float) -> AnimatedFrame:
        """Lets the next frame of a video drive a portrait. Mode VIDEO.

        The portrait moves as the driver moves since the options' `reference`: with "neutral", since the first frame
        with a face, until a more neutral one comes in the first three seconds. Before the first face the photo stays as
        it is; while the face is lost the last pose is held. For a file's frames use `play_video`, which reads ahead.

        Args:
            portrait: one, or several of the same photo; another one than before starts afresh.
            frame: (H, W, 3) uint8 RGB.
            timestamp_ms: when; it must increase from call to call.

        Raises:
            RuntimeError: another running mode, or closed.
            ValueError: not such a picture, or time that does not move forward.
        """
        self._require_mode(RunningMode.VIDEO, "animate_for_video")
        require_rgb(frame)
        self._require_later(timestamp_ms)
        return self._follow_video(portrait, frame, timestamp_ms)

    def animate_async(self, portrait: Portraits, frame: NDArray[np.uint8], timestamp_ms: float) -> None:
        """Hands in the next frame of a live source and returns at once. Mode LIVE_STREAM.

        Results arrive at the options' `result_callback`. A frame that arrives while another is being processed
        waits; if a third arrives, the waiting one is dropped.

        Args:
            portrait: the portrait, or those of `enroll_all`.
            frame: (H, W, 3) uint8 RGB, of the driver.
            timestamp_ms: of the frame, in milliseconds; later than that of the frame before.

        Raises:
            RuntimeError: another running mode, closed, or a frame before failed.
            ValueError: not such a picture, or time that does not move forward; the next good frame works again.
        """
        self._require_mode(RunningMode.LIVE_STREAM, "animate_async")
        require_rgb(frame)
        self._require_later(timestamp_ms)
        if self._worker is None:
            self._worker = LatestOnlyWorker(self._deliver)
        self._worker.submit((portrait, frame, timestamp_ms))

    def play_video(
        self,
        portrait: Portraits,
        frames: TimedPictures,
        reference: Reference | None = None,
        *,
        in_stages: bool = False,
    ) -> Generator[AnimatedFrame, None, None]:
        """Lets a video that is known in advance drive a portrait, one frame at a time. Mode VIDEO; it begins anew.

        Faces are followed three seconds ahead, so that the motion is counted from the most neutral of them right away,
        and after each cut alike. No more than one picture is kept. Absolute motion does without all that.

        Args:
            portrait: one, or several of the same photo.
            frames: (timestamp in ms, (H, W, 3) uint8 RGB), timestamps rising; the same object again is a frame shown
                longer.
            reference: see `Motion.with_reference`; None: the options', of which "recent" means "neutral" here.
            in_stages: take the frames, follow the face, run the networks and paste in threads of their own, each a
                frame ahead of the next: for files, which are made faster so. The animator is busy until the end.

        Yields:
            A frame for each of the video.

        Raises:
            RuntimeError: another running mode, or closed.
            ValueError: not such pictures, time that does not move forward, no such reference, or no face in it.
        """
        self._require_mode(RunningMode.VIDEO, "play_video")
        usual: Reference = "neutral" if self._counted_from == "recent" else self._counted_from
        counted_from = checked_reference(usual if reference is None else reference)
        if self._last_timestamp > -np.inf:  # before that it may be known from `choose_driver` who drives
            self.reset()
        player = PortraitPlayer(portrait, self._networks, self._options.retarget)
        read = ahead(frames) if in_stages else frames
        if self._options.retarget.absolute:
            yield from self._animated(player, self._copied(player, read), in_stages)
        else:
            followed = self._followed(read)
            asked = self._counted(player, ahead(followed) if in_stages else followed, counted_from)
            yield from self._animated(player, asked, in_stages)

    def play(
        self, portrait: Portraits, motion: Motion | str | Path, *, in_stages: bool = False
    ) -> Generator[AnimatedFrame, None, None]:
        """Plays a motion on a portrait, one frame at a time. Any mode.

        Args:
            portrait: one, or several of the same photo.
            motion: what it is counted from is in it; absolute motion takes its first frame. One that loops begins as it
                goes on from its end, unless there are cuts in it. Or the name of a built-in one, or a .motion file.
            in_stages: see `play_video`.

        Raises:
            RuntimeError: closed.
            FileNotFoundError, ValueError: no such motion, or its first frame shows no face; it speaks, and a portrait
                was enrolled without `consent`.
        """
        self._require_open()
        motion = find_motion(motion)
        retarget, every = self._options.retarget, None
        if motion.speech:
            _require_consent_to_speech(portrait)
            # Its curves are smooth; more smoothing comes late and leaves lips open, as frames between do.
            retarget, every = replace(retarget, smooth=False), 1
        player = PortraitPlayer(portrait, self._networks, retarget)
        yield from self._animated(player, self._posed(player, motion), in_stages, every)

    def _posed(self, player: PortraitPlayer, motion: Motion) -> Iterator[AskedFrame]:
        """What the frames of a motion ask for."""
        references = {0: motion.landmarks[0]} if self._options.retarget.absolute else motion.references
        unmeasured = [None] * len(motion)
        around = unmeasured if motion.surroundings is None else motion.surroundings
        for index, ((timestamp, landmarks), surroundings) in enumerate(zip(motion, around, strict=True)):
            self._require_open()
            cut = index in references and index > 0
            with self._animating:
                if index in references:
                    player.anchored(Anchoring(references[index], after_cut=cut), motion.image_size)
                if index == 0 and motion.loop and len(references) == 1:
                    player.settle(motion)
                pose = player.pose(landmarks, timestamp, surroundings)
            yield AskedFrame(timestamp, pose, cut=cut)

    def _animated(
        self, player: PortraitPlayer, frames: Iterable[AskedFrame], in_stages: bool, every: int | None = None
    ) -> Iterator[AnimatedFrame]:
        every = every or self._options.network_every
        return animated(player, frames, self._animating, every=every, in_stages=in_stages)

    def play_speaking(
        self,
        portrait: Portraits,
        faces: Iterable[tuple[float, NDArray[np.float32]]],
        rest: NDArray[np.float32],
        image_size: tuple[int, int],
    ) -> Iterator[AnimatedFrame]:
        """Lets a face that speaks, and is made while it does (`SpeakingFace`), drive a portrait. Any mode.

        Args:
            portrait: one, or several of the same photo, enrolled with `consent`.
            faces: (timestamp in ms, landmarks (478, 3) in pixels), timestamps rising.
            rest: (478, 3) the face that motion is counted from.
            image_size: (width, height) of the picture that these pixels are of.

        Raises:
            RuntimeError: closed.
            ValueError: a portrait was enrolled without `consent`.
        """
        self._require_open()
        _require_consent_to_speech(portrait)
        player = PortraitPlayer(portrait, self._networks, replace(self._options.retarget, smooth=False))
        player.start(rest, image_size)
        for timestamp, landmarks in faces:
            self._require_open()
            with self._animating:
                frame = player.frame(landmarks, timestamp)
            yield frame

    def reanchor(self) -> None:
        """Counts the motion of a driver from its next face on: the portrait glides to rest. For live drivers.

        Raises:
            RuntimeError: closed.
        """
        self._require_open()
        player = self._player
        if player is not None and player.anchor is not None:
            player.anchor.ask()

    def choose_driver(self, frames: Iterable[tuple[float, NDArray[np.uint8]]]) -> None:
        """Looks through the beginning of a video for who drives, before its frames are handed in one by one.

        Without it the first frames may follow another face than the later ones, if who drives only shows there.

        Args:
            frames: (timestamp in ms, (H, W, 3) uint8 RGB) from the start; no more of them are taken than needed.

        Raises:
            RuntimeError: another running mode than VIDEO, or closed.
            ValueError: not such frames.
        """
        self._require_mode(RunningMode.VIDEO, "choose_driver")
        self.reset()
        with self._tracking:
            place = place_of_driver(frames, self._driver_tracker, self._options.driver_face)
        self._driver = DriverFollower(self._driver_tracker, self._options.driver_face, place)

    def reset(self) -> None:
        """Forgets the driver, so that another video may begin."""
        self._driver = DriverFollower(self._driver_tracker, self._options.driver_face)
        self._player = None
        self._last_timestamp = -np.inf

    def close(self) -> None:
        """Ends the work in hand and lets go of the networks. Safe to call again, and during work."""
        self._closed = True
        worker, self._worker = self._worker, None
        try:
            if worker is not None and self._process == os.getpid():  # a fork has no copy of the thread to wait for
                worker.close()
        finally:
            self._photo_tracker.close()
            self._driver_tracker.close()
            self._loaded = self._player = None
            self._opencv.close()

    def _follow_video(self, portrait: Portraits, frame: NDArray[np.uint8], timestamp_ms: float) -> AnimatedFrame:
        landmarks = self._driver_landmarks(frame, timestamp_ms)
        player = self._player
        if player is None or player.portraits is not portrait:
            retarget = self._options.retarget
            anchor = None if retarget.absolute else DriverAnchor(self._counted_from)
            player = self._player = PortraitPlayer(portrait, self._networks, retarget, anchor)
        with self._animating:
            return player.video_frame(
                frame,
                landmarks,
                timestamp_ms,
                other_picture=self._driver.other_picture,
                other_face=self._driver.changed,
            )

    def _driver_landmarks(self, frame: NDArray[np.uint8], timestamp_ms: float) -> NDArray[np.float32] | None:
        with self._tracking:
            face = self._driver.track(frame, timestamp_ms)
        return None if face is None else face.landmarks

    def _driver_of_picture(self, faces: list[Face], size: tuple[int, int]) -> Face:
        which = self._options.driver_face
        index = DriverRule(which)([face.landmarks for face in faces], 0.0, size)
        # None: a number beyond those that there are, which is an error that `choose_face` words.
        return choose_face(faces, which) if index is None and isinstance(which, int) else faces[index or 0]

    def _copied(self, player: PortraitPlayer, frames: TimedPictures) -> Iterator[AskedFrame]:
        """What absolute motion asks for, which needs the driver's pictures."""
        shown: NDArray[np.uint8] | None = None
        for time, image in frames:
            self._require_open()
            if image is shown:
                yield AskedFrame(time, again=True)
                continue
            require_rgb(image)
            self._require_later(time)
            landmarks = self._driver_landmarks(image, time)
            other = {"other_picture": self._driver.other_picture, "other_face": self._driver.changed}
            with self._animating:
                pose = player.video_pose(image, landmarks, time, **other)
            shown = image
            yield AskedFrame(time, pose, cut=pose is not None and pose.cut)

    def _counted(
        self, player: PortraitPlayer, followed: Iterable[tuple[float, DriverFrame]], reference: Reference
    ) -> Iterator[AskedFrame]:
        """What relative motion asks for, which needs the driver's landmarks alone."""
        shown: DriverFrame | None = None
        for time, driver, face in with_references(followed, reference):
            self._require_open()
            cut = face is not None and driver.cut
            pose: Pose | None = None
            with self._animating:
                if face is not None:
                    player.anchored(Anchoring(face, after_cut=cut), driver.size)
                if driver is not shown and driver.landmarks is not None:
                    pose = player.pose(driver.landmarks, time)
            yield AskedFrame(time, pose, again=driver is shown, cut=cut)
            shown = driver

    def _followed(self, frames: TimedPictures) -> Iterator[tuple[float, DriverFrame]]:
        """The driver's face in each frame; a frame shown longer is followed once."""
        find_cut = CutFinder()
        shown: NDArray[np.uint8] | None = None
        driver: DriverFrame | None = None
        for time, image in frames:
            self._require_open()
            if driver is None or image is not shown:
                require_rgb(image)
                self._require_later(time)
                landmarks = self._driver_landmarks(image, time)
                follower = self._driver
                cut = find_cut(landmarks, time, other_picture=follower.other_picture, other_face=follower.changed)
                driver = DriverFrame(landmarks, (image.shape[1], image.shape[0]), cut)
                shown = image
            yield time, driver

    @property
    def _counted_from(self) -> LiveReference:
        """What a driver's motion is counted from where nothing else is asked for."""
        live = self._options.running_mode is RunningMode.LIVE_STREAM
        return self._options.reference if self._options.reference is not None else "recent" if live else "neutral"

    def _deliver(self, item: tuple[Portraits, NDArray[np.uint8], float]) -> None:
        result = self._follow_video(*item)
        assert self._options.result_callback is not None
        self._options.result_callback(result, item[2])

    def _photo_of_person(self, photo: Photo, face: FaceChoice) -> PhotoOfPerson:
        loaded, faces = self._faces(photo, every=face != "largest")
        chosen = choose_face(faces, face)
        if isinstance(photo, np.ndarray) and looks_like_bgr(loaded.image, chosen.landmarks):
            log.warning("the face looks too blue; if the array is BGR, as from OpenCV, pass picture[..., ::-1]")
        return _with_crop(loaded, chosen)

    def _faces(self, photo: Photo, *, every: bool) -> tuple[LoadedPhoto, list[Face]]:
        loaded, name = read_photo(photo, self._options.longest_side)
        self._say_smaller(name, loaded)
        with self._tracking:
            faces = self._photo_tracker.detect(loaded.image, largest_only=not every)
        if not faces:
            raise ValueError(
                f"no face was found in {name}; use a photo that shows a human face from the front, well lit"
            )
        most = self._options.max_faces
        if len(faces) > most and every:
            log.warning(
                "%s shows more than %d faces: only the largest are taken; raise max_faces (--max-faces)", name, most
            )
        return loaded, faces[:most]

    def _say_smaller(self, name: str, loaded: LoadedPhoto) -> None:
        """Once, that a photo was made smaller, and how to keep its size."""
        if loaded.is_smaller and not self._said_smaller:
            self._said_smaller = True
            height, width = loaded.image.shape[:2]
            log.warning(
                "%s is animated at %d x %d, not at its %d million pixels; --size (longest_side) sets another size",
                *(name, width, height, round(loaded.full_size[0] * loaded.full_size[1] / 1e6)),
            )

    def _portrait(self, photos: list[PhotoOfPerson], consent: Consent | None) -> Portrait:
        first, *others = photos
        laid = [first, *(aligned(other, first) for other in others)]
        with self._animating:
            return Portrait(tuple(self._networks.enroll(photo) for photo in laid), consent)

    @property
    def _networks(self) -> BundleNetworks:
        if self._loaded is None:
            raise RuntimeError(_CLOSED)
        return self._loaded

    def _require_open(self) -> None:
        if self._closed:
            raise RuntimeError(_CLOSED)
        if self._process != os.getpid():
            raise RuntimeError(
                "this animator was made before the process forked, and its networks do not work in the copy; "
                "make a new one there, or start processes with the method 'spawn'"
            )

    def _require_mode(self, mode: RunningMode, method: str) -> None:
        self._require_open()
        own = self._options.running_mode
        if own is not mode:
            name = RunningMode(own).name
            raise RuntimeError(f"{method}() is for running mode {mode.name}; this animator was made for {name}")

    def _require_later(self, timestamp_ms: float) -> None:
        if math.isinf(timestamp_ms):
            raise ValueError(f"a timestamp must be a finite number of milliseconds, not {timestamp_ms:g}")
        if not timestamp_ms > self._last_timestamp:
            raise ValueError(
                f"timestamps must increase: {timestamp_ms:g} ms came after {self._last_timestamp:g} ms; "
                "call reset() before another video"
            )
        self._last_timestamp = timestamp_ms


def _require_consent_to_speech(portraits: Portraits) -> None:
    for portrait in [portraits] if isinstance(portraits, Portrait) else portraits:
        require_consent_to_speech(portrait.consent)


def _say_notice(consent: Consent | None, pictures: Iterable[NDArray[np.uint8]]) -> None:
    """Whose consent is needed, once, unless the person does not exist."""
    say_once(consent, [picture for picture in pictures if not shows_sample_portrait(picture)])


def _say_different(given: Sequence[Photo], found: Sequence[PhotoOfPerson]) -> None:
    """Which photos may show somebody else than the first, where faces look at the camera; more than half of other
    people are found out."""
    if len(found) < 2:
        return
    first, *others = (likeness_features(photo.image, photo.landmarks) for photo in found)
    names = [str(photo) if isinstance(photo, str | os.PathLike) else f"photo {n}" for n, photo in enumerate(given, 1)]
    unlike = [
        name
        for name, features in zip(names[1:], others, strict=True)
        if first is not None and features is not None and load_likeness().may_differ(first, features)
    ]
    if unlike:
        log.warning(
            "these photos may show different people: %s and %s; use photos of one person",
            *(names[0], ", ".join(unlike)),
        )


def _bundle_trackers(bundle: Bundle, runtime: RuntimeOptions) -> FaceTrackerFactory:
    """Trackers on the networks of the bundle, on what its other ones run on; or on the packaged ones."""
    holder = bundle_with_tracker(bundle)
    # The tracker's networks are too small to gain from a second thread, and its idle thread would take time from the
    # animate network's (LiteRT's threads spin for a while before they sleep).
    on = replace(runtime, num_threads=1) if holder is bundle else RuntimeOptions(num_threads=1)
    return SharedNetworkTrackers(load_tracker_networks(holder, on))


def _with_crop(photo: LoadedPhoto, face: Face) -> PhotoOfPerson:
    crop: SquareCrop = portrait_crop(face.landmarks, photo.image.shape[1], photo.image.shape[0])
    return PhotoOfPerson(photo.image, face.landmarks, crop, photo.alpha)
