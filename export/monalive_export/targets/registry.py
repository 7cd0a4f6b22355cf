"""The targets there are, by name; each is loaded when it is asked for, so that one missing package disables one."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from monalive_export.targets.base import Target

TARGETS: Final = {
    "litert": "litert:LiteRTTarget",
    "coreml": "coreml:CoreMLTarget",
    "onnx": "onnx:OnnxTarget",
}


def load_target(name: str) -> Target:
    """A target.

    Raises:
        ValueError: there is none of that name.
        ImportError: its packages are not installed.
    """
    if name not in TARGETS:
        raise ValueError(f"there is no target {name!r}: choose from {', '.join(TARGETS)}")
    module, _, kind = TARGETS[name].partition(":")
    target: Target = getattr(importlib.import_module(f"monalive_export.targets.{module}"), kind)()
    return target
