"""One portrait following one driver: retargeting, networks and paste-back, frame by frame."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from monalive.media.image_io import is_black_and_white
from monalive.player.face_networks import IMAGE_SIZE, FaceNetworks, NetworkFrame
from monalive.player.paste_back import PasteBack
from monalive.player.photo_alignment import is_same_view, surroundings_since, surroundings_to
from monalive.player.several_photos import PhotoChoice, blend_weights, face_mask, layer_shares
from monalive.portrait import Portrait
from monalive.retargeting.retarget import Retargeter, RetargetOptions
from monalive.retargeting.surroundings_transfer import SurroundingsTransfer

# Gate of the whole photo where another one's face is laid over it: it shows where it is much surer.
_BASE_FILLS: Final = 0.1


@dataclass(frozen=True)
class WantedFrame:
    """What a portrait is to look like in one frame.

    Attributes:
        landmarks: (478, 3) float32 in crop units.
        surroundings: (16, 16, 3) float32, how what is around the face moved (see `SurroundingsFlow`); None where the
            network decides.
    """

    landmarks: NDArray[np.float32]
    surroundings: NDArray[np.float32] | None = None


class PortraitPlayer:
    """Call `start` with the driver's reference frame, then `follow` and `draw` for every frame.

    Args:
        portrait: the person.
        networks: they must outlive the player.
        options: what of the driver's motion is taken over.
    """

    def __init__(self, portrait: Portrait, networks: FaceNetworks, options: RetargetOptions) -> None:
        self._portrait = portrait
        self._networks = networks
        self._retargeter = Retargeter(networks.retargeting, portrait.landmarks, portrait.crop, options)
        self._surroundings = SurroundingsTransfer(networks.retargeting, options)
        self.rest: NDArray[np.float32] = portrait.crop.to_unit(portrait.landmarks)
        photos = [entry.photo for entry in portrait.enrolled]
        self._first = photos[0]
        self._paste_back = [PasteBack(photo.crop, photo.image.shape[1], photo.image.shape[0]) for photo in photos]
        # In relative transfer the surroundings stay those of the first photo; the others lend their faces.
        free = options.takes_surroundings
        self._whole = np.array([not n or (free and is_same_view(photo, self._first)) for n, photo in enumerate(photos)])
        self._to_photos = {int(n): surroundings_to(photos[n], self._first) for n in np.flatnonzero(self._whole)[1:]}
        landmarks = [photo.crop.to_unit(photo.landmarks)[:, :2] for photo in photos]
        self._base, self._faces = PhotoChoice(landmarks, self._whole), PhotoChoice(landmarks)
        self._grey = is_black_and_white(self.still())

    def start(self, driver_landmarks: NDArray[np.float32], driver_size: tuple[int, int]) -> None:
        """Takes the driver's reference frame: landmarks (478, 3) in pixels of frames of size (width, height)."""
        self._retargeter.start(driver_landmarks, driver_size)
        self._surroundings.start()

    def follow(
        self,
        driver_landmarks: NDArray[np.float32],
        timestamp_ms: float,
        surroundings: NDArray[np.float32] | None = None,
    ) -> WantedFrame:
        """What a frame of the driver asks of the portrait.

        Args:
            driver_landmarks: (478, 3) in pixels of the driver's frame.
            timestamp_ms: when; it must increase if smoothing is on.
            surroundings: (16, 16, 3) measured since the reference frame; None for unknown.
        """
        landmarks = self._retargeter.step(driver_landmarks, timestamp_ms)
        return WantedFrame(landmarks, self._surroundings.step(surroundings, timestamp_ms))

    def still(self) -> NDArray[np.uint8]:
        """The crop of the unmoved photo, (256, 256, 3) uint8."""
        return self._portrait.crop.extract(self._portrait.photo, IMAGE_SIZE)

    def draw(self, picture: NDArray[np.uint8], wanted: WantedFrame, elapsed_ms: float = math.inf) -> NDArray[np.uint8]:
        """`picture` with the face in it animated.

        Args:
            picture: (H, W, 3) uint8: the photo, or the photo with other faces already animated.
            wanted: of `follow`.
            elapsed_ms: since the frame before (matters with several photos of the person); inf if it stands alone.

        Returns:
            (H, W, 3) uint8.
        """
        base, faces = self._base.gates(wanted.landmarks, elapsed_ms), self._faces.gates(wanted.landmarks, elapsed_ms)
        faces[self._whole] = 0  # where a whole photo is the nearest, its face shows already
        below: list[int] = np.flatnonzero(base).tolist()
        above: list[int] = np.flatnonzero(faces).tolist()
        drawn = {index: self._animate(index, wanted) for index in (*below, *above)}
        confidences = np.stack([drawn[index].confidence for index in below])
        weights = blend_weights(confidences, base[below])
        shares = list(layer_shares(weights))
        if above:
            together = (weights * confidences).sum(0)
            gates = np.array([max(1 - faces.sum(), _BASE_FILLS), *faces[above]])
            weights = blend_weights(np.stack([together, *(drawn[index].confidence for index in above)]), gates)
            shares += list(layer_shares(weights)[1:] * face_mask(wanted.landmarks))
        whole = picture.copy()
        for index, share in zip(drawn, shares, strict=True):
            frame = drawn[index]
            if index == 0:  # always the lowest, with the whole share
                whole = self._paste_back[0](whole, frame.flow, frame.mask, frame.painted)
            else:
                if self._whole[index]:
                    share = share * self._paste_back[index].feather
                self._lay_over(whole, index, frame, share)
        return whole

    def _animate(self, index: int, wanted: WantedFrame) -> NetworkFrame:
        """The network's frame from one of the photos; what it paints into a black-and-white photo is black and white,
        too."""
        surroundings = wanted.surroundings
        if index and surroundings is not None:
            to_photo = self._to_photos.get(index)
            surroundings = None if to_photo is None else surroundings_since(surroundings, to_photo)
        out = self._networks.animate(self._portrait.enrolled[index], wanted.landmarks, surroundings)
        if not self._grey:
            return out
        return replace(out, painted=np.repeat(out.painted.mean(-1, keepdims=True), 3, -1))

    def _lay_over(self, whole: NDArray[np.uint8], index: int, out: NetworkFrame, share: NDArray[np.float32]) -> None:
        """Blends another photo into `whole`, in place; `share` (256, 256) in [0, 1]."""
        photo = self._portrait.enrolled[index].photo
        # The photo's own pixels at its own resolution, then over to the first photo's square.
        moved = self._paste_back[index](photo.image, out.flow, out.mask, out.painted)
        square = self._portrait.crop
        x, y, side = round(square.x), round(square.y), max(1, round(square.side))
        top, left = max(-y, 0), max(-x, 0)
        rows, columns = min(side, whole.shape[0] - y) - top, min(side, whole.shape[1] - x) - left
        inside = np.s_[top : top + rows, left : left + columns]
        there = np.s_[y + top : y + top + rows, x + left : x + left + columns]
        patch = moved[there] if is_same_view(photo, self._first) else photo.crop.extract(moved, side)[inside]
        alpha = cv2.resize(share, (side, side), interpolation=cv2.INTER_LINEAR)[inside][..., None]
        under = whole[there]
        under[:] = (under + (patch.astype(np.float32) - under) * alpha + 0.5).astype(np.uint8)
