"""How far one picture is from another, pixel by pixel: L1, PSNR, SSIM.

Pictures are (H, W, 3) uint8 RGB, equal in size.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]

MAX_PSNR = 100.0
# Wang et al. 2004, section III.C: an 11x11 Gaussian window of standard deviation 1.5, K1 = .01, K2 = .03.
_WINDOW, _SIGMA = 11, 1.5
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2


def l1(a: Image, b: Image) -> float:
    """Mean absolute difference over pixels and channels, in [0, 1]."""
    _require_pair(a, b)
    return float(cv2.absdiff(a, b).mean()) / 255


def psnr(a: Image, b: Image) -> float:
    """Peak signal-to-noise ratio in dB over pixels and channels; `MAX_PSNR` at most (equal pictures)."""
    _require_pair(a, b)
    error = float(np.square(a.astype(np.float32) - b.astype(np.float32)).mean())
    return min(MAX_PSNR, 10 * float(np.log10(255**2 / error))) if error > 0 else MAX_PSNR


def ssim(a: Image, b: Image) -> float:
    """Structural similarity, the mean over channels and windows inside the picture; 1 for equal pictures.

    Wang, Bovik, Sheikh, Simoncelli, *Image Quality Assessment: From Error Visibility to Structural
    Similarity*, 2004, eq. 13. Equal to scikit-image's `structural_similarity(..., gaussian_weights=True,
    sigma=1.5, use_sample_covariance=False, data_range=255, channel_axis=2)`.

    Raises:
        ValueError: a picture smaller than the window of 11 pixels.
    """
    _require_pair(a, b)
    if min(a.shape[:2]) < _WINDOW:
        raise ValueError(f"SSIM needs at least {_WINDOW}x{_WINDOW} pixels, not {a.shape[1]}x{a.shape[0]}")
    x, y = a.astype(np.float64), b.astype(np.float64)
    mean_x, mean_y = _window_mean(x), _window_mean(y)
    var_x = _window_mean(x * x) - mean_x * mean_x
    var_y = _window_mean(y * y) - mean_y * mean_y
    cov = _window_mean(x * y) - mean_x * mean_y
    luminance = (2 * mean_x * mean_y + _C1) / (mean_x * mean_x + mean_y * mean_y + _C1)
    structure = (2 * cov + _C2) / (var_x + var_y + _C2)
    return float((luminance * structure).mean())


def difference_map(a: Image, b: Image, full_scale: float = 0.5) -> Image:
    """A heat map (H, W, 3) uint8 RGB of the mean absolute difference: black none, yellow-white `full_scale`
    or more.
    """
    _require_pair(a, b)
    share = cv2.absdiff(a, b).mean(axis=2) / (255 * full_scale)
    heat = cv2.applyColorMap(np.clip(share * 255, 0, 255).astype(np.uint8), cv2.COLORMAP_INFERNO)
    return np.ascontiguousarray(heat[:, :, ::-1])


def _window_mean(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Gaussian window means where the window lies wholly inside: (H - 10, W - 10, 3)."""
    border = _WINDOW // 2
    blurred: NDArray[np.float64] = cv2.GaussianBlur(x, (_WINDOW, _WINDOW), _SIGMA)  # type: ignore[assignment]
    return blurred[border:-border, border:-border]


def _require_pair(a: Image, b: Image) -> None:
    for image in (a, b):
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
            raise ValueError(f"expected a picture (H, W, 3) uint8, not {image.shape} {image.dtype}")
    if a.shape != b.shape:
        raise ValueError(f"the pictures differ in size: {a.shape[1]}x{a.shape[0]} and {b.shape[1]}x{b.shape[0]}")
