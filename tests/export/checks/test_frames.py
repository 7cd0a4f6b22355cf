"""Frames of people, for the gate and for calibration, and what calibration on them changes in a bundle."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

pytest.importorskip("litert_torch")

from monalive_distill.data.training_pairs import INDEX_FILE
from monalive_export.checks.frames import folder_frames, packaged_frames
from monalive_export.export import ExportOptions, export_model
from monalive_export.graphs.pipelines import ExportModel
from monalive_export.graphs.ports import RGB, Graph, Port, channels_first, channels_last
from monalive_export.targets.registry import load_target

SIZE = 32


class OneLayer(Graph):
    inputs = (Port("photo", "a picture", (0.0, 1.0), RGB),)
    outputs = (Port("image", "another", (0.0, 1.0), RGB),)
    about = "For tests."
    per_frame = True

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Conv2d(3, 3, 3, 1, 1)

    def forward(self, photo: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return (channels_last(torch.sigmoid(self.layer(channels_first(photo)))),)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """One person's three pictures, as `monalive-distill prepare` leaves them."""
    folder = tmp_path / "cache"
    folder.mkdir()
    frames = [frame.inputs for frame in packaged_frames(6, 256)][::2]  # of one of the two portraits
    pictures = [(frame["photo"][0] * 255).astype(np.uint8) for frame in frames]
    flat = [frame["target_landmarks"][0] for frame in frames]
    np.save(folder / "a.frames.npy", np.stack(pictures))
    np.save(folder / "a.landmarks.npy", np.stack([np.pad(points, ((0, 0), (0, 1))) for points in flat]))
    entry = {"name": "a", "person": "a", "frames": 3, "kind": "clip"}
    (folder / INDEX_FILE).write_text(json.dumps([entry]))
    return folder


def test_a_cache_gives_frames_whose_picture_is_known(cache: Path) -> None:
    frames = folder_frames(cache, 4, SIZE)
    landmarks = np.load(cache / "a.landmarks.npy")
    assert len(frames) == 4
    for frame in frames:
        np.testing.assert_array_equal(frame.inputs["source_landmarks"][0], landmarks[0, :, :2])
        assert frame.truth is not None and frame.truth.shape == (SIZE, SIZE, 3)
    assert {float(frame.inputs["target_landmarks"].sum()) for frame in frames} <= {
        float(np.float32(points[None, :, :2].sum())) for points in landmarks[1:]
    }


def test_a_folder_without_a_face_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no video in .* shows a face"):
        folder_frames(tmp_path, 1, SIZE)
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        folder_frames(tmp_path / "missing", 1, SIZE)


@pytest.mark.parametrize(("calibrated", "bundled"), [(True, "int8-static"), (False, "int8")])
def test_a_bundle_takes_the_static_file_where_people_calibrated_it(
    cache: Path, tmp_path: Path, calibrated: bool, bundled: str
) -> None:
    torch.manual_seed(0)
    model = ExportModel("one layer", SIZE, {"animate": OneLayer().eval()})
    calibration = cache if calibrated else None
    options = ExportOptions(
        tmp_path / "out", [load_target("litert")], ["int8"], "0", "Apache-2.0", frames=cache, calibration=calibration
    )
    report = export_model(model, options)
    assert report["bundles"][0]["precisions"] == {"animate": bundled}
    assert report["frames_of"] == "cache"
    assert report["calibrated_on"] == ("cache" if calibrated else "sample portraits")
