"""What to train and how: a dataclass of defaults, a JSON file of what differs from them, and single values on top."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, fields, is_dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar, get_args, get_type_hints

from pydantic import TypeAdapter, ValidationError

Config = TypeVar("Config")


def read_config(kind: type[Config], file: Path | None = None, changes: Sequence[str] = ()) -> Config:
    """The configuration of a training.

    Args:
        kind: a dataclass of which every field has a default.
        file: JSON, spelt as a run's `record.json` spells it, of what differs from the defaults; None: nothing.
        changes: "name=value" each, on top of that: "losses.pixel=0.5". The value is JSON; a bare word is a string.

    Raises:
        FileNotFoundError: no such file.
        ValueError: something is not JSON, names what does not exist, or is of another type or out of range; the
            message says where, and which names come near.
    """
    values = asdict(kind())  # type: ignore[call-overload]
    config = kind()
    if file is not None:
        if not file.is_file():
            raise FileNotFoundError(f"there is no configuration file {file}")
        try:
            values = _merged(kind, values, json.loads(file.read_text()))
            config = _checked(kind, values)
        except ValueError as error:
            raise ValueError(f"{file} is not a training configuration: {error}") from error
    for change in changes:
        name, equals, value = change.partition("=")
        try:
            if not equals:
                raise ValueError("give NAME=VALUE")
            values = _merged(kind, values, _with(values, name.split("."), _parsed(value)))
            config = _checked(kind, values)
        except ValueError as error:
            raise ValueError(f"cannot set {change}: {error}") from error
    return config


def _parsed(value: str) -> Any:
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return value


def _with(values: Any, path: Sequence[str], value: Any) -> Any:
    """Nested values with another one at a path."""
    if not path:
        return value
    inside = values if isinstance(values, dict) else {}
    return {**inside, path[0]: _with(inside.get(path[0]), path[1:], value)}


def _merged(kind: type, values: Mapping[str, Any], changes: Any, path: str = "") -> dict[str, Any]:
    """`values` of a dataclass with `changes`, after a check that every name in these exists."""
    if not isinstance(changes, dict):
        raise ValueError(f"{path.removesuffix('.') or 'it'} must be an object of names and values, not {changes!r}")
    hints, made = get_type_hints(kind), dict(values)
    for name, change in changes.items():
        if name not in hints:
            raise ValueError(_unknown(path + name, [path + known for known in _names(kind)], list(hints)))
        if is_dataclass(hints[name]):
            change = _merged(hints[name], values[name], change, f"{path}{name}.")
        elif isinstance(change, list):
            for part in filter(is_dataclass, get_args(hints[name])):
                change = [_merged(part, {}, one, f"{path}{name}.") for one in change]  # type: ignore[arg-type]
        made[name] = change
    return made


def _checked(kind: type[Config], values: Mapping[str, Any]) -> Config:
    """The dataclass, if all values are of its fields' types."""
    try:
        return TypeAdapter(kind).validate_json(json.dumps(values), strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        said = first["msg"].removeprefix("Value error, ")
        raise ValueError(f"{place}: {said[0].lower()}{said[1:]}, not {first['input']!r}" if place else said) from None


def _names(kind: type) -> Iterator[str]:
    """Dotted names of all fields of a dataclass and of its parts."""
    for name, hint in get_type_hints(kind).items():
        yield name
        if is_dataclass(hint):
            yield from (f"{name}.{part.name}" for part in fields(hint))


def _unknown(name: str, known: Sequence[str], here: Sequence[str]) -> str:
    """What to say of a name that is not known; `here` are those beside it."""
    near = get_close_matches(name, known, 3, cutoff=0.75)
    last = name.rpartition(".")[2]  # the right word at another place: "shown_teeth" for "losses.shown_teeth"
    near += [one for one in known if one.rpartition(".")[2] == last and one not in near]
    return f"there is no {name}; " + (f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(here)}")
