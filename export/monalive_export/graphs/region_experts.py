"""The full-size expert of a region as graphs, for one photo: they take the place of the lightweight network's.

What the expert adds to the lightweight network's picture is an output of its own: the SDK lays it over the photo's
pixels, which keep their resolution. Choosing among several photos stays with the SDK.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from monalive_distill.few_shot.regions.candidates import CropMover
from monalive_distill.few_shot.regions.network import CORRECTION_UNIT, FLOW_UNIT, RegionExpert, to_cells
from monalive_distill.generator.refine_net import from_cells
from monalive_distill.regions.drawing import read_at
from monalive_distill.regions.regions import Region
from monalive_export.graphs.eyes_and_mouth import RegionGraph, RegionPorts
from monalive_export.graphs.few_shot import without_spectral_norm
from monalive_export.graphs.ports import RGB, Graph, Port, channels_first, channels_last

# Of a cubic (Keys, a = -0.75) halfway between two pixels: the one before last, the last, and the next two.
_HALFWAY = (-0.09375, 0.59375, 0.59375, -0.09375)

# In how many ways people differ, as exported: the projection's weights are a quarter of the file's, and rounding them
# to 8 bits costs too much. What lies beyond is 4 % of them (root mean square).
_KINDS_OF_PEOPLE = 128


class ExpertPorts(RegionPorts):
    """Names of the inputs and outputs of an expert's graphs."""

    def __init__(self, region: Region) -> None:
        super().__init__(region)
        name = region.name
        self.doubled = Port(f"{name}_doubled", "the photo's crop at twice its size", (0.0, 1.0), RGB)
        self.adain = Port(f"{name}_adain", "gains and biases that make the generator draw this person")
        self.enrolled = (*self.enrolled, self.doubled, self.adain)
        self.change = Port(f"{name}_change", "what to add to the crop's colours once painted and moved", None, RGB)


