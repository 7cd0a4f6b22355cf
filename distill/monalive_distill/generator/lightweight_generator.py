"""The lightweight generator: geometry prior, motion network, warp, refinement (what ships to phones).

It is cut in two the way it runs: `enroll` once per photo, `animate` once per frame.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import nn

from monalive_distill.generator.appearance_encoder import AppearanceEncoder, AppearanceFeatures
from monalive_distill.generator.geometry_prior import geometry_prior
from monalive_distill.generator.motion_net import DRAWING_SIGMA, MOTION_SIZE, MotionEncoder, MotionNet
from monalive_distill.generator.refine_net import RefineNet
from monalive_distill.generator.splat import draw_landmarks
from monalive_distill.generator.variants import read_sizes
from monalive_distill.generator.warp import FeatureWarp, resize, warp
from monalive_distill.training.checkpoint import load_average, read_record

FINE_DRAWING_SIGMA = 0.009


class EnrolledPhoto(NamedTuple):
    """What `enroll` computes once; inputs of `animate`."""

    photo_small: torch.Tensor  # (N, 3, 64, 64) in [0, 1]
    source_drawing: torch.Tensor  # (N, 11, 64, 64)
    motion_features: torch.Tensor  # (N, 8, 64, 64)
    appearance: AppearanceFeatures

    def repeat_each(self, times: int) -> EnrolledPhoto:
        """Every photo `times` over, for several targets per photo."""
        photo, drawing, motion = (t.repeat_interleave(times, 0) for t in self[:3])
        appearance = AppearanceFeatures(*(t.repeat_interleave(times, 0) for t in self.appearance))
        return EnrolledPhoto(photo, drawing, motion, appearance)


class Movement(NamedTuple):
    """What `move` computes for a frame: where the photo goes, and what else painting on it takes."""

    flow: torch.Tensor  # (N, 2, 128, 128) source minus target, units of the side
    appearance: AppearanceFeatures  # moved along it
    drawing: torch.Tensor  # (N, 11, H / 2, H / 2) of the landmarks wanted


class AnimatedPhoto(NamedTuple):
    """What `animate` computes for a frame."""

    image: torch.Tensor  # (N, 3, H, H) in [0, 1]
    flow: torch.Tensor  # (N, 2, 128, 128) source minus target, units of the side
    mask: torch.Tensor  # (N, 1, H, H) in [0, 1]; 1: the photo's own pixels
    painted: torch.Tensor  # (N, 3, H, H) in [0, 1]
    warped: torch.Tensor  # (N, 3, H, H) in [0, 1]
    confidence: torch.Tensor  # (N, 1, H, H), any number; see `several_photos.blend`


class LightweightGenerator(nn.Module):
    """One photo and landmarks in, the photo with the face of those landmarks out.

    Pictures are (N, 3, H, H) RGB in [0, 1] with H a multiple of 32 (256 when it ships); landmarks are (N, 478, 2) in
    units of the picture's side, float32.
    """

    def __init__(
        self,
        motion_encoder: tuple[int, ...],
        motion: tuple[int, ...],
        appearance: tuple[int, int, int, int],
        refine: tuple[int, int, int],
        painting: tuple[int, int],
    ) -> None:
        super().__init__()
        self.motion_encoder = MotionEncoder(motion_encoder)
        self.motion_net = MotionNet(motion)
        self.appearance_encoder = AppearanceEncoder(appearance, RefineNet.style_channels(refine))
        self.feature_warp = FeatureWarp()
        self.refine_net = RefineNet(refine, painting)
        self.autocast_dtype: torch.dtype | None = None  # of the networks; geometry always runs in float32

    def enroll(self, photo: torch.Tensor, landmarks: torch.Tensor) -> EnrolledPhoto:
        """Computes everything that depends on the photo alone."""
        photo_small = _shrink(photo, MOTION_SIZE)
        drawing_small = draw_landmarks(landmarks, MOTION_SIZE, DRAWING_SIGMA)
        drawing = draw_landmarks(landmarks, photo.shape[-1] // 2, FINE_DRAWING_SIGMA)
        motion_features = self._run(self.motion_encoder, photo_small, drawing_small)
        appearance = AppearanceFeatures(*self._run(self.appearance_encoder, photo, drawing))
        return EnrolledPhoto(photo_small, drawing_small, motion_features, appearance)

    def animate(
        self,
        photo: torch.Tensor,
        source: torch.Tensor,
        enrolled: EnrolledPhoto,
        target: torch.Tensor,
        surroundings: torch.Tensor,
    ) -> AnimatedPhoto:
        """One frame.

        Args:
            photo: as given to `enroll`.
            source, enrolled, target, surroundings: see `move`.
        """
        moved = self.move(source, enrolled, target, surroundings)
        return self.paint(warp(photo, moved.flow), moved)

    def paint(self, warped: torch.Tensor, moved: Movement) -> AnimatedPhoto:
        """Everything after the photo was warped (N, 3, H, H) along the flow of `move`."""
        painted, mask, confidence = self._run(self.refine_net, moved.appearance, moved.drawing)
        return AnimatedPhoto(painted + mask * (warped - painted), moved.flow, mask, painted, warped, confidence)

    def move(
        self, source: torch.Tensor, enrolled: EnrolledPhoto, target: torch.Tensor, surroundings: torch.Tensor
    ) -> Movement:
        """Everything before the photo itself is touched.

        Args:
            source: landmarks as given to `enroll`.
            enrolled: what came out of it.
            target: (N, 478, 2) landmarks wanted.
            surroundings: (N, 3, 16, 16), see `MotionNet.flow`.
        """
        prior = geometry_prior(source, target)
        motion_inputs = self.motion_net.inputs(
            enrolled.photo_small,
            enrolled.motion_features,
            prior,
            enrolled.source_drawing,
            draw_landmarks(target, MOTION_SIZE, DRAWING_SIGMA),
            surroundings,
        )
        flow = self.motion_net.flow(self._run(self.motion_net, motion_inputs), prior, surroundings)
        appearance = enrolled.appearance
        half = appearance.half.shape[-1]
        moved = AppearanceFeatures(
            self.feature_warp(appearance.half, flow),
            self.feature_warp(appearance.quarter, resize(flow, half // 2)),
            self.feature_warp(appearance.eighth, resize(flow, half // 4)),
            appearance.style,
        )
        return Movement(flow, moved, draw_landmarks(target, half, FINE_DRAWING_SIGMA))

    def forward(
        self, photo: torch.Tensor, source: torch.Tensor, target: torch.Tensor, surroundings: torch.Tensor
    ) -> AnimatedPhoto:
        """Enrols P photos and animates P * k targets, k of them in a row for each photo."""
        times = target.shape[0] // photo.shape[0]
        enrolled = self.enroll(photo, source).repeat_each(times)
        photo, source = photo.repeat_interleave(times, 0), source.repeat_interleave(times, 0)
        return self.animate(photo, source, enrolled, target, surroundings)

    def _run(self, network: Callable[..., Any], *inputs: Any) -> Any:
        if self.autocast_dtype is None:
            return network(*inputs)
        with torch.autocast(next(self.parameters()).device.type, self.autocast_dtype):
            return _cast(network(*_cast(inputs, self.autocast_dtype)), torch.float32)


def build_generator(variant: str = "default") -> LightweightGenerator:
    """A generator with fresh weights, of a size listed in `variants.json`.

    Raises:
        ValueError: no such variant.
    """
    return LightweightGenerator(**read_sizes(__package__, "variants.json", variant, "lightweight"))


def load_generator(weights: Path) -> LightweightGenerator:
    """The generator of a checkpoint, with its averaged weights.

    Raises:
        FileNotFoundError, ValueError: no such file, or another kind of file.
    """
    generator = build_generator(str(read_record(weights)["variant"]))
    load_average(weights, generator)
    return generator


def _shrink(photo: torch.Tensor, size: int) -> torch.Tensor:
    factor = photo.shape[-1] // size
    return nn.functional.avg_pool2d(photo, factor) if factor > 1 else photo


def _cast(value: Any, dtype: torch.dtype) -> Any:
    """Tensors of any nesting in another precision. (Left to itself, autocast joins mixed precisions in the higher.)"""
    if isinstance(value, torch.Tensor):
        return value.to(dtype, memory_format=torch.channels_last)
    parts = [_cast(part, dtype) for part in value]
    return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
