"""What is installed and what a file holds, as plain data: what `monalive info` prints."""

from __future__ import annotations

import platform
import zipfile
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from monalive.bundle import Bundle
from monalive.faces.tracker_networks import TRACKER_PARTS, bundle_with_tracker
from monalive.opencv import DISTRIBUTIONS as OPENCV_DISTRIBUTIONS
from monalive.speech.lips_network import speech_bundle_path

# What computes the result, so what a report about it should name.
DEPENDENCIES: Final = (
    "ai-edge-litert",
    "numpy",
    *OPENCV_DISTRIBUTIONS,
    "av",
    "pillow",
    "c2pa-python",
    "cryptography",
)


def about_package(bundle: str | Path | None = None) -> dict[str, Any]:
    """Versions of the package and what it computes with, its models, and its motions.

    Args:
        bundle: models to describe instead of those that come with the package.

    Returns:
        {"monalive", "python", "dependencies", "bundle", "tracker", "speech", "motions"}; values are texts, numbers,
        lists and dictionaries of them. What is missing is described by an "error" entry.
    """
    return {
        "monalive": installed_version("monalive") or "not installed (run from its source)",
        "python": platform.python_version(),
        "dependencies": dependency_versions(),
        "bundle": _about_default_bundle(bundle),
        "tracker": _about_tracker(bundle),
        "speech": _about_speech(),
        "motions": _motion_names(),
    }


def about_file(path: str | Path) -> dict[str, Any]:
    """What a bundle, a .motion file or a saved portrait holds.

    Returns:
        {"kind": "bundle" | "motion" | "portrait", ...}

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is none of these, or damaged.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no file at {path}")
    if path.suffix.lower() == ".motion":
        return _about_motion(path)
    members = _zip_members(path)
    if "portrait.json" in members:
        return _about_portrait(path)
    if "manifest.json" in members:
        return {"kind": "bundle", **about_bundle(Bundle.load(path))}
    raise ValueError(f"{path} is neither a bundle nor a .motion file nor a saved portrait")


def about_bundle(bundle: Bundle) -> dict[str, Any]:
    """A bundle's manifest, with sha256 and size in bytes of the whole and of each part."""
    parts = {name: dict(entry) | {"bytes": len(bundle.parts[name])} for name, entry in bundle.manifest["parts"].items()}
    return {"sha256": bundle.sha256, **bundle.manifest, "parts": parts}


def installed_version(distribution: str) -> str | None:
    """Version of an installed distribution, or None."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def dependency_versions() -> dict[str, str]:
    """Versions of those of `DEPENDENCIES` that are installed."""
    versions = {name: installed_version(name) for name in DEPENDENCIES}
    return {name: version for name, version in versions.items() if version is not None}


def _about_default_bundle(path: str | Path | None) -> dict[str, Any]:
    try:
        return about_bundle(Bundle.load(path))
    except (OSError, ValueError) as error:
        if path is not None:
            raise
        return {"error": str(error)}


def _about_speech() -> dict[str, Any]:
    """The bundle of the network that reads lips off sound."""
    try:
        return about_bundle(Bundle.load(speech_bundle_path()))
    except (OSError, ValueError) as error:
        return {"error": str(error)}


def _about_tracker(path: str | Path | None) -> dict[str, Any]:
    """Which bundle the tracker's networks come from, and each one's sha256."""
    try:
        bundle = bundle_with_tracker(Bundle.load(path))
        parts = {name: bundle.part_manifest(name)["sha256"] for name in TRACKER_PARTS}
    except (OSError, ValueError) as error:
        return {"error": str(error)}
    return {"bundle": bundle.sha256, "parts": parts}


def _motion_names() -> list[str]:
    from monalive.motions import builtin_motions

    return list(builtin_motions.names())


def _about_motion(path: Path) -> dict[str, Any]:
    from monalive.motions.motion import Motion

    motion = Motion.load(path)
    return {
        "kind": "motion",
        "name": motion.name,
        "frames": len(motion.timestamps_ms),
        "fps": motion.fps,
        "seconds": round(len(motion.timestamps_ms) / motion.fps, 3),
        "driver_size": list(motion.image_size),
        "loop": motion.loop,
        "surroundings": motion.surroundings is not None,
        "speech": motion.speech,
    }


def _about_portrait(path: Path) -> dict[str, Any]:
    from monalive.portrait import read_photos

    photos = [
        {
            "size": [photo.image.shape[1], photo.image.shape[0]],
            "crop": {
                "x": round(photo.crop.x, 2),
                "y": round(photo.crop.y, 2),
                "side": round(photo.crop.side, 2),
            },
        }
        for photo in read_photos(path)
    ]
    return {"kind": "portrait", "photos": photos}


def _zip_members(path: Path) -> list[str]:
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.namelist()
    except (zipfile.BadZipFile, OSError):
        return []
