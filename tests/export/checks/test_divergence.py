"""A conversion that is wrong somewhere: nothing is written, and the message says where it first goes wrong."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

pytest.importorskip("litert_torch")

from monalive_distill.generator.warp import warp
from monalive_export import export as export_module
from monalive_export.checks.frames import Frame
from monalive_export.export import ExportOptions, export_model
from monalive_export.graphs.pipelines import ExportModel
from monalive_export.graphs.ports import RGB, Graph, Port, channels_first, channels_last
from monalive_export.targets.litert import LiteRTTarget
from monalive_export.targets.litert_primitives import LiteRTPrimitives

SIZE = 32


class SmallGraph(Graph):
    """Three layers and a warp between the last two."""

    inputs = (Port("photo", "a picture", (0.0, 1.0), RGB),)
    outputs = (Port("image", "another", (0.0, 1.0), RGB),)
    about = "For tests."

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second = (nn.Conv2d(a, b, 3, 1, 1) for a, b in ((3, 4), (4, 4)))
        self.third = nn.Conv2d(4, 3, 3, 1, 1)

    def forward(self, photo: torch.Tensor) -> tuple[torch.Tensor, ...]:
        x = torch.relu(self.second(torch.relu(self.first(channels_first(photo)))))
        moved = warp(x, x[:, 0:2] * 0.1)
        return (channels_last(torch.sigmoid(self.third(moved))),)


class BrokenLayer(LiteRTTarget):
    """Converts another second layer than the one it is given."""

    def convert(self, graph: Graph, inputs: Mapping[str, torch.Tensor]) -> bytes:
        broken = copy.deepcopy(graph)
        for name, module in broken.named_modules():
            if name.endswith("second"):
                module.weight.data *= 4.0
        return super().convert(broken, inputs)


class BrokenSampling(LiteRTPrimitives):
    """Reads pictures a pixel too far to the right."""

    def sample(self, image: torch.Tensor, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return super().sample(image, x + 1.0 / SIZE, y)


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> ExportModel:
    photo = np.random.default_rng(0).random((1, SIZE, SIZE, 3), np.float32)
    monkeypatch.setattr(export_module, "packaged_frames", lambda *_: [Frame({"photo": photo})])
    return ExportModel("small", SIZE, {"animate": SmallGraph().eval()})


def _export(model: ExportModel, target: Any, folder: Path, precision: str = "fp32") -> None:
    export_model(model, ExportOptions(folder, [target], [precision], "0", "Apache-2.0"))


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_a_layer_converted_wrongly_is_named(model: ExportModel, tmp_path: Path, precision: str) -> None:
    with pytest.raises(ValueError, match="differs from PyTorch") as caught:
        _export(model, BrokenLayer(), tmp_path, precision)
    assert "first to diverge is the output of second" in str(caught.value)
    assert "computed after the input of second" in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_what_goes_wrong_between_layers_is_told_from_what_goes_wrong_in_them(
    model: ExportModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monalive_export.targets.litert.LiteRTPrimitives", BrokenSampling)
    with pytest.raises(ValueError, match="first to diverge is the input of third") as caught:
        _export(model, LiteRTTarget(), tmp_path)
    assert "computed after the output of second" in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_the_same_graph_converted_rightly_passes(model: ExportModel, tmp_path: Path) -> None:
    _export(model, LiteRTTarget(), tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"animate_fp32.tflite", "litert.bundle", "export.json"}
