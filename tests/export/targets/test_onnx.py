"""PyTorch to ONNX: native sampling, names and metadata, and a bundle that ONNX Runtime runs through the SDK."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

import onnx

from monalive.bundle import Bundle
from monalive.networks.runtimes import RuntimeOptions
from monalive.player.face_networks import FaceNetworks

Exported = Callable[[str], Path]


def test_sampling_is_native_and_shapes_are_fixed(exported: Exported) -> None:
    model = onnx.load(exported("onnx") / "animate_fp32.onnx")
    assert model.opset_import[0].version == 20
    operations = {node.op_type for node in model.graph.node}
    assert "GridSample" in operations and "GatherND" not in operations
    for value in (*model.graph.input, *model.graph.output):
        assert all(size.dim_value > 0 for size in value.type.tensor_type.shape.dim), value.name


def test_names_and_metadata(exported: Exported) -> None:
    for path in exported("onnx").glob("animate_*.onnx"):
        model = onnx.load(path)
        assert [value.name for value in model.graph.output][:2] == ["flow", "mask"]
        said = {entry.key: entry.value for entry in model.metadata_props}
        assert (said["model_version"], said["licence"]) == ("0.0.1", "Apache-2.0")
        assert said["precision"] == path.stem.partition("_")[2]
        (photo,) = (value for value in model.graph.input if value.name == "photo_small")
        assert "RGB" in photo.doc_string and "0 to 1" in photo.doc_string


def test_every_precision_passed_the_gate(exported: Exported) -> None:
    files = json.loads((exported("onnx") / "export.json").read_text())["files"]
    assert {file["precision"] for file in files} == {"fp32", "fp16", "int8", "int8-static"}
    sizes = {(file["graph"], file["precision"]): file["bytes"] for file in files}
    assert sizes["animate", "fp16"] < sizes["animate", "fp32"]


def test_the_sdk_runs_the_bundle(exported: Exported) -> None:
    bundle = Bundle.load(exported("onnx") / "onnx.bundle")
    FaceNetworks(bundle, RuntimeOptions(runtime="onnxruntime"))
    with pytest.raises(ValueError, match="runs tflite"):
        FaceNetworks(bundle, RuntimeOptions(runtime="litert"))
