"""How far LiteRT's ARM kernels are from this processor's, under emulation, on the golden vectors.

    python benchmarks/arm64_kernels.py QEMU ROOT -o benchmarks/arm64_kernels.json

The golden vectors of the bindings are recorded anew, and every network of the default bundle that they need runs twice
on the same inputs: here, and in an arm64 Python under QEMU (docs/phones.md says how to make ROOT). The recording goes
on with the ARM kernels' answers, so its pictures and landmarks are what a phone would have made.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from monalive.bundle import Bundle, default_bundle_path
from monalive.networks.named_network import NamedNetwork
from monalive.networks.runtimes import RuntimeOptions, Tensors

REPOSITORY: Final = Path(__file__).resolve().parents[1]
GOLDEN: Final = REPOSITORY / "tests" / "golden"
sys.path[:0] = [str(GOLDEN), str(REPOSITORY / "tests" / "support")]
import record_binding_golden  # noqa: E402

# ARMv8.0 of 2012; 8.2 of 2018, with products of four bytes (SDOT); all that QEMU knows, matrices (I8MM) among it.
PROCESSORS: Final = ("cortex-a53", "cortex-a76", "max")
PICTURES: Final = ("frame_1_image.png", "frame_4_image.png", "frame_1_crop_image.png", "frame_4_crop_image.png")


@dataclass
class Difference:
    """What one output was here over all calls, and how far from it the other kernels were."""

    least: float = np.inf
    most: float = -np.inf
    largest: float = 0.0
    squares: float = 0.0
    count: int = 0

    def add(self, here: NDArray[np.float32], there: NDArray[np.float32]) -> None:
        """Takes in one call's two answers, of one shape."""
        error = np.abs(here.astype(np.float64) - there)
        self.least, self.most = min(self.least, float(here.min())), max(self.most, float(here.max()))
        self.largest = max(self.largest, float(error.max()))
        self.squares += float((error**2).sum())
        self.count += error.size

    def told(self) -> dict[str, float | None]:
        """The largest error in parts of the output's range, and the range over the root mean square error in dB."""
        span = self.most - self.least or 1.0
        root = (self.squares / self.count) ** 0.5
        decibels = round(20 * np.log10(span / root), 1) if root else None
        return {"largest_error": float(f"{self.largest / span:.2g}"), "decibels": decibels}


@dataclass
class Compared:
    """One network: how often it was called, and its outputs by name."""

    precision: str
    calls: int = 0
    outputs: dict[str, Difference] = field(default_factory=dict)

    def told(self) -> dict[str, Any]:
        """As it is written to the file."""
        return {
            "precision": self.precision,
            "calls": self.calls,
            "outputs": {name: each.told() for name, each in self.outputs.items()},
        }


