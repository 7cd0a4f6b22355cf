"""Writes the tables that are generated: the README's numbers, those of docs/evaluation.md and docs/speed.md, and the
inputs and outputs in export/README.md.

    python docs/tables.py [BENCHMARK.json]

The benchmark is one of benchmarks/ (made by `monalive bench --record benchmarks/`); without one, the tables are made
from the file that docs/speed.md names. The measures are those of docs/expressions.json and
docs/expressions_networks.json: evaluation.json of `monalive-distill evaluate`, and the same with
`--tracker mediapipe --no-cross`. Everything else comes from the exporter's own table of ports.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
README, EXPORT_README = ROOT / "README.md", ROOT / "export" / "README.md"
EVALUATION, SPEED = ROOT / "docs" / "evaluation.md", ROOT / "docs" / "speed.md"
BUNDLE = ROOT / "sdk" / "monalive" / "assets" / "default.bundle"
PRODUCT_REPORT, NETWORKS_REPORT = ROOT / "docs" / "expressions.json", ROOT / "docs" / "expressions_networks.json"
WEIGHTS = ROOT / "distill" / "monalive_distill" / "assets"
# Steps of `monalive bench`, and what the table calls them.
STEPS = {
    "driver_frame_to_720p_frame": "driver frame to pasted-back 720p frame",
    "tracker_720p": "tracker",
    "surroundings_720p": "flow around the face (`--absolute` only)",
    "retarget": "retargeting",
    "paste_back_720p": "paste-back into 720p",
    "eyes_and_mouth_networks": "eyes and mouth: networks",
    "eyes_and_mouth_paste_720p": "eyes and mouth: paste into 720p",
    "enroll": "enrolling a photo",
}
_MODES = {
    "absolute": "absolute",
    "relative": "relative",
    "cross": "relative, another's photo",
}
_OLD_STEP = re.compile(r"(\w+)_network_(\w+)$")  # how schema 1 wrote networks down


def benchmark_table(results: Mapping[str, Any]) -> str:
    """The table of a benchmark."""
    lines = ["| step | median ms | 95th percentile ms | first run ms |", "|---|---|---|---|"]
    steps = results["steps"]
    for name, words in STEPS.items():
        if name in steps:
            lines.append(_row(words, steps[name]))
    for words, times in _networks(results):
        lines.append(_row(words, times))
    return "\n".join(lines)


def reach_table(product: Mapping[str, Any], networks: Mapping[str, Any]) -> str:
    """How much of each expression arrives, of every bundle of both reports; in brackets in the worst tenth of clips."""
    tables = [("networks alone", networks, networks["expressions"]["absolute"]["reach"])]
    tables += [(_MODES[mode], product, found["reach"]) for mode, found in product["expressions"].items()]
    rows = [
        (f"{version}, {words}", reach[method])
        for words, report, reach in tables
        for method, version in _bundles(report).items()
    ]
    groups = list(dict.fromkeys(group for _, row in rows for group in row))
    cells = [
        [f"{row[g]['slope']:.2f} ({row[g]['worst_tenth']:.2f})" if g in row else "" for g in groups] for _, row in rows
    ]
    return _markdown([f"{len(product['self']['clips'])} clips", *groups], [name for name, _ in rows], cells)


def numbers_table(product: Mapping[str, Any], benchmark: Mapping[str, Any]) -> str:
    """Six numbers for the README, each with where it is explained."""
    from monalive_distill.evaluation.moved_photo import UNMOVED

    method = next(iter(product["self"]["mean"]))
    mean, reach = product["self"]["mean"][method], product["expressions"]["absolute"]["reach"][method]
    frame = benchmark["steps"]["driver_frame_to_720p_frame"]["median_ms"]
    parts = [reach[group]["slope"] for group in ("blink", "gaze sideways", "jaw", "smile")]
    rows = {
        "of a blink, a sideways gaze, a jaw's drop, a smile arrives in the picture (1: all)": " / ".join(
            f"{part:.2f}" for part in parts
        ),
        "LPIPS to the true picture, on strangers (the unmoved photo: "
        f"{product['self']['mean'][UNMOVED]['lpips']:.2f})": f"{mean['lpips']:.3f}",
        "key points off by, in pixels of 256 (AKD)": f"{mean['akd']:.2f}",
        "same person? CSIM": f"{mean['csim']:.3f}",
        "driver frame to finished 720p frame, two CPU threads": f"{frame:.0f} ms",
        "all networks in one file": f"{BUNDLE.stat().st_size / 1e6:.1f} MB",
    }
    pages = ["evaluation.md"] * 4 + ["speed.md"] * 2
    cells = [[f"**{value}**", f"[docs/{page}](docs/{page})"] for value, page in zip(rows.values(), pages, strict=True)]
    return _markdown([f"weights {product['bundle']['model_version']}", "", ""], list(rows), cells)


def stages_table(product: Mapping[str, Any]) -> str:
    """What is left of a driver's expression stage by stage, relative, in brackets absolute."""
    from monalive_distill.evaluation.expression_tables import stage_rows

    tables = stage_rows(product["expressions"])
    rows = [
        (f"{version}, {stage}", measures)
        for method, version in _bundles(product).items()
        for stage, measures in tables.get(method, {}).items()
    ]
    names = list(dict.fromkeys(name for _, row in rows for name in row))
    return _markdown(
        ["", *names], [name for name, _ in rows], [[row.get(name, "") for name in names] for _, row in rows]
    )


