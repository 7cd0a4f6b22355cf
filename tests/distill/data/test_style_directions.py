"""Style directions: the regression on made-up data, the file, and how an edit is applied."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from monalive_distill.data import style_directions
from monalive_distill.data.style_directions import (
    StyleDirections,
    fit_directions,
    load_directions,
    partial_effects,
)


@pytest.fixture
def directions() -> StyleDirections:
    vectors = np.zeros((2, 512), np.float32)
    vectors[0, 0], vectors[1, 1] = 0.5, 0.25
    return StyleDirections(("yaw", "smile"), vectors, (range(2, 8), range(4, 8)))


def test_edit_moves_only_the_layers_of_its_direction(directions: StyleDirections) -> None:
    style = np.ones(512, np.float32)
    edited = directions.edit(style, {"yaw": 10.0, "smile": -1.0})
    assert edited.shape == (23, 512)
    assert np.array_equal(edited[:, 0], [1.0] * 2 + [6.0] * 6 + [1.0] * 15)
    assert np.array_equal(edited[:, 1], [1.0] * 4 + [0.75] * 4 + [1.0] * 15)
    assert (edited[:, 2:] == 1).all() and (style == 1).all()
    assert np.array_equal(directions.edit(style, {}), np.ones((23, 512)))
    with pytest.raises(ValueError, match="no direction for 'wink'; known are: yaw, smile"):
        directions.edit(style, {"wink": 1.0})


def test_saved_directions_come_back(directions: StyleDirections, tmp_path: Path) -> None:
    directions.save(tmp_path / "directions.npz")
    loaded = load_directions(tmp_path / "directions.npz")
    assert loaded.names == directions.names and loaded.layers == directions.layers
    assert np.allclose(loaded.vectors, directions.vectors, atol=1e-3)


def test_bad_files(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"data\.style_directions"):
        load_directions(tmp_path / "missing.npz")
    for name, content in (("text.npz", b"hello"), ("empty.npz", b"")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ValueError, match="not a file of style directions"):
            load_directions(tmp_path / name)
    np.savez(tmp_path / "other.npz", vectors=np.zeros((1, 512)))
    with pytest.raises(ValueError, match="not a file of style directions"):
        load_directions(tmp_path / "other.npz")


def test_partial_effects_tell_correlated_attributes_apart() -> None:
    random = np.random.default_rng(0)
    truth = random.standard_normal((3, 20))  # two attributes and a nuisance that goes with the second
    attributes = random.standard_normal((400, 2))
    others = (0.9 * attributes[:, 1] + 0.3 * random.standard_normal(400))[:, None]
    styles = np.concatenate((attributes, others), axis=1) @ truth + 5 + 0.1 * random.standard_normal((400, 20))
    effects = partial_effects(styles, attributes, others)
    assert np.abs(effects - truth[:2]).max() < 0.1
    alone = partial_effects(styles, attributes, np.zeros((400, 0)))
    assert np.abs(alone[1] - truth[1]).max() > 0.5, "without the nuisance its effect is taken for the attribute's"


def test_too_few_samples() -> None:
    unused: Any = None  # refused before either is asked
    with pytest.raises(ValueError, match="at least 100"):
        fit_directions(unused, unused, samples=10)


def test_directions_that_ship() -> None:
    directions = load_directions()
    assert set(style_directions.LAYERS) == set(directions.names)
    assert np.isfinite(directions.vectors).all() and (np.linalg.norm(directions.vectors, axis=1) > 0.01).all()
