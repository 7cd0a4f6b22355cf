"""A driving motion: a moving face's landmarks and surroundings over time, and the `.motion` file that holds them.

A `.motion` file is a zip archive that any platform can read:

- `manifest.json`: format, version, name, loop, fps, image_size, frames, per axis `offset` and `step`, whether there
  are `surroundings`, and whether the lips were driven by a sound (`speech`; readers that do not know it pass it over)
- `landmarks.u16`: (frames, 478, 3) little-endian uint16; coordinate = offset + step * value. Every frame but
  the first holds the difference to the frame before, modulo 65536, which packs to half the size.
- `timestamps.f64`: (frames,) little-endian float64, milliseconds
- `surroundings.f16`: (frames, 16, 16, 3) little-endian float16, see `surroundings_flow`; from version 2 on, if measured
- `references.u16`: (takes, 478, 3) little-endian uint16, as the first frame of `landmarks.u16`: the face that the
  motion of each take is counted from; `takes` in the manifest are the frames they begin with. Both only where not
  all is counted from the first frame, as readers do that do not know them.

It holds how a face moved, and how what is around it was displaced in 16 x 16 cells: too coarse for a picture. It holds
no pixels and no sound of the driver.
"""

from __future__ import annotations

import json
import math
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monalive.atomic_file import atomic_path
from monalive.faces.driver_follower import DriverFollower
from monalive.faces.driver_rule import DriverFace
from monalive.faces.landmarks import LANDMARK_COUNT
from monalive.faces.rotated_square import RotatedSquare
from monalive.motions.cut_finder import CutFinder
from monalive.motions.driver_surroundings import DriverSurroundings
from monalive.motions.driver_takes import DriverFrame, Reference, checked_reference, with_references
from monalive.motions.surroundings_flow import GRID_SIZE, unknown_surroundings
from monalive.zip_members import read_member

if TYPE_CHECKING:
    from monalive.faces.tracker import FaceTracker
    from monalive.speech.voice import Voice

FORMAT, VERSION = "monalive.motion", 2
MOTION_SUFFIX = ".motion"
MANIFEST, LANDMARKS, TIMESTAMPS = "manifest.json", "landmarks.u16", "timestamps.f64"
SURROUNDINGS, REFERENCES = "surroundings.f16", "references.u16"
SURROUNDINGS_SHAPE = (GRID_SIZE, GRID_SIZE, 3)
MAX_MANIFEST_BYTES = 1 << 20
MAX_FRAMES = 1_000_000  # eleven hours; more is a damaged or hostile file
# No camera and no screen is slower or faster; nobody plays a motion for longer.
SLOWEST_FPS, FASTEST_FPS = 0.01, 1000.0
LONGEST_MS = 7 * 24 * 3600 * 1000.0
# How far landmarks may lie outside of the driver's picture, in its longer sides: a face that leaves it is guessed at.
FARTHEST = 16.0
LEVELS = 65535
FRAME_BYTES = LANDMARK_COUNT * 3 * 2


@dataclass(frozen=True, eq=False)
class Take:
    """Frames of a motion without a cut between them.

    Attributes:
        start: the first of them.
        reference: (478, 3) float32 pixels, the face at rest from which relative motion is counted.
    """

    start: int
    reference: NDArray[np.float32]