def regions_table(product: Mapping[str, Any]) -> str:
    """Eyes and mouths beside the truth, of every bundle and of the unmoved photo."""
    from monalive_distill.evaluation.moved_photo import UNMOVED
    from monalive_distill.evaluation.region_scores import REGION_METRICS
    from monalive_distill.evaluation.report_page import metric_name, number

    rows = {**_bundles(product), UNMOVED: "the unmoved photo"}
    mean = product["self"]["mean"]
    cells = [[number(metric, mean[method].get(metric)) for metric in REGION_METRICS] for method in rows]
    return _markdown(["", *(metric_name(metric) for metric in REGION_METRICS)], list(rows.values()), cells)


def read_reports() -> tuple[Any, Any]:
    """Of the product and of its networks alone."""
    product, networks = (json.loads(path.read_text()) for path in (PRODUCT_REPORT, NETWORKS_REPORT))
    return product, networks


def ports_table(entries: Any) -> str:
    """Inputs or outputs of a network, from a manifest's entries."""
    lines = ["| name | shape | unit | range | what it is |", "|---|---|---|---|---|"]
    for entry in entries:
        shape = " x ".join(map(str, entry["shape"]))
        limits = "" if entry["range"] is None else f"{entry['range'][0]:g} to {entry['range'][1]:g}"
        lines.append(f"| `{entry['name']}` | {shape} | {entry['unit']} | {limits} | {entry['about']} |")
    return "\n".join(lines)


def export_tables(manifest: Mapping[str, Any]) -> str:
    """Every part of a bundle: what it does, its inputs and its outputs."""
    sections = []
    for name, part in manifest["parts"].items():
        inputs, outputs = ports_table(part["inputs"]), ports_table(part["outputs"])
        sections.append(f"### `{name}`\n\n{part['about']}\n\nInputs:\n\n{inputs}\n\nOutputs:\n\n{outputs}")
    return "\n\n".join(sections)


def replaced(text: str, name: str, table: str) -> str:
    """The text with what stands between a table's marks replaced."""
    pattern = re.compile(rf"(<!-- {name}: begin [^>]*-->\n).*?(<!-- {name}: end -->)", re.S)
    if not pattern.search(text):
        raise ValueError(f"there is no place marked {name!r}")
    return pattern.sub(lambda found: f"{found[1]}{table}\n{found[2]}", text)


def shown_benchmark(page: str) -> Path:
    """The file that docs/speed.md says its table is from."""
    found = re.search(r"\(\.\./(benchmarks/[^)]+\.json)\)", page)
    if found is None:
        raise ValueError("docs/speed.md names no file of benchmarks/")
    return ROOT / found[1]


def shipped_manifest() -> dict[str, Any]:
    """A manifest of the shipped pipeline without files: ports and shapes from the exporter."""
    import torch

    from monalive_export.checks.frames import packaged_frames
    from monalive_export.checks.parity import torch_run
    from monalive_export.graphs.pipelines import load_model

    torch.set_num_threads(1)
    names = ("lightweight", "tracker", "eyes_and_mouth")
    model = load_model(*(WEIGHTS / f"{name}.safetensors" for name in names))
    values = dict(packaged_frames(1, model.image_size)[0].inputs)
    parts = {}
    for name, graph in model.graphs.items():
        values |= torch_run(graph)(values)
        ports = {
            side: [port.entry(port.name, values[port.name].shape) for port in getattr(graph, side)]
            for side in ("inputs", "outputs")
        }
        parts[name] = {"about": graph.about, **ports}
    return {"parts": parts}


def _networks(results: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, float]]]:
    """What to call every network, and its times; one that was measured in the bundle and as a file counts once."""
    seen: set[str] = set()
    for words, times in _every_network(results):
        if words not in seen:
            seen.add(words)
            yield words, times


def _every_network(results: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, float]]]:
    for network in results.get("networks", []):
        if "median_ms" in network:
            runtime = f", {network['runtime']}" + ("" if network["delegate"] == "cpu" else f" on {network['delegate']}")
            yield f"{network['part']} network ({network['precision']}{runtime})", network
    for name, times in results["steps"].items():
        old = _OLD_STEP.fullmatch(name)
        if old is not None:
            yield f"{old[1]} network ({old[2]})", times


def _bundles(report: Mapping[str, Any]) -> dict[str, str]:
    """Method -> version of the bundle it runs: those that the product is compared with, then the product."""
    product = next(iter(report["self"]["mean"]))
    versions = {name: bundle["model_version"] for name, bundle in report["beside"].items()}
    return {**versions, product: report["bundle"]["model_version"]}


def _markdown(columns: Sequence[str], rows: Sequence[str], cells: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    lines += [f"| {name} | {' | '.join(row)} |" for name, row in zip(rows, cells, strict=True)]
    return "\n".join(lines)


def _row(words: str, times: Mapping[str, float]) -> str:
    return f"| {words} | {times['median_ms']:.1f} | {times['p95_ms']:.1f} | {times['first_ms']:.0f} |"


def main() -> None:
    speed = SPEED.read_text()
    if len(sys.argv) > 1:
        name = Path(sys.argv[1]).resolve().relative_to(ROOT).as_posix()
        speed = speed.replace(shown_benchmark(speed).relative_to(ROOT).as_posix(), name)
    results = json.loads(shown_benchmark(speed).read_text())
    product, networks = read_reports()
    README.write_text(replaced(README.read_text(), "numbers", numbers_table(product, results)))
    SPEED.write_text(replaced(speed, "benchmark", benchmark_table(results)))
    evaluation = replaced(EVALUATION.read_text(), "reach", reach_table(product, networks))
    evaluation = replaced(evaluation, "stages", stages_table(product))
    EVALUATION.write_text(replaced(evaluation, "regions", regions_table(product)))
    EXPORT_README.write_text(replaced(EXPORT_README.read_text(), "ports", export_tables(shipped_manifest())))


if __name__ == "__main__":
    main()
