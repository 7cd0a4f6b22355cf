"""What pictures of faces suffer: light, colour, blur, compression, noise, paint, things in front. Landmarks stay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from monalive.faces.landmarks import (
    FACE_OVAL,
    LEFT_BROW,
    LEFT_EYE,
    LEFT_EYE_CORNERS,
    RIGHT_BROW,
    RIGHT_EYE,
    RIGHT_EYE_CORNERS,
)

Image = NDArray[np.uint8]
_LUMA = np.array([0.299, 0.587, 0.114])
# Grains of noise are drawn once: a picture gets a piece of these, which is as good and far faster.
_GRAINS = np.random.default_rng(0).standard_normal((512, 512, 3), np.float32).clip(-3.9, 3.9)
_GRAINS_8BIT = np.round(_GRAINS * 32).astype(np.int8)


@dataclass(frozen=True)
class Augmentations:
    """How often each happens to a picture."""

    colour: float = 0.85
    grey: float = 0.14
    light: float = 0.2
    overexposure: float = 0.06
    dark_skin: float = 0.15
    low_resolution: float = 0.2
    blur: float = 0.2
    compression: float = 0.2
    noise: float = 0.35
    paint: float = 0.07
    occlusion: float = 0.28
    glasses: float = 0.08
    headwear: float = 0.06
    clear: float = 0.3  # seen as a good camera does: neither coarse nor blurred, compressed or noisy

    def apply(
        self, rng: np.random.Generator, image: Image, landmarks: NDArray[np.floating] | None, other: Image | None = None
    ) -> Image:
        """An augmented copy.

        Args:
            rng: where chance comes from.
            image: (H, W, 3) uint8 RGB.
            landmarks: (478, 2 or 3) pixels of the picture; None: it shows no face of interest.
            other: another picture, pieces of which come in front.
        """
        if landmarks is not None:
            if rng.random() < self.dark_skin:
                image = darken_skin(rng, image, landmarks)
            if rng.random() < self.glasses:
                image = put_on_glasses(rng, image, landmarks)
            if rng.random() < self.headwear:
                image = put_on_headwear(rng, image, landmarks)
            if rng.random() < self.occlusion:
                image = occlude(rng, image, landmarks, other)
        if rng.random() < self.paint:
            image = paint(rng, image)
        if rng.random() < self.light:
            image = light_from_a_side(rng, image)
        image = self._colour(rng, image)
        if rng.random() < self.overexposure:
            image = overexpose(rng, image)
        if rng.random() < self.clear:
            return image
        if rng.random() < self.low_resolution:
            image = lower_resolution(rng, image)
        if rng.random() < self.blur:
            image = blur(rng, image)
        if rng.random() < self.compression:
            image = compress(rng, image)
        if rng.random() < self.noise:
            image = add_noise(rng, image, float(np.exp(rng.uniform(np.log(2.0), np.log(20.0)))))
        return image

    def _colour(self, rng: np.random.Generator, image: Image) -> Image:
        if rng.random() < self.colour:
            image = change_tones(rng, image)
            saturation = rng.uniform(0.5, 1.5)
            tint = rng.uniform(0.82, 1.18, 3)
        else:
            saturation, tint = 1.0, np.ones(3)
        if rng.random() < self.grey:
            saturation = 0.0
            tint = np.array([1.08, 1.0, 0.82]) if rng.random() < 0.35 else np.ones(3)  # sepia, or plain
        mixing = np.diag(tint) @ (saturation * np.eye(3) + (1 - saturation) * np.tile(_LUMA, (3, 1)))
        return np.asarray(cv2.transform(image, mixing), np.uint8)


def change_tones(rng: np.random.Generator, image: Image) -> Image:
    """Gamma, contrast and brightness."""
    x = np.linspace(0, 1, 256) ** np.exp(rng.normal(0, 0.4))
    contrast = np.exp(rng.normal(0, 0.25))
    curve = (x - 0.5) * contrast + 0.5 + rng.normal(0, 0.07)
    return np.asarray(cv2.LUT(image, np.round(np.clip(curve, 0, 1) * 255).astype(np.uint8)), np.uint8)


def overexpose(rng: np.random.Generator, image: Image) -> Image:
    """Too much light: all is lifted, and what is bright is white."""
    gain, lift = rng.uniform(1.3, 2.8), rng.uniform(0, 70)
    return np.asarray(cv2.convertScaleAbs(image, alpha=gain, beta=lift), np.uint8)


def darken_skin(rng: np.random.Generator, image: Image, landmarks: NDArray[np.floating]) -> Image:
    """The face (not its surroundings) as darker skin reflects light: less, and less of blue than of red."""
    mask = np.zeros(image.shape[:2], np.uint8)
    hull = cv2.convexHull(np.round(landmarks[list(FACE_OVAL), :2]).astype(np.int32))
    cv2.fillConvexPoly(mask, hull, 255)
    width = max(3.0, float(np.ptp(landmarks[:, 0])) * 0.06)
    soft = cv2.blur(mask, (int(width) * 2 + 1,) * 2).astype(np.float32)[..., None] / 255
    amount = rng.uniform(0.3, 1.0)
    share = (1 - amount * (1 - np.array([0.55, 0.42, 0.36]) * rng.uniform(0.75, 1.3))).astype(np.float32)
    return np.asarray(image * (1 - soft * (1 - share)), np.uint8)


def light_from_a_side(rng: np.random.Generator, image: Image) -> Image:
    """Brightness that changes across the picture, from a shadow to a glare."""
    height, width = image.shape[:2]
    angle = rng.uniform(0, 2 * np.pi)
    x = (np.arange(16, dtype=np.float32) / 15 - 0.5)[None]
    along = x * np.cos(angle) + x.T * np.sin(angle)
    edge = 1 / (1 + np.exp(-(along - rng.uniform(-0.2, 0.2)) * rng.uniform(3, 25)))
    dark, bright = rng.uniform(0.25, 0.8), rng.uniform(0.9, 1.5)
    light = cv2.resize(dark + (bright - dark) * edge.astype(np.float32), (width, height))
    return np.asarray(cv2.convertScaleAbs(image * light[..., None].astype(np.float32)), np.uint8)


def lower_resolution(rng: np.random.Generator, image: Image) -> Image:
    """Shrunk and enlarged again."""
    height, width = image.shape[:2]
    scale = rng.uniform(0.2, 0.7)
    size = max(8, int(width * scale)), max(8, int(height * scale))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    way = cv2.INTER_CUBIC if rng.random() < 0.5 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(small, (width, height), interpolation=way), np.uint8)


def blur(rng: np.random.Generator, image: Image) -> Image:
    """Out of focus, or moved during exposure."""
    if rng.random() < 0.6:
        return np.asarray(cv2.GaussianBlur(image, (0, 0), rng.uniform(0.5, 2.2)), np.uint8)
    length = int(rng.integers(3, 10))
    kernel = np.zeros((length, length), np.float32)
    angle = rng.uniform(0, np.pi)
    reach = np.array([np.cos(angle), np.sin(angle)]) * (length - 1) / 2
    centre = (length - 1) / 2
    ends = [tuple(int(v) for v in np.round(centre + sign * reach)) for sign in (-1, 1)]
    cv2.line(kernel, ends[0], ends[1], 1.0)
    return np.asarray(cv2.filter2D(image, -1, kernel / kernel.sum()), np.uint8)


def compress(rng: np.random.Generator, image: Image) -> Image:
    """JPEG, down to bad quality."""
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(12, 80))]
    return np.asarray(cv2.imdecode(cv2.imencode(".jpg", image, quality)[1], cv2.IMREAD_COLOR), np.uint8)


def add_noise(rng: np.random.Generator, image: Image, deviation: float) -> Image:
    """Gaussian noise of a standard deviation in [0, 255], alike in all channels every third time."""
    height, width = image.shape[:2]
    top, left = (int(rng.integers(0, max(1, 512 - n))) for n in (height, width))
    grains = _GRAINS_8BIT[top : top + height, left : left + width]
    if grains.shape[:2] != (height, width):  # larger than the bank: it repeats
        grains = np.resize(grains, image.shape)
    if rng.random() < 0.33:
        grains = np.repeat(grains[..., :1], 3, axis=2)
    noisy = cv2.scaleAdd(grains.astype(np.float32), deviation / 32, image.astype(np.float32))
    return np.asarray(cv2.convertScaleAbs(np.maximum(noisy, 0)), np.uint8)


def paint(rng: np.random.Generator, image: Image) -> Image:
    """As if painted or drawn: flat patches with kept edges, brushwork, canvas, few tones."""
    way = rng.random()
    if way < 0.45:
        made = cv2.medianBlur(image, int(rng.choice([3, 5, 7])))
        made = cv2.bilateralFilter(made, 7, rng.uniform(20, 60), 5)
    elif way < 0.75:
        made = cv2.stylization(image, sigma_s=float(rng.uniform(8, 30)), sigma_r=float(rng.uniform(0.15, 0.45)))
    else:
        made = cv2.edgePreservingFilter(image, flags=1, sigma_s=15.0, sigma_r=float(rng.uniform(0.15, 0.4)))
    made = np.asarray(made, np.uint8)
    if rng.random() < 0.3:
        tones = int(rng.integers(5, 14))
        made = np.asarray(np.round(made / 255 * tones) / tones * 255, np.uint8)
    if rng.random() < 0.5:  # canvas, or cracks in varnish
        grain = rng.standard_normal(image.shape[:2]).astype(np.float32)
        texture = cv2.GaussianBlur(grain, (0, 0), rng.uniform(0.6, 1.5))
        made = np.asarray(np.clip(made + (texture * rng.uniform(10, 40))[..., None], 0, 255), np.uint8)
    return np.asarray(made, np.uint8)


def occlude(
    rng: np.random.Generator, image: Image, landmarks: NDArray[np.floating], other: Image | None = None
) -> Image:
    """A hand, a microphone, a stroke of hair, a piece of another picture in front of a part of the face."""
    made = image.copy()
    face = float(np.ptp(landmarks[:, :2], axis=0).max())
    for _ in range(int(rng.integers(1, 3))):
        x, y = landmarks[rng.integers(len(landmarks)), :2] + rng.normal(0, 0.1 * face, 2)
        size = face * rng.uniform(0.12, 0.42)
        mask = np.zeros(image.shape[:2], np.uint8)
        kind = rng.random()
        if kind < 0.4:
            corners = np.array([x, y]) + rng.normal(0, 0.5, (int(rng.integers(4, 8)), 2)) * size
            cv2.fillConvexPoly(mask, cv2.convexHull(np.round(corners).astype(np.int32)), 255)
        elif kind < 0.7:
            axes = int(size * 0.5), max(2, int(size * rng.uniform(0.15, 0.5)))
            cv2.ellipse(mask, (int(x), int(y)), axes, float(rng.uniform(0, 180)), 0, 360, 255, -1)
        else:  # fingers, strokes of hair
            angle = rng.uniform(0, np.pi)
            for number in range(int(rng.integers(1, 5))):
                start = np.array([x, y]) + number * size * 0.16 * np.array([-np.sin(angle), np.cos(angle)])
                end = start + size * 1.4 * np.array([np.cos(angle), np.sin(angle)])
                ends = [tuple(int(v) for v in np.round(p)) for p in (start, end)]
                cv2.line(mask, ends[0], ends[1], 255, max(1, int(size * rng.uniform(0.03, 0.14))))
        _cover(made, mask, _filling(rng, image, landmarks, other))
    return made


def put_on_glasses(rng: np.random.Generator, image: Image, landmarks: NDArray[np.floating]) -> Image:
    """Rims around the eyes, every fourth time dark lenses."""
    made = image.copy()
    colour = tuple(int(v) for v in rng.integers(0, 110, 3))
    width = float(np.linalg.norm(landmarks[LEFT_EYE_CORNERS[0], :2] - landmarks[RIGHT_EYE_CORNERS[0], :2]))
    thickness = max(1, int(width * rng.uniform(0.015, 0.06)))
    across = landmarks[LEFT_EYE_CORNERS[0], :2] - landmarks[RIGHT_EYE_CORNERS[0], :2]
    angle = float(np.rad2deg(np.arctan2(across[1], across[0])))
    shape = rng.uniform(0.19, 0.27), rng.uniform(0.13, 0.22)
    dark, inner = rng.random() < 0.25, []
    for eye in (RIGHT_EYE, LEFT_EYE):
        points = landmarks[list(eye), :2]
        centre = points.mean(axis=0) + np.array([0, 0.04 * width])
        half = max(float(np.ptp(points[:, 0])) * shape[0] / 0.17, 2.0), width * shape[1]
        lens = tuple(int(v) for v in centre), tuple(max(1, int(v)) for v in half)
        if dark:
            mask = np.zeros(image.shape[:2], np.uint8)
            cv2.ellipse(mask, lens[0], lens[1], angle, 0, 360, 255, -1)
            _cover(made, mask, np.full_like(image, rng.integers(0, 60)), float(rng.uniform(0.6, 1.0)))
        cv2.ellipse(made, lens[0], lens[1], angle, 0, 360, colour, thickness, cv2.LINE_AA)
        inner.append(lens)
    cv2.line(made, inner[0][0], inner[1][0], colour, 1) if dark else None
    return made


def put_on_headwear(rng: np.random.Generator, image: Image, landmarks: NDArray[np.floating]) -> Image:
    """A hat's brim or a headscarf: everything above a line over the brows is covered."""
    brows = landmarks[[*LEFT_BROW, *RIGHT_BROW], :2].mean(axis=0)
    top = landmarks[10, :2]
    line = brows + (top - brows) * rng.uniform(0.25, 1.0)
    up = (top - brows) / max(float(np.linalg.norm(top - brows)), 1e-6)
    y, x = np.mgrid[0 : image.shape[0], 0 : image.shape[1]]
    height = (x - line[0]) * up[0] + (y - line[1]) * up[1]
    side = ((x - line[0]) * -up[1] + (y - line[1]) * up[0]) / max(float(np.ptp(landmarks[:, 0])), 1.0)
    bend = rng.uniform(-0.4, 1.2) * float(np.linalg.norm(top - brows))
    mask = np.asarray((height > -bend * side * side) & (np.abs(side) < rng.uniform(0.6, 1.5)), np.uint8) * 255
    made = image.copy()
    _cover(made, mask, _filling(rng, image, landmarks, None))
    return made


