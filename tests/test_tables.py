"""The documentation's generated tables are those of the files they are generated from."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def tables() -> ModuleType:
    spec = importlib.util.spec_from_file_location("tables", ROOT / "docs" / "tables.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_readme_shows_the_benchmark_it_names(tables: ModuleType) -> None:
    readme = (ROOT / "README.md").read_text()
    results = json.loads(tables.shown_benchmark(readme).read_text())
    assert tables.replaced(readme, "benchmark", tables.benchmark_table(results)) == readme


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
