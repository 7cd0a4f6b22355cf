"""Scores of eyes and mouths that are the truth, blurred, or somebody with a closed mouth."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from moving_clips import GOLDEN_FOLDER
from numpy.typing import NDArray

from monalive.faces.expressions import load_expressions
from monalive.media.image_io import load_image
from monalive_distill.evaluation.region_scores import REGION_METRICS, RegionScorer, region_crops
from monalive_distill.metrics import lpips
from monalive_distill.metrics.frame_scores import Observation
from monalive_distill.metrics.lpips import LPIPS, lpips_input
from monalive_distill.regions.frames import face_frames

try:
    lpips.weights_path("alex")
except FileNotFoundError as missing:
    pytest.skip(str(missing), allow_module_level=True)

Image = NDArray[np.uint8]


def face(**expression: float) -> NDArray[np.float32]:
    """A face about where the picture shows one."""
    return (load_expressions().face(expression) * 42 + [126, 105, 0]).astype(np.float32)


OPEN, CLOSED = face(jawOpen=0.8), face()


@pytest.fixture(scope="module")
def picture() -> Image:
    return np.ascontiguousarray(load_image(GOLDEN_FOLDER / "astronaut.jpg")[10:266, 100:356])


@pytest.fixture(scope="module")
def network() -> LPIPS:
    return LPIPS("alex")


def seen(network: LPIPS, image: Image) -> Observation:
    return Observation(image, None, None, {"lpips": network.features(lpips_input(image))})


def test_the_truth_itself_is_perfect(picture: Image, network: LPIPS) -> None:
    scorer, truth = RegionScorer(network), seen(network, picture)
    scores = scorer.compare(truth, scorer.look(truth, OPEN), OPEN)
    wanted = dict.fromkeys(REGION_METRICS, 0.0) | {"mouth_sharpness": 1, "eyes_sharpness": 1}
    del wanted["gaze_error"]
    assert scores == pytest.approx(wanted | {"mouth_lpips_opened": None})


def test_blur_is_seen_where_it_is(picture: Image, network: LPIPS) -> None:
    blurred = picture.copy()
    mouth = np.s_[128:165, 95:160]
    blurred[mouth] = cv2.GaussianBlur(picture, (0, 0), 3)[mouth]
    scorer, truth = RegionScorer(network), seen(network, picture)
    result = seen(network, blurred)
    scores = scorer.compare(result, scorer.look(truth, OPEN), OPEN)
    assert scores["mouth_lpips"] > 0.05 > scores["eyes_lpips"]  # type: ignore[operator]
    assert scores["mouth_sharpness"] < 0.9 < scores["eyes_sharpness"]  # type: ignore[operator]
    parts = [scores[f"lpips_{part}"] or 0.0 for part in ("face", "edge", "rest")]
    assert parts[0] > 3 * max(parts[1:])
    whole = float(network.distance(result.taps["lpips"], truth.taps["lpips"]))
    assert sum(parts) == pytest.approx(whole, rel=0.15)


@pytest.mark.parametrize(
    ("photo", "target", "opened"), [(CLOSED, OPEN, True), (OPEN, OPEN, False), (CLOSED, CLOSED, False)]
)
def test_mouths_that_open_are_told_from_others(
    picture: Image,
    network: LPIPS,
    photo: NDArray[np.float32],
    target: NDArray[np.float32],
    opened: bool,
) -> None:
    scorer, truth = RegionScorer(network), seen(network, picture)
    scores = scorer.compare(seen(network, np.roll(picture, 3, 1)), scorer.look(truth, target), photo)
    which, other = ("opened", "others") if opened else ("others", "opened")
    assert scores[f"mouth_lpips_{which}"] == scores["mouth_lpips"] and scores[f"mouth_lpips_{other}"] is None


def test_magnified_crops_show_the_same_place(picture: Image) -> None:
    frames = face_frames(OPEN)
    (left, right), mouth = region_crops(picture, frames)
    (large_left, large_right), large_mouth = region_crops(picture, frames, 2)
    for small, large in ((left, large_left), (right, large_right), (mouth, large_mouth)):
        assert large.shape == (2 * small.shape[0], 2 * small.shape[1], 3)
        shrunk = cv2.resize(large, small.shape[1::-1], interpolation=cv2.INTER_AREA)
        assert np.abs(shrunk.astype(int) - small).mean() < 4
