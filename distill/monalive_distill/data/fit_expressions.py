"""Fits the SDK's expression model: a mean face, and what each of MediaPipe's 52 blendshapes does to it.

Landmarks and blendshape scores of many clips are freed of head pose and size, centred on each clip's own mean
(so that what stays is expression, not whose face it is), mirrored once (so that the model is symmetric), and
joined by ridge regression (Hoerl and Kennedy, "Ridge regression", Technometrics 1970). Yaw and pitch take
part as nuisance variables: what landmarks do because a head turns is not put down to an expression. Pairs of
stills, neutral and smiling, add a full smile of many more people; their neutral pictures make the mean face.

The file that ships was fitted to 78 clips of 54 people (public-domain and government footage, and driving
videos published in repositories under permissive licences) and 102 pairs of the Face Research Lab London Set
(DeBruine and Jones, CC BY 4.0). Only landmarks and scores go in, and only their regression comes out.

    python -m monalive_distill.data.fit_expressions --clips DIR --stills DIR --cache DIR --sources TEXT -o FILE
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monalive.atomic_file import atomic_path
from monalive.faces.blendshapes import BLENDSHAPE_NAMES
from monalive.faces.expressions import FORMAT, mirror_indices, mirror_name
from monalive.faces.head_pose import HeadPose, fit_pose
from monalive.faces.landmarks import LEFT_EYE_CORNERS, RIGHT_EYE_CORNERS, RIGID
from monalive.faces.tracker import Face, FaceTracker
from monalive.media.image_io import load_image
from monalive.media.video_io import VideoReader
from monalive_distill.mediapipe_tracker.networks import mediapipe_tracker

Array = NDArray[np.float64]
FRAME_STEP = 4
RIDGE = 1e-3  # relative to scores whose frame-to-frame variance is about 0.01
STILLS_WEIGHT = 4.0  # a pair of stills shows a whole smile, a frame mostly what the frame before it shows
MIN_FRAMES = 8


@dataclass(frozen=True)
class Track:
    """One clip or still as the tracker saw it."""

    landmarks: Array  # (T, 478, 3) pixels
    blendshapes: Array  # (T, 52)


def track(path: Path, cache: Path, step: int = FRAME_STEP) -> Track | None:
    """Landmarks and scores of every `step`-th frame of a clip, or of a still; None where no face was found.

    Results are kept in `cache` as `<file name>.npz` with `landmarks` and `blendshapes`, and read from there
    next time.
    """
    kept = cache / f"{path.name}.npz"
    if not kept.exists():
        with mediapipe_tracker(output_blendshapes=True) as tracker:
            found = [faces[0] for faces in _faces(path, tracker, step) if faces]
        landmarks = np.array([face.landmarks for face in found], np.float32).reshape(-1, 478, 3)
        scores = np.array([face.blendshapes for face in found], np.float32).reshape(-1, 52)
        cache.mkdir(parents=True, exist_ok=True)
        _save(kept, landmarks=landmarks, blendshapes=scores)
    with np.load(kept, allow_pickle=False) as archive:
        result = Track(archive["landmarks"].astype(np.float64), archive["blendshapes"].astype(np.float64))
    return result if len(result.landmarks) else None


def _faces(path: Path, tracker: FaceTracker, step: int) -> Iterator[list[Face]]:
    if path.suffix.lower() in (".jpg", ".jpeg", ".png"):
        yield tracker.detect(load_image(path))
        return
    with VideoReader(path) as reader:
        for number, (_, image) in enumerate(reader):
            if number % step == 0:
                yield tracker.track(image)


def fit_mean_face(
    neutral: Sequence[Array], smiling: Sequence[Array], rounds: int = 6
) -> tuple[Array, NDArray[np.intp]]:
    """The mirror-symmetric mean of neutral faces (each (478, 3) pixels) that look at the camera.

    Generalised Procrustes analysis (Gower, Psychometrika 1975) over the rigid points; the outer eye corners
    end 1 apart, the origin in the mean of the rigid points. The same people smiling help to tell left from
    right.

    Returns:
        The face (478, 3), and for each landmark the opposite one (478,).
    """
    centred = [face - face[list(RIGID)].mean(axis=0) for face in neutral]
    mean: Array = np.mean([face / np.linalg.norm(face) for face in centred], axis=0)
    for _ in range(rounds):
        mean = np.mean([fit_pose(face, mean).to_canonical(face) for face in neutral], axis=0)
        mean = _upright(mean - mean[list(RIGID)].mean(axis=0))
        smile = np.mean([fit_pose(face, mean).to_canonical(face) for face in smiling], axis=0)
        mirror = mirror_indices(mean, smile)
        mean = (mean + mean[mirror] * [-1.0, 1.0, 1.0]) / 2
        mean = mean / np.linalg.norm(mean[LEFT_EYE_CORNERS[0]] - mean[RIGHT_EYE_CORNERS[0]])
    return mean, mirror


def _upright(face: Array) -> Array:
    """The face turned by the smallest angle that lays its eyes' axis along x."""
    across = face[LEFT_EYE_CORNERS[0]] - face[RIGHT_EYE_CORNERS[0]]
    x = across / np.linalg.norm(across)
    z = np.array([0.0, 0.0, 1.0]) - x * x[2]
    z = z / np.linalg.norm(z)
    turned: Array = face @ np.stack([x, np.cross(z, x), z], axis=1)
    return turned


