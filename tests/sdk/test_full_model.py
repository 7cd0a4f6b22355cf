"""The full-size networks come from a package of their own, over those that ship."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from monalive import PhotoAnimator, PhotoAnimatorOptions
from monalive.bundle import Bundle, write_bundle
from monalive.full_model import full_bundle
from monalive.media.image_io import load_image
from monalive.packaged_assets import sample_portrait_path, sample_portrait_paths


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bundle:
    """A package whose network of the mouth is the lightweight one under another version."""
    shipped = Bundle.load()
    folder = tmp_path / "monalive_full" / "assets"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").write_text("")
    names = ("enroll_mouth", "animate_mouth")
    entries = {name: shipped.part_manifest(name) for name in names}
    manifest = {**shipped.manifest, "name": "full-size", "model_version": "9.9", "parts": entries}
    write_bundle(folder / "full.bundle", manifest, {name: shipped.parts[name] for name in names})
    monkeypatch.syspath_prepend(tmp_path)
    return shipped


def test_its_parts_take_the_place_of_the_lightweight_ones(installed: Bundle) -> None:
    full = full_bundle()
    assert set(full.parts) == set(installed.parts)
    assert full.about["name"] == "full-size"
    assert full.model_version == f"{installed.model_version}+9.9"
    assert full.sha256 != installed.sha256


def test_it_draws(installed: Bundle) -> None:
    photo, driver = (load_image(path) for path in (sample_portrait_path(), sample_portrait_paths()[1]))
    frames = []
    for model in ("default", "full"):
        with PhotoAnimator.create_from_options(PhotoAnimatorOptions(model=model)) as animator:
            frames.append(animator.animate(animator.enroll(photo, consent="artwork"), driver).image)
    np.testing.assert_array_equal(frames[0], frames[1])


def test_where_it_is_not_installed_one_line_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(FileNotFoundError, match="pip install monalive-full"):
        full_bundle()


def test_options_that_do_not_go_together() -> None:
    with pytest.raises(ValueError, match="choose from default, full"):
        PhotoAnimatorOptions(model="large")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="either a model or a bundle"):
        PhotoAnimatorOptions(model="full", bundle_path="my.bundle")