def _filling(rng: np.random.Generator, image: Image, landmarks: NDArray[np.floating], other: Image | None) -> Image:
    """What a thing in front looks like: another picture's piece, skin of the face itself, or one colour, shaded."""
    way = rng.random()
    if other is not None and way < 0.5:
        size = image.shape[1], image.shape[0]
        return np.asarray(cv2.resize(other, size, interpolation=cv2.INTER_LINEAR), np.uint8)
    colour: NDArray[Any] = rng.integers(0, 256, 3)
    if way > 0.75:
        x, y = np.clip(landmarks[int(rng.choice([50, 280, 151])), :2], 0, [image.shape[1] - 1, image.shape[0] - 1])
        colour = image[int(y), int(x)]
    height, width = image.shape[:2]
    shade = np.linspace(rng.uniform(0.6, 1.1), rng.uniform(0.6, 1.1), width)[None, :, None]
    flat = np.clip(colour[None, None] * shade, 0, 255).astype(np.uint8)
    return np.broadcast_to(flat, (height, width, 3)).copy()


def _cover(image: Image, mask: Image, filling: Image, opacity: float = 1.0) -> None:
    inside = mask > 0
    image[inside] = np.asarray(image[inside] * (1 - opacity) + filling[inside] * opacity, np.uint8)
