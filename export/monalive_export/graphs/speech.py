"""Speech as a graph: plain samples in, a mouth's coefficients out; the spectrogram is part of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import torch

from monalive_distill.speech.mouth_basis import COEFFICIENTS, mouth_basis
from monalive_distill.speech.network import SpeechNetwork
from monalive_distill.speech.sound import SAMPLE_RATE
from monalive_distill.speech.sound_features import AFTER_MS, BEFORE_MS
from monalive_export.graphs.ports import Graph, Port

PART: Final = "speech"
SOUND: Final = Port(
    "sound",
    f"{BEFORE_MS + AFTER_MS} ms of sound, from {BEFORE_MS} ms before the moment asked for to {AFTER_MS} ms after it; "
    "zeros where there is none",
    (-1.0, 1.0),
    f"mono samples, {SAMPLE_RATE} per second",
)


class SpeechGraph(Graph):
    """The network, with both sides of the face told apart."""

    inputs = (SOUND,)
    outputs = (Port("coefficients", "of the expressions named in the manifest; 0 is the face at rest", (0.0, 1.0)),)
    about = "Once per frame, where sound moves the lips. Nothing is kept from call to call."
    # A hundredth of an open mouth: nobody sees it. On the CPU it takes a fraction of a millisecond.
    tolerance = 0.01
    accelerated = False
    sides: torch.Tensor

    def __init__(self, network: SpeechNetwork) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("sides", torch.from_numpy(mouth_basis().sides.astype(np.float32)), persistent=False)

    @property
    def details(self) -> Mapping[str, object]:
        """See `Graph`."""
        return {
            "coefficients": list(COEFFICIENTS),
            "sample_rate": SAMPLE_RATE,
            "before_ms": BEFORE_MS,
            "after_ms": AFTER_MS,
        }

    def forward(self, sound: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return (torch.matmul(self.network.mouths(sound), self.sides),)


def speech_graphs(network: SpeechNetwork) -> Mapping[str, Graph]:
    """By part name."""
    return {PART: SpeechGraph(network).eval()}
