"""What a training run was: its configuration, data, code and machine, as `record.json` in the run's folder."""

from __future__ import annotations

import json
import platform
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from monalive.atomic_file import atomic_path


class PersonFrames(Protocol):
    """Frames (T, ...) of one person, of whatever kind."""

    @property
    def person(self) -> str:
        """Who it is."""

    @property
    def frames(self) -> NDArray[np.uint8]:
        """The pictures."""


def describe_data(caches: Sequence[Path], sequences: Sequence[PersonFrames]) -> dict[str, object]:
    """What a record says of the data.

    Args:
        caches: the folders.
        sequences: what was loaded from them.
    """
    return {
        "caches": [cache.name for cache in caches],
        "sequences": len(sequences),
        "people": len({s.person for s in sequences}),
        "frames": sum(len(s.frames) for s in sequences),
    }


def write_run_record(run: Path, facts: Mapping[str, object]) -> None:
    """Writes `record.json`: some facts, JSON-serialisable, and which code ran on which machine."""
    commit = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, cwd=Path(__file__).parent)
    code = {"commit": commit.stdout.strip() or None, "machine": platform.machine(), "torch": torch.__version__}
    with atomic_path(run / "record.json") as unfinished:
        unfinished.write_text(json.dumps({**facts, **code}, indent=1))
