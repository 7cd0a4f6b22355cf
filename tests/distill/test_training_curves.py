"""Training curves: rows of means, and the number a progress bar shows between and right after them."""

from __future__ import annotations

import csv
import math
from pathlib import Path

from monalive_distill.training_curves import TrainingCurves


def test_rows_are_means_and_the_latest_value_is_never_lost(tmp_path: Path) -> None:
    curves = TrainingCurves(tmp_path / "log.csv", 2)
    assert math.isnan(curves.latest("loss"))
    shown = []
    for step, loss in enumerate((1.0, 3.0, 7.0), 1):
        curves.add(step, step * 1.5, {"loss": loss})
        shown.append(curves.latest("loss"))
    assert shown == [1.0, 2.0, 7.0]
    assert list(csv.DictReader((tmp_path / "log.csv").open())) == [{"step": "2", "seconds": "3.0", "loss": "2.0"}]
