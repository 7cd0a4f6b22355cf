"""Records tests/golden/runtime: a tiny pipeline as a bundle per runtime, and what PyTorch computes with it.

With the extra `export` installed: python tests/golden/record_runtime_golden.py [TARGET...]
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from monalive_export.checks.frames import packaged_frames
from monalive_export.checks.parity import Reference
from monalive_export.export import ExportOptions, export_model
from monalive_export.targets.registry import TARGETS, load_target

sys.path.append(str(Path(__file__).parents[1] / "support"))
from tiny_pipeline import tiny_pipeline

FOLDER = Path(__file__).parent / "runtime"
EVERY = 8  # pixel of the pictures is kept


def main() -> None:
    model = tiny_pipeline()
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for target in sys.argv[1:] or TARGETS:
            options = ExportOptions(Path(folder), [load_target(target)], ["fp32"], "0.0.0", "Apache-2.0")
            export_model(model, options, print)
            (FOLDER / f"{target}.bundle").write_bytes((Path(folder) / f"{target}.bundle").read_bytes())
    (frame,) = packaged_frames(1, model.image_size)
    # Kept as bytes: what is recorded is computed from exactly what the file holds.
    photo = np.round(frame.inputs["photo"][0] * 255).astype(np.uint8)
    small = photo[::4, ::4].repeat(4, 0).repeat(4, 1)
    inputs = dict(frame.inputs) | {"photo": small[None].astype(np.float32) / np.float32(255)}
    around = np.random.default_rng(0).normal(0, 0.02, inputs["surroundings"].shape)
    inputs["surroundings"] = around.astype(np.float16).astype(np.float32)
    values = Reference(model, [replace(frame, inputs=inputs)]).values[0]
    wanted = {f"wanted_{port.name}": values[port.name] for port in model.graphs["animate"].outputs}
    kept = {name: value[:, ::EVERY, ::EVERY] if value.shape[1] > 200 else value for name, value in wanted.items()}
    np.savez_compressed(
        FOLDER / "vectors.npz",
        photo_small=photo[::4, ::4],
        **{name: inputs[name] for name in ("source_landmarks", "target_landmarks", "surroundings")},
        **kept,  # type: ignore[arg-type]
    )


if __name__ == "__main__":
    main()
