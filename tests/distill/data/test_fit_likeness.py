"""The fit finds what tells made-up people apart, holds its limit on others, and writes what the SDK reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from monalive.faces import likeness
from monalive.packaged_assets import sample_portrait_paths
from monalive_distill.data.fit_likeness import Photos, fit, main, measure, read_photos, save, separating_weights

SIZES = (60, 50, 40)


def people(count: int, seed: int, each: int = 4) -> Photos:
    """Faces of few traits in many numbers, and what changes from photo to photo, much stronger, in others."""
    shared = np.random.default_rng(99)
    traits = [shared.normal(size=(8, size)) for size in SIZES]
    moods = [shared.normal(size=(4, size)) * 6 for size in SIZES]
    random = np.random.default_rng(seed)
    who = np.repeat([f"person {seed} {index:03d}" for index in range(count)], each)
    own = np.repeat(random.normal(size=(count, 8)), each, 0)
    parts = []
    for trait, mood, size in zip(traits, moods, SIZES, strict=True):
        changing = random.normal(size=(len(who), 4)) @ mood + random.normal(size=(len(who), size)) * 0.3
        parts.append((own @ trait + changing).astype(np.float32))
    return Photos(who, np.where(np.arange(len(who)) % 2, "a", "b"), who, tuple(parts))


def test_strangers_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = fit(people(60, 1))
    counted = measure(model, people(40, 2))
    assert counted["one person"][1] <= 0.03
    assert counted["two people"][1] > 0.6 and counted["two people"][0] == 40 * 39 // 2
    save(model, tmp_path / "likeness.npz")
    monkeypatch.setattr(likeness, "asset_path", lambda name: tmp_path / name)
    likeness.load_likeness.cache_clear()
    try:
        read = likeness.load_likeness()
    finally:
        likeness.load_likeness.cache_clear()
    photos = people(2, 3)
    one, same, other = (tuple(part[index] for part in photos.features) for index in (0, 1, 4))
    assert read.difference(one, same) == pytest.approx(model.difference(one, same), abs=0.02)
    assert read.may_differ(one, other) and not read.may_differ(one, same)


def test_weights_of_a_useless_part_are_small() -> None:
    random = np.random.default_rng(0)
    alike, unlike = random.normal([0.3, 0.5, 0.5], 0.1, (300, 3)), random.normal([0.9, 0.7, 0.5], 0.1, (300, 3))
    first, second, useless = separating_weights(alike, unlike)
    assert first > second > 3 * abs(useless)


def test_too_few_people() -> None:
    with pytest.raises(ValueError, match="at least 20 are needed"):
        fit(people(10, 1))


def test_a_list_of_pictures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = sample_portrait_paths()
    listed = tmp_path / "list.tsv"
    listed.write_text("".join(f"{index}\tsamples\t{path}\n" for index, path in enumerate(paths)))
    photos = read_photos(listed)
    assert photos.people.tolist() == ["0", "1"] and [part.shape[0] for part in photos.features] == [2, 2, 2]
    with pytest.raises(ValueError, match="people"):
        main([str(listed), "--cache", str(tmp_path / "kept"), "-o", str(tmp_path / "a.npz")])
    assert (tmp_path / "kept" / "list.npz").exists() and not (tmp_path / "a.npz").exists()


def test_what_ships_is_of_the_size_that_photos_have() -> None:
    model: Any = likeness.load_likeness()
    assert [len(mean) for mean in model.means] == [to.shape[0] for to in model.maps]
    assert (model.weights > 0).all() and 0 < model.limit < model.weights.sum() * 2
