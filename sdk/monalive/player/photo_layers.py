"""One frame of a portrait: from one photo of the person, or from several laid over one another."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from monalive.faces.crop import NETWORK_SIZE
from monalive.media.image_io import is_black_and_white
from monalive.player.bundle_networks import BundleNetworks, NetworkFrame
from monalive.player.doubled_photo import DoubledPhoto
from monalive.player.paste_back import PasteBack
from monalive.player.photo_alignment import is_same_view, surroundings_since, surroundings_to
from monalive.player.region_layers import AnimatedRegion, RegionLayers, without_colour
from monalive.player.several_photos import PhotoChoice, blend_weights, face_mask, layer_shares
from monalive.portrait import Portrait

# Gate of the whole photo where another one's face is laid over it: it shows where it is much surer.
_BASE_FILLS: Final = 0.1


@dataclass(frozen=True)
class PlannedLayers:
    """What the networks made of a frame of one portrait; nothing is pasted yet.

    Attributes:
        landmarks: (478, 3) float32 wanted, in crop units.
        below, above: gates (T,) of the photos that show whole, and of those that lend their face.
        drawn: frames of the photos that have a say, by their number, the lowest first.
        outline: the first photo's frame, where the photo is cut out.
        regions: eyes and mouth; empty where the bundle has no networks for them.
    """

    landmarks: NDArray[np.float32]
    below: NDArray[np.float64]
    above: NDArray[np.float64]
    drawn: dict[int, NetworkFrame]
    outline: NetworkFrame | None
    regions: tuple[AnimatedRegion, ...]


class PhotoLayers:
    """Draws a portrait.

    Args:
        portrait: the person.
        networks: they must outlive this.
        whole_photos: let other photos of the first one's view stand in for the whole photo, not for the face alone.
    """

    def __init__(self, portrait: Portrait, networks: BundleNetworks, *, whole_photos: bool) -> None:
        self._portrait = portrait
        self._networks = networks
        photos = [entry.photo for entry in portrait.enrolled]
        self._first = photos[0]
        doubled = [DoubledPhoto.of(photo.image, photo.crop) for photo in photos]
        self._paste_back = [
            PasteBack(photo.crop, *photo.image.shape[1::-1], doubled=large, workers=networks.workers)
            for photo, large in zip(photos, doubled, strict=True)
        ]
        self._moved: dict[int, NDArray[np.uint8]] = {}  # other photos with their crops animated
        self._whole = np.array(
            [not n or (whole_photos and is_same_view(photo, self._first)) for n, photo in enumerate(photos)]
        )
        self._to_photos = {int(n): surroundings_to(photos[n], self._first) for n in np.flatnonzero(self._whole)[1:]}
        landmarks = [photo.crop.to_unit(photo.landmarks)[:, :2] for photo in photos]
        self._base, self._faces = PhotoChoice(landmarks, self._whole), PhotoChoice(landmarks)
        self._grey = is_black_and_white(portrait.crop.extract(portrait.photo, NETWORK_SIZE))
        self._regions: RegionLayers | None = None
        if networks.regions is not None:
            self._regions = RegionLayers(
                portrait, networks.regions, grey=self._grey, doubled=doubled[0], workers=networks.workers
            )

    def plan(
        self, landmarks: NDArray[np.float32], surroundings: NDArray[np.float32] | None, elapsed_ms: float
    ) -> PlannedLayers:
        """Runs the networks for a frame. Frames are planned in their order, maybe ahead of being painted.

        Args:
            landmarks: (478, 3) float32 wanted, in crop units.
            surroundings: (16, 16, 3) float32, how what is around the face moved (see `SurroundingsFlow`); None where
                the network decides.
            elapsed_ms: since the frame before (matters with several photos of the person); inf if it stands alone.
        """
        base, faces = self._base.gates(landmarks, elapsed_ms), self._faces.gates(landmarks, elapsed_ms)
        faces[self._whole] = 0  # where a whole photo is the nearest, its face shows already
        shown = [*np.flatnonzero(base).tolist(), *np.flatnonzero(faces).tolist()]
        drawn = {index: self._animate(index, landmarks, surroundings) for index in shown}
        outline: NetworkFrame | None = None
        if self._first.alpha is not None:
            # Its outline is that of the first photo, also while another one of the same view stands in for it.
            outline = drawn.get(0) or self._animate(0, landmarks, surroundings)
        regions = () if self._regions is None else tuple(self._regions.animate(landmarks, elapsed_ms))
        return PlannedLayers(landmarks, base, faces, drawn, outline, regions)

    def between(self, landmarks: NDArray[np.float32], before: PlannedLayers, after: PlannedLayers) -> PlannedLayers:
        """What the networks would make of a frame midway between two others, roughly: the mean of theirs.

        Eyes and mouth are where the frame's own landmarks say. For portraits of one photo.
        """
        drawn = {0: before.drawn[0].midway(after.drawn[0])}
        outline = None if before.outline is None else drawn[0]
        regions: tuple[AnimatedRegion, ...] = ()
        if self._regions is not None:
            regions = tuple(self._regions.between(landmarks, before.regions, after.regions))
        return replace(before, landmarks=landmarks, drawn=drawn, outline=outline, regions=regions)

    def paint(self, picture: NDArray[np.uint8], planned: PlannedLayers, alpha: NDArray[np.uint8] | None = None) -> None:
        """Animates the face in a picture, in place.

        Args:
            picture: (H, W, 3) uint8: a copy of the photo, or one with other faces already animated.
            planned: what `plan` gave.
            alpha: (H, W) uint8, how opaque the picture of a cut-out photo is; it is moved, too.
        """
        self._paint_whole(picture, planned, alpha)
        if self._regions is not None:
            self._regions.paste(picture, planned.regions)

    def _paint_whole(self, picture: NDArray[np.uint8], planned: PlannedLayers, alpha: NDArray[np.uint8] | None) -> None:
        """All of the face and what surrounds it, from the networks for the whole picture."""
        base, faces, drawn = planned.below, planned.above, planned.drawn
        below: list[int] = np.flatnonzero(base).tolist()
        above: list[int] = np.flatnonzero(faces).tolist()
        if alpha is not None and self._first.alpha is not None and planned.outline is not None:
            self._paste_back[0].move(self._first.alpha, planned.outline.flow, alpha)
        if 0 in drawn:  # always the lowest, with the whole share
            frame = drawn[0]
            size = picture.shape[1], picture.shape[0]
            covered = self._regions.hide(size, planned.regions) if self._regions is not None else ()
            photo = self._first.image
            self._paste_back[0](photo, frame.flow, frame.mask, frame.painted, out=picture, covered=covered)
            if len(drawn) == 1:
                return
        confidences = np.stack([drawn[index].confidence for index in below])
        weights = blend_weights(confidences, base[below])
        shares = list(layer_shares(weights))
        if above:
            together = (weights * confidences).sum(0)
            gates = np.array([max(1 - faces.sum(), _BASE_FILLS), *faces[above]])
            weights = blend_weights(np.stack([together, *(drawn[index].confidence for index in above)]), gates)
            shares += list(layer_shares(weights)[1:] * face_mask(planned.landmarks))
        for index, share in zip(drawn, shares, strict=True):
            if index:
                if self._whole[index]:
                    share = share * self._paste_back[index].feather
                self._lay_over(picture, index, drawn[index], share)

    def _animate(
        self, index: int, landmarks: NDArray[np.float32], surroundings: NDArray[np.float32] | None
    ) -> NetworkFrame:
        """The network's frame from one of the photos; what it paints into a black-and-white photo is black and white,
        too."""
        if index and surroundings is not None:
            to_photo = self._to_photos.get(index)
            surroundings = None if to_photo is None else surroundings_since(surroundings, to_photo)
        out = self._networks.animate(self._portrait.enrolled[index], landmarks, surroundings)
        return replace(out, painted=without_colour(out.painted)) if self._grey else out

    def _lay_over(self, whole: NDArray[np.uint8], index: int, out: NetworkFrame, share: NDArray[np.float32]) -> None:
        """Blends another photo into `whole`, in place; `share` (256, 256) in [0, 1]."""
        photo = self._portrait.enrolled[index].photo
        # The photo's own pixels at its own resolution, then over to the first photo's square.
        if index not in self._moved:
            self._moved[index] = photo.image.copy()  # once: outside the crop it stays as it is
        moved = self._paste_back[index](photo.image, out.flow, out.mask, out.painted, out=self._moved[index])
        square = self._portrait.crop
        x, y, side = square.snapped()
        top, left = max(-y, 0), max(-x, 0)
        rows, columns = min(side, whole.shape[0] - y) - top, min(side, whole.shape[1] - x) - left
        inside = np.s_[top : top + rows, left : left + columns]
        there = np.s_[y + top : y + top + rows, x + left : x + left + columns]
        patch = moved[there] if is_same_view(photo, self._first) else photo.crop.extract(moved, side)[inside]
        alpha = cv2.resize(share, (side, side), interpolation=cv2.INTER_LINEAR)[inside][..., None]
        under = whole[there]
        under[:] = (under + (patch.astype(np.float32) - under) * alpha + 0.5).astype(np.uint8)
