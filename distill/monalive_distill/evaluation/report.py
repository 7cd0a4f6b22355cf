"""The report of an evaluation: evaluation.json, index.html and contact sheets in one folder."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import shlex
import sys
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from monalive.atomic_file import atomic_path
from monalive.bundle import Bundle
from monalive.faces.tracker import FaceTracker
from monalive_distill.evaluation.clips import EVALUATION_SIZE, read_tiers
from monalive_distill.evaluation.expression_tables import expression_record, stage_rows, teeth_record
from monalive_distill.evaluation.moved_photo import ReenactmentMethod
from monalive_distill.evaluation.reenactment import ClipPictures, ClipResult, Evaluation, evaluate, mean_of_clips
from monalive_distill.evaluation.region_strips import REGIONS, write_strips
from monalive_distill.evaluation.report_page import render_page, write_sheet
from monalive_distill.metrics.frame_scores import with_scaled_csim

SCHEMA = 2
_PACKAGES = ("monalive", "torch", "numpy", "ai-edge-litert", "opencv-python-headless", "av")


def write_evaluation(
    clips: Sequence[Path],
    methods: Mapping[str, ReenactmentMethod],
    tracker: FaceTracker,
    output: Path,
    *,
    measurer: FaceTracker | None = None,
    frame_count: int = 12,
    expression_frames: int = 24,
    with_vgg: bool = False,
    with_cross: bool = True,
    only_self: Collection[str] = (),
    pictures_only: Collection[str] = (),
    bundle: Bundle | None = None,
    beside: Mapping[str, Bundle] | None = None,
    portraits: Sequence[tuple[str, str]] = (),
    progress: bool | None = None,
) -> dict[str, Any]:
    """Measures methods on clips and writes the report into a folder, which is made if need be.

    Args:
        clips: video files of one folder; a `clips.tsv` beside that folder adds means per licence tier.
        methods: by name; the first is the one that the report is about.
        tracker, measurer: find the faces, see `evaluate`.
        output: folder for evaluation.json, index.html, the contact sheets and the strips of eyes and mouths.
        frame_count, expression_frames, with_vgg, with_cross, only_self, pictures_only: see `evaluate`.
        bundle: what the first method runs, for the record.
        beside: what other methods run, by name, for the record.
        portraits: (name, file in `output`) of contact sheets of portraits, see `portrait_sheets`.
        progress: a progress bar on stderr; by default if that is a terminal.

    Returns:
        What evaluation.json holds.

    Raises:
        ValueError: no clip could be used.
        NotADirectoryError, PermissionError: `output` cannot be written to.
    """
    if output.exists() and not output.is_dir():
        raise NotADirectoryError(f"{output} is a file; name a folder for the report")
    output.mkdir(parents=True, exist_ok=True)
    sheets: dict[tuple[str, str], str] = {}

    def keep_sheet(kind: str, result: ClipResult, pictures: ClipPictures) -> None:
        path = output / f"{kind}-{result.name}.jpg"
        write_sheet(path, kind, result, pictures)
        sheets[kind, result.name] = path.name
        if kind == "self":
            strips = {region: output / f"{region}-{result.name}.jpg" for region in REGIONS}
            write_strips(strips, result, pictures)
            sheets.update({(region, result.name): strip.name for region, strip in strips.items()})

    evaluation = evaluate(
        clips,
        methods,
        tracker,
        measurer=measurer,
        frame_count=frame_count,
        expression_frames=expression_frames,
        with_vgg=with_vgg,
        with_cross=with_cross,
        only_self=only_self,
        pictures_only=pictures_only,
        on_result=keep_sheet,
        progress=sys.stderr.isatty() if progress is None else progress,
    )
    settings = {"frames": frame_count, "expression_frames": expression_frames, "size": EVALUATION_SIZE}
    report = make_report(evaluation, clips, settings=settings, bundle=bundle, beside=beside)
    page = render_page(report, evaluation.own, evaluation.cross, sheets, portraits)
    numbers = json.dumps(report, indent=1, allow_nan=False) + "\n"
    for name, text in (("evaluation.json", numbers), ("index.html", page)):
        with atomic_path(output / name) as temporary:
            temporary.write_text(text, encoding="utf-8")
    return report


def make_report(
    evaluation: Evaluation,
    clips: Sequence[Path],
    *,
    settings: Mapping[str, int],
    bundle: Bundle | None,
    beside: Mapping[str, Bundle] | None = None,
) -> dict[str, Any]:
    """The content of evaluation.json: plain numbers, strings, lists and dicts."""
    folder = clips[0].parent
    own: dict[str, Any] = {
        "mean": _means(evaluation.own, evaluation.csim_other_people),
        "csim_other_people": _rounded(evaluation.csim_other_people),
        "clips": [_clip_record(result) for result in evaluation.own],
    }
    tiers = read_tiers(folder)
    groups: dict[str, list[ClipResult]] = defaultdict(list)
    for result in evaluation.own:
        if result.name in tiers:
            groups[tiers[result.name]].append(result)
    if groups:
        own["slices"] = {
            "licence tier": {
                tier: {"clips": len(results), "mean": _means(results, evaluation.csim_other_people)}
                for tier, results in sorted(groups.items())
            }
        }
    return {
        "schema": SCHEMA,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": command_line(),
        "clips_folder": folder.resolve().name,
        "clips_found": len(clips),
        "settings": dict(settings),
        "bundle": _bundle_record(bundle),
        "beside": {name: _bundle_record(other) for name, other in (beside or {}).items()},
        "machine": machine(),
        "versions": versions(),
        "self": own,
        "cross": {
            "mean": _means(evaluation.cross, evaluation.csim_other_people),
            "clips": [_clip_record(result) for result in evaluation.cross],
        },
        "expressions": _rounded(expression_record([*evaluation.own, *evaluation.cross])),
        "teeth": _rounded(teeth_record(evaluation.own)),
        "skipped": [{"clip": name, "reason": reason} for name, reason in evaluation.skipped],
    }


def summary_text(report: Mapping[str, Any]) -> str:
    """The means as a few lines for a terminal."""
    measured, frames = len(report["self"]["clips"]), report["settings"]["frames"]
    lines = [f"{measured} of {report['clips_found']} clips, {frames} frames each"]
    for kind in ("self", "cross"):
        for method, scores in report[kind]["mean"].items():
            values = "  ".join(f"{name} {value:.3f}" for name, value in scores.items() if value is not None)
            lines.append(f"{kind:5} {method:20} {values}")
    for mode, tables in report["expressions"].items():
        for method, groups in tables["reach"].items():
            values = "  ".join(f"{name} {figures['slope']:.2f}" for name, figures in groups.items())
            lines.append(f"reach, {mode:8} {method:20} {values}")
    for method, stages in stage_rows(report["expressions"]).items():
        for stage, measures in stages.items():
            values = "  ".join(f"{name} {slopes}" for name, slopes in measures.items())
            lines.append(f"{method}, {stage}: {values}")
    for name, figures in report["teeth"].items():
        lines.append(f"teeth follow the lip, {name}: {figures['slope']:.2f}")
    for skipped in report["skipped"]:
        lines.append(f"left out {skipped['clip']}: {skipped['reason']}")
    return "\n".join(lines)


def _means(results: Sequence[ClipResult], csim_other_people: float | None) -> dict[str, Any]:
    means = mean_of_clips(results)
    rounded: dict[str, Any] = _rounded(
        {name: with_scaled_csim(scores, csim_other_people) for name, scores in means.items()}
    )
    return rounded


def _clip_record(result: ClipResult) -> dict[str, Any]:
    record: dict[str, Any] = {"clip": result.name}
    record |= {"frames": list(result.frames), "without_face": result.without_face}
    if result.driver != result.name:
        record["driver"] = result.driver
    return record | {"scores": _rounded(result.scores)}


def _rounded(value: Any) -> Any:
    """Numbers to five decimals, all the way down: what is beyond differs between machines."""
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return round(value, 5) if isinstance(value, float) else value


def _bundle_record(bundle: Bundle | None) -> dict[str, str] | None:
    if bundle is None:
        return None
    name, version = str(bundle.manifest["name"]), bundle.model_version
    return {"name": name, "model_version": version, "sha256": bundle.sha256}


def command_line() -> str:
    """The command line with the folders of paths left out: a report is published, a home folder's name is
    not.
    """
    words = []
    for word in sys.argv:
        option, equals, value = word.rpartition("=")
        words.append(option + equals + (Path(value).name if os.sep in value else value))
    return shlex.join(words)


def machine() -> dict[str, Any]:
    """The machine, for the record."""
    processor = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():  # Linux, where platform.processor() knows the architecture only
        lines = cpuinfo.read_text(encoding="utf-8").splitlines()
        processor = next((x.split(":", 1)[1].strip() for x in lines if x.startswith("model name")), processor)
    system = f"{platform.system()} {platform.machine()}"
    return {"processor": processor, "cpus": os.cpu_count(), "system": system}


def versions() -> dict[str, str]:
    """Versions of Python and the packages that matter, for the record."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
