"""Moods in which somebody may speak: small constant changes of a face.

Imports nothing that is slow to load: the command line reads the names.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Final

# Coefficients; a name without a side stands for both.
_MOODS: Final[Mapping[str, Mapping[str, float]]] = {
    "neutral": {},
    "happy": {"mouthSmile": 0.38, "cheekSquint": 0.15, "eyeSquint": 0.15, "browOuterUp": 0.08},
    "sad": {"mouthFrown": 0.30, "browInnerUp": 0.45, "browDown": 0.08, "eyeBlink": 0.08},
    "surprised": {"browInnerUp": 0.45, "browOuterUp": 0.45, "eyeWide": 0.40},
    "angry": {"browDown": 0.50, "eyeSquint": 0.22, "noseSneer": 0.15, "mouthFrown": 0.12},
    "worried": {"browInnerUp": 0.50, "browDown": 0.15, "eyeWide": 0.12, "mouthStretch": 0.10},
}
EXPRESSIONS: Final = tuple(_MOODS)


@functools.cache
def mood(name: str) -> Mapping[str, float]:
    """What a mood adds to a face: coefficients by the expression model's names.

    Raises:
        ValueError: there is no such mood.
    """
    if name not in _MOODS:
        raise ValueError(f"there is no expression {name!r}; choose from {', '.join(EXPRESSIONS)}")
    from monalive.faces.expressions import load_expressions

    names = load_expressions().names
    offsets: dict[str, float] = {}
    for coefficient, amount in _MOODS[name].items():
        sides = (coefficient,) if coefficient in names else (f"{coefficient}Left", f"{coefficient}Right")
        offsets |= dict.fromkeys(sides, amount)
    return offsets
