"""Runs a saved Core ML program on PyTorch: Apple's runtime is on Apple's systems only, the check must run anywhere.

It reads the program back from the .mlpackage, its weights unpacked from whatever they were compressed to, and does what
each MIL operation is documented to do. Values that the program holds in half precision are rounded to it after every
operation; sums inside an operation are kept in float32, as Apple's hardware keeps them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import coremltools
import numpy as np
import torch
import torch.nn.functional as F
from coremltools.converters.mil.frontend.milproto.load import load as load_program
from coremltools.converters.mil.mil import types
from numpy.typing import NDArray

Inputs = dict[str, Any]
Operation = Callable[[Inputs], Any]


class MILInterpreter:
    """The program of a .mlpackage.

    Args:
        path: the package.

    Raises:
        ValueError: it is no ML Program, or has an operation that is not known here.
    """

    def __init__(self, path: Path) -> None:
        logging.getLogger("coremltools").setLevel(logging.ERROR)
        model = coremltools.models.MLModel(str(path), skip_model_load=True)
        spec = model.get_spec()
        if spec.WhichOneof("Type") != "mlProgram":
            raise ValueError(f"{path} is not a Core ML model of the kind ML Program")
        program = load_program(
            spec, specification_version=spec.specificationVersion, file_weights_dir=model.weights_dir
        )
        self._main = program.functions["main"]
        self.input_names = tuple(self._main.inputs)
        self.output_names = tuple(entry.name for entry in spec.description.output)
        unknown = sorted({kind for kind in self.operations if kind not in _OPERATIONS and not _is_constant(kind)})
        if unknown:
            raise ValueError(f"{path} has operations that the interpreter does not know: {', '.join(unknown)}")

    @property
    def operations(self) -> set[str]:
        """Types of its operations."""
        return {operation.op_type for operation in self._main.operations}

    @torch.inference_mode()
    def __call__(self, tensors: Mapping[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
        """Runs it: float32 arrays by name in and out."""
        values: dict[Any, Any] = {
            variable: torch.from_numpy(np.ascontiguousarray(tensors[name]))
            for name, variable in self._main.inputs.items()
        }

        def read(value: Any) -> Any:
            if isinstance(value, (list, tuple)):
                return [read(one) for one in value]
            return values[value] if value in values else _constant(value.val)

        for operation in self._main.operations:
            kind = operation.op_type
            if kind == "const":
                continue
            if _is_constant(kind):
                results: Any = _constant(operation.materialized_val_inference())
            else:
                given = {name: read(value) for name, value in operation.inputs.items() if value is not None}
                results = _OPERATIONS[kind](given)
            several = results if isinstance(results, (list, tuple)) else [results]
            for variable, result in zip(operation.outputs, several, strict=True):
                values[variable] = _rounded(result, variable)
        return {
            name: values[variable].float().numpy()
            for name, variable in zip(self.output_names, self._main.outputs, strict=True)
        }


def _is_constant(kind: str) -> bool:
    return kind == "const" or kind.startswith("constexpr")


def _constant(value: Any) -> Any:
    array = np.asarray(value)
    if array.dtype.kind == "f":
        return torch.from_numpy(np.array(array, np.float32))
    if array.dtype.kind in "iu" and array.ndim:
        return torch.from_numpy(np.array(array, np.int64))
    return value


def _rounded(result: Any, variable: Any) -> Any:
    is_half = types.is_tensor(variable.sym_type) and variable.dtype == types.fp16
    return result.half().float() if is_half and isinstance(result, torch.Tensor) else result


def _numbers(value: Any) -> list[int]:
    return [int(one) for one in np.asarray(value).reshape(-1)]


def _tensor(value: Any) -> torch.Tensor:
    return value if isinstance(value, torch.Tensor) else torch.as_tensor(value)


def _two(function: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]) -> Operation:
    return lambda given: function(_tensor(given["x"]), _tensor(given["y"]))


def _one(function: Callable[[torch.Tensor], torch.Tensor]) -> Operation:
    return lambda given: function(given["x"])


def _reduce(function: Callable[..., torch.Tensor]) -> Operation:
    return lambda given: function(given["x"], dim=_numbers(given["axes"]), keepdim=bool(given["keep_dims"]))


def _cast(given: Inputs) -> torch.Tensor:
    x, to = given["x"], str(given["dtype"])
    return _tensor(x).float() if to in ("fp16", "fp32") else _tensor(x).to(torch.int64)


def _expand(given: Inputs) -> torch.Tensor:
    x: torch.Tensor = given["x"]
    axes = _numbers(given["axes"])
    rank = x.ndim + len(axes)
    for axis in sorted(axis % rank for axis in axes):
        x = x.unsqueeze(axis)
    return x


def _squeeze(given: Inputs) -> torch.Tensor:
    x: torch.Tensor = given["x"]
    for axis in sorted((axis % x.ndim for axis in _numbers(given["axes"])), reverse=True):
        x = x.squeeze(axis)
    return x


def _reshape(given: Inputs) -> torch.Tensor:
    x: torch.Tensor = given["x"]
    return x.reshape([x.shape[i] if size == 0 else size for i, size in enumerate(_numbers(given["shape"]))])


def _slice(given: Inputs) -> torch.Tensor:
    x = given["x"]
    begin, end = _numbers(given["begin"]), _numbers(given["end"])
    stride = _numbers(given["stride"]) if "stride" in given else [1] * x.ndim
    masks = [
        _numbers(given[name]) if name in given else [0] * x.ndim for name in ("begin_mask", "end_mask", "squeeze_mask")
    ]
    places: list[Any] = []
    for axis, (first, last, step) in enumerate(zip(begin, end, stride, strict=True)):
        open_begin, open_end, single = (mask[axis] for mask in masks)
        places.append(first if single else slice(None if open_begin else first, None if open_end else last, step))
    sliced: torch.Tensor = x[tuple(places)]
    return sliced


def _slice_by_size(given: Inputs) -> torch.Tensor:
    x = given["x"]
    sizes = zip(_numbers(given["begin"]), _numbers(given["size"]), strict=True)
    sliced: torch.Tensor = x[tuple(slice(b, None if s == -1 else b + s) for b, s in sizes)]
    return sliced


def _split(given: Inputs) -> Any:
    x, axis = given["x"], int(given["axis"])
    if "split_sizes" in given:
        return torch.split(x, _numbers(given["split_sizes"]), axis)
    return torch.split(x, x.shape[axis] // int(given["num_splits"]), axis)


def _matmul(given: Inputs) -> torch.Tensor:
    x, y = _tensor(given["x"]), _tensor(given["y"])
    x = x.mT if bool(given.get("transpose_x", False)) else x
    return x @ (y.mT if bool(given.get("transpose_y", False)) else y)


def _padding(given: Inputs, sizes: list[int], kernel: list[int], strides: list[int]) -> list[int]:
    """(before, after) of height, then of width."""
    kind = str(given["pad_type"])
    if kind == "valid":
        return [0, 0, 0, 0]
    if kind == "custom":
        return _numbers(given["pad"])
    if kind != "same":
        raise NotImplementedError(f"padding of kind {kind}")
    pads = []
    for size, reach, step in zip(sizes, kernel, strides, strict=True):
        total = max((-(-size // step) - 1) * step + reach - size, 0)
        pads += [total // 2, total - total // 2]
    return pads


def _pad(given: Inputs) -> torch.Tensor:
    if str(given.get("mode", "constant")) != "constant":
        raise NotImplementedError(f"padding by {given['mode']}")
    pads = _numbers(given["pad"])  # (before, after) of the last axes, in their order
    backwards = [pads[axis + side] for axis in range(len(pads) - 2, -1, -2) for side in (0, 1)]
    return F.pad(given["x"], backwards, value=float(given.get("constant_val", 0.0)))


def _conv(given: Inputs) -> torch.Tensor:
    x, weight = given["x"], given["weight"]
    strides, dilations = _numbers(given["strides"]), _numbers(given["dilations"])
    reach = [(weight.shape[2 + axis] - 1) * dilations[axis] + 1 for axis in range(2)]
    top, bottom, left, right = _padding(given, list(x.shape[2:]), reach, strides)
    padded = F.pad(x, (left, right, top, bottom))
    return F.conv2d(padded, weight, given.get("bias"), strides, 0, dilations, int(given["groups"]))


def _pool(function: Callable[..., torch.Tensor]) -> Operation:
    def pool(given: Inputs) -> torch.Tensor:
        kernel = _numbers(given["kernel_sizes"])
        strides = _numbers(given["strides"]) if "strides" in given else kernel
        if any(_padding(given, list(given["x"].shape[2:]), kernel, strides)):
            raise NotImplementedError("pooling with padding")
        return function(given["x"], kernel, strides, ceil_mode=bool(given.get("ceil_mode", False)))

    return pool


def _batch_norm(given: Inputs) -> torch.Tensor:
    gamma, beta = given.get("gamma"), given.get("beta")
    return F.batch_norm(given["x"], given["mean"], given["variance"], gamma, beta, False, 0.0, float(given["epsilon"]))


def _instance_norm(given: Inputs) -> torch.Tensor:
    gamma, beta = given.get("gamma"), given.get("beta")
    return F.instance_norm(given["x"], None, None, gamma, beta, True, 0.0, float(given["epsilon"]))


def _upsample(mode: str) -> Operation:
    def upsample(given: Inputs) -> torch.Tensor:
        scale = (float(given["scale_factor_height"]), float(given["scale_factor_width"]))
        align = {"align_corners": bool(given["align_corners"])} if mode == "bilinear" else {}
        return F.interpolate(given["x"], scale_factor=scale, mode=mode, **align)

    return upsample


def _resize_bilinear(given: Inputs) -> torch.Tensor:
    size = (int(given["target_size_height"]), int(given["target_size_width"]))
    mode = str(given["sampling_mode"])
    if mode not in ("UNALIGN_CORNERS", "STRICT_ALIGN_CORNERS", "ALIGN_CORNERS"):
        raise NotImplementedError(f"resize_bilinear with {mode}")
    return F.interpolate(given["x"], size=size, mode="bilinear", align_corners=mode != "UNALIGN_CORNERS")


def _resample(given: Inputs) -> torch.Tensor:
    settings = str(given["sampling_mode"]), str(given["coordinates_mode"])
    if settings != ("bilinear", "normalized_minus_one_to_one"):
        raise NotImplementedError(f"resample with {settings}")
    padding = {"constant": "zeros", "border": "border", "reflection": "reflection"}[str(given["padding_mode"])]
    return F.grid_sample(
        given["x"], given["coordinates"], "bilinear", padding, align_corners=bool(given["align_corners"])
    )


def _gather(given: Inputs) -> torch.Tensor:
    x, indices, axis = given["x"], _tensor(given["indices"]), int(given["axis"])
    picked = torch.index_select(x, axis, indices.reshape(-1))
    axis %= x.ndim
    return picked.reshape(*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :])


_OPERATIONS: Final[dict[str, Operation]] = {
    "add": _two(torch.add),
    "sub": _two(torch.sub),
    "mul": _two(torch.mul),
    "real_div": _two(torch.div),
    "maximum": _two(torch.maximum),
    "minimum": _two(torch.minimum),
    "pow": _two(torch.pow),
    "abs": _one(torch.abs),
    "cos": _one(torch.cos),
    "exp": _one(torch.exp),
    "floor": _one(torch.floor),
    "relu": _one(torch.relu),
    "sigmoid": _one(torch.sigmoid),
    "sin": _one(torch.sin),
    "sqrt": _one(torch.sqrt),
    "square": _one(torch.square),
    "tanh": _one(torch.tanh),
    "identity": _one(lambda x: x),
    "log": lambda given: torch.log(given["x"] + float(given.get("epsilon", 1e-45))),
    "rsqrt": lambda given: torch.rsqrt(given["x"] + float(given.get("epsilon", 1e-12))),
    "inverse": lambda given: 1.0 / (given["x"] + float(given.get("epsilon", 1e-4))),
    "clip": lambda given: given["x"].clamp(float(given["alpha"]), float(given["beta"])),
    "leaky_relu": lambda given: F.leaky_relu(given["x"], float(given["alpha"])),
    "softmax": lambda given: torch.softmax(given["x"], int(given["axis"])),
    "reduce_sum": _reduce(torch.sum),
    "reduce_mean": _reduce(torch.mean),
    "reduce_max": _reduce(torch.amax),
    "reduce_min": _reduce(torch.amin),
    "concat": lambda given: torch.cat([_tensor(one) for one in given["values"]], int(given["axis"])),
    "stack": lambda given: torch.stack([_tensor(one) for one in given["values"]], int(given["axis"])),
    "transpose": lambda given: given["x"].permute(_numbers(given["perm"])),
    "tile": lambda given: given["x"].repeat(_numbers(given["reps"])),
    "linear": lambda given: F.linear(given["x"], given["weight"], given.get("bias")),
    "cast": _cast,
    "expand_dims": _expand,
    "squeeze": _squeeze,
    "reshape": _reshape,
    "slice_by_index": _slice,
    "slice_by_size": _slice_by_size,
    "pad": _pad,
    "split": _split,
    "matmul": _matmul,
    "conv": _conv,
    "avg_pool": _pool(F.avg_pool2d),
    "max_pool": _pool(F.max_pool2d),
    "batch_norm": _batch_norm,
    "instance_norm": _instance_norm,
    "upsample_bilinear": _upsample("bilinear"),
    "upsample_nearest_neighbor": _upsample("nearest"),
    "resize_bilinear": _resize_bilinear,
    "resample": _resample,
    "gather": _gather,
    "fill_like": lambda given: torch.full(tuple(given["ref_tensor"].shape), float(given["value"])),
}
