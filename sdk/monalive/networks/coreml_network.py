"""A network on Core ML. Apple's runtime is part of macOS (and iOS): on other systems there is none."""

from __future__ import annotations

import io
import platform
import tempfile
import zipfile
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from monalive.networks.runtimes import RuntimeOptions, Tensors

_COMPUTE_UNITS: Final = {"cpu": "CPU_ONLY", "gpu": "CPU_AND_GPU", "npu": "CPU_AND_NE"}


class CoreMLNetwork:
    """One loaded network.

    Args:
        content: the .mlpackage as an uncompressed zip.
        package: "coremltools".
        options: the delegate "npu" is the Neural Engine; threads are Core ML's own business.
        what: what to call it in an error.

    Raises:
        ValueError: this is not macOS, or Core ML cannot load it.
    """

    def __init__(self, content: bytes, package: str, options: RuntimeOptions, what: str) -> None:
        if platform.system() != "Darwin":
            raise ValueError(f"{what} is a Core ML network, which runs on macOS only; use a bundle of another format")
        import coremltools

        self._folder = tempfile.TemporaryDirectory()  # Core ML maps the files: they stay as long as the network
        path = unpack_package(content, Path(self._folder.name), what)
        units = getattr(coremltools.ComputeUnit, _COMPUTE_UNITS[options.delegate])
        try:
            self._model: Any = coremltools.models.MLModel(str(path), compute_units=units)
        except Exception as error:  # Core ML's errors come as RuntimeError and plain Exception
            raise ValueError(f"{what} holds a network that Core ML cannot load: {error}") from error
        description = self._model.get_spec().description
        self.input_names = tuple(entry.name for entry in description.input)
        self.output_names = tuple(entry.name for entry in description.output)

    def __call__(self, tensors: Tensors) -> dict[str, NDArray[np.float32]]:
        """Runs it: float32 arrays by name in and out."""
        outputs = self._model.predict({name: tensors[name] for name in self.input_names})
        return {name: np.asarray(outputs[name], np.float32) for name in self.output_names}


def unpack_package(content: bytes, folder: Path, what: str) -> Path:
    """Writes a zipped .mlpackage into `folder`; returns the package's path.

    Raises:
        ValueError: it is no such zip.
    """
    path = folder / "network.mlpackage"
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            archive.extractall(path)
    except zipfile.BadZipFile as error:
        raise ValueError(f"{what} is not a zipped Core ML package: {error}") from error
    return path


def pack_package(path: Path) -> bytes:
    """A .mlpackage folder as an uncompressed zip; the same content gives the same bytes."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for file in sorted(path.rglob("*")):  # folders too: that of the weights may be empty, but must be there
            name = file.relative_to(path).as_posix() + ("/" if file.is_dir() else "")
            info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            info.external_attr = (0o755 if file.is_dir() else 0o644) << 16
            archive.writestr(info, b"" if file.is_dir() else file.read_bytes())
    return packed.getvalue()
