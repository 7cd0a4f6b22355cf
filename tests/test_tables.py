"""The documentation's generated tables are those of the files they are generated from."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def tables() -> ModuleType:
    spec = importlib.util.spec_from_file_location("tables", ROOT / "docs" / "tables.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_speed_shows_the_benchmark_it_names_and_the_readme_its_numbers(tables: ModuleType) -> None:
    page, readme = (ROOT / "docs" / "speed.md").read_text(), (ROOT / "README.md").read_text()
    results = json.loads(tables.shown_benchmark(page).read_text())
    assert tables.replaced(page, "benchmark", tables.benchmark_table(results)) == page
    numbers = tables.numbers_table(tables.read_reports()[0], results)
    assert len(numbers.splitlines()) == 8
    assert tables.replaced(readme, "numbers", numbers) == readme


def test_the_export_readme_shows_the_exporters_ports(tables: ModuleType) -> None:
    readme = (ROOT / "export" / "README.md").read_text()
    assert tables.replaced(readme, "ports", tables.export_tables(tables.shipped_manifest())) == readme


def test_networks_of_a_benchmark_become_rows(tables: ModuleType) -> None:
    times = {"median_ms": 11.52, "p95_ms": 12.0, "first_ms": 40.4}
    kind = {"part": "animate", "precision": "int8", "delegate": "cpu"}
    again = kind | {"runtime": "litert"} | times | {"median_ms": 12.9}  # the same, measured as a file
    networks = [kind | {"runtime": "litert"} | times, again, kind | {"runtime": "coreml", "error": "no"}]
    table = tables.benchmark_table({"steps": {"retarget": times}, "networks": networks})
    assert table.splitlines()[2:] == [
        "| retargeting | 11.5 | 12.0 | 40 |",
        "| animate network (int8, litert) | 11.5 | 12.0 | 40 |",
    ]


def test_a_text_without_the_place_is_refused(tables: ModuleType) -> None:
    with pytest.raises(ValueError, match="no place marked"):
        tables.replaced("text", "ports", "table")


def report(version: str, slope: float, modes: Sequence[str], beside: Mapping[str, str]) -> dict[str, Any]:
    """What evaluation.json holds of one expression and one measure; `beside`: method -> version."""
    methods = ["monalive", *beside, "unmoved"]
    reach = {"blink": {"slope": slope, "worst_tenth": slope / 2, "correlation": 0.9, "clips": 3}}
    stages = {"gaze": {"tracked": 0.9, "asked": 0.8, "seen": slope}}
    tables = {"reach": dict.fromkeys(methods, reach), "stages": dict.fromkeys(methods[:-1], stages)}
    return {
        "bundle": {"model_version": version},
        "beside": {name: {"model_version": other} for name, other in beside.items()},
        "self": {
            "clips": [{}, {}],
            "mean": {name: {"mouth_lpips": 0.1234, "mouth_sharpness": None} for name in methods},
        },
        "expressions": dict.fromkeys(modes, tables),
    }


def test_the_bundles_beside_come_first(tables: ModuleType) -> None:
    product = report("0.7", 0.5, ["absolute", "relative"], {"old": "0.6.1"})
    networks = report("0.7", 0.75, ["absolute", "relative"], {})
    assert tables.reach_table(product, networks).splitlines() == [
        "| 2 clips | blink |",
        "|---|---|",
        "| 0.7, networks alone | 0.75 (0.38) |",
        "| 0.6.1, absolute | 0.50 (0.25) |",
        "| 0.7, absolute | 0.50 (0.25) |",
        "| 0.6.1, relative | 0.50 (0.25) |",
        "| 0.7, relative | 0.50 (0.25) |",
    ]
    stages = tables.stages_table(product).splitlines()
    assert stages[0] == "|  | gaze |" and stages[2] == "| 0.6.1, the tracker reads | 0.90 (0.90) |"
    assert stages[-1] == "| 0.7, seen in the picture | 0.50 (0.50) |"
    regions = tables.regions_table(product).splitlines()
    assert [row.split(" | ")[:2] for row in regions[2:]] == [
        ["| 0.6.1", "0.123"],
        ["| 0.7", "0.123"],
        ["| the unmoved photo", "0.123"],
    ]


def test_the_pages_show_the_reports(tables: ModuleType) -> None:
    product, networks = tables.read_reports()
    page = (ROOT / "docs" / "evaluation.md").read_text()
    assert tables.replaced(page, "reach", tables.reach_table(product, networks)) == page
    assert tables.replaced(page, "stages", tables.stages_table(product)) == page
    assert tables.replaced(page, "regions", tables.regions_table(product)) == page
