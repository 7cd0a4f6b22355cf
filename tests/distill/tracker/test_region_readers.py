"""Eyes and mouth cut out of a level face crop and read again."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from monalive.faces.expressions import load_expressions
from monalive.faces.landmarks import IRISES, LEFT_BROW, LEFT_EYE, LIPS_INNER, LIPS_OUTER, RIGHT_BROW, RIGHT_EYE
from monalive_distill.tracker.landmark_samples import mirror_points
from monalive_distill.tracker.region_readers import Region, RegionReaders, face_regions


def faces() -> NDArray[np.float32]:
    """(2, 478, 3) in a level crop."""
    basis = load_expressions()
    made = [basis.face({"jawOpen": 0.4, "eyeBlinkLeft": 0.7}, (12.0, 3.0)), basis.face({})]
    return np.asarray(np.stack(made) * 0.42 + np.array([0.48, 0.45, 0.0]), np.float32)


@pytest.mark.parametrize("region", face_regions(), ids=["left eye", "right eye", "mouth"])
def test_what_is_cut_out_shows_the_landmarks_where_they_are_counted_from(region: Region) -> None:
    face, size = faces(), 192
    middle = region.middle(torch.from_numpy(face))
    within = region.within(face)
    again = region.place(torch.from_numpy(within.astype(np.float32)), middle).numpy()
    assert again == pytest.approx(face[:, list(region.points), :2], abs=1e-6)
    y, x = (np.mgrid[0:size, 0:size] + 0.5) / size
    for number, index in ((0, 3), (1, len(region.points) // 2)):
        px, py = face[number, region.points[index], :2]
        spot = np.exp(-((x - px) ** 2 + (y - py) ** 2) / (2 * 0.01**2)).astype(np.float32)
        cut = region.cut(torch.from_numpy(spot)[None, None], middle[number : number + 1])[0, 0].numpy()
        rows, columns = cut.shape
        down, across = np.mgrid[0:rows, 0:columns] + 0.5
        seen = [
            float((cut * where).sum() / cut.sum() / length - 0.5) for where, length in ((across, columns), (down, rows))
        ]
        assert (columns, rows) == region.pixels and seen == pytest.approx(within[number, index], abs=0.01)


def test_lids_irises_brows_and_lips_are_read_again() -> None:
    left, right, mouth = face_regions()
    assert {*LEFT_EYE, *LEFT_BROW} < set(left.points) and {*RIGHT_EYE, *RIGHT_BROW} < set(right.points)
    assert set(IRISES) < {*left.points, *right.points} and {*LIPS_OUTER, *LIPS_INNER} < set(mouth.points)
    assert not {*left.points} & {*right.points} and not {*mouth.points} & {*left.points, *right.points}


@torch.no_grad()
def test_a_mirrored_picture_gives_mirrored_eyes_and_the_rest_stays() -> None:
    torch.manual_seed(0)
    readers = RegionReaders().eval()
    mirror = load_expressions().mirror
    face = faces()
    pictures = torch.rand(2, 3, 192, 192)
    made = readers(pictures, torch.from_numpy(face)).numpy()
    other = readers(pictures.flip(3), torch.from_numpy(mirror_points(face, mirror))).numpy()
    eyes = [index for region in face_regions()[:2] for index in region.points]
    assert mirror_points(other, mirror)[:, eyes] == pytest.approx(made[:, eyes], abs=1e-4)
    again = {index for region in face_regions() for index in region.points}
    rest = [index for index in range(478) if index not in again]
    assert np.array_equal(made[:, rest], face[:, rest]) and np.array_equal(made[..., 2], face[..., 2])
    assert np.abs(made - face)[:, eyes].max() > 0.01  # untrained: the second reading differs
