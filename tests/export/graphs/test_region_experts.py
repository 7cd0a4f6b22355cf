"""The graphs of a full-size expert compute what the expert computes of one photo."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from monalive import PhotoAnimator, PhotoAnimatorOptions
from monalive.bundle import Bundle
from monalive.media.image_io import load_image
from monalive.packaged_assets import sample_portrait_path, sample_portrait_paths
from monalive_distill.few_shot.regions.candidates import CropMover
from monalive_distill.few_shot.regions.network import ExpertSizes, RegionExpert
from monalive_distill.regions.regions import REGIONS
from monalive_export.checks.frames import packaged_frames
from monalive_export.export import ExportOptions, export_model
from monalive_export.graphs.pipelines import ExportModel
from monalive_export.graphs.region_experts import (
    ExpertPictureGraph,
    doubled,
    expert_graphs,
    narrowed,
    read_doubled,
)
from monalive_export.targets.registry import load_target


def expert_of(name: str) -> tuple[CropMover, RegionExpert]:
    """The lightweight networks that ship, and a small expert that is not at its start."""
    torch.manual_seed(0)
    region = REGIONS[name]
    expert = RegionExpert(region.sizes.drawing, ExpertSizes(8, 12, 16, 24, 1)).eval()
    with torch.no_grad():
        for parameter in expert.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.02)
        expert.generator.head.weight.mul_(10)
    return CropMover(region), expert


@pytest.mark.parametrize("name", ["eye", "mouth"])
def test_the_graphs_are_the_expert(name: str) -> None:
    mover, expert = expert_of(name)
    given = {key: torch.from_numpy(v) for key, v in packaged_frames(2, 256)[1].inputs.items() if key.startswith(name)}
    photo, source, target = (given[f"{name}_{part}"] for part in ("photo", "source_landmarks", "target_landmarks"))
    graphs = expert_graphs(mover.region, mover, expert)
    enroll, animate = graphs[f"enroll_{name}"], graphs[f"animate_{name}"]
    picture = ExpertPictureGraph(mover.region)
    with torch.no_grad():
        values = dict(given)
        for graph in (enroll, animate, picture):
            made = graph(**{port.name: values[port.name] for port in graph.inputs})
            values |= zip((port.name for port in graph.outputs), made, strict=True)
        candidates = mover(photo.permute(0, 3, 1, 2).unsqueeze(1), source.unsqueeze(1), target)
        wanted = expert(candidates)
        without = wanted.chosen.clamp(0, 1).permute(0, 2, 3, 1)
    image = values[f"{name}_image"]
    error = (image - wanted.image.clamp(0, 1).permute(0, 2, 3, 1)).abs()
    assert (image - without).abs().mean() > 10 * error.mean()  # the expert has a say
    # The expert reads the photo by a cubic, its graph reads a doubled photo linearly.
    assert error.mean() < 0.002 and error.max() < 0.06
    assert values[f"{name}_change"].shape == image.shape


def test_an_exported_expert_draws_the_mouth_and_nothing_else(tmp_path: Path) -> None:
    mover, expert = expert_of("mouth")
    graphs = expert_graphs(mover.region, mover, expert)
    model = ExportModel("expert", 256, graphs, None, (ExpertPictureGraph(mover.region),))
    export_model(model, ExportOptions(tmp_path, [load_target("litert")], ["fp32"], "9.9", "Apache-2.0"))
    shipped = Bundle.load()
    photo, driver = (load_image(path) for path in (sample_portrait_path(), sample_portrait_paths()[1]))
    frames = []
    for bundle in (shipped, shipped.with_parts(Bundle.load(tmp_path / "litert.bundle"))):
        with PhotoAnimator.create_from_options(PhotoAnimatorOptions(bundle=bundle)) as animator:
            portrait = animator.enroll(photo, consent="artwork")
            frames.append(animator.animate(portrait, driver).image.astype(int))
    difference = np.abs(frames[1] - frames[0]).max(-1)
    x, y = portrait.landmarks[[13, 14], :2].mean(0).astype(int)
    eyes = int(portrait.landmarks[[33, 263], 1].max())
    assert difference[y - 10 : y + 10, x - 10 : x + 10].mean() > 2
    assert not difference[:eyes].any()


def test_fewer_kinds_of_people_come_near() -> None:
    layer = torch.nn.Linear(24, 60)
    x = torch.randn(5, 24)
    with torch.no_grad():
        for rank, most in ((24, 1e-5), (16, 0.4)):
            narrow, wide, bias = narrowed(layer, rank)
            assert narrow.shape == (24, rank) and wide.shape == (rank, 60)
            assert (x @ narrow @ wide + bias - layer(x)).abs().mean() < most


def test_a_doubled_photo_keeps_the_photos_own_pixels() -> None:
    photo = torch.rand(1, 3, 12, 16)
    fine = doubled(photo)
    assert torch.equal(fine[..., ::2, ::2], photo)
    still = read_doubled(fine, torch.zeros(1, 2, 12, 16))
    assert torch.allclose(still, photo, atol=1e-6)
    moved = read_doubled(fine, torch.tensor([2.0, -1.0]).view(1, 2, 1, 1).expand(1, 2, 12, 16))
    assert torch.allclose(moved[..., 1:, :-2], photo[..., :-1, 2:], atol=1e-6)
    between = read_doubled(fine, torch.tensor([0.5, 0.0]).view(1, 2, 1, 1).expand(1, 2, 12, 16))
    taps = np.array([-0.09375, 0.59375, 0.59375, -0.09375])
    assert float(between[0, 0, 3, 5]) == pytest.approx(float((photo[0, 0, 3, 4:8].numpy() * taps).sum()), abs=1e-5)
