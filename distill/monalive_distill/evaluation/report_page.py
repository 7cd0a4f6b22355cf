"""The evaluation as a page that works offline: summary, table of clips, contact sheets, the worst first."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from monalive_distill.evaluation.contact_sheet import contact_sheet, save_sheet
from monalive_distill.evaluation.expression_tables import expression_section
from monalive_distill.evaluation.moved_photo import UNMOVED
from monalive_distill.evaluation.reenactment import ClipPictures, ClipResult
from monalive_distill.evaluation.region_scores import REGION_METRICS
from monalive_distill.evaluation.region_strips import REGIONS, strips_worst_first
from monalive_distill.metrics.frame_scores import CROSS_METRICS, SELF_METRICS, Scores
from monalive_distill.metrics.image import difference_map

Image = NDArray[np.uint8]
SHEET_ROWS = 3
_NAMES = {
    "lpips": ("LPIPS", 3),
    "lpips_vgg": ("LPIPS VGG", 3),
    "l1": ("L1", 4),
    "psnr": ("PSNR dB", 2),
    "ssim": ("SSIM", 3),
    "akd": ("AKD px", 2),
    "csim": ("CSIM", 3),
    "csim_scaled": ("CSIM scaled", 3),
    "blink_error": ("blink", 3),
    "mouth_error": ("mouth", 3),
    "turn_error": ("turn °", 2),
    "missing_face": ("no face", 3),
    "mouth_lpips": ("mouth LPIPS", 3),
    "mouth_lpips_opened": ("mouth LPIPS, closed → open", 3),
    "mouth_lpips_others": ("mouth LPIPS, others", 3),
    "eyes_lpips": ("eyes LPIPS", 3),
    "mouth_sharpness": ("mouth sharpness", 2),
    "eyes_sharpness": ("eyes sharpness", 2),
    "gaze_error": ("gaze °", 1),
    "lpips_face": ("LPIPS of face", 3),
    "lpips_edge": ("of head's edge", 3),
    "lpips_rest": ("of the rest", 3),
    "fd_dlib": ("FD dlib", 4),
    "fd_dlib_16": ("FD dlib 16", 4),
}
_ARROWS = {True: "↑", False: "↓", None: "→ 1"}


def write_sheet(path: Path, kind: str, result: ClipResult, pictures: ClipPictures) -> None:
    """Writes the contact sheet of one clip as JPEG: its worst frame by LPIPS (else CSIM) and an even choice.

    Args:
        path: the file to write.
        kind: "self" or "cross"; the former ends with a heat map of output minus target.
        result: decides which frames are shown.
        pictures: what is shown.
    """
    methods = [name for name in pictures.outputs if name != UNMOVED] or list(pictures.outputs)
    captions = ["photo", "target"] if kind == "self" else ["photo", "driver's first", "driver"]
    rows, row_captions = [], []
    for index in sheet_frames(result, methods[0]):
        target = pictures.targets[index]
        row = [pictures.photo, target] if kind == "self" else [pictures.photo, pictures.driver_first, target]
        row += [pictures.outputs[name][index] for name in methods]
        if kind == "self":
            row.append(difference_map(pictures.outputs[methods[0]][index], target))
        rows.append(row)
        row_captions.append(_frame_caption(result.frames[index], result.per_frame[methods[0]][index]))
    captions += [*methods, "difference"] if kind == "self" else methods
    sheet = contact_sheet(rows, row_captions=row_captions, column_captions=captions)
    save_sheet(path, sheet)


def sheet_frames(result: ClipResult, method: str) -> list[int]:
    """Which frames a contact sheet shows: the method's worst, then an even choice, in the order of time."""
    frames = result.per_frame[method]
    worst = max(range(len(frames)), key=lambda i: badness(frames[i]))
    chosen = [worst]
    for index in np.linspace(0, len(frames) - 1, SHEET_ROWS + 1).round().astype(int)[1:]:
        if len(chosen) < SHEET_ROWS and int(index) not in chosen:
            chosen.append(int(index))
    return sorted(chosen)


def badness(scores: Scores) -> float:
    """What "worst first" goes by: LPIPS; without it how much CSIM lacks, and no face is worst of all."""
    lpips, similarity = scores.get("lpips"), scores.get("csim")
    if lpips is not None:
        return lpips
    return 2.0 if similarity is None else 1.0 - similarity


