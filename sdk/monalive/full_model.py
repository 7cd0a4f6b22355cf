"""The full-size networks: a package of their own, since they are five times as large as everything else."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Final

from monalive.bundle import Bundle

_PACKAGE: Final = "monalive_full"


def full_bundle() -> Bundle:
    """The models that come with the package, with the full-size networks of `monalive-full` in place of the lightweight
    ones that they are better than: that of the mouth.

    Raises:
        FileNotFoundError: that package is not installed.
        ValueError: its file is damaged.
    """
    spec = importlib.util.find_spec(_PACKAGE)
    for folder in (spec.submodule_search_locations if spec else None) or []:
        file = Path(folder) / "assets" / "full.bundle"
        if file.is_file():
            return Bundle.load().with_parts(Bundle.load(file))
    raise FileNotFoundError(
        "the full-size model is not installed; pip install monalive-full, or pip install ./full in a clone"
    )
