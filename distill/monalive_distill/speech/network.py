"""The network: 640 ms of sound to a mouth."""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import torch
from torch import nn

from monalive_distill.speech.mouth_basis import TIED, mouth_basis
from monalive_distill.speech.phone_mouths import PHONES
from monalive_distill.speech.sound_features import CHANNELS, SoundFeatures
from monalive_distill.training.checkpoint import load_average, read_record

MODEL_NAME: Final = "speech"
_HIDDEN: Final = 96
_CLOSING: Final = "mouthClose"
_DECISION: Final = 1.2  # lips shut wholly from odds of 1.5 to 1 on, not at all below 1 to 1.5


class Heard(NamedTuple):
    """What the network makes of windows.

    Attributes:
        mouths: (N, 14) coefficients of `TIED`, not yet kept in [0, 1].
        touch: (N,) whether the lips touch: the logarithm of the odds.
        phones: (N, phones) scores, for training alone.
    """

    mouths: torch.Tensor
    touch: torch.Tensor
    phones: torch.Tensor


class SpeechNetwork(nn.Module):
    """Features of windows to coefficients of `TIED`.

    Whether lips touch is a yes or no, of which a mean opening makes a mouth that never shuts. So that is decided apart,
    and where the lips are to touch, as much of mouthClose is added as it takes.

    Args:
        dropout: share of the hidden units that a training step does without.
    """

    gaps: torch.Tensor
    closing: torch.Tensor

    def __init__(self, dropout: float = 0.2) -> None:
        super().__init__()
        self.features = SoundFeatures()
        self.trunk = nn.Sequential(
            _layer(CHANNELS, 80, 5, 2),
            _Residual(80),
            _layer(80, 96, 5, 2),
            _Residual(96),
            _layer(96, 112, 3, 2),
        )
        self.hidden = nn.Sequential(nn.Linear(112 * 8, _HIDDEN), nn.ReLU(), nn.Dropout(dropout))
        self.mouth = nn.Linear(_HIDDEN, len(TIED))
        self.touch = nn.Linear(_HIDDEN, 1)
        self.phone = nn.Linear(_HIDDEN, len(PHONES))
        gaps = mouth_basis().lips
        closing = np.eye(len(TIED))[TIED.index(_CLOSING)] / -gaps[TIED.index(_CLOSING)]
        self.register_buffer("gaps", torch.from_numpy(gaps[:, None].astype(np.float32)), persistent=False)
        self.register_buffer("closing", torch.from_numpy(closing[None].astype(np.float32)), persistent=False)

    def hear(self, power: torch.Tensor) -> torch.Tensor:
        """Mel power of windows (N, 63, 32) to hidden units (N, 96)."""
        features = self.features(power).permute(0, 2, 1).unsqueeze(2)  # (N, 33, 1, 63)
        return torch.as_tensor(self.hidden(self.trunk(features).flatten(1)))

    def forward(self, power: torch.Tensor) -> Heard:
        """Mel power of windows (N, 63, 32) to what is heard in them."""
        hidden = self.hear(power)
        return Heard(self.mouth(hidden), self.touch(hidden)[:, 0], self.phone(hidden))

    def mouths(self, sound: torch.Tensor) -> torch.Tensor:
        """Windows of sound (N, 10240) to coefficients (N, 14) in [0, 1]."""
        hidden = self.hear(self.features.power(sound))
        mouths = _kept(self.mouth(hidden))
        share = _kept(self.touch(hidden) * _DECISION + 0.5)
        return _kept(mouths + share * torch.relu(torch.matmul(mouths, self.gaps)) * self.closing)


def _kept(x: torch.Tensor) -> torch.Tensor:
    """In [0, 1], by operations that every accelerator has."""
    return 1 - torch.relu(1 - torch.relu(x))


class _Residual(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = _layer(channels, channels, 3, 1)
        self.second = nn.Sequential(
            nn.Conv2d(channels, channels, (1, 3), padding=(0, 1), bias=False), nn.BatchNorm2d(channels)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(x + self.second(self.first(x)))


def _layer(inputs: int, outputs: int, kernel: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, (1, kernel), (1, stride), (0, kernel // 2), bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    )


def load_speech(weights: Path) -> SpeechNetwork:
    """The network of a run or of a file of `monalive-distill weights`, in `eval`.

    Raises:
        FileNotFoundError, ValueError: no such file, or another network's.
    """
    if read_record(weights).get("model") != MODEL_NAME:
        raise ValueError(f"{weights} does not hold the weights of the speech network")
    network = SpeechNetwork()
    load_average(weights, network)
    return network.eval()