def clip_samples(clip: Track, mean_face: Array) -> tuple[Array, Array]:
    """A clip's centred regressors (T, 54: scores, yaw and pitch) and targets (T, 478, 3), free of pose and
    size.
    """
    rough = [fit_pose(face, mean_face).to_canonical(face) for face in clip.landmarks]
    own_face = np.mean(rough, axis=0)  # poses are steadier against the person's own face than against the mean face
    poses: list[HeadPose] = [fit_pose(face, own_face) for face in clip.landmarks]
    shapes = np.array([pose.to_canonical(face) for pose, face in zip(poses, clip.landmarks, strict=True)])
    angles = np.array([[pose.yaw, pose.pitch] for pose in poses]) / 20.0  # of the order of the scores
    regressors = np.concatenate([clip.blendshapes, angles], axis=1)
    return regressors - regressors.mean(axis=0), shapes - shapes.mean(axis=0)


def pair_sample(neutral: Track, other: Track, mean_face: Array) -> tuple[Array, Array]:
    """A pair of stills of one person as one row (1, 54), (1, 478, 3): the second less the first."""
    own_face = fit_pose(neutral.landmarks[0], mean_face).to_canonical(neutral.landmarks[0])
    shape = fit_pose(other.landmarks[0], own_face).to_canonical(other.landmarks[0])
    scores = np.concatenate([other.blendshapes[0] - neutral.blendshapes[0], [0.0, 0.0]])
    return scores[None], (shape - own_face)[None]


def fit_displacements(
    regressors: Array, targets: Array, mirror: NDArray[np.intp], ridge: float = RIDGE
) -> tuple[Array, float]:
    """Ridge regression of targets (n, 478, 3) on regressors (n, 54), each sample also taken mirrored.

    Returns:
        (52, 478, 3) displacements at a score of 1, and the part of the targets' variance that they explain.
    """
    order = [BLENDSHAPE_NAMES.index(mirror_name(name)) for name in BLENDSHAPE_NAMES]
    swapped = np.concatenate([regressors[:, order], regressors[:, 52:] * [-1.0, 1.0]], axis=1)
    x = np.concatenate([regressors, swapped])
    y = np.concatenate([targets, targets[:, mirror] * [-1.0, 1.0, 1.0]]).reshape(len(x), -1)
    weights = np.linalg.solve(x.T @ x / len(x) + ridge * np.eye(x.shape[1]), x.T @ y / len(x))
    explained = 1.0 - float(((y - x @ weights) ** 2).sum() / (y**2).sum())
    return weights[:52].reshape(52, -1, 3), explained


def fit(clips: Sequence[Track], pairs: Sequence[tuple[Track, Track]]) -> tuple[Array, Array, float]:
    """Mean face (478, 3), displacements (52, 478, 3) and explained variance from clips and (neutral, smiling)
    pairs.
    """
    neutral, smiling = ([still.landmarks[0] for still in column] for column in zip(*pairs, strict=True))
    mean_face, mirror = fit_mean_face(neutral, smiling)
    samples = [clip_samples(clip, mean_face) for clip in clips if len(clip.landmarks) >= MIN_FRAMES]
    for pair in pairs:
        scores, shape = pair_sample(*pair, mean_face)
        samples.append((scores * STILLS_WEIGHT**0.5, shape * STILLS_WEIGHT**0.5))
    x, y = (np.concatenate(column) for column in zip(*samples, strict=True))
    displacements, explained = fit_displacements(x, y, mirror)
    return mean_face, displacements, explained


def _save(path: Path, **arrays: object) -> None:
    with atomic_path(path) as scratch:
        np.savez_compressed(scratch, **arrays)  # type: ignore[arg-type]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Fit the expression model from clips and pairs of stills.")
    parser.add_argument("--clips", type=Path, required=True, help="folder of *.mp4")
    parser.add_argument("--stills", type=Path, required=True, help="folder of *_neutral.jpg and *_smiling.jpg")
    parser.add_argument("--cache", type=Path, required=True, help="folder where tracked landmarks are kept")
    parser.add_argument("--sources", required=True, help="what the data is, its licences; goes into the file")
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args(arguments)
    found = [track(path, options.cache) for path in sorted(options.clips.glob("*.mp4"))]
    clips = [clip for clip in found if clip is not None]
    pairs = []
    for path in sorted(options.stills.glob("*_neutral.jpg")):
        both = [
            track(path.with_name(path.name.replace("neutral", kind)), options.cache) for kind in ("neutral", "smiling")
        ]
        if both[0] is not None and both[1] is not None:
            pairs.append((both[0], both[1]))
    if not clips or not pairs:
        parser.error("no clip or no pair of stills with a face was found")
    mean_face, displacements, explained = fit(clips, pairs)
    about = {"format": FORMAT, "version": 1, "names": BLENDSHAPE_NAMES, "sources": options.sources}
    about["fit"] = {"clips": len(clips), "pairs": len(pairs), "explained_variance": round(explained, 3)}
    _save(
        options.output,
        about=json.dumps(about),
        mean_face=mean_face.astype(np.float32),
        displacements=displacements.astype(np.float16),
    )
    print(f"{options.output}: {len(clips)} clips, {len(pairs)} pairs, {explained:.1%} of the variance explained")


if __name__ == "__main__":
    main()
