"""The runtimes that can run a bundle's networks, as one table: which formats, which package, which accelerators."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Tensors: TypeAlias = "Mapping[str, NDArray[np.float32]]"
# Formats of a network's file, as a manifest names them, and the files' suffixes.
FORMAT_SUFFIXES: Final = {"tflite": ".tflite", "onnx": ".onnx", "mlpackage": ".mlpackage.zip"}
DEFAULT_FORMAT: Final = "tflite"
DELEGATES: Final = ("cpu", "gpu", "npu")


class TensorNetwork(Protocol):
    """A loaded network; tensors go by the names they have in its file. Not to be called from two threads at once."""

    input_names: Sequence[str]
    output_names: Sequence[str]

    def __call__(self, tensors: Tensors) -> dict[str, NDArray[np.float32]]:
        """float32 arrays of every input to float32 arrays of every output."""


@dataclass(frozen=True)
class Runtime:
    """A runtime.

    Attributes:
        name: what it is called in options.
        format: of the files it runs, a key of `FORMAT_SUFFIXES`.
        module: what must be importable.
        install: what to install.
        network: "module:class"; the class takes (content, options, what) and makes a `TensorNetwork`.
        delegates: what it can run on, of `DELEGATES`; whether this machine has it is known when a network is loaded.
    """

    name: str
    format: str
    module: str
    install: str
    network: str
    delegates: tuple[str, ...]

    @property
    def installed(self) -> bool:
        """Whether its package can be imported here."""
        return importlib.util.find_spec(self.module) is not None


# In the order in which they are tried where none is asked for.
RUNTIMES: Final = {
    runtime.name: runtime
    for runtime in (
        Runtime("litert", "tflite", "ai_edge_litert", "ai-edge-litert", "litert_network:LiteRTNetwork", DELEGATES),
        Runtime(
            "tflite-runtime", "tflite", "tflite_runtime", "tflite-runtime", "litert_network:LiteRTNetwork", ("cpu",)
        ),
        Runtime("onnxruntime", "onnx", "onnxruntime", "monalive[onnx]", "onnx_network:OnnxNetwork", DELEGATES),
        Runtime("coreml", "mlpackage", "coremltools", "monalive[coreml]", "coreml_network:CoreMLNetwork", DELEGATES),
    )
}


@dataclass(frozen=True)
class RuntimeOptions:
    """What networks run on.

    Attributes:
        runtime: a key of `RUNTIMES`; None for the first installed one that runs the bundle's format.
        delegate: "cpu", or an accelerator: "gpu", "npu".
        num_threads: CPU threads per network, 1 to 64.
        paste_threads: threads that share the pasting, 1 to 64; None: as many as `num_threads`.

    Raises:
        ValueError: an unknown runtime or delegate, or one that the runtime does not have.
    """

    runtime: str | None = None
    delegate: str = "cpu"
    num_threads: int = 2
    paste_threads: int | None = None

    def __post_init__(self) -> None:
        if self.runtime is not None and self.runtime not in RUNTIMES:
            raise ValueError(f"there is no runtime {self.runtime!r}: choose from {', '.join(RUNTIMES)}")
        if self.delegate not in DELEGATES:
            raise ValueError(f"there is no delegate {self.delegate!r}: choose from {', '.join(DELEGATES)}")
        if self.runtime is not None and self.delegate not in RUNTIMES[self.runtime].delegates:
            has = ", ".join(RUNTIMES[self.runtime].delegates)
            raise ValueError(f"the runtime {self.runtime} does not run on {self.delegate}, only on {has}")
        if not 1 <= self.num_threads <= 64:
            raise ValueError(f"num_threads must be from 1 to 64, not {self.num_threads}")
        if self.paste_threads is not None and not 1 <= self.paste_threads <= 64:
            raise ValueError(f"paste_threads must be from 1 to 64, not {self.paste_threads}")


def choose_runtime(options: RuntimeOptions, file_format: str, what: str) -> Runtime:
    """The runtime for a file.

    Args:
        options: what is asked for.
        file_format: as the manifest names it.
        what: the file, for errors.

    Raises:
        ValueError: the runtime asked for runs other formats, or nothing runs this one on that delegate.
        ImportError: it is not installed.
    """
    fitting = [
        runtime
        for runtime in RUNTIMES.values()
        if runtime.format == file_format and options.delegate in runtime.delegates
    ]
    if options.runtime is not None:
        wanted = RUNTIMES[options.runtime]
        if wanted.format != file_format:
            raise ValueError(
                f"{what} is a {file_format} network, but the runtime {wanted.name} runs {wanted.format}; "
                f"use a bundle exported for {wanted.name}, or do not name a runtime"
            )
        fitting = [wanted]
    if not fitting:
        raise ValueError(
            f"{what} is a {file_format} network: no runtime runs it on {options.delegate}; choose another delegate"
        )
    for runtime in fitting:
        if runtime.installed:
            return runtime
    names = " or ".join(f"{runtime.name} (pip install '{runtime.install}')" for runtime in fitting)
    raise ImportError(f"{what} needs the runtime {names}, which is not installed")


def load_network(content: bytes, file_format: str, options: RuntimeOptions, what: str) -> TensorNetwork:
    """Loads a network.

    Args:
        content: the file; a Core ML package as an uncompressed zip.
        file_format: a key of `FORMAT_SUFFIXES`.
        options: what it is to run on.
        what: what to call it in an error.

    Raises:
        ValueError: the runtime cannot load it, or not on that delegate; see `choose_runtime`.
        ImportError: the runtime is not installed.
    """
    runtime = choose_runtime(options, file_format, what)
    module, _, name = runtime.network.partition(":")
    network: Any = getattr(importlib.import_module(f"monalive.networks.{module}"), name)
    loaded: TensorNetwork = network(content, runtime.module, options, what)
    return loaded
