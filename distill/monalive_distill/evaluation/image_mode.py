"""What the choice of tracker does to pictures in running mode IMAGE, where a driver's blendshapes are taken over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from monalive.animator import PhotoAnimator
from monalive.bundle import Bundle
from monalive.faces.crop import SquareCrop
from monalive.faces.tracker_factory import SharedNetworkTrackers
from monalive.faces.tracker_networks import load_tracker_networks
from monalive.options import PhotoAnimatorOptions
from monalive.packaged_assets import sample_portrait_path
from monalive_distill.evaluation.clips import spread_pictures
from monalive_distill.mediapipe_tracker.networks import mediapipe_networks
from monalive_distill.metrics.image import psnr
from monalive_distill.metrics.lpips import LPIPS, lpips_input

Image = NDArray[np.uint8]


def compare_image_mode(
    clips: Sequence[Path],
    crop: Callable[[Image], SquareCrop],
    bundle: Path | None = None,
    *,
    frame_count: int = 2,
    progress: bool = False,
) -> dict[str, float]:
    """Frames of clips drive the sample portrait, with our tracker and with MediaPipe's.

    Args:
        clips: video files.
        crop: given a clip's first frame, the square to cut out.
        bundle: our tracker's networks; None for those that ship.
        frame_count: frames per clip besides the first.
        progress: shows a progress bar.

    Returns:
        {"frames", "psnr_db", "worst_psnr_db", "lpips"} between both trackers' crops, and "lpips_between_drivers": how
        far the crops of one tracker are apart from one driver to the next, for comparison.
    """
    lpips = LPIPS("alex")
    networks = (load_tracker_networks(Bundle.load(bundle)), mediapipe_networks())
    options = [PhotoAnimatorOptions(trackers=SharedNetworkTrackers(chosen)) for chosen in networks]
    animators = [PhotoAnimator.create_from_options(chosen) for chosen in options]
    portraits = [animator.enroll(sample_portrait_path(), consent="artwork") for animator in animators]
    ours: list[Image] = []
    theirs: list[Image] = []
    for path in tqdm(clips, desc="mode IMAGE", disable=not progress):
        for _, _, image in spread_pictures(path, frame_count, crop):
            try:
                one, other = (
                    animator.animate(portrait, image).crop_image
                    for animator, portrait in zip(animators, portraits, strict=True)
                )
            except ValueError:  # one of them finds no face
                continue
            ours.append(one)
            theirs.append(other)
    for animator in animators:
        animator.close()
    decibels = [psnr(a, b) for a, b in zip(ours, theirs, strict=True)]
    step = frame_count + 1
    return {
        "frames": len(ours),
        "psnr_db": float(np.mean(decibels)),
        "worst_psnr_db": float(min(decibels)),
        "lpips": _mean_distance(lpips, ours, theirs),
        "lpips_between_drivers": _mean_distance(lpips, theirs[:-step], theirs[step:]),
    }


@torch.inference_mode()
def _mean_distance(lpips: LPIPS, ones: Sequence[Image], others: Sequence[Image]) -> float:
    pairs = zip(ones, others, strict=True)
    return float(np.mean([float(lpips(lpips_input(a), lpips_input(b))) for a, b in pairs]))
