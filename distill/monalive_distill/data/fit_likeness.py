"""Fits what the SDK warns by when photos of different people are enrolled as one (`monalive.faces.likeness`).

Lists name the pictures, one a line: person, set and file, apart by tabs; of a video, frames from its start to its end
are taken. Photos of one set were taken alike. Projections are Fisher's discriminants; how the three parts are weighed,
and the limit, come from people that the projections did not see (five folds). At the limit at most one pair of photos
of one person in a hundred is warned of, in each set.

The file that ships was fitted to the clips and stills of the newest weights (MODEL_CARD.md), without the people who do
not exist, whose faces repeat.

    python -m monalive_distill.data.fit_likeness LIST [--measure LIST] [--cache FILE] -o FILE
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monalive.atomic_file import atomic_path
from monalive.faces.likeness import FORMAT, PARTS, Features, LikenessModel, likeness_features
from monalive.faces.tracker import FaceTracker
from monalive.media.image_io import load_image
from monalive.media.video_io import VideoReader

FALSE_ALARMS: Final = 0.01
FOLDS: Final = 5
MOST_PAIRS: Final = 40  # of one person
FRAMES_OF_A_VIDEO: Final = 4
# Of each part: dimensions kept of it before the discriminant, and after.
SIZES: Final = {"shape": (80, 24), "grey": (150, 32), "edges": (150, 40)}
SHRINKAGE: Final = 0.3

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Photos:
    """People's photos: for each of n, who it shows, which set and file it is from, and its features."""

    people: NDArray[np.str_]
    sets: NDArray[np.str_]
    files: NDArray[np.str_]
    features: Features  # (n, ...) each

    def __getitem__(self, chosen: NDArray[np.bool_]) -> Photos:
        parts = tuple(part[chosen] for part in self.features)
        return Photos(self.people[chosen], self.sets[chosen], self.files[chosen], parts)


@dataclass(frozen=True)
class Pairs:
    """Pairs of photos (n, 2), as indices, and the set of each: "several" where its photos are from two."""

    photos: NDArray[np.intp]
    sets: NDArray[np.str_]


def read_photos(path: Path) -> Photos:
    """The photos of a list in which a face looks at the camera.

    Raises:
        ValueError: there are none.
    """
    found: list[tuple[str, str, str, Features]] = []
    with FaceTracker() as tracker:
        for line in path.read_text().splitlines():
            person, group, file = line.split("\t")
            for image in _pictures(Path(file)):
                faces = tracker.detect(image, largest_only=True)
                features = likeness_features(image, faces[0].landmarks) if faces else None
                if features is not None:
                    found.append((person, group, file, features))
    if not found:
        raise ValueError(f"no face looks at the camera in the pictures of {path}")
    people, sets, files, features_of = zip(*found, strict=True)
    parts = tuple(np.stack(part) for part in zip(*features_of, strict=True))
    return Photos(np.array(people), np.array(sets), np.array(files), parts)


def _pictures(file: Path) -> Iterator[NDArray[np.uint8]]:
    if file.suffix.lower() in (".jpg", ".jpeg", ".png"):
        yield load_image(file)
        return
    with VideoReader(file) as reader:
        frames = [image for _, image in reader]
    for index in np.linspace(0, len(frames) - 1, FRAMES_OF_A_VIDEO).astype(int):
        yield frames[index]


