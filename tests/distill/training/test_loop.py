"""The training loop: budget, schedule, exact resume, what it leaves in the run's folder, several processes."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
import torch
from pass_clock import PassClock
from safetensors.torch import load_file
from toy_training import ToyConfig, ToyTraining
from two_processes import weights_of_two_processes

from monalive_distill.training import loop
from monalive_distill.training.average import running_average
from monalive_distill.training.checkpoint import STATE_FILE, load_average, load_trained, read_record, write_weights
from monalive_distill.training.compute import launch, minimize
from monalive_distill.training.loop import train
from monalive_distill.training.schedule import scheduled_learning_rate
from monalive_distill.training.steps import Moment


def test_a_run_leaves_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "SAVE_EVERY", 3.0)
    training = ToyTraining()
    train(training, tmp_path / "run", 11 / 60, data={"people": 7}, clock=PassClock())
    assert [moment.step for moment in training.moments] == list(range(11))
    rows = list(csv.DictReader((tmp_path / "run" / "log.csv").open()))
    assert [row["step"] for row in rows] == ["2", "4", "6", "8", "10"] and set(rows[0]) >= {"loss", "half", "seconds"}
    assert sorted(path.name for path in (tmp_path / "run").glob("*.jpg")) == ["step_000004.jpg", "step_000010.jpg"]
    record = json.loads((tmp_path / "run" / "record.json").read_text())
    assert record["model"] == "toy" and record["people"] == 7 and record["processes"] == 1
    assert record["config"]["seed"] == 3 and record["device"] == "cpu" and "commit" in record
    facts = read_record(tmp_path / "run" / STATE_FILE)
    assert facts["step"] == 11 and facts["seconds"] == 11.0 and facts["model"] == "toy"


def test_checkpoints_come_while_it_trains(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is lost when it is killed is what came since the last of them."""
    monkeypatch.setattr(loop, "SAVE_EVERY", 4.0)

    class Stops(ToyTraining):
        def draw(self, moment: Moment) -> torch.Tensor:
            if moment.step == 6:
                raise KeyboardInterrupt
            return super().draw(moment)

    with pytest.raises(KeyboardInterrupt):
        train(Stops(), tmp_path, 20 / 60, clock=PassClock())
    assert read_record(tmp_path / STATE_FILE)["step"] == 5


def test_an_interrupted_run_ends_with_the_same_state(tmp_path: Path) -> None:
    """Weights, statistics, averages, both optimizers, and what a step draws from torch."""
    for folder, parts in (("whole", (8,)), ("parts", (3, 0, 5))):
        for seconds in parts:
            torch.manual_seed(seconds)  # whatever came before
            train(ToyTraining(), tmp_path / folder, seconds / 60, total_minutes=8 / 60, clock=PassClock())
    whole, parted = (load_file(tmp_path / folder / STATE_FILE) for folder in ("whole", "parts"))
    assert read_record(tmp_path / "parts" / STATE_FILE)["step"] == 8
    assert whole.keys() == parted.keys() and "optimizer/line/0/exp_avg" in whole
    assert all(torch.equal(value, parted[name]) for name, value in whole.items())


def test_only_scheduled_rates_change(tmp_path: Path) -> None:
    training, config = ToyTraining(), ToyConfig()
    train(training, tmp_path, 4 / 60, total_minutes=8 / 60, clock=PassClock())
    assert [rate for _, rate in training.rates] == [0.5] * 4
    wanted = [scheduled_learning_rate(config, step, step / 8) for step in range(4)]
    assert [rate for rate, _ in training.rates] == pytest.approx(wanted)
    assert [moment.progress for moment in training.moments] == pytest.approx([0, 1 / 8, 2 / 8, 3 / 8])


def test_weights_to_begin_with_count_once(tmp_path: Path) -> None:
    first, weights = tmp_path / "first", tmp_path / "weights.safetensors"
    train(ToyTraining(), first, 5 / 60, clock=PassClock())
    write_weights(first / STATE_FILE, weights)
    begun, known = ToyTraining(), ToyTraining()
    train(begun, tmp_path / "second", 0.0, start_from=weights, clock=PassClock())
    load_average(weights, known.model)
    trained = ToyTraining()
    load_trained(tmp_path / "second" / STATE_FILE, "line", trained.model)
    for ours, theirs in zip(trained.model.state_dict().values(), known.model.state_dict().values(), strict=True):
        assert torch.equal(ours, theirs)
    again = ToyTraining()
    train(again, tmp_path / "second", 0.0, start_from=tmp_path / "gone.safetensors", clock=PassClock())
    assert torch.equal(again.model[1].weight, begun.model[1].weight)  # type: ignore[index]


def test_a_checkpoint_of_another_training_is_refused(tmp_path: Path) -> None:
    train(ToyTraining(), tmp_path, 1 / 60, clock=PassClock())

    class Other(ToyTraining):
        def check_resumable(self, state: Path) -> None:
            raise ValueError(f"{state} is of another kind")

    before = (tmp_path / "record.json").read_text()
    with pytest.raises(ValueError, match="another kind"):
        train(Other(), tmp_path, 1.0, clock=PassClock())
    assert (tmp_path / "record.json").read_text() == before


def test_the_average_forgets_the_start_and_follows_statistics() -> None:
    model = torch.nn.BatchNorm1d(1)
    average = running_average(model, 0.5)
    expected = float(model.weight.detach())
    for step in range(1, 5):
        with torch.no_grad():
            model.weight.add_(1.0)
        model(torch.randn(4, 1))
        average.update_parameters(model)
        decay = min(0.5, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * float(model.weight.detach())
        assert float(average.module.weight.detach()) == pytest.approx(expected)
    assert int(average.module.num_batches_tracked) == 4
    resumed = running_average(model, 0.5, steps=4)
    assert int(resumed.n_averaged) == int(average.n_averaged)


def test_minimizing_clips_and_leaves_other_weights_alone() -> None:
    taught, kept = torch.nn.Parameter(torch.zeros(2)), torch.nn.Parameter(torch.zeros(2))
    loss = (taught * 30).sum() + kept.sum()
    minimize(launch("cpu"), loss, torch.optim.SGD([taught], 1.0), clip_norm=2.0)
    assert float(taught.detach().norm()) == pytest.approx(2.0, rel=1e-5) and not kept.detach().any()


@pytest.mark.parametrize("kind", ["lightweight", "tracker"])
def test_two_processes_end_with_the_same_weights(cache: Path, tmp_path: Path, kind: str) -> None:
    """Adversary and BatchNorm's statistics too, though each process learned from other data; the first wrote them."""
    first, second = weights_of_two_processes(kind, cache, tmp_path)
    assert first.keys() == second.keys() and any("running_mean" in name for name in first)
    assert all(torch.equal(value, second[name]) for name, value in first.items())
    written = load_file(tmp_path / STATE_FILE)
    assert all(torch.equal(value, written[f"model/{name}"]) for name, value in first.items())
    assert json.loads((tmp_path / "record.json").read_text())["processes"] == 2
