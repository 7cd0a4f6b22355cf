"""How a photo is moved to the wanted pose before the generator sees it (not in the paper): geometry, or the frozen
lightweight generator, which paints what geometry cannot. A switch of the model; "none" is the paper's.
"""

from __future__ import annotations

import copy
import hashlib
import warnings
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F

from monalive.motions.surroundings_flow import SurroundingsFlow, unknown_surroundings
from monalive_distill.few_shot.pose_input import geometry_flow
from monalive_distill.few_shot.warped_photo import WarpedPhoto
from monalive_distill.generator.lightweight_generator import LightweightGenerator, load_generator
from monalive_distill.generator.warp import warp
from monalive_distill.packaged_assets import lightweight_weights

# The lightweight generator works best at the size it ships in, whatever the size of the full-size model.
LIGHTWEIGHT_SIZE = 256


class MovedPhoto(NamedTuple):
    picture: torch.Tensor  # (N, 3, photo_size, photo_size) float32 in [0, 1]
    flow: torch.Tensor  # (N, 2, 128, 128) source minus target, units of the side


class PhotoMover:
    """Moves photos; frozen, no part of the model's own weights.

    Args:
        how: "geometry" or "lightweight".
        size: side of the pictures they are moved for; photos are never smaller.
        weights: of the lightweight generator; None: those that ship.

    Attributes:
        photo_size: side of the pictures it takes and returns.
        sees_surroundings: whether it makes use of them.
        fingerprint: sha256 of the lightweight generator's weights; None where it has no part in it.

    Raises:
        FileNotFoundError, ValueError: the weights are missing, or of another model.
    """

    def __init__(self, how: WarpedPhoto, size: int, weights: Path | None = None) -> None:
        self.how = how
        self.sees_surroundings = how == "lightweight"
        self.photo_size = max(size, LIGHTWEIGHT_SIZE) if how == "lightweight" else size
        self.fingerprint: str | None = None
        self._generator: LightweightGenerator | None = None
        if how == "lightweight":
            path = weights or lightweight_weights()
            self._generator = load_generator(path)
            self._generator.requires_grad_(False).eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
            self._generator.autocast_dtype = torch.bfloat16
            self.fingerprint = hashlib.sha256(path.read_bytes()).hexdigest()

    @torch.no_grad()
    def __call__(
        self,
        photos: torch.Tensor,
        source: torch.Tensor,
        target: torch.Tensor,
        surroundings: torch.Tensor | None = None,
    ) -> MovedPhoto:
        """Photos moved to wanted landmarks, without gradient.

        Args:
            photos: (N, 3, photo_size, photo_size).
            source: (N, 478, 2) their landmarks.
            target: (N, 478, 2) wanted.
            surroundings: (N, 3, 16, 16), see `MotionNet.flow`; None: not measured. Geometry alone ignores it.
        """
        with torch.autocast(photos.device.type, enabled=False):
            if self._generator is None:
                flow = geometry_flow(source, target)
                return MovedPhoto(warp(photos.float(), flow), flow)
            if surroundings is None:
                surroundings = no_surroundings(len(photos), photos.device)
            generator = self._generator.to(photos.device)
            made = generator(photos.float(), source.float(), target.float(), surroundings)
            return MovedPhoto(made.image, made.flow)

    def full_precision_generator(self) -> LightweightGenerator:
        """A copy of the lightweight generator that computes in float32, for export.

        Raises:
            ValueError: the photo is moved by geometry alone.
        """
        if self._generator is None:
            raise ValueError("this photo is moved by geometry: there is no lightweight generator in it")
        generator = copy.deepcopy(self._generator)
        generator.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
        generator.autocast_dtype = None
        return generator

    def warn_unless(self, fingerprint: str | None, path: Path) -> None:
        """Warns if the model in `path` was trained beside other weights than these."""
        if fingerprint != self.fingerprint:
            warnings.warn(
                f"{path} was trained with other weights of the lightweight generator; results will be worse",
                stacklevel=3,
            )


def no_surroundings(count: int, device: torch.device | str = "cpu") -> torch.Tensor:
    """(count, 3, 16, 16): what stands for "not measured"."""
    return torch.from_numpy(unknown_surroundings()).permute(2, 0, 1).repeat(count, 1, 1, 1).to(device)


def measure_surroundings(
    photos: torch.Tensor, source: torch.Tensor, frames: torch.Tensor, target: torch.Tensor
) -> torch.Tensor:
    """How each photo's surroundings moved to each frame: (N, 3, 16, 16).

    Args:
        photos, frames: (N, 3, H, H) in [0, 1], of any two sizes.
        source, target: (N, 478, 2 or 3) their landmarks.
    """
    measured = []
    for photo, points, frame, wanted in zip(photos, source, frames, target, strict=True):
        pixels = [(p.permute(1, 2, 0).cpu().numpy() * 255).round().astype("uint8") for p in (photo, frame)]
        flow = SurroundingsFlow(pixels[0], points.cpu().numpy())(pixels[1], wanted.cpu().numpy())
        measured.append(torch.from_numpy(flow).permute(2, 0, 1))
    return torch.stack(measured).to(photos.device)


def shrink(pictures: torch.Tensor, size: int) -> torch.Tensor:
    """Pictures (N, 3, H, H) averaged down to `size`, of which H is a multiple."""
    return pictures if pictures.shape[-1] == size else F.avg_pool2d(pictures, pictures.shape[-1] // size)
