"""What phones take: operations of exported files, checked against what their accelerators run."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ai_edge_litert.interpreter import Interpreter

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
        *(
            "expand_dims",
            "squeeze",
            "reshape",
            "transpose",
            "slice_by_index",
            "slice_by_size",
            "split",
            "stack",
            "tile",
        ),
        *("reduce_sum", "reduce_mean", "reduce_max", "reduce_min", "matmul", "linear", "conv", "avg_pool", "max_pool"),
        *("batch_norm", "instance_norm", "upsample_bilinear", "upsample_nearest_neighbor", "resize_bilinear"),
        *("gather", "fill_like", "identity", "pad"),
        *("constexpr_affine_dequantize", "constexpr_lut_to_dense"),
    }
)
# Listed exception: reading a picture along a flow. CPU and GPU run it; the Neural Engine hands it to them.
COREML_EXCEPTIONS: Final = frozenset({"resample"})


def litert_problems(content: bytes) -> list[str]:
    """What in a .tflite file the GPU delegate would refuse; empty where nothing is."""
    interpreter = Interpreter(model_content=content, experimental_op_resolver_type=_plain())
    interpreter.allocate_tensors()
    operations = {detail["op_name"] for detail in interpreter._get_ops_details()}
    ranks = {detail["name"]: len(detail["shape"]) for detail in interpreter.get_tensor_details()}
    problems = [f"operation {name}" for name in sorted(operations & REFUSED_BY_LITERT_GPU)]
    return problems + [f"rank {rank} of {name}" for name, rank in ranks.items() if rank > MAX_RANK]


def coreml_problems(package: Path) -> list[str]:
    """Operations of a .mlpackage that are not known to run everywhere, nor listed as exceptions."""
    from monalive_export.checks.mil_interpreter import MILInterpreter

    unknown = MILInterpreter(package).operations - COREML_EVERYWHERE - COREML_EXCEPTIONS
    return [f"operation {name}" for name in sorted(unknown)]


def _plain() -> object:
    """Without the CPU's own delegate, which would hide operations."""
    from ai_edge_litert.interpreter import OpResolverType

    return OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
