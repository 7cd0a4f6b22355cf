"""Scores of a frame: all networks look at a picture once, then it is compared with others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from monalive.faces.tracker import FaceTracker
from monalive_distill.metrics.face import (
    akd,
    blink_change_error,
    blink_error,
    mouth_change_error,
    mouth_error,
    turn_error,
)
from monalive_distill.metrics.identity import FaceIdentity, csim
from monalive_distill.metrics.image import l1, psnr, ssim
from monalive_distill.metrics.lpips import LPIPS, lpips_input

Image = NDArray[np.uint8]
Landmarks = NDArray[np.float32]
Scores = dict[str, float | None]  # metric -> value; None where it could not be measured

# Metric -> whether more is better. In the order they are reported.
SELF_METRICS: dict[str, bool] = {
    "lpips": False,
    "lpips_vgg": False,
    "l1": False,
    "psnr": True,
    "ssim": True,
    "akd": False,
    "csim": True,
    "csim_scaled": True,
    "blink_error": False,
    "mouth_error": False,
    "missing_face": False,
}
CROSS_METRICS: dict[str, bool] = {
    "csim": True,
    "csim_scaled": True,
    "turn_error": False,
    "blink_error": False,
    "mouth_error": False,
    "missing_face": False,
}


@dataclass(frozen=True)
class Observation:
    """A picture and what the networks of `FrameScorer` see in it.

    Attributes:
        image: (256, 256, 3) uint8 RGB.
        landmarks: (478, 3) float32 pixels, or None where no face was found.
        descriptor: (128,) float32 of `FaceIdentity`, or None where no face was found.
        taps: LPIPS features by the metric's name; empty if they were not asked for.
    """

    image: Image
    landmarks: Landmarks | None
    descriptor: NDArray[np.float32] | None
    taps: dict[str, list[Tensor]]


class FrameScorer:
    """The networks that quality is measured with, loaded once. Not for use from several threads at once.

    Attributes:
        lpips: the network behind the metric of that name.
    """

    def __init__(self, tracker: FaceTracker, *, with_vgg: bool = False) -> None:
        self._tracker = tracker
        self._identity = FaceIdentity()
        self.lpips = LPIPS("alex")
        self._perceptual = {"lpips": self.lpips}
        if with_vgg:
            self._perceptual["lpips_vgg"] = LPIPS("vgg")

    @torch.inference_mode()
    def observe(self, image: Image, landmarks: Landmarks | None = None, *, perceptual: bool = True) -> Observation:
        """Looks at a picture (256, 256, 3); tracks it as a still unless its landmarks are given.

        Without `perceptual` the LPIPS features, most of the work, are left out.
        """
        if landmarks is None:
            landmarks = self.locate(image)
        descriptor = None if landmarks is None else self._identity.describe(image, landmarks)
        taps: dict[str, list[Tensor]] = {}
        if perceptual:
            pixels = lpips_input(image)
            taps = {name: network.features(pixels) for name, network in self._perceptual.items()}
        return Observation(image, landmarks, descriptor, taps)

    def locate(self, image: Image) -> Landmarks | None:
        """The landmarks (478, 3) of the face in a picture, tracked as a still; None where there is none."""
        faces = self._tracker.detect(image)
        return faces[0].landmarks if faces else None

    @torch.inference_mode()
    def compare(self, output: Observation, target: Observation) -> Scores:
        """The metrics of self-reenactment, `SELF_METRICS` without the scaled CSIM. CSIM is to the target."""
        scores: Scores = {
            name: float(network.distance(output.taps[name], target.taps[name]))
            for name, network in self._perceptual.items()
        }
        scores |= {
            "l1": l1(output.image, target.image),
            "psnr": psnr(output.image, target.image),
            "ssim": ssim(output.image, target.image),
            "missing_face": float(output.landmarks is None),
        }
        a, b = output.landmarks, target.landmarks
        scores |= dict.fromkeys(("akd", "csim", "blink_error", "mouth_error"))
        if a is not None and b is not None:
            scores["akd"] = akd(a, b)
            scores["csim"] = _csim(output, target)
            scores["blink_error"] = blink_error(a, b)
            scores["mouth_error"] = mouth_error(a, b)
        return {name: scores[name] for name in SELF_METRICS if name in scores}


def compare_with_driver(output: Observation, photo: Observation, driver: Landmarks, driver_first: Landmarks) -> Scores:
    """The metrics of cross-reenactment, `CROSS_METRICS` without the scaled CSIM.

    CSIM is between output and photo. Turning, eyelids and mouth are compared as changes since the photo and
    since the driver's first frame.
    """
    scores: Scores = dict.fromkeys(("csim", "turn_error", "blink_error", "mouth_error"))
    scores["missing_face"] = float(output.landmarks is None)
    if output.landmarks is not None and photo.landmarks is not None:
        faces = (photo.landmarks, output.landmarks, driver_first, driver)
        scores["csim"] = _csim(output, photo)
        scores["turn_error"] = turn_error(*faces)
        scores["blink_error"] = blink_change_error(*faces)
        scores["mouth_error"] = mouth_change_error(*faces)
    return scores


def mean_scores(scores: Sequence[Scores]) -> Scores:
    """Metric by metric mean over what could be measured; None where nothing could."""
    means: Scores = {}
    for name in dict.fromkeys(name for one in scores for name in one):
        values = [value for one in scores if (value := one.get(name)) is not None]
        means[name] = float(np.mean(values)) if values else None
    return means


def with_scaled_csim(scores: Scores, csim_other_people: float | None) -> Scores:
    """Adds "csim_scaled": CSIM on a scale where 0 is another person of the same clips and 1 the same picture.

    Descriptors of this network lie in a narrow cone (two people: about .85), which hides differences in
    plain CSIM.
    """
    similarity = scores.get("csim")
    if similarity is None or csim_other_people is None or csim_other_people >= 1:
        return scores
    return scores | {"csim_scaled": (similarity - csim_other_people) / (1 - csim_other_people)}


def _csim(a: Observation, b: Observation) -> float | None:
    return None if a.descriptor is None or b.descriptor is None else csim(a.descriptor, b.descriptor)
