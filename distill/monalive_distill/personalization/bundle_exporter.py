"""Finds what turns a generator into a bundle, without importing it: exporters announce themselves as entry points.

Imports go one way, export -> distill; a command here that ends with a bundle asks for whatever is installed.
"""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path
from typing import Protocol

from monalive_distill.generator.lightweight_generator import LightweightGenerator

GROUP = "monalive.bundle_exporters"
_MISSING = "writing a bundle needs the export packages: pip install monalive-export"


class BundleExporter(Protocol):
    """`monalive_export.one_bundle.export_bundle`, or another one like it."""

    def __call__(
        self, generator: LightweightGenerator, output: Path, *, precision: str, model_version: str, licence: str
    ) -> dict[str, float]:
        """Writes the bundle and returns what its check measured ("max_error", "psnr_db")."""
        ...


def find_bundle_exporter() -> BundleExporter:
    """The installed exporter.

    Raises:
        FileNotFoundError: there is none, or the packages that it needs are not installed.
    """
    for entry in entry_points(group=GROUP):
        try:
            exporter: BundleExporter = entry.load()
        except ImportError as error:
            raise FileNotFoundError(f"{_MISSING} ({error})") from error
        return exporter
    raise FileNotFoundError(_MISSING)