@dataclass(frozen=True)
class Motion:
    """A face's landmarks, and what moved around it, over time.

    Attributes:
        landmarks: (T, 478, 3) float32 pixels of the driver's frames, z in the scale of x.
        timestamps_ms: (T,) float64, from 0, increasing.
        image_size: (width, height) of the driver's frames.
        fps: nominal frames per second.
        name: for people to read.
        loop: the last frame runs into the first, one frame time later.
        surroundings: (T, 16, 16, 3) float32 of `SurroundingsFlow`, measured against the first frame in the driver's
            own crop (`portrait_crop` of its first landmarks); None where nothing was measured.
        takes: where relative motion starts anew, and from what it is counted there; the first take begins with frame 0.
            Empty: all is one take, counted from the first frame.
        speech: a sound drove the lips: it is played on portraits of stated consent alone, and files say so.

    Raises:
        ValueError: an attribute has another shape, is not finite, or is out of range: frame rates from 0.01 to 1000,
            a week at most, landmarks no farther from the picture than 16 of its longer sides.
    """

    landmarks: NDArray[np.float32]
    timestamps_ms: NDArray[np.float64]
    image_size: tuple[int, int]
    fps: float
    name: str = ""
    loop: bool = False
    surroundings: NDArray[np.float32] | None = None
    takes: tuple[Take, ...] = ()
    speech: bool = False

    def __post_init__(self) -> None:
        points = np.asarray(self.landmarks, np.float32)
        times = np.asarray(self.timestamps_ms, np.float64)
        if points.ndim != 3 or points.shape[1:] != (LANDMARK_COUNT, 3) or not len(points):
            raise ValueError(f"a motion's landmarks must be (frames, {LANDMARK_COUNT}, 3), got {points.shape}")
        if times.shape != (len(points),):
            raise ValueError(f"a motion of {len(points)} frames needs as many timestamps, got {times.shape}")
        if not (np.isfinite(points).all() and np.isfinite(times).all()):
            raise ValueError("a motion's landmarks and timestamps must be finite")
        if times[0] != 0 or (np.diff(times) <= 0).any():
            raise ValueError("a motion's timestamps must start at 0 and increase from frame to frame")
        width, height = self.image_size
        if width < 1 or height < 1:
            raise ValueError(f"a motion's image size must be positive, got {self.image_size}")
        _require_rate(self.fps)
        if times[-1] > LONGEST_MS:
            raise ValueError(f"a motion may last a week at most, this one lasts {times[-1] / 1000:g} s")
        if np.abs(points).max() > FARTHEST * max(width, height):
            far = float(points.flat[int(np.abs(points).argmax())])
            raise ValueError(f"a motion's landmarks must lie near its picture of {width}x{height}, not at {far:g}")
        object.__setattr__(self, "landmarks", points)
        object.__setattr__(self, "timestamps_ms", times)
        object.__setattr__(self, "image_size", (int(width), int(height)))
        if self.surroundings is not None:
            object.__setattr__(self, "surroundings", _checked_surroundings(self.surroundings, len(points)))
        object.__setattr__(self, "takes", _checked_takes(self.takes, len(points), FARTHEST * max(width, height)))

    def __len__(self) -> int:
        """Number of frames."""
        return len(self.landmarks)

    def __repr__(self) -> str:
        width, height = self.image_size
        return f"<Motion {self.name!r}: {len(self)} frames, {self.fps:g} fps, of {width}x{height}>"

    def __iter__(self) -> Iterator[tuple[float, NDArray[np.float32]]]:
        """(timestamp in ms, landmarks (478, 3)) of each frame."""
        return zip(self.timestamps_ms.tolist(), self.landmarks, strict=True)

    @property
    def duration_ms(self) -> float:
        """From the first frame to the end of the last one."""
        return float(self.timestamps_ms[-1]) + 1000.0 / self.fps

    @property
    def references(self) -> dict[int, NDArray[np.float32]]:
        """By the frame that each take begins with: the face (478, 3) that its motion is counted from."""
        return {take.start: take.reference for take in self.takes} or {0: self.landmarks[0]}

    @property
    def cuts_ms(self) -> tuple[float, ...]:
        """When takes begin after the first one."""
        return tuple(float(self.timestamps_ms[take.start]) for take in self.takes[1:])

    def with_reference(self, reference: Reference) -> Motion:
        """The same motion, counted from another frame.

        Args:
            reference: "neutral": in each take the most neutral frame of its first three seconds; "first": its first
                frame; or the number of a frame, for the take it is in (the others have their most neutral one).

        Raises:
            ValueError: another word, or no such frame.
        """
        starts = {take.start for take in self.takes[1:]}
        frames = [
            (time, DriverFrame(face, self.image_size, index in starts)) for index, (time, face) in enumerate(self)
        ]
        return replace(self, takes=_takes(frames, reference))

    @staticmethod
    def names() -> tuple[str, ...]:
        """The motions that come with the package."""
        from monalive.motions import builtin_motions  # it makes motions, so it imports this module

        return builtin_motions.names()

    @staticmethod
    def builtin(name: str) -> Motion:
        """A motion that comes with the package: 25 fps, 3 to 6 seconds, loops.

        Args:
            name: one of `Motion.names()`.

        Raises:
            ValueError: there is no motion of that name.
        """
        from monalive.motions import builtin_motions

        return builtin_motions.load(name)

    @classmethod
    def from_landmarks(
        cls,
        landmarks: ArrayLike,
        image_size: tuple[int, int],
        fps: float = 25.0,
        *,
        name: str = "",
        loop: bool = False,
    ) -> Motion:
        """A motion of evenly spaced frames.

        Args:
            landmarks: (T, 478, 3), in pixels of frames of `image_size`.
            image_size: width and height of the frames, in pixels.
            fps: frames per second.
            name: of the motion; it is written into files made with it.
            loop: whether the last frame leads into the first.

        Raises:
            ValueError: as `Motion`.
        """
        points = np.asarray(landmarks, np.float32)
        _require_rate(fps)
        times = np.arange(len(points), dtype=np.float64) * 1000.0 / fps
        return cls(points, times, image_size, fps, name, loop)

    @classmethod
    def from_speech(
        cls,
        sound: Voice | str | Path | tuple[ArrayLike, int],
        *,
        expression: str = "neutral",
        gain: Mapping[str, float] | None = None,
        seed: int = 0,
        fps: float = 25.0,
    ) -> Motion:
        """Makes a motion from recorded speech.

        The lips are read off the sound by a small network. Blinks, glances, small movements of the head and of the
        brows are computed: they follow its stress and its pauses, and come from no real person. In silence the mouth
        is shut; the motion begins and ends at rest, up to half a second after the last word. It is in step with the
        sound from its first sample on. Sound that is silent gives a face that keeps still, and a warning.

        Whose portrait it may be played on has to be stated: `PhotoAnimator.enroll(photo, consent=...)`.

        Args:
            sound: a file with a sound track, a video's too; or (samples, rate): (n,) or (n, channels) floats in
                [-1, 1] or integers of full range, and how many there are a second. Ten minutes at most.
            expression: "neutral", "happy", "sad", "surprised", "angry" or "worried": a small constant change of the
                face that leaves lips shut where they are shut.
            gain: strength by region ("pose", "eyes", "lips", "brows"), from 0 to 3; 1 where not given.
            seed: another one moves head, brows and eyes otherwise; the lips stay as they are.
            fps: frames per second of the motion, 10 to 120.

        Raises:
            FileNotFoundError, IsADirectoryError, PermissionError: there is no such file, or it cannot be read.
            ValueError: it has no sound, is empty, too long, damaged from the start or no sound file; not such samples;
                no such expression, region, gain, seed or rate.
        """
        from monalive.motions.speech_motion import speech_motion
        from monalive.speech.voice import Voice

        if isinstance(sound, tuple):
            sound = Voice.from_samples(*sound)
        voice = sound if isinstance(sound, Voice) else Voice.read(sound)
        return speech_motion(voice, expression=expression, gain=gain, seed=seed, fps=fps)

    @classmethod
    def from_frames(
        cls,
        frames: Iterable[tuple[float, NDArray[np.uint8]]],
        tracker: FaceTracker,
        fps: float | None = None,
        *,
        name: str = "",
        loop: bool = False,
        reference: Reference = "neutral",
        driver_face: DriverFace = "auto",
        driver_place: RotatedSquare | None = None,
    ) -> Motion:
        """The motion of one face through (timestamp in ms, (H, W, 3) uint8 RGB) frames.

        Frames without a face hold what was found last; frames before the first face hold the first landmarks, with
        unknown surroundings. Frames are taken one at a time: about 9 kB are kept of each.

        Args:
            tracker: finds and follows faces; its `num_faces` is how many come into question.
            fps: nominal rate; if not given, it is read off the timestamps.
            reference: what relative motion is counted from, see `with_reference`; after a cut in the video, and where
                another face begins to drive, it starts anew.
            driver_face: which face it is: "auto", "largest", "moving", or a number from the left from 0.
            driver_place: where that face is first seen, if that is known.

        Raises:
            ValueError: no frames, no face in any of them, their size changes, or another `driver_face`; no such
                reference frame, or no face in it.
        """
        checked_reference(reference)
        follower = DriverFollower(tracker, driver_face, driver_place)
        find_cut = CutFinder()
        followed: list[tuple[float, DriverFrame]] = []
        found: list[NDArray[np.float32]] = []
        around: list[NDArray[np.float32]] = []
        surroundings: DriverSurroundings | None = None
        times: list[float] = []
        waiting = 0
        size: tuple[int, int] | None = None
        for timestamp_ms, image in frames:
            here = (image.shape[1], image.shape[0])
            if size is not None and here != size:
                raise ValueError(f"the frames change their size from {size} to {here}; convert the video to one size")
            size = here
            times.append(float(timestamp_ms))
            face = follower.track(image, float(timestamp_ms))
            landmarks = None if face is None else face.landmarks
            cut = find_cut(landmarks, timestamp_ms, other_picture=follower.other_picture, other_face=follower.changed)
            followed.append((float(timestamp_ms), DriverFrame(landmarks, here, cut)))
            if landmarks is not None:
                if surroundings is None:
                    surroundings = DriverSurroundings(image, landmarks)
                    found.extend([landmarks] * waiting)
                    around.extend([unknown_surroundings()] * waiting)
                found.append(landmarks)
                around.append(surroundings(image, landmarks))
            elif found:
                found.append(found[-1])
                around.append(around[-1])
            else:
                waiting += 1
        if size is None:
            raise ValueError("there are no frames to take a motion from")
        if not found:
            raise ValueError(f"no face was found in any of {len(times)} frames; use a video that shows a face")
        if fps is None:
            fps = 1000.0 * (len(times) - 1) / (times[-1] - times[0]) if len(times) > 1 else 25.0
        takes = _takes(followed, reference)
        return cls(np.stack(found), np.array(times) - times[0], size, fps, name, loop, np.stack(around), takes)

    def save(self, path: str | Path) -> None:
        """Writes a `.motion` file: all of it or nothing.

        Args:
            path: the file.

        Raises:
            FileNotFoundError, PermissionError, IsADirectoryError: the file cannot be written there.
        """
        references = np.stack(list(self.references.values()))
        every = np.concatenate((self.landmarks, references))
        low, high = every.min(axis=(0, 1)).astype(np.float64), every.max(axis=(0, 1))
        step = np.maximum(high - low, 1e-6) / LEVELS  # per axis: 0.01 px for a face 650 px large
        levels, reference_levels = (
            np.rint((points - low) / step).astype(np.uint16) for points in (self.landmarks, references)
        )
        levels[1:] -= levels[:-1].copy()  # modulo 65536
        manifest = {
            "format": FORMAT,
            "version": VERSION,
            "name": self.name,
            "loop": self.loop,
            "fps": self.fps,
            "image_size": list(self.image_size),
            "frames": len(self),
            "landmarks": LANDMARK_COUNT,
            "offset": low.tolist(),
            "step": step.tolist(),
            "surroundings": self.surroundings is not None,
        }
        if self.speech:
            manifest["speech"] = True
        if self.takes:
            manifest["takes"] = [take.start for take in self.takes]
        with atomic_path(path) as scratch, zipfile.ZipFile(scratch, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(_member(MANIFEST), json.dumps(manifest, indent=1))
            archive.writestr(_member(LANDMARKS), levels.astype("<u2").tobytes())
            archive.writestr(_member(TIMESTAMPS), self.timestamps_ms.astype("<f8").tobytes())
            if self.surroundings is not None:
                archive.writestr(_member(SURROUNDINGS), self.surroundings.astype("<f2").tobytes())
            if self.takes:
                archive.writestr(_member(REFERENCES), reference_levels.astype("<u2").tobytes())

    @classmethod
    def load(cls, path: str | Path) -> Motion:
        """Reads a `.motion` file; landmarks come back within half a quantisation step, surroundings as float16.

        Args:
            path: the file.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: it is not a motion, is cut off or damaged, or was written by a newer version.
        """
        path = Path(path)
        if not path.is_file():
            raise FileNotFoundError(f"there is no motion file {path}")
        try:
            with zipfile.ZipFile(path) as archive:
                manifest = json.loads(_read(archive, MANIFEST, None))
                _check_version(manifest, path)
                frames = _frame_count(manifest)
                raw = _read(archive, LANDMARKS, frames * FRAME_BYTES)
                times = _read(archive, TIMESTAMPS, frames * 8)
                around = None
                if _has_surroundings(manifest):
                    around = _read(archive, SURROUNDINGS, frames * math.prod(SURROUNDINGS_SHAPE) * 2)
                starts = _take_starts(manifest, frames)
                speech = _is_speech(manifest)
                references = _read(archive, REFERENCES, len(starts) * FRAME_BYTES) if starts else b""
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
            raise ValueError(
                f"{path} is not a .motion file, or it is cut off or damaged ({error}); "
                "extract the motion again with `monalive motion extract`"
            ) from error
        except (LookupError, TypeError, UnicodeDecodeError, json.JSONDecodeError) as error:
            raise ValueError(f"{path} is a zip archive but not a .motion file ({error})") from error
        try:
            changes = np.frombuffer(raw, "<u2").reshape(frames, LANDMARK_COUNT, 3)
            levels = np.cumsum(changes, axis=0, dtype=np.uint16)
            if manifest.get("landmarks", LANDMARK_COUNT) != LANDMARK_COUNT:
                raise ValueError(f"{manifest['landmarks']} landmarks, not {LANDMARK_COUNT}")
            offset, step = (np.array(manifest[key], np.float64).reshape(3) for key in ("offset", "step"))
            if not (np.isfinite(offset).all() and np.isfinite(step).all() and (step > 0).all()):
                raise ValueError(f"a step of {step.tolist()} from {offset.tolist()}")
            landmarks = offset + levels * step
            width, height = (int(side) for side in manifest["image_size"])
            timestamps = np.frombuffer(times, "<f8").astype(np.float64)
            fps, name, loop = float(manifest["fps"]), str(manifest["name"]), bool(manifest["loop"])
            surroundings = None
            if around is not None:
                surroundings = np.frombuffer(around, "<f2").astype(np.float32).reshape(frames, *SURROUNDINGS_SHAPE)
            faces = np.frombuffer(references, "<u2").reshape(len(starts), LANDMARK_COUNT, 3)
            with np.errstate(over="ignore"):  # what becomes infinite is refused
                points = landmarks.astype(np.float32)
                rests = (offset + faces * step).astype(np.float32)
            takes = tuple(Take(start, rest) for start, rest in zip(starts, rests, strict=True))
            return cls(points, timestamps, (width, height), fps, name, loop, surroundings, takes, speech)
        except (LookupError, TypeError, ValueError, OverflowError) as error:
            raise ValueError(f"{path} is a .motion file with invalid contents ({error})") from error


def _require_rate(fps: float) -> None:
    if not SLOWEST_FPS <= fps <= FASTEST_FPS:
        raise ValueError(
            f"a motion's frame rate must be positive, from {SLOWEST_FPS:g} to {FASTEST_FPS:g}, got {fps:g}"
        )


def _member(name: str) -> zipfile.ZipInfo:
    """A member without the time of day: the same motion gives the same file."""
    member = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    member.compress_type = zipfile.ZIP_DEFLATED
    member.external_attr = 0o644 << 16
    return member


def _read(archive: zipfile.ZipFile, name: str, size: int | None) -> bytes:
    """A member's bytes, none of them before its size is known to be right."""
    content = read_member(archive, name, MAX_MANIFEST_BYTES if size is None else size)
    if size is not None and len(content) != size:
        raise zipfile.BadZipFile(f"{name} has {len(content)} bytes")
    return content


def _check_version(manifest: Any, path: Path) -> None:
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise ValueError(f"{path} is a zip archive but not a .motion file")
    if not isinstance(manifest.get("version"), int) or manifest["version"] > VERSION:
        raise ValueError(
            f"{path} has version {manifest.get('version')} of the .motion format; "
            f"this monalive reads up to {VERSION}; update monalive"
        )


def _has_surroundings(manifest: dict[str, Any]) -> bool:
    measured = manifest.get("surroundings", False)  # version 1 does not say
    if not isinstance(measured, bool):
        raise TypeError(f"surroundings: {measured}")
    return measured


def _is_speech(manifest: dict[str, Any]) -> bool:
    speech = manifest.get("speech", False)  # most files do not say
    if not isinstance(speech, bool):
        raise TypeError(f"speech: {speech}")
    return speech


def _takes(frames: list[tuple[float, DriverFrame]], reference: Reference) -> tuple[Take, ...]:
    """Of frames as they were followed; those before the first face belong to the first take."""
    begun = [
        (index, face)
        for index, (_, _, face) in enumerate(with_references(frames, checked_reference(reference)))
        if face is not None
    ]
    first = next((frame.landmarks for _, frame in frames if frame.landmarks is not None), None)
    if len(begun) == 1 and begun[0][1] is first:
        return ()
    return tuple(Take(index if number else 0, face) for number, (index, face) in enumerate(begun))


def _checked_takes(takes: tuple[Take, ...], frames: int, farthest: float) -> tuple[Take, ...]:
    starts = [take.start for take in takes]
    if not starts:
        return ()
    if starts[0] != 0 or starts != sorted(set(starts)) or starts[-1] >= frames:
        raise ValueError(f"a motion's takes must begin with frame 0 and follow each other within it, got {starts}")
    for take in takes:
        near = take.reference.shape == (LANDMARK_COUNT, 3) and bool((np.abs(take.reference) <= farthest).all())
        if not near:  # nor is what is not a number
            raise ValueError(f"a take's reference must be ({LANDMARK_COUNT}, 3) landmarks near the picture")
    return tuple(takes)


def _checked_surroundings(values: ArrayLike, frames: int) -> NDArray[np.float32]:
    array = np.asarray(values, np.float32)
    if array.shape != (frames, *SURROUNDINGS_SHAPE):
        raise ValueError(f"a motion's surroundings must be {(frames, *SURROUNDINGS_SHAPE)}, got {array.shape}")
    if not (np.abs(array) <= np.finfo(np.float16).max).all():  # nor may they become infinite in a file
        raise ValueError("a motion's surroundings must be finite")
    known = array[..., 2]
    if known.min() < 0 or known.max() > 1:
        raise ValueError("how much of a motion's surroundings is known must be from 0 to 1")
    return array


def _frame_count(manifest: dict[str, Any]) -> int:
    frames = manifest["frames"]
    if not isinstance(frames, int) or not 1 <= frames <= MAX_FRAMES:
        raise TypeError(f"{frames} frames")
    return frames


def _take_starts(manifest: dict[str, Any], frames: int) -> list[int]:
    """The frames that takes begin with; none where the file does not say."""
    starts = manifest.get("takes", [])
    if not isinstance(starts, list) or len(starts) > frames or not all(type(start) is int for start in starts):
        raise TypeError("takes")
    return starts