def render_page(
    report: Mapping[str, Any],
    own: Sequence[ClipResult],
    cross: Sequence[ClipResult],
    sheets: Mapping[tuple[str, str], str],
    portraits: Sequence[tuple[str, str]] = (),
) -> str:
    """The page as HTML.

    Args:
        report: what evaluation.json holds (see `evaluation_report`).
        own, cross: the results it was made from.
        sheets: (kind, clip name) -> file name of its contact sheet, beside the page.
        portraits: (name, file name of its contact sheet) of portraits that have no video.
    """
    bundle = report["bundle"]
    csim_others = report["self"]["csim_other_people"]
    facts = [
        ("measured", report["created"]),
        ("clips", f"{len(own)} of {report['clips_found']}, {report['settings']['frames']} frames each"),
        ("machine", f"{report['machine']['processor']}, {report['machine']['cpus']} CPUs"),
        ("versions", ", ".join(f"{name} {version}" for name, version in report["versions"].items())),
        ("command", report["command"]),
    ]
    others = [(name, _model(other)) for name, other in report["beside"].items()]
    models = [("model", _model(bundle))] if bundle is not None else []
    facts = [*models, *others, *facts]
    if csim_others is not None:
        facts.append(("CSIM of different people here", f"{csim_others:.3f}"))
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8>",
        '<meta name=viewport content="width=device-width,initial-scale=1">',
        f"<title>monalive evaluation · {html.escape(report['clips_folder'])}</title><style>{STYLE}</style>",
        f"<h1>Evaluation on {html.escape(report['clips_folder'])}</h1>",
        "<dl>" + "".join(f"<dt>{html.escape(k)}<dd>{html.escape(str(v))}" for k, v in facts) + "</dl>",
        "<h2>Self-reenactment</h2>",
        "<p>Frame 0 is the photo; other frames of the same clip drive it and are what the result is compared "
        "with. Means of clips. ↑ more is better, ↓ less is better.</p>",
        summary_table(report["self"]["mean"], SELF_METRICS),
        "<h2>Eyes and mouth</h2>",
        "<p>Crops of the eyes and of the mouth at the truth's places, magnified twice. Closed → open: the photo's "
        "mouth is closed, the target's open. Sharpness is the Laplacian's energy over the truth's, 1 is right. The "
        "three parts of the whole picture's LPIPS add up to about all of it.</p>",
        summary_table(report["self"]["mean"], REGION_METRICS),
        expression_section(report["expressions"], report["teeth"]),
    ]
    for title, slices in report["self"].get("slices", {}).items():
        for value, slice_ in slices.items():
            count = slice_["clips"]
            clips = f"{count} clip{'' if count == 1 else 's'}"
            parts.append(f"<h3>{html.escape(title)} {html.escape(value)} · {clips}</h3>")
            parts.append(summary_table(slice_["mean"], SELF_METRICS))
    if cross:
        parts += [
            "<h2>Cross-reenactment</h2>",
            "<p>Another clip drives the photo by how its face changes since its own first frame. CSIM is to "
            "the photo; turn, blink and mouth: how far the change differs from the driver's.</p>",
            summary_table(report["cross"]["mean"], CROSS_METRICS),
        ]
    if report["skipped"]:
        rows = "".join(f"<li>{html.escape(s['clip'])}: {html.escape(s['reason'])}" for s in report["skipped"])
        parts.append(f"<h2>Left out: {len(report['skipped'])}</h2><ul>{rows}</ul>")
    if portraits:
        parts += ["<h2>Portraits</h2>", "<p>Each driver's frames and, below them, the portrait's.</p>"]
        parts += [figure(f"portrait-{name}", name, "", file) for name, file in portraits]
    for region in REGIONS:
        parts.append(f"<h2>{region.capitalize()}, worst first</h2>")
        for result in strips_worst_first(region, own):
            name, numbers = result.name, _strip_numbers(region, result)
            parts.append(figure(_anchor(region, name), name, numbers, sheets[region, name]))
    parts += ["<h2>Clips, worst first</h2>", _clip_table(own), _sheets("self", own, sheets)]
    if cross:
        parts += ["<h2>Cross-reenactment, worst first</h2>", _sheets("cross", cross, sheets)]
    return "\n".join(parts) + f"<script>{_SORT}</script></html>\n"


def _model(bundle: Mapping[str, str]) -> str:
    """A bundle of the record in words."""
    return f"{bundle['name']} {bundle['model_version']}, sha256 {bundle['sha256'][:16]}…"


def metric_name(metric: str) -> str:
    """A metric as it is written above a column."""
    return _NAMES[metric][0]


def summary_table(mean: Mapping[str, Scores], metrics: Mapping[str, bool | None]) -> str:
    """Methods by metrics, the best value of each column in bold.

    Args:
        mean: method -> metric -> value.
        metrics: metric -> whether more is better; None: 1 is best.
    """
    shown = [m for m in metrics if any(scores.get(m) is not None for scores in mean.values())]
    head = "".join(f"<th>{_NAMES[m][0]} {_ARROWS[metrics[m]]}" for m in shown)
    rows = []
    for method, scores in mean.items():
        cells = []
        for metric in shown:
            values = [v for s in mean.values() if (v := s.get(metric)) is not None]
            more = metrics[metric]
            best = min(values, key=lambda v: abs(v - 1)) if more is None else max(values) if more else min(values)
            text = number(metric, scores.get(metric))
            cells.append(f"<td><b>{text}</b>" if scores.get(metric) == best else f"<td>{text}")
        rows.append(f"<tr><th>{html.escape(method)}{''.join(cells)}")
    return f"<div class=wide><table><tr><th>{head}{''.join(rows)}</table></div>"


