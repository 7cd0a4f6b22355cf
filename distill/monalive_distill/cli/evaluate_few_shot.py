"""The command `monalive-distill evaluate-few-shot`: the few-shot model's table, beside the lightweight generator."""

from __future__ import annotations

import argparse
import hashlib
import html
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from monalive.atomic_file import atomic_path
from monalive_distill.cli.training_arguments import add_compute_arguments, use_threads
from monalive_distill.evaluation.clips import EVALUATION_SIZE, find_clips
from monalive_distill.evaluation.few_shot import METRICS, collect, measure_clips
from monalive_distill.evaluation.few_shot_rows import FewShotRow, LightweightRow, Row
from monalive_distill.evaluation.personalized_row import PersonalizedRow
from monalive_distill.evaluation.report import command_line, machine, versions
from monalive_distill.evaluation.report_page import STYLE, figure, metric_name, number, summary_table
from monalive_distill.few_shot.finetune import FineTuning
from monalive_distill.mediapipe_tracker.networks import mediapipe_tracker
from monalive_distill.personalization.personalize import Personalization

ABOUT = (
    "Self-reenactment in the shape of the paper's Table 1: T photos are spread over the first two thirds of the"
    " frames read of a clip, the test frames are its last quarter; nobody in these clips was trained on. FF:"
    " feed-forward, FT: fine-tuned on the T photos; one meta-learned model serves for both (the paper trains one for"
    " each). Every row is compared at {size} x {size}, the few-shot model's size where there is one: the lightweight"
    " generator works at 256 and is averaged down to it, and so are the true frames. Rows without “+ surroundings” are"
    " driven by landmarks alone, as in the paper; with it, coarse optical flow around the face is measured as well. FD"
    " dlib is the Fréchet distance of the face descriptors (128 numbers each) of {frames} made and as many true"
    " frames, all clips together: not the FID, and larger than with very many frames; compare it within this table"
    " only. It needs more frames than a descriptor has numbers; FD dlib 16 is the same in the 16 directions in which"
    " the true frames' descriptors vary most, and needs more than 16."
)


def add_evaluate_few_shot_arguments(command: argparse.ArgumentParser) -> None:
    """The arguments that `run_evaluate_few_shot` reads."""
    add = command.add_argument
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
    minutes = "at most, on a CPU of its own time (default: %(default)s)"
    add("--finetune-minutes", type=float, default=FineTuning.minutes, help=minutes)
    add("--minutes", type=float, help="begin no new clip after that; the next call goes on")
    add_compute_arguments(command)


def run_evaluate_few_shot(arguments: argparse.Namespace) -> None:
    """Runs the command.

    Raises:
        FileNotFoundError, NotADirectoryError, ValueError: clips, bases or bundle cannot be used, or do not fit.
    """
    use_threads(arguments.threads)
    paths = spread(find_clips(arguments.clips_dir), arguments.clips)
    if min([*arguments.shots, *arguments.lightweight_shots, *arguments.personalize]) < 1:
        raise ValueError("T must be at least 1")
    tuning = FineTuning(
        steps=arguments.steps, minutes=arguments.finetune_minutes, learning_rate=arguments.learning_rate
    )
    models = [FewShotRow(base, tuning, device=arguments.device) for base in arguments.base]
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
        rows.append((PersonalizedRow(size, personalization, arguments.device), arguments.personalize))
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


def spread(paths: list[Path], count: int | None) -> list[Path]:
    """`count` of the paths, evenly spread; all for None."""
    if count is None or count >= len(paths):
        return paths
    if count < 1:
        raise ValueError(f"the number of clips must be at least 1, not {count}")
    return [paths[len(paths) * i // count] for i in range(count)]


def write_report(report: Mapping[str, Any], output: Path) -> None:
    """few_shot.json, few_shot.md and index.html (with the contact sheets of `clips/`)."""
    about = ABOUT.format(size=report["settings"]["size"], frames=report["test_frames"])
    measured = f"{len(report['clips'])} of {report['clips_asked_for']} clips, {report['test_frames']} test frames."
    left_out = "".join(f" Left out: {name} ({reason})." for name, reason in report["skipped"])
    text = f"{measured}{left_out} {about}"
    figures = [figure(name, name, "", f"clips/{name}.jpg") for name in report["clips"]]
    page = (
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>monalive few-shot evaluation</title><style>{STYLE}</style><h1>Few-shot evaluation</h1>"
        f"<p>{html.escape(text)}</p><p><code>{html.escape(report['command'])}</code></p>"
        f"{summary_table(report['rows'], METRICS)}<h2>Clips</h2>{''.join(figures)}</html>\n"
    )
    numbers = json.dumps(report, indent=1, allow_nan=False) + os.linesep
    files = {"few_shot.json": numbers, "few_shot.md": f"{_markdown(report['rows'])}\n{text}\n", "index.html": page}
    for name, content in files.items():
        with atomic_path(output / name) as unfinished:
            unfinished.write_text(content, encoding="utf-8")


def _markdown(rows: Mapping[str, Mapping[str, float | None]]) -> str:
    lines = ["| | " + " | ".join(f"{metric_name(m)} {'↑' if more else '↓'}" for m, more in METRICS.items()) + " |"]
    lines.append("|---" * (len(METRICS) + 1) + "|")
    for name, scores in rows.items():
        lines.append(f"| {name} | " + " | ".join(number(m, scores.get(m)) for m in METRICS) + " |")
    return "\n".join(lines) + "\n"
