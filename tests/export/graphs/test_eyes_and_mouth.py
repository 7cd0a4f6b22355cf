"""The graphs of eyes and mouth compute what the networks compute, and become part of a pipeline."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from monalive_distill.regions.inner_mouth import shifts
from monalive_distill.regions.regions import REGIONS
from monalive_distill.regions.weights_file import MODEL_NAME, RegionNetworks, load_region_networks
from monalive_distill.training.checkpoint import write_half
from monalive_export.checks.frames import Frame, packaged_frames
from monalive_export.checks.parity import Reference
from monalive_export.graphs.eyes_and_mouth import region_graphs
from monalive_export.graphs.pipelines import load_model


@pytest.fixture(scope="module")
def networks() -> RegionNetworks:
    """Untrained, but not at their start."""
    torch.manual_seed(0)
    made = RegionNetworks().eval()
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.01)
    return made


@pytest.fixture(scope="module")
def weights(networks: RegionNetworks, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "eyes_and_mouth.safetensors"
    write_half(networks.state_dict(), {"model": MODEL_NAME, "runs": {}}, path)
    return path


@pytest.fixture(scope="module")
def frames() -> list[Frame]:
    return packaged_frames(2, 256)


@pytest.mark.parametrize("name", ["eye", "mouth"])
def test_the_graphs_are_the_network(networks: RegionNetworks, frames: list[Frame], name: str) -> None:
    region, network = REGIONS[name], networks.eye if name == "eye" else networks.mouth
    given = {key: torch.from_numpy(value) for key, value in frames[0].inputs.items() if key.startswith(name)}
    graphs = region_graphs(networks)
    with torch.inference_mode():
        photo, source, target = (given[f"{name}_{part}"] for part in ("photo", "source_landmarks", "target_landmarks"))
        enroll, animate = graphs[f"enroll_{name}"].eval(), graphs[f"animate_{name}"].eval()
        enrolled = dict(zip((port.name for port in enroll.outputs), enroll(photo, source), strict=True))
        flow, mask, painted = animate(**{port.name: (given | enrolled)[port.name] for port in animate.inputs})

        drawing = region.draw(source)
        prior = region.flow(source, target)
        known = network.enroll(photo.permute(0, 3, 1, 2), drawing)
        wanted = network.animate(known, drawing, region.draw(target), prior, shifts(source, target))
    assert torch.allclose(flow.permute(0, 3, 1, 2), prior + wanted.correction, atol=1e-5)
    assert torch.allclose(mask.permute(0, 3, 1, 2), wanted.mask, atol=1e-5)
    assert torch.allclose(painted.permute(0, 3, 1, 2), wanted.painted, atol=1e-5)


def test_a_pipeline_has_them_after_its_own_networks(weights: Path, frames: list[Frame]) -> None:
    alone = load_model(weights)
    assert list(alone.graphs) == ["region_crops", "enroll_eye", "animate_eye", "enroll_mouth", "animate_mouth"]
    reference = Reference(alone, frames)
    values = reference.values[0]
    assert values["eye_image"].shape == (1, 80, 64, 3) and values["mouth_image"].shape == (1, 96, 128, 3)
    made = {name: value.copy() for name, value in reference.outputs[0]["animate_eye"].items()}
    made["eye_painted"] += np.float32(0.1)
    measured = reference.measure("animate_eye", lambda inputs: made)
    assert measured.psnr_db is not None and measured.psnr_db < 60  # the picture of the eye is what is compared


def test_other_weights_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.safetensors"
    write_half({"a": torch.zeros(1)}, {"model": "tracker"}, path)
    with pytest.raises(ValueError, match="holds tracker, not networks of eyes and mouth"):
        load_region_networks(path)
