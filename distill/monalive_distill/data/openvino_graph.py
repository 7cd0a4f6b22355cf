"""Runs an OpenVINO model (an XML graph beside a flat weights file, IR version 10 or 11) as a torch module.

OpenVINO itself is not needed. A graph loaded this way takes any batch size, runs on any torch device, passes
gradients on, and can be cut short at an inner layer. Only the operations that convolutional generators
exported from ONNX consist of are here; the meaning of each follows OpenVINO's operation sets 1 to 7.
"""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from monalive_distill.data.openvino_ops import OPERATIONS

_ELEMENT_TYPES: dict[str, np.dtype] = {
    name: np.dtype(kind)
    for name, kind in (
        ("f32", "<f4"),
        ("f16", "<f2"),
        ("i64", "<i8"),
        ("i32", "<i4"),
        ("i8", "i1"),
        ("u8", "u1"),
    )
}
_Value = tuple[str, str]  # (layer id, output port id)


@dataclass(frozen=True)
class _Layer:
    id: str
    name: str
    kind: str
    attributes: dict[str, str]
    inputs: tuple[_Value, ...]
    outputs: tuple[_Value, ...]


class OpenVinoGraph(nn.Module):
    """One graph with one input and one output, ready to call.

    Whole numbers (shapes, axes) stay on the CPU; floating constants are buffers, read as float32, and follow
    `.to(...)`.

    Args:
        xml_path: the graph; its weights lie beside it under the same name ending in `.bin`.
        output: a layer whose value to return instead of the graph's own output, as "name" or, where a layer
            has several outputs, "name:index". What only later layers need is neither read nor computed.

    Raises:
        FileNotFoundError: graph or weights file missing.
        ValueError: not an OpenVINO graph of a known version, an operation that is not supported (all such are
            named), weights file too short, no layer called `output`, or not exactly one input and one output.
    """

    def __init__(self, xml_path: str | Path, *, output: str | None = None) -> None:
        super().__init__()
        path = Path(xml_path)
        layers = _read_layers(path)
        wanted = _find_output(path, layers, output)
        self._order = _needed(path, layers, wanted)
        self._output = wanted
        unknown = {layer.kind for layer in self._order} - {*OPERATIONS, "Const", "Parameter"}
        if unknown:
            raise ValueError(
                f"{path} uses {', '.join(sorted(unknown))}, which this runner does not know; "
                f"it knows {', '.join(sorted(OPERATIONS))}"
            )
        parameters = [layer for layer in self._order if layer.kind == "Parameter"]
        if len(parameters) != 1:
            raise ValueError(f"{path} must have exactly one input; found {[layer.name for layer in parameters]}")
        self._parameter = parameters[0]
        shape = self._parameter.attributes.get("shape", "")
        self.input_shape = tuple(int(size) for size in shape.split(",") if size)
        self._integers: dict[_Value, Tensor] = {}
        self._floats: dict[_Value, str] = {}
        self._read_constants(path)
        self._run = [layer for layer in self._order if layer.kind not in ("Const", "Parameter")]
        self._dead_after = _last_uses(self._run, wanted, {*self._integers, *self._floats})

    def readers(self, kind: str) -> tuple[str, ...]:
        """Names of the layers of one operation that read the graph's input, those farthest from the output
        first.

        In a generator steered by a style these are where each of its layers takes the style in, coarse to
        fine.
        """
        distance: dict[_Value, int] = {}
        for layer in reversed(self._order):
            own = max((distance.get(value, 0) for value in layer.outputs), default=0)
            for value in layer.inputs:
                distance[value] = max(distance.get(value, 0), own + 1)
        source = self._parameter.outputs[0]
        found = [layer for layer in self._run if layer.kind == kind and source in layer.inputs]
        return tuple(layer.name for layer in sorted(found, key=lambda layer: -distance[layer.outputs[0]]))

    def forward(self, x: Tensor, instead: Mapping[str, Tensor] | None = None) -> Tensor:
        """Runs the graph.

        Args:
            x: the input, of `input_shape` apart from the first size, which is free.
            instead: layer name -> what that layer reads in place of `x`, same shape as `x`.

        Raises:
            ValueError: a shape does not fit the graph, or `instead` names a layer that does not read the
                input.
        """
        source = self._parameter.outputs[0]
        instead = instead or {}
        for name, tensor in (("the input", x), *instead.items()):
            if tensor.ndim != len(self.input_shape) or tuple(tensor.shape[1:]) != self.input_shape[1:]:
                expected = ", ".join(map(str, self.input_shape[1:]))
                raise ValueError(f"{name} must have shape (N, {expected}); got {tuple(tensor.shape)}")
        strangers = set(instead) - {layer.name for layer in self._run if source in layer.inputs}
        if strangers:
            raise ValueError(f"{', '.join(sorted(strangers))} do not read the graph's input")
        values: dict[_Value, Tensor] = dict(self._integers)
        values.update({value: getattr(self, name) for value, name in self._floats.items()})
        values[source] = x
        for layer, dead in zip(self._run, self._dead_after, strict=True):
            inputs = [
                instead[layer.name] if value == source and layer.name in instead else values[value]
                for value in layer.inputs
            ]
            try:
                results = OPERATIONS[layer.kind](layer.attributes, inputs)
            except (RuntimeError, IndexError, KeyError) as error:
                raise ValueError(f"layer {layer.name} ({layer.kind}) cannot run: {error}") from error
            values.update(zip(layer.outputs, results, strict=True))
            for value in dead:
                del values[value]
        return values[self._output]

    def _read_constants(self, path: Path) -> None:
        weights = path.with_suffix(".bin")
        if not weights.is_file():
            raise FileNotFoundError(f"no weights at {weights}; the graph {path.name} needs them beside it")
        data = weights.read_bytes()
        for layer in self._order:
            if layer.kind != "Const":
                continue
            kind_name = layer.attributes.get("element_type", "")
            if kind_name not in _ELEMENT_TYPES:
                known = ", ".join(_ELEMENT_TYPES)
                raise ValueError(f"constant {layer.name} is of type {kind_name!r}; known are {known}")
            kind = _ELEMENT_TYPES[kind_name]
            shape = [int(size) for size in layer.attributes.get("shape", "").split(",") if size]
            offset, count = int(layer.attributes["offset"]), math.prod(shape)
            if offset + count * kind.itemsize > len(data):
                raise ValueError(f"{weights} is too short for constant {layer.name}; is the file complete?")
            array = np.frombuffer(data, kind, count, offset).reshape(shape)
            if kind.kind == "f":
                name = f"constant_{layer.id}"
                self.register_buffer(name, torch.from_numpy(array.astype(np.float32)))
                self._floats[layer.outputs[0]] = name
            else:
                self._integers[layer.outputs[0]] = torch.from_numpy(array.astype(np.int64))


