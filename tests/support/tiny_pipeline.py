"""One tiny pipeline, untrained but not at its start: what tests export, and what the runtimes' golden vectors hold."""

from __future__ import annotations

from dataclasses import replace

import torch

from monalive_distill.generator.lightweight_generator import build_generator
from monalive_export.graphs.pipelines import ExportModel, lightweight_model


def tiny_pipeline() -> ExportModel:
    """Enrolment and animation of the tiny variant with random weights; geometry graphs are tested on their own."""
    torch.manual_seed(0)
    generator = build_generator("tiny")
    with torch.no_grad():
        for parameter in generator.parameters():  # heads begin at zero: move everything
            parameter.add_(torch.randn_like(parameter) * 0.05)
    whole = lightweight_model(generator)
    return replace(whole, graphs={name: whole.graphs[name] for name in ("enroll", "animate")})
