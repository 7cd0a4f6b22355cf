"""Eyes and mouth of a frame, each from the photo of the person that fits it best, over what the other networks drew."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from monalive.faces.landmarks import LANDMARK_COUNT
from monalive.faces.region_crop import region_place, region_scale
from monalive.player.doubled_photo import DoubledPhoto
from monalive.player.region_networks import REGIONS, RegionFrame, RegionNetworks, WantedRegion
from monalive.player.region_paste import RegionLayer, RegionPaste
from monalive.player.several_photos import PhotoChoice
from monalive.portrait import Portrait
from monalive.threads import Workers

# A photo that shows the face this many times larger than the first is made smaller, so that its pixels do not alias.
_SHRINK_FROM: Final = 1.25


class AnimatedRegion(NamedTuple):
    """A region of a frame: its place (2, 3) in the picture, and what the photos contribute."""

    place: NDArray[np.float64]
    layers: list[RegionLayer]


class RegionLayers:
    """Draws a portrait's eyes and mouth.

    Args:
        portrait: the person.
        networks: they must outlive this.
        grey: paint without colour, into a black-and-white photo.
        doubled: the first photo, where its crop is large.
        workers: threads that share the pasting; by default the caller's alone.

    Raises:
        ValueError: the portrait was enrolled without these networks.
    """

    def __init__(
        self,
        portrait: Portrait,
        networks: RegionNetworks,
        *,
        grey: bool,
        doubled: DoubledPhoto | None = None,
        workers: Workers | None = None,
    ) -> None:
        if not all(photo.regions for photo in portrait.enrolled):
            raise ValueError("the portrait was enrolled without networks of eyes and mouth; enrol its photos again")
        self._networks, self._grey, self._crop = networks, grey, portrait.crop
        left, top, side = portrait.crop.snapped()
        self._bounds = left, top, left + side, top + side
        self._workers = workers or Workers()
        self._pastes = [RegionPaste() for _ in REGIONS]
        self._sources = [
            _Source(portrait, index, None if index else doubled) for index in range(len(portrait.enrolled))
        ]
        self._choices = []
        for number, region in enumerate(REGIONS):
            importance = np.zeros(LANDMARK_COUNT)
            importance[list(region.shown_by)] = 1.0
            faces = [photo.regions[number].landmarks for photo in portrait.enrolled]
            self._choices.append(PhotoChoice(faces, importance=importance, opening=region.opening))

    def draw(self, picture: NDArray[np.uint8], landmarks: NDArray[np.float32], elapsed_ms: float) -> None:
        """Draws them into a frame, in place; pixels outside the portrait's crop stay as they are.

        Args:
            picture: (H, W, 3) uint8: the first photo with the rest of the face animated.
            landmarks: (478, 3) float32 wanted, in crop units.
            elapsed_ms: since the frame before; inf if it stands alone.
        """
        self.paste(picture, self.animate(landmarks, elapsed_ms))

    def animate(self, landmarks: NDArray[np.float32], elapsed_ms: float) -> list[AnimatedRegion]:
        """What the networks make of a frame, region by region; arguments as above."""
        located = self._networks.locate(landmarks)
        wanted, layers = [], []
        for number, (region, one) in enumerate(zip(REGIONS, located, strict=True)):
            gates = self._choices[number].gates(one.landmarks, elapsed_ms)
            for index in (int(index) for index in np.flatnonzero(gates)):
                wanted.append(WantedRegion(region, self._sources[index].regions[number], one.landmarks))
                layers.append((number, index, float(gates[index])))
        animated = [AnimatedRegion(region_place(one.place, self._crop), []) for one in located]
        for (number, index, share), frame in zip(layers, self._networks.animate(wanted), strict=True):
            animated[number].layers.append(self._layer(number, index, frame, share))
        return animated

    def between(
        self, landmarks: NDArray[np.float32], before: Sequence[AnimatedRegion], after: Sequence[AnimatedRegion]
    ) -> list[AnimatedRegion]:
        """A frame midway between two others: the mean of what the networks made of these, where its own landmarks say.

        For portraits of one photo.
        """
        places = [region_place(one.place, self._crop) for one in self._networks.locate(landmarks)]
        return [
            AnimatedRegion(place, [layer.midway(other) for layer, other in zip(one.layers, two.layers, strict=True)])
            for place, one, two in zip(places, before, after, strict=True)
        ]

    def hide(self, size: tuple[int, int], regions: Sequence[AnimatedRegion]) -> list[tuple[slice, slice]]:
        """Rows and columns of a picture, (width, height), of which `paste` will leave nothing to be seen."""
        boxes = (paste.hides(size, *region, self._bounds) for paste, region in zip(self._pastes, regions, strict=True))
        return [box for box in boxes if box is not None]

    def paste(self, picture: NDArray[np.uint8], regions: Sequence[AnimatedRegion]) -> None:
        """Pastes what `animate` gave into a frame (H, W, 3) uint8, in place."""
        size = (picture.shape[1], picture.shape[0])
        pairs = list(zip(self._pastes, regions, strict=True))[::-1]  # the mouth first, it takes longest
        prepared = self._workers.run([partial(paste.prepare, size, *region, self._bounds) for paste, region in pairs])
        for (paste, _), region in zip(pairs[::-1], prepared[::-1], strict=True):
            if region is not None:
                paste.lay_over(picture, region)

    def _layer(self, number: int, index: int, frame: RegionFrame, share: float) -> RegionLayer:
        source = self._sources[index]
        painted, change = frame.painted, frame.change
        if self._grey:
            painted, change = without_colour(painted), None if change is None else without_colour(change)
        return RegionLayer(
            *(source.image, source.places[number], frame.flow, frame.mask, painted, source.shifts[number], share),
            doubled=source.doubled is not None,
            change=change,
        )


def without_colour(painted: NDArray[np.float32]) -> NDArray[np.float32]:
    """(H, W, 3) float32 as shades of grey: each pixel the mean of its channels."""
    return np.repeat(painted.mean(-1, keepdims=True), 3, -1)


class _Source:
    """One photo of the person as the regions take pixels from it: those of the first photo at its own size, those of
    others at the first one's, with their colours shifted so that a region's edges have the first one's mean colour."""

    def __init__(self, portrait: Portrait, index: int, doubled: DoubledPhoto | None) -> None:
        first, own = portrait.enrolled[0], portrait.enrolled[index]
        self.regions = own.regions
        self.doubled = doubled
        self._image: NDArray[Any] = own.photo.image
        self.places = [region.place for region in own.regions]
        self.shifts = [
            wanted.border_colour - region.border_colour if index else None
            for wanted, region in zip(first.regions, own.regions, strict=True)
        ]
        if doubled is not None:
            self.places = [doubled.place(place) for place in self.places]
            return
        larger = region_scale(own.regions[0].place) / region_scale(first.regions[0].place)
        if larger >= _SHRINK_FROM:
            self._image = cv2.resize(self._image, None, fx=1 / larger, fy=1 / larger, interpolation=cv2.INTER_AREA)
            across = self._image.shape[1] / own.photo.image.shape[1]
            down = self._image.shape[0] / own.photo.image.shape[0]
            self.places = [place * [[across], [down]] for place in self.places]

    @property
    def image(self) -> NDArray[Any]:
        """(H, W, 3) uint8 that the places are pixels of."""
        return self._image if self.doubled is None else self.doubled.pixels
