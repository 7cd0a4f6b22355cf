"""Configurations from JSON files that name only what differs from the defaults."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

Config = TypeVar("Config")


def read_config_file(path: Path, kind: type[Config], parts: Mapping[str, type]) -> Config:
    """A dataclass from a JSON file, spelt as a run's `record.json` spells it.

    Args:
        path: the file.
        kind: the dataclass.
        parts: fields that are dataclasses themselves, or tuples of them, and which.

    Raises:
        FileNotFoundError: no such file.
        ValueError: it is not JSON, names something that does not exist, or a value is out of range.
    """
    if not path.is_file():
        raise FileNotFoundError(f"there is no configuration file {path}")
    try:
        values: dict[str, Any] = json.loads(path.read_text())
        known = {entry.name for entry in fields(kind)}  # type: ignore[arg-type]
        if unknown := sorted(set(values) - known):
            raise ValueError(f"it names {', '.join(unknown)}; there are {', '.join(sorted(known))}")
        for name, part in parts.items():
            if name in values:
                value = values[name]
                values[name] = tuple(part(**one) for one in value) if isinstance(value, list) else part(**value)
        return kind(**values)
    except (ValueError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} is not a training configuration: {error}") from error
