"""A tiny cache of eyes and mouths: the sample portrait moved about in a clip, and beside itself as stills."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from monalive.media.image_io import load_image, save_image
from monalive.media.video_sinks import open_sink
from monalive.trust.disclosure import Disclosure
from monalive_distill.regions.prepare import prepare_regions


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
