"""One tiny pipeline and what export makes of it."""

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
    """See `tiny_pipeline`."""
    pytest.importorskip("litert_torch")
    from tiny_pipeline import tiny_pipeline

    return tiny_pipeline()


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory, tiny_model) -> Callable[[str], Path]:  # type: ignore[no-untyped-def]
    """The folder of one target's export, in every precision; made when first asked for."""
    from monalive_export.export import ExportOptions, export_model
    from monalive_export.targets.registry import load_target

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
