"""The full-size few-shot model as graphs: an identity once per photo, a picture per frame; or a fine-tuned person."""

from __future__ import annotations

import copy
from typing import TypeVar

import torch
from torch import nn
from torch.nn.utils import parametrize

from monalive_distill.few_shot.few_shot_model import FewShotModel
from monalive_distill.few_shot.few_shot_person import FewShotPerson
from monalive_distill.few_shot.pose_input import draw, move_photo
from monalive_export.graphs import PHOTO, SOURCE, TARGET
from monalive_export.ports import RGB, Graph, Port, channels_first, channels_last

Model = TypeVar("Model", bound=nn.Module)

ADAIN = Port("adain", "gains and biases that make the generator draw this person; the mean over several photos' serves")
IMAGE = Port("image", "the picture of the wanted pose", (0.0, 1.0), RGB)


class FewShotEnrollGraph(Graph):
    """Embedder and projection."""

    inputs = (PHOTO, SOURCE)
    outputs = (ADAIN,)
    about = "Once per photo: who it shows, as parameters of the generator."

    def __init__(self, model: FewShotModel) -> None:
        super().__init__()
        plain = _without_spectral_norm(model)
        self.embedder, self.projection, self.size = plain.embedder, plain.projection, model.size

    def forward(self, photo: torch.Tensor, source_landmarks: torch.Tensor) -> tuple[torch.Tensor, ...]:
        drawing = draw(source_landmarks, self.size)
        embedding = self.embedder(channels_first(photo).unsqueeze(1), drawing.unsqueeze(1))
        return (self.projection(embedding),)


class FewShotAnimateGraph(Graph):
    """The generator."""

    inputs: tuple[Port, ...] = (PHOTO, SOURCE, ADAIN, TARGET)
    outputs = (IMAGE,)
    about = "Once per frame: the person in the pose of the landmarks wanted."

    def __init__(self, model: FewShotModel) -> None:
        super().__init__()
        self.generator = _without_spectral_norm(model).generator
        self.size, self.moves_photo = model.size, _moves_photo(model)
        if not self.moves_photo:
            self.inputs = (ADAIN, TARGET)

    def forward(
        self,
        photo: torch.Tensor | None = None,
        source_landmarks: torch.Tensor | None = None,
        adain: torch.Tensor | None = None,
        target_landmarks: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, ...]:
        assert target_landmarks is not None
        moved = _moved(photo, source_landmarks, target_landmarks) if self.moves_photo else None
        return (channels_last(self.generator(draw(target_landmarks, self.size), moved, adain)),)


class PersonAnimateGraph(Graph):
    """The generator of a fine-tuned person, whose parameters are part of it."""

    inputs: tuple[Port, ...] = (PHOTO, SOURCE, TARGET)
    outputs = (IMAGE,)
    about = "Once per frame: the fine-tuned person in the pose of the landmarks wanted; the photo is one of theirs."
    adain: torch.Tensor

    def __init__(self, person: FewShotPerson) -> None:
        super().__init__()
        plain = _without_spectral_norm(person)
        self.generator, self.size, self.moves_photo = plain.generator, person.size, _moves_photo(person)
        self.register_buffer("adain", plain.adain.detach(), persistent=False)
        if not self.moves_photo:
            self.inputs = (TARGET,)

    def forward(
        self,
        photo: torch.Tensor | None = None,
        source_landmarks: torch.Tensor | None = None,
        target_landmarks: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, ...]:
        assert target_landmarks is not None
        moved = _moved(photo, source_landmarks, target_landmarks) if self.moves_photo else None
        return (channels_last(self.generator(draw(target_landmarks, self.size), moved, self.adain)),)


def _moves_photo(model: FewShotModel | FewShotPerson) -> bool:
    if model.warped_photo == "lightweight":
        raise ValueError(
            "a few-shot model whose photo is moved by the lightweight generator is not exported; train one with "
            "warped_photo geometry or none"
        )
    return model.warped_photo == "geometry"


def _moved(photo: torch.Tensor | None, source: torch.Tensor | None, target: torch.Tensor) -> torch.Tensor:
    assert photo is not None and source is not None
    return move_photo(channels_first(photo), source, target)


def _without_spectral_norm(model: Model) -> Model:
    """A copy whose weights are the normalised ones. (Taking the norm off a copy in PyTorch's own way breaks the
    original: both share the class that it edits.)
    """
    plain = copy.deepcopy(model).eval()
    for module in plain.modules():
        if parametrize.is_parametrized(module, "weight"):
            weight = module.weight.detach().clone()  # type: ignore[operator, union-attr]
            plain_class = parametrize.type_before_parametrizations(module)
            del module.parametrizations
            module.__class__ = plain_class
            module.weight = nn.Parameter(weight)
    return plain