def _clip_table(results: Sequence[ClipResult]) -> str:
    """One row per clip for the first method, to be sorted by a click on a column's head."""
    method = next(iter(results[0].scores))
    shown = [m for m in SELF_METRICS if any(r.scores[method].get(m) is not None for r in results)]
    head = "".join(f"<th>{_NAMES[m][0]}" for m in shown)
    rows = [
        f"<tr><th><a href='#{_anchor('self', r.name)}'>{html.escape(r.name)}</a>"
        f"<td>{len(r.frames)}<td>{r.without_face}" + "".join(f"<td>{number(m, r.scores[method].get(m))}" for m in shown)
        for r in _worst_first(results)
    ]
    return (
        f"<p>{html.escape(method)}</p><div class=wide><table class=sort>"
        f"<thead><tr><th>clip<th>frames<th>left out{head}<tbody>{''.join(rows)}</table></div>"
    )


def _sheets(kind: str, results: Sequence[ClipResult], sheets: Mapping[tuple[str, str], str]) -> str:
    parts = []
    for result in _worst_first(results):
        sheet = sheets.get((kind, result.name))
        if sheet is None:
            continue
        scores = next(iter(result.scores.values()))
        numbers = " · ".join(f"{_NAMES[m][0]} {number(m, v)}" for m, v in scores.items() if v is not None)
        title = result.name if kind == "self" else f"{result.name} driven by {result.driver}"
        parts.append(figure(_anchor(kind, result.name), title, numbers, sheet))
    return "".join(parts)


def figure(anchor: str, title: str, numbers: str, sheet: str) -> str:
    """A contact sheet, a file beside the page, with its title and numbers."""
    file, title = html.escape(quote(sheet)), html.escape(title)
    return (
        f"<figure id='{html.escape(anchor)}'><figcaption><b>{title}</b><br>{numbers}</figcaption>"
        f"<a href='{file}'><img loading=lazy src='{file}' alt='contact sheet of {title}'></a></figure>"
    )


def _strip_numbers(region: str, result: ClipResult) -> str:
    scores = next(iter(result.scores.values()))
    shown = [m for m in REGION_METRICS if m.startswith(region) and scores.get(m) is not None]
    return " · ".join(f"{_NAMES[m][0]} {number(m, scores[m])}" for m in shown)


def _worst_first(results: Sequence[ClipResult]) -> list[ClipResult]:
    return sorted(results, key=lambda r: badness(next(iter(r.scores.values()))), reverse=True)


def _frame_caption(frame: int, scores: Scores) -> str:
    """Without spaces inside a metric, so that the sheet breaks lines between metrics."""
    shown = [m for m in ("lpips", "akd", "csim") if scores.get(m) is not None]
    return f"frame {frame} " + " ".join(f"{m.upper()}={number(m, scores[m])}" for m in shown)


def _anchor(kind: str, name: str) -> str:
    return f"{kind}-{re.sub('[^A-Za-z0-9]+', '-', name)}"


def number(metric: str, value: float | None) -> str:
    """A metric's value with its usual decimals."""
    return "-" if value is None else f"{value:.{_NAMES[metric][1]}f}"


STYLE = """
:root {
  color-scheme: light dark;
  --ink: #1b1c1e; --paper: #fff; --faint: #5f646b; --line: #d9dce1; --band: #f4f5f7; --link: #0b57d0;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #e7e8ea; --paper: #151618; --faint: #9aa0a8; --line: #34373c; --band: #1e2023; --link: #8ab4f8;
  }
}
body {
  font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 82rem; margin: 0 auto; padding: 1rem;
}
h1 { font-size: 1.5rem }
h2 { font-size: 1.2rem; margin-top: 2.5rem }
h3 { font-size: 1rem }
a { color: var(--link) }
p { max-width: 44rem }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; font-size: .9rem }
dt { color: var(--faint) }
dd { margin: 0; overflow-wrap: anywhere }
.wide { overflow-x: auto }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem }
th, td { padding: .25rem .6rem; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap }
th:first-child { text-align: left }
table.sort thead th { cursor: pointer }
tr:nth-child(even) { background: var(--band) }
figure { margin: 2rem 0 }
figcaption { font-size: .85rem; color: var(--faint); margin-bottom: .4rem }
figcaption b { color: var(--ink); font-size: 1rem }
figure img { max-width: 100%; display: block }
@media (max-width: 40rem) {
  dl { grid-template-columns: 1fr }
  dt { margin-top: .4rem }
}
"""
_SORT = """
for (const table of document.querySelectorAll('table.sort')) {
  table.tHead.rows[0].querySelectorAll('th').forEach((head, column) => {
    let direction = 1;
    head.onclick = () => {
      direction = -direction;
      const text = row => row.cells[column].textContent;
      const order = (a, b) =>
        isNaN(text(a)) || isNaN(text(b)) ? text(a).localeCompare(text(b)) : text(a) - text(b);
      [...table.tBodies[0].rows]
        .sort((a, b) => direction * order(a, b))
        .forEach(row => table.tBodies[0].append(row));
    };
  });
}
"""
