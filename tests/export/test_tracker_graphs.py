"""The tracker's graphs say what its networks say, and their bundle runs in the SDK's tracker."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from monalive.bundle import Bundle
from monalive.faces.tracker import FaceTracker
from monalive_distill.tracker.tracker_networks import MODEL_NAME, TrackerNetworks
from monalive_export.export import ExportOptions, export_model
from monalive_export.models import load_model
from monalive_export.targets import load_target
from monalive_export.tracker_graphs import TrackerDetectorGraph, TrackerLandmarksGraph


@pytest.fixture(scope="module")
def networks() -> TrackerNetworks:
    torch.manual_seed(0)
    return TrackerNetworks().eval()


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


def test_a_weights_file_becomes_a_bundle(networks: TrackerNetworks, tmp_path: Path) -> None:
    weights = tmp_path / "tracker.safetensors"
    tensors = {f"average/{name}": value for name, value in networks.state_dict().items()}
    save_file(tensors, weights, {"record": json.dumps({"model": MODEL_NAME})})
    options = ExportOptions(tmp_path / "out", [load_target("litert")], ["int8"], "0.0.1", "Apache-2.0")
    report = export_model(load_model(weights), options)
    bundle = tmp_path / "out" / "litert.bundle"
    assert set(Bundle.load(bundle).parts) == {"tracker_detector", "tracker_landmarks"}
    sizes = {file["graph"]: file["bytes"] for file in report["files"] if file["precision"] == "int8"}
    assert sizes["tracker_landmarks"] <= 1.5e6
    assert {file["graph"]: file["macs"] for file in report["files"]}["tracker_detector"] <= 20e6
    with FaceTracker(bundle, networks="monalive") as tracker:
        assert tracker.detect(np.zeros((64, 64, 3), np.uint8)) == []  # untrained: it is sure of nothing
