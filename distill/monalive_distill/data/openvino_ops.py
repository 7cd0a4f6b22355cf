"""OpenVINO's operations in torch, as far as convolutional generators need them (operation sets 1 to 7).

Each takes the attributes of its `<data>` element, as strings, and its input tensors, and returns its outputs.
Shape arithmetic runs on small int64 tensors like everything else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional as F

Attributes = Mapping[str, str]
Operation = Callable[[Attributes, list[Tensor]], tuple[Tensor, ...]]


def _numbers(attributes: Attributes, name: str, default: str = "") -> list[int]:
    return [int(number) for number in attributes.get(name, default).split(",") if number.strip()]


def _flag(attributes: Attributes, name: str) -> bool:
    return attributes.get(name, "false").lower() in ("true", "1")


def _integers(tensor: Tensor) -> list[int]:
    return [int(number) for number in tensor.reshape(-1).tolist()]


def _require_numpy_broadcast(attributes: Attributes) -> None:
    if attributes.get("auto_broadcast", "numpy") != "numpy":
        raise ValueError(f"auto_broadcast must be numpy; got {attributes['auto_broadcast']}")


def _add(attributes: Attributes, inputs: list[Tensor]) -> tuple[Tensor, ...]:
    _require_numpy_broadcast(attributes)
    return (inputs[0] + inputs[1],)


def _multiply(attributes: Attributes, inputs: list[Tensor]) -> tuple[Tensor, ...]:
    _require_numpy_broadcast(attributes)
    return (inputs[0] * inputs[1],)


def _power(attributes: Attributes, inputs: list[Tensor]) -> tuple[Tensor, ...]:
    _require_numpy_broadcast(attributes)
    return (inputs[0] ** inputs[1],)


def _mat_mul(attributes: Attributes, inputs: list[Tensor]) -> tuple[Tensor, ...]:
    left, right = inputs
    left = left.transpose(-1, -2) if _flag(attributes, "transpose_a") else left
    right = right.transpose(-1, -2) if _flag(attributes, "transpose_b") else right
    return (left @ right,)


def _prelu(attributes: Attributes, inputs: list[Tensor]) -> tuple[Tensor, ...]:
    x, slope = inputs  # slope: one number, or one per channel
    return (F.prelu(x, slope.reshape(-1)),)


def _symmetric_padding(attributes: Attributes) -> list[int]:
    begin, end = _numbers(attributes, "pads_begin"), _numbers(attributes, "pads_end")
    if attributes.get("auto_pad", "explicit") != "explicit" or begin != end:
        raise ValueError(f"only explicit, symmetric padding is supported; got {dict(attributes)}")
    return begin


def _convolve(attributes: Attributes, x: Tensor, weight: Tensor, groups: int) -> tuple[Tensor, ...]:
    if x.ndim != 4:
        raise ValueError(f"only 2D convolution is supported; got an input of shape {tuple(x.shape)}")
    padding = _symmetric_padding(attributes)
    strides, dilations = _numbers(attributes, "strides"), _numbers(attributes, "dilations")
    return (F.conv2d(x, weight, None, strides, padding, dilations, groups),)


def _convolution(attributes: Attributes, inputs: list[Tensor]) -> tuple[Tensor, ...]:
    return _convolve(attributes, inputs[0], inputs[1], 1)


def _group_convolution(attributes: Attributes, inputs: list[Tensor]) -> tuple[Tensor, ...]:
    weight = inputs[1]  # (groups, outputs / groups, inputs / groups, h, w)
    return _convolve(attributes, inputs[0], weight.flatten(0, 1), weight.shape[0])


def _group_convolution_transposed(attributes: Attributes, inputs: list[Tensor]) -> tuple[Tensor, ...]:
    if len(inputs) != 2 or any(_numbers(attributes, "output_padding", "0,0")):
        raise ValueError("transposed convolution with a given output size or output padding is not supported")
    x, weight = inputs  # weight: (groups, inputs / groups, outputs / groups, h, w)
    padding, strides = _symmetric_padding(attributes), _numbers(attributes, "strides")
    groups, *per_group, height, width = weight.shape
    if per_group == [1, 1] and strides == [height, width] and not any(padding):
        # Taps that do not overlap (a step of a Haar wavelet): an outer product, ten times quicker on a CPU.
        n, c, h, w = x.shape
        taps = weight.reshape(1, c, 1, height, 1, width)
        return ((x.reshape(n, c, h, 1, w, 1) * taps).reshape(n, c, h * height, w * width),)
    dilations = _numbers(attributes, "dilations")
    return (F.conv_transpose2d(x, weight.flatten(0, 1), None, strides, padding, 0, groups, dilations),)


def _reshape(attributes: Attributes, inputs: list[Tensor]) -> tuple[Tensor, ...]:
    x, shape = inputs[0], _integers(inputs[1])
    if _flag(attributes, "special_zero"):
        shape = [x.shape[axis] if size == 0 else size for axis, size in enumerate(shape)]
    return (x.reshape(shape),)


def _unsqueeze(attributes: Attributes, inputs: list[Tensor]) -> tuple[Tensor, ...]:
    x, axes = inputs[0], _integers(inputs[1])
    rank = x.ndim + len(axes)
    for axis in sorted(axis % rank for axis in axes):
        x = x.unsqueeze(axis)
    return (x,)


def _squeeze(attributes: Attributes, inputs: list[Tensor]) -> tuple[Tensor, ...]:
    if len(inputs) == 1:
        return (inputs[0].squeeze(),)
    return (inputs[0].squeeze(tuple(_integers(inputs[1]))),)


def _concat(attributes: Attributes, inputs: list[Tensor]) -> tuple[Tensor, ...]:
    return (torch.cat(inputs, int(attributes["axis"])),)


def _gather(attributes: Attributes, inputs: list[Tensor]) -> tuple[Tensor, ...]:
    x, indices, axes = inputs
    if int(attributes.get("batch_dims", "0")) != 0:
        raise ValueError("Gather with batch_dims is not supported")
    axis = _integers(axes)[0] % x.ndim
    picked = x.index_select(axis, indices.reshape(-1))
    return (picked.reshape([*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :]]),)


def _shape_of(attributes: Attributes, inputs: list[Tensor]) -> tuple[Tensor, ...]:
    return (torch.tensor(inputs[0].shape, dtype=torch.int64),)


def _variadic_split(attributes: Attributes, inputs: list[Tensor]) -> tuple[Tensor, ...]:
    x, axis, lengths = inputs[0], _integers(inputs[1])[0], _integers(inputs[2])
    if -1 in lengths:
        lengths[lengths.index(-1)] = x.shape[axis] - sum(length for length in lengths if length != -1)
    return torch.split(x, lengths, axis)


def _broadcast(attributes: Attributes, inputs: list[Tensor]) -> tuple[Tensor, ...]:
    x, shape = inputs[0], _integers(inputs[1])
    mode = attributes.get("mode", "numpy")
    if mode not in ("numpy", "bidirectional"):
        raise ValueError(f"Broadcast must be of mode numpy or bidirectional; got {mode}")
    target = torch.broadcast_shapes(tuple(x.shape), tuple(shape)) if mode == "bidirectional" else tuple(shape)
    return (x.expand(target),)


def _tile(attributes: Attributes, inputs: list[Tensor]) -> tuple[Tensor, ...]:
    return (inputs[0].tile(tuple(_integers(inputs[1]))),)


def _reduce_mean(attributes: Attributes, inputs: list[Tensor]) -> tuple[Tensor, ...]:
    return (inputs[0].mean(_integers(inputs[1]), keepdim=_flag(attributes, "keep_dims")),)


OPERATIONS: Final[Mapping[str, Operation]] = {
    "Add": _add,
    "Broadcast": _broadcast,
    "Concat": _concat,
    "Convolution": _convolution,
    "Gather": _gather,
    "GroupConvolution": _group_convolution,
    "GroupConvolutionBackpropData": _group_convolution_transposed,
    "MatMul": _mat_mul,
    "Multiply": _multiply,
    "PReLU": _prelu,
    "Power": _power,
    "ReduceMean": _reduce_mean,
    "Reshape": _reshape,
    "ShapeOf": _shape_of,
    "Squeeze": _squeeze,
    "Tile": _tile,
    "Unsqueeze": _unsqueeze,
    "VariadicSplit": _variadic_split,
}
