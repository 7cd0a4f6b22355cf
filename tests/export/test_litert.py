"""PyTorch to LiteRT: the same numbers, the right operations, and a bundle the SDK can use."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

pytest.importorskip("litert_torch")

from ai_edge_litert.interpreter import Interpreter

from monalive.bundle import Bundle
from monalive.face_networks import FaceNetworks
from monalive_distill.lightweight_generator import LightweightGenerator, build_generator
from monalive_distill.primitives import TorchPrimitives
from monalive_export import litert
from monalive_export.litert import export_bundle
from monalive_export.litert_primitives import LiteRTPrimitives


@pytest.fixture(scope="module")
def generator() -> LightweightGenerator:
    torch.manual_seed(0)
    return build_generator("tiny").eval()


@pytest.fixture(scope="module")
def bundle(generator: LightweightGenerator, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bundle") / "tiny.bundle"
    export_bundle(generator, path, precision="fp32", model_version="0.0.1", licence="Apache-2.0")
    return path


def test_sampling_by_gathers_equals_grid_sample() -> None:
    random = torch.Generator().manual_seed(1)
    image = torch.rand(1, 5, 32, 32, generator=random)
    x, y = (torch.rand(1, 32, 32, generator=random) * 1.4 - 0.2 for _ in range(2))
    assert torch.allclose(LiteRTPrimitives().sample(image, x, y), TorchPrimitives().sample(image, x, y), atol=1e-5)


def test_taking_rows_by_a_gather_equals_indexing() -> None:
    rows = torch.rand(1, 478, 2)
    assert torch.equal(LiteRTPrimitives().take(rows, (3, 0, 477)), rows[:, [3, 0, 477]])


def test_the_bundle_is_usable_and_says_what_is_in_it(bundle: Path) -> None:
    opened = Bundle.load(bundle)
    FaceNetworks(opened, num_threads=1)
    assert opened.model_version == "0.0.1"
    inputs = {port["name"]: port["shape"] for port in opened.part_manifest("animate")["inputs"]}
    assert inputs["photo"] == [1, 256, 256, 3] and inputs["target_landmarks"] == [1, 478, 2]


def test_no_operation_that_phones_refuse(bundle: Path) -> None:
    for content in Bundle.load(bundle).parts.values():
        interpreter = Interpreter(model_content=content)
        interpreter.allocate_tensors()
        operations = {detail["op_name"] for detail in interpreter._get_ops_details()}
        assert not operations & {"GATHER_ND", "BROADCAST_TO", "STRIDED_SLICE", "CUSTOM"}
        assert max(len(detail["shape"]) for detail in interpreter.get_tensor_details()) <= 4


def test_a_network_that_differs_is_not_written(
    generator: LightweightGenerator, tmp_path: Path, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Converted once, then the weights are changed: the check must notice."""
    contents = dict(Bundle.load(bundle).parts)
    converted = iter([contents["enroll"], contents["animate"]])
    monkeypatch.setattr(litert, "convert", lambda *_: next(converted))
    other = build_generator("tiny").eval()
    with pytest.raises(ValueError, match="differs from PyTorch"):
        export_bundle(other, tmp_path / "x.bundle", precision="fp32", model_version="0", licence="Apache-2.0")
    assert not list(tmp_path.iterdir())


def test_an_unknown_precision_is_refused(generator: LightweightGenerator, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="precision must be one of fp32, int8"):
        export_bundle(generator, tmp_path / "x.bundle", precision="int3", model_version="0", licence="Apache-2.0")
