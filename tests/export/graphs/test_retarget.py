"""Retargeting as a graph gives what the Python SDK gives, frame after frame, whatever the gains."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from monalive.faces.crop import SquareCrop, portrait_crop
from monalive.faces.expressions import load_expressions
from monalive.faces.head_pose import angles_rotation, fit_pose, rotation_angles
from monalive.motions import builtin_motions
from monalive.retargeting.pose_transfer import soft_limit as soft_limit_reference
from monalive.retargeting.retarget import Retargeter, RetargetOptions
from monalive_export.graphs.ports import Graph
from monalive_export.graphs.retarget import FILTER_SHAPES, RetargetGraph, RetargetStartGraph
from monalive_export.graphs.retarget_absolute import ABSOLUTE_FILTER_SHAPES, NO_LIMITS, RetargetAbsoluteGraph
from monalive_export.graphs.retarget_math import angles_of, atan2, fit_rotation, rotation_of, soft_limit, wrapped

GAINS = ("pose", "eyes", "lips", "brows")
CROP = SquareCrop(80.0, 60.0, 360.0)


@pytest.fixture(scope="module")
def graphs() -> tuple[RetargetStartGraph, RetargetGraph]:
    return RetargetStartGraph().eval(), RetargetGraph().eval()


@pytest.fixture(scope="module")
def portrait() -> NDArray[np.float32]:
    """Somebody with other proportions, turned a little: (478, 3) pixels."""
    face = load_expressions().face({"mouthSmileLeft": 0.2, "eyeSquintLeft": 0.3}) * [1.1, 0.95, 1.0]
    return (face @ angles_rotation(12.0, -6.0, 4.0).T * 110.0 + [255.0, 250.0, 0.0]).astype(np.float32)


def _batch(value: NDArray[np.float32]) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(value, np.float32))[None]


@torch.inference_mode()
def _play(
    graphs: tuple[RetargetStartGraph, RetargetGraph],
    portrait: NDArray[np.float32],
    driver: NDArray[np.float32],
    gains: dict[str, float],
    elapsed_ms: float,
    crop: SquareCrop = CROP,
    limits: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    start, step = graphs
    values = {
        "portrait_landmarks": _batch(portrait),
        "crop": torch.tensor([[crop.x, crop.y, crop.side]]),
        "driver_reference": _batch(driver[0]),
        "gains": torch.tensor([[gains.get(name, 1.0) for name in GAINS]]),
        **{name: torch.zeros(shape) for name, shape in FILTER_SHAPES.items()},
    }
    begun = start(*(values[port.name] for port in start.inputs))
    values |= dict(zip((port.name for port in start.outputs), begun, strict=True))
    if limits is not None:
        values["limits"] = torch.from_numpy(limits)
    return _run(step, "landmarks", values, driver, elapsed_ms)


def _run(
    step: Graph, output: str, values: dict[str, torch.Tensor], driver: NDArray[np.float32], elapsed_ms: float
) -> NDArray[np.float32]:
    """A graph over all frames, what it gives as `next_X` being its X of the next."""
    made = []
    for index, landmarks in enumerate(driver):
        values |= {
            "driver_landmarks": _batch(landmarks),
            "elapsed_ms": torch.tensor([[0.0 if index == 0 else elapsed_ms]]),
        }
        outputs = step(*(values[port.name] for port in step.inputs))
        named = dict(zip((port.name for port in step.outputs), outputs, strict=True))
        result = named.pop(output)
        made.append(result[0].numpy())
        values["landmark_filter"] = result  # of absolute motion
        values |= {name.removeprefix("next_"): value for name, value in named.items()}
    return np.stack(made)


@pytest.mark.parametrize("smooth", [True, False])
@pytest.mark.parametrize("gains", [{}, {"pose": 2.0, "eyes": 1.5, "lips": 0.5, "brows": 0.0}])
@pytest.mark.parametrize("motion", ["laugh", "look_around"])
def test_it_equals_the_sdk(
    graphs: tuple[RetargetStartGraph, RetargetGraph],
    portrait: NDArray[np.float32],
    motion: str,
    gains: dict[str, float],
    smooth: bool,
) -> None:
    clip = builtin_motions.load(motion)
    noise = np.random.default_rng(0).normal(0, 0.4, clip.landmarks[:40].shape)
    driver = (clip.landmarks[:40] + noise).astype(np.float32)
    sdk = Retargeter(portrait, CROP, RetargetOptions(smooth=smooth, gains=gains))
    sdk.start(driver[0], clip.image_size)
    wanted = np.stack([sdk.step(landmarks, index * 40.0) for index, landmarks in enumerate(driver)])
    made = _play(graphs, portrait, driver, gains, 40.0 if smooth else 0.0)
    assert np.abs(wanted - wanted[0]).max() > 0.01  # the motion is one
    assert np.abs(made - wanted).max() < 2e-5


@pytest.mark.parametrize("smooth", [True, False])
@pytest.mark.parametrize("gains", [{}, {"pose": 1.0, "eyes": 1.5, "lips": 0.5, "brows": 0.0}])
@torch.inference_mode()
def test_absolute_motion_equals_the_sdk(
    graphs: tuple[RetargetStartGraph, RetargetGraph],
    portrait: NDArray[np.float32],
    gains: dict[str, float],
    smooth: bool,
) -> None:
    clip = builtin_motions.load("talk")
    noise = np.random.default_rng(0).normal(0, 0.4, clip.landmarks[:40].shape)
    driver = (clip.landmarks[:40] + noise).astype(np.float32)
    sdk = Retargeter(portrait, CROP, RetargetOptions(absolute=True, smooth=smooth, gains=gains))
    sdk.start(driver[0], clip.image_size)
    wanted = np.stack([sdk.step(landmarks, index * 40.0) for index, landmarks in enumerate(driver)])
    crop = portrait_crop(driver[0], *clip.image_size)
    elapsed_ms = 40.0 if smooth else 0.0
    if gains:
        made = _play(graphs, driver[0], driver, gains, elapsed_ms, crop, NO_LIMITS)
    else:
        values = {name: torch.zeros(shape) for name, shape in ABSOLUTE_FILTER_SHAPES.items()}
        values["driver_crop"] = torch.tensor([[crop.x, crop.y, crop.side]])
        made = _run(RetargetAbsoluteGraph().eval(), "absolute_landmarks", values, driver, elapsed_ms)
    assert np.abs(wanted - wanted[0]).max() > 0.01
    assert np.abs(made - wanted).max() < 2e-5


def test_a_driver_at_rest_leaves_the_portrait_where_it_is(
    graphs: tuple[RetargetStartGraph, RetargetGraph], portrait: NDArray[np.float32]
) -> None:
    driver = np.repeat(builtin_motions.load("idle").landmarks[:1], 3, 0)
    assert np.abs(_play(graphs, portrait, driver, {}, 40.0) - CROP.to_unit(portrait)).max() < 2e-6


@pytest.mark.parametrize("angles", [(0, 0, 0), (40, -30, 20), (-60, 10, 170), (5, 80, -120)])
def test_the_fitted_rotation_is_that_of_the_svd(angles: tuple[float, float, float]) -> None:
    template = load_expressions().mean_face
    random = np.random.default_rng(1)
    points = template @ angles_rotation(*angles).T * 87.0 + random.normal(0, 1.0, template.shape)
    wanted = fit_pose(points, template, tuple(range(478)))
    centred, model = ((x - x.mean(0)).astype(np.float32) for x in (points, template))
    rotation, scale = fit_rotation(_batch(centred), _batch(model))
    np.testing.assert_allclose(rotation[0].numpy(), wanted.rotation, atol=2e-6)
    np.testing.assert_allclose(scale.item(), wanted.scale, rtol=1e-6)
    turned = angles_of(rotation)[0, :, 0].numpy()
    np.testing.assert_allclose(np.rad2deg(turned), rotation_angles(wanted.rotation), atol=2e-4)
    np.testing.assert_allclose(rotation_of(angles_of(rotation))[0].numpy(), rotation[0].numpy(), atol=2e-6)


def test_plain_operations_equal_their_functions() -> None:
    grid = torch.linspace(-3, 3, 61)
    y, x = torch.meshgrid(grid, grid, indexing="ij")
    away = (x.abs() + y.abs()) > 0
    difference = (atan2(y, x) - torch.atan2(y, x)).abs()
    assert difference[away & ~((x < 0) & (y == 0))].max() < 1e-6
    angles = torch.linspace(-9, 9, 101)
    assert torch.allclose(torch.sin(wrapped(angles)), torch.sin(angles), atol=1e-5)
    assert wrapped(angles).abs().max() <= np.pi + 1e-6
    low, high = torch.full_like(grid, -0.7), torch.full_like(grid, 1.9)
    np.testing.assert_allclose(soft_limit(grid, low, high).numpy(), soft_limit_reference(grid, -0.7, 1.9), atol=1e-6)
