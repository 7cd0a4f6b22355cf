"""Tables and sheets of what `evaluate` measured."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from monalive_distill.few_shot.regions.evaluate import EXPERT, LIGHTWEIGHT, TrialResult, crops
from monalive_distill.regions.measure import reach
from monalive_distill.regions.measures import EYE_MEASURES, MOUTH_MEASURES
from monalive_distill.regions.regions import Region
from monalive_distill.training.sheets import write_sample_sheet

_SHOWN_PHOTOS = 3


def table(region: Region, results: Sequence[TrialResult]) -> str:
    """Markdown: one row for each method and number of photos.

    LPIPS is the mean over clips of the mean over a clip's frames; sharpness the median over all frames. "Clips better"
    counts those whose LPIPS is lower than the lightweight network's from as many photos. Reach is the slope of what
    MediaPipe reads in the result on what the truth does, both as changes from the first photo: 1 is right.
    """
    names = (EYE_MEASURES if region.name == "eye" else MOUTH_MEASURES[:2]) if results[0].read is not None else ()
    head = ["method", "T", "LPIPS ↓", "clips better", "sharpness", *(f"{name} reach" for name in names)]
    lines = [head, ["---"] * len(head)]
    for method, shots in dict.fromkeys((r.method, r.shots) for r in results):
        rows = [r for r in results if (r.method, r.shots) == (method, shots)]
        base = [r for r in results if (r.method, r.shots) == (LIGHTWEIGHT, shots)]
        better = sum(a.lpips.mean() < b.lpips.mean() for a, b in zip(rows, base, strict=True))
        line = [method, str(shots), f"{np.mean([r.lpips.mean() for r in rows]):.4f}"]
        line += ["" if method == LIGHTWEIGHT else f"{better} of {len(rows)}"]
        line += [f"{np.median(np.concatenate([r.sharpness for r in rows])):.2f}"]
        lines.append(line + [f"{_reach(rows, axis):.2f}" for axis in range(len(names))])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def write_sheets(folder: Path, region: Region, results: Sequence[TrialResult], columns: int = 8) -> list[Path]:
    """JPEGs, one column for a clip's first frame wanted: some photos, the truth, then what the lightweight network and
    the expert make of the fewest and of the most photos. Returns the files."""
    fewest, most = min(r.shots for r in results), max(r.shots for r in results)
    rows = {(r.trial.sequence.name, r.method, r.shots): r.pictures[0] for r in results}
    best = next(m for m in reversed(list(dict.fromkeys(r.method for r in results))) if m.startswith(EXPERT))
    wanted = [(LIGHTWEIGHT, fewest), (EXPERT, fewest), (LIGHTWEIGHT, most), (EXPERT, most), (best, most)]
    strips = []
    for trial in {r.trial.sequence.name: r.trial for r in results}.values():
        shown = [*trial.photos[:_SHOWN_PHOTOS], *trial.photos[:1] * (_SHOWN_PHOTOS - len(trial.photos))]
        given, _ = crops(region, trial.sequence, [*shown, trial.targets[0]])
        made = [rows[trial.sequence.name, *which] for which in dict.fromkeys(wanted)]
        strips.append(torch.cat((given, torch.stack(made))))
    files = []
    for number, start in enumerate(range(0, len(strips), columns)):
        part = torch.stack(strips[start : start + columns], 1)  # (rows, columns, 3, H, W)
        files.append(folder / f"sheet_{number + 1}.jpg")
        write_sample_sheet(files[-1], list(part))
    return files


def _reach(rows: Sequence[TrialResult], axis: int) -> float:
    asked, read = [], []
    for row in rows:
        sequence = row.trial.sequence
        before = sequence.measures[row.trial.photos[0], axis]
        assert row.read is not None
        asked.append(sequence.measures[row.trial.targets, axis] - before)
        read.append(row.read[:, axis] - before)
    return reach(np.concatenate(asked), np.concatenate(read))[0]
