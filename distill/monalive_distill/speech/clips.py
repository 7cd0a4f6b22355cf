"""Clips of people who talk, read once: their sound, and where their faces' landmarks are in every frame."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from monalive.atomic_file import atomic_path
from monalive.faces.tracker import FaceTracker
from monalive.media.video_io import VideoReader
from monalive_distill.mediapipe_tracker.networks import mediapipe_tracker
from monalive_distill.regions.prepare import INDEX_FILE, LEAST_PRESENCE
from monalive_distill.regions.sources import sources, tables
from monalive_distill.speech.phones import grid_sentence
from monalive_distill.speech.sound import Samples, read_sound

MOST_MISSING: Final = 0.05  # of a clip's frames may show no face; these are filled in


@dataclass(frozen=True)
class SpokenClip:
    """Somebody who talks.

    Attributes:
        name: of the clip.
        person: who it shows.
        split: "train", or "eval" for sentences that are only measured.
        words: (word, start, end) in seconds; "sil" is silence. Empty where nobody wrote them down.
        sound: (n,) float32, 16,000 a second; its first sample is the moment of the first frame.
        times_s: (T,) of the frames, seconds.
        landmarks: (T, 478, 3) pixels.
        blendshapes: (T, 52) MediaPipe's scores.
    """

    name: str
    person: str
    split: str
    words: Sequence[tuple[str, float, float]]
    sound: Samples
    times_s: NDArray[np.float64]
    landmarks: NDArray[np.float32]
    blendshapes: NDArray[np.float32]


def prepare_clips(
    source: Path, output: Path, *, person: str | None = None, progress: bool = True
) -> tuple[int, list[str]]:
    """Reads a folder of clips with sound into a cache, with MediaPipe's networks; what is there already is kept.

    A table FOLDER.tsv or clips.tsv beside the folder may name people ("person" or "identity"), the split ("split"),
    words with their times ("words": word@start-end ...) and where a clip came from ("path"): a name of the GRID corpus
    says the words.

    Args:
        source: the folder.
        output: the cache.
        person: whom all clips show, where no table names people.
        progress: show a progress bar.

    Returns:
        How many clips the cache holds, and a line for each that was left out.

    Raises:
        FileNotFoundError: no such folder, or nobody in it who talks.
    """
    if not source.is_dir():
        raise FileNotFoundError(f"there is no folder {source}")
    output.mkdir(parents=True, exist_ok=True)
    table = {row["file"]: row for row in next(tables(source), [])}
    index: list[dict[str, object]] = []
    left_out: list[str] = []
    with mediapipe_tracker(settle=True, output_blendshapes=True) as tracker:
        for item in tqdm(list(sources(source)), desc="preparing", unit="clip", disable=not progress):
            row, facts = table.get(item.files[0].name, {}), output / f"{item.name}.npz"
            if len(item.files) > 1 or row.get("sound") == "0":
                continue
            if not facts.exists():
                try:
                    _read(tracker, item.files[0], facts)
                except (ValueError, OSError) as error:
                    left_out.append(f"{item.name}: {error}")
                    continue
            words = row.get("words") or _unaligned(grid_sentence(Path(row.get("path", "")).stem))
            index.append(
                {"name": item.name, "person": person or item.person, "split": row.get("split", "train"), "words": words}
            )
    if not index:
        raise FileNotFoundError(
            f"nobody speaks in the clips of {source}: {'; '.join(left_out[-3:]) or 'no clips with sound'}"
        )
    with atomic_path(output / INDEX_FILE) as unfinished:
        unfinished.write_text(json.dumps(index, indent=0))
    return len(index), left_out


def load_clips(*caches: Path) -> list[SpokenClip]:
    """All clips of caches that `prepare_clips` made.

    Raises:
        FileNotFoundError: a folder is no such cache.
    """
    clips = []
    for cache in caches:
        index = cache / INDEX_FILE
        if not index.is_file():
            raise FileNotFoundError(
                f"{cache} is not a cache of talking clips; make one with monalive-distill prepare-speech"
            )
        for entry in json.loads(index.read_text()):
            with np.load(cache / f"{entry['name']}.npz") as facts:
                arrays = {name: facts[name] for name in ("sound", "times_s", "landmarks", "blendshapes")}
            words = parse_words(entry["words"])
            clips.append(SpokenClip(entry["name"], entry["person"], entry["split"], words, **arrays))
    return clips


def parse_words(text: str) -> list[tuple[str, float, float]]:
    """ "sil@0.0-0.54 set@0.54-0.83" to words with start and end in seconds.

    Raises:
        ValueError: it is written otherwise.
    """
    words = []
    for part in text.split():
        word, _, times = part.partition("@")
        start, dash, end = times.partition("-")
        if not dash:
            raise ValueError(f"{part!r} is not WORD@START-END")
        words.append((word, float(start), float(end)))
    return words


def _read(tracker: FaceTracker, path: Path, facts: Path) -> None:
    tracker.reset()
    times, landmarks, blendshapes = [], [], []
    with VideoReader(path) as reader:
        sound = read_sound(path, reader.start_s)
        for time_ms, picture in reader:
            faces = tracker.track(picture)
            times.append(time_ms / 1000)
            found = bool(faces) and faces[0].presence >= LEAST_PRESENCE
            scores = faces[0].blendshapes if found else None
            landmarks.append(faces[0].landmarks if found else np.full((478, 3), np.nan, np.float32))
            blendshapes.append(scores if scores is not None else np.full(52, np.nan, np.float32))
    missing = float(np.mean([np.isnan(face[0, 0]) for face in landmarks]))
    if missing > MOST_MISSING:
        raise ValueError(f"no face in {missing:.0%} of its frames")
    with atomic_path(facts) as unfinished, unfinished.open("wb") as file:
        np.savez(
            file,
            sound=sound,
            times_s=np.array(times),
            landmarks=_filled(np.stack(landmarks)),
            blendshapes=_filled(np.stack(blendshapes)),
        )


def _filled(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """(T, ...) with missing frames (NaN) drawn straight between their neighbours."""
    flat = values.reshape(len(values), -1).copy()
    gone = np.isnan(flat[:, 0])
    if gone.any():
        known = np.flatnonzero(~gone)
        for column in flat.T:
            column[gone] = np.interp(np.flatnonzero(gone), known, column[known])
    return flat.reshape(values.shape)


def _unaligned(sentence: str | None) -> str:
    """Words without times, as `parse_words` reads them."""
    return " ".join(f"{word}@0-0" for word in (sentence or "").split())
