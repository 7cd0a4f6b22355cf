"""How fast, how large and how hungry each network is, on every runtime that is installed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from monalive.bundle import Bundle
from monalive.measuring.process_memory import resident_mb
from monalive.measuring.stopwatch import timings
from monalive.networks.coreml_network import pack_package
from monalive.networks.named_network import NamedNetwork
from monalive.networks.runtimes import DEFAULT_FORMAT, RUNTIMES, RuntimeOptions

EXPORT_REPORT: Final = "export.json"  # what monalive-export leaves in its folder


@dataclass(frozen=True)
class NetworkFile:
    """A network to measure: its part's name, its file's content, and its manifest's entry."""

    part: str
    content: bytes
    entry: Mapping[str, Any]

    @property
    def format(self) -> str:
        return str(self.entry.get("format", DEFAULT_FORMAT))


def networks_of_bundle(bundle: Bundle) -> list[NetworkFile]:
    """The parts of a bundle."""
    return [NetworkFile(part, bundle.parts[part], bundle.part_manifest(part)) for part in sorted(bundle.parts)]


def networks_of_export(folder: Path) -> list[NetworkFile]:
    """Every file that `monalive-export` wrote into a folder.

    Raises:
        FileNotFoundError: nothing was exported there, or a file is missing.
        ValueError: its list of files cannot be read.
    """
    report = folder / EXPORT_REPORT
    if not report.is_file():
        raise FileNotFoundError(f"there is no {EXPORT_REPORT} in {folder}; name a folder that monalive-export wrote")
    try:
        entries = json.loads(report.read_text())["files"]
        return [NetworkFile(entry["graph"], _read(folder / entry["path"]), entry) for entry in entries]
    except (KeyError, TypeError, json.JSONDecodeError, UnicodeError) as error:
        raise ValueError(f"{report} is not what monalive-export writes: {error}") from error


def measure_networks(
    files: Sequence[NetworkFile], options: RuntimeOptions, repeats: int, report: Callable[[str], None]
) -> list[dict[str, Any]]:
    """Measures each file on each runtime that can run it here.

    Args:
        files: what to measure.
        options: a runtime to keep to, or None in it for all installed ones; delegate and threads.
        repeats: runs after the first.
        report: called with a line before each.

    Returns:
        One {"part", "runtime", "delegate", "format", "precision", "bytes", "sha256", "macs", "runs", "first_ms",
        "median_ms", "p95_ms", "memory_mb"} per file and runtime; memory is what loading and running it added to the
        process, None where the system does not tell. A file that does not run here has "error" instead of times.
    """
    results = []
    enrolled = _enrolled(files)
    for file, runtime in _combinations(files, options):
        precision = file.entry.get("precision", "fp32")
        report(f"{file.part} {precision} on {runtime}")
        facts = {
            "part": file.part,
            "runtime": runtime,
            "delegate": options.delegate,
            "format": file.format,
            "precision": precision,
            "bytes": len(file.content),
            "sha256": hashlib.sha256(file.content).hexdigest(),
            "macs": file.entry.get("macs"),
        }
        try:
            on = RuntimeOptions(runtime, options.delegate, options.num_threads)
            results.append(facts | _measure(file, on, repeats, enrolled))
        except (ValueError, ImportError) as error:
            results.append(facts | {"error": str(error)})
    return results


def random_inputs(manifest: Mapping[str, Any], seed: int = 0) -> dict[str, NDArray[np.float32]]:
    """Inputs of the shapes that a part's manifest names, in [0, 1]."""
    random = np.random.default_rng(seed)
    return {entry["name"]: random.random(entry["shape"], np.float32) for entry in manifest["inputs"]}


def _combinations(files: Sequence[NetworkFile], options: RuntimeOptions) -> Iterator[tuple[NetworkFile, str]]:
    for file in files:
        for runtime in RUNTIMES.values():
            wanted = options.runtime in (None, runtime.name)
            if wanted and runtime.format == file.format and runtime.installed and options.delegate in runtime.delegates:
                yield file, runtime.name


def _enrolled(files: Sequence[NetworkFile]) -> set[str]:
    """Names of what stays the same from frame to frame: what enrolments take and give."""
    entries = [file.entry for file in files if _enrols(file)]
    return {port["name"] for entry in entries for side in ("inputs", "outputs") for port in entry[side]}


def _enrols(file: NetworkFile) -> bool:
    return file.part == "enroll" or file.part.startswith("enroll_")


def _measure(file: NetworkFile, options: RuntimeOptions, repeats: int, enrolled: set[str]) -> dict[str, Any]:
    before = resident_mb()
    network = NamedNetwork(file.content, file.entry, options, f"the network {file.part!r}")
    inputs = random_inputs(file.entry)
    if not _enrols(file):
        for name in enrolled & set(inputs):
            inputs[name].setflags(write=False)  # as `BundleNetworks` hands them on: copied for the first frame only
    times = timings(lambda index: network(inputs), repeats)
    after = resident_mb()
    grown = None if before is None or after is None else round(after - before, 1)
    return times | {"memory_mb": grown}


def _read(path: Path) -> bytes:
    if path.is_dir():
        return pack_package(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path} is listed in {EXPORT_REPORT} but missing; export again")
    return path.read_bytes()
