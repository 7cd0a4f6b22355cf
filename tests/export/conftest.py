"""One tiny pipeline, untrained but not at its start, and what export makes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

torch.set_num_threads(1)


@pytest.fixture(scope="session", autouse=True)
def few_frames() -> Iterator[None]:
    """The gate and calibration on a frame or two: what they find in more is not what these tests are about."""
    pytest.importorskip("litert_torch")
    from monalive_export import export as export_module

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(export_module, "GATE_FRAMES", 2)
        patch.setattr(export_module, "CALIBRATION_FRAMES", 2)
        yield


@pytest.fixture(scope="session")
def tiny_model():  # type: ignore[no-untyped-def]
    """Enrolment and animation of the tiny variant with random weights; geometry graphs are tested on their own."""
    pytest.importorskip("litert_torch")
    from monalive_distill.lightweight_generator import build_generator
    from monalive_export.models import ExportModel, lightweight_model

    torch.manual_seed(0)
    generator = build_generator("tiny")
    with torch.no_grad():
        for parameter in generator.parameters():  # heads begin at zero: move everything
            parameter.add_(torch.randn_like(parameter) * 0.05)
    whole = lightweight_model(generator)
    return ExportModel(whole.name, whole.image_size, {name: whole.graphs[name] for name in ("enroll", "animate")})


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory, tiny_model) -> Callable[[str], Path]:  # type: ignore[no-untyped-def]
    """The folder of one target's export, in every precision; made when first asked for."""
    from monalive_export.export import ExportOptions, export_model
    from monalive_export.targets import load_target

    folders: dict[str, Path] = {}

    def export(target: str) -> Path:
        if target not in folders:
            folder = tmp_path_factory.mktemp(target)
            precisions = ["fp16", "int8"] if target == "coreml" else ["fp32", "fp16", "int8"]  # its fp32 takes a minute
            options = ExportOptions(folder, [load_target(target)], precisions, "0.0.1", "Apache-2.0")
            export_model(tiny_model, options)
            folders[target] = folder
        return folders[target]

    return export
