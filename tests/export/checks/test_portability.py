"""What phones' accelerators refuse fails the gate, unless the graph is for the CPU; the report says who takes what."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

pytest.importorskip("litert_torch")

from monalive.bundle import Bundle
from monalive_export import export as export_module
from monalive_export.checks.frames import Frame
from monalive_export.checks.portability import LITERT_GPU, litert_refusals
from monalive_export.export import ExportOptions, export_model
from monalive_export.graphs.pipelines import GEOMETRY, ExportModel
from monalive_export.graphs.ports import RGB, Graph, Port
from monalive_export.report import read_accelerators
from monalive_export.targets.registry import load_target

SIZE = 8


class PlainSampling(Graph):
    """Grid sampling as PyTorch has it: LiteRT makes it GATHER_ND."""

    inputs = (Port("photo", "a picture", (0.0, 1.0), RGB),)
    outputs = (Port("image", "its half, enlarged", (0.0, 1.0), RGB),)
    about = "For tests."
    compressible = False

    def forward(self, photo: torch.Tensor) -> tuple[torch.Tensor, ...]:
        sampled = F.grid_sample(photo.permute(0, 3, 1, 2), photo[..., :2], align_corners=False)
        return (sampled.permute(0, 2, 3, 1),)


class ErrorFunction(Graph):
    """Core ML has it, but it is not among the operations known to run everywhere."""

    inputs = (Port("photo", "a picture", (0.0, 1.0), RGB),)
    outputs = (Port("image", "another", (0.0, 1.0), RGB),)
    about = "For tests."
    compressible = False

    def forward(self, photo: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return (torch.erf(photo),)


@pytest.fixture(autouse=True)
def one_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    photo = np.random.default_rng(0).random((1, SIZE, SIZE, 3), np.float32)
    monkeypatch.setattr(export_module, "packaged_frames", lambda *_: [Frame({"photo": photo})])


def _export(graph: Graph, target: str, folder: Path) -> dict[str, Any]:
    model = ExportModel("small", SIZE, {"drawn": graph.eval()})
    return export_model(model, ExportOptions(folder, [load_target(target)], ["fp32"], "0", "Apache-2.0"))


def test_a_refused_operation_fails_the_gate_and_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"the litert fp32 file of 'drawn' does not run on the LiteRT GPU") as caught:
        _export(PlainSampling(), "litert", tmp_path)
    assert "operation GATHER_ND" in str(caught.value) and "accelerated = False" in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_core_ml_is_asked_as_well(tmp_path: Path) -> None:
    pytest.importorskip("coremltools")
    with pytest.raises(ValueError, match="does not run on the Core ML GPU, which refuses operation erf"):
        _export(ErrorFunction(), "coreml", tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_graph_for_the_cpu_passes_and_the_report_says_who_does_not_take_it(tmp_path: Path) -> None:
    graph = PlainSampling()
    graph.accelerated = False
    [file] = _export(graph, "litert", tmp_path)["files"]
    assert "operation GATHER_ND" in file["accelerators"][LITERT_GPU]
    [(path, taken)] = read_accelerators(tmp_path)
    assert path == "drawn_fp32.tflite"
    assert taken.startswith("LiteRT GPU delegate: not operation ") and "operation GATHER_ND" in taken
    assert "accelerators" not in Bundle.load(tmp_path / "litert.bundle").part_manifest("drawn")


def test_nothing_is_claimed_of_onnx(tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    [file] = _export(PlainSampling(), "onnx", tmp_path)["files"]
    assert file["accelerators"] == {}
    assert read_accelerators(tmp_path) == [("drawn_fp32.onnx", "accelerators not checked")]


def test_only_geometry_is_left_to_the_cpu(tiny_model: ExportModel) -> None:
    assert not any(graph.accelerated for graph in (kind() for kind in GEOMETRY.values()))
    assert all(graph.accelerated for graph in tiny_model.graphs.values())


def test_the_gpu_takes_every_network_that_ships() -> None:
    shipped = Bundle.load()
    assert {name: litert_refusals(content) for name, content in shipped.parts.items()} == {
        name: {LITERT_GPU: []} for name in shipped.parts
    }
