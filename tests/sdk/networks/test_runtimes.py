"""Every runtime computes the same: what PyTorch computed, recorded by tests/golden/record_runtime_golden.py.

It needs nothing but the SDK and one runtime, so that it also runs where only tflite-runtime is installed.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from monalive.bundle import Bundle
from monalive.networks.named_network import NamedNetwork
from monalive.networks.runtimes import RUNTIMES, RuntimeOptions

GOLDEN = Path(__file__).parents[2] / "golden" / "runtime"
BUNDLES = {"tflite": "litert.bundle", "onnx": "onnx.bundle", "mlpackage": "coreml.bundle"}
RUNS = {name: r.installed and (name != "coreml" or sys.platform == "darwin") for name, r in RUNTIMES.items()}


def _bundle(runtime: str) -> Bundle:
    return Bundle.load(GOLDEN / BUNDLES[RUNTIMES[runtime].format])


def _network(bundle: Bundle, part: str, options: RuntimeOptions) -> NamedNetwork:
    return NamedNetwork(bundle.parts[part], bundle.part_manifest(part), options, f"the part {part!r}")


@pytest.fixture(scope="module")
def golden() -> dict[str, NDArray[np.float32]]:
    with np.load(GOLDEN / "vectors.npz") as archive:
        return {name: archive[name] for name in archive.files}


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_the_golden_vectors(runtime: str, golden: dict[str, NDArray[np.float32]]) -> None:
    if not RUNS[runtime]:
        pytest.skip(f"{runtime} does not run here")
    bundle, options = _bundle(runtime), RuntimeOptions(runtime=runtime, num_threads=1)
    inputs = {name: golden[name] for name in ("source_landmarks", "target_landmarks", "surroundings")}
    inputs["photo"] = golden["photo_small"].repeat(4, 0).repeat(4, 1)[None].astype(np.float32) / np.float32(255)
    inputs |= _network(bundle, "enroll", options)(inputs)
    made = _network(bundle, "animate", options)(inputs)
    wanted = {name.removeprefix("wanted_"): value for name, value in golden.items() if name.startswith("wanted_")}
    assert set(made) == set(wanted)
    for name, value in wanted.items():
        step = made[name].shape[1] // value.shape[1]
        np.testing.assert_allclose(made[name][:, ::step, ::step], value, atol=1e-4, err_msg=name)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_constant_inputs_may_be_held_and_changed_ones_count(
    runtime: str, golden: dict[str, NDArray[np.float32]]
) -> None:
    if not RUNS[runtime]:
        pytest.skip(f"{runtime} does not run here")
    bundle, options = _bundle(runtime), RuntimeOptions(runtime=runtime, num_threads=1)
    network = _network(bundle, "enroll", options)
    photo, other = (np.random.default_rng(seed).random((1, 256, 256, 3), np.float32) for seed in (0, 1))
    landmarks = golden["source_landmarks"]

    def drawn(photo: NDArray[np.float32], landmarks: NDArray[np.float32]) -> NDArray[np.float32]:
        return network({"photo": photo, "source_landmarks": landmarks})["half"]

    first = drawn(photo, landmarks)  # arrays that can change
    photo.setflags(write=False)
    np.testing.assert_array_equal(drawn(photo, landmarks), first)  # copied and held
    np.testing.assert_array_equal(drawn(photo, landmarks), first)  # held
    moved = drawn(photo, landmarks + np.float32(0.1))
    assert np.abs(moved - first).max() > 1e-3
    second = drawn(other, landmarks)
    assert np.abs(second - first).max() > 1e-3
    other *= 0.5  # the same array, changed in place
    assert np.abs(drawn(other, landmarks) - second).max() > 1e-3
    np.testing.assert_array_equal(drawn(photo, landmarks), first)
    view = photo[:]  # of an array that its owner may unlock again
    photo.setflags(write=True)
    drawn(view, landmarks)
    photo *= 0.5
    assert np.abs(drawn(view, landmarks) - first).max() > 1e-3


def test_the_wrong_input_is_named() -> None:
    runtime = next(name for name, runs in RUNS.items() if runs)
    network = _network(_bundle(runtime), "enroll", RuntimeOptions(runtime=runtime))
    photo = np.zeros((1, 256, 256, 3), np.float32)
    with pytest.raises(ValueError, match=r"'source_landmarks' of shape .* got nothing"):
        network({"photo": photo})
    with pytest.raises(ValueError, match=r"'photo' .* got \(256, 256, 3\)"):
        network({"photo": photo[0], "source_landmarks": np.zeros((1, 478, 2), np.float32)})


def test_a_runtime_for_another_format_is_refused() -> None:
    bundle = _bundle("onnxruntime")
    with pytest.raises(ValueError, match="onnx network, but the runtime litert runs tflite"):
        _network(bundle, "enroll", RuntimeOptions(runtime="litert"))


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_runtime_that_is_not_installed_is_named(runtime: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monalive.networks.runtimes.importlib.util.find_spec", lambda name: None)
    with pytest.raises(ImportError, match="pip install"):
        _network(_bundle(runtime), "enroll", RuntimeOptions(runtime=runtime))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"runtime": "torch"}, "choose from litert"),
        ({"delegate": "tpu"}, "choose from cpu, gpu, npu"),
        ({"runtime": "tflite-runtime", "delegate": "gpu"}, "only on cpu"),
        ({"num_threads": 0}, "from 1 to 64"),
        ({"paste_threads": 65}, "paste_threads must be from 1 to 64"),
    ],
)
def test_options_that_do_not_go_together(options: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        RuntimeOptions(**options)  # type: ignore[arg-type]


@pytest.mark.parametrize("runtime", [name for name, runs in RUNS.items() if runs])
def test_a_damaged_network_is_an_error(runtime: str) -> None:
    bundle = _bundle(runtime)
    with pytest.raises(ValueError, match=r"cannot load|not a zipped"):
        NamedNetwork(b"no network", bundle.part_manifest("enroll"), RuntimeOptions(runtime=runtime), "the part")


@pytest.mark.skipif(not RUNS["onnxruntime"], reason="needs ONNX Runtime")
def test_a_delegate_that_this_machine_lacks_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onnxruntime.get_available_providers", lambda: ["CPUExecutionProvider"])
    with pytest.raises(ValueError, match="no provider for the gpu"):
        _network(_bundle("onnxruntime"), "enroll", RuntimeOptions(delegate="gpu"))
