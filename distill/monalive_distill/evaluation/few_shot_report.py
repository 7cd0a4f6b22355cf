"""The report of the few-shot evaluation: figures, a table and a page."""

from __future__ import annotations

import html
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from monalive.atomic_file import atomic_path
from monalive_distill.evaluation.few_shot import METRICS
from monalive_distill.evaluation.report_page import STYLE, figure, metric_name, number, summary_table

ABOUT = (
    "Self-reenactment in the shape of the paper's Table 1: T photos are spread over the first two thirds of the"
    " frames read of a clip, the test frames are its last quarter; nobody in these clips was trained on. FF:"
    " feed-forward, FT: fine-tuned on the T photos; one meta-learned model serves for both (the paper trains one for"
    " each). Every row is compared at {size} x {size}, the few-shot model's size where there is one: the lightweight"
    " generator works at 256 and is averaged down to it, and so are the true frames. Rows without “+ background flow”"
    " are driven by landmarks alone, as in the paper; with it, coarse optical flow around the face is measured as well."
    " FD dlib is the Fréchet distance of the face descriptors (128 numbers each) of {frames} made and as many true"
    " frames, all clips together: not the FID, and larger than with very many frames; compare it within this table"
    " only. It needs more frames than a descriptor has numbers; FD dlib 16 is the same in the 16 directions in which"
    " the true frames' descriptors vary most, and needs more than 16."
)


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
