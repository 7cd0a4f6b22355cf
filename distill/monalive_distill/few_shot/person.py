"""A person the model was fine-tuned on: generator, own AdaIN parameters, photos; and the file it is kept in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from monalive.atomic_file import atomic_path
from monalive_distill.few_shot.model import FewShotModel, build_few_shot_model, render
from monalive_distill.few_shot.person_photos import PersonPhotos
from monalive_distill.few_shot.pose_input import nearest_photo
from monalive_distill.few_shot.warped_photo import read_warped_photo
from monalive_distill.training.checkpoint import read_record

MODEL_NAME = "few_shot_person"


class FewShotPerson(nn.Module):
    """The generator with AdaIN parameters that are free, no longer computed from an embedding (3.2).

    Args:
        model: the meta-learned one; its generator is taken over, not copied.
        photos: of the person, of the model's `photo_size`.
        adain: (1, adain_parameters) to begin with; None: the projection of the photos' mean embedding.
    """

    _images: torch.Tensor
    _landmarks: torch.Tensor

    def __init__(self, model: FewShotModel, photos: PersonPhotos, adain: torch.Tensor | None = None) -> None:
        super().__init__()
        self.size, self.warped_photo, self.mover = model.size, model.warped_photo, model.mover
        self.register_buffer("_images", photos.images, persistent=False)
        self.register_buffer("_landmarks", photos.landmarks, persistent=False)
        self.generator = model.generator
        if adain is None:
            with torch.no_grad():
                embedding = model.embed(photos.images[None], photos.landmarks[None, ..., :2])
                adain = model.projection(embedding)
        self.adain = nn.Parameter(adain.detach().clone())

    @property
    def photos(self) -> PersonPhotos:
        """The person's photos, on the device of the weights."""
        return PersonPhotos(self._images, self._landmarks)

    def forward(
        self, sources: PersonPhotos, landmarks: torch.Tensor, surroundings: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Pictures (N, 3, size, size) in [0, 1] of landmarks (N, 478, 2).

        Args:
            sources: N photos, moved there as the input.
            landmarks: wanted.
            surroundings: (N, 3, 16, 16) from each source, see `PhotoMover`; None: not measured.
        """
        points = sources.landmarks[..., :2]
        made = render(
            self.generator, self.mover, self.size, sources.images, points, landmarks, self.adain, surroundings
        )
        return made.images

    def nearest(self, landmarks: torch.Tensor) -> PersonPhotos:
        """The photo nearest in pose to each of `landmarks` (N, 478, 2), to be moved there."""
        return self.photos.pick(nearest_photo(landmarks, self.photos.landmarks[..., :2]).tolist())


def save_person(path: Path, person: FewShotPerson, record: dict[str, Any]) -> None:
    """Writes a safetensors file (no pickle); one that was there stays whole until the new one is complete.

    Args:
        path: the file, in an existing folder.
        person: what to write, with its photos.
        record: JSON-serialisable; must name the variant.
    """
    tensors = {name: value.contiguous() for name, value in person.state_dict().items()}
    tensors["photos"] = (person.photos.images * 255).round().to(torch.uint8).contiguous()
    tensors["landmarks"] = person.photos.landmarks.contiguous()
    lightweight = person.mover.fingerprint if person.mover else None
    facts = record | {"model": MODEL_NAME, "warped_photo": person.warped_photo, "lightweight": lightweight}
    with atomic_path(path) as unfinished:
        save_file(tensors, unfinished, {"record": json.dumps(facts)})


def load_person(path: Path, variant: str | None = None, lightweight: Path | None = None) -> FewShotPerson:
    """A person from a file, in `eval`.

    Args:
        path: what `save_person` wrote.
        variant: what it must be; None: anything.
        lightweight: as for `load_few_shot_model`.

    Raises:
        FileNotFoundError: no such file.
        ValueError: another kind of file, or another variant.
    """
    record: dict[str, Any] = read_record(path)
    if record.get("model") != MODEL_NAME:
        raise ValueError(f"{path} holds no person; make one with `monalive-distill finetune`")
    if variant is not None and record["variant"] != variant:
        raise ValueError(f"{path} was made with variant {record['variant']!r}, not {variant!r}")
    tensors = load_file(path)
    missing = sorted({"photos", "landmarks", "adain"} - set(tensors))
    if missing:
        raise ValueError(f"{path} is damaged: it has no {missing[0]}; make it again")
    photos = PersonPhotos(tensors.pop("photos").float() / 255, tensors.pop("landmarks"))
    model = build_few_shot_model(record["variant"], read_warped_photo(record["warped_photo"]), lightweight)
    if model.mover:
        model.mover.warn_unless(record.get("lightweight"), path)
    person = FewShotPerson(model, photos, tensors["adain"])
    try:
        person.load_state_dict(tensors)
    except RuntimeError as error:
        raise ValueError(f"{path} does not fit variant {record['variant']!r}") from error
    return person.eval()
