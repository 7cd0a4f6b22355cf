"""The networks: shapes, where the AdaIN parameters go, spectral norm, sizes, and the switch for the moved photo."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrize

from monalive_distill.few_shot.adain_generator import CHANGE_AT_START, AdaINGenerator
from monalive_distill.few_shot.model import Rendering, build_discriminator, build_few_shot_model, read_variant
from monalive_distill.few_shot.photo_mover import shrink
from monalive_distill.few_shot.picture_encoder import PictureEncoder
from monalive_distill.few_shot.pose_input import draw, move_photo, nearest_photo
from monalive_distill.few_shot.residual_blocks import (
    AdaptiveBlock,
    AdaptiveInstanceNorm,
    DownBlock,
    SelfAttention,
    settle_spectral_norms,
)
from monalive_distill.few_shot.warped_photo import WARPED_PHOTO, WarpedPhoto, read_warped_photo
from monalive_distill.generator.splat import DRAWING_CHANNELS

SIZE = 32


def _people(count: int, photos: int, size: int = SIZE) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    pictures = torch.rand(count, photos, 3, size, size, generator=generator)
    return pictures, torch.rand(count, photos, 478, 2, generator=generator)


@pytest.mark.parametrize("warped_photo", WARPED_PHOTO)
def test_an_episode_becomes_pictures_in_range(warped_photo: WarpedPhoto) -> None:
    torch.manual_seed(0)
    model = build_few_shot_model("tiny", warped_photo)
    photos, points = _people(2, 3, model.photo_size)
    out = model(photos, points, points[:, 1])
    assert out.images.shape == (2, 3, SIZE, SIZE) and 0 <= out.images.min() <= out.images.max() <= 1
    assert out.embeddings.shape == (2, 16) and out.embeddings.min() >= 0
    assert (out.moved is None) == (warped_photo == "none")
    assert model.photo_size == (256 if warped_photo == "lightweight" else SIZE)
    out.images.sum().backward()
    assert all(p.grad is not None for p in model.parameters())  # as several processes need it


def test_the_embedding_is_the_mean_over_photos_and_forgets_their_order() -> None:
    model = build_few_shot_model("tiny").eval()
    photos, points = _people(1, 3)
    together = model.embed(photos, points)
    each = torch.cat([model.embed(photos[:, i : i + 1], points[:, i : i + 1]) for i in range(3)])
    assert torch.allclose(together, each.mean(0, keepdim=True), rtol=1e-4)
    assert torch.allclose(together, model.embed(photos.flip(1), points.flip(1)), rtol=1e-4)


def test_discriminator_scores_are_projections() -> None:
    """Score = V . (W_i + w0) + b, V the ReLU of the last features summed over places."""
    torch.manual_seed(0)
    discriminator = build_discriminator("tiny", 5).eval()
    pictures, points = (x[:, 0] for x in _people(2, 1))
    drawings = draw(points, SIZE)
    people = torch.tensor([4, 1])
    scores, features = discriminator(pictures, drawings, people)
    assert len(features) == 4 and features[-1].shape == (2, 16, 4, 4)
    v = features[-1].clamp(min=0).sum((2, 3))
    w0, b = discriminator.realism.weight[0], discriminator.realism.bias[0]
    assert torch.allclose(scores, (v * (discriminator.columns[people] + w0)).sum(1) + b, rtol=1e-4, atol=1e-5)


def test_a_new_persons_column_is_their_embedding() -> None:
    discriminator = build_discriminator("tiny", 5)
    embedding = torch.rand(1, 16)
    discriminator.become_person(embedding)
    assert torch.equal(discriminator.columns.detach(), embedding) and discriminator.columns.requires_grad


def test_each_adain_slice_lands_in_its_layer() -> None:
    """Changing one slice changes what that layer puts out and nothing before it."""
    torch.manual_seed(0)
    generator = build_few_shot_model("tiny").generator.eval()
    norms = [module for module in generator.modules() if isinstance(module, AdaptiveInstanceNorm)]
    # Registered in the order residual blocks, up blocks, last norm: that in which they are met.
    assert [2 * norm.channels for norm in norms] == list(generator.slices)
    pose = torch.rand(1, DRAWING_CHANNELS, SIZE, SIZE), torch.rand(1, 3, SIZE, SIZE)
    seen: list[torch.Tensor] = []
    given: list[torch.Tensor] = []

    def note(_: nn.Module, inputs: tuple[torch.Tensor, torch.Tensor], out: torch.Tensor) -> None:
        given.append(inputs[1])
        seen.append(out)

    for norm in norms:
        norm.register_forward_hook(note)
    parameters = torch.randn(1, generator.adain_parameters) * 0.1
    generator(*pose, parameters)
    assert torch.equal(torch.cat(given, 1), parameters)
    before, start = list(seen), 0
    for number, (norm, width) in enumerate(zip(norms, generator.slices, strict=True)):
        seen.clear()
        changed = parameters.clone()
        changed[:, start + norm.channels : start + width] += 1.0  # the biases
        generator(*pose, changed)
        assert all(torch.equal(a, b) for a, b in zip(seen[:number], before[:number], strict=True))
        assert torch.allclose(seen[number], before[number] + 1, atol=1e-5)
        start += width
    assert start == generator.adain_parameters


def test_adain_gives_gain_and_bias() -> None:
    x = torch.randn(2, 3, 8, 8) * 5 + 2
    parameters = torch.tensor([[0.0, 1.0, -0.5, 0.0, 3.0, -1.0]])
    y = AdaptiveInstanceNorm(3)(x, parameters)
    assert torch.allclose(y.mean((0, 2, 3)), torch.tensor([0.0, 3.0, -1.0]), atol=1e-4)
    assert torch.allclose(y.std((2, 3), correction=0)[0], torch.tensor([1.0, 2.0, 0.5]), atol=1e-3)


@pytest.mark.parametrize("network", ["model", "discriminator"])
def test_every_convolution_and_linear_layer_is_spectrally_normalised(network: str) -> None:
    built = build_few_shot_model("tiny") if network == "model" else build_discriminator("tiny", 3)
    layers = [m for m in built.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    assert len(layers) > 15
    settle_spectral_norms(built, 200)
    for layer in layers:
        assert parametrize.is_parametrized(layer, "weight")
        assert layer.parametrizations.weight[0].eps == 1e-4  # type: ignore[index, union-attr]
        largest = torch.linalg.matrix_norm(layer.weight.detach().flatten(1), 2)
        assert float(largest) == pytest.approx(1, abs=0.02)


def test_settling_corrects_averaged_singular_vectors() -> None:
    model = build_few_shot_model("tiny")
    with torch.no_grad():
        model.projection.parametrizations.weight[0]._u.mul_(0.5)  # type: ignore[index, union-attr]
    settle_spectral_norms(model, 100)
    assert float(torch.linalg.matrix_norm(model.projection.weight.detach(), 2)) == pytest.approx(1, abs=0.01)
    assert not model.training


def test_the_paper_variant_has_the_papers_size() -> None:
    """Embedder 15M, generator 38M, discriminator 20M (4, "Implementation details"), here without the switch."""
    with torch.device("meta"):
        model = build_few_shot_model("paper", "none")
        discriminator = build_discriminator("paper", 0)
    counts = [sum(p.numel() for p in part.parameters()) / 1e6 for part in (model.embedder, model, discriminator)]
    assert counts[0] == pytest.approx(15, abs=0.5)
    assert counts[1] - counts[0] == pytest.approx(38, abs=0.5)
    assert counts[2] == pytest.approx(20, abs=0.5)
    assert model.embedder.length == 512


def test_attention_begins_as_the_identity_and_mixes_places() -> None:
    attention = SelfAttention(8)
    x = torch.randn(1, 8, 4, 4)
    assert torch.equal(attention(x), x)
    attention.share.data.fill_(1.0)
    moved = x.clone()
    moved[..., 0, 0] += 1
    assert not torch.allclose(attention(x)[..., 3, 3], attention(moved)[..., 3, 3])


def test_blocks_keep_their_shapes() -> None:
    x = torch.randn(1, 4, 8, 8)
    assert DownBlock(4, 6, normalised=True)(x).shape == (1, 6, 4, 4)
    parameters = iter([torch.zeros(1, 8), torch.zeros(1, 12)])
    assert AdaptiveBlock(4, 6, grow=True)(x, parameters).shape == (1, 6, 16, 16)
    assert next(parameters, None) is None
    with pytest.raises(ValueError, match="keeps its number of channels"):
        AdaptiveBlock(4, 6, grow=False)


def test_sizes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="do not bring 64 pixels to 4"):
        PictureEncoder(64, (8, 8, 8), 16)
    with pytest.raises(ValueError, match="do not fit pictures of 32 pixels"):
        AdaINGenerator(True, 32, (8, 8), 1, (8,), 16, 16)
    with pytest.raises(ValueError, match="no few-shot variant named 'huge'; choose from paper, base, tiny"):
        read_variant("huge")


def test_a_photo_moved_onto_its_own_landmarks_stays() -> None:
    photos, points = (x[:, 0] for x in _people(2, 1))
    assert torch.allclose(move_photo(photos, points, points), photos, atol=0.02)


def test_the_nearest_photo_is_found_whatever_its_place_and_size() -> None:
    points = torch.rand(3, 478, 2)
    assert nearest_photo(points.flip(0) * 0.5 + 0.2, points).tolist() == [2, 1, 0]


def test_with_a_moved_photo_training_starts_from_it() -> None:
    torch.manual_seed(0)
    model = build_few_shot_model("tiny", "geometry")
    photos, points = _people(2, 1)
    out = model(photos, points, points.flip(0)[:, 0])
    assert out.moved is not None
    difference = float((out.images - out.moved).detach().abs().max())
    assert 0.001 < difference <= CHANGE_AT_START


def test_at_the_photos_size_the_painted_change_is_laid_over_the_moved_photo() -> None:
    whole = torch.rand(2, 3, 64, 64) * 0.5
    moved = shrink(whole, 32)
    made = Rendering(moved + 0.25, moved, whole, None).at_photo_size()
    assert torch.allclose(made, whole + 0.25, atol=1e-6)
    painted = torch.rand(1, 3, 32, 32)
    assert Rendering(painted, None, None, None).at_photo_size() is painted


def test_the_switch_was_a_bool_once() -> None:
    assert [read_warped_photo(value) for value in (True, False, "lightweight")] == ["geometry", "none", "lightweight"]
    with pytest.raises(ValueError, match="warped_photo must be one of none, geometry, lightweight, not 'yes'"):
        read_warped_photo("yes")
