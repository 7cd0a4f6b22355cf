"""A bundle's part on whatever runtime fits: inputs and outputs go by the names in its manifest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monalive.networks.runtimes import DEFAULT_FORMAT, RuntimeOptions, Tensors, load_network


class NamedNetwork:
    """One loaded network of a bundle. Not to be called from two threads at once.

    Args:
        content: the network's file.
        manifest: the part's entry; each of `inputs` and `outputs` names its tensor in the file.
        options: what it runs on.
        what: what to call it in an error.

    Attributes:
        input_shapes: by input name; () where the manifest does not say.
        output_names: what a call gives.

    Raises:
        ValueError: the runtime cannot load it, or it does not have the tensors the manifest names.
        ImportError: the runtime is not installed.
    """

    def __init__(self, content: bytes, manifest: Mapping[str, Any], options: RuntimeOptions, what: str) -> None:
        self._network = load_network(content, manifest.get("format", DEFAULT_FORMAT), options, what)
        self._inputs = _by_name(manifest["inputs"], self._network.input_names, what)
        self._outputs = _by_name(manifest["outputs"], self._network.output_names, what)
        self.input_shapes = {entry["name"]: tuple(entry.get("shape", ())) for entry in manifest["inputs"]}
        self.output_names = tuple(self._outputs)
        self._what = what

    def __call__(self, inputs: Tensors) -> dict[str, NDArray[np.float32]]:
        """Runs it: float32 arrays by name in, float32 arrays by name out. Inputs it does not have are passed over.

        Raises:
            ValueError: an input is missing or of another shape.
        """
        for name, shape in self.input_shapes.items():
            if name not in inputs or (shape and inputs[name].shape != shape):
                got = inputs[name].shape if name in inputs else "nothing"
                raise ValueError(f"{self._what} takes {name!r} of shape {shape}, got {got}")
        outputs = self._network({tensor: inputs[name] for name, tensor in self._inputs.items()})
        return {name: outputs[tensor] for name, tensor in self._outputs.items()}

    def constant_inputs(self, known: Tensors) -> Tensors:
        """Those of `known` that it takes, made read-only, so that a runtime may keep them from call to call."""
        taken = {name: known[name] for name in self.input_shapes if name in known}
        for value in taken.values():
            value.setflags(write=False)
        return taken


def _by_name(entries: Sequence[Mapping[str, Any]], tensors: Sequence[str], what: str) -> dict[str, str]:
    names = {str(entry["name"]): str(entry["tensor"]) for entry in entries}
    if set(names.values()) != set(tensors):
        raise ValueError(f"{what} does not match its manifest: the network's tensors have other names")
    return names
