"""Directions in the face generator's style space that turn the head, make it smile or open its mouth.

Styles of many sampled people are regressed on what the tracker measures in their pictures. Taken one by one,
the styles of smiling people also carry long hair and a brighter background, because in photographs these go
together; so all attributes enter one regression, with the face's shape and the picture's colours beside them
as nuisances: each direction is what changes when only its own attribute does. (A linear boundary per
attribute, made orthogonal to others afterwards, is InterFaceGAN: Shen et al., arXiv 1907.10786.) Directions
act only on the coarse layers that decide their attribute, and are scaled by what they achieve there.

    python -m monalive_distill.data.style_directions -o FILE
"""

from __future__ import annotations

import argparse
import json
import sys
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from monalive.atomic_file import atomic_path
from monalive.faces.blendshapes import BLENDSHAPE_NAMES
from monalive.faces.expressions import load_expressions
from monalive.faces.head_pose import fit_pose
from monalive.faces.landmarks import RIGID
from monalive.faces.tracker import Face, FaceTracker
from monalive_distill.data.face_generator import LAYER_SIZES, STYLE_SIZE, FaceGenerator
from monalive_distill.mediapipe_tracker.networks import mediapipe_tracker
from monalive_distill.packaged_assets import style_directions_file

FORMAT: Final = "monalive.style_directions"
# What each direction changes by 1: degrees, or a blendshape score. With the layers it acts on, coarse to
# fine.
LAYERS: Final[Mapping[str, range]] = {
    "yaw": range(2, 8),
    "pitch": range(2, 8),
    "smile": range(4, 8),
    "jawOpen": range(3, 8),
}
_TRIAL: Final[Mapping[str, float]] = {"yaw": 12.0, "pitch": 8.0, "smile": 0.4, "jawOpen": 0.15}
_SIZE = 256
_BATCH = 4
_SHAPE_COMPONENTS, _COLOUR_COMPONENTS = 8, 16
_MIN_SAMPLES = 100

Array = NDArray[np.float64]


@dataclass(frozen=True)
class StyleDirections:
    """Attributes: names, the vectors (len(names), 512) that change each by 1, and the layers each acts on."""

    names: tuple[str, ...]
    vectors: NDArray[np.float32]
    layers: tuple[range, ...]

    def edit(self, style: NDArray[np.float32], amounts: Mapping[str, float]) -> NDArray[np.float32]:
        """One style (512,) to one per layer (23, 512), moved by amounts: degrees for poses, scores for
        expressions.

        Raises:
            ValueError: an attribute without a direction.
        """
        unknown = sorted(set(amounts) - set(self.names))
        if unknown:
            raise ValueError(f"no direction for {unknown[0]!r}; known are: {', '.join(self.names)}")
        edited = np.repeat(np.asarray(style, np.float32)[None], len(LAYER_SIZES), axis=0)
        for name, amount in amounts.items():
            index = self.names.index(name)
            layers = self.layers[index]
            edited[layers.start : layers.stop] += np.float32(amount) * self.vectors[index]
        return edited

    def save(self, path: str | Path) -> None:
        """Writes an `.npz` (atomic)."""
        layers = [[layers.start, layers.stop] for layers in self.layers]
        about = {"format": FORMAT, "version": 1, "names": self.names, "layers": layers}
        with atomic_path(path) as temporary:
            np.savez_compressed(temporary, about=json.dumps(about), vectors=self.vectors.astype(np.float16))


def load_directions(path: str | Path | None = None) -> StyleDirections:
    """The directions that ship with this package, or others.

    Raises:
        FileNotFoundError: no such file.
        ValueError: not a file of directions.
    """
    source = Path(path) if path is not None else style_directions_file()
    if not source.is_file():
        raise FileNotFoundError(
            f"no style directions at {source}; make them with `python -m monalive_distill.data.style_directions`"
        )
    try:
        with np.load(source, allow_pickle=False) as archive:
            about = json.loads(str(archive["about"]))
            vectors = archive["vectors"].astype(np.float32)
        names, layers = tuple(about["names"]), tuple(range(*pair) for pair in about["layers"])
        if about["format"] != FORMAT or vectors.shape != (len(names), STYLE_SIZE) or len(layers) != len(names):
            raise ValueError("unexpected contents")
    except (ValueError, KeyError, TypeError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"{source} is not a file of style directions: {error}") from error
    return StyleDirections(names, vectors, layers)