def discriminant(features: Array, people: NDArray[np.str_], kept: int, size: int) -> tuple[Array, Array]:
    """Mean (n,) and map (n, size) that spread people and hold photos of one together."""
    mean = features.mean(0)
    centred = features - mean
    _, spread, axes = np.linalg.svd(centred, full_matrices=False)
    kept = min(kept, len(features) - 1, len(spread))
    whitened = axes[:kept].T / (spread[:kept] / np.sqrt(len(features)) + 1e-6)
    points = centred @ whitened
    names = sorted(set(people.tolist()))
    within, centres, several = np.zeros((kept, kept)), [], 0
    for name in names:
        own = points[people == name]
        centres.append(own.mean(0))
        if len(own) > 1:
            within += np.cov(own.T)
            several += 1
    within = within / max(several, 1)
    within = (1 - SHRINKAGE) * within + SHRINKAGE * np.trace(within) / kept * np.eye(kept)
    values, vectors = np.linalg.eigh(within)
    even = vectors / np.sqrt(values)
    apart = np.cov((np.stack(centres) @ even).T)
    values, vectors = np.linalg.eigh(apart)
    best = np.argsort(-values)[:size]
    return mean, whitened @ even @ vectors[:, best] * np.sqrt(values[best] / (values[best] + 1))


def pairs_of(photos: Photos, random: np.random.Generator) -> tuple[Pairs, Pairs]:
    """Pairs of one person's photos, and one pair for every two people."""
    own = {name: np.flatnonzero(photos.people == name) for name in sorted(set(photos.people.tolist()))}
    same: list[tuple[int, int]] = []
    for photos_of_one in own.values():
        all_pairs = list(itertools.combinations(photos_of_one.tolist(), 2))
        same += [all_pairs[index] for index in random.permutation(len(all_pairs))[:MOST_PAIRS]]
    different = [
        (int(random.choice(own[one])), int(random.choice(own[other]))) for one, other in itertools.combinations(own, 2)
    ]
    return _pairs(photos, same), _pairs(photos, different)


def _pairs(photos: Photos, pairs: Sequence[tuple[int, int]]) -> Pairs:
    indices = np.array(pairs, np.intp).reshape(-1, 2)
    one, other = photos.sets[indices[:, 0]], photos.sets[indices[:, 1]]
    return Pairs(indices, np.where(one == other, one, "several"))


def angles(model: LikenessModel, photos: Photos, pairs: Pairs) -> Array:
    """(n, 3): one less the cosine of each part, for each pair."""
    columns = []
    for part, mean, to in zip(photos.features, model.means, model.maps, strict=True):
        vectors = (part - mean) @ to
        vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
        columns.append(1 - (vectors[pairs.photos[:, 0]] * vectors[pairs.photos[:, 1]]).sum(1))
    return np.stack(columns, 1).astype(np.float64)


def project(photos: Photos) -> LikenessModel:
    """The projections alone, with every part weighed alike."""
    fitted = [
        discriminant(part.astype(np.float64), photos.people, *SIZES[name])
        for name, part in zip(PARTS, photos.features, strict=True)
    ]
    means, maps = (tuple(part.astype(np.float32) for part in kind) for kind in zip(*fitted, strict=True))
    return LikenessModel(means, maps, np.ones(len(PARTS), np.float32), np.inf)


def fit(photos: Photos, seed: int = 0) -> LikenessModel:
    """The whole model.

    Raises:
        ValueError: too few people for the folds.
    """
    random = np.random.default_rng(seed)
    names = random.permutation(sorted(set(photos.people.tolist())))
    if len(names) < 4 * FOLDS:
        raise ValueError(f"there are {len(names)} people: at least {4 * FOLDS} are needed")
    same, different, sets = [], [], []
    for fold in np.array_split(names, FOLDS):
        unseen = np.isin(photos.people, fold)
        model, held = project(photos[~unseen]), photos[unseen]
        one, other = pairs_of(held, random)
        same.append(angles(model, held, one))
        different.append(angles(model, held, other))
        sets.append(one.sets)
    alike, unlike, groups = np.concatenate(same), np.concatenate(different), np.concatenate(sets)
    weights = separating_weights(alike, unlike)
    scores = alike @ weights
    limit = max(float(np.quantile(scores[groups == group], 1 - FALSE_ALARMS)) for group in set(groups.tolist()))
    whole = project(photos)
    print(f"unseen people: {np.mean(scores > limit):.2%} false alarms, {np.mean(unlike @ weights > limit):.0%} found")
    return LikenessModel(whole.means, whole.maps, weights.astype(np.float32), limit)


