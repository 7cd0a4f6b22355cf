"""LiteRT (.tflite): Android, desktop, and the web through LiteRT.js."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import litert_torch
import torch
from ai_edge_litert.schema_py_generated import BufferT, MetadataT
from ai_edge_litert.tools import flatbuffer_utils
from ai_edge_quantizer import qtyping, quantizer, recipe

from monalive.networks.named_network import NamedNetwork
from monalive.networks.runtimes import RuntimeOptions
from monalive_distill.generator.primitives import using
from monalive_export.checks.portability import LITERT_GPU, Refused, litert_refusals
from monalive_export.graphs.ports import Graph
from monalive_export.targets.base import Facts, Tensors, contiguous
from monalive_export.targets.converter_output import quiet
from monalive_export.targets.litert_primitives import LiteRTPrimitives

METADATA: Final = "monalive.json"
# Operations of layers, by their tensors' names. Geometry, which is outside any layer, stays in float32, and so do the
# places from which features are read.
LAYERS: Final = "^(?!.*FeatureWarp).*/.*"
# Static int8 is for the networks that paint and describe. The motion network's outputs are places in the picture, to a
# fraction of a pixel: 256 steps are too few for them, so its activations are quantised frame by frame as in "int8".
# So are the heads of the networks of eyes and mouth, which give a flow too, and the AdaIN generator's: whose picture it
# is sets their ranges, which no calibration covers.
STATIC_SCOPES: Final = "RefineNet|AppearanceEncoder|Embedder|Painter_(?!.*Conv2d_head)"
STATIC_OPERATIONS: Final = tuple(
    getattr(qtyping.TFLOperationName, name)
    for name in ("CONV_2D", "CONCATENATION", "RESIZE_BILINEAR", "ADD", "PAD", "SLICE", "RESHAPE", "TRANSPOSE")
)


class LiteRTTarget:
    """See `target.Target`. "int8": weights int8, activations quantised as they come; "int8-static": by calibration."""

    name = "litert"
    format = "tflite"
    runtime = "LiteRT"
    platforms: tuple[str, ...] = ("Android", "Linux", "macOS", "Windows", "web (LiteRT.js)")
    precisions: tuple[str, ...] = ("int8", "int8-static", "fp16", "fp32")
    calibrated: tuple[str, ...] = ("int8-static",)
    accelerators: tuple[str, ...] = (LITERT_GPU,)

    def convert(self, graph: Graph, inputs: Mapping[str, torch.Tensor]) -> bytes:
        with quiet(), using(LiteRTPrimitives()), tempfile.TemporaryDirectory() as folder:
            model = litert_torch.convert(graph, sample_kwargs=contiguous(inputs))
            path = Path(folder) / "float.tflite"
            model.export(str(path))
            return path.read_bytes()

    def build(self, converted: bytes, graph: Graph, facts: Facts, calibration: Sequence[Tensors]) -> bytes:
        named = _named(converted, graph, facts)
        if facts.precision == "fp32":
            return without_inner_names(named)
        with quiet(), tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "quantised.tflite"
            _quantised(named, facts.precision, calibration).export_model(str(path))
            return without_inner_names(path.read_bytes())

    def load(self, content: bytes, graph: Graph) -> NamedNetwork:
        return NamedNetwork(content, plain_entry(graph, self.format), RuntimeOptions(), "the .tflite file")

    def refused(self, content: bytes) -> Refused:
        return litert_refusals(content)


def _quantised(named: bytes, precision: str, calibration: Sequence[Tensors]) -> quantizer.QuantizationResult:
    quantised = quantizer.Quantizer(named)
    if precision == "fp16":
        every = qtyping.TFLOperationName.ALL_SUPPORTED
        quantised.update_quantization_recipe(".*", every, _half(), algorithm_key="float_casting")
        return quantised.quantize()
    quantised.load_quantization_recipe([rule | {"regex": LAYERS} for rule in recipe.dynamic_wi8_afp32()])
    if precision == "int8" or not _holds_static_layers(named):
        return quantised.quantize()
    for operation in STATIC_OPERATIONS:
        quantised.add_static_config(STATIC_SCOPES, operation, activation_num_bits=8, weight_num_bits=8)
    # Appearance features are read as bytes (they are bytes for the next layer too) and interpolated as numbers.
    gather = qtyping.TFLOperationName.GATHER
    quantised.add_static_config("FeatureWarp", gather, activation_num_bits=8, weight_num_bits=8)
    signature = flatbuffer_utils.read_model_from_bytearray(bytearray(named)).signatureDefs[0].signatureKey.decode()
    return quantised.quantize(quantised.calibrate({signature: [dict(inputs) for inputs in calibration]}, num_threads=2))


def _holds_static_layers(content: bytes) -> bool:
    (subgraph,) = flatbuffer_utils.read_model_from_bytearray(bytearray(content)).subgraphs
    return any(re.search(STATIC_SCOPES, tensor.name.decode()) for tensor in subgraph.tensors)


def without_inner_names(content: bytes) -> bytes:
    """A file whose inner tensors have no names: they tell where each came from, and are a tenth of a small file."""
    model = flatbuffer_utils.read_model_from_bytearray(bytearray(content))
    (subgraph,) = model.subgraphs
    kept = {int(index) for index in (*subgraph.inputs, *subgraph.outputs)}
    for index, tensor in enumerate(subgraph.tensors):
        if index not in kept:
            tensor.name = b""
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def plain_entry(graph: Graph, file_format: str) -> dict[str, Any]:
    """As much of a manifest's entry as it takes to load a file; shapes are left open."""
    return {
        "format": file_format,
        "inputs": [{"name": port.name, "tensor": port.name} for port in graph.inputs],
        "outputs": [{"name": port.name, "tensor": port.name} for port in graph.outputs],
    }


