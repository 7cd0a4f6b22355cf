"""The full-size few-shot model as graphs: an identity once per photo, a picture per frame; or a fine-tuned person."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Final, TypeVar

import torch
from torch import nn
from torch.nn.utils import parametrize

from monalive_distill.few_shot.model import FewShotModel
from monalive_distill.few_shot.person import FewShotPerson
from monalive_distill.few_shot.photo_mover import shrink
from monalive_distill.few_shot.pose_input import draw, move_photo
from monalive_distill.generator.lightweight_generator import LightweightGenerator
from monalive_export.graphs.lightweight import PHOTO, SOURCE, TARGET, AnimateGraph, PictureGraph
from monalive_export.graphs.ports import RGB, Graph, Port, channels_first, channels_last

Model = TypeVar("Model", bound=nn.Module)

ADAIN = Port("adain", "gains and biases that make the generator draw this person; the mean over several photos' serves")
MOVED = Port("moved_photo", "the photo as the lightweight generator moves it", (0.0, 1.0), RGB)
IMAGE = Port("image", "the picture of the wanted pose", (0.0, 1.0), RGB)


class FewShotEnrollGraph(Graph):
    """Embedder and projection."""

    inputs = (PHOTO, SOURCE)
    outputs = (ADAIN,)
    about = "Once per photo: who it shows, as parameters of the generator."

    def __init__(self, model: FewShotModel) -> None:
        super().__init__()
        plain = without_spectral_norm(model)
        self.embedder, self.projection, self.size = plain.embedder, plain.projection, model.size

    def forward(self, photo: torch.Tensor, source_landmarks: torch.Tensor) -> tuple[torch.Tensor, ...]:
        drawing = draw(source_landmarks, self.size)
        small = shrink(channels_first(photo), self.size)
        return (self.projection(self.embedder(small.unsqueeze(1), drawing.unsqueeze(1))),)


class MovePhotoGraph(Graph):
    """The lightweight generator in front of a few-shot model: all it gives is the moved photo."""

    inputs = (PHOTO, *AnimateGraph.inputs)
    outputs = (MOVED,)
    per_frame = True
    about = "Once per frame, before the animate network: the photo moved by the lightweight generator."

    def __init__(self, generator: LightweightGenerator, size: int) -> None:
        super().__init__()
        self.lightweight, self.picture, self.size = AnimateGraph(generator), PictureGraph(), size

    def forward(self, photo: torch.Tensor, **inputs: torch.Tensor) -> tuple[torch.Tensor, ...]:
        flow, mask, painted, _ = self.lightweight(**inputs)
        (image,) = self.picture(photo, flow, mask, painted)
        return (channels_last(shrink(channels_first(image), self.size)),)


class FewShotAnimateGraph(Graph):
    """The generator: of any person, or of a fine-tuned one, whose parameters are part of it.

    Its inputs are those that the model uses: `adain` of any person; of the photo to move, where geometry moves it, the
    photo itself, and where the lightweight generator does, what `MovePhotoGraph` makes of it.
    """

    per_frame = True
    outputs = (IMAGE,)
    adain: torch.Tensor | None

    def __init__(self, model: FewShotModel | FewShotPerson) -> None:
        super().__init__()
        plain = without_spectral_norm(model)
        self.generator, self.size, self.warped_photo = plain.generator, model.size, model.warped_photo
        adain = plain.adain.detach() if isinstance(plain, FewShotPerson) else None
        self.register_buffer("adain", adain, persistent=False)
        whose = "the person" if adain is None else "the fine-tuned person"
        of_theirs = "; the photo is one of theirs" if adain is not None and self.warped_photo != "none" else ""
        self.about = f"Once per frame: {whose} in the pose of the landmarks wanted{of_theirs}."
        self.inputs = (*_OF_PHOTO[self.warped_photo], *((ADAIN,) if adain is None else ()), TARGET)

    def forward(
        self,
        target_landmarks: torch.Tensor,
        photo: torch.Tensor | None = None,
        source_landmarks: torch.Tensor | None = None,
        moved_photo: torch.Tensor | None = None,
        adain: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, ...]:
        moved = None if moved_photo is None else channels_first(moved_photo)
        if photo is not None and source_landmarks is not None:
            moved = move_photo(channels_first(photo), source_landmarks, target_landmarks)
        own = adain if self.adain is None else self.adain
        return (channels_last(self.generator(draw(target_landmarks, self.size), moved, own)),)


# By what moves the photo: what the animate graph takes of it.
_OF_PHOTO: Final[Mapping[str, tuple[Port, ...]]] = {
    "none": (),
    "geometry": (PHOTO, SOURCE),
    "lightweight": (MOVED,),
}


def without_spectral_norm(model: Model) -> Model:
    """A copy whose weights are the normalised ones. (Taking the norm off a copy in PyTorch's own way breaks the
    original: both share the class that it edits.)
    """
    plain = copy.deepcopy(model).eval()
    for module in plain.modules():
        if parametrize.is_parametrized(module, "weight"):
            weight = module.weight.detach().clone()  # type: ignore[operator]
            plain_class = parametrize.type_before_parametrizations(module)
            del module.parametrizations
            module.__class__ = plain_class
            module.weight = nn.Parameter(weight)
    return plain
