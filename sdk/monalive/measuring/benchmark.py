"""How long each step takes on this machine, and whether memory stays flat: what `monalive bench` reports."""

from __future__ import annotations

import math
import multiprocessing
import os
import platform
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from monalive.about import dependency_versions, installed_version
from monalive.bundle import Bundle
from monalive.faces.crop import NETWORK_SIZE, portrait_crop
from monalive.faces.tracker import FaceTracker, choose_face
from monalive.faces.tracker_networks import bundle_with_tracker, load_tracker_networks
from monalive.measuring.network_benchmark import measure_networks, networks_of_bundle, networks_of_export
from monalive.measuring.process_memory import resident_mb
from monalive.measuring.stopwatch import timings
from monalive.measuring.whole_frame import as_lines, measure_whole_frame
from monalive.media.image_io import load_image, save_image
from monalive.media.video_io import VideoReader
from monalive.media.video_sinks import open_sink
from monalive.motions.driver_surroundings import DriverSurroundings
from monalive.networks.runtimes import RuntimeOptions
from monalive.packaged_assets import sample_portrait_path
from monalive.player.paste_back import PasteBack
from monalive.player.region_layers import RegionLayers
from monalive.player.region_networks import load_region_networks
from monalive.portrait import EnrolledPhoto, PhotoOfPerson, Portrait
from monalive.render.animation import create_animator
from monalive.retargeting.retarget import Retargeter, RetargetOptions
from monalive.retargeting.retarget_networks import RetargetNetworks
from monalive.threads import OneOpenCVThread, Workers
from monalive.trust.consent import held_back

SCHEMA: Final = 2
WIDTH, HEIGHT, FPS = 1280, 720, 25
# The driver's head sways once in so many frames.
_SWAY_FRAMES: Final = 50

Array = NDArray[np.uint8]
Report = Callable[[str], None]


def run_benchmark(
    *,
    bundle: str | Path | None = None,
    photo: str | Path | None = None,
    exported: str | Path | None = None,
    runtime: RuntimeOptions | None = None,
    repeats: int = 60,
    video_frames: int = 200,
    report: Report = lambda step: None,
) -> dict[str, Any]:
    """Measures every step of the pipeline on a 1280 x 720 photo, driven by its own swaying copy.

    Args:
        bundle: models to measure instead of those that come with the package.
        photo: picture with a face; the sample portrait by default.
        exported: a folder of `monalive-export`, all of whose files are measured, too.
        runtime: what the networks run on; where it names no runtime, each network runs on every one that can.
        repeats: runs of each step; the first one is reported apart.
        video_frames: length of the video on which memory is watched.
        report: called with the name of each step before it is measured.

    Returns:
        {"schema", "monalive", "date", "machine", "versions", "model", "threads", "photo", "steps", "whole", "networks",
        "memory"}. Each of "steps" is {"runs", "first_ms", "median_ms", "p95_ms"}; "whole" has a
        `measure_whole_frame` for these threads and for one; "networks" is of `measure_networks`; "memory" has the
        resident size of a process that animates a video.

    Raises:
        FileNotFoundError: the photo or the bundle does not exist.
        ValueError: the photo shows no face, the bundle is damaged, or a number is too small.
    """
    if repeats < 3 or video_frames < 8:
        raise ValueError("a benchmark needs at least 3 repeats and 8 frames of video")
    with closing(OneOpenCVThread()):  # as while an animator is open
        return _measured(bundle, photo, exported, runtime or RuntimeOptions(), repeats, video_frames, report)


