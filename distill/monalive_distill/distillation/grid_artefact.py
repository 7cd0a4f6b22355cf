"""Removes the 2 x 2 grid artefact from weights that are about to ship.

The refinement network's head makes each pixel of a cell of 2 x 2 by weights of its own. In training these drift apart,
a fine grid that LPIPS hardly minds and eyes do. Here the head alone is solved anew, by least squares in closed form:
for its own outputs on training pictures, less what alternates in them from pixel to pixel.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from tqdm import tqdm

from monalive_distill.data.training_pairs import PairSampler, TrainingGroup, load_sequences, to_tensors
from monalive_distill.distillation.config import TrainingConfig
from monalive_distill.generator.lightweight_generator import LightweightGenerator, load_generator
from monalive_distill.generator.refine_net import CELLS, from_cells
from monalive_distill.training.checkpoint import read_record, write_half

_GROUPS, _PHOTOS, _TARGETS, _SIZE = 27, 2, 3, 256
_AROUND = 4.0  # standard deviation, in pixels, of the neighbourhood in which an alternation is told from an edge
_WINDOW = (25, 25)  # three standard deviations each way
_RIDGE = 1e-5
_EVERYWHERE = 0.02  # how much a place counts at which nothing is painted


def write_weights_without_grid(state: Path, output: Path, caches: Iterable[Path]) -> None:
    """`training.checkpoint.write_weights` with a head that draws no grid.

    Args:
        state: a checkpoint of the lightweight generator.
        output: the file.
        caches: folders of training pictures, as for `train`.

    Raises:
        FileNotFoundError, ValueError: no such checkpoint or cache, or another kind of file.
    """
    generator = load_generator(state)
    config = TrainingConfig()
    sampler = PairSampler(load_sequences(*caches), config.augmentation, config.kind_weights, config.seed)
    steps = tqdm(range(_GROUPS), desc="solving", unit="group", disable=None)
    remove_grid_artefact(generator, (sampler.draw(step, _PHOTOS, _TARGETS, _SIZE) for step in steps))
    write_half(generator.state_dict(), read_record(state), output)


@torch.no_grad()
def remove_grid_artefact(generator: LightweightGenerator, groups: Iterable[TrainingGroup]) -> None:
    """Solves the last layer anew by least squares, in place.

    Args:
        generator: trained; it is in evaluation mode afterwards.
        groups: training pictures.
    """
    head = generator.eval().refine_net.head
    assert head.bias is not None
    before = torch.cat((head.weight.flatten(1), head.bias[:, None]), 1).double().T.split(CELLS, 1)  # (inputs, outputs)
    inputs = len(before[0])
    squares = torch.zeros(len(before), inputs, inputs, dtype=torch.float64)
    products = [torch.zeros_like(part) for part in before]
    seen: dict[str, torch.Tensor] = {}
    hook = head.register_forward_hook(lambda _, given, made: seen.update(features=given[0], made=made))
    for group in groups:
        photos, sources, _, targets, surroundings = to_tensors(group)
        mask = generator(photos, sources, targets, surroundings).mask
        patches = F.unfold(seen["features"], 3, padding=1)
        patches = torch.cat((patches, torch.ones_like(patches[:, :1])), 1).transpose(1, 2).flatten(0, 1)
        painted, undecided = (F.avg_pool2d(x, 2).flatten() for x in (1 - mask, mask * (1 - mask) * 4))
        counts = (painted, undecided + 0.3 * painted, painted)  # for colours, mask, confidence
        for part, made in enumerate(seen["made"].split(CELLS, 1)):
            weighted = (patches * (_EVERYWHERE + counts[part])[:, None]).double().T
            squares[part] += weighted @ patches.double()
            products[part] += weighted @ _even(made).permute(0, 2, 3, 1).flatten(0, 2).double()
    hook.remove()
    solved = []
    for part, square in enumerate(squares):
        ridge = _RIDGE * square.diagonal().mean() * torch.eye(inputs, dtype=torch.float64)
        solved.append(torch.linalg.solve(square + ridge, products[part] + ridge @ before[part]))
    after = torch.cat(solved, 1).T.float()
    head.weight.copy_(after[:, :-1].reshape(head.weight.shape))
    head.bias.copy_(after[:, -1])


def without_alternation(pixels: torch.Tensor) -> torch.Tensor:
    """(N, C, H, W) without what alternates from pixel to pixel along x, along y, or both, over a neighbourhood."""
    signs = 1.0 - 2.0 * (torch.arange(pixels.shape[-1]) % 2)
    along_x, along_y = signs.view(1, 1, 1, -1), signs.view(1, 1, -1, 1)
    waves = (along_x, along_y, along_x * along_y)
    return pixels - torch.stack([wave * _blur(wave * pixels) for wave in waves]).sum(0)


def _even(cells: torch.Tensor) -> torch.Tensor:
    """One part of the head's outputs (N, 4 n, h, w), as it would be without alternation."""
    count, _, height, width = cells.shape
    pixels = without_alternation(from_cells(cells)).reshape(count, -1, height, 2, width, 2)
    return pixels.permute(0, 3, 5, 1, 2, 4).flatten(1, 3)  # (N, row, column, n, h, w)


def _blur(x: torch.Tensor) -> torch.Tensor:
    planes = x.flatten(0, 1).numpy()
    return torch.from_numpy(np.stack([cv2.GaussianBlur(p, _WINDOW, _AROUND) for p in planes])).reshape(x.shape)
