"""Training: a toy mouth is learnt, runs go on, and what weighs in the loss."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from pass_clock import PassClock
from spoken_clips import opening_mouth, track

from monalive_distill.speech.evaluate import network_method
from monalive_distill.speech.measures import correlation, openings
from monalive_distill.speech.mouth_basis import TIED, mouth_basis
from monalive_distill.speech.network import Heard, load_speech
from monalive_distill.speech.samples import MOMENTS, SpeechBatch
from monalive_distill.speech.train import SpeechLoss, SpeechTrainingConfig, train_speech
from monalive_distill.training.checkpoint import STATE_FILE, read_record

CONFIG = SpeechTrainingConfig(batch=8, warm_up_steps=2, average_decay=0.5, log_every=2)
JAW = TIED.index("jawOpen")


def _batch(coefficients: np.ndarray, shut: float = 0.0) -> SpeechBatch:
    """Eight runs of one mouth that stays."""
    mouths = np.broadcast_to(coefficients, (8, MOMENTS, len(TIED))).astype(np.float32)
    spread = np.linspace(0, 0.02, 8, dtype=np.float32)[:, None, None]
    return SpeechBatch(
        np.zeros((8, 1), np.float32),
        mouths + spread * (np.arange(len(TIED)) == JAW),
        np.full((8, MOMENTS), -1),
        np.full((8, MOMENTS), shut, np.float32),
        np.ones(8, np.float32),
    )


def _terms(mouths: np.ndarray, batch: SpeechBatch, touch: float = 0.0) -> dict[str, float]:
    heard = Heard(
        torch.from_numpy(np.ascontiguousarray(mouths, np.float32)),
        torch.full((8, MOMENTS), touch),
        torch.zeros(8, MOMENTS, 40),
    )
    _, terms = SpeechLoss(SpeechTrainingConfig())(heard, batch)
    return {name: float(term) for name, term in terms.items()}


def test_a_mouth_as_wanted_costs_only_doubt() -> None:
    batch = _batch(0.4 * (np.arange(len(TIED)) == JAW))
    terms = _terms(batch.coefficients, batch, touch=-20.0)
    assert all(terms[name] == pytest.approx(0, abs=1e-6) for name in ("coefficients", "openings", "closures", "spread"))
    wrong = _terms(batch.coefficients, batch, touch=20.0)
    assert wrong["closures"] > 1.0


def test_openings_cost_what_they_are_off_by() -> None:
    batch = _batch(0.4 * (np.arange(len(TIED)) == JAW))
    off = batch.coefficients + 0.1 * (np.arange(len(TIED)) == JAW)
    basis = mouth_basis()
    jaw, lips = 0.1 * basis.jaw[JAW], 0.1 * basis.lips[JAW]
    terms = _terms(off, batch)
    assert terms["openings"] == pytest.approx(100 * (jaw**2 + lips**2), rel=1e-3)
    assert terms["spread"] == pytest.approx(0, abs=1e-6) and terms["velocity"] == pytest.approx(0, abs=1e-6)


def test_lips_that_are_to_touch_may_press() -> None:
    press = TIED.index("mouthPressLeft")
    batch = _batch(np.zeros(len(TIED)))
    batch.coefficients[..., JAW] = 0
    pressed = batch.coefficients + 0.5 * (np.arange(len(TIED)) == press)
    opened = batch.coefficients + 0.2 * (np.arange(len(TIED)) == JAW)
    jaw = mouth_basis().jaw
    assert _terms(pressed, batch)["openings"] == pytest.approx(100 * (0.5 * jaw[press]) ** 2, rel=1e-3)
    assert _terms(opened, batch)["openings"] > 100 * (0.2 * jaw[JAW]) ** 2 + 0.1
    assert _terms(opened, _batch(batch.coefficients[0, 0], shut=1.0))["closures"] > _terms(opened, batch)["closures"]


def test_a_toy_mouth_is_learnt_and_the_run_goes_on(tmp_path: Path) -> None:
    tracks = [track(opening_mouth(90)), track(opening_mouth(75), person="somebody else")]
    train_speech(tracks, tmp_path, 0.5, CONFIG, total_minutes=1, clock=PassClock())
    first = int(str(read_record(tmp_path / STATE_FILE)["step"]))
    train_speech(tracks, tmp_path, 0.5, CONFIG, total_minutes=1, clock=PassClock())
    assert int(str(read_record(tmp_path / STATE_FILE)["step"])) == 2 * first
    record = json.loads((tmp_path / "record.json").read_text())
    assert (record["model"], record["clips"], record["people"], record["synthetic"]) == ("speech", 2, 2, 0)
    jaw, _ = openings(network_method(tmp_path / STATE_FILE)(tracks[0]))
    assert correlation(jaw, tracks[0].jaw) > 0.6


def test_runs_of_other_networks_are_refused(tmp_path: Path) -> None:
    from monalive_distill.packaged_assets import tracker_weights

    with pytest.raises(ValueError, match="was trained as 'tracker', not 'speech'"):
        train_speech([track(opening_mouth(90))], tmp_path, 0.1, CONFIG, start_from=tracker_weights())
    with pytest.raises(FileNotFoundError):
        load_speech(tmp_path / "nothing.safetensors")
