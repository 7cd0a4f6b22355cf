"""What phones' accelerators refuse: operations of exported files, by name, against what GPU and Neural Engine run.

ONNX files are not checked, for want of a list to trust: ONNX Runtime Web publishes a table of its WebGPU operators, but
the versions in it are not those that its kernels match (its issue 27231). What WebGPU lacks, it runs on the CPU.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from ai_edge_litert.interpreter import Interpreter, OpResolverType

LITERT_GPU: Final = "LiteRT GPU delegate"
COREML_GPU: Final = "Core ML GPU"
NEURAL_ENGINE: Final = "Core ML Neural Engine"
# By accelerator: what in a file it refuses; an empty list where it takes all of it.
Refused = dict[str, list[str]]

# What LiteRT's GPU delegate refuses, or runs many times slower than the rest.
REFUSED_BY_LITERT_GPU: Final = frozenset(
    {
        *("GATHER_ND", "BROADCAST_TO", "STRIDED_SLICE", "CUSTOM", "SCATTER_ND", "SELECT", "PRELU", "DEPTH_TO_SPACE"),
        "RELU_0_TO_1",
    }
)
MAX_RANK: Final = 4
# MIL operations known to run on CPU, GPU and Neural Engine alike.
COREML_EVERYWHERE: Final = frozenset(
    {
        *("add", "sub", "mul", "real_div", "maximum", "minimum", "abs", "cos", "sin", "exp", "log", "floor", "sqrt"),
        *("square", "rsqrt", "inverse", "tanh", "relu", "sigmoid", "clip", "softmax", "cast", "const", "concat"),
        *("expand_dims", "squeeze", "reshape", "transpose", "slice_by_index", "slice_by_size", "split", "stack"),
        *("reduce_sum", "reduce_mean", "reduce_max", "reduce_min", "matmul", "linear", "conv", "avg_pool", "max_pool"),
        *("batch_norm", "instance_norm", "upsample_bilinear", "upsample_nearest_neighbor", "resize_bilinear"),
        *("gather", "fill_like", "identity", "pad", "tile"),
        *("constexpr_affine_dequantize", "constexpr_lut_to_dense"),
    }
)
# Reading a picture along a flow: CPU and GPU run it; the Neural Engine hands it to them.
NOT_ON_NEURAL_ENGINE: Final = frozenset({"resample"})


def litert_refusals(content: bytes) -> Refused:
    """What in a .tflite file the GPU delegate refuses, judged by operations and ranks; the delegate is not run."""
    plain = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES  # the CPU's own delegate would hide operations
    interpreter = Interpreter(model_content=content, experimental_op_resolver_type=plain)
    interpreter.allocate_tensors()
    operations = {detail["op_name"] for detail in interpreter._get_ops_details()}
    large = [detail["name"] for detail in interpreter.get_tensor_details() if len(detail["shape"]) > MAX_RANK]
    refused = [f"operation {name}" for name in sorted(operations & REFUSED_BY_LITERT_GPU)]
    if large:
        refused.append(f"a rank above {MAX_RANK} ({len(large)} tensors, {large[0]} the first)")
    return {LITERT_GPU: refused}


def coreml_refusals(package: Path) -> Refused:
    """What of a .mlpackage is not known to run on the GPU, and on the Neural Engine, which has half precision alone."""
    from coremltools.models.utils import load_spec
    from coremltools.proto import MIL_pb2

    (function,) = load_spec(str(package)).mlProgram.functions.values()
    operations = [each for block in function.block_specializations.values() for each in _operations(block)]
    kinds = {operation.type for operation in operations}
    float32 = [
        operation
        for operation in operations
        if operation.type not in ("const", "cast")
        and any(output.type.tensorType.dataType == MIL_pb2.FLOAT32 for output in operation.outputs)
    ]
    on_engine = [f"operation {name}" for name in sorted(kinds - COREML_EVERYWHERE)]
    if float32:
        on_engine.append(f"{len(float32)} operations in float32")
    return {
        COREML_GPU: [f"operation {name}" for name in sorted(kinds - COREML_EVERYWHERE - NOT_ON_NEURAL_ENGINE)],
        NEURAL_ENGINE: on_engine,
    }


def _operations(block: Any) -> Iterator[Any]:
    """Of a block of a saved MIL program, and of the blocks inside its operations."""
    for operation in block.operations:
        yield operation
        for inner in operation.blocks:
            yield from _operations(inner)
