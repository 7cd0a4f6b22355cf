"""A tiny training cache, made by moving the sample portrait about."""

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
from monalive.media.image_io import load_image

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
