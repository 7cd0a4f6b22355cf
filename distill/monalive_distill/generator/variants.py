"""Sizes of networks, by name, from the JSON files beside the code."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any


def read_sizes(package: str, file: str, variant: str, what: str) -> dict[str, Any]:
    """The sizes of a variant: lists as tuples.

    Args:
        package, file: where the JSON file is.
        variant: its name there.
        what: the kind of variant, for the message.

    Raises:
        ValueError: no such variant.
    """
    variants = json.loads(resources.files(package).joinpath(file).read_text())
    if variant not in variants:
        raise ValueError(f"no {what} variant named {variant!r}; choose from {', '.join(variants)}")
    return {key: tuple(value) if isinstance(value, list) else value for key, value in variants[variant].items()}