def _read_layers(path: Path) -> dict[str, _Layer]:
    if not path.is_file():
        raise FileNotFoundError(f"no OpenVINO graph at {path}")
    try:
        net = ET.parse(path).getroot()
    except ET.ParseError as error:
        raise ValueError(f"{path} is not XML: {error}") from error
    if net.tag != "net" or net.get("version") not in ("10", "11"):
        raise ValueError(f"{path} is not an OpenVINO graph of IR version 10 or 11")
    sources: dict[_Value, _Value] = {}
    for edge in net.iterfind("edges/edge"):
        end = (edge.get("to-layer", ""), edge.get("to-port", ""))
        sources[end] = (edge.get("from-layer", ""), edge.get("from-port", ""))
    layers: dict[str, _Layer] = {}
    for element in net.iterfind("layers/layer"):
        data = element.find("data")
        own, name = element.get("id", ""), element.get("name", "")
        inputs = [sources.get((own, port.get("id", ""))) for port in element.iterfind("input/port")]
        if None in inputs:
            raise ValueError(f"{path}: an input of layer {name} is not connected")
        layers[own] = _Layer(
            id=own,
            name=name,
            kind=element.get("type", ""),
            attributes=dict(data.attrib) if data is not None else {},
            inputs=tuple(value for value in inputs if value is not None),
            outputs=tuple((own, port.get("id", "")) for port in element.iterfind("output/port")),
        )
    return layers


def _find_output(path: Path, layers: Mapping[str, _Layer], output: str | None) -> _Value:
    if output is None:
        ends = [layer for layer in layers.values() if layer.kind == "Result"]
        if len(ends) != 1:
            raise ValueError(f"{path} must have exactly one output; found {[layer.name for layer in ends]}")
        return ends[0].inputs[0]
    name, _, index = output.partition(":")
    found = [layer for layer in layers.values() if layer.name == name]
    number = int(index) if index.isdecimal() else 0
    if len(found) != 1 or number >= len(found[0].outputs):
        raise ValueError(f"{path} has no output {output!r}")
    return found[0].outputs[number]


def _needed(path: Path, layers: Mapping[str, _Layer], wanted: _Value) -> list[_Layer]:
    """The layers that `wanted` depends on, each after those it reads."""
    order: list[_Layer] = []
    done: set[str] = set()
    waiting = [(wanted[0], False)]
    ancestors: set[str] = set()
    while waiting:
        own, inputs_done = waiting.pop()
        if inputs_done:
            ancestors.discard(own)
            done.add(own)
            order.append(layers[own])
        elif own in ancestors:
            raise ValueError(f"{path}: the graph has a cycle at layer {layers[own].name}")
        elif own not in done:
            if own not in layers:
                raise ValueError(f"{path}: an edge starts at layer {own}, which does not exist")
            ancestors.add(own)
            waiting.append((own, True))
            waiting.extend((layer, False) for layer, _ in layers[own].inputs if layer not in done)
    return order


def _last_uses(run: list[_Layer], wanted: _Value, kept: set[_Value]) -> list[list[_Value]]:
    """Per layer, the values that nothing reads after it, so that memory stays small."""
    seen = {wanted, *kept}
    dead: list[list[_Value]] = []
    for layer in reversed(run):
        fresh = {*layer.inputs, *layer.outputs} - seen
        seen |= fresh
        dead.append(sorted(fresh))
    return dead[::-1]