def _measured(
    bundle: str | Path | None,
    photo: str | Path | None,
    exported: str | Path | None,
    on: RuntimeOptions,
    repeats: int,
    video_frames: int,
    report: Report,
) -> dict[str, Any]:
    opened = Bundle.load(bundle)
    scene = to_scene(load_image(photo or sample_portrait_path()))
    drivers = [sway(scene, index) for index in range(_SWAY_FRAMES)]
    steps: dict[str, dict[str, float]] = {}

    def measure(name: str, run: Callable[[int], object]) -> None:
        report(name)
        steps[name] = timings(run, repeats)

    with FaceTracker(load_tracker_networks(bundle_with_tracker(opened))) as tracker:
        measure("tracker_720p", lambda index: tracker.track(drivers[index % _SWAY_FRAMES]))
        landmarks = [choose_face(tracker.track(driver)).landmarks for driver in drivers]

    crop = portrait_crop(landmarks[0], WIDTH, HEIGHT)
    retargeter = Retargeter(landmarks[0], crop, RetargetOptions(), networks=RetargetNetworks(opened, on.runtime))
    retargeter.start(landmarks[0], (WIDTH, HEIGHT))
    measure("retarget", lambda index: retargeter.step(landmarks[index % _SWAY_FRAMES], index * 1000.0 / FPS))

    surroundings = DriverSurroundings(drivers[0], landmarks[0])  # measured in absolute transfer only
    measure(
        "surroundings_720p",
        lambda index: surroundings(drivers[index % _SWAY_FRAMES], landmarks[index % _SWAY_FRAMES]),
    )

    files = networks_of_bundle(opened)
    if exported is not None:
        files += networks_of_export(Path(exported))
    networks = measure_networks(files, on, repeats, report)

    workers = Workers(on.num_threads)
    measure("paste_back_720p", _paste_back_run(scene, PasteBack(crop, WIDTH, HEIGHT, workers=workers)))
    regions = _region_layers(opened, on, PhotoOfPerson(scene, landmarks[0], crop), workers)
    if regions is not None:
        wanted = [crop.to_unit(face) for face in landmarks]
        measure("eyes_and_mouth_networks", lambda index: regions.animate(wanted[index % _SWAY_FRAMES], 1000.0 / FPS))
        frames = [regions.animate(face, 1000.0 / FPS) for face in wanted]
        picture = scene.copy()
        measure("eyes_and_mouth_paste_720p", lambda index: regions.paste(picture, frames[index % _SWAY_FRAMES]))

    with create_animator("VIDEO", RetargetOptions(), bundle, on) as animator:
        measure("enroll", lambda index: animator.enroll([scene]))
        portrait = animator.enroll([scene])
        measure(
            "driver_frame_to_720p_frame",
            lambda index: animator.animate_for_video(portrait, drivers[index % _SWAY_FRAMES], index * 1000.0 / FPS),
        )
    whole = []
    for threads in sorted({on.num_threads, 1}, reverse=True):
        report(f"the whole frame on {threads} threads")
        whole.append(measure_whole_frame(bundle, scene, drivers, replace(on, num_threads=threads), repeats))
    report("memory")
    memory = _memory_of_a_process(bundle, on, scene, drivers, video_frames)

    return {
        "schema": SCHEMA,
        "monalive": installed_version("monalive"),
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "machine": about_machine(),
        "versions": {"python": platform.python_version(), **dependency_versions()},
        "model": {"version": opened.model_version, "sha256": opened.sha256},
        "threads": on.num_threads,
        "photo": {"width": WIDTH, "height": HEIGHT, "crop_side": round(crop.side)},
        "steps": steps,
        "whole": whole,
        "networks": networks,
        "memory": memory,
    }


def to_scene(photo: Array) -> Array:
    """The photo scaled to fill 1280 x 720, its borders stretched to the sides."""
    scale = min(WIDTH / photo.shape[1], HEIGHT / photo.shape[0])
    size = max(1, round(photo.shape[1] * scale)), max(1, round(photo.shape[0] * scale))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    scaled = cv2.resize(photo, size, interpolation=method)
    left, top = (WIDTH - size[0]) // 2, (HEIGHT - size[1]) // 2
    borders = top, HEIGHT - size[1] - top, left, WIDTH - size[0] - left
    return cv2.copyMakeBorder(scaled, *borders, cv2.BORDER_REPLICATE)  # type: ignore[return-value]


def sway(scene: Array, index: int) -> Array:
    """Frame `index` of a driver: the scene moved a few percent and turned a few degrees, there and back."""
    phase = 2 * math.pi * index / _SWAY_FRAMES
    height, width = scene.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), 6 * math.sin(phase), 1.0)
    matrix[:, 2] += 0.02 * height * np.array([math.sin(2 * phase), math.sin(phase)])
    return cv2.warpAffine(scene, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)  # type: ignore


