"""Arrays that are kept from call to call: fresh pages for every frame would cost more than the arithmetic."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray


class WorkingMemory:
    """Call it with a name, a shape and a dtype, the same one for a name every time; what it gives is never cleared."""

    def __init__(self) -> None:
        self._kept: dict[str, NDArray[Any]] = {}

    def __call__(self, name: str, shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
        """The array kept under a name, as large as it must be; its content is what it was."""
        size = math.prod(shape)
        kept = self._kept.get(name)
        if kept is None or kept.size < size:
            kept = self._kept[name] = np.empty(size, dtype)
        return kept[:size].reshape(shape)
