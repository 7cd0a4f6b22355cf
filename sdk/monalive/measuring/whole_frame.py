"""What a frame takes beside the sum of its steps: how much is lost between them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from monalive.bundle import Bundle
from monalive.faces.tracker import FaceTracker
from monalive.faces.tracker_networks import bundle_with_tracker, load_tracker_networks
from monalive.networks.runtimes import RuntimeOptions
from monalive.player.bundle_networks import BundleNetworks
from monalive.player.paste_back import PasteBack
from monalive.player.region_layers import RegionLayers
from monalive.render.animation import create_animator
from monalive.retargeting.retarget import Retargeter, RetargetOptions

Step = Callable[[int], object]
_WARM_UP: Final = 5  # rounds that do not count


def measure_whole_frame(
    bundle: str | Path | None,
    scene: NDArray[np.uint8],
    drivers: Sequence[NDArray[np.uint8]],
    on: RuntimeOptions,
    rounds: int,
) -> dict[str, Any]:
    """Measures a driver's frame to a frame of the scene, and each of its steps, in turns.

    Args:
        bundle: the networks' file; None for those that come with the package.
        scene: (H, W, 3) uint8 RGB, the photo.
        drivers: (H, W, 3) uint8 RGB, frames of a video, played again and again.
        on: what the networks run on, and how many threads there are.
        rounds: how often each is measured.

    Returns:
        {"threads", "rounds", "steps": {name: median ms}, "sum_ms", "frame_ms", "ratio"}: the sum of the steps, the
        median of the whole frame, and how many times the sum it is.
    """
    size, step_ms = (scene.shape[1], scene.shape[0]), 40.0
    opened = Bundle.load(bundle)
    networks = BundleNetworks(opened, on)
    with (
        create_animator("VIDEO", RetargetOptions(), bundle, on) as animator,
        FaceTracker(load_tracker_networks(bundle_with_tracker(opened))) as tracker,
    ):
        portrait = animator.enroll([scene], consent="artwork")
        enrolled, crop = portrait.enrolled[0], portrait.crop
        faces = [tracker.track(driver)[0].landmarks for driver in drivers]
        wanted = [crop.to_unit(face) for face in faces]
        retargeter = Retargeter(portrait.landmarks, crop, RetargetOptions(), networks=networks.retargeting)
        retargeter.start(faces[0], size)
        paste = PasteBack(crop, *size, workers=networks.workers)
        made = networks.animate(enrolled, wanted[1])
        steps: dict[str, Step] = {
            "tracker": lambda index: tracker.track(drivers[index % len(drivers)]),
            "retarget": lambda index: retargeter.step(faces[index % len(drivers)], index * step_ms),
            "animate network": lambda index: networks.animate(enrolled, wanted[index % len(drivers)]),
            "paste": lambda index: paste(scene, made.flow, made.mask, made.painted),
        }
        if networks.regions is not None:
            regions = RegionLayers(portrait, networks.regions, grey=False, workers=networks.workers)
            drawn, picture = regions.animate(wanted[1], step_ms), scene.copy()
            steps["eyes and mouth networks"] = lambda index: regions.animate(wanted[index % len(drivers)], step_ms)
            steps["eyes and mouth paste"] = lambda index: regions.paste(picture, drawn)

        def whole(index: int) -> object:
            return animator.animate_for_video(portrait, drivers[index % len(drivers)], index * step_ms)

        return {"threads": on.num_threads, **compare(steps, whole, rounds)}


def compare(steps: Mapping[str, Step], whole: Step, rounds: int) -> dict[str, Any]:
    """Measures steps and the whole in turns, so that a pace that changes changes both: see `measure_whole_frame`."""
    runs = [*steps.values(), whole]
    times = np.empty((rounds, len(runs)))
    for index in range(-_WARM_UP, rounds):
        for column, run in enumerate(runs):
            start = time.perf_counter()
            run(index + _WARM_UP)
            if index >= 0:
                times[index, column] = (time.perf_counter() - start) * 1000.0
    *medians, frame = (float(median) for median in np.median(times, 0))
    return {
        "rounds": rounds,
        "steps": {name: round(median, 3) for name, median in zip(steps, medians, strict=True)},
        "sum_ms": round(sum(medians), 3),
        "frame_ms": round(frame, 3),
        "ratio": round(frame / sum(medians), 3),
    }


def as_lines(measured: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The results as lines of text."""
    for one in measured:
        threads = f"{one['threads']} thread" + ("s" if one["threads"] > 1 else "")
        yield f"{f'sum of the steps, {threads}':<30} {one['sum_ms']:6.2f} ms"
        yield f"{f'whole frame, {threads}':<30} {one['frame_ms']:6.2f} ms, {one['ratio']:.2f} times the sum"
