"""Where the files are that come with the package."""

from __future__ import annotations

from importlib import resources
from pathlib import Path


def lightweight_weights() -> Path:
    """Those of the lightweight generator."""
    return _asset("lightweight.safetensors")


def tracker_weights() -> Path:
    """Those of the tracker, all its networks in one file."""
    return _asset("tracker.safetensors")


def region_weights() -> Path:
    """Those of the networks of eyes and mouth, both in one file."""
    return _asset("eyes_and_mouth.safetensors")


def speech_weights() -> Path:
    """Those of the network that moves the lips."""
    return _asset("speech.safetensors")


def style_directions_file() -> Path:
    """The directions in the face generator's style space."""
    return _asset("style_directions.npz")


def _asset(name: str) -> Path:
    return Path(str(resources.files("monalive_distill").joinpath("assets", name)))
