"""`monalive-distill evaluate-few-shot`: the few-shot model's table, beside the lightweight generator."""

from __future__ import annotations

import argparse
import hashlib
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from monalive.cli.arguments import not_negative
from monalive_distill.cli.training_arguments import add_compute_arguments, use_compute
from monalive_distill.few_shot.fine_tuning_settings import FineTuning
from monalive_distill.personalization.settings import Personalization


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    add = parser.add_argument
    add("clips_dir", type=Path, metavar="CLIPS_DIR", help="folder of .mp4 clips, one face in each")
    bases = "state.safetensors of train-few-shot runs (default: none, the lightweight generator alone)"
    add("--base", type=Path, nargs="+", default=[], metavar="STATE", help=bases)
    add("-o", "--output", type=Path, default=Path("few_shot_evaluation"), metavar="DIR", help="default: %(default)s")
    add("--shots", type=int, nargs="+", default=[1, 8, 32], metavar="T", help="default: 1 8 32")
    add("--lightweight-shots", type=int, nargs="+", default=[1, 2, 4, 8], metavar="T", help="default: 1 2 4 8")
    add("--personalize", type=int, nargs="+", default=[], metavar="T", help="personalise on T photos (default: no)")
    add("--bundle", type=Path, help="of the lightweight generator (default: the one that ships)")
    add("--clips", type=int, metavar="N", help="only N clips, spread evenly (default: all)")
    add("--frames", type=int, default=48, metavar="N", help="frames read of a clip: photos and tests (default: 48)")
    add("--steps", type=int, default=FineTuning.steps, help="of a fine-tuning, at most (default: %(default)s)")
    add("--learning-rate", type=float, default=FineTuning.learning_rate, help="of a fine-tuning (default: %(default)s)")
    minutes = "at most, at most, in CPU time (default: %(default)s)"
    add("--finetune-minutes", type=not_negative, default=FineTuning.minutes, help=minutes)
    add("--minutes", type=not_negative, help="start no new clip after this time; the next call continues")
    add_compute_arguments(parser)


def run(arguments: argparse.Namespace) -> None:
    """Measures and writes the report.

    Raises:
        FileNotFoundError, NotADirectoryError, ValueError: clips, bases or bundle cannot be used, or do not fit.
    """
    from monalive_distill.evaluation.clips import EVALUATION_SIZE, find_clips, spread_clips
    from monalive_distill.evaluation.few_shot import collect, measure_clips
    from monalive_distill.evaluation.few_shot_report import write_report
    from monalive_distill.evaluation.few_shot_rows import FewShotRow, LightweightRow, Row
    from monalive_distill.evaluation.personalized_row import PersonalizedRow
    from monalive_distill.evaluation.report import command_line, machine, versions
    from monalive_distill.mediapipe_tracker.networks import mediapipe_tracker

    device = use_compute(arguments)
    paths = spread_clips(find_clips(arguments.clips_dir), arguments.clips)
    if min([*arguments.shots, *arguments.lightweight_shots, *arguments.personalize]) < 1:
        raise ValueError("T must be at least 1")
    tuning = FineTuning(
        steps=arguments.steps, minutes=arguments.finetune_minutes, learning_rate=arguments.learning_rate
    )
    models = [FewShotRow(base, tuning, device=device) for base in arguments.base]
    if len({model.name for model in models}) < len(models):
        raise ValueError("two of the bases have the same kind of moved photo; compare bases that differ in it")
    if len({model.size for model in models}) > 1:
        raise ValueError("the bases make pictures of different sizes; compare bases of one size")
    size = models[0].size if models else EVALUATION_SIZE
    lightweight = LightweightRow(size, arguments.bundle)
    settings = {
        "size": size,
        "frames": arguments.frames,
        "shots": arguments.shots,
        "lightweight_shots": arguments.lightweight_shots,
        "bases": [hashlib.sha256(base.read_bytes()).hexdigest() for base in arguments.base],
        "bundle": lightweight.bundle.sha256,
        "fine_tuning": asdict(tuning),
    }
    rows: list[tuple[Row, list[int]]] = [(lightweight, arguments.lightweight_shots)]
    rows += [(model, arguments.shots) for model in models]
    if arguments.personalize:
        personalization = Personalization()
        rows.append((PersonalizedRow(size, personalization, device), arguments.personalize))
        settings |= {"personalize": arguments.personalize, "personalization": asdict(personalization)}
    clips = arguments.output / "clips"
    try:
        with mediapipe_tracker(settle=True) as tracker:
            skipped = measure_clips(
                paths,
                rows,
                tracker,
                clips,
                size=size,
                frame_count=arguments.frames,
                settings=settings,
                minutes=arguments.minutes,
                progress=sys.stderr.isatty(),
            )
    finally:
        lightweight.close()
    found = collect(paths, clips, settings)
    report: dict[str, Any] = {"command": command_line(), "machine": machine(), "versions": versions()}
    report |= {"settings": settings, "clips_asked_for": len(paths), "skipped": skipped} | found
    write_report(report, arguments.output)
    print((arguments.output / "few_shot.md").read_text())
    print(arguments.output / "index.html")
