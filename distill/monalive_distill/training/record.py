"""What a training run was: its configuration, data, code and machine, as `record.json` in the run's folder."""

from __future__ import annotations

import json
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from monalive_distill.data.training_pairs import FaceSequence


def write_run_record(
    run: Path, config: Any, caches: Sequence[Path], sequences: Sequence[FaceSequence], **facts: object
) -> None:
    """Writes `record.json`.

    Args:
        run: the run's folder.
        config: a dataclass.
        caches, sequences: the data.
        facts: anything else, JSON-serialisable.
    """
    commit = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, cwd=Path(__file__).parent)
    record = {
        "config": asdict(config),
        "caches": [cache.name for cache in caches],
        "sequences": len(sequences),
        "people": len({s.person for s in sequences}),
        "frames": sum(len(s.frames) for s in sequences),
        "commit": commit.stdout.strip() or None,
        "machine": platform.machine(),
        "torch": torch.__version__,
    }
    (run / "record.json").write_text(json.dumps(record | facts, indent=1))
