"""A training set of people who do not exist, each in several head poses and expressions.

Real video teaches motion, but of few people; these add many faces, lit and dressed in many ways, that belong
to nobody. Person and variants follow from a seed alone, and the set's manifest lists them, so a set can be
made again.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from monalive.atomic_file import atomic_path
from monalive_distill.data.face_generator import GENERATOR_PACKAGE, FaceGenerator
from monalive_distill.data.style_directions import StyleDirections

FORMAT: Final = "monalive.synthetic_people"
MANIFEST: Final = "people.jsonl"
JPEG_QUALITY = 95
# Beyond these edits hair, clothes or background start to change (degrees, blendshape scores).
MAX_YAW, MAX_PITCH = 22.0, 12.0
SMILE, JAW_OPEN = (-0.25, 0.5), (0.03, 0.15)
TRUNCATION = (0.6, 0.8)


@dataclass(frozen=True)
class Person:
    """Who, and in which variants: each the amounts `StyleDirections.edit` takes."""

    seed: int
    truncation: float
    variants: tuple[Mapping[str, float], ...]


def draw_person(seed: int, variants: int = 4, *, edit_first: bool = False) -> Person:
    """A person and what they do, from the seed alone: unedited, then turns to both sides with changing
    expressions.

    Args:
        seed: 0 or more.
        variants: pictures of this person, at least 1.
        edit_first: turn the first picture too: for sets with a single picture of each person.

    Raises:
        ValueError: a number out of range.
    """
    if seed < 0 or variants < 1:
        raise ValueError(f"seed must be >= 0 and variants >= 1; got {seed} and {variants}")
    # The generator draws the face from the same seed; a second number keeps the two apart.
    random = np.random.default_rng((seed, 1))
    truncation, side = float(random.uniform(*TRUNCATION)), float(random.choice((-1.0, 1.0)))
    edits: list[dict[str, float]] = [] if edit_first else [{}]
    for _ in range(variants - len(edits)):
        edit = {
            "yaw": side * random.uniform(0.0, MAX_YAW),
            "pitch": random.uniform(-MAX_PITCH, MAX_PITCH),
        }
        if random.random() < 0.5:
            edit["smile"] = random.uniform(*SMILE)
        else:
            edit["jawOpen"] = random.uniform(*JAW_OPEN)
        edits.append({name: round(float(amount), 3) for name, amount in edit.items()})
        side = -side
    return Person(seed, round(truncation, 3), tuple(edits))


def render_person(
    person: Person, generator: FaceGenerator, directions: StyleDirections, size: int = 256
) -> NDArray[np.uint8]:
    """The person's variants, (N, size, size, 3) RGB."""
    style = generator.styles([person.seed], person.truncation)[0]
    return generator.render(np.stack([directions.edit(style, edit) for edit in person.variants]), size)


def synthesize(
    folder: str | Path,
    generator: FaceGenerator,
    directions: StyleDirections,
    *,
    people: int,
    first_seed: int = 0,
    variants: int = 4,
    edit_first: bool = False,
    size: int = 256,
    seconds: float | None = None,
) -> Iterator[Person]:
    """Writes `<seed:06d>_<variant>.jpg` for one person after another, and yields each when all their pictures
    exist.

    People that an earlier run put into the folder are passed over, so a run that was stopped can be
    continued.

    Args:
        folder: made if missing. Its `people.jsonl` lists settings in the first line and a person in each
            other line.
        generator: whose people.
        directions: how to edit them.
        people: how many, with seeds from `first_seed` on.
        first_seed: the first person's seed.
        variants, edit_first: pictures of each person, see `draw_person`.
        size: 1024 or a divisor of 512.
        seconds: start no new person after this long.

    Raises:
        ValueError: the folder holds a set made with other settings, or its manifest is damaged.
        OSError: the folder cannot be written.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    settings: dict[str, Any] = {
        "format": FORMAT,
        "version": 1,
        "generator": GENERATOR_PACKAGE,
        "size": size,
        "variants": variants,
    }
    if edit_first:
        settings["edit_first"] = True
    done = _open_manifest(folder / MANIFEST, settings)
    started = time.monotonic()
    for seed in range(first_seed, first_seed + people):
        if seconds is not None and time.monotonic() - started >= seconds:
            return
        if seed in done:
            continue
        person = draw_person(seed, variants, edit_first=edit_first)
        for index, picture in enumerate(render_person(person, generator, directions, size)):
            _write_jpeg(folder / f"{seed:06d}_{index}.jpg", picture)
        with (folder / MANIFEST).open("a", encoding="utf-8") as manifest:
            manifest.write(json.dumps(asdict(person)) + "\n")
        yield person


def _open_manifest(path: Path, settings: Mapping[str, Any]) -> set[int]:
    """Seeds already listed; starts the manifest if there is none, mends a last line cut off by a crash."""
    people: list[Person] = []
    if path.is_file():
        found, people = _parse(path)
        if found != dict(settings):
            raise ValueError(f"{path.parent} has a set made with {found}, not {dict(settings)}; take another folder")
    lines = [json.dumps(settings), *(json.dumps(asdict(person)) for person in people)]
    with atomic_path(path) as temporary:
        temporary.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    return {person.seed for person in people}


def _parse(path: Path) -> tuple[dict[str, Any], list[Person]]:
    # A line without its end was being written when a run was stopped: that person is made again.
    lines = path.read_text(encoding="utf-8").split("\n")[:-1]
    try:
        settings, *entries = (json.loads(line) for line in lines)
        if settings["format"] != FORMAT:
            raise ValueError(settings["format"])
        people = [Person(entry["seed"], entry["truncation"], tuple(entry["variants"])) for entry in entries]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is not a manifest of synthetic people: {error}") from error
    return settings, people


def _write_jpeg(path: Path, picture: NDArray[np.uint8]) -> None:
    quality = [
        cv2.IMWRITE_JPEG_QUALITY,
        JPEG_QUALITY,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
    ]
    encoded, data = cv2.imencode(".jpg", picture[..., ::-1], quality)
    if not encoded:
        raise OSError(f"cannot encode {path.name}")
    with atomic_path(path) as temporary:
        temporary.write_bytes(data.tobytes())
