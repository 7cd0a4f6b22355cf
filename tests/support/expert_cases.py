"""The smallest expert of a region that can be trained."""

from __future__ import annotations

from typing import Final

from monalive_distill.few_shot.regions.config import ExpertConfig

TINY_EXPERT: Final = ExpertConfig(
    sizes=(8, 8, 16, 16, 1), photos=(1, 2), pictures=6, warm_up_steps=1, bfloat16=False, log_every=1
)
