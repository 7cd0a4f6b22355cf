"""Several photos of one person: what the network makes of each, blended by how much it trusts each place."""

from __future__ import annotations

import torch


def blend(images: torch.Tensor, confidence: torch.Tensor) -> torch.Tensor:
    """The pictures of several photos moved to one pose, as one picture.

    Args:
        images: (N, m, 3, H, H), m pictures of each frame.
        confidence: (N, m, 1, H, H) of each, compared by softmax.

    Returns:
        (N, 3, H, H).
    """
    return (images * torch.softmax(confidence, 1)).sum(1)


def by_frame(x: torch.Tensor, per_person: int, targets: int) -> torch.Tensor:
    """(P * k, ...) in the order of a `TrainingGroup` (person, photo, target) to (frames, photos per person, ...)."""
    of_frames: torch.Tensor = x.unflatten(0, (-1, per_person, targets)).transpose(1, 2).flatten(0, 1)
    return of_frames
