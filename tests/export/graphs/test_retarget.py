"""Retargeting as a graph gives what NumPy gives, frame after frame, whatever the gains."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from retargeting_oracle.mean_face import as_mean_face
from retargeting_oracle.oracle_retargeter import OracleRetargeter
from retargeting_oracle.pose_transfer import PoseLimits
from retargeting_oracle.pose_transfer import soft_limit as soft_limit_reference

from monalive.faces.crop import SquareCrop, portrait_crop
from monalive.faces.expressions import load_expressions
from monalive.faces.head_pose import angles_rotation, fit_pose, rotation_angles
from monalive.faces.landmarks import POSE_POINTS
from monalive.motions import builtin_motions
from monalive.retargeting.retarget import NO_LIMITS, RetargetOptions
from monalive_export.checks.parity import torch_run
from monalive_export.graphs.image_mode import ImageModeGraph
from monalive_export.graphs.ports import Graph
from monalive_export.graphs.retarget import FILTER_SHAPES, RetargetGraph, RetargetStartGraph
from monalive_export.graphs.retarget_absolute import ABSOLUTE_FILTER_SHAPES, RetargetAbsoluteGraph
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
    return _run(step, values, driver, elapsed_ms)


def _run(
    step: Graph, values: dict[str, torch.Tensor], driver: NDArray[np.float32], elapsed_ms: float
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
        made.append(named.pop("landmarks")[0].numpy())
        values |= {name.removeprefix("next_"): value for name, value in named.items()}
    return np.stack(made)


@pytest.mark.parametrize("smooth", [True, False])
@pytest.mark.parametrize("gains", [{}, {"pose": 2.0, "eyes": 1.5, "lips": 0.5, "brows": 0.0}])
@pytest.mark.parametrize("motion", ["laugh", "look_around"])
def test_it_equals_the_oracle(
    graphs: tuple[RetargetStartGraph, RetargetGraph],
    portrait: NDArray[np.float32],
    motion: str,
    gains: dict[str, float],
    smooth: bool,
) -> None:
    clip = builtin_motions.load(motion)
    noise = np.random.default_rng(0).normal(0, 0.4, clip.landmarks[:40].shape)
    driver = (clip.landmarks[:40] + noise).astype(np.float32)
    oracle = OracleRetargeter(portrait, CROP, RetargetOptions(smooth=smooth, gains=gains))
    oracle.start(driver[0], clip.image_size)
    wanted = np.stack([oracle.step(landmarks, index * 40.0) for index, landmarks in enumerate(driver)])
    made = _play(graphs, portrait, driver, gains, 40.0 if smooth else 0.0)
    assert np.abs(wanted - wanted[0]).max() > 0.01  # the motion is one
    assert np.abs(made - wanted).max() < 2e-5


@pytest.mark.parametrize(("portrait_roll", "driver_roll"), [(90.0, 0.0), (180.0, 20.0), (-75.0, 90.0)])
def test_it_equals_the_oracle_with_heads_that_lie(
    graphs: tuple[RetargetStartGraph, RetargetGraph],
    portrait: NDArray[np.float32],
    portrait_roll: float,
    driver_roll: float,
) -> None:
    nod = builtin_motions.load("nod").landmarks[:30]
    lying, driver = (
        ((face - 250) @ angles_rotation(0.0, 0.0, roll).T + 250).astype(np.float32)
        for face, roll in ((portrait, portrait_roll), (nod, driver_roll))
    )
    oracle = OracleRetargeter(lying, CROP)
    oracle.start(driver[0], (512, 512))
    wanted = np.stack([oracle.step(landmarks, index * 40.0) for index, landmarks in enumerate(driver)])
    made = _play(graphs, lying, driver, {}, 40.0)
    assert np.abs(wanted - wanted[0]).max() > 0.01  # the motion is one
    assert np.abs(made - wanted).max() < 2e-5


@pytest.mark.parametrize("smooth", [True, False])
@pytest.mark.parametrize("gains", [{}, {"pose": 1.0, "eyes": 1.5, "lips": 0.5, "brows": 0.0}])
@torch.inference_mode()
def test_absolute_motion_equals_the_oracle(
    graphs: tuple[RetargetStartGraph, RetargetGraph],
    portrait: NDArray[np.float32],
    gains: dict[str, float],
    smooth: bool,
) -> None:
    clip = builtin_motions.load("talk")
    noise = np.random.default_rng(0).normal(0, 0.4, clip.landmarks[:40].shape)
    driver = (clip.landmarks[:40] + noise).astype(np.float32)
    oracle = OracleRetargeter(portrait, CROP, RetargetOptions(absolute=True, smooth=smooth, gains=gains))
    oracle.start(driver[0], clip.image_size)
    wanted = np.stack([oracle.step(landmarks, index * 40.0) for index, landmarks in enumerate(driver)])
    crop = portrait_crop(driver[0], *clip.image_size)
    elapsed_ms = 40.0 if smooth else 0.0
    if gains:
        made = _play(graphs, driver[0], driver, gains, elapsed_ms, crop, NO_LIMITS)
    else:
        values = {name: torch.zeros(shape) for name, shape in ABSOLUTE_FILTER_SHAPES.items()}
        values["driver_crop"] = torch.tensor([[crop.x, crop.y, crop.side]])
        made = _run(RetargetAbsoluteGraph().eval(), values, driver, elapsed_ms)
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


@pytest.mark.parametrize("seed", range(4))
def test_the_mean_face_equals_the_oracle(portrait: NDArray[np.float32], seed: int) -> None:
    """Scores from none to all; lids and lips that would cross, eyes that look both ways."""
    random = np.random.default_rng(seed)
    scores = (random.random(52) ** seed if seed else np.zeros(52)).astype(np.float32)
    made = torch_run(ImageModeGraph().eval())({"driver_landmarks": portrait[None], "blendshapes": scores[None]})
    for name, wanted in zip(
        ("mean_face_reference", "mean_face_landmarks"), as_mean_face(portrait, scores), strict=True
    ):
        assert np.abs(made[name][0] - wanted).max() < 2e-4  # pixels


def test_soft_limit() -> None:
    values = torch.linspace(-50, 50, 2001)
    limited = soft_limit(values, torch.tensor(-10.0), torch.tensor(20.0)).double().numpy()
    assert np.all((limited > -10.0001) & (limited < 20.0001)) and np.all(np.diff(limited) >= 0)
    near = ((values > -5) & (values < 10)).numpy()
    assert np.allclose(limited[near], values[near])
    assert np.abs(np.diff(limited, 2)).max() < 0.002  # no corner anywhere
    nothing = torch.tensor(0.0)
    assert soft_limit(torch.tensor(3.0), nothing, nothing).item() == pytest.approx(0.0, abs=1e-8)


def test_limits_leave_room_for_the_way_back() -> None:
    face = load_expressions().mean_face * [1.0, 1.05, 1.0]
    turned = (face @ angles_rotation(-30.0, 5.0, -4.0).T * 130.0 + [256.0, 236.0, 0.0]).astype(np.float32)
    inputs = {
        "portrait_landmarks": turned[None],
        "crop": np.array([[0.0, 0.0, 512.0]], np.float32),
        "driver_reference": turned[None],
        "gains": np.ones((1, 4), np.float32),
    }
    low, high = torch_run(RetargetStartGraph().eval())(inputs)["limits"][0]  # radians (3), growth, pixels (2)
    assert high[0] > 2 * -low[0] > 0
    assert (low[4:] <= 0).all() and (high[4:] >= 0).all()
    pose = fit_pose(turned, load_expressions().mean_face, POSE_POINTS)
    wanted = PoseLimits.for_portrait(pose, turned.astype(np.float64), (0, 0), (512, 512))
    np.testing.assert_allclose(np.rad2deg(low[:3]), wanted.low_angles, atol=1e-3)
    np.testing.assert_allclose(np.rad2deg(high[:3]), wanted.high_angles, atol=1e-3)
    np.testing.assert_allclose(low[4:], wanted.low_shift, atol=1e-3)
    np.testing.assert_allclose(high[4:], wanted.high_shift, atol=1e-3)
