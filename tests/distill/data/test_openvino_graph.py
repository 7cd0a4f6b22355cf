"""The graph runner on tiny graphs written here, with known answers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import quoteattr

import numpy as np
import pytest
import torch
from numpy.typing import ArrayLike
from torch.nn import functional as F

from monalive_distill.data.openvino_graph import OpenVinoGraph

TYPES = {"float32": "f32", "float16": "f16", "int64": "i64", "int32": "i32"}
Port = tuple[int, int]  # of the graph: layer, number of the output


class GraphWriter:
    """Writes an IR: every method adds a layer and returns what names its first output."""

    def __init__(self) -> None:
        self.layers: list[str] = []
        self.edges: list[str] = []
        self.weights = b""

    def add(
        self, kind: str, inputs: Sequence[Port] = (), name: str = "", outputs: int = 1, **attributes: object
    ) -> Port:
        own = len(self.layers)
        data = "".join(f" {key}={quoteattr(str(value))}" for key, value in attributes.items())
        ins = "".join(f'<port id="{port}"/>' for port in range(len(inputs)))
        outs = "".join(f'<port id="{len(inputs) + port}"/>' for port in range(outputs))
        self.layers.append(
            f'<layer id="{own}" name={quoteattr(name or f"layer{own}")} type="{kind}" version="opset1">'
            f"<data{data}/><input>{ins}</input><output>{outs}</output></layer>"
        )
        for port, (layer, output) in enumerate(inputs):
            self.edges.append(f'<edge from-layer="{layer}" from-port="{output}" to-layer="{own}" to-port="{port}"/>')
        return own, len(inputs)

    def parameter(self, *shape: int) -> Port:
        return self.add("Parameter", name="x", element_type="f32", shape=",".join(map(str, shape)))

    def const(self, value: ArrayLike) -> Port:
        array = np.asarray(value)
        offset, self.weights = len(self.weights), self.weights + array.tobytes()
        shape = ",".join(map(str, array.shape))
        kind = TYPES[array.dtype.name]
        return self.add("Const", element_type=kind, shape=shape, offset=offset, size=array.nbytes)

    def write(self, folder: Path, result: Port, version: int = 10) -> Path:
        self.add("Result", [result], outputs=0)
        path = folder / "net.xml"
        layers, edges = "".join(self.layers), "".join(self.edges)
        content = f'<net name="net" version="{version}"><layers>{layers}</layers><edges>{edges}</edges></net>'
        path.write_text(f'<?xml version="1.0"?>{content}')
        path.with_suffix(".bin").write_bytes(self.weights)
        return path


def linear_graph(folder: Path) -> Path:
    """prelu(x @ [[1, 2], [3, -4]].T + [1, 0]) with slope 0.5."""
    net = GraphWriter()
    x = net.parameter(1, 2)
    weight = net.const(np.array([[1, 2], [3, -4]], np.float32))
    product = net.add("MatMul", [x, weight], name="product", transpose_a="false", transpose_b="true")
    total = net.add("Add", [product, net.const(np.array([[1, 0]], np.float32))], name="total")
    return net.write(folder, net.add("PReLU", [total, net.const(np.array([0.5], np.float32))]))


def run(net: GraphWriter, folder: Path, result: Port, x: torch.Tensor) -> torch.Tensor:
    answer: torch.Tensor = OpenVinoGraph(net.write(folder, result))(x)
    return answer


def test_linear_graph_gives_the_known_answer_for_any_batch(tmp_path: Path) -> None:
    graph = OpenVinoGraph(linear_graph(tmp_path))
    answer = graph(torch.tensor([[1.0, 1.0], [0.0, 2.0]]))
    assert torch.equal(answer, torch.tensor([[4.0, -0.5], [5.0, -4.0]]))
    assert graph(torch.zeros(0, 2)).shape == (0, 2)


def test_graph_can_be_cut_at_a_layer(tmp_path: Path) -> None:
    graph = OpenVinoGraph(linear_graph(tmp_path), output="product")
    assert torch.equal(graph(torch.tensor([[1.0, 1.0]])), torch.tensor([[3.0, -1.0]]))


def test_gradients_pass_through(tmp_path: Path) -> None:
    x = torch.tensor([[1.0, 1.0]], requires_grad=True)
    OpenVinoGraph(linear_graph(tmp_path))(x).sum().backward()
    assert x.grad is not None
    assert torch.allclose(x.grad, torch.tensor([[1 + 0.5 * 3, 2 - 0.5 * 4]]))


@pytest.mark.parametrize("strides", ["1,1", "2,2"])
def test_convolution(tmp_path: Path, strides: str) -> None:
    net = GraphWriter()
    weight = np.random.default_rng(0).standard_normal((4, 3, 3, 3)).astype(np.float32)
    conv = net.add(
        "Convolution",
        [net.parameter(1, 3, 8, 6), net.const(weight)],
        strides=strides,
        dilations="1,1",
        pads_begin="1, 1",
        pads_end="1, 1",
        auto_pad="explicit",
    )
    x = torch.randn(2, 3, 8, 6)
    expected = F.conv2d(x, torch.from_numpy(weight), stride=int(strides[0]), padding=1)
    torch.testing.assert_close(run(net, tmp_path, conv, x), expected)


def test_group_convolution(tmp_path: Path) -> None:
    net = GraphWriter()
    weight = np.random.default_rng(0).standard_normal((2, 3, 2, 3, 3)).astype(np.float32)
    conv = net.add(
        "GroupConvolution",
        [net.parameter(1, 4, 5, 5), net.const(weight)],
        strides="1,1",
        dilations="1,1",
        pads_begin="0,0",
        pads_end="0,0",
    )
    x = torch.randn(1, 4, 5, 5)
    expected = F.conv2d(x, torch.from_numpy(weight).flatten(0, 1), groups=2)
    torch.testing.assert_close(run(net, tmp_path, conv, x), expected)


@pytest.mark.parametrize(
    ("kernel", "strides", "pads"), [((2, 1), "2,1", "0,0"), ((2, 2), "2,2", "0,0"), ((4, 4), "2,2", "1,1")]
)
def test_transposed_group_convolution(tmp_path: Path, kernel: tuple[int, int], strides: str, pads: str) -> None:
    net = GraphWriter()
    weight = np.random.default_rng(0).standard_normal((3, 1, 1, *kernel)).astype(np.float32)
    conv = net.add(
        "GroupConvolutionBackpropData",
        [net.parameter(1, 3, 5, 4), net.const(weight)],
        strides=strides,
        dilations="1,1",
        pads_begin=pads,
        pads_end=pads,
        output_padding="0,0",
    )
    x = torch.randn(2, 3, 5, 4)
    stride = tuple(int(number) for number in strides.split(","))
    expected = F.conv_transpose2d(
        x, torch.from_numpy(weight).flatten(0, 1), stride=stride, padding=int(pads[0]), groups=3
    )
    torch.testing.assert_close(run(net, tmp_path, conv, x), expected)


def test_shape_arithmetic_follows_the_batch(tmp_path: Path) -> None:
    net = GraphWriter()
    whole = net.parameter(1, 6)
    shape = net.add("ShapeOf", [whole])
    batch = net.add("Gather", [shape, net.const(np.int64(0)), net.const(np.int64(0))], batch_dims="0")
    batch = net.add("Unsqueeze", [batch, net.const(np.array([0], np.int64))])
    shape = net.add("Concat", [batch, net.const(np.array([2, 3, 1], np.int64))], axis="0")
    reshaped = net.add("Reshape", [whole, shape], special_zero="true")
    squeezed = net.add("Squeeze", [reshaped, net.const(np.array([3], np.int64))])
    x = torch.arange(12.0).reshape(2, 6)
    assert torch.equal(run(net, tmp_path, squeezed, x), x.reshape(2, 2, 3))


def test_power_mean_broadcast_tile_and_half_precision_constants(tmp_path: Path) -> None:
    net = GraphWriter()
    x = net.parameter(1, 4)
    square = net.add("Power", [x, net.const(np.array(2, np.float16))])
    mean = net.add("ReduceMean", [square, net.const(np.array([1], np.int64))], keep_dims="true")
    scaled = net.add("Multiply", [mean, net.const(np.array([[1, 10]], np.float16))])
    tiled = net.add("Tile", [scaled, net.const(np.array([1, 2], np.int64))])
    wide = net.add("Broadcast", [tiled, net.const(np.array([3, 1, 1], np.int32))], mode="bidirectional")
    answer = run(net, tmp_path, wide, torch.tensor([[1.0, 1.0, 3.0, 3.0]]))
    assert torch.equal(answer, torch.tensor([[5.0, 50.0, 5.0, 50.0]]).expand(3, 1, 4))


def test_output_of_a_layer_with_several(tmp_path: Path) -> None:
    net = GraphWriter()
    lengths = [net.const(np.int64(1)), net.const(np.array([1, -1], np.int64))]
    layer, port = net.add("VariadicSplit", [net.parameter(1, 5), *lengths], name="split", outputs=2)
    path = net.write(tmp_path, (layer, port))
    x = torch.arange(5.0)[None]
    assert torch.equal(OpenVinoGraph(path, output="split:1")(x), x[:, 1:])
    assert torch.equal(OpenVinoGraph(path)(x), x[:, :1])


def two_stage_graph(folder: Path) -> Path:
    """(x @ 2I) * (x @ 3I): the first product is one multiplication farther from the output."""
    net = GraphWriter()
    x = net.parameter(1, 2)
    late = net.add("MatMul", [x, net.const(3 * np.eye(2, dtype=np.float32))], name="late")
    early = net.add("MatMul", [x, net.const(2 * np.eye(2, dtype=np.float32))], name="early")
    early = net.add("Power", [early, net.const(np.float32(1))])
    return net.write(folder, net.add("Multiply", [late, early]))


def test_readers_are_listed_far_to_near_and_can_read_something_else(tmp_path: Path) -> None:
    graph = OpenVinoGraph(two_stage_graph(tmp_path))
    assert graph.readers("MatMul") == ("early", "late")
    x = torch.ones(1, 2)
    assert torch.equal(graph(x), torch.full((1, 2), 6.0))
    assert torch.equal(graph(x, {"late": 2 * x}), torch.full((1, 2), 12.0))
    with pytest.raises(ValueError, match="strange"):
        graph(x, {"strange": x})
    with pytest.raises(ValueError, match=r"late must have shape \(N, 2\)"):
        graph(x, {"late": torch.ones(1, 3)})


def test_wrong_input_shape(tmp_path: Path) -> None:
    graph = OpenVinoGraph(linear_graph(tmp_path))
    with pytest.raises(ValueError, match=r"\(N, 2\); got \(1, 3\)"):
        graph(torch.zeros(1, 3))


def test_unknown_operation_is_named(tmp_path: Path) -> None:
    net = GraphWriter()
    path = net.write(tmp_path, net.add("FancyNewOp", [net.parameter(1, 2)]))
    with pytest.raises(ValueError, match="FancyNewOp"):
        OpenVinoGraph(path)


def test_operation_with_unknown_settings_is_refused(tmp_path: Path) -> None:
    net = GraphWriter()
    weight = net.const(np.ones((1, 1, 3, 3), np.float32))
    conv = net.add(
        "Convolution",
        [net.parameter(1, 1, 4, 4), weight],
        strides="1,1",
        dilations="1,1",
        pads_begin="0,0",
        pads_end="1,1",
    )
    graph = OpenVinoGraph(net.write(tmp_path, conv))
    with pytest.raises(ValueError, match="symmetric padding"):
        graph(torch.zeros(1, 1, 4, 4))


def test_missing_and_damaged_files(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no OpenVINO graph"):
        OpenVinoGraph(tmp_path / "missing.xml")
    path = linear_graph(tmp_path)
    weights = path.with_suffix(".bin").read_bytes()
    path.with_suffix(".bin").write_bytes(weights[:-4])
    with pytest.raises(ValueError, match="too short"):
        OpenVinoGraph(path)
    path.with_suffix(".bin").unlink()
    with pytest.raises(FileNotFoundError, match="no weights"):
        OpenVinoGraph(path)
    path.write_text("<net")
    with pytest.raises(ValueError, match="not XML"):
        OpenVinoGraph(path)
    path.write_text("<html/>")
    with pytest.raises(ValueError, match="not an OpenVINO graph"):
        OpenVinoGraph(path)


def test_unknown_version_and_output(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no output 'nowhere'"):
        OpenVinoGraph(linear_graph(tmp_path), output="nowhere")
    net = GraphWriter()
    with pytest.raises(ValueError, match="IR version"):
        OpenVinoGraph(net.write(tmp_path, net.parameter(1, 2), version=7))
