"""Where the weights are that come with the package."""

from __future__ import annotations

from importlib import resources
from pathlib import Path


def lightweight_weights() -> Path:
    """Those of the lightweight generator."""
    return _asset("lightweight.safetensors")


def tracker_weights() -> Path:
    """Those of the tracker, all its networks in one file."""
    return _asset("tracker.safetensors")


def _asset(name: str) -> Path:
    return Path(str(resources.files("monalive_distill").joinpath("assets", name)))
