"""The speech graph says what its network says, plain samples in; its bundle is small and names what it gives."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from monalive.bundle import Bundle
from monalive.networks.runtimes import RuntimeOptions
from monalive.packaged_assets import asset_path
from monalive_distill.packaged_assets import speech_weights
from monalive_distill.speech.mouth_basis import COEFFICIENTS, TIED
from monalive_distill.speech.network import MODEL_NAME, SpeechNetwork, load_speech
from monalive_distill.speech.sound_features import WINDOW
from monalive_export.checks.sounds import voice_like
from monalive_export.export import ExportOptions, export_model
from monalive_export.graphs.pipelines import load_model
from monalive_export.graphs.speech import PART, SpeechGraph
from monalive_export.targets.registry import load_target


@pytest.fixture(scope="module")
def network() -> SpeechNetwork:
    torch.manual_seed(0)
    return SpeechNetwork().eval()


@pytest.fixture(scope="module")
def weights(network: SpeechNetwork, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "speech.safetensors"
    tensors = {f"average/{name}": value for name, value in network.state_dict().items()}
    save_file(tensors, path, {"record": json.dumps({"model": MODEL_NAME})})
    return path


@torch.no_grad()
def test_both_sides_of_the_face_do_the_same(network: SpeechNetwork) -> None:
    sound = torch.from_numpy(voice_like(3))
    (coefficients,) = SpeechGraph(network).eval()(sound)
    assert coefficients.shape == (1, len(COEFFICIENTS))
    wanted = network.mouths(sound)[0]
    for name, value in zip(COEFFICIENTS, coefficients[0], strict=True):
        assert value == wanted[TIED.index(name.replace("Right", "Left"))], name


def test_sounds_for_the_gate_differ_and_stay_in_range() -> None:
    one, same, other = (voice_like(number) for number in (1, 1, 2))
    assert one.shape == (1, WINDOW) and one.dtype == np.float32
    assert np.array_equal(one, same) and not np.array_equal(one, other)
    assert max(np.abs(voice_like(number)).max() for number in range(20)) < 1


@torch.no_grad()
def test_the_packaged_bundle_is_of_the_packaged_weights() -> None:
    bundle = Bundle.load(asset_path("speech.bundle"))
    graph, run = SpeechGraph(load_speech(speech_weights())).eval(), bundle.network(PART)
    for number in range(4):
        sound = voice_like(number)
        (wanted,) = graph(torch.from_numpy(sound))
        assert run({"sound": sound})["coefficients"] == pytest.approx(wanted.numpy(), abs=2e-3)
    entry = bundle.part_manifest(PART)
    assert {name: entry[name] for name in graph.details} == graph.details


@pytest.mark.parametrize("target", ["litert", "onnx", "coreml"])
def test_a_weights_file_becomes_a_bundle(weights: Path, network: SpeechNetwork, tmp_path: Path, target: str) -> None:
    options = ExportOptions(tmp_path, [load_target(target)], ["fp16"], "0.0.1", "Apache-2.0")
    report = export_model(load_model(weights), options)
    bundle = Bundle.load(tmp_path / f"{target}.bundle")
    entry = bundle.part_manifest(PART)
    assert list(bundle.parts) == [PART] and report["bundles"][0]["bytes"] <= 1_000_000
    assert entry["coefficients"] == list(COEFFICIENTS)
    assert (entry["sample_rate"], entry["before_ms"], entry["after_ms"]) == (16000, 520, 120)
    assert entry["inputs"][0]["shape"] == [1, WINDOW] and entry["macs"] < 12e6
    assert report["files"][0]["accelerators"].get("LiteRT GPU delegate", []) == []
    if target != "coreml":  # runs on Apple's systems alone; the gate has run it by its interpreter
        run = bundle.network(PART, RuntimeOptions("onnxruntime") if target == "onnx" else RuntimeOptions())
        sound = voice_like(8)
        with torch.no_grad():
            (wanted,) = SpeechGraph(network).eval()(torch.from_numpy(sound))
        assert run({"sound": sound})["coefficients"] == pytest.approx(wanted.numpy(), abs=2e-3)
