"""Tiny training caches, made by moving the sample portrait about: of faces, and of eyes and mouths."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from monalive.faces.crop import portrait_crop
from monalive.faces.tracker import FaceTracker
from monalive.media.image_io import load_image, save_image
from monalive.media.video_sinks import open_sink
from monalive.trust.disclosure import Disclosure
from monalive_distill.regions.prepare import prepare_regions

# The pictures are small: more threads would only wait for each other.
torch.set_num_threads(1)
cv2.setNumThreads(1)


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three sequences of four frames each in the form `monalive-distill prepare` writes."""
    folder = tmp_path_factory.mktemp("cache")
    image = load_image(Path(str(resources.files("monalive").joinpath("assets", "sample_portrait.jpg"))))
    with FaceTracker(settle=True) as tracker:
        landmarks = tracker.detect(image)[0].landmarks
    crop = portrait_crop(landmarks, image.shape[1], image.shape[0])
    picture, points = crop.extract(image, 256), crop.to_unit(landmarks)
    index = []
    for number in range(3):
        shifts = [0, 4, -6, 9 + number]
        np.save(folder / f"{number}.frames.npy", np.stack([np.roll(picture, s, axis=1) for s in shifts]))
        moved = np.stack([points + np.array([s / 256, 0, 0], np.float32) for s in shifts])
        np.save(folder / f"{number}.landmarks.npy", moved)
        index.append({"name": str(number), "person": str(number), "frames": 4, "kind": "clip"})
    (folder / "index.json").write_text(json.dumps(index))
    return folder


@pytest.fixture(scope="session")
def portrait() -> np.ndarray:
    image = load_image(Path(str(resources.files("monalive").joinpath("assets", "sample_portrait.jpg"))))
    return np.ascontiguousarray(image[::2, ::2])


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory, portrait: np.ndarray) -> Path:
    """A folder of two clips, one without a face, and the table that names the person."""
    folder = tmp_path_factory.mktemp("data") / "train"
    folder.mkdir()
    for name, frames in (
        ("face", [np.roll(portrait, 3 * i, axis=1) for i in range(6)]),
        ("empty", [np.zeros_like(portrait)] * 3),
    ):
        plain = Disclosure(credentials=False, pixel_mark=False)  # a mark is another one each time
        with open_sink(folder / f"{name}.mp4", 25, (portrait.shape[1], portrait.shape[0]), disclosure=plain) as sink:
            for index, frame in enumerate(frames):
                sink.write(frame, index * 40.0)
    (folder.parent / "clips.tsv").write_text("file\tidentity\nface.mp4\tanna\n")
    return folder


@pytest.fixture(scope="session")
def region_cache(tmp_path_factory: pytest.TempPathFactory, clips: Path) -> Path:
    """What `prepare_regions` makes of the clips, every second frame."""
    cache = tmp_path_factory.mktemp("regions")
    prepare_regions(clips, cache, kind="clip", stride=2, progress=False)
    return cache


@pytest.fixture(scope="session")
def still_cache(tmp_path_factory: pytest.TempPathFactory, portrait: np.ndarray) -> Path:
    """Two pictures of one person in different light."""
    folder = tmp_path_factory.mktemp("stills") / "stills"
    folder.mkdir()
    save_image(folder / "7_day.png", portrait)
    save_image(folder / "7_dusk.png", np.asarray(portrait * 0.5, np.uint8))
    cache = folder.parent / "cache"
    prepare_regions(folder, cache, kind="stills", progress=False)
    return cache
