"""A network on LiteRT, Google's on-device runtime, or on its predecessor TensorFlow Lite (`tflite-runtime`)."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monalive.networks.quiet_loading import without_notices
from monalive.networks.runtimes import RuntimeOptions, Tensors


class LiteRTNetwork:
    """One loaded network. Not to be called from two threads at once.

    Args:
        content: the .tflite file.
        package: "ai_edge_litert" or "tflite_runtime".
        options: threads and delegate. Accelerators run through LiteRT's CompiledModel.
        what: what to call it in an error.

    Raises:
        ValueError: LiteRT cannot load it, or the accelerator does not support all of it.
    """

    def __init__(self, content: bytes, package: str, options: RuntimeOptions, what: str) -> None:
        self._interpreter = _interpreter(content, package, options.num_threads, what)
        self._inputs = {detail["name"]: detail["index"] for detail in self._interpreter.get_input_details()}
        self._outputs = {detail["name"]: detail["index"] for detail in self._interpreter.get_output_details()}
        self.input_names, self.output_names = tuple(self._inputs), tuple(self._outputs)
        self._held: dict[str, NDArray[np.float32]] = {}  # constant arrays that its inputs hold from the call before
        self._accelerated = None
        if options.delegate != "cpu":
            self._accelerated = _Accelerated(content, self._interpreter, options.delegate, what)

    def __call__(self, tensors: Tensors) -> dict[str, NDArray[np.float32]]:
        """Runs it: float32 arrays by tensor name in and out."""
        if self._accelerated is not None:
            return self._accelerated(tensors)
        for name, index in self._inputs.items():
            given = tensors[name]
            if self._held.get(name) is given:  # an enrolled photo's two megabytes are copied for its first frame only
                continue
            self._interpreter.set_tensor(index, given)
            self._held.pop(name, None)
            if _is_constant(given):
                self._held[name] = given
        self._interpreter.invoke()
        return {name: self._interpreter.get_tensor(index) for name, index in self._outputs.items()}


def _is_constant(array: NDArray[np.float32]) -> bool:
    """Whether nobody can change its values: it is read-only, and no view of something else."""
    return array.base is None and not array.flags.writeable


class _Accelerated:
    """The same network on a GPU or an NPU: CompiledModel knows tensors by the names of the file's signature."""

    def __init__(self, content: bytes, interpreter: Any, delegate: str, what: str) -> None:
        from ai_edge_litert.compiled_model import CompiledModel
        from ai_edge_litert.hardware_accelerator import HardwareAccelerator

        wanted = HardwareAccelerator.GPU if delegate == "gpu" else HardwareAccelerator.NPU
        try:
            self._model = CompiledModel.from_buffer(content, hardware_accel=wanted)
            complete = self._model.is_fully_accelerated()
        except (RuntimeError, ValueError) as error:
            raise ValueError(f"{what} cannot be loaded on the {delegate}: {error}; use the delegate cpu") from error
        if not complete:
            raise ValueError(f"the {delegate} of this machine does not support all of {what}; use the delegate cpu")
        self._signature = next(iter(interpreter.get_signature_list()))
        runner = interpreter.get_signature_runner(self._signature)
        self._inputs = self._buffers(runner.get_input_details(), self._model.create_input_buffer_by_name)
        self._outputs = self._buffers(runner.get_output_details(), self._model.create_output_buffer_by_name)

    def _buffers(self, details: Mapping[str, Mapping[str, Any]], create: Any) -> dict[str, Any]:
        """Signature name -> (tensor name, shape, buffer)."""
        return {
            name: (detail["name"], tuple(int(size) for size in detail["shape"]), create(self._signature, name))
            for name, detail in details.items()
        }

    def __call__(self, tensors: Tensors) -> dict[str, NDArray[np.float32]]:
        for tensor, _, buffer in self._inputs.values():
            buffer.write(np.ascontiguousarray(tensors[tensor]).ravel())
        inputs = {name: buffer for name, (_, _, buffer) in self._inputs.items()}
        outputs = {name: buffer for name, (_, _, buffer) in self._outputs.items()}
        self._model.run_by_name(self._signature, inputs, outputs)
        return {
            tensor: buffer.read(int(np.prod(shape)), np.float32).reshape(shape)
            for tensor, shape, buffer in self._outputs.values()
        }


def _interpreter(content: bytes, package: str, num_threads: int, what: str) -> Any:
    module = importlib.import_module(f"{package}.interpreter")
    try:
        with without_notices():
            interpreter = module.Interpreter(model_content=content, num_threads=num_threads)
            interpreter.allocate_tensors()
    except (RuntimeError, ValueError) as error:
        raise ValueError(f"{what} holds a network that LiteRT cannot load: {error}") from error
    return interpreter
