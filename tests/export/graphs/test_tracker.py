"""The tracker's graphs say what its networks say, phones take them, and their bundle runs in the SDK's tracker."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from gpu_delegate import assert_taken, needs_gpu
from safetensors.torch import save_file

from monalive.bundle import Bundle
from monalive.faces.tracker import FaceTracker
from monalive.faces.tracker_networks import TRACKER_PARTS, load_tracker_networks
from monalive.networks.runtimes import RuntimeOptions
from monalive_distill.generator.lightweight_generator import build_generator
from monalive_distill.tracker.networks import TrackerNetworks
from monalive_distill.tracker.weights_file import MODEL_NAME
from monalive_distill.training.checkpoint import save_state
from monalive_export.export import ExportOptions, export_model
from monalive_export.graphs.pipelines import load_model
from monalive_export.graphs.tracker import TrackerBlendshapesGraph, TrackerDetectorGraph, TrackerLandmarksGraph
from monalive_export.targets.registry import load_target

Exported = tuple[Path, Mapping[str, Any]]


@pytest.fixture(scope="module")
def networks() -> TrackerNetworks:
    torch.manual_seed(0)
    return TrackerNetworks().eval()


@pytest.fixture(scope="module")
def weights(networks: TrackerNetworks, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "tracker.safetensors"
    tensors = {f"average/{name}": value for name, value in networks.state_dict().items()}
    save_file(tensors, path, {"record": json.dumps({"model": MODEL_NAME})})
    return path


@pytest.fixture(scope="module")
def exported(weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    folder = tmp_path_factory.mktemp("litert")
    options = ExportOptions(folder, [load_target("litert")], ["fp32", "int8"], "0.0.1", "Apache-2.0")
    return folder, export_model(load_model(weights), options)


@torch.no_grad()
def test_the_detectors_graph(networks: TrackerNetworks) -> None:
    picture = torch.rand(1, 128, 128, 3)
    scores, places = TrackerDetectorGraph(networks.detector).eval()(picture)
    wanted = networks.detector(picture.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
    assert scores.numpy() == pytest.approx(torch.sigmoid(wanted[..., :1]).numpy(), abs=1e-6)
    assert places.numpy() == pytest.approx(wanted[..., 1:].numpy(), abs=1e-5)


@torch.no_grad()
def test_the_landmark_graph(networks: TrackerNetworks) -> None:
    crop = torch.rand(1, 192, 192, 3)
    landmarks, presence, openness = TrackerLandmarksGraph(networks.landmarks).eval()(crop)
    wanted = networks.landmarks(crop.permute(0, 3, 1, 2))
    assert torch.equal(landmarks, wanted.landmarks) and torch.equal(openness, wanted.openness)
    assert float(presence) == pytest.approx(float(torch.sigmoid(wanted.presence)))


@torch.no_grad()
def test_the_blendshape_graph(networks: TrackerNetworks) -> None:
    level = torch.rand(1, 478, 2)
    (scores,) = TrackerBlendshapesGraph(networks.blendshapes).eval()(level)
    assert torch.equal(scores, torch.sigmoid(networks.blendshapes(level))) and scores.shape == (1, 52)


def test_a_weights_file_becomes_a_bundle(exported: Exported) -> None:
    folder, report = exported
    bundle = Bundle.load(folder / "litert.bundle")
    assert set(bundle.parts) == set(TRACKER_PARTS) and bundle.manifest["tracker"]["included"]
    sizes = {file["graph"]: file["bytes"] for file in report["files"] if file["precision"] == "int8"}
    assert sizes["tracker_landmarks"] <= 2e6
    assert {file["graph"]: file["macs"] for file in report["files"]}["tracker_detector"] <= 20e6
    with FaceTracker(load_tracker_networks(bundle), output_blendshapes=True) as tracker:
        assert tracker.detect(np.zeros((64, 64, 3), np.uint8)) == []  # untrained: it is sure of nothing


@needs_gpu
def test_the_gpu_delegate_takes_everything(exported: Exported) -> None:
    assert_taken(*(exported[0] / f"{name}_fp32.tflite" for name in TRACKER_PARTS))


@pytest.mark.parametrize("target", ["onnx", "coreml"])
def test_other_formats(weights: Path, tmp_path: Path, target: str) -> None:
    model = load_model(weights)
    options = ExportOptions(tmp_path, [load_target(target)], ["fp16"], "0.0.1", "Apache-2.0")
    export_model(model, options)
    bundle = Bundle.load(tmp_path / f"{target}.bundle")
    assert set(bundle.parts) == set(TRACKER_PARTS)
    if target == "onnx":
        with FaceTracker(load_tracker_networks(bundle, RuntimeOptions("onnxruntime"))) as tracker:
            assert tracker.detect(np.zeros((64, 64, 3), np.uint8)) == []


def test_every_pipeline_can_have_a_tracker(weights: Path, tmp_path: Path) -> None:
    generator = tmp_path / "lightweight.safetensors"
    save_state(generator, {}, {}, build_generator("tiny"), {"variant": "tiny"})
    alone, whole = load_model(generator), load_model(generator, weights)
    assert set(whole.graphs) == set(alone.graphs) | set(TRACKER_PARTS)
    assert not set(alone.graphs) & set(TRACKER_PARTS)
    with pytest.raises(ValueError, match="not a tracker's weights"):
        load_model(generator, generator)