class EnrollExpertGraph(RegionGraph):
    """What depends on the photo's region alone: what the lightweight network knows of it, and whom it shows."""

    accelerated = False  # the expert is for servers and for files made at leisure
    narrow: torch.Tensor
    wide: torch.Tensor
    bias: torch.Tensor

    def __init__(self, region: Region, mover: CropMover, expert: RegionExpert) -> None:
        super().__init__(mover.network)
        ports = ExpertPorts(region)
        self.region, self.inputs, self.outputs = region, (ports.photo, ports.source), ports.enrolled
        self.about = f"Once per photo: what the animate_{region.name} network needs to know of its {region.name}."
        plain = without_spectral_norm(expert)
        self.embedder = plain.embedder
        # Not as layers: arithmetic of a graph's own stays in float32.
        for name, values in zip(("narrow", "wide", "bias"), narrowed(plain.projection, _KINDS_OF_PEOPLE), strict=True):
            self.register_buffer(name, values, persistent=False)

    def forward(self, **inputs: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """See `outputs`."""
        photo, landmarks = (inputs[port.name] for port in self.inputs)
        known = self._enrolled(photo, landmarks)
        normal, drawing = channels_first(known[0]), channels_first(known[7])
        identity = self.embedder(normal.unsqueeze(1), drawing.unsqueeze(1))
        adain = torch.matmul(torch.matmul(identity, self.narrow), self.wide) + self.bias
        return (*known, channels_last(doubled(channels_first(photo))), adain)


class AnimateExpertGraph(RegionGraph):
    """A frame of the region: the lightweight network's, and what the expert changes in it."""

    per_frame = True
    calibratable = False
    accelerated = False

    def __init__(self, region: Region, mover: CropMover, expert: RegionExpert) -> None:
        super().__init__(mover.network)
        ports = ExpertPorts(region)
        self.region, self.inputs = region, (ports.source, *ports.enrolled, ports.target)
        self.outputs = (ports.flow, ports.mask, ports.painted, ports.change)
        self.about = (
            f"Once per frame: the {region.name} for the landmarks wanted, by the lightweight network and expert."
        )
        self.encoder, self.generator = expert.encoder, expert.generator

    def forward(self, **inputs: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """See `outputs`."""
        source, *enrolled, fine, adain, target = (inputs[port.name] for port in self.inputs)
        flow, mask, painted = map(channels_first, self._animated(source, tuple(enrolled), target))
        mean, contrast, own = (channels_first(enrolled[index]) for index in (1, 2, 7))
        fine, wanted = channels_first(fine), self.region.draw(target)

        def normal(picture: torch.Tensor) -> torch.Tensor:
            return (picture - mean) / contrast

        moved = read_doubled(fine, flow)
        image = painted + mask * (moved - painted)
        seen = (normal(image), normal(moved), mask, flow * (1 / FLOW_UNIT), read_at(own, flow), wanted)
        features, _, correction = self.encoder(to_cells(torch.cat(seen, 1)))
        flow = flow + F.interpolate(
            correction * CORRECTION_UNIT, size=flow.shape[-2:], mode="bilinear", align_corners=False
        )
        chosen = painted + mask * (read_doubled(fine, flow) - painted)
        change = self.generator(normal(chosen), wanted, features, adain) * contrast
        return tuple(channels_last(part) for part in (flow, mask, painted, change))


class ExpertPictureGraph(Graph):
    """The crop as it should look, of the network's own size; not exported by itself."""

    about = "The photo's own pixels moved along the flow, the painting over them, and the expert's change added."

    def __init__(self, region: Region) -> None:
        super().__init__()
        ports = ExpertPorts(region)
        self.inputs = (ports.doubled, ports.flow, ports.mask, ports.painted, ports.change)
        self.outputs = (ports.image,)

    def forward(self, **inputs: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """See `outputs`."""
        fine, flow, mask, painted, change = (inputs[port.name] for port in self.inputs)
        moved = channels_last(read_doubled(channels_first(fine), channels_first(flow)))
        return (torch.clamp(painted + mask * (moved - painted) + change, 0.0, 1.0),)


def expert_graphs(region: Region, mover: CropMover, expert: RegionExpert) -> dict[str, Graph]:
    """By the names of the parts that they replace."""
    for network in (mover.network, expert):
        network.autocast_dtype = None
        for parameter in network.parameters():  # converters read weights in the order in which they lie
            parameter.data = parameter.data.contiguous()
    return {
        f"enroll_{region.name}": EnrollExpertGraph(region, mover, expert).eval(),
        f"animate_{region.name}": AnimateExpertGraph(region, mover, expert).eval(),
    }


def doubled(photo: torch.Tensor) -> torch.Tensor:
    """(1, 3, H, W) to (1, 3, 2 H, 2 W): a pixel of a cubic between every two, so that reading linearly stays sharp."""
    beside = _halfway(photo, 3)
    below, across = _halfway(photo, 2), _halfway(beside, 2)
    return from_cells(torch.cat((photo, beside, below, across), 1))


def _halfway(x: torch.Tensor, dimension: int) -> torch.Tensor:
    length = x.shape[dimension]
    last = x.narrow(dimension, length - 1, 1)
    padded = torch.cat((x.narrow(dimension, 0, 1), x, last, last), dimension)
    taps = [padded.narrow(dimension, start, length) * weight for start, weight in enumerate(_HALFWAY)]
    return taps[0] + taps[1] + taps[2] + taps[3]


def read_doubled(fine: torch.Tensor, flow: torch.Tensor) -> torch.Tensor:
    """What `doubled` made, read where a flow (1, 2, H, W) of the photo's pixels points: (1, 3, H, W)."""
    return read_at(fine, flow, 0.25)  # where the photo's own pixels have their middle in it


def narrowed(layer: nn.Linear, rank: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Two matrices that do together what a layer does, as near as `rank` numbers between them allow, and its bias."""
    left, strengths, right = torch.linalg.svd(layer.weight.detach().float(), full_matrices=False)
    narrow = (strengths[:rank, None] * right[:rank]).T.contiguous()
    return narrow, left[:, :rank].T.contiguous(), layer.bias.detach().clone()
