"""What the lightweight generator is trained to get right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F

from monalive.faces.landmarks import FACE_OVAL, IRISES, LEFT_EYE, LIP_PAIRS, LIPS_INNER, LIPS_OUTER, RIGHT_EYE
from monalive_distill.distillation.detail_crops import detail_crops
from monalive_distill.generator.geometry_prior import geometry_prior
from monalive_distill.generator.lightweight_generator import FINE_DRAWING_SIGMA, AnimatedPhoto
from monalive_distill.generator.splat import OPENINGS, draw_landmarks, splat, take
from monalive_distill.generator.warp import resize, warp
from monalive_distill.metrics.lpips import LPIPS

# Least area, in the photo, of what fills a unit of the picture: below it the flow is about to fold.
_LEAST_AREA = 0.2
# Landmarks that have moved this far beyond the head's own motion, in units of the side, are not at rest.
_STILL = 1 / 256
_COLOURS = 0.7  # LPIPS alone lets the inside of a mouth be grey
# In cells of 8 x 8 pixels of the magnified view: where teeth are is uncertain, not that they share the picture's light.
_TINT = 1.5
_DETAIL = (*LEFT_EYE, *RIGHT_EYE, *LIPS_INNER, *LIPS_OUTER, *IRISES)


@dataclass(frozen=True)
class LossWeights:
    pixel: float = 1.0
    perceptual: float = 1.0
    warped: float = 0.4  # the flow must do what it can before the painting starts
    warped_coarse: float = 0.6  # the same at 1/4 and 1/8, where a distant match still shows which way to go
    painted: float = 0.2  # the painting is a picture of its own, not a correction hidden behind a faint mask
    detail: float = 0.6  # mouth and eyes, magnified
    painted_detail: float = 0.4  # without it the mask never dares to show a painted mouth
    opening: float = 0.05  # teeth are painted where the photo has lips to stretch
    keep_photo: float = 0.02  # painting only where it is needed keeps native sharpness
    still_detail: float = 0.02  # eyes and lips that do not move are the photo's own
    shown_teeth: float = 0.04  # so is the inside of a mouth that was open already
    smooth_flow: float = 2.0
    folds: float = 8.0  # hair tears where the flow folds: a strip of the photo is shown twice, what lies between breaks
    adversarial: float = 0.02
    feature_matching: float = 0.1
    blend: float = 1.0  # of several photos of a person, in the steps that have them
    teacher_flow: float = 5.0  # in the steps that learn from a teacher, in units of the side
    eyes_and_mouth: float = 4.0  # how much more a pixel there counts
    head_edge: float = 1.0


class ReconstructionLoss:
    """Pixel and perceptual distance to the true frame, weighted towards eyes, mouth and the head's outline."""

    def __init__(self, perceptual: LPIPS, weights: LossWeights) -> None:
        self._perceptual = perceptual
        self._weights = weights

    def __call__(
        self,
        out: AnimatedPhoto,
        image: torch.Tensor,
        source: torch.Tensor,
        target: torch.Tensor,
        dtype: torch.dtype | None,
    ) -> tuple[torch.Tensor, dict[str, float]]:
        """The loss and its terms.

        Args:
            out: what the generator made.
            image: (N, 3, H, H) the true frame in [0, 1].
            source: (P, 478, 2) landmarks of the photos, N / P pictures in a row for each, in units of the side.
            target: (N, 478, 2) landmarks of `image`.
            dtype: precision of the perceptual network, None for float32.
        """
        w = self._weights
        importance = self._importance(target, image.shape[-1])
        pixel = (importance * (out.image - image).abs()).mean()
        warped = (importance * (out.warped - image).abs()).mean()
        warped_coarse = sum((F.avg_pool2d(out.warped, n) - F.avg_pool2d(image, n)).abs().mean() for n in (4, 8))
        detail, painted_detail = self._details(out, image, target, dtype)
        painted = (importance * (out.painted - image).abs()).mean()
        serves = where_the_photo_serves(out, source, target)
        perceptual = self._perceptual_distance(out.image, image, importance, dtype)
        bend = out.flow[:, :, 1:-1, 1:-1] * 4 - (
            out.flow[:, :, :-2, 1:-1] + out.flow[:, :, 2:, 1:-1] + out.flow[:, :, 1:-1, :-2] + out.flow[:, :, 1:-1, 2:]
        )
        terms = {
            "pixel": pixel * w.pixel,
            "perceptual": perceptual * w.perceptual,
            "warped": warped * w.warped,
            "warped_coarse": torch.as_tensor(warped_coarse) * w.warped_coarse,
            "painted": painted * w.painted,
            "detail": detail * w.detail,
            "painted_detail": painted_detail * w.painted_detail,
            "keep_photo": (1 - out.mask).mean() * w.keep_photo,
            "opening": serves.opening * w.opening,
            "still_detail": serves.still_detail * w.still_detail,
            "shown_teeth": serves.shown_teeth * w.shown_teeth,
            "smooth_flow": bend.abs().mean() * w.smooth_flow,
            "folds": F.relu(_LEAST_AREA - area_ratio(out.flow)).mean() * w.folds,
        }
        return torch.stack(list(terms.values())).sum(), {name: float(value.detach()) for name, value in terms.items()}

    def of_blend(
        self, blended: torch.Tensor, image: torch.Tensor, target: torch.Tensor, dtype: torch.dtype | None
    ) -> torch.Tensor:
        """The loss of a picture blended from several photos: pixel and perceptual distance alone.

        Args:
            blended, image: (N, 3, H, H) in [0, 1], made and true.
            target, dtype: as above.
        """
        importance = self._importance(target, image.shape[-1])
        pixel = (importance * (blended - image).abs()).mean()
        return pixel * self._weights.pixel + self._weights.perceptual * self._perceptual_distance(
            blended, image, importance, dtype
        )

    def _perceptual_distance(
        self, made: torch.Tensor, true: torch.Tensor, importance: torch.Tensor, dtype: torch.dtype | None
    ) -> torch.Tensor:
        """LPIPS with its maps weighted by `importance` (N, 1, H, H)."""
        with torch.autocast(true.device.type, dtype, enabled=dtype is not None):
            with torch.no_grad():
                wanted = self._perceptual.features(true * 2 - 1)
            features = self._perceptual.features(made * 2 - 1)
        layers = self._perceptual.layer_maps(features, wanted)
        weighted = [(layer * F.adaptive_avg_pool2d(importance, layer.shape[-1])).mean() for layer in layers]
        return torch.stack(weighted).sum()

    def _details(
        self, out: AnimatedPhoto, image: torch.Tensor, target: torch.Tensor, dtype: torch.dtype | None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Distance of the magnified mouth and eyes, of the result and of the painting alone: LPIPS, colours, tint."""
        made = torch.cat((detail_crops(out.image, target), detail_crops(out.painted, target)))
        with torch.autocast(image.device.type, dtype, enabled=dtype is not None):
            with torch.no_grad():
                true = detail_crops(image, target)
                wanted = self._perceptual.features(true * 2 - 1)
            features = self._perceptual.features(made * 2 - 1)
        halves = [layer.chunk(2) for layer in features]
        result, painting = (
            self._perceptual.distance([half[index] for half in halves], wanted).mean()
            + _COLOURS * (part - true).abs().mean()
            + _TINT * F.avg_pool2d(part - true, 8).abs().mean()
            for index, part in enumerate(made.chunk(2))
        )
        return result, painting

    @torch.no_grad()
    def _importance(self, target: torch.Tensor, size: int) -> torch.Tensor:
        """(N, 1, size, size), mean 1."""
        oval = take(target, FACE_OVAL)
        outline = (oval - oval.mean(1, keepdim=True)) * 1.25 + oval.mean(1, keepdim=True)
        edge = splat(outline, torch.ones_like(outline[:, :, :1]), 64, 0.04).clamp(max=1)
        weight = 1 + self._weights.eyes_and_mouth * _near_detail(target) + self._weights.head_edge * edge
        return resize(weight / weight.mean((2, 3), keepdim=True), size)


class PhotoServes(NamedTuple):
    """How the mask (1: the photo's own pixels) fits what the photo shows of eyes and mouth.

    The last two are negative logarithms, because a mask that has learned to paint all eyes is deaf to gentler terms.
    """

    opening: torch.Tensor  # its mean where they are open in the target but are not in what the flow brings there
    still_detail: torch.Tensor  # mean -log(mask) where nothing but the head as a whole has moved
    shown_teeth: torch.Tensor  # mean -log(mask) within a mouth that is about as open as it was


def where_the_photo_serves(out: AnimatedPhoto, source: torch.Tensor, target: torch.Tensor) -> PhotoServes:
    """The three terms.

    Args:
        out, source, target: as for `ReconstructionLoss`.
    """
    size = out.flow.shape[-1]
    mask = resize(out.mask, size)
    painted = -mask.clamp(min=1e-4).log()
    with torch.no_grad():
        times = len(target) // len(source)
        before, after = (draw_landmarks(p, size, FINE_DRAWING_SIGMA)[:, -len(OPENINGS) :] for p in (source, target))
        before = warp(before.repeat_interleave(times, 0), out.flow)
        source = source.repeat_interleave(times, 0)
        new = (after - before).amax(1, keepdim=True).clamp(0, 1)
        moved = geometry_prior(source, target).local_flow.square().sum(1, keepdim=True)
        still = torch.exp(-moved / _STILL**2) * resize(_near_detail(target), size)
        mouth = _alike(_gap(source), _gap(target)) * torch.minimum(before, after)[:, :1].clamp(max=1)
    terms = (mask, new), (painted, still), (painted, mouth)
    return PhotoServes(*((what * where).sum() / (where.sum() + 1) for what, where in terms))


def _gap(landmarks: torch.Tensor) -> torch.Tensor:
    """(N, 1, 1, 1): how far the lips are apart, in units of the side."""
    upper, lower = (take(landmarks, indices) for indices in zip(*LIP_PAIRS, strict=True))
    return (lower - upper).square().sum(-1).sqrt().mean(1).reshape(-1, 1, 1, 1)


def _alike(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """1 for equal lengths, near 0 if one is twice the other."""
    return (torch.minimum(a, b) / torch.maximum(a, b).clamp(min=1e-4)) ** 4


def _near_detail(target: torch.Tensor) -> torch.Tensor:
    """(N, 1, 64, 64) in [0, 1]: eyes and mouth."""
    detail = take(target, _DETAIL)
    return splat(detail, torch.ones_like(detail[:, :, :1]), 64, 0.018).clamp(max=1)


def area_ratio(flow: torch.Tensor) -> torch.Tensor:
    """How much of the photo fills a unit of the picture, the determinant of the flow's Jacobian; below 0 it folds.

    Args:
        flow: (N, 2, n, n) source minus target, in units of the side.

    Returns:
        (N, n - 1, n - 1): 1 where the photo is only shifted or turned, 0.25 where it is shown at twice its size.
    """
    pixels = flow * flow.shape[-1]
    along_x = (pixels[:, :, :, 1:] - pixels[:, :, :, :-1])[:, :, 1:]  # (N, 2, n - 1, n - 1)
    along_y = (pixels[:, :, 1:] - pixels[:, :, :-1])[:, :, :, 1:]
    return (1 + along_x[:, 0]) * (1 + along_y[:, 1]) - along_x[:, 1] * along_y[:, 0]
