"""`monalive-distill evaluate-region-expert`: a full-size network of eyes or mouth beside the lightweight one."""

from __future__ import annotations

import argparse
from pathlib import Path

from monalive.cli.arguments import positive_int


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    add = parser.add_argument
    add("state", type=Path, help="state.safetensors of a run of train-region-expert")
    add("cache", type=Path, help="made by prepare-regions, of clips of people that were not trained on")
    add("-o", "--output", type=Path, required=True, help="folder for the table and the sheets")
    add("--shots", type=positive_int, nargs="+", default=[1, 2, 4, 8], help="numbers of photos (default: 1 2 4 8)")
    add("--targets", type=positive_int, default=4, help="frames wanted of each clip (default: 4)")
    add("--every", type=positive_int, default=1, help="take every Nth clip (default: all)")
    add("--clips", type=Path, help="the folder of clips the cache was made from: also reads lids, irises and lips")
    add("--steps", type=positive_int, help="also fine-tune on the photos, by so many steps")
    add("--threads", type=positive_int, help="CPU threads (default: torch's choice)")


def run(arguments: argparse.Namespace) -> None:
    """Measures, prints the table and writes it with the sheets.

    Raises:
        FileNotFoundError: no such checkpoint or cache.
        ValueError: another kind of checkpoint, or no clip is long enough.
    """
    import torch
    from tqdm import tqdm

    from monalive_distill.few_shot.regions.checkpoint import load_expert
    from monalive_distill.few_shot.regions.evaluate import LEAST_FRAMES, evaluate_trial, trials
    from monalive_distill.few_shot.regions.finetune import ExpertFineTuning
    from monalive_distill.few_shot.regions.report import table, write_sheets
    from monalive_distill.metrics.lpips import LPIPS
    from monalive_distill.regions.readings import CropReader
    from monalive_distill.regions.samples import load_regions

    if arguments.threads is not None:
        torch.set_num_threads(arguments.threads)
    mover, expert = load_expert(arguments.state)
    region = mover.region
    shots = sorted(set(arguments.shots))
    asked = trials(region, load_regions(region, arguments.cache), shots[-1], arguments.targets)[:: arguments.every]
    if not asked:
        raise ValueError(f"no clip in {arguments.cache} has {LEAST_FRAMES} frames; prepare longer ones")
    lpips = LPIPS("alex")
    reader = CropReader(region, arguments.cache, arguments.clips) if arguments.clips else None
    settings = ExpertFineTuning(steps=arguments.steps) if arguments.steps else None
    results = []
    for trial in tqdm(asked, desc="evaluating", unit="clip", disable=None):
        results += evaluate_trial(trial, mover, expert, shots, lpips, reader, settings)
    arguments.output.mkdir(parents=True, exist_ok=True)
    text = table(region, results)
    (arguments.output / "table.md").write_text(text)
    print(text, end="")
    for file in write_sheets(arguments.output, region, results):
        print(file)
