"""PyTorch to LiteRT: operations that phones take, named tensors, metadata, and a bundle the SDK can use."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

pytest.importorskip("litert_torch")

from ai_edge_litert.interpreter import Interpreter

from monalive.bundle import Bundle
from monalive.player.face_networks import FaceNetworks
from monalive_distill.primitives import TorchPrimitives
from monalive_export.frames import packaged_frames
from monalive_export.litert_primitives import LiteRTPrimitives
from monalive_export.litert_target import LiteRTTarget, read_metadata
from monalive_export.portability import litert_problems
from monalive_export.retarget_graph import RetargetStartGraph
from monalive_export.target import Facts

Exported = Callable[[str], Path]
SWIFTSHADER = Path("/usr/lib/chromium/vk_swiftshader_icd.json")
_ASK_DELEGATE = """
import sys
from ai_edge_litert.compiled_model import CompiledModel
from ai_edge_litert.hardware_accelerator import HardwareAccelerator
model = CompiledModel.from_file(sys.argv[1], hardware_accel=HardwareAccelerator.GPU)
print("all taken:", model.is_fully_accelerated(), flush=True)
"""


def test_sampling_by_gathers_equals_grid_sample() -> None:
    random = torch.Generator().manual_seed(1)
    image = torch.rand(1, 5, 32, 32, generator=random)
    x, y = (torch.rand(1, 32, 32, generator=random) * 1.4 - 0.2 for _ in range(2))
    assert torch.allclose(LiteRTPrimitives().sample(image, x, y), TorchPrimitives().sample(image, x, y), atol=1e-5)


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
    FaceNetworks(opened)
    assert opened.model_version == "0.0.1"
    assert opened.part_manifest("animate")["precision"] == "int8"
    assert opened.manifest["tracker"]["licence"] == "Apache-2.0" and not opened.manifest["tracker"]["included"]
    inputs = {port["name"]: port for port in opened.part_manifest("animate")["inputs"]}
    assert inputs["photo"]["shape"] == [1, 256, 256, 3] and inputs["target_landmarks"]["shape"] == [1, 478, 2]
    assert inputs["photo"]["unit"].startswith("RGB") and inputs["photo"]["range"] == [0.0, 1.0]


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
        assert {"photo", "target_landmarks", "surroundings"} <= set(signature["inputs"])
        assert {"image", "flow", "mask", "painted"} <= set(signature["outputs"])
        said = read_metadata(path.read_bytes())
        assert (said["model_version"], said["licence"]) == ("0.0.1", "Apache-2.0")
        assert said["precision"] == path.stem.partition("_")[2]
        assert {"name", "unit", "range", "about"} == set(said["outputs"][0])


def test_no_operation_that_phones_refuse(exported: Exported) -> None:
    contents = {path.name: path.read_bytes() for path in exported("litert").glob("*_fp*.tflite")}
    assert contents
    for name, content in contents.items():
        assert litert_problems(content) == [], name


@pytest.mark.skipif(not SWIFTSHADER.is_file(), reason="needs a GPU: Debian's chromium brings one in software")
def test_the_gpu_delegate_takes_everything(exported: Exported) -> None:
    environment = os.environ | {"VK_ICD_FILENAMES": str(SWIFTSHADER)}
    for name in ("enroll", "animate"):
        command = [sys.executable, "-c", _ASK_DELEGATE, str(exported("litert") / f"{name}_fp32.tflite")]
        answer = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300)
        assert "all taken: True" in answer.stdout, answer.stderr[-2000:]


@pytest.mark.skipif(not SWIFTSHADER.is_file(), reason="needs a GPU: Debian's chromium brings one in software")
def test_retargeting_is_refused_two_operations_by_the_gpu(tmp_path: Path) -> None:
    """What export/README.md says of it. Nothing that `portability` lists is among them: those can be avoided."""
    inputs = {name: torch.from_numpy(value) for name, value in packaged_frames(1, 32)[0].inputs.items()}
    target, graph = LiteRTTarget(), RetargetStartGraph().eval()
    inputs = {port.name: inputs[port.name] for port in graph.inputs}
    content = target.build(target.convert(graph, inputs), graph, Facts("x", "0", "Apache-2.0", "fp32"), [])
    assert litert_problems(content) == []
    (tmp_path / "start.tflite").write_bytes(content)
    command = [sys.executable, "-c", _ASK_DELEGATE, str(tmp_path / "start.tflite")]
    environment = os.environ | {"VK_ICD_FILENAMES": str(SWIFTSHADER)}
    answer = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300)
    said = answer.stderr.partition("not supported by GPU delegate:\n")[2]
    refused = [line.partition(":")[0] for line in said.splitlines() if re.match(r"[A-Z0-9_]+: Not supported", line)]
    assert sorted(refused) == ["BATCH_MATMUL", "RELU_0_TO_1"], answer.stderr[-2000:]


def test_the_check_sees_what_it_is_for(tmp_path: Path) -> None:
    """A graph with plain grid sampling becomes GATHER_ND."""
    import litert_torch

    class Plain(torch.nn.Module):
        def forward(self, image: torch.Tensor, grid: torch.Tensor) -> torch.Tensor:
            return torch.nn.functional.grid_sample(image, grid, align_corners=False)

    example = (torch.rand(1, 3, 8, 8), torch.rand(1, 8, 8, 2))
    model = litert_torch.convert(Plain().eval(), example)
    model.export(str(tmp_path / "plain.tflite"))
    problems = litert_problems((tmp_path / "plain.tflite").read_bytes())
    assert any("GATHER_ND" in problem or "rank" in problem for problem in problems)
