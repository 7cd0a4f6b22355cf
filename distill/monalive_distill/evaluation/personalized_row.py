"""A row of the evaluation: the lightweight generator, personalised on the photos, through the public API."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from monalive.bundle import Bundle
from monalive.faces.crop import portrait_crop
from monalive.portrait import PhotoOfPerson
from monalive_distill.evaluation.few_shot_rows import FewShotSplit, LightweightRow, Row, working_clock
from monalive_distill.generator.lightweight_generator import load_generator
from monalive_distill.packaged_assets import lightweight_weights
from monalive_distill.personalization.bundle_exporter import find_bundle_exporter
from monalive_distill.personalization.personalize import personalize
from monalive_distill.personalization.settings import Personalization


class PersonalizedRow(Row):
    """A bundle learned from T photos, animating a portrait of one of them, and one of them all.

    Args:
        size: of the pictures that are compared.
        settings: of the personalisation.
        device: "cpu" or "cuda".

    Raises:
        FileNotFoundError: the packages that write bundles are not installed.
    """

    name = "personalised"

    def __init__(self, size: int, settings: Personalization, device: str = "cpu") -> None:
        self._export = find_bundle_exporter()
        self._size, self._settings, self._device = size, settings, device

    def __call__(self, split: FewShotSplit, count: int) -> Mapping[str, list[NDArray[np.uint8]]]:
        generator = load_generator(lightweight_weights())
        photos = [_photo(split, frame) for frame in split.choose(count)]
        learned = personalize(generator, photos, self._settings, self._device, working_clock(self._device))
        print(split.clip.name, learned.steps, "steps, kept", learned.kept_step, *learned.checks, sep="\n  ", flush=True)
        licence = str(Bundle.load().manifest["licence"])
        with TemporaryDirectory() as folder:
            bundle = Path(folder) / "person.bundle"
            self._export(generator.cpu(), bundle, precision="int8", model_version="person", licence=licence)
            row = LightweightRow(self._size, bundle)
            try:
                pictures = {shots: row(split, shots) for shots in sorted({1, count})}
            finally:
                row.close()
        return {
            f"{self.name} on {count}, {name}": images for made in pictures.values() for name, images in made.items()
        }


def _photo(split: FewShotSplit, frame: int) -> PhotoOfPerson:
    image, landmarks = split.clip.images[frame], split.clip.landmarks[frame]
    return PhotoOfPerson(image, landmarks, portrait_crop(landmarks, image.shape[1], image.shape[0]))
