"""Trainings in two processes that torchrun starts; run as a program, this is one of them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import torch
from pass_clock import PassClock
from safetensors.torch import load_file, save_file

Weights = dict[str, torch.Tensor]

SECONDS = 2  # of the clock, one step each


def weights_of_two_processes(kind: str, cache: Path, run: Path) -> tuple[Weights, Weights]:
    """All tensors of a training's models after two steps, in the first process and in the second.

    Args:
        kind: "lightweight", "few_shot" or "tracker".
        cache: a training cache.
        run: the run's folder.
    """
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command += [__file__, kind, str(cache), str(run)]
    paths = os.pathsep.join(path for path in sys.path if path)
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": paths}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    first, second = (load_file(run / f"rank{rank}.safetensors") for rank in (0, 1))
    return first, second


def main(kind: str, cache: Path, run: Path) -> None:
    """Trains, and writes this process's weights."""
    from monalive_distill.data.training_pairs import load_sequences
    from monalive_distill.distillation.config import Stage, TrainingConfig
    from monalive_distill.distillation.train import LightweightTraining
    from monalive_distill.few_shot.config import FewShotConfig
    from monalive_distill.few_shot.train import FewShotTraining
    from monalive_distill.tracker.detector_task import DetectorTask
    from monalive_distill.tracker.train import TrackerTraining, TrackerTrainingConfig
    from monalive_distill.training.compute import launch
    from monalive_distill.training.loop import Training, train

    torch.set_num_threads(1)
    sequences = load_sequences(cache)
    training: Training
    if kind == "lightweight":  # with the adversary from the start
        stages = (Stage(1.0, 64, 2, 2),)
        config = TrainingConfig(variant="tiny", stages=stages, warm_up_steps=1, adversary_from=0.0)
        training = LightweightTraining(launch("cpu"), config, sequences)
    elif kind == "few_shot":
        few_shot_config = FewShotConfig(
            variant="tiny",
            warped_photo="geometry",
            episodes=2,
            photos=2,
            perceptual_net="alex",
            learning_rate=1e-3,
            discriminator_learning_rate=1e-3,
        )
        training = FewShotTraining(launch("cpu"), few_shot_config, sequences)
    else:
        tracker_config = TrackerTrainingConfig(batch=4, warm_up_steps=1)
        training = TrackerTraining(launch("cpu", "bf16-mixed"), tracker_config, DetectorTask(sequences))
    train(training, run, SECONDS / 60, clock=PassClock())
    tensors = {
        f"{key}/{n}": t.contiguous() for key, model in training.models.items() for n, t in model.state_dict().items()
    }
    save_file(tensors, run / f"rank{os.environ['RANK']}.safetensors")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
