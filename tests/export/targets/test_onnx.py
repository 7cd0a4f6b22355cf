"""PyTorch to ONNX: native sampling, names and metadata, and a bundle that ONNX Runtime runs through the SDK."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

import numpy as np
import onnx

from monalive.bundle import Bundle, write_bundle
from monalive.faces.crop import SquareCrop
from monalive.motions import builtin_motions
from monalive.networks.runtimes import RuntimeOptions
from monalive.player.bundle_networks import BundleNetworks
from monalive.retargeting.retarget import Retargeter, RetargetOptions
from monalive.retargeting.retarget_networks import ABSOLUTE_PART, RETARGET_PARTS, RetargetNetworks
from monalive_export.export import ExportOptions, export_model
from monalive_export.graphs.pipelines import GEOMETRY, ExportModel
from monalive_export.targets.registry import load_target

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
    BundleNetworks(bundle, RuntimeOptions(runtime="onnxruntime"))
    with pytest.raises(ValueError, match="runs tflite"):
        BundleNetworks(bundle, RuntimeOptions(runtime="litert"))


def test_the_sdk_retargets_on_onnx_runtime(tmp_path: Path) -> None:
    """As on LiteRT; for absolute motion it loads one graph, so the others are stand-ins here."""
    model = ExportModel("geometry", 256, {ABSOLUTE_PART: GEOMETRY[ABSOLUTE_PART]().eval()})
    export_model(model, ExportOptions(tmp_path, [load_target("onnx")], ["fp32"], "0.0.1", "Apache-2.0"))
    made = Bundle.load(tmp_path / "onnx.bundle")
    entries = dict.fromkeys(RETARGET_PARTS, made.part_manifest(ABSOLUTE_PART))
    parts = {**dict.fromkeys(RETARGET_PARTS, b""), **made.parts}
    write_bundle(tmp_path / "whole.bundle", {**made.manifest, "parts": entries}, parts)
    onnx_networks = RetargetNetworks(Bundle.load(tmp_path / "whole.bundle"), "onnxruntime")
    motion = builtin_motions.load("smile")
    results = []
    for networks in (onnx_networks, RetargetNetworks()):
        retargeter = Retargeter(
            motion.landmarks[0], SquareCrop(0, 0, 512), RetargetOptions(absolute=True), networks=networks
        )
        retargeter.start(motion.landmarks[0], motion.image_size)
        results.append([retargeter.step(motion.landmarks[n], 40.0 * n) for n in range(20)])
    on_onnx_runtime, on_litert = results
    assert np.abs(np.subtract(on_onnx_runtime, on_litert)).max() < 1e-6
