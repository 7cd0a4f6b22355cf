"""The bundle's networks of eyes and mouth: enrolment, once per photo; where they lie, and a frame of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from monalive.bundle import Bundle
from monalive.faces.landmarks import LEFT_EYE, LEFT_IRIS, LEFT_LID_PAIRS, LIP_PAIRS, LIPS_INNER, LIPS_OUTER
from monalive.faces.region_crop import extract_region, region_place
from monalive.networks.runtimes import RuntimeOptions
from monalive.player.region_paste import crop_fade
from monalive.portrait import EnrolledRegion, PhotoOfPerson
from monalive.retargeting.retarget_networks import NO_POSE
from monalive.threads import Workers

CROPS_PART: Final = "region_crops"
KINDS: Final = ("eye", "mouth")
REGION_PARTS: Final = (CROPS_PART, *(f"{step}_{kind}" for kind in KINDS for step in ("enroll", "animate")))


class Region(NamedTuple):
    """A region of the face.

    Attributes:
        name: as in the tensors of `region_crops`.
        kind: of `KINDS`: which networks draw it, and what the names of their tensors begin with.
        shown_by: landmarks that tell what it does; a right eye's crop is mirrored, landmarks included.
        opening: (upper, lower) landmarks that meet when it is shut.
    """

    name: str
    kind: str
    shown_by: tuple[int, ...]
    opening: tuple[tuple[int, int], ...]


# In the order in which `region_crops` gives their places.
REGIONS: Final = (
    Region("left_eye", "eye", (*LEFT_EYE, *LEFT_IRIS), LEFT_LID_PAIRS),
    Region("right_eye", "eye", (*LEFT_EYE, *LEFT_IRIS), LEFT_LID_PAIRS),
    Region("mouth", "mouth", (*LIPS_OUTER, *LIPS_INNER), LIP_PAIRS),
)


@dataclass(frozen=True)
class LocatedRegion:
    """Where a region lies.

    Attributes:
        place: (2, 3) float32, crop pixels to units of the photo's square crop, see `region_crop`.
        landmarks: (478, 2) float32 crop pixels.
    """

    place: NDArray[np.float32]
    landmarks: NDArray[np.float32]


class WantedRegion(NamedTuple):
    """A region to draw.

    Attributes:
        region: which.
        enrolled: that region of the photo.
        landmarks: (478, 2) float32 wanted, in pixels of the frame's crop.
    """

    region: Region
    enrolled: EnrolledRegion
    landmarks: NDArray[np.float32]


@dataclass(frozen=True)
class RegionFrame:
    """What a region's network computes for a frame; the fields of `RegionLayer`.

    Attributes:
        flow: (h, w, 2) float32 crop pixels, x then y: position in the photo's crop minus position in the frame's crop.
        mask: (h, w) float32 in [0, 1]; 1 takes the photo's own moved pixels.
        painted: (h, w, 3) float32 RGB in about [0, 1].
        change: (h, w, 3) float32, what the full-size network adds to the colours.
    """

    flow: NDArray[np.float32]
    mask: NDArray[np.float32]
    painted: NDArray[np.float32]
    change: NDArray[np.float32] | None = None


class RegionNetworks:
    """The networks of eyes and mouth of a bundle that has them, loaded. Not to be called from two threads at once.

    Args:
        bundle: where they are.
        options: what they run on. With several CPU threads the regions run side by side, each in one thread: so small
            a network gains little from a second one. `region_crops`, a bit of geometry, runs on the CPU in one thread.
        workers: those threads; by default as many as `options` says.

    Raises:
        ValueError: a part is missing, does not match its manifest, or does not run on what is asked for.
        ImportError: the runtime is not installed.
    """

    def __init__(self, bundle: Bundle, options: RuntimeOptions, workers: Workers | None = None) -> None:
        self._crops = bundle.network(CROPS_PART, RuntimeOptions(options.runtime, num_threads=1))
        self._enroll = {kind: bundle.network(f"enroll_{kind}", options) for kind in KINDS}
        side_by_side = options.delegate == "cpu" and options.num_threads > 1
        alone = replace(options, num_threads=1) if side_by_side else options
        # Each region has its own, so that a runtime keeps what it was given of the photo from frame to frame.
        self._animate = {region.name: bundle.network(f"animate_{region.kind}", alone) for region in REGIONS}
        self._workers = (workers or Workers(options.num_threads)) if side_by_side else Workers()

    def locate(self, landmarks: NDArray[np.float32]) -> tuple[LocatedRegion, ...]:
        """Each of `REGIONS` from the landmarks (478, 3) of a face in units of the photo's square crop.

        Raises:
            ValueError: no pose can be fitted to the landmarks.
        """
        made = self._crops({"face_landmarks": np.ascontiguousarray(landmarks[None], np.float32)})
        places = made["places"][0].reshape(-1, 2, 3)
        if not np.isfinite(places).all():
            raise ValueError(NO_POSE)
        return tuple(
            LocatedRegion(place, made[f"{region.name}_landmarks"][0])
            for region, place in zip(REGIONS, places, strict=True)
        )

    def enroll(self, photo: PhotoOfPerson) -> tuple[EnrolledRegion, ...]:
        """What of each of `REGIONS` depends on the photo alone.

        Raises:
            ValueError: no pose can be fitted to the photo's landmarks.
        """
        located = self.locate(photo.crop.to_unit(photo.landmarks))
        return tuple(self._enrolled(photo, region, place) for region, place in zip(REGIONS, located, strict=True))

    def animate(self, wanted: Sequence[WantedRegion]) -> list[RegionFrame]:
        """A frame of each, in the order given."""
        # One region from several photos runs in a row: they share a network. The mouth first, it takes longest.
        groups = {region: [one for one in wanted if one.region is region] for region in reversed(REGIONS)}
        made = self._workers.run([partial(self._frames, group) for group in groups.values()])
        frames = {region: iter(group) for region, group in zip(groups, made, strict=True)}
        return [next(frames[one.region]) for one in wanted]

    def _frames(self, wanted: Sequence[WantedRegion]) -> list[RegionFrame]:
        return [self._frame(one) for one in wanted]

    def _frame(self, wanted: WantedRegion) -> RegionFrame:
        region, enrolled, landmarks = wanted
        target = np.ascontiguousarray(landmarks[None], np.float32)
        out = self._animate[region.name]({**enrolled.inputs, f"{region.kind}_target_landmarks": target})
        flow, mask, painted = (out[f"{region.kind}_{name}"][0] for name in ("flow", "mask", "painted"))
        change = out.get(f"{region.kind}_change")
        return RegionFrame(flow, mask[..., 0], painted, None if change is None else change[0])

    def _enrolled(self, photo: PhotoOfPerson, region: Region, located: LocatedRegion) -> EnrolledRegion:
        enroll, animate = self._enroll[region.kind], self._animate[region.name]
        height, width = enroll.input_shapes[f"{region.kind}_photo"][1:3]
        place = region_place(located.place, photo.crop)
        crop = extract_region(photo.image, place, width, height).astype(np.float32)
        border = 1 - crop_fade(width, height)[..., None]
        inputs = {
            f"{region.kind}_photo": crop[None] / np.float32(255),
            f"{region.kind}_source_landmarks": located.landmarks[None].copy(),
        }
        enrolled = animate.constant_inputs(inputs | enroll(inputs))
        return EnrolledRegion(place, located.landmarks, (crop * border).sum((0, 1)) / border.sum(), enrolled)


def load_region_networks(
    bundle: Bundle, options: RuntimeOptions, workers: Workers | None = None
) -> RegionNetworks | None:
    """The networks of eyes and mouth of a bundle; None where it has none, as those of earlier versions.

    Raises:
        ValueError: it has some of them and lacks others, or they do not run on what is asked for.
        ImportError: the runtime is not installed.
    """
    missing = [part for part in REGION_PARTS if part not in bundle.parts]
    if len(missing) == len(REGION_PARTS):
        return None
    if missing:
        raise ValueError(
            f"the bundle has networks of eyes and mouth but no part {', '.join(map(repr, missing))}; "
            "use a complete bundle"
        )
    return RegionNetworks(bundle, options, workers)
