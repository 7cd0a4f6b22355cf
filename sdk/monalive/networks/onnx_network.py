"""A network on ONNX Runtime."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from monalive.networks.runtimes import RuntimeOptions, Tensors

# Execution providers in the order of preference.
PROVIDERS: Final = {
    "cpu": ("CPUExecutionProvider",),
    "gpu": (
        "CUDAExecutionProvider",
        "DmlExecutionProvider",
        "WebGpuExecutionProvider",
        "CoreMLExecutionProvider",
        "ROCMExecutionProvider",
    ),
    "npu": ("QNNExecutionProvider", "NnapiExecutionProvider", "CoreMLExecutionProvider", "VitisAIExecutionProvider"),
}


class OnnxNetwork:
    """One loaded network.

    Args:
        content: the .onnx file.
        package: "onnxruntime".
        options: threads and delegate; an accelerator is an execution provider that this ONNX Runtime was built with.
        what: what to call it in an error.

    Raises:
        ValueError: ONNX Runtime cannot load it, or has no provider for the delegate.
    """

    def __init__(self, content: bytes, package: str, options: RuntimeOptions, what: str) -> None:
        import onnxruntime

        available = onnxruntime.get_available_providers()
        provider = next((name for name in PROVIDERS[options.delegate] if name in available), None)
        if provider is None:
            raise ValueError(
                f"this ONNX Runtime has no provider for the {options.delegate} (it has {', '.join(available)}); "
                "install a build that has one, or use the delegate cpu"
            )
        session = onnxruntime.SessionOptions()
        session.intra_op_num_threads = options.num_threads
        session.inter_op_num_threads = 1
        session.log_severity_level = 3
        try:
            self._session: Any = onnxruntime.InferenceSession(content, session, providers=[provider])
        except Exception as error:  # its own exception types share no base but Exception
            raise ValueError(f"{what} holds a network that ONNX Runtime cannot load: {error}") from error
        self.input_names = tuple(entry.name for entry in self._session.get_inputs())
        self.output_names = tuple(entry.name for entry in self._session.get_outputs())

    def __call__(self, tensors: Tensors) -> dict[str, NDArray[np.float32]]:
        """Runs it: float32 arrays by tensor name in and out."""
        outputs = self._session.run(self.output_names, {name: tensors[name] for name in self.input_names})
        return dict(zip(self.output_names, outputs, strict=True))
