"""Core ML (.mlpackage): iOS and macOS."""

from __future__ import annotations

import platform
import tempfile
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import coremltools as ct
import coremltools.optimize.coreml as compress
import numpy as np
import torch
from coremltools.converters.mil import Builder
from coremltools.converters.mil.frontend.torch.ops import _get_inputs
from coremltools.converters.mil.frontend.torch.ops import upsample_bilinear2d as convert_upsampling
from coremltools.converters.mil.frontend.torch.torch_op_registry import register_torch_op

from monalive.networks.coreml_network import pack_package, unpack_package
from monalive.networks.named_network import NamedNetwork
from monalive.networks.runtimes import RuntimeOptions
from monalive_export.checks.mil_interpreter import MILInterpreter
from monalive_export.checks.portability import COREML_GPU, Refused, coreml_refusals
from monalive_export.graphs.ports import Graph
from monalive_export.targets.base import Facts, Tensors, contiguous
from monalive_export.targets.converter_output import quiet
from monalive_export.targets.litert import plain_entry

# The oldest system the packages run on: ML Programs with compressed weights and `resample`.
DEPLOYMENT: Final = ct.target.iOS16
# Weights of fewer values stay as they are.
_LEAST_COMPRESSED: Final = 512


class CoreMLTarget:
    """See `target.Target`.

    "fp16": the networks in half precision, the geometry around them in float32. "int8": weights int8 per channel.
    "palette6": weights as indices into 64 values per tensor. Both compute as "fp16" does. There is no static int8:
    calibration of activations needs Apple's runtime.
    """

    name = "coreml"
    format = "mlpackage"
    runtime = "Core ML"
    platforms: tuple[str, ...] = ("iOS 16", "macOS 13")
    precisions: tuple[str, ...] = ("int8", "palette6", "fp16", "fp32")
    calibrated: tuple[str, ...] = ()
    accelerators: tuple[str, ...] = (COREML_GPU,)  # the Neural Engine hands `resample` to it

    def convert(self, graph: Graph, inputs: Mapping[str, torch.Tensor]) -> _Converted:
        with quiet(), torch.no_grad():
            return _Converted(torch.export.export(graph, (), contiguous(inputs)).run_decompositions({}), graph)

    def build(self, converted: _Converted, graph: Graph, facts: Facts, calibration: Sequence[Tensors]) -> bytes:
        with quiet(), tempfile.TemporaryDirectory() as folder:
            if facts.precision == "fp32":
                model = converted.float32
            elif facts.precision == "int8":
                rounding = compress.OpLinearQuantizerConfig(mode="linear_symmetric", weight_threshold=_LEAST_COMPRESSED)
                model = compress.linear_quantize_weights(converted.float16, _for_layers(rounding))
            elif facts.precision == "palette6":
                palette = compress.OpPalettizerConfig(mode="kmeans", nbits=6, weight_threshold=_LEAST_COMPRESSED)
                model = compress.palettize_weights(converted.float16, _for_layers(palette))
            else:
                model = converted.float16
            _describe(model, graph, facts)
            path = Path(folder) / "network.mlpackage"
            model.save(str(path))
            return pack_package(path)

    def load(self, content: bytes, graph: Graph) -> Any:
        """On macOS Apple's own runtime, elsewhere the interpreter."""
        if platform.system() == "Darwin":
            return NamedNetwork(content, plain_entry(graph, self.format), RuntimeOptions(), "the .mlpackage")
        with tempfile.TemporaryDirectory() as folder:
            return MILInterpreter(unpack_package(content, Path(folder), "the .mlpackage"))

    def refused(self, content: bytes) -> Refused:
        with tempfile.TemporaryDirectory() as folder:
            return coreml_refusals(unpack_package(content, Path(folder), "the .mlpackage"))


@register_torch_op(override=True)  # type: ignore[untyped-decorator]
def reciprocal(context: Any, node: Any) -> None:
    """1 / x as a division: Core ML's own `inverse` adds 1e-4 to x, which moves pictures by visible parts of a pixel."""
    (x,) = _get_inputs(context, node, expected=1)
    context.add(Builder.real_div(x=np.float32(1.0), y=x, name=node.name))