def watch_memory(animator: Any, scene: Array, driver: Path, count: int) -> dict[str, Any]:
    """Animates a video file of `count` frames into another and notes the resident size at its quarters.

    Returns:
        {"frames": [4 numbers], "resident_mb": [4 numbers], "growth_mb": last minus first}; sizes are None
        where the system does not tell.
    """
    marks = [count * quarter // 4 for quarter in (1, 2, 3, 4)]
    sizes: list[float | None] = []
    portrait = animator.enroll([scene])
    with (
        tempfile.TemporaryDirectory() as folder,
        open_sink(Path(folder) / "out.mp4", FPS, (WIDTH, HEIGHT)) as sink,
    ):
        for number, (timestamp, image) in enumerate(VideoReader(driver), start=1):
            sink.write(animator.animate_for_video(portrait, image, timestamp).image, timestamp)
            if number in marks:
                sizes.append(resident_mb())
    growth = None if None in sizes else round(sizes[-1] - sizes[0], 1)  # type: ignore[operator]
    return {"frames": marks, "resident_mb": sizes, "growth_mb": growth}


def _memory_of_a_process(
    bundle: str | Path | None, on: RuntimeOptions, scene: Array, drivers: Sequence[Array], count: int
) -> dict[str, Any]:
    """`watch_memory` in a process that does nothing else: this one holds the drivers and many networks more."""
    with tempfile.TemporaryDirectory() as folder:
        photo, driver = Path(folder) / "photo.png", Path(folder) / "driver.mp4"
        save_image(photo, scene)
        with open_sink(driver, FPS, (WIDTH // 2, HEIGHT // 2)) as sink:
            for index in range(count):
                frame = drivers[index % len(drivers)]
                sink.write(cv2.resize(frame, sink.size, interpolation=cv2.INTER_AREA))  # type: ignore[arg-type]
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as processes:
            return processes.submit(_watched, bundle, on, photo, driver, count).result()


def _watched(bundle: str | Path | None, on: RuntimeOptions, photo: Path, driver: Path, count: int) -> dict[str, Any]:
    with held_back(), create_animator("VIDEO", RetargetOptions(), bundle, on) as animator:
        return watch_memory(animator, load_image(photo), driver, count)


def about_machine() -> dict[str, Any]:
    """Processor, cores this process may use, memory and system."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    facts: dict[str, Any] = {"cpu": _cpu_name(), "cores": cores, "system": platform.platform()}
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        facts["memory_gb"] = round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30, 1)
    return facts


def record_name(results: Mapping[str, Any]) -> str:
    """The file's name of a benchmark among others: date, model, processor."""
    cpu = "-".join(re.findall(r"[a-z0-9]+", str(results["machine"]["cpu"]).lower())) or "unknown"
    return f"{results['date']}-{results['model']['version']}-{cpu}.json"


def as_table(results: Mapping[str, Any]) -> Iterator[str]:
    """The results as lines of text."""
    machine, model = results["machine"], results["model"]
    threads = results["threads"]
    yield f"{machine['cpu']}, {machine['cores']} cores, {threads} threads; model {model['version']}"
    yield f"{'step':<30} {'median':>9} {'p95':>9} {'first run':>10}"
    for name, step in results["steps"].items():
        yield f"{name:<30} {step['median_ms']:6.2f} ms {step['p95_ms']:6.2f} ms {step['first_ms']:7.1f} ms"
    yield from as_lines(results.get("whole", []))
    for network in results.get("networks", []):
        name = f"{network['part']} {network['precision']}, {network['runtime']}"
        if "error" in network:
            yield f"{name:<30} {network['error']}"
            continue
        times = f"{network['median_ms']:6.2f} ms {network['p95_ms']:6.2f} ms {network['first_ms']:7.1f} ms"
        macs = "" if network["macs"] is None else f", {network['macs'] / 1e6:.0f} M MACs"
        yield f"{name:<30} {times}  {network['bytes'] / 1e6:.2f} MB{macs}"
    memory = results["memory"]
    if memory["growth_mb"] is not None:
        first, last = memory["frames"][0], memory["frames"][-1]
        grown, size = memory["growth_mb"], memory["resident_mb"][-1]
        yield f"memory from frame {first} to {last}: {grown:+.1f} MB, {size:.0f} MB in all"


def _paste_back_run(scene: Array, paste: PasteBack) -> Callable[[int], object]:
    random = np.random.default_rng(0)
    coarse = random.normal(0, 0.01, (6, 6, 2)).astype(np.float32)
    flow = np.asarray(cv2.resize(coarse, (128, 128), interpolation=cv2.INTER_CUBIC), np.float32)
    mask = random.random((NETWORK_SIZE, NETWORK_SIZE), np.float32)
    painted = random.random((NETWORK_SIZE, NETWORK_SIZE, 3), np.float32)
    return lambda index: paste(scene, flow, mask, painted)


def _region_layers(
    bundle: Bundle, options: RuntimeOptions, photo: PhotoOfPerson, workers: Workers
) -> RegionLayers | None:
    """What draws the photo's eyes and mouth; None where the bundle has no networks for them."""
    networks = load_region_networks(bundle, options, workers)
    if networks is None:
        return None
    portrait = Portrait((EnrolledPhoto(photo, {}, networks.enroll(photo)),))
    return RegionLayers(portrait, networks, grey=False, workers=workers)


def _cpu_name() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
