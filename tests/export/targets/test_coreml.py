"""PyTorch to Core ML: operations that run everywhere, half precision where it serves, names and metadata."""

from __future__ import annotations

import json
import platform
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

pytest.importorskip("coremltools")

import coremltools as ct

from monalive.bundle import Bundle
from monalive.player.bundle_networks import BundleNetworks
from monalive_export.checks.mil_interpreter import MILInterpreter
from monalive_export.checks.portability import COREML_GPU, NEURAL_ENGINE
from monalive_export.graphs.ports import Graph, Port
from monalive_export.targets.base import Facts
from monalive_export.targets.coreml import CoreMLTarget

Exported = Callable[[str], Path]
PRECISIONS = ("fp16", "int8", "palette6")


def test_every_precision_passed_the_gate(exported: Exported) -> None:
    files = json.loads((exported("coreml") / "export.json").read_text())["files"]
    assert {(f["graph"], f["precision"]) for f in files} == {(g, p) for g in ("enroll", "animate") for p in PRECISIONS}
    assert {(exported("coreml") / file["path"]).is_dir() for file in files} == {True}


def test_the_neural_engine_hands_on_the_warp_and_what_is_in_float32(exported: Exported) -> None:
    files = json.loads((exported("coreml") / "export.json").read_text())["files"]
    for file in files:
        assert file["accelerators"][COREML_GPU] == [], file["path"]
        *operations, float32 = file["accelerators"][NEURAL_ENGINE]
        assert operations == (["operation resample"] if file["graph"] == "animate" else []), file["path"]
        assert re.fullmatch(r"\d+ operations in float32", float32)  # the geometry around the networks


def test_compressed_weights_are_compressed(exported: Exported) -> None:
    operations = {p: MILInterpreter(exported("coreml") / f"animate_{p}.mlpackage").operations for p in PRECISIONS}
    assert "constexpr_affine_dequantize" in operations["int8"]
    assert "constexpr_lut_to_dense" in operations["palette6"]
    assert not any(name.startswith("constexpr") for name in operations["fp16"])


def test_names_and_metadata(exported: Exported) -> None:
    package = exported("coreml") / "animate_fp16.mlpackage"
    description = ct.models.MLModel(str(package), skip_model_load=True).get_spec().description
    inputs = {entry.name: entry for entry in description.input}
    assert "RGB" in inputs["photo_small"].shortDescription
    assert list(inputs["photo_small"].type.multiArrayType.shape) == [1, 64, 64, 3]
    assert (description.metadata.license, description.metadata.versionString) == ("Apache-2.0", "0.0.1")
    assert description.metadata.userDefined["monalive.precision"] == "fp16"


@pytest.mark.skipif(platform.system() == "Darwin", reason="Core ML is there")
def test_the_sdk_says_where_core_ml_runs(exported: Exported) -> None:
    with pytest.raises(ValueError, match="macOS"):
        BundleNetworks(Bundle.load(exported("coreml") / "coreml.bundle"))


def test_the_interpreter_rounds_what_is_held_in_half_precision(tmp_path: Path) -> None:
    """x * 1.001 in half precision is x * 1.0009766 rounded: told from float32 by far."""

    class Scale(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x * 1.001

    x = torch.linspace(1, 2, 64).reshape(1, 1, 8, 8)
    program = torch.export.export(Scale(), (x,)).run_decompositions({})
    results = {}
    for name, precision in (("full", ct.precision.FLOAT32), ("half", ct.precision.FLOAT16)):
        ports = {"inputs": [ct.TensorType("x", tuple(x.shape), dtype=np.float32)]}
        model = ct.convert(
            program,
            minimum_deployment_target=ct.target.iOS16,
            compute_precision=precision,
            outputs=[ct.TensorType("y", dtype=np.float32)],
            skip_model_load=True,
            **ports,
        )
        model.save(str(tmp_path / f"{name}.mlpackage"))
        results[name] = MILInterpreter(tmp_path / f"{name}.mlpackage")({"x": x.numpy()})["y"]
    np.testing.assert_allclose(results["full"], x.numpy() * np.float32(1.001), rtol=1e-6)
    wanted = (x.half().float() * torch.tensor(1.001).half().float()).half().float().numpy()
    np.testing.assert_array_equal(results["half"], wanted)
    assert np.abs(results["half"] - results["full"]).max() > 1e-4


def test_a_reciprocal_is_exact() -> None:
    """Core ML's own `inverse` adds 1e-4 to its argument; for the determinant of an affine fit that is a lot."""

    class Reciprocal(Graph):
        inputs = (Port("x", "small numbers"),)
        outputs = (Port("y", "one over them"),)
        about = "For tests."

        def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
            return (1 / x,)

    x = torch.linspace(0.001, 0.1, 64).reshape(1, 1, 8, 8)
    target, graph = CoreMLTarget(), Reciprocal().eval()
    content = target.build(target.convert(graph, {"x": x}), graph, Facts("x", "0", "Apache-2.0", "fp32"), [])
    np.testing.assert_allclose(target.load(content, graph)({"x": x.numpy()})["y"], (1 / x).numpy(), rtol=1e-6)
