"""L1, PSNR, SSIM: known answers."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from monalive_distill.metrics.image import MAX_PSNR, difference_map, l1, psnr, ssim


def waves() -> NDArray[np.uint8]:
    y, x = np.mgrid[:64, :80]
    planes = [128 + 100 * np.sin(x / 7), 128 + 90 * np.cos(y / 9), 128 + 60 * np.sin((x + y) / 5)]
    return np.stack(planes, axis=-1).round().astype(np.uint8)


def noisy(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    y, x, c = np.indices(image.shape)
    noise = (x * 7 + y * 13 + c * 29) * 2654435761 % 41 - 20
    return (image.astype(np.int64) + noise).clip(0, 255).astype(np.uint8)


def test_equal_pictures() -> None:
    image = waves()
    assert (l1(image, image), psnr(image, image)) == (0.0, MAX_PSNR)
    assert ssim(image, image) == pytest.approx(1.0)
    assert not difference_map(image, image).max() > 5


def test_a_constant_offset() -> None:
    dark, light = np.full((32, 32, 3), 100, np.uint8), np.full((32, 32, 3), 110, np.uint8)
    assert l1(dark, light) == pytest.approx(10 / 255)
    assert psnr(dark, light) == pytest.approx(20 * np.log10(255 / 10), abs=1e-4)
    c1 = (0.01 * 255) ** 2  # without structure only SSIM's luminance term is left
    assert ssim(dark, light) == pytest.approx((2 * 100 * 110 + c1) / (100**2 + 110**2 + c1))


def test_black_and_white() -> None:
    black, white = np.zeros((16, 16, 3), np.uint8), np.full((16, 16, 3), 255, np.uint8)
    assert l1(black, white) == 1.0
    assert psnr(black, white) == pytest.approx(0.0)
    assert ssim(black, white) == pytest.approx(0.0001, rel=0.01)


# Recorded from scikit-image 0.26.0: structural_similarity(a, b, gaussian_weights=True, sigma=1.5,
# use_sample_covariance=False, data_range=255, channel_axis=2) and peak_signal_noise_ratio(a, b,
# data_range=255).
@pytest.mark.parametrize(
    ("change", "expected_ssim", "expected_psnr"),
    [("noise", 0.70179085, 26.669598), ("negative", -0.45631600, 6.353509), ("half", 0.68466583, 10.813059)],
)
def test_values_of_scikit_image(change: str, expected_ssim: float, expected_psnr: float) -> None:
    image = waves()
    other = {"noise": noisy(image), "negative": 255 - image, "half": image // 2}[change]
    assert ssim(image, other) == pytest.approx(expected_ssim, abs=1e-6)
    assert psnr(image, other) == pytest.approx(expected_psnr, abs=1e-4)


def test_order_does_not_matter() -> None:
    a, b = waves(), noisy(waves())
    assert l1(a, b) == l1(b, a) and psnr(a, b) == psnr(b, a)
    assert ssim(a, b) == pytest.approx(ssim(b, a))


def test_difference_map_is_hot_where_the_pictures_differ() -> None:
    image = waves()
    changed = image.copy()
    changed[10:20, 10:20] = 255 - changed[10:20, 10:20]
    heat = difference_map(image, changed).astype(int).sum(axis=-1)
    assert heat.shape == image.shape[:2]
    assert heat[10:20, 10:20].mean() > 100 > heat[30:].max()


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (np.zeros((64, 79, 3), np.uint8), "differ in size"),
        (np.zeros((64, 80, 3), np.float32), "uint8"),
        (np.zeros((64, 80), np.uint8), "H, W, 3"),
    ],
)
def test_unfit_pictures_are_refused(other: NDArray[np.uint8], message: str) -> None:
    for metric in (l1, psnr, ssim, difference_map):
        with pytest.raises(ValueError, match=message):
            metric(waves(), other)


def test_ssim_needs_room_for_its_window() -> None:
    tiny = np.zeros((10, 64, 3), np.uint8)
    with pytest.raises(ValueError, match="11x11"):
        ssim(tiny, tiny)
