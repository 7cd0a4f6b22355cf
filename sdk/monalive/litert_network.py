"""A network on LiteRT, Google's on-device runtime (formerly TensorFlow Lite)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray


class LiteRTNetwork:
    """One loaded network. Not to be called from two threads at once.

    Args:
        content: the .tflite file.
        num_threads: CPU threads.
        what: what to call it in an error.

    Raises:
        ValueError: LiteRT cannot load it.
    """

    def __init__(self, content: bytes, *, num_threads: int, what: str) -> None:
        try:
            self._interpreter = Interpreter(model_content=content, num_threads=num_threads)
            self._interpreter.allocate_tensors()
        except (RuntimeError, ValueError) as error:
            raise ValueError(f"{what} holds a network that LiteRT cannot load: {error}") from error
        self._inputs: list[Mapping[str, Any]] = self._interpreter.get_input_details()
        self._outputs: list[Mapping[str, Any]] = self._interpreter.get_output_details()

    def __call__(self, *tensors: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Runs it on float32 inputs, in the file's order; returns float32 outputs in the file's order."""
        for detail, tensor in zip(self._inputs, tensors, strict=True):
            self._interpreter.set_tensor(detail["index"], tensor)
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(detail["index"]) for detail in self._outputs]


class NamedNetwork:
    """A bundle's part: inputs and outputs go by the names in its manifest.

    Args:
        content: the .tflite file.
        manifest: the part's entry; each of `inputs` and `outputs` names its tensor in the file.
        num_threads: CPU threads.
        what: what to call it in an error.

    Raises:
        ValueError: LiteRT cannot load it, or it does not have the tensors the manifest names.
    """

    def __init__(self, content: bytes, manifest: Mapping[str, Any], *, num_threads: int, what: str) -> None:
        self._network = LiteRTNetwork(content, num_threads=num_threads, what=what)
        self._input_names = _in_file_order(self._network._inputs, manifest["inputs"], what)
        self._output_names = _in_file_order(self._network._outputs, manifest["outputs"], what)

    def __call__(self, inputs: Mapping[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
        """Runs it: float32 arrays by name in, float32 arrays by name out."""
        outputs = self._network(*(inputs[name] for name in self._input_names))
        return dict(zip(self._output_names, outputs, strict=True))


def _in_file_order(details: Sequence[Mapping[str, Any]], entries: Sequence[Mapping[str, Any]], what: str) -> list[str]:
    names = {entry["tensor"]: str(entry["name"]) for entry in entries}
    if set(names) != {detail["name"] for detail in details}:
        raise ValueError(f"{what} does not match its manifest: the network's tensors have other names")
    return [names[detail["name"]] for detail in details]
