"""Checkpoints: everything comes back as it was, and files of earlier versions are read."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors.torch import save_file

from monalive_distill.generator.lightweight_generator import build_generator
from monalive_distill.training.average import running_average
from monalive_distill.training.checkpoint import load_average, read_record, restore_state, save_state


def test_state_comes_back_as_it_was(tmp_path: Path) -> None:
    model = build_generator("tiny")
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    average = running_average(model, 0.9)
    for _ in range(3):
        optimizer.zero_grad()
        torch.stack([p.square().sum() for p in model.parameters()]).sum().backward()
        optimizer.step()
        average.update_parameters(model)
    save_state(tmp_path / "s.safetensors", {"g": model}, {"g": optimizer}, average.module, {"step": 3})
    other, other_average = build_generator("tiny"), build_generator("tiny")
    other_optimizer = torch.optim.Adam(other.parameters(), 1e-2)
    restore_state(tmp_path / "s.safetensors", {"g": other}, {"g": other_optimizer}, other_average)
    for one, two in ((model, other), (average.module, other_average)):
        assert all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), two.state_dict().values(), strict=True))
    ours, theirs = optimizer.state_dict()["state"], other_optimizer.state_dict()["state"]
    assert all(torch.equal(ours[i]["exp_avg_sq"], theirs[i]["exp_avg_sq"]) for i in ours)


def test_a_file_as_version_0_6_1_wrote_it_is_read(tmp_path: Path) -> None:
    """Names of tensors, and the record, spelt out: they must stay what they are."""
    network = torch.nn.Linear(2, 1)
    optimizer = torch.optim.Adam(network.parameters(), 0.1)
    tensors = {
        "average/weight": torch.full((1, 2), 1.0),
        "average/bias": torch.full((1,), 2.0),
        "model/network/weight": torch.full((1, 2), 3.0),
        "model/network/bias": torch.full((1,), 4.0),
        "optimizer/network/0/step": torch.tensor(7.0),
        "optimizer/network/0/exp_avg": torch.full((1, 2), 5.0),
        "optimizer/network/0/exp_avg_sq": torch.full((1, 2), 6.0),
    }
    path = tmp_path / "state.safetensors"
    save_file(tensors, path, {"record": json.dumps({"step": 7, "seconds": 3.5, "variant": "tiny"})})
    average = torch.nn.Linear(2, 1)
    restore_state(path, {"network": network}, {"network": optimizer}, average)
    assert network.weight.tolist() == [[3.0, 3.0]] and average.bias.tolist() == [2.0]
    state = optimizer.state_dict()["state"][0]
    assert state["exp_avg"].tolist() == [[5.0, 5.0]] and float(state["step"]) == 7
    load_average(path, network)
    assert network.weight.tolist() == [[1.0, 1.0]] and read_record(path)["variant"] == "tiny"