@register_torch_op(torch_alias=["upsample_bilinear2d.vec"], override=True)  # type: ignore[untyped-decorator]
def upsample_bilinear2d(context: Any, node: Any) -> None:
    """Shrinking to an exact size: the converter's own way scales by a hair more than asked for, to round safely."""
    x, size, corners, *_ = _get_inputs(context, node)
    height, width = (int(side) for side in size.val)
    if corners.val or height >= x.shape[2] or width >= x.shape[3]:
        convert_upsampling(context, node)
        return
    shrunk = Builder.resize_bilinear(
        x=x,
        target_size_height=height,
        target_size_width=width,
        sampling_mode="UNALIGN_CORNERS",
        name=node.name,
    )
    context.add(shrunk)


class _Converted:
    """An exported program, and what Core ML's converter makes of it in both precisions, made when first asked for."""

    def __init__(self, program: torch.export.ExportedProgram, graph: Graph) -> None:
        self._program, self._graph = program, graph

    @cached_property
    def float32(self) -> Any:
        return self._convert(ct.precision.FLOAT32)

    @cached_property
    def float16(self) -> Any:
        return self._convert(ct.transform.FP16ComputePrecision(op_selector=_Networks()))

    def _convert(self, precision: Any) -> Any:
        shapes = {
            node.name: tuple(int(size) for size in node.meta["val"].shape)
            for node in self._program.graph.nodes
            if node.op == "placeholder"
        }
        inputs = [ct.TensorType(port.name, shapes[port.name], dtype=np.float32) for port in self._graph.inputs]
        return ct.convert(
            self._program,
            convert_to="mlprogram",
            minimum_deployment_target=DEPLOYMENT,
            compute_precision=precision,
            inputs=inputs,
            outputs=[ct.TensorType(port.name, dtype=np.float32) for port in self._graph.outputs],
            skip_model_load=True,
        )


def _for_layers(config: Any) -> Any:
    """Compression of what convolutions and linear layers weigh; constants of the geometry stay as they are."""
    return compress.OptimizationConfig(op_type_configs={"conv": config, "linear": config})


class _Networks:
    """Chooses the operations of the neural networks for half precision; places in the picture need more.

    Float32 stays what no convolution comes before (drawings, splats, the affine fit), and what leads from a network's
    output to the coordinates of a `resample`.
    """

    def __init__(self) -> None:
        self._after_network: dict[Any, bool] = {}

    def __call__(self, operation: Any) -> bool:
        return self._follows_network(operation) and not _leads_to_coordinates(operation)

    def _follows_network(self, operation: Any) -> bool:
        if operation.op_type in ("conv", "linear"):
            return True
        found = self._after_network.get(operation.name)
        if found is None:
            given = [value for value in operation.inputs.values() if value is not None]
            flat = [one for value in given for one in (value if isinstance(value, (list, tuple)) else [value])]
            found = any(one.op is not None and self._follows_network(one.op) for one in flat if one.val is None)
            self._after_network[operation.name] = found
        return found


def _leads_to_coordinates(operation: Any) -> bool:
    """Whether a `resample` reads its place from this operation's result, with no convolution in between."""
    waiting, seen = list(operation.outputs), set()
    while waiting:
        value = waiting.pop()
        for reader in value.child_ops:
            if reader.op_type == "resample" and reader.inputs["coordinates"] is value:
                return True
            if reader.op_type not in ("conv", "resample", "linear") and reader.name not in seen:
                seen.add(reader.name)
                waiting.extend(reader.outputs)
    return False


def _describe(model: Any, graph: Graph, facts: Facts) -> None:
    model.author = "monalive"
    model.license = facts.licence
    model.version = facts.model_version
    model.short_description = f"{facts.name}. {graph.about}"
    for key, value in facts.as_dict(graph).items():
        model.user_defined_metadata[f"monalive.{key}"] = value
    for ports, descriptions in ((graph.inputs, model.input_description), (graph.outputs, model.output_description)):
        for port in ports:
            limits = "" if port.range is None else f", {port.range[0]:g} to {port.range[1]:g}"
            descriptions[port.name] = f"{port.about} ({port.unit}{limits})"
