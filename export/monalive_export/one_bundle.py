"""One generator to one LiteRT bundle: what `monalive-distill` finds as an entry point (`bundle_exporter` there)."""

from __future__ import annotations

import tempfile
from pathlib import Path

from monalive.bundle import Bundle, write_bundle
from monalive.faces.tracker_networks import TRACKER_PARTS
from monalive.player.region_networks import REGION_PARTS
from monalive_distill.generator.lightweight_generator import LightweightGenerator
from monalive_export.export import ExportOptions, export_model
from monalive_export.graphs.pipelines import lightweight_model
from monalive_export.targets.registry import load_target

_TARGET = load_target("litert")  # a package that is missing is missed when this module is loaded


def export_bundle(
    generator: LightweightGenerator, output: Path, *, precision: str, model_version: str, licence: str
) -> dict[str, float]:
    """Writes the bundle, every graph through the gate; the packaged networks of tracker, eyes and mouth join them.

    Args:
        generator: trained, on the CPU.
        output: the bundle's file, in an existing folder.
        precision: a key of `PRECISION_GROUPS`.
        model_version, licence: see `ExportOptions`.

    Returns:
        The gate's findings on the animate network: "max_error", and "psnr_db" of the picture.

    Raises:
        ValueError: an unknown precision, or a graph differs too much from PyTorch's; nothing is written then.
    """
    with tempfile.TemporaryDirectory() as folder:
        options = ExportOptions(Path(folder), [_TARGET], [precision], model_version, licence)
        report = export_model(lightweight_model(generator), options)
        [bundle] = report["bundles"]
        made, packaged = Bundle.load(Path(folder) / bundle["file"]), Bundle.load()
    # Tracker, eyes and mouth as they ship: their files have been through the gate.
    shipped = [name for name in (*TRACKER_PARTS, *REGION_PARTS) if name in packaged.parts]
    entries = {name: packaged.part_manifest(name) for name in shipped}
    added = {"parts": {**made.manifest["parts"], **entries}, "tracker": packaged.manifest["tracker"]}
    parts = {**made.parts, **{name: packaged.parts[name] for name in shipped}}
    write_bundle(output, {**made.manifest, **added}, parts)
    kept = bundle["precisions"]["animate"]
    gate = next(file["gate"] for file in report["files"] if file["graph"] == "animate" and file["precision"] == kept)
    return {"max_error": gate["max_error"], "psnr_db": gate["psnr_db"]}
