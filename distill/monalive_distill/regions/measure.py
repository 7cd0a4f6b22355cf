"""What a region's network makes of people it never saw: crops beside the truth, and what MediaPipe reads in them.

A crop is laid over the truth's own frame, and the landmarks of that picture are read anew. So that what the rest of the
face gives away does not count as the network's, the same is done with the photo moved by the flow alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from monalive_distill.metrics.lpips import LPIPS
from monalive_distill.regions.drawing import read_at
from monalive_distill.regions.networks import RegionNetwork
from monalive_distill.regions.readings import CropReader
from monalive_distill.regions.regions import Region
from monalive_distill.regions.samples import RegionBatch, RegionSequence, cut, load_regions
from monalive_distill.regions.train import paint

_MAGNIFIED = 2.0
_METHODS = ("result", "moved")


@dataclass(frozen=True)
class MeasuredPair:
    """One photo asked for one frame of its clip.

    Attributes:
        name: the sequence.
        lpips: of result, moved photo and photo as it is, against the truth; crops magnified.
        sharpness: mean absolute Laplacian of result and truth in the middle.
        photo, truth: measures as read in photo and truth.
        read: as read in result and moved photo, each laid over the truth's frame.
        pictures: photo, truth, result, moved, (H, W, 3) in [0, 1].
    """

    name: str
    lpips: tuple[float, float, float]
    sharpness: tuple[float, float]
    photo: NDArray[np.float32]
    truth: NDArray[np.float32]
    read: NDArray[np.float32]  # (2, 3)
    pictures: tuple[NDArray[np.float32], ...]


def measure_region(
    network: RegionNetwork, region: Region, cache: Path, clips: Path, per_clip: int = 4
) -> list[MeasuredPair]:
    """Measures a network on a cache of clips.

    Args:
        network: it is put into evaluation mode.
        region: its region.
        cache: made by `prepare_regions`, of clips alone.
        clips: the folder it was made from.
        per_clip: so many frames are asked for, the most different ones.
    """
    network.eval()
    lpips = LPIPS("alex")
    reader = CropReader(region, cache, clips)
    measured = []
    for sequence in load_regions(region, cache):
        photo, targets = _choose(region, sequence.measures, per_clip)
        batch = _batch(region, sequence, photo, targets)
        flow = region.flow(batch.source, batch.target)
        with torch.no_grad():
            result = paint(network, region, batch)
            plain = read_at(batch.photo, flow)
            close = [_magnified(x) for x in (result.image, plain, batch.photo, batch.image)]
            distances = [lpips(x, close[3]).tolist() for x in close[:3]]
        crops = [_pictures(x) for x in (batch.image, result.image, plain)]
        read = reader.read(sequence, targets, crops[1:])
        for k, target in enumerate(targets):
            measured.append(
                MeasuredPair(
                    sequence.name,
                    tuple(d[k] for d in distances),
                    (middle_sharpness(crops[1][k]), middle_sharpness(crops[0][k])),
                    sequence.measures[photo],
                    sequence.measures[target],
                    read[:, k],
                    (_pictures(batch.photo)[k], *(c[k] for c in crops)),
                )
            )
    return measured


def summary(region: Region, measured: Sequence[MeasuredPair]) -> dict[str, float]:
    """Means over people's crops, and how much of what was asked arrives: slopes of change since the photo, read against
    truth."""
    lpips = np.array([m.lpips for m in measured]).mean(0)
    sharp = np.array([m.sharpness for m in measured])
    facts = {"lpips": lpips[0], "lpips_moved": lpips[1], "lpips_photo": lpips[2]}
    facts["sharpness"] = float(np.median(sharp[:, 0] / np.maximum(sharp[:, 1], 1e-3)))
    photo, truth = np.stack([m.photo for m in measured]), np.stack([m.truth for m in measured])
    read = np.stack([m.read for m in measured])
    names = ("openness", "gaze_x", "gaze_y") if region.name == "eye" else ("opening", "width")
    for axis, name in enumerate(names):
        use = np.ones(len(measured), bool)
        if name.startswith("gaze"):  # where an eye is shut nobody knows where it looks
            use = (photo[:, 0] > 0.18) & (truth[:, 0] > 0.18)
        for which, method in enumerate(_METHODS):
            slope, correlation = reach(truth[use, axis] - photo[use, axis], read[use, which, axis] - photo[use, axis])
            facts[f"{name}_slope_{method}"], facts[f"{name}_corr_{method}"] = slope, correlation
    if region.name == "eye":
        shut = (photo[:, 0] > 0.2) & (truth[:, 0] < 0.07)
        facts["shut_pairs"] = float(shut.sum())
        for which, method in enumerate(_METHODS if shut.any() else ()):
            change = (photo[shut, 0] - read[shut, which, 0]) / (photo[shut, 0] - truth[shut, 0])
            facts[f"closure_{method}"] = float(change.mean())
            facts[f"gap_when_shut_{method}"] = float(read[shut, which, 0].mean())
            facts["gap_when_shut_truth"] = float(truth[shut, 0].mean())
    else:
        opens = (photo[:, 0] < 0.04) & (truth[:, 0] > 0.1)
        facts["opens_pairs"] = float(opens.sum())
        if opens.any():
            facts["lpips_closed_to_open"] = float(np.array([m.lpips[0] for m in measured])[opens].mean())
    return {name: round(float(value), 4) for name, value in facts.items()}


def write_sheet(path: Path, measured: Sequence[MeasuredPair], columns: int = 3, zoom: int = 2) -> None:
    """A JPEG: photo, truth, ours, moved photo, several such groups beside each other."""
    groups = [np.concatenate(m.pictures, 1) for m in measured]
    groups = groups[: len(groups) // columns * columns]
    rows = [np.concatenate(groups[i : i + columns], 1) for i in range(0, len(groups), columns)]
    sheet = np.round(np.clip(np.concatenate(rows), 0, 1) * 255).astype(np.uint8)
    sheet = np.asarray(cv2.resize(sheet, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_CUBIC), np.uint8)
    cv2.imwrite(str(path), sheet[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92])


def _choose(region: Region, measures: NDArray[np.float32], count: int) -> tuple[int, list[int]]:
    """The photo, a usual frame, and frames that ask most of it: in turns the most shut eye (most open mouth), then the
    extremes of the other measures."""
    eye = region.name == "eye"
    photo = usual_frame(region, measures)
    signs = (1, -1) if eye else (-1, -1)
    orders = [np.argsort(sign * measures[:, axis]) for axis, sign in ((0, signs[0]), (1, 1), (2, signs[1]), (1, -1))]
    chosen: list[int] = []
    for turn in range(min(count, len(measures))):
        chosen.append(next(int(i) for i in orders[turn % len(orders)] if int(i) not in chosen))
    return photo, chosen


def usual_frame(region: Region, measures: NDArray[np.float32]) -> int:
    """Which of some frames, by their measures (T, 3), is one as people's photos are: eyes open, lips closed, the middle
    otherwise."""
    eye = region.name == "eye"
    usual = np.median(measures, 0)
    usual[0] = np.percentile(measures[:, 0], 70 if eye else 15)
    spread = np.array([0.08, 0.03, 0.03]) if eye else np.array([0.05, 0.04, 10.0])
    return int(np.abs((measures - usual) / spread).sum(1).argmin())


def _batch(region: Region, sequence: RegionSequence, photo: int, targets: Sequence[int]) -> RegionBatch:
    cuts = [cut(sequence, index, region) for index in (photo, *targets)]
    pictures = torch.from_numpy(np.stack([c[0] for c in cuts])).permute(0, 3, 1, 2)
    points = torch.from_numpy(np.stack([c[1] for c in cuts]))
    count = len(targets)
    return RegionBatch(
        pictures[:1].expand(count, -1, -1, -1), points[:1].expand(count, -1, -1), pictures[1:], points[1:]
    )


def _pictures(x: torch.Tensor) -> list[NDArray[np.float32]]:
    return [np.ascontiguousarray(p) for p in x.detach().float().clamp(0, 1).permute(0, 2, 3, 1).numpy()]


def _magnified(x: torch.Tensor) -> torch.Tensor:
    x = x.float().clamp(0, 1) * 2 - 1
    return torch.nn.functional.interpolate(x, scale_factor=_MAGNIFIED, mode="bilinear", align_corners=False)


def middle_sharpness(crop: NDArray[np.float32]) -> float:
    """Mean absolute Laplacian in the middle of a crop (H, W, 3) in [0, 1]."""
    height, width = crop.shape[:2]
    grey = cv2.cvtColor(np.asarray(crop * 255, np.uint8), cv2.COLOR_RGB2GRAY).astype(np.float32)
    found = np.abs(cv2.Laplacian(grey, cv2.CV_32F))
    return float(found[height // 3 : 2 * height // 3, width // 4 : 3 * width // 4].mean())


def reach(truth: NDArray[np.float32], read: NDArray[np.float32]) -> tuple[float, float]:
    """Slope and correlation of changes (N,) as read on those that were asked for; not numbers where N is below 3."""
    if len(truth) < 3:
        return float("nan"), float("nan")
    centred = truth - truth.mean()
    slope = float((centred * read).sum() / max(float((centred * centred).sum()), 1e-9))
    return slope, float(np.corrcoef(truth, read)[0, 1])
