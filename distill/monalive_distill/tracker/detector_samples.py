"""Training pictures of the detector: faces of all sizes, turned, over many backgrounds; and pictures without any."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from monalive.faces.level_crop import LEVEL_SCALE, level_region
from monalive.faces.rotated_square import RotatedSquare
from monalive_distill.tracker.augmentations import Augmentations, darken_skin, occlude, put_on_glasses, put_on_headwear
from monalive_distill.tracker.backgrounds import Backgrounds, wiped_out
from monalive_distill.tracker.detector_network import INPUT_SIZE
from monalive_distill.tracker.face_pool import FacePool, LabelledFace

Image = NDArray[np.uint8]
# Side of a face in parts of the picture's longer side.
SMALLEST, LARGEST = 0.08, 1.1
FACE_COUNTS = (0.15, 0.6, 0.17, 0.08)  # how often none, one, two, three
BARRED = 0.5  # how often the picture is not square: black beside it
# Small pictures bear less of what blurs.
AUGMENTATIONS = Augmentations(low_resolution=0.1, blur=0.08, noise=0.3)


@dataclass(frozen=True)
class DetectorBatch:
    """N pictures and what is in them.

    Attributes:
        pictures: (N, 128, 128, 3) uint8 RGB.
        faces: per picture (F, 4): centre x, y and side in parts of the picture's side, roll in radians.
    """

    pictures: NDArray[np.uint8]
    faces: list[NDArray[np.float32]]


class DetectorSampler:
    """Draws batches; the same seed and step always give the same one, so that training resumes exactly."""

    def __init__(self, pool: FacePool, seed: int = 0) -> None:
        self._pool, self._seed = pool, seed
        self._backgrounds = Backgrounds(pool)
        self._masks = [_mask(kind) for kind in ("square", "soft", "head")]

    def draw(self, step: int, count: int) -> DetectorBatch:
        """The batch of a step."""
        rng = np.random.default_rng((self._seed, step))
        drawn = [self._picture(rng) for _ in range(count)]
        return DetectorBatch(np.stack([picture for picture, _ in drawn]), [faces for _, faces in drawn])

    def _picture(self, rng: np.random.Generator) -> tuple[Image, NDArray[np.float32]]:
        picture = self._backgrounds.draw(rng, INPUT_SIZE)
        wanted = int(rng.choice(len(FACE_COUNTS), p=FACE_COUNTS))
        left, top, right, bottom = bars = _bars(rng)
        faces: list[RotatedSquare] = []
        if rng.random() < 0.25:  # somebody whose face is not to be seen
            hidden = wiped_out(rng, self._pool.draw(rng), picture, 256)
            self._paste(rng, picture, hidden, RotatedSquare(128.0, 128.0, 135.0), self._place(rng, 0.4, bars))
        for number in range(wanted):
            side = float(np.exp(rng.uniform(np.log(SMALLEST), np.log(LARGEST if number == 0 else 0.4))))
            if number == 0 and rng.random() < 0.35:  # large ones are what portraits show
                side = rng.uniform(0.3, 0.9)
            place = self._place(rng, side, bars)
            if any(np.hypot(place.x - f.x, place.y - f.y) < 0.75 * (place.side + f.side) / 1.5 for f in faces):
                continue
            face = self._pool.draw(rng)
            region = level_region(face.landmarks)
            square = RotatedSquare(region.x, region.y, region.side / LEVEL_SCALE, region.angle)
            self._paste(rng, picture, _disturbed(rng, face), square, place)
            faces.append(place)
        picture = AUGMENTATIONS.apply(rng, picture, None)
        picture[:top], picture[bottom:], picture[:, :left], picture[:, right:] = 0, 0, 0, 0
        rows = [(f.x / INPUT_SIZE, f.y / INPUT_SIZE, f.side / INPUT_SIZE, f.angle) for f in faces]
        return picture, np.array(rows, np.float32).reshape(-1, 4)

    @staticmethod
    def _place(rng: np.random.Generator, side: float, bars: tuple[int, int, int, int]) -> RotatedSquare:
        """Where a face comes, in pixels: most of it inside the picture."""
        left, top, right, bottom = bars
        side = min(side * INPUT_SIZE, 1.1 * min(right - left, bottom - top))
        inside = rng.uniform(0.3, 0.6) * side  # from the centre to the picture's border
        x, y = (
            rng.uniform(low + inside, high - inside) if high - low > 2 * inside else (low + high) / 2
            for low, high in ((left, right), (top, bottom))
        )
        # Mostly as people hold their heads; some sideways or upside down, as in photos that lost their orientation.
        kind = rng.random()
        degrees = rng.normal(0, 10) if kind < 0.5 else rng.uniform(-52, 52) if kind < 0.75 else rng.uniform(-180, 180)
        return RotatedSquare(float(x), float(y), side, float(np.deg2rad(degrees)))

    def _paste(
        self, rng: np.random.Generator, picture: Image, source: Image, square: RotatedSquare, place: RotatedSquare
    ) -> None:
        """Puts `source` into `picture` so that `square` of it comes to lie at `place`."""
        mask = self._masks[int(rng.choice(3, p=(0.35, 0.3, 0.35)))]
        scale = place.side / square.side
        if scale < 0.5:  # averaged before it is sampled
            factor = 1.0 / 2 ** int(np.floor(np.log2(1 / scale)))
            source = np.asarray(cv2.resize(source, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), np.uint8)
            mask = np.asarray(cv2.resize(mask, source.shape[1::-1], interpolation=cv2.INTER_AREA), np.float32)
            square = RotatedSquare(square.x * factor, square.y * factor, square.side * factor, square.angle)
            scale /= factor
        elif mask.shape[:2] != source.shape[:2]:
            mask = np.asarray(cv2.resize(mask, source.shape[1::-1], interpolation=cv2.INTER_AREA), np.float32)
        turn = place.angle - square.angle
        linear = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        offset = np.array([place.x, place.y]) - linear @ np.array([square.x, square.y])
        shift = offset + linear @ np.array([0.5, 0.5]) - 0.5  # cv2: pixel centres on integers
        matrix = np.concatenate([linear, shift[:, None]], axis=1)
        size = (INPUT_SIZE, INPUT_SIZE)
        moved = cv2.warpAffine(source, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        cover = cv2.warpAffine(mask, matrix, size, flags=cv2.INTER_LINEAR)[..., None]
        picture[:] = np.asarray(picture * (1 - cover) + moved * cover, np.uint8)


def _disturbed(rng: np.random.Generator, face: LabelledFace) -> Image:
    """The face's picture with things in front of it now and then, all before it is made small."""
    image = face.image
    if rng.random() < 0.15:
        image = darken_skin(rng, image, face.landmarks)
    if rng.random() < 0.08:
        image = put_on_glasses(rng, image, face.landmarks)
    if rng.random() < 0.07:
        image = put_on_headwear(rng, image, face.landmarks)
    if rng.random() < 0.15:
        image = occlude(rng, image, face.landmarks)
    return image


def _bars(rng: np.random.Generator) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of the picture proper within the square that the network sees."""
    if rng.random() >= BARRED:
        return 0, 0, INPUT_SIZE, INPUT_SIZE
    bar = int(INPUT_SIZE * rng.uniform(0.02, 0.25))
    return (bar, 0, INPUT_SIZE - bar, INPUT_SIZE) if rng.random() < 0.5 else (0, bar, INPUT_SIZE, INPUT_SIZE - bar)


def _mask(kind: str, size: int = 256) -> NDArray[np.float32]:
    """What of a pasted picture shows: all of it, all with soft borders, or head and shoulders."""
    mask = np.zeros((size, size), np.float32)
    if kind == "square":
        mask[:] = 1
    elif kind == "soft":
        mask[16:-16, 16:-16] = 1
        mask = np.asarray(cv2.blur(mask, (31, 31)), np.float32)
    else:
        cv2.ellipse(mask, (size // 2, int(size * 0.46)), (int(size * 0.37), int(size * 0.43)), 0, 0, 360, 1.0, -1)
        mask[int(size * 0.82) :, int(size * 0.1) : int(size * 0.9)] = 1
        mask = np.asarray(cv2.blur(mask, (9, 9)), np.float32)
    return mask
