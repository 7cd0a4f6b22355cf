"""Measures lips that sound moves: sentences and speakers that nothing was trained on, against the baselines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from monalive.speech.lips_network import LipsNetwork
from monalive_distill.speech.baselines import Method, baselines
from monalive_distill.speech.measures import speech_scores
from monalive_distill.speech.mouth_basis import TIED
from monalive_distill.speech.network import load_speech
from monalive_distill.speech.samples import cut
from monalive_distill.speech.sound import SAMPLE_RATE
from monalive_distill.speech.sound_features import BEFORE_MS, WINDOW
from monalive_distill.speech.tracks import Track

SPLITS: Final = ("sentences", "speakers")
OURS: Final = "ours"


def windows(track: Track) -> NDArray[np.float32]:
    """(T, 10240) what the network hears for each of a track's frames."""
    before = BEFORE_MS * SAMPLE_RATE // 1000
    return np.stack([cut(track.sound, round(float(t) * SAMPLE_RATE) - before, WINDOW) for t in track.times_s])


def network_method(weights: Path) -> Method:
    """The network of a run or a file of weights.

    Raises:
        FileNotFoundError, ValueError: no such file, or another network's.
    """
    network = load_speech(weights)

    @torch.inference_mode()
    def method(track: Track) -> NDArray[np.float64]:
        return network.mouths(torch.from_numpy(windows(track))).double().numpy()

    return method


def bundle_method(bundle: Path) -> Method:
    """The network of a bundle, as the SDK runs it.

    Raises:
        FileNotFoundError, ValueError: no such bundle, or one without it.
    """
    network = LipsNetwork.load(bundle)
    columns = [network.names.index(name) for name in TIED]

    def method(track: Track) -> NDArray[np.float64]:
        return network.shapes(track.sound, track.times_s)[:, columns].astype(np.float64)

    return method


def evaluate_speech(tracks: Sequence[Track], ours: Method) -> dict[str, dict[str, dict[str, Any]]]:
    """By split, by method, its `SpeechScores`.

    Args:
        tracks: of `load_tracks`; those trained on teach the baselines.
        ours: what is measured against them.

    Raises:
        ValueError: nothing is to be measured, or nobody's phones are known.
    """
    methods = {OURS: ours, **baselines(tracks)}
    of_splits = {split: [track for track in tracks if track.split == split] for split in SPLITS}
    if not any(of_splits.values()):
        raise ValueError("no clip of these caches is held out; there is nothing to measure")
    return {
        split: {
            name: asdict(speech_scores(measured, [method(track) for track in measured]))
            for name, method in methods.items()
        }
        for split, measured in of_splits.items()
        if measured
    }
