"""Memory and time of `monalive animate` by size of the photo, each in a process of its own."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from PIL import Image

from monalive.media.image_io import load_image
from monalive.motions.builtin_motions import FPS
from monalive.networks.runtimes import RuntimeOptions
from monalive.packaged_assets import sample_portrait_path

# Megapixels, and the width and height of such a photo: a small one, and what phones take.
SIZES: Final[Mapping[int, tuple[int, int]]] = {
    1: (1152, 864),
    12: (4032, 3024),
    48: (8064, 6048),
    200: (16320, 12240),
}
FRAMES: Final = 90


def measure_photos(
    sizes: Mapping[int, tuple[int, int]] = SIZES,
    *,
    frames: int = FRAMES,
    runtime: RuntimeOptions | None = None,
    report: Callable[[str], None] = lambda step: None,
) -> list[dict[str, Any]]:
    """Animates the sample portrait, enlarged to each size and saved as a JPEG, into an mp4.

    Args:
        sizes: megapixels to width and height.
        frames: length of the video.
        runtime: how many threads the networks get.
        report: called with the name of each step before it is measured.

    Returns:
        For each size {"megapixels", "width", "height", "frames", "seconds", "peak_mb"}; the peak is its largest
        resident size, None on Windows.

    Raises:
        OSError: the command failed.
    """
    threads = (runtime or RuntimeOptions()).num_threads
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        photo = Path(folder) / "photo.jpg"
        for megapixels, size in sizes.items():
            report(f"a photo of {megapixels} megapixels")
            # In another process: on Linux a child's peak begins at what its parent holds.
            writer = multiprocessing.get_context("spawn").Process(target=_write_photo, args=(photo, size))
            writer.start()
            writer.join()
            if writer.exitcode:
                raise OSError(f"a photo of {size[0]} x {size[1]} could not be made; is there enough memory?")
            command = [sys.executable, "-m", "monalive", "animate", str(photo), "--motion", "blink", "-q"]
            command += ["-o", str(Path(folder) / "out.mp4"), "--seconds", str(frames / FPS), "--threads", str(threads)]
            seconds, peak_mb = _timed([*command, "--consent", "artwork"])
            row = {"megapixels": megapixels, "width": size[0], "height": size[1], "frames": frames}
            rows.append({**row, "seconds": round(seconds, 2), "peak_mb": peak_mb})
    return rows


def as_photo_table(rows: list[dict[str, Any]]) -> Iterator[str]:
    """The results as lines of text."""
    yield f"{'photo':<24} {'frames':>6} {'time':>9} {'memory':>9}"
    for row in rows:
        name = f"{row['megapixels']} MP, {row['width']} x {row['height']}"
        memory = "?" if row["peak_mb"] is None else f"{row['peak_mb']:.0f} MB"
        yield f"{name:<24} {row['frames']:>6} {row['seconds']:>7.1f} s {memory:>9}"


def _write_photo(path: Path, size: tuple[int, int]) -> None:
    portrait = Image.fromarray(load_image(sample_portrait_path()))
    portrait.resize(size, Image.Resampling.BILINEAR).save(path, quality=85)


def _timed(command: list[str]) -> tuple[float, float | None]:
    """Seconds that a command takes, and the largest memory that it holds, in MB."""
    start = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        said = process.stderr.read()
        peak_mb: float | None = None
        if hasattr(os, "wait4"):
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            peak_mb = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6
        else:
            process.wait()
    if process.returncode:
        raise OSError(f"the command that was to be measured failed: {said.strip()}")
    return time.perf_counter() - start, peak_mb
