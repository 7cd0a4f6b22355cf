"""Timing the same thing many times."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np


def timings(run: Callable[[int], object], repeats: int) -> dict[str, float]:
    """Wall-clock times of `run(0)`, `run(1)`, ...: {"runs", "first_ms", "median_ms", "p95_ms"}."""
    times = []
    for index in range(repeats + 1):
        start = time.perf_counter()
        run(index)
        times.append((time.perf_counter() - start) * 1000.0)
    median, p95 = np.percentile(times[1:], [50, 95])
    return {
        "runs": repeats,
        "first_ms": round(times[0], 3),
        "median_ms": round(float(median), 3),
        "p95_ms": round(float(p95), 3),
    }
