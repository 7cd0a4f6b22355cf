"""The networks of eyes and mouth get the photo's crops and landmarks, and keep what does not change."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from region_stand_ins import SIZES, BundleOfStandIns, bundle_of_stand_ins

from monalive.bundle import Bundle
from monalive.faces.crop import SquareCrop
from monalive.faces.expressions import load_expressions
from monalive.faces.region_crop import extract_region
from monalive.media.image_io import load_image
from monalive.networks.runtimes import RuntimeOptions
from monalive.player.bundle_networks import BundleNetworks
from monalive.player.region_networks import (
    REGION_PARTS,
    REGIONS,
    RegionNetworks,
    WantedRegion,
    load_region_networks,
)
from monalive.portrait import PhotoOfPerson

SAMPLE = Path(str(resources.files("monalive").joinpath("assets", "sample_portrait.jpg")))
CROP = SquareCrop(20.5, -10.0, 700.0)


@pytest.fixture
def photo() -> PhotoOfPerson:
    landmarks = load_expressions().mean_face * 300 + [380, 350, 0]
    return PhotoOfPerson(load_image(SAMPLE), landmarks.astype(np.float32), CROP)


@pytest.fixture
def bundle() -> BundleOfStandIns:
    return bundle_of_stand_ins()


@pytest.fixture
def networks(bundle: BundleOfStandIns) -> RegionNetworks:
    return RegionNetworks(bundle, RuntimeOptions(num_threads=1))


def test_a_bundle_without_them_has_none() -> None:
    packaged = Bundle.load()
    rest = {name: content for name, content in packaged.parts.items() if name not in REGION_PARTS}
    assert load_region_networks(Bundle(packaged.manifest, rest, ""), RuntimeOptions()) is None


@pytest.mark.parametrize("missing", REGION_PARTS)
def test_a_bundle_with_some_of_them_is_refused(missing: str) -> None:
    whole = bundle_of_stand_ins()
    parts = {name: content for name, content in whole.parts.items() if name != missing}
    with pytest.raises(ValueError, match=f"no part '{missing}'; use a complete bundle"):
        BundleNetworks(Bundle(whole.manifest, parts, ""))


def test_crops_are_the_photos_pixels_at_their_places(
    networks: RegionNetworks, bundle: BundleOfStandIns, photo: PhotoOfPerson
) -> None:
    enrolled = networks.enroll(photo)
    given = [*bundle.opened["enroll_eye"].calls, *bundle.opened["enroll_mouth"].calls]
    for region, one, inputs in zip(REGIONS, enrolled, given, strict=True):
        crop = extract_region(photo.image, one.place, *SIZES[region.kind])
        np.testing.assert_allclose(inputs[f"{region.kind}_photo"][0] * 255, crop, atol=1e-4)
        np.testing.assert_array_equal(inputs[f"{region.kind}_source_landmarks"][0], one.landmarks)
        seen = photo.landmarks[:, :2] if region.name != "right_eye" else photo.landmarks[load_expressions().mirror, :2]
        places = np.column_stack([one.landmarks, np.ones(478)]) @ one.place.T
        assert np.abs(places - seen).max() < 0.05


def test_the_border_colour_is_that_of_the_edges(networks: RegionNetworks) -> None:
    landmarks = (load_expressions().mean_face * 300 + [380, 350, 0]).astype(np.float32)
    image = np.full((768, 768, 3), (200, 150, 120), np.uint8)
    plain = PhotoOfPerson(image.copy(), landmarks, CROP)
    before = networks.enroll(plain)[2]
    x, y = (before.place @ [SIZES["mouth"][0] / 2, SIZES["mouth"][1] / 2, 1]).astype(int)
    image[y - 20 : y + 20, x - 40 : x + 40] = 0  # a dark mouth
    after = networks.enroll(PhotoOfPerson(image, landmarks, CROP))[2]
    assert before.border_colour == pytest.approx(np.array([200, 150, 120]), abs=0.01)
    assert after.border_colour == pytest.approx(before.border_colour, abs=0.5)


def test_what_a_photo_gives_is_kept_from_frame_to_frame(
    networks: RegionNetworks, bundle: BundleOfStandIns, photo: PhotoOfPerson
) -> None:
    enrolled = networks.enroll(photo)
    wanted = networks.locate(photo.crop.to_unit(photo.landmarks))
    for region, one, located in zip(REGIONS, enrolled, wanted, strict=True):
        (frame,) = networks.animate([WantedRegion(region, one, located.landmarks)])
        width, height = SIZES[region.kind]
        assert frame.flow.shape == (height, width, 2) and frame.mask.shape == (height, width)
        assert frame.painted.shape == (height, width, 3)
        inputs = bundle.opened[f"animate_{region.kind}"].calls[-1]
        assert set(inputs) == {f"{region.kind}_{name}" for name in ("source_landmarks", "features", "target_landmarks")}
        for name, value in one.inputs.items():
            assert inputs[name] is value and not value.flags.writeable and value.base is None


def test_side_by_side_they_make_the_same_frames_in_the_same_order(photo: PhotoOfPerson) -> None:
    made = []
    for threads in (1, 3):
        networks = RegionNetworks(Bundle.load(), RuntimeOptions(num_threads=threads))
        enrolled = networks.enroll(photo)
        face = photo.crop.to_unit(photo.landmarks)
        wanted = []
        for step in range(3):  # as from several photos: each region more than once
            moved = face + np.float32(0.01 * step) * np.array([0, 1, 0], np.float32) * (np.arange(478) % 2)[:, None]
            located = networks.locate(moved.astype(np.float32))
            wanted += [
                WantedRegion(*one) for one in zip(REGIONS, enrolled, (x.landmarks for x in located), strict=True)
            ]
        made.append(networks.animate(wanted))
    assert len(made[0]) == len(made[1]) == 9
    for one, other in zip(*made, strict=True):
        assert one.painted == pytest.approx(other.painted, abs=1e-5) and one.flow == pytest.approx(other.flow, abs=1e-4)
    assert not np.allclose(made[0][2].painted, made[0][5].painted, atol=1e-3)


def test_a_face_without_a_pose_is_refused(networks: RegionNetworks, monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = {"places": np.full((1, 3, 6), np.nan, np.float32)}
    monkeypatch.setattr(networks, "_crops", lambda inputs: nowhere)
    with pytest.raises(ValueError, match="no pose can be fitted"):
        networks.locate(np.zeros((478, 3), np.float32))
