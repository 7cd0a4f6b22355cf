"""The network that tells from sound what a mouth does: one window of sound, one set of coefficients."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monalive.bundle import Bundle
from monalive.networks.runtimes import RuntimeOptions, Tensors
from monalive.packaged_assets import asset_path
from monalive.speech.voice import SAMPLE_RATE

PART: Final = "speech"
_ASSET: Final = "speech.bundle"
_INPUT, _OUTPUT = "sound", "coefficients"


class LipsNetwork:
    """Reads mouth shapes off sound. It keeps nothing from call to call; not to be called from two threads at once.

    Args:
        network: takes `sound` (1, window) float32 in [-1, 1], gives `coefficients` (1, K) float32, 0 at rest.
        manifest: the part's entry in its bundle: `coefficients` (names), `sample_rate`, `before_ms`, `after_ms`.

    Attributes:
        names: of the K coefficients, some of the expression model's.
        before, after: samples of the window before and after the moment that is asked for.

    Raises:
        ValueError: the manifest lacks one of these, or asks for another rate.
    """

    def __init__(self, network: Callable[[Tensors], Mapping[str, NDArray[np.float32]]], manifest: Mapping[str, Any]):
        try:
            self.names = tuple(str(name) for name in manifest["coefficients"])
            rate = int(manifest["sample_rate"])
            self.before, self.after = (round(float(manifest[key]) * rate / 1000) for key in ("before_ms", "after_ms"))
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"the bundle's part {PART!r} does not say what it takes and gives ({error})") from error
        if rate != SAMPLE_RATE or self.before < 0 or self.after < 0 or not self.window:
            raise ValueError(
                f"the bundle's part {PART!r} takes sound in a form that this version does not know; update monalive"
            )
        self._network = network

    @property
    def window(self) -> int:
        """Samples that it takes."""
        return self.before + self.after

    @classmethod
    def load(cls, path: str | Path | None = None, runtime: RuntimeOptions | None = None) -> LipsNetwork:
        """From a bundle with the part `speech`; the package's own by default.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: it has no such part, or is damaged.
        """
        bundle = Bundle.load(speech_bundle_path() if path is None else path)
        # It is too small to gain from a second thread.
        options = runtime or RuntimeOptions(num_threads=1)
        return cls(bundle.network(PART, options), bundle.part_manifest(PART))

    def shape(self, window: NDArray[np.float32]) -> NDArray[np.float32]:
        """Coefficients (K,) of one window of sound, (window,) float32; contiguous, it is not copied here."""
        coefficients: NDArray[np.float32] = self._network({_INPUT: window[None]})[_OUTPUT][0]
        return coefficients

    def shapes(self, samples: NDArray[np.float32], seconds: ArrayLike) -> NDArray[np.float32]:
        """Coefficients (T, K) at moments of a sound; before and after it there is silence.

        Args:
            samples: (n,) float32 at 16 kHz.
            seconds: (T,) moments, from the sound's beginning.
        """
        centres = np.rint(np.asarray(seconds, np.float64) * SAMPLE_RATE).astype(np.int64)
        last = max(int(centres.max(initial=0)), len(samples))
        padded = np.zeros(self.before + last + self.after, np.float32)
        padded[self.before : self.before + len(samples)] = samples
        found = np.empty((len(centres), len(self.names)), np.float32)
        for index, centre in enumerate(centres.tolist()):  # a window begins `before` samples before its moment
            found[index] = self.shape(padded[centre : centre + self.window])
        return found


def speech_bundle_path() -> Path:
    """The bundle with the network that comes with the package."""
    return asset_path(_ASSET)
