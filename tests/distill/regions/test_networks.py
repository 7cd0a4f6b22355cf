"""Drawings, movement and networks of eyes and mouth."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from monalive.faces.landmarks import LEFT_EYE_CORNERS, LEFT_IRIS, LEFT_LID_PAIRS
from monalive_distill.regions.drawing import read_at
from monalive_distill.regions.inner_mouth import CHIN, InnerTextures, place, shifts
from monalive_distill.regions.networks import RegionNetwork
from monalive_distill.regions.regions import EYE, MOUTH, Region
from monalive_distill.regions.samples import cut, load_regions

STILL = (torch.zeros(1, 2), torch.zeros(1, 2))


@pytest.fixture(scope="module")
def eye(region_cache: Path) -> tuple[torch.Tensor, torch.Tensor]:
    picture, points = cut(load_regions(EYE, region_cache)[0], 0, EYE)
    return torch.from_numpy(picture).permute(2, 0, 1)[None], torch.from_numpy(points)[None]


def test_a_drawing_tells_where_lids_and_iris_are(eye: tuple[torch.Tensor, torch.Tensor]) -> None:
    _, points = eye
    drawing = EYE.draw(points)
    assert drawing.shape == (1, 5, 80, 64) and drawing.min() >= 0 and drawing.max() <= 1.5
    x, y = points[0, 386].floor().long().tolist()  # upper lid
    assert drawing[0, 0, y, x] > 0.5 and drawing[0, 0, y - 8, x] < 0.01
    disc = drawing[0, 3].flatten().argmax().item()
    assert np.array([disc % 64 + 0.5, disc // 64 + 0.5]) == pytest.approx(points[0, 473].numpy(), abs=0.8)
    shut = points.clone()
    for upper, lower in ((466, 249), (388, 390), (387, 373), (386, 374), (385, 380), (384, 381), (398, 382)):
        shut[:, upper] = shut[:, lower]
    assert EYE.draw(shut)[0, 1].sum() < 0.05 * drawing[0, 1].sum()


def test_the_flow_carries_landmarks_to_where_they_are_wanted(eye: tuple[torch.Tensor, torch.Tensor]) -> None:
    photo, source = eye
    assert EYE.flow(source, source).abs().max() == 0
    target = source + torch.tensor([3.0, -2.0])
    flow = EYE.flow(source, target)
    x, y = target[0, LEFT_IRIS[0]].floor().long().tolist()
    assert flow[0, :, y, x].numpy() == pytest.approx([-3, 2], abs=0.25)
    moved = read_at(photo, flow)
    assert (moved[:, :, 26:38, 26:38] - photo[:, :, 28:40, 23:35]).abs().mean() < 0.02


def test_an_iris_goes_all_the_way_and_the_lids_stay(eye: tuple[torch.Tensor, torch.Tensor]) -> None:
    _, source = eye
    target = source.clone()
    target[:, list(LEFT_IRIS)] += torch.tensor([4.0, 0.0])
    flow = EYE.flow(source, target)[0]
    x, y = target[0, LEFT_IRIS[0]].floor().long().tolist()
    assert flow[:, y - 1 : y + 2, x - 2 : x + 3].mean((1, 2)).numpy() == pytest.approx([-4, 0], abs=0.4)
    for index in (*LEFT_EYE_CORNERS, 282):
        x, y = target[0, index].floor().long().tolist()
        assert flow[:, y, x].abs().max() < 1.0


def test_nothing_of_a_shut_eye_is_left_between_its_lids(eye: tuple[torch.Tensor, torch.Tensor]) -> None:
    _, source = eye
    upper, lower = (list(edge) for edge in zip(*LEFT_LID_PAIRS, strict=True))
    corners = list(LEFT_EYE_CORNERS)
    outline = source[0][[corners[0], *upper, corners[1], *lower[::-1]]].round().int().numpy()
    white = np.zeros((80, 64, 3), np.float32)
    cv2.fillConvexPoly(white, cv2.convexHull(outline), (1.0, 1.0, 1.0))
    shut = source.clone()
    shut[:, upper] = shut[:, lower] = 0.2 * source[:, upper] + 0.8 * source[:, lower]
    picture = torch.from_numpy(white).permute(2, 0, 1)[None]
    flow = EYE.flow(source, shut)
    seen = read_at(picture, flow)[0, 0]
    assert picture[0, 0].sum() > 150
    line = shut[0, upper, 1]
    columns = shut[0, upper, 0].round().long()
    for x, y in zip(columns.tolist(), line.tolist(), strict=True):
        rows = torch.arange(80) + 0.5
        assert seen[(rows - y).abs() > 2.0, x].max() < 0.35  # white is left on the line alone, if at all
    brow = source[0, 282].long()
    assert flow[0, :, brow[1], brow[0]].abs().max() < 1.5  # the brow stays


@pytest.mark.parametrize(("region", "least", "most"), [(EYE, 30, 160), (MOUTH, 30, 450)])
def test_networks_are_small_and_hold_only_what_phones_run(region: Region, least: float, most: float) -> None:
    network = RegionNetwork(region.sizes).eval()
    width, height = region.shape[:2]
    photo, drawing, flow = (torch.rand(1, c, height, width) for c in (3, region.sizes.drawing, 2))
    with torch.no_grad():
        enrolled = network.enroll(photo, drawing)
        with FlopCounterMode(display=False) as counter:
            result = network.animate(enrolled, drawing, drawing, flow, STILL)
    assert least < counter.get_total_flops() / 2e6 < most
    assert result.image.shape == (1, 3, height, width) and result.mask.shape == (1, 1, height, width)
    plain = {nn.Conv2d, nn.BatchNorm2d, nn.ReLU}
    assert {type(m) for m in network.modules() if not list(m.children())} == plain


def test_colours_follow_the_photo() -> None:
    """A picture twice as bright, asked for the same, comes out twice as bright but for what the style makes of it."""
    torch.manual_seed(0)
    network = RegionNetwork(EYE.sizes).eval()
    photo, drawing = torch.rand(1, 3, 64, 64) * 0.4 + 0.05, torch.rand(1, 5, 64, 64)
    flow = torch.zeros(1, 2, 64, 64)
    with torch.no_grad():
        dark, light = (
            network.animate(network.enroll(x, drawing), drawing, drawing, flow, STILL).painted
            for x in (photo, photo * 2)
        )
    assert (light - dark * 2).abs().mean() < 0.1 * light.abs().mean()


def test_teeth_move_with_skull_and_jaw() -> None:
    empty = torch.zeros(1, 4, 96, 128)
    empty[:, 3] = -30
    upper, lower = empty.clone(), empty.clone()
    upper[:, :, 40:46, 40:88] = 30
    lower[:, :, 46:52, 40:88] = 30
    textures = InnerTextures(upper, lower, torch.full((1, 3, 1, 1), -2.0))
    jaw_dropped = place(textures, torch.zeros(1, 2), torch.tensor([[0.0, 10.0]]))[0, 0]
    rows = (jaw_dropped[:, 64] > 0).nonzero()[:, 0].tolist()
    assert rows == [*range(40, 46), *range(56, 62)]
    assert jaw_dropped[50, 64] == pytest.approx(-2, abs=1e-3)
    points = torch.rand(1, 478, 2)
    opened = points.clone()
    opened[:, list(CHIN), 1] += 5
    skull, jaw = shifts(points, opened)
    assert skull.abs().max() == 0 and jaw[0].tolist() == pytest.approx([0, 5], abs=1e-5)
