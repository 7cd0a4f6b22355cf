"""Makes the four pixels of a cell agree in weights that are about to ship.

The refinement network's head makes each pixel of a cell of 2 x 2 by weights of its own. In training these drift apart,
a fine grid that LPIPS hardly minds and eyes do. Here the head alone is solved anew, by least squares in closed form:
for its own outputs on training pictures, less what alternates in them from pixel to pixel.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import torch
import torch.nn.functional as F

from monalive_distill.lightweight_generator import LightweightGenerator, load_generator
from monalive_distill.refine_net import OUTPUTS, from_cells
from monalive_distill.training_config import TrainingConfig
from monalive_distill.training_pairs import PairSampler, TrainingGroup, load_sequences
from monalive_distill.training_state import read_record, write_half

_GROUPS, _PHOTOS, _TARGETS, _SIZE = 27, 2, 3, 256
_AROUND = 4.0  # standard deviation, in pixels, of the neighbourhood in which an alternation is told from an edge
_RIDGE = 1e-5
_EVERYWHERE = 0.02  # how much a place counts at which nothing is painted


def write_even_weights(state: Path, output: Path, caches: Iterable[Path]) -> None:
    """`training_state.write_weights` with a head that draws no grid.

    Args:
        state: a checkpoint of the lightweight generator.
        output: the file.
        caches: folders of training pictures, as for `train`.

    Raises:
        FileNotFoundError, ValueError: no such checkpoint or cache, or another kind of file.
    """
    generator = load_generator(state)
    config = TrainingConfig()
    sequences = [sequence for cache in caches for sequence in load_sequences(cache)]
    sampler = PairSampler(sequences, config.augmentation, config.kind_weights, config.seed)
    even_cells(generator, (sampler.draw(step, _PHOTOS, _TARGETS, _SIZE) for step in range(_GROUPS)))
    weights = {f"average/{name}": value for name, value in generator.state_dict().items()}
    write_half(weights, read_record(state), output)


@torch.no_grad()
def even_cells(generator: LightweightGenerator, groups: Iterable[TrainingGroup]) -> None:
    """Solves the head anew, in place.

    Args:
        generator: trained; it is in evaluation mode afterwards.
        groups: training pictures.
    """
    head = generator.eval().refine_net.head
    assert head.bias is not None
    before = torch.cat((head.weight.flatten(1), head.bias[:, None]), 1).double().T  # (inputs, outputs)
    squares = torch.zeros(len(OUTPUTS), len(before), len(before), dtype=torch.float64)
    products = torch.zeros(len(OUTPUTS), *before.shape, dtype=torch.float64)
    seen: dict[str, torch.Tensor] = {}
    hook = head.register_forward_hook(lambda _, inputs, outputs: seen.update(features=inputs[0], made=outputs))
    for group in groups:
        photos, around = (torch.from_numpy(x).permute(0, 3, 1, 2) for x in (group.photos, group.surroundings))
        out = generator(photos, torch.from_numpy(group.sources), torch.from_numpy(group.targets), around)
        patches = F.unfold(seen["features"], 3, padding=1)
        patches = torch.cat((patches, torch.ones_like(patches[:, :1])), 1).transpose(1, 2).flatten(0, 1)
        painted = F.avg_pool2d(1 - out.mask, 2).flatten()
        undecided = F.avg_pool2d(out.mask * (1 - out.mask) * 4, 2).flatten()
        wanted = _even(seen["made"]).permute(0, 2, 3, 1).flatten(0, 2).double()
        for part, counts in enumerate((painted, undecided + 0.3 * painted, painted)):  # colours, mask, confidence
            weighted = (patches * (_EVERYWHERE + counts)[:, None]).double().T
            squares[part] += weighted @ patches.double()
            products[part] += weighted @ wanted
    hook.remove()
    ridge = _RIDGE * squares.diagonal(dim1=1, dim2=2).mean(1)[:, None, None] * torch.eye(len(before)).double()
    solved = torch.linalg.solve(squares + ridge, products + ridge @ before)  # (part, inputs, outputs)
    ends = torch.tensor(OUTPUTS).cumsum(0) * 4
    after = torch.cat([solved[i, :, end - 4 * OUTPUTS[i] : end] for i, end in enumerate(ends.tolist())], 1).T.float()
    head.weight.copy_(after[:, :-1].reshape(head.weight.shape))
    head.bias.copy_(after[:, -1])


def without_alternation(pixels: torch.Tensor) -> torch.Tensor:
    """(N, C, H, W) without what alternates from pixel to pixel along x, along y, or both, over a neighbourhood."""
    signs = 1.0 - 2.0 * (torch.arange(pixels.shape[-1]) % 2)
    along_x, along_y = signs.view(1, 1, 1, -1), signs.view(1, 1, -1, 1)
    waves = (along_x, along_y, along_x * along_y)
    return pixels - torch.stack([wave * _blur(wave * pixels) for wave in waves]).sum(0)


def _even(cells: torch.Tensor) -> torch.Tensor:
    """The head's outputs (N, 20, h, w), as they would be without alternation."""
    parts = []
    for part in cells.split([4 * count for count in OUTPUTS], 1):
        pixels = without_alternation(from_cells(part))
        shape = (*pixels.shape[:2], part.shape[2], 2, part.shape[3], 2)  # (N, n, h, row, w, column)
        parts.append(pixels.reshape(shape).permute(0, 3, 5, 1, 2, 4).flatten(1, 3))
    return torch.cat(parts, 1)


def _blur(x: torch.Tensor) -> torch.Tensor:
    reach = round(3 * _AROUND)
    kernel = torch.exp(-0.5 * (torch.arange(-reach, reach + 1) / _AROUND) ** 2)
    kernel = (kernel / kernel.sum()).expand(x.shape[1], 1, 1, -1)
    x = F.conv2d(F.pad(x, (reach, reach, 0, 0), "reflect"), kernel, groups=x.shape[1])
    return F.conv2d(F.pad(x, (0, 0, reach, reach), "reflect"), kernel.transpose(2, 3), groups=x.shape[1])
