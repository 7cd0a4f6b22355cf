"""Measures the few-shot model in the shape of the paper's Table 1, clip by clip; a clip done is not done again."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from monalive.atomic_file import atomic_path
from monalive.faces.tracker import FaceTracker
from monalive_distill.evaluation.clips import read_clip
from monalive_distill.evaluation.contact_sheet import contact_sheet, save_sheet
from monalive_distill.evaluation.few_shot_rows import FewShotSplit, Row, fit, split_clip
from monalive_distill.metrics.frame_scores import FrameScorer, Observation, Scores, mean_scores
from monalive_distill.metrics.frechet import frechet_distance, leading_components

Image = NDArray[np.uint8]
TRUE = "true"
# Fréchet distance of dlib's face descriptors, 128 numbers each: how far made faces are from true ones as a crowd.
FRECHET = "fd_dlib"
# The same in the 16 directions in which the true frames' descriptors vary most: for fewer frames than 128.
FRECHET_LEADING = "fd_dlib_16"
LEADING = 16
METRICS = {"ssim": True, "csim": True, "lpips": False, FRECHET: False, FRECHET_LEADING: False, "missing_face": False}
_SHOWN_FRAMES = 2


def measure_clips(
    paths: Sequence[Path],
    rows: Sequence[tuple[Row, Sequence[int]]],
    tracker: FaceTracker,
    output: Path,
    *,
    size: int,
    frame_count: int,
    settings: Mapping[str, Any],
    minutes: float | None = None,
    clock: Callable[[], float] = time.monotonic,
    progress: bool = True,
) -> list[tuple[str, str]]:
    """Measures every clip that is not in `output` yet.

    Args:
        paths: video files.
        rows: what is compared, and for which T.
        tracker: finds the faces.
        output: folder of NAME.json, NAME.npz (descriptors) and NAME.jpg (contact sheet) for each clip.
        size: side of the pictures that are compared.
        frame_count: frames read of each clip, photos and tests together.
        settings: JSON-serialisable; a clip that was measured with others is measured again.
        minutes: no new clip is begun after that time; None: without end.
        clock: seconds that have passed since some moment.
        progress: shows a progress bar on stderr.

    Returns:
        (clip, reason) of clips that could not be used.
    """
    output.mkdir(parents=True, exist_ok=True)
    scorer = FrameScorer(tracker)
    skipped: list[tuple[str, str]] = []
    start = clock()
    for path in tqdm(paths, desc="few-shot evaluation", unit="clip", disable=not progress):
        if _is_done(output / f"{path.stem}.json", settings):
            continue
        if minutes is not None and clock() - start >= minutes * 60:
            break
        try:
            split = split_clip(read_clip(path, tracker, frame_count - 1))
            _measure_clip(split, rows, scorer, output, size, settings)  # a row may not be able to use its photos
        except (ValueError, OSError) as error:
            skipped.append((path.name, str(error)))
    return skipped


def collect(paths: Sequence[Path], output: Path, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The means over the clips that were measured with these settings.

    Returns:
        "clips" (names), "test_frames" (how many in all), "rows": name -> metric -> mean over clips (the Fréchet
        distances: over all frames of all clips together, None where they are too few).

    Raises:
        ValueError: not one clip was measured.
    """
    done = [path.stem for path in paths if _is_done(output / f"{path.stem}.json", settings)]
    if not done:
        raise ValueError("no clip has been measured; give it more time, or look at why clips were left out")
    records = [json.loads((output / f"{name}.json").read_text()) for name in done]
    features: dict[str, list[NDArray[np.float32]]] = {}
    for name in done:
        with np.load(output / f"{name}.npz") as stored:
            for row in stored.files:
                features.setdefault(row, []).append(stored[row])
    true = np.concatenate(features.pop(TRUE))
    rows: dict[str, Scores] = {}
    for row in records[0]["rows"]:
        rows[row] = mean_scores([record["rows"][row] for record in records if row in record["rows"]])
        made = np.concatenate(features[row])
        seen = np.isfinite(made).all(1) & np.isfinite(true).all(1)
        made, wanted = made[seen], true[seen]
        rows[row][FRECHET] = frechet_distance(made, wanted)
        few = len(wanted) <= LEADING
        leading = [leading_components(x, wanted, LEADING) for x in (made, wanted)] if not few else []
        rows[row][FRECHET_LEADING] = frechet_distance(*leading) if leading else None
    return {"clips": done, "test_frames": len(true), "rows": rows}


def _measure_clip(
    split: FewShotSplit,
    rows: Sequence[tuple[Row, Sequence[int]]],
    scorer: FrameScorer,
    output: Path,
    size: int,
    settings: Mapping[str, Any],
) -> None:
    clip = split.clip
    true = [scorer.observe(fit(clip.images[i], size)) for i in split.tests]
    outputs: dict[str, list[Image]] = {}
    for row, counts in rows:
        for count in counts:
            outputs |= row(split, count)
    scores, descriptors = {}, {TRUE: _descriptors(true)}
    for name, images in outputs.items():
        seen = [scorer.observe(image) for image in images]
        compared = [scorer.compare(made, wanted) for made, wanted in zip(seen, true, strict=True)]
        means = mean_scores(compared)
        scores[name] = {metric: means[metric] for metric in METRICS if metric in means}
        descriptors[name] = _descriptors(seen)
    _write_sheet(output / f"{clip.name}.jpg", split, [one.image for one in true], outputs)
    with atomic_path(output / f"{clip.name}.npz") as unfinished, unfinished.open("wb") as file:
        np.savez(file, **descriptors)  # type: ignore[arg-type]
    record = {"settings": settings, "photos": len(split.photos), "tests": [clip.frames[i] for i in split.tests]}
    with atomic_path(output / f"{clip.name}.json") as unfinished:  # the last: its being there says that all is
        unfinished.write_text(json.dumps(record | {"rows": scores}, indent=1))


def _descriptors(seen: Sequence[Observation]) -> NDArray[np.float32]:
    """(N, 128); not a number where no face was found."""
    missing = np.full(128, np.nan, np.float32)
    return np.stack([missing if one.descriptor is None else one.descriptor for one in seen])


def _write_sheet(path: Path, split: FewShotSplit, true: list[Image], outputs: Mapping[str, list[Image]]) -> None:
    """The paper's figures: a row for each frame; photo, truth and each method side by side.

    Of the earlier and of the later frames the one whose face differs most from the first photo's is shown.
    """
    points = split.clip.landmarks
    away = [float(np.abs(points[i] - points[split.photos[0]])[:, :2].mean()) for i in split.tests]
    parts = np.array_split(np.arange(len(away)), _SHOWN_FRAMES)
    shown = [int(max(part, key=lambda i: away[i])) for part in parts if len(part)]
    photo = fit(split.clip.images[split.photos[0]], true[0].shape[0])
    rows = [[photo] * len(shown), [true[i] for i in shown], *([made[i] for i in shown] for made in outputs.values())]
    columns = [list(column) for column in zip(*rows, strict=True)]
    captions = ["first photo", TRUE, *outputs]
    sheet = contact_sheet(columns, column_captions=captions, cell=max(96, true[0].shape[0]))
    save_sheet(path, sheet)


def _is_done(record: Path, settings: Mapping[str, Any]) -> bool:
    return record.is_file() and json.loads(record.read_text())["settings"] == json.loads(json.dumps(settings))
