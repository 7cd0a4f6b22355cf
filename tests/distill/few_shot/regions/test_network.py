"""What a fresh expert makes of several photos: nothing worse than the lightweight network; and what it learns from."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from monalive_distill.data.augmentation import Augmentation
from monalive_distill.few_shot.regions.candidates import CropMover, landmark_distance
from monalive_distill.few_shot.regions.episodes import EpisodeSampler, RegionEpisodes
from monalive_distill.few_shot.regions.network import (
    ExpertSizes,
    RegionExpert,
    blend,
    read_finely,
    to_cells,
)
from monalive_distill.generator.refine_net import from_cells
from monalive_distill.packaged_assets import region_weights
from monalive_distill.regions.regions import EYE, MOUTH, REGIONS
from monalive_distill.regions.samples import load_regions
from monalive_distill.regions.train import paint
from monalive_distill.regions.weights_file import load_region_networks

TINY = ExpertSizes(8, 8, 16, 16, 1)


def _episodes(cache: Path, region: str, photos: int) -> RegionEpisodes:
    sequences = load_regions(REGIONS[region], cache)
    return EpisodeSampler(REGIONS[region], sequences, Augmentation(), (photos,), 3 * (photos + 1)).draw(0)


@pytest.mark.parametrize("region", ["eye", "mouth"])
def test_one_photo_is_moved_as_the_lightweight_network_moves_it(region_cache: Path, region: str) -> None:
    episodes = _episodes(region_cache, region, 1)
    assert len(episodes.image) == 3
    candidates = CropMover(REGIONS[region])(*episodes[:2], episodes.target)
    network = load_region_networks(region_weights()).get_submodule(region)
    with torch.no_grad():
        expected = paint(network, REGIONS[region], episodes.pairs())  # type: ignore[arg-type]
        result = RegionExpert(REGIONS[region].sizes.drawing, TINY).eval()(candidates)
    torch.testing.assert_close(candidates.images[:, 0], expected.image, atol=1e-5, rtol=0)
    # But for the cubic that reads the photo.
    assert float((result.image - expected.image).abs().mean()) < 0.01
    assert torch.equal(result.image, result.chosen)
    assert not result.correction.any()


def test_the_photo_whose_landmarks_fit_is_chosen(region_cache: Path) -> None:
    """The second of two photos is the frame wanted itself, the first one is far away."""
    episodes = _episodes(region_cache, "mouth", 2)
    sources = torch.stack((episodes.target * torch.tensor([1.0, 1.3]), episodes.target), 1)
    photos = torch.stack((episodes.photos[:, 0] * 0.5, episodes.image), 1)
    candidates = CropMover(MOUTH)(photos, sources, episodes.target)
    assert (candidates.distances[:, 0] > 5).all() and not candidates.distances[:, 1].any()
    with torch.no_grad():
        result = RegionExpert(MOUTH.sizes.drawing, TINY).eval()(candidates)
    torch.testing.assert_close(result.weights.sum(1), torch.ones_like(result.weights[:, 0]))
    assert (result.weights[:, 1] > 0.99).all()
    assert float((result.chosen - episodes.image).abs().mean()) < 0.02


def test_the_order_of_the_photos_does_not_matter(region_cache: Path) -> None:
    torch.manual_seed(0)
    expert = RegionExpert(EYE.sizes.drawing, TINY).eval()
    for layer in (expert.generator.head, expert.encoder.head, expert.projection):
        torch.nn.init.normal_(layer.weight, std=0.02)
    episodes = _episodes(region_cache, "eye", 3)
    mover = CropMover(EYE)
    with torch.no_grad():
        first = expert(mover(*episodes[:2], episodes.target))
        turned = expert(mover(episodes.photos.flip(1), episodes.sources.flip(1), episodes.target))
    assert not torch.equal(first.image, first.chosen)
    torch.testing.assert_close(turned.image, first.image, atol=1e-4, rtol=0)
    torch.testing.assert_close(turned.weights, first.weights.flip(1), atol=1e-4, rtol=0)


def test_a_shift_of_all_landmarks_is_no_distance() -> None:
    points = torch.rand(2, 478, 2) * 90
    moved = points + torch.tensor([[[3.0, -4.0]], [[0.0, 0.0]]])
    torch.testing.assert_close(landmark_distance(MOUTH, points, moved), torch.zeros(2), atol=1e-4, rtol=0)
    # Twice as large around their middle: each lies away from where it should be by as much as from the middle.
    first = points[:, MOUTH.near] - points[:, MOUTH.near].mean(1, keepdim=True)
    lips = points[:, MOUTH.watched] - points[:, MOUTH.watched].mean(1, keepdim=True)
    expected = (first.square().sum(-1).mean(1) + lips.square().sum(-1).mean(1)).sqrt()
    torch.testing.assert_close(landmark_distance(MOUTH, points * 2, points), expected)


def test_reading_and_cells() -> None:
    pictures = torch.rand(1, 2, 3, 8, 12)
    flows = torch.zeros(1, 2, 2, 8, 12)
    flows[:, 1, 0] = 2
    read = read_finely(pictures, flows)
    torch.testing.assert_close(read[:, 0], pictures[:, 0])
    torch.testing.assert_close(read[:, 1, ..., :-2], pictures[:, 1, ..., 2:])
    cells = to_cells(torch.arange(16.0).view(1, 1, 4, 4))
    assert cells[0, :, 0, 0].tolist() == [0, 1, 4, 5]
    assert torch.equal(from_cells(cells), torch.arange(16.0).view(1, 1, 4, 4))


def test_features_are_blended_by_the_shares() -> None:
    shares = torch.tensor([0.25, 0.75]).view(1, 2, 1, 1, 1).expand(1, 2, 1, 4, 4)
    found = [torch.tensor([4.0, 8.0]).view(2, 1, 1, 1).expand(2, 3, side, side) for side in (4, 2)]
    assert [x.shape for x in blend(found, shares)] == [(1, 3, 4, 4), (1, 3, 2, 2)]
    assert all((x == 7).all() for x in blend(found, shares))


def test_episodes(region_cache: Path, still_cache: Path) -> None:
    """Of stills in different light, a photo is never made from one in other light."""
    sampler = EpisodeSampler(MOUTH, load_regions(MOUTH, region_cache), Augmentation(), (1, 4), 10)
    drawn = [sampler.draw(step) for step in range(8)]
    assert {episodes.photos.shape[:2] for episodes in drawn} == {(5, 1), (2, 4)}
    assert all(torch.equal(a, b) for a, b in zip(sampler.draw(3), drawn[3], strict=True))
    stills = EpisodeSampler(MOUTH, load_regions(MOUTH, still_cache), Augmentation(colour=0), (3,), 8)
    for episodes in (stills.draw(step) for step in range(6)):
        means = torch.cat((episodes.photos, episodes.image[:, None]), 1).mean((2, 3, 4))
        assert float((means.amax(1) / means.amin(1)).max()) < 1.25  # the dusk is half as bright
    with pytest.raises(ValueError, match="no sequences"):
        EpisodeSampler(MOUTH, [], Augmentation(), (1,), 4)
