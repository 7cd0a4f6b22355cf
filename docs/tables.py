"""Writes the tables that are generated: the README's benchmark, and the inputs and outputs in export/README.md.

    python docs/tables.py [BENCHMARK.json]

The benchmark is one of benchmarks/ (made by `monalive bench --record benchmarks/`); without one, the tables are made
from the file that the README names. Everything else comes from the exporter's own table of ports.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
README, EXPORT_README = ROOT / "README.md", ROOT / "export" / "README.md"
WEIGHTS = ROOT / "distill" / "monalive_distill" / "assets"
# Steps of `monalive bench`, and what the README calls them.
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
_OLD_STEP = re.compile(r"(\w+)_network_(\w+)$")  # how schema 1 wrote networks down


def benchmark_table(results: Mapping[str, Any]) -> str:
    """The README's table of a benchmark."""
    lines = ["| step | median ms | 95th percentile ms | first run ms |", "|---|---|---|---|"]
    steps = results["steps"]
    for name, words in STEPS.items():
        if name in steps:
            lines.append(_row(words, steps[name]))
    for words, times in _networks(results):
        lines.append(_row(words, times))
    return "\n".join(lines)


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


def shown_benchmark(readme: str) -> Path:
    """The file that the README says its table is from."""
    found = re.search(r"\((benchmarks/[^)]+\.json)\)", readme)
    if found is None:
        raise ValueError("the README names no file of benchmarks/")
    return ROOT / found[1]


def shipped_manifest() -> dict[str, Any]:
    """A manifest of the shipped pipeline without files: ports and shapes from the exporter."""
    import torch

    from monalive_export.checks.frames import packaged_frames
    from monalive_export.checks.parity import torch_run
    from monalive_export.graphs.pipelines import load_model

    torch.set_num_threads(1)
    model = load_model(WEIGHTS / "lightweight.safetensors", WEIGHTS / "tracker.safetensors")
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


def _row(words: str, times: Mapping[str, float]) -> str:
    return f"| {words} | {times['median_ms']:.1f} | {times['p95_ms']:.1f} | {times['first_ms']:.0f} |"


def main() -> None:
    readme = README.read_text()
    if len(sys.argv) > 1:
        name = Path(sys.argv[1]).resolve().relative_to(ROOT).as_posix()
        shown = shown_benchmark(readme).relative_to(ROOT).as_posix()
        readme = readme.replace(shown, name)
    results = json.loads(shown_benchmark(readme).read_text())
    README.write_text(replaced(readme, "benchmark", benchmark_table(results)))
    EXPORT_README.write_text(replaced(EXPORT_README.read_text(), "ports", export_tables(shipped_manifest())))


if __name__ == "__main__":
    main()
