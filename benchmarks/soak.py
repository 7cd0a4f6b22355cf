"""Runs live mode for many frames and watches its memory: `python benchmarks/soak.py --frames 20000 -o soak.json`.

Every frame goes through tracker, retargeting, networks, paste-back and the pixel mark, and arrives at the callback.
"""

from __future__ import annotations

import argparse
import gc
import json
import threading
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from monalive import PhotoAnimator, PhotoAnimatorOptions, RunningMode, RuntimeOptions, load_image
from monalive.measuring.benchmark import sway
from monalive.packaged_assets import sample_portrait_path
from monalive.trust.mark_code import MarkMessage
from monalive.trust.pixel_mark import PixelMark


def resident_mib() -> float:
    """Resident memory of this process (Linux)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 2**20


def main() -> None:
    """Feeds frames as fast as they are taken and writes a sample of memory every so often."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=20_000)
    parser.add_argument("--every", type=int, default=500)
    parser.add_argument("--without-networks", action="store_true", help="one result for all frames")
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    photo = load_image(sample_portrait_path())
    face = np.asarray(cv2.resize(photo, (256, 256), interpolation=cv2.INTER_AREA), np.uint8)
    drivers = [sway(face, index) for index in range(50)]
    mark = PixelMark(MarkMessage.random(), (256, 256))
    arrived = threading.Event()
    results = 0

    def take(frame: object, timestamp_ms: float) -> None:
        nonlocal results
        mark.apply(frame.image)  # type: ignore[attr-defined]
        results += 1
        arrived.set()

    options = PhotoAnimatorOptions(
        running_mode=RunningMode.LIVE_STREAM, result_callback=take, runtime=RuntimeOptions(num_threads=1)
    )
    memory: list[tuple[int, float]] = []
    started = time.monotonic()
    with PhotoAnimator.create_from_options(options) as animator:
        portrait = animator.enroll(face, consent="artwork")
        if arguments.without_networks:
            _hold_networks(animator, face)
        for index in range(arguments.frames):
            arrived.clear()
            animator.animate_async(portrait, drivers[index % len(drivers)], index * 40.0)
            if not arrived.wait(600):
                raise TimeoutError(f"no result for frame {index}")
            if (index + 1) % arguments.every == 0:
                gc.collect()
                memory.append((index + 1, round(resident_mib(), 1)))
                _write(arguments.output, results, memory, time.monotonic() - started)
                print(*memory[-1], flush=True)


def _hold_networks(animator: PhotoAnimator, face: NDArray[np.uint8]) -> None:
    """Computes the networks' results once and gives them for every frame: all the rest goes on as ever."""
    animate = animator._networks.animate
    kept: list[Any] = []
    seen = animator._driver_tracker.track(face)

    def again(*inputs: Any) -> Any:
        if not kept:
            kept.append(animate(*inputs))
        return kept[0]

    animator._networks.animate = again  # type: ignore[method-assign, assignment]
    animator._driver_tracker.track = lambda image: seen  # type: ignore[method-assign]


def _write(path: Path, results: int, memory: list[tuple[int, float]], seconds: float) -> None:
    half = memory[len(memory) // 2 :]
    report = {
        "frames": results,
        "lost": memory[-1][0] - results,
        "seconds": round(seconds),
        "resident_mib": memory,
        "growth_in_second_half_mib": round(half[-1][1] - half[0][1], 1),
    }
    path.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
