"""ONNX (.onnx): ONNX Runtime on the web, Windows, and anywhere else."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    QuantType,
    quantize_dynamic,
    quantize_static,
)

from monalive.networks.named_network import NamedNetwork
from monalive.networks.runtimes import RuntimeOptions
from monalive_export.checks.portability import Refused
from monalive_export.graphs.ports import Graph
from monalive_export.targets.base import Facts, Tensors, contiguous
from monalive_export.targets.converter_output import quiet
from monalive_export.targets.litert import plain_entry

OPSET: Final = 20  # GridSample on 4-D pictures and GELU are native from here on
_LEAST_HALVED: Final = 64  # values; smaller constants stay float32


class OnnxTarget:
    """See `target.Target`.

    "fp16": weights held in half precision, arithmetic in float32. "int8": convolutions' weights in int8, activations
    quantised as they come (ConvInteger); "int8-static": by calibration (QDQ); all other weights as in "fp16".
    """

    name = "onnx"
    format = "onnx"
    runtime = "ONNX Runtime"
    platforms: tuple[str, ...] = ("web", "Windows", "Linux", "macOS")
    precisions: tuple[str, ...] = ("int8-static", "int8", "fp16", "fp32")
    calibrated: tuple[str, ...] = ()
    accelerators: tuple[str, ...] = ()

    def convert(self, graph: Graph, inputs: Mapping[str, torch.Tensor]) -> onnx.ModelProto:
        with quiet():
            program = torch.onnx.export(
                graph,
                (),
                kwargs=contiguous(inputs),
                dynamo=True,
                opset_version=OPSET,
                input_names=[port.name for port in graph.inputs],
                output_names=[port.name for port in graph.outputs],
                verbose=False,
            )
        assert program is not None
        model: onnx.ModelProto = program.model_proto
        return model

    def build(self, converted: onnx.ModelProto, graph: Graph, facts: Facts, calibration: Sequence[Tensors]) -> bytes:
        model = onnx.ModelProto()
        model.CopyFrom(converted)
        if facts.precision.startswith("int8"):
            model = _quantised(model, None if facts.precision == "int8" else calibration)
        if facts.precision != "fp32":
            _halve_weights(model)
        _describe(model, graph, facts)
        onnx.checker.check_model(model)
        content: bytes = model.SerializeToString()
        return content

    def load(self, content: bytes, graph: Graph) -> NamedNetwork:
        return NamedNetwork(content, plain_entry(graph, self.format), RuntimeOptions(), "the .onnx file")

    def refused(self, content: bytes) -> Refused:
        return {}  # not known: see `checks.portability`


def _halve_weights(model: onnx.ModelProto) -> None:
    """Holds float weights in half precision; a runtime widens them once, when it loads the file."""
    casts, kept = [], []
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        scale = tensor.name.endswith("_scale")  # of int8 weights: runtimes look for it as a constant
        if tensor.data_type != TensorProto.FLOAT or values.size < _LEAST_HALVED or scale:
            kept.append(tensor)
            continue
        half = f"{tensor.name}_half"
        kept.append(numpy_helper.from_array(values.astype(np.float16), half))
        casts.append(helper.make_node("Cast", [half], [tensor.name], to=TensorProto.FLOAT, name=f"widen_{tensor.name}"))
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)


class _Reader(CalibrationDataReader):  # type: ignore[misc]  # onnxruntime has no types
    def __init__(self, calibration: Sequence[Tensors]) -> None:
        self._inputs: Iterator[dict[str, NDArray[np.float32]]] = iter([dict(inputs) for inputs in calibration])

    def get_next(self) -> Any:
        return next(self._inputs, None)


def _quantised(model: onnx.ModelProto, calibration: Sequence[Tensors] | None) -> onnx.ModelProto:
    """Convolutions in int8; what is geometry, and what leads to a place in the picture, stays as it is."""
    convolutions = [node.name for node in model.graph.node if node.op_type == "Conv" and not _measures(node)]
    with quiet(), tempfile.TemporaryDirectory() as folder:
        source, result = Path(folder) / "float.onnx", Path(folder) / "int8.onnx"
        onnx.save(model, source)
        if calibration is None:
            quantize_dynamic(
                source, result, op_types_to_quantize=["Conv"], weight_type=QuantType.QUInt8, per_channel=False
            )
        else:
            quantize_static(
                source,
                result,
                _Reader(calibration),
                quant_format=QuantFormat.QDQ,
                op_types_to_quantize=["Conv"],
                nodes_to_quantize=convolutions,
                per_channel=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                reduce_range=True,  # x86 without VNNI adds pairs of products in 16 bits
            )
        return onnx.load(result)


def _measures(node: onnx.NodeProto) -> bool:
    """Whether a layer belongs to a network whose results are places in the picture: 256 steps are too few for them."""
    return any("motion_net" in entry.value for entry in node.metadata_props)


def _describe(model: onnx.ModelProto, graph: Graph, facts: Facts) -> None:
    model.doc_string = graph.about
    model.producer_name = "monalive-export"
    model.domain = "monalive"
    helper.set_model_props(model, facts.as_dict(graph))
    ports = {port.name: port for port in (*graph.inputs, *graph.outputs)}
    for value in (*model.graph.input, *model.graph.output):
        port = ports[value.name]
        limits = "" if port.range is None else f", {port.range[0]:g} to {port.range[1]:g}"
        value.doc_string = f"{port.about} ({port.unit}{limits})"
    del model.graph.value_info[:]
