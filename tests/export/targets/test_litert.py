"""PyTorch to LiteRT: operations that phones take, named tensors, metadata, and a bundle the SDK can use."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

pytest.importorskip("litert_torch")

from ai_edge_litert.interpreter import Interpreter
from ai_edge_litert.tools import flatbuffer_utils
from gpu_delegate import assert_taken, needs_gpu

from monalive.bundle import Bundle
from monalive.player.bundle_networks import BundleNetworks
from monalive_distill.generator.primitives import TorchPrimitives
from monalive_distill.tracker.networks import TrackerNetworks
from monalive_export.checks.frames import packaged_frames
from monalive_export.checks.parity import Reference
from monalive_export.checks.portability import LITERT_GPU, litert_refusals
from monalive_export.graphs.pipelines import GEOMETRY, ExportModel
from monalive_export.graphs.ports import Graph
from monalive_export.graphs.tracker import TrackerDetectorGraph, TrackerLandmarksGraph
from monalive_export.targets.base import Facts
from monalive_export.targets.litert import METADATA, LiteRTTarget
from monalive_export.targets.litert_primitives import LiteRTPrimitives

Exported = Callable[[str], Path]


@pytest.mark.parametrize("size", [(32, 32), (24, 40)])
def test_sampling_by_gathers_equals_grid_sample(size: tuple[int, int]) -> None:
    random = torch.Generator().manual_seed(1)
    image = torch.rand(1, 5, *size, generator=random)
    x, y = (torch.rand(1, 32, 32, generator=random) * 1.4 - 0.2 for _ in range(2))
    assert torch.allclose(LiteRTPrimitives().sample(image, x, y), TorchPrimitives().sample(image, x, y), atol=1e-5)


def test_a_crop_by_rows_and_columns_equals_grid_sample() -> None:
    random = torch.Generator().manual_seed(1)
    image = torch.rand(1, 3, 24, 40, generator=random)
    x, y = (torch.rand(1, count, generator=random) * 1.4 - 0.2 for count in (16, 12))
    made = LiteRTPrimitives().crop(image, x, y)
    assert made.shape == (1, 3, 12, 16) and torch.allclose(made, TorchPrimitives().crop(image, x, y), atol=1e-5)


@pytest.mark.parametrize("channels", [2, 12])
def test_enlarging_line_by_line_equals_interpolation(channels: int) -> None:
    x = torch.rand(1, channels, 16, 16)
    assert torch.allclose(LiteRTPrimitives().enlarge(x, 64), TorchPrimitives().enlarge(x, 64), atol=1e-6)


def test_repeating_a_plane_for_every_channel() -> None:
    plane = torch.rand(1, 8, 8, 1)
    assert torch.equal(LiteRTPrimitives().repeat(plane, 3), TorchPrimitives().repeat(plane, 3))


def test_taking_rows_by_a_gather_equals_indexing() -> None:
    rows = torch.rand(1, 478, 2)
    assert torch.equal(LiteRTPrimitives().take(rows, (3, 0, 477)), rows[:, [3, 0, 477]])


def test_the_bundle_is_usable_and_says_what_is_in_it(exported: Exported) -> None:
    opened = Bundle.load(exported("litert") / "litert.bundle")
    BundleNetworks(opened)
    assert opened.model_version == "0.0.1"
    assert opened.part_manifest("animate")["precision"] == "int8"
    assert opened.manifest["tracker"] == {"included": False, "licence": "Apache-2.0"}
    inputs = {port["name"]: port for port in opened.part_manifest("animate")["inputs"]}
    assert inputs["photo_small"]["shape"] == [1, 64, 64, 3] and inputs["target_landmarks"]["shape"] == [1, 478, 2]
    assert inputs["photo_small"]["unit"].startswith("RGB") and inputs["photo_small"]["range"] == [0.0, 1.0]


def test_every_precision_passed_the_gate_and_is_listed(exported: Exported) -> None:
    files = json.loads((exported("litert") / "export.json").read_text())["files"]
    assert {(file["graph"], file["precision"]) for file in files} == {
        (graph, precision) for graph in ("enroll", "animate") for precision in ("fp32", "fp16", "int8", "int8-static")
    }
    sizes = {(file["graph"], file["precision"]): file["bytes"] for file in files}
    assert sizes["animate", "fp16"] < sizes["animate", "fp32"]
    for file in files:
        assert (exported("litert") / file["path"]).stat().st_size == file["bytes"]
        if file["precision"] == "fp32":
            assert file["gate"]["max_error"] <= 1e-4


def test_files_name_their_tensors_and_say_what_they_are(exported: Exported) -> None:
    for path in exported("litert").glob("animate_*.tflite"):
        (signature,) = Interpreter(str(path)).get_signature_list().values()
        assert {"photo_small", "target_landmarks", "surroundings"} <= set(signature["inputs"])
        assert {"flow", "mask", "painted", "confidence"} == set(signature["outputs"])
        said = _metadata(path.read_bytes())
        assert (said["model_version"], said["licence"]) == ("0.0.1", "Apache-2.0")
        assert said["precision"] == path.stem.partition("_")[2]
        assert {"name", "unit", "range", "about"} == set(said["outputs"][0])


@needs_gpu
def test_the_gpu_delegate_takes_enrolment_and_animation(exported: Exported) -> None:
    assert_taken(*(exported("litert") / f"{name}_fp32.tflite" for name in ("enroll", "animate")))


@needs_gpu
def test_the_gpu_delegate_takes_retargeting_and_the_tracker(tmp_path: Path) -> None:
    frame = packaged_frames(1, 256)[0]
    tracker = TrackerNetworks().eval()
    graphs: dict[str, Graph] = {
        **{name: graph() for name, graph in GEOMETRY.items()},
        "tracker_detector": TrackerDetectorGraph(tracker.detector),
        "tracker_landmarks": TrackerLandmarksGraph(tracker.landmarks),
    }
    values = Reference(ExportModel("parts", 256, {name: graph.eval() for name, graph in graphs.items()}), [frame])
    target = LiteRTTarget()
    for name, graph in graphs.items():
        inputs = {port: torch.from_numpy(value) for port, value in values.inputs(name)[0].items()}
        content = target.build(target.convert(graph, inputs), graph, Facts(name, "0", "Apache-2.0", "fp32"), [])
        assert litert_refusals(content) == {LITERT_GPU: []}, name
        (tmp_path / f"{name}.tflite").write_bytes(content)
    assert_taken(*(tmp_path / f"{name}.tflite" for name in graphs))


def _metadata(content: bytes) -> dict[str, Any]:
    """What the target wrote into a .tflite file."""
    model = flatbuffer_utils.read_model_from_bytearray(bytearray(content))
    (buffer,) = [model.buffers[entry.buffer] for entry in model.metadata if entry.name.decode() == METADATA]
    data = buffer.data if buffer.data is not None else content[buffer.offset : buffer.offset + buffer.size]
    found: dict[str, Any] = json.loads(bytes(data))
    return found
