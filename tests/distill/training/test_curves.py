"""Training curves: rows of means, and the number a progress bar shows between and right after them."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import pytest

from monalive_distill.training.curves import TrainingCurves


def test_rows_are_means_and_the_latest_value_is_never_lost(tmp_path: Path) -> None:
    curves = TrainingCurves(tmp_path / "log.csv", 2)
    assert math.isnan(curves.latest("loss"))
    shown = []
    for step, loss in enumerate((1.0, 3.0, 7.0), 1):
        curves.add(step, step * 1.5, {"loss": loss})
        shown.append(curves.latest("loss"))
    assert shown == [1.0, 2.0, 7.0]
    assert list(csv.DictReader((tmp_path / "log.csv").open())) == [{"step": "2", "seconds": "3.0", "loss": "2.0"}]


def test_terms_that_only_some_steps_have_are_means_over_those(tmp_path: Path) -> None:
    curves = TrainingCurves(tmp_path / "log.csv", 3)
    for step, terms in enumerate(({"loss": 1.0}, {"loss": 2.0, "blend": 5.0}, {"loss": 3.0}), 1):
        curves.add(step, step, terms)
    assert list(csv.DictReader((tmp_path / "log.csv").open())) == [
        {"step": "3", "seconds": "3", "loss": "2.0", "blend": "5.0"}
    ]
    assert math.isnan(curves.latest("other"))


def test_a_resumed_run_with_other_terms_keeps_every_row_under_its_names(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    TrainingCurves(path, 1).add(1, 1.0, {"loss": 1.0, "old": 2.0})
    resumed = TrainingCurves(path, 1)
    resumed.add(2, 2.0, {"new": 3.0, "loss": 4.0})
    resumed.add(3, 3.0, {"loss": 5.0})
    resumed.add(4, 4.0, {"old": 6.0})
    assert path.read_text().splitlines() == [
        "step,seconds,loss,old,new",
        "1,1.0,1.0,2.0,",
        "2,2.0,4.0,,3.0",
        "3,3.0,5.0,,",
        "4,4.0,,6.0,",
    ]
    assert [entry.name for entry in tmp_path.iterdir()] == ["log.csv"]


def test_another_table_is_not_continued(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("epoch,loss\n1,2\n")
    with pytest.raises(ValueError, match="training curves"):
        TrainingCurves(tmp_path / "log.csv", 1)
