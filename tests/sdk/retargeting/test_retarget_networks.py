"""The bundle's retargeting graphs give what NumPy gives; a bundle without them borrows the packaged ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from retargeting_oracle.mean_face import as_mean_face
from retargeting_oracle.oracle_retargeter import OracleRetargeter

from monalive.bundle import Bundle, write_bundle
from monalive.faces.crop import SquareCrop
from monalive.faces.expressions import load_expressions
from monalive.faces.head_pose import angles_rotation
from monalive.motions import builtin_motions
from monalive.retargeting.retarget import Retargeter, RetargetOptions
from monalive.retargeting.retarget_networks import ABSOLUTE_PART, RETARGET_PARTS, START_PART, RetargetNetworks

CROP = SquareCrop(80.0, 60.0, 360.0)
IN_PARTS = {"pose": 0.5, "eyes": 1.5, "lips": 2.0, "brows": 0.0}


@pytest.fixture(scope="module")
def networks() -> RetargetNetworks:
    return RetargetNetworks()


@pytest.fixture(scope="module")
def portrait() -> NDArray[np.float32]:
    """Somebody with other proportions, turned a little: (478, 3) pixels."""
    face = load_expressions().face({"mouthSmileLeft": 0.2, "eyeSquintLeft": 0.3}) * [1.1, 0.95, 1.0]
    return (face @ angles_rotation(12.0, -6.0, 4.0).T * 110.0 + [255.0, 250.0, 0.0]).astype(np.float32)


@pytest.mark.parametrize("smooth", [True, False])
@pytest.mark.parametrize("gains", [{}, IN_PARTS])
@pytest.mark.parametrize("absolute", [False, True])
def test_they_equal_the_oracle(
    networks: RetargetNetworks, portrait: NDArray[np.float32], absolute: bool, gains: dict[str, float], smooth: bool
) -> None:
    clip = builtin_motions.load("laugh")
    noise = np.random.default_rng(0).normal(0, 0.4, clip.landmarks[:40].shape)
    driver = (clip.landmarks[:40] + noise).astype(np.float32)
    options = RetargetOptions(absolute=absolute, smooth=smooth, gains=gains)
    results = []
    for retargeter in (
        Retargeter(portrait, CROP, options, networks=networks),
        OracleRetargeter(portrait, CROP, options),
    ):
        retargeter.start(driver[0], clip.image_size)
        results.append(np.stack([retargeter.step(frame, index * 40.0) for index, frame in enumerate(driver)]))
    made, wanted = results
    assert made.dtype == np.float32
    assert np.abs(wanted - wanted[0]).max() > 0.01  # the motion is one
    assert np.abs(made - wanted).max() < 2e-5


def test_the_mean_face_equals_the_oracle(networks: RetargetNetworks, portrait: NDArray[np.float32]) -> None:
    scores = np.random.default_rng(0).random(52).astype(np.float32)
    for made, wanted in zip(networks.as_mean_face(portrait, scores), as_mean_face(portrait, scores), strict=True):
        assert made.dtype == np.float32 and np.abs(made - wanted).max() < 2e-3  # pixels
    with pytest.raises(ValueError, match=r"'blendshapes' of shape \(1, 52\), got \(1, 51\)"):
        networks.as_mean_face(portrait, scores[:51])
    with pytest.raises(ValueError, match="coincide"):
        networks.as_mean_face(np.zeros((478, 3), np.float32), scores)


def test_portraits_share_networks_and_do_not_disturb_each_other(
    networks: RetargetNetworks, portrait: NDArray[np.float32]
) -> None:
    drivers = [builtin_motions.load(name).landmarks[:20] for name in ("laugh", "nod")]
    alone = []
    for driver in drivers:
        retargeter = Retargeter(portrait, CROP, networks=networks)
        retargeter.start(driver[0], (512, 512))
        alone.append([retargeter.step(frame, index * 40.0) for index, frame in enumerate(driver)])
    both = [Retargeter(portrait, CROP, networks=networks) for _ in drivers]
    for retargeter, driver in zip(both, drivers, strict=True):
        retargeter.start(driver[0], (512, 512))
    for index, frames in enumerate(zip(*drivers, strict=True)):
        for number, (retargeter, frame) in enumerate(zip(both, frames, strict=True)):
            assert np.array_equal(retargeter.step(frame, index * 40.0), alone[number][index])


def test_a_face_in_one_point_is_refused_and_the_next_frame_works(
    networks: RetargetNetworks, portrait: NDArray[np.float32]
) -> None:
    motion = builtin_motions.load("smile").landmarks[::10]
    results = []
    for broken in (False, True):
        retargeter = Retargeter(portrait, CROP, networks=networks)
        retargeter.start(motion[0], (512, 512))
        retargeter.step(motion[1], 0.0)
        if broken:
            with pytest.raises(ValueError, match="coincide"):
                retargeter.step(np.zeros((478, 3)), 10.0)
            with pytest.raises(ValueError, match="increase"):
                retargeter.step(motion[2], 0.0)
        results.append(retargeter.step(motion[2], 40.0))
    undisturbed, after_refusals = results
    assert np.array_equal(undisturbed, after_refusals)


def _without(path: Path, *left_out: str) -> Bundle:
    """The packaged bundle without some parts, as bundles of earlier versions are."""
    packaged = Bundle.load()
    parts = {name: content for name, content in packaged.parts.items() if name not in left_out}
    entries = {name: packaged.part_manifest(name) for name in parts}
    write_bundle(path, {**packaged.manifest, "parts": entries}, parts)
    return Bundle.load(path)


@pytest.mark.parametrize("left_out", [RETARGET_PARTS, (ABSOLUTE_PART, "image_mode")])
def test_a_bundle_of_earlier_versions_takes_the_packaged_graphs(
    tmp_path: Path, portrait: NDArray[np.float32], left_out: tuple[str, ...]
) -> None:
    borrowed = RetargetNetworks(_without(tmp_path / "older.bundle", *left_out), "onnxruntime")
    scores = np.full(52, 0.1, np.float32)
    made, wanted = (networks.as_mean_face(portrait, scores)[1] for networks in (borrowed, RetargetNetworks()))
    assert np.array_equal(made, wanted)
    retargeter = Retargeter(portrait, CROP, RetargetOptions(absolute=True), networks=borrowed)
    retargeter.start(portrait, (512, 512))
    assert retargeter.step(portrait, 0.0).shape == (478, 3)


def test_a_bundles_own_graphs_are_taken(tmp_path: Path, portrait: NDArray[np.float32]) -> None:
    """Even where they cannot be used: then the error says which part."""
    packaged = Bundle.load()
    write_bundle(tmp_path / "own.bundle", packaged.manifest, {**packaged.parts, START_PART: b"nothing"})
    retargeter = Retargeter(portrait, CROP, networks=RetargetNetworks(Bundle.load(tmp_path / "own.bundle")))
    with pytest.raises(ValueError, match="the bundle's part 'retarget_start' holds a network that LiteRT cannot load"):
        retargeter.start(portrait, (512, 512))