def separating_weights(alike: Array, unlike: Array, steps: int = 200) -> Array:
    """(3,) of a logistic regression that tells angles (n, 3) of pairs from (m, 3) of others, both counting alike."""
    rows = np.concatenate([alike, unlike])
    rows = np.hstack([rows, np.ones((len(rows), 1))])
    wanted = np.repeat([0.0, 1.0], [len(alike), len(unlike)])
    counts = np.repeat([0.5 / len(alike), 0.5 / len(unlike)], [len(alike), len(unlike)])
    weights = np.zeros(rows.shape[1])
    for _ in range(steps):  # Newton's method
        chances = 1 / (1 + np.exp(-rows @ weights))
        slope = rows.T @ (counts * (chances - wanted)) + 1e-4 * weights
        curve = (rows * (counts * chances * (1 - chances))[:, None]).T @ rows + 1e-4 * np.eye(len(weights))
        step = np.linalg.solve(curve, slope)
        weights -= step
        if np.abs(step).max() < 1e-8:
            break
    return weights[:-1]


def measure(model: LikenessModel, photos: Photos) -> dict[str, tuple[int, float]]:
    """How many pairs there are and which share of them is warned of, of "one person", of "two people", and by set."""
    found: dict[str, tuple[int, float]] = {}
    for name, pairs in zip(("one person", "two people"), pairs_of(photos, np.random.default_rng(0)), strict=True):
        warned = angles(model, photos, pairs) @ model.weights > model.limit
        found[name] = len(warned), float(warned.mean())
        for group in sorted(set(pairs.sets.tolist())):
            chosen = pairs.sets == group
            found[f"{name}, {group}"] = int(chosen.sum()), float(warned[chosen].mean())
    return found


def save(model: LikenessModel, path: Path) -> None:
    """Writes what `likeness.load_likeness` reads."""
    arrays: dict[str, NDArray[np.generic]] = {}
    for part, mean, to in zip(PARTS, model.means, model.maps, strict=True):
        arrays |= {f"{part}_mean": mean.astype(np.float16), f"{part}_map": to.astype(np.float16)}
    fixed = {"format": np.array(FORMAT), "weights": model.weights, "limit": np.array(model.limit)}
    with atomic_path(path) as unfinished, unfinished.open("wb") as file:
        np.savez_compressed(file, **fixed, **arrays)  # type: ignore[arg-type]


def _cached(lists: Path, cache: Path | None) -> Photos:
    if cache is None or not cache.exists():
        photos = read_photos(lists)
        if cache is not None:
            parts = dict(zip(PARTS, photos.features, strict=True))
            np.savez(cache, people=photos.people, sets=photos.sets, files=photos.files, **parts)  # type: ignore[arg-type]
        return photos
    with np.load(cache, allow_pickle=False) as kept:
        return Photos(kept["people"], kept["sets"], kept["files"], tuple(kept[part] for part in PARTS))


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(description="Fits the check that photos show the same person.")
    parser.add_argument("list", type=Path, help="person, set and file of each picture, apart by tabs")
    parser.add_argument("--measure", type=Path, metavar="LIST", help="count on the pictures of another list")
    parser.add_argument("--cache", type=Path, metavar="DIR", help="keep what was read of the pictures here")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FILE")
    given = parser.parse_args(arguments)
    cache: Path | None = given.cache
    if cache is not None:
        cache.mkdir(parents=True, exist_ok=True)
    model = fit(_cached(given.list, cache and cache / f"{given.list.stem}.npz"))
    save(model, given.output)
    if given.measure:
        strangers = _cached(given.measure, cache and cache / f"{given.measure.stem}.npz")
        for name, (count, share) in measure(model, strangers).items():
            print(f"{name}: {share:.1%} of {count} pairs warned of")


if __name__ == "__main__":
    main()