class ArmProcess:
    """An arm64 Python that runs networks (tests/support/network_server.py).

    Args:
        emulator: QEMU for aarch64 programs.
        root: a folder with an arm64 system, numpy and ai-edge-litert in its opt/py.
        processor: which one to be, as QEMU names it.
    """

    def __init__(self, emulator: Path, root: Path, processor: str) -> None:
        paths = f"{root / 'opt' / 'py'}:{REPOSITORY / 'sdk'}"
        command: list[str | Path] = [emulator, "-cpu", processor, "-L", root, "-E", f"PYTHONPATH={paths}"]
        command += ["-E", "PYTHONDONTWRITEBYTECODE=1", root / "usr" / "bin" / "python3.11"]
        server = REPOSITORY / "tests" / "support" / "network_server.py"
        self._process = subprocess.Popen([*command, server], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._turn = threading.Lock()  # eyes and mouth run in threads of their own

    def run(self, part: str, inputs: Tensors) -> dict[str, NDArray[np.float32]]:
        """Runs a part of the default bundle: flat float32 arrays by output name.

        Raises:
            RuntimeError: the process has ended.
        """
        to, back = self._process.stdin, self._process.stdout
        assert to is not None and back is not None
        counts = {name: value.size for name, value in inputs.items()}
        request = {"bundle": str(default_bundle_path()), "part": part, "inputs": counts}
        with self._turn:
            to.write(json.dumps(request).encode() + b"\n")
            for value in inputs.values():
                to.write(np.ascontiguousarray(value, "<f4").tobytes())
            to.flush()
            line = back.readline()
            if not line:
                raise RuntimeError(f"the arm64 process ended at the network {part!r}; QEMU must be 8.2 or newer")
            sizes: dict[str, int] = json.loads(line)["outputs"]
            return {name: np.frombuffer(back.read(4 * size), "<f4") for name, size in sizes.items()}

    def close(self) -> None:
        """Ends the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


class TwoKernels(NamedNetwork):
    """A part of the default bundle that runs here and there, and answers as there."""

    def __init__(self, bundle: Bundle, part: str, options: RuntimeOptions, arm: ArmProcess, compared: Compared) -> None:
        super().__init__(bundle.parts[part], bundle.part_manifest(part), options, part)
        self._part, self._arm, self._compared = part, arm, compared

    def __call__(self, inputs: Tensors) -> dict[str, NDArray[np.float32]]:
        """As `NamedNetwork`."""
        here = super().__call__(inputs)
        there = self._arm.run(self._part, {name: inputs[name] for name in self.input_shapes})
        shaped = {name: there[name].reshape(value.shape) for name, value in here.items()}
        self._compared.calls += 1
        for name, value in here.items():
            self._compared.outputs.setdefault(name, Difference()).add(value, shaped[name])
        return shaped


def on_processor(emulator: Path, root: Path, processor: str) -> dict[str, Any]:
    """The golden vectors with the networks on one emulated processor."""
    arm = ArmProcess(emulator, root, processor)
    manifests = Bundle.load().manifest["parts"]
    compared = {part: Compared(str(entry.get("precision"))) for part, entry in manifests.items()}

    def network(bundle: Bundle, name: str, options: RuntimeOptions | None = None) -> NamedNetwork:
        return TwoKernels(bundle, name, options or RuntimeOptions(), arm, compared[name])

    with tempfile.TemporaryDirectory() as kept:
        folder = Path(kept)
        try:
            with patch.object(Bundle, "network", network):
                record_binding_golden.main(folder)
        finally:
            arm.close()
        return {"networks": {part: each.told() for part, each in compared.items()}} | _from_golden(folder)


def on_this_processor() -> dict[str, Any]:
    """The golden vectors with the networks here: how far one processor is from the one that made them."""
    with tempfile.TemporaryDirectory() as kept:
        record_binding_golden.main(Path(kept))
        return _from_golden(Path(kept))


def _from_golden(folder: Path) -> dict[str, Any]:
    return {
        "pictures_db": {name: _picture_db(folder / name) for name in PICTURES},
        "tracker_landmarks_px": _landmark_error(folder / "tracker.json"),
    }


def _picture_db(path: Path) -> float:
    """PSNR of a recorded picture against the golden one of its name."""
    made, golden = (np.asarray(Image.open(each), float) for each in (path, GOLDEN / "bindings" / path.name))
    return round(float(10 * np.log10(255**2 / ((made - golden) ** 2).mean())), 1)


def _landmark_error(path: Path) -> float:
    """Largest difference of the tracker's landmarks from the golden ones, in pixels."""
    made, golden = (json.loads(each.read_text()) for each in (path, GOLDEN / "bindings" / path.name))
    pairs = zip(_landmarks(made["stills"]), _landmarks(golden["stills"]), strict=True)
    more = zip(_landmarks(made["video"]), _landmarks(golden["video"]), strict=True)
    return round(max(float(np.abs(one - other).max()) for one, other in (*pairs, *more)), 3)


def _landmarks(tree: Any) -> Iterator[NDArray[np.float64]]:
    """Every list of landmarks in what a golden file holds, in order."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            if key == "landmarks" and value:
                yield np.array(value)
            else:
                yield from _landmarks(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _landmarks(value)


def main() -> None:
    """Compares the kernels and writes what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("qemu", type=Path, help="qemu-aarch64, 8.2 or newer")
    parser.add_argument("root", type=Path, help="folder of the arm64 system")
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--cpu", nargs="+", default=PROCESSORS, help="processors to be, as QEMU names them")
    arguments = parser.parse_args()
    found = {each: on_processor(arguments.qemu, arguments.root, each) for each in arguments.cpu}
    report = {"model_version": Bundle.load().model_version, "here": on_this_processor(), "processors": found}
    arguments.output.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