def fit_directions(
    generator: FaceGenerator,
    tracker: FaceTracker,
    *,
    samples: int = 600,
    truncation: float = 0.9,
    trial_people: int = 8,
    progress: Callable[[str], None] | None = None,
) -> StyleDirections:
    """Directions for yaw, pitch, smile and jawOpen.

    Args:
        generator: the people; seeds 0 to `samples` - 1, then `trial_people` more to scale the directions on.
        tracker: with `output_blendshapes`.
        samples: people to regress on, at least 100; about a second each on a CPU.
        truncation: how far from the average face the samples are.
        progress: called with a line of text now and then.

    Raises:
        ValueError: too few samples, or too few faces found in them.
    """
    if samples < _MIN_SAMPLES:
        raise ValueError(f"samples must be at least {_MIN_SAMPLES}; got {samples}")
    report = progress or (lambda line: None)
    measured: list[Measurement] = []
    styles: list[NDArray[np.float32]] = []
    for start in range(0, samples, _BATCH):
        batch = generator.styles(range(start, min(start + _BATCH, samples)), truncation)
        for style, found in zip(batch, measure(generator.render(batch, _SIZE), tracker), strict=True):
            if found is not None:
                styles.append(style)
                measured.append(found)
        report(f"{start + len(batch)} of {samples} people measured")
    if len(measured) < _MIN_SAMPLES:
        raise ValueError(f"faces were found in {len(measured)} pictures only; at least {_MIN_SAMPLES} are needed")
    vectors = partial_effects(
        np.stack(styles).astype(np.float64),
        np.stack([found.attributes for found in measured]),
        nuisances(measured),
    )
    raw = StyleDirections(tuple(LAYERS), vectors.astype(np.float32), tuple(LAYERS.values()))
    return _rescale(raw, generator, tracker, range(samples, samples + trial_people), report)


@dataclass(frozen=True)
class Measurement:
    """One picture: attributes (len(LAYERS),), roll in degrees, face shape and colours, each flat."""

    attributes: Array
    roll: float
    shape: Array
    colours: Array


def measure(pictures: NDArray[np.uint8], tracker: FaceTracker) -> list[Measurement | None]:
    """Pictures (N, size, size, 3) RGB to what `partial_effects` needs; None where no face is found."""
    results: list[Measurement | None] = []
    for picture in pictures:
        faces = tracker.detect(picture)
        results.append(_measure_face(faces[0], picture) if faces else None)
    return results


def _measure_face(face: Face, picture: NDArray[np.uint8]) -> Measurement:
    if face.blendshapes is None:
        raise ValueError("the tracker must be made with output_blendshapes=True")
    pose = fit_pose(face.landmarks, load_expressions().mean_face)
    scores = dict(zip(BLENDSHAPE_NAMES, face.blendshapes.astype(np.float64), strict=True))
    smile = (scores["mouthSmileLeft"] + scores["mouthSmileRight"]) / 2
    shape = pose.to_canonical(face.landmarks)[list(RIGID)]
    colours = cv2.resize(picture, (8, 8), interpolation=cv2.INTER_AREA).astype(np.float64) / 255
    attributes = np.array([pose.yaw, pose.pitch, smile, scores["jawOpen"]])
    return Measurement(attributes, pose.roll, shape.ravel(), colours.ravel())


def nuisances(measured: Sequence[Measurement]) -> Array:
    """(N, M): roll, and the principal components of face shape and of colours, each of unit variance."""
    roll = np.array([[found.roll] for found in measured])
    shape = _principal_components(np.stack([found.shape for found in measured]), _SHAPE_COMPONENTS)
    colours = _principal_components(np.stack([found.colours for found in measured]), _COLOUR_COMPONENTS)
    return np.concatenate((roll, shape, colours), axis=1)


def _principal_components(data: Array, count: int) -> Array:
    left, _, _ = np.linalg.svd(data - data.mean(axis=0), full_matrices=False)
    components: Array = left[:, :count] * float(np.sqrt(len(data)))
    return components


def partial_effects(styles: Array, attributes: Array, others: Array) -> Array:
    """(K, D) how styles (N, D) change with each attribute (N, K), all other columns held: least squares."""
    design = np.concatenate((np.ones((len(styles), 1)), attributes, others), axis=1)
    solution = np.linalg.lstsq(design, styles, rcond=None)[0].astype(np.float64)
    return solution[1 : 1 + attributes.shape[1]]


def _rescale(
    raw: StyleDirections,
    generator: FaceGenerator,
    tracker: FaceTracker,
    seeds: Sequence[int],
    report: Callable[[str], None],
) -> StyleDirections:
    """Directions that change their attribute by 1 on average, when they act on their own layers only."""
    scaled = raw.vectors.copy()
    for index, name in enumerate(raw.names):
        trial, gains = _TRIAL[name], []
        for style in generator.styles(seeds):
            pair = np.stack([raw.edit(style, {name: amount}) for amount in (-trial, trial)])
            low, high = measure(generator.render(pair, _SIZE), tracker)
            if low is not None and high is not None:
                gains.append((high.attributes[index] - low.attributes[index]) / (2 * trial))
        gain = float(np.mean(gains)) if gains else 0.0
        report(f"{name}: 1 asked for gives {gain:.2f} before scaling")
        if gain < 0.1:
            raise ValueError(f"no working direction for {name} was found; use more samples")
        scaled[index] /= gain
    return StyleDirections(raw.names, scaled, raw.layers)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Fit directions in the face generator's style space.")
    parser.add_argument("--samples", type=int, default=600, help="people to regress on (default: %(default)s)")
    parser.add_argument("-o", "--output", type=Path, required=True, help="the .npz file to write")
    options = parser.parse_args(arguments)

    def report(line: str) -> None:
        print(line, file=sys.stderr)

    with mediapipe_tracker(output_blendshapes=True) as tracker:
        fit_directions(FaceGenerator(), tracker, samples=options.samples, progress=report).save(options.output)
    print(options.output)


if __name__ == "__main__":
    main()
