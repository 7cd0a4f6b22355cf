"""Where the files are that come with the package."""

from __future__ import annotations

from importlib import resources
from pathlib import Path


def asset_path(name: str) -> Path:
    """The file of that name in `assets`."""
    return Path(str(resources.files("monalive").joinpath("assets", name)))


def sample_portrait_path() -> Path:
    """The portrait that comes with the package: a synthetic person."""
    return asset_path("sample_portrait.jpg")
