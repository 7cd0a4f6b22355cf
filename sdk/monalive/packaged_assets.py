"""Where the files are that come with the package."""

from __future__ import annotations

import filecmp
from importlib import resources
from pathlib import Path
from typing import Final

_SAMPLES: Final = ("sample_portrait.jpg", "sample_portrait_2.jpg")


def asset_path(name: str) -> Path:
    """The file of that name in `assets`."""
    return Path(str(resources.files("monalive").joinpath("assets", name)))


def sample_portrait_path() -> Path:
    """The portrait that comes with the package: a synthetic person."""
    return asset_path("sample_portrait.jpg")


def sample_portrait_paths() -> tuple[Path, ...]:
    """The portraits that come with the package: people who do not exist."""
    return tuple(map(asset_path, _SAMPLES))


def is_sample_portrait(path: str | Path) -> bool:
    """Whether a file is one of them, or a copy."""
    try:
        return any(filecmp.cmp(path, sample, shallow=False) for sample in sample_portrait_paths())
    except OSError:
        return False
