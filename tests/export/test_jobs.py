"""Jobs in several processes: the same files, errors and interruptions as in one, and nothing left behind."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("litert_torch")

import torch

from monalive.networks.named_network import NamedNetwork
from monalive.networks.runtimes import RuntimeOptions
from monalive_export.export import ExportOptions, export_model
from monalive_export.graphs.pipelines import ExportModel
from monalive_export.graphs.ports import Graph, Port
from monalive_export.targets.litert import LiteRTTarget, plain_entry
from monalive_export.targets.onnx import OnnxTarget

POINTS = Port("driver_landmarks", "the driver's landmarks")  # every frame has them: (1, 478, 3)


class Doubled(Graph):
    inputs, outputs, compressible, about = (POINTS,), (Port("doubled", "twice"),), False, "Twice."

    def forward(self, driver_landmarks: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return (driver_landmarks * 2.0 + 0.5,)


class Summed(Graph):
    inputs, outputs, compressible, about = (Port("doubled", "twice"),), (Port("summed", "a sum"),), False, "A sum."

    def forward(self, doubled: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return (doubled.sum(1) * 0.01,)


class Wrong(OnnxTarget):
    """Its files of the second graph compute something else."""

    name = "wrong"

    def load(self, content: bytes, graph: Graph) -> Any:
        network = super().load(content, graph)
        if not isinstance(graph, Summed):
            return network
        return lambda inputs: {name: value + 1 for name, value in network(inputs).items()}


class Slow(OnnxTarget):
    """Sleeps until it is stopped; where nobody stops it, it says so in a file."""

    def __init__(self, slept_to_the_end: Path) -> None:
        self.slept_to_the_end = slept_to_the_end

    def load(self, content: bytes, graph: Graph) -> Any:
        time.sleep(120)
        self.slept_to_the_end.touch()


class Dying(OnnxTarget):
    """Ends its process without a word."""

    def load(self, content: bytes, graph: Graph) -> Any:
        os._exit(9)


def small_model() -> ExportModel:
    return ExportModel("small", 64, {"doubled": Doubled().eval(), "summed": Summed().eval()}, small_model)


def _export(folder: Path, targets: list[Any], processes: int) -> tuple[dict[str, Any], list[str]]:
    said: list[str] = []
    options = ExportOptions(folder, targets, ["fp32"], "0", "Apache-2.0", processes=processes)
    return export_model(small_model(), options, said.append), said


def _without_times(report: dict[str, Any]) -> dict[str, Any]:
    files = [{key: value for key, value in file.items() if key != "seconds"} for file in report["files"]]
    return report | {"seconds": 0, "files": files}


def test_two_processes_write_what_one_writes(tmp_path: Path) -> None:
    alone, said_alone = _export(tmp_path / "one", [LiteRTTarget(), OnnxTarget()], 1)
    together, said = _export(tmp_path / "two", [LiteRTTarget(), OnnxTarget()], 2)
    assert _without_times(together) == _without_times(alone)
    assert json.loads((tmp_path / "two" / "export.json").read_text()) == together
    assert sorted(line.split(":")[0] for line in said) == sorted(line.split(":")[0] for line in said_alone)
    names = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert sorted(path.name for path in (tmp_path / "two").iterdir()) == names
    inputs = {"driver_landmarks": np.random.default_rng(0).random((1, 478, 3), np.float32)}
    for name in ("doubled_fp32.tflite", "doubled_fp32.onnx"):
        results = []
        for folder in ("one", "two"):
            graph = Doubled()
            entry = plain_entry(graph, name.split(".")[1])
            content = (tmp_path / folder / name).read_bytes()
            results.append(NamedNetwork(content, entry, RuntimeOptions(), name)(inputs)["doubled"])
        np.testing.assert_array_equal(results[0], results[1])
        np.testing.assert_allclose(results[0], inputs["driver_landmarks"] * 2 + 0.5, rtol=1e-6)


def test_the_error_of_one_job_is_the_error_and_nothing_half_written_stays(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"the wrong fp32 file of 'summed' differs from PyTorch.*it was not written"):
        _export(tmp_path, [OnnxTarget(), Wrong()], 2)
    assert not [path.name for path in tmp_path.iterdir() if path.name.startswith(".")]
    assert not (tmp_path / "export.json").exists() and not list(tmp_path.glob("*.bundle"))


def test_a_process_that_dies_is_told(tmp_path: Path) -> None:
    with pytest.raises(ChildProcessError, match=r"ended from outside.*fewer --processes"):
        _export(tmp_path, [Dying()], 2)


@pytest.fixture
def heeded_interrupts() -> Iterator[None]:
    """Python ignores them where it was started in a shell's background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_an_interruption_stops_all_at_once(tmp_path: Path, heeded_interrupts: None) -> None:
    output, slept_to_the_end = tmp_path / "output", tmp_path / "slept_to_the_end"

    def interrupt() -> None:
        while not list(output.glob(".*")):  # a file that is being checked
            time.sleep(0.2)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        _export(output, [Slow(slept_to_the_end)], 2)
    assert not multiprocessing.active_children() and not slept_to_the_end.exists()
    assert not list(output.iterdir())


def test_a_model_that_cannot_be_made_again_is_exported_here(tmp_path: Path) -> None:
    model = ExportModel("small", 64, {"doubled": Doubled().eval()})
    report = export_model(model, ExportOptions(tmp_path, [OnnxTarget()], ["fp32"], "0", "Apache-2.0", processes=4))
    assert [file["path"] for file in report["files"]] == ["doubled_fp32.onnx"]