def _half() -> qtyping.OpQuantizationConfig:
    """Weights in half precision, arithmetic in float32 (in half precision on a GPU)."""
    weights = qtyping.TensorQuantizationConfig(num_bits=16, dtype=qtyping.TensorDataType.FLOAT)
    return qtyping.OpQuantizationConfig(weight_tensor_config=weights, compute_precision=qtyping.ComputePrecision.FLOAT)


def _named(content: bytes, graph: Graph, facts: Facts) -> bytes:
    """The file with its tensors and its signature's entries named as the ports, and with metadata."""
    model = flatbuffer_utils.read_model_from_bytearray(bytearray(content))
    (subgraph,), (signature,) = model.subgraphs, model.signatureDefs
    if len({entry.tensorIndex for entry in (*signature.inputs, *signature.outputs)}) < len(graph.inputs) + len(
        graph.outputs
    ):
        raise ValueError(f"two inputs or outputs of the graph are the same tensor: {graph.about}")
    outputs = {f"output_{index}": port.name for index, port in enumerate(graph.outputs)}
    for entry in (*signature.inputs, *signature.outputs):
        name = entry.name.decode()
        entry.name = outputs.get(name, name)
        subgraph.tensors[entry.tensorIndex].name = entry.name
    ports = {port.name: port.entry(port.name, ()) for port in (*graph.inputs, *graph.outputs)}
    said = facts.as_dict(graph)
    model.description = f"{facts.name} {facts.model_version}, {facts.licence}. {graph.about}"
    inputs, outputs_told = ([_told(ports[port.name]) for port in side] for side in (graph.inputs, graph.outputs))
    text = json.dumps(said | {"inputs": inputs, "outputs": outputs_told})
    buffer = BufferT()
    buffer.data = list(text.encode())
    model.buffers.append(buffer)
    metadata = MetadataT()
    metadata.name, metadata.buffer = METADATA, len(model.buffers) - 1
    model.metadata = [*(model.metadata or []), metadata]
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def _told(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {key: entry[key] for key in ("name", "unit", "range", "about")}
