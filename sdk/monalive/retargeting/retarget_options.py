"""What of a driver's motion a portrait takes over. Imports nothing that is slow to load: the command line reads it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

REGIONS = ("pose", "eyes", "lips", "brows")
MAX_GAIN = 3.0


@dataclass(frozen=True)
class RetargetOptions:
    """What of a driver's motion a portrait takes over.

    Attributes:
        absolute: take the driver's landmarks as they are, face shape included, instead of their change since
            the driver's first frame, and with the head let shoulders and background move as the driver's do. For
            reenactment of a person by themselves, and for tests.
        smooth: One-Euro smoothing of the result.
        regions: those of `REGIONS` that move; "eyes" includes the gaze, "lips" the jaw and cheeks.
        gains: strength per region, from 0 (still) over 1 (as the driver, the default) to 3.

    Raises:
        ValueError: a region that does not exist, or a gain out of range.
    """

    absolute: bool = False
    smooth: bool = True
    regions: frozenset[str] = frozenset(REGIONS)
    gains: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "regions", frozenset(self.regions))
        object.__setattr__(self, "gains", dict(self.gains))
        for name in sorted({*self.regions, *self.gains} - set(REGIONS)):
            raise ValueError(f"unknown region {name!r}; choose from {', '.join(REGIONS)}")
        for name, gain in self.gains.items():
            if not (math.isfinite(gain) and 0.0 <= gain <= MAX_GAIN):
                raise ValueError(f"the gain of {name} is {gain}; it must be from 0 to {MAX_GAIN:g}")

    def gain(self, region: str) -> float:
        """Strength of a region: its gain, or 0 where it is switched off.

        Args:
            region: one of `REGIONS`.
        """
        return float(self.gains.get(region, 1.0)) if region in self.regions else 0.0

    @property
    def takes_surroundings(self) -> bool:
        """Whether what surrounds the head moves as the driver's does: only where the head itself moves just so."""
        return self.absolute and self.gain("pose") == 1.0
