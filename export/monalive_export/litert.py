"""PyTorch to LiteRT (.tflite), checked against PyTorch before anything is written."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import litert_torch
import numpy as np
import torch
from ai_edge_quantizer import quantizer, recipe

from monalive.bundle import write_bundle
from monalive.litert_network import NamedNetwork
from monalive_distill.lightweight_generator import LightweightGenerator
from monalive_distill.primitives import using
from monalive_export.graphs import GRAPHS, AnimateGraph, EnrollGraph, Port, example_inputs
from monalive_export.litert_primitives import LiteRTPrimitives

PRECISIONS = ("fp32", "int8")
# Largest error allowed on outputs in [0, 1] against PyTorch: rounding for float32; quantised weights move colours.
MAX_ERROR = {"fp32": 1e-4}
MIN_PSNR = {"int8": 38.0}


def export_bundle(
    generator: LightweightGenerator, output: str | Path, *, precision: str, model_version: str, licence: str
) -> dict[str, float]:
    """Converts both graphs, checks them and writes a bundle for the SDK.

    Args:
        generator: trained; put into evaluation mode here.
        output: the bundle's file.
        precision: "fp32", or "int8" (8-bit weights, activations quantised as they come: `dynamic_wi8_afp32`).
        model_version: version of the weights.
        licence: SPDX name.

    Returns:
        What was measured by the check: the picture's largest error and its PSNR in dB.

    Raises:
        ValueError: an unknown precision, or the converted networks differ too much from PyTorch's.
    """
    if precision not in PRECISIONS:
        raise ValueError(f"precision must be one of {', '.join(PRECISIONS)}, not {precision!r}")
    generator = generator.eval()
    examples = example_inputs(generator)
    parts, entries, measured = {}, {}, {}
    for name, graph_type in GRAPHS.items():
        graph = graph_type(generator).eval()
        content = convert(graph, examples[name], precision)
        entries[name] = {"precision": precision, **_ports(content, graph, examples[name])}
        parts[name] = content
        measured[name] = _check(name, graph, examples[name], content, entries[name], precision)
    manifest = {
        "name": "monalive lightweight generator",
        "model_version": model_version,
        "licence": licence,
        "runtime": "LiteRT",
        "image_size": examples["animate"]["photo"].shape[1],
        "parts": entries,
    }
    write_bundle(output, manifest, parts)
    return measured["animate"]


def convert(graph: EnrollGraph | AnimateGraph, inputs: Mapping[str, torch.Tensor], precision: str) -> bytes:
    """The .tflite file of one graph."""
    logging.getLogger("litert_torch").setLevel(logging.WARNING)
    with using(LiteRTPrimitives()), tempfile.TemporaryDirectory() as folder:
        model = litert_torch.convert(graph, sample_kwargs=dict(inputs))
        path = Path(folder) / "float.tflite"
        model.export(str(path))
        if precision == "int8":
            quantised = quantizer.Quantizer(str(path))
            quantised.load_quantization_recipe(recipe.dynamic_wi8_afp32())
            path = Path(folder) / "int8.tflite"
            quantised.quantize().export_model(str(path))
        return path.read_bytes()


def _ports(
    content: bytes, graph: EnrollGraph | AnimateGraph, inputs: Mapping[str, torch.Tensor]
) -> dict[str, list[dict[str, Any]]]:
    """The manifest's `inputs` and `outputs`: our names beside the file's tensor names."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=content)
    signature = interpreter.get_signature_runner()
    tensors_in = signature.get_input_details()
    tensors_out = signature.get_output_details()
    outputs = [tensors_out[f"output_{index}"] for index in range(len(graph.outputs))]
    return {
        "inputs": [_entry(port, tensors_in[port.name]) for port in graph.inputs],
        "outputs": [_entry(port, detail) for port, detail in zip(graph.outputs, outputs, strict=True)],
    }


def _entry(port: Port, detail: Mapping[str, Any]) -> dict[str, Any]:
    shape = [int(size) for size in detail["shape"]]
    return {"name": port.name, "tensor": detail["name"], "shape": shape, "range": port.range, "about": port.about}


def _check(
    name: str,
    graph: EnrollGraph | AnimateGraph,
    inputs: Mapping[str, torch.Tensor],
    content: bytes,
    entry: Mapping[str, Any],
    precision: str,
) -> dict[str, float]:
    network = NamedNetwork(content, entry, num_threads=2, what=f"the converted graph {name!r}")
    made = network({key: value.contiguous().numpy() for key, value in inputs.items()})
    with torch.no_grad():
        wanted = dict(zip((port.name for port in graph.outputs), graph(**inputs), strict=True))
    errors = {key: np.abs(made[key] - value.numpy()) for key, value in wanted.items()}
    # Features may be large: relative to their own range.
    scale = {key: max(1.0, float(value.abs().max())) for key, value in wanted.items()}
    worst = max(errors, key=lambda key: float(errors[key].max()) / scale[key])
    largest = float(errors[worst].max()) / scale[worst]
    psnr = {key: float(-20 * np.log10(np.sqrt((e**2).mean()) / scale[key] + 1e-12)) for key, e in errors.items()}
    if largest > MAX_ERROR.get(precision, np.inf) or min(psnr.values()) < MIN_PSNR.get(precision, 0):
        raise ValueError(
            f"the {precision} graph {name!r} differs from PyTorch: output {worst!r} is off by {largest:.2g} "
            f"(PSNR {min(psnr.values()):.1f} dB); nothing was written"
        )
    return {"max_error": largest, "psnr_db": psnr.get("image", min(psnr.values()))}
