"""Whose consent an animation needs, said once and recorded in the file."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from enum import Enum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

log = logging.getLogger(__name__)

NOTICE: Final = (
    "Faces are people: animate your own face, one whose owner has agreed, or a work of art. "
    "Say which with consent= (--consent self|given|artwork); it is recorded in the file. "
    "Every file written says that it is AI-made."
)

SPEECH_NEEDS_CONSENT: Final = (
    "speech puts words into a person's mouth: state why this face may speak. It is your own (--consent self, "
    "consent='self'), its owner has agreed to these words (given), or it is a work of art (artwork)"
)


class Consent(Enum):
    """Why this face may be animated, as the user states it; nothing checks it."""

    SELF = "self"  # it is my own face
    GIVEN = "given"  # the person shown has agreed
    ARTWORK = "artwork"  # a painting, a drawing, a sculpture: nobody's photo


_said = False
_stated_for: Final[set[int]] = set()  # pictures, by their keys


def stated_consent(consent: Consent | str | None) -> Consent | None:
    """What the user states, from its name.

    Raises:
        ValueError: another name.
    """
    try:
        return None if consent is None else Consent(consent)
    except ValueError:
        raise ValueError(f"consent is 'self', 'given' or 'artwork' (or left out), not {consent!r}") from None


def require_consent_to_speech(consent: Consent | None) -> None:
    """What a face says is more than how it moves: without a statement it does not speak.

    Raises:
        ValueError: none was made.
    """
    if consent is None:
        raise ValueError(SPEECH_NEEDS_CONSENT)


@contextmanager
def held_back() -> Iterator[None]:
    """Inside, the notice is not logged: the caller says it in its own way."""
    global _said
    before, _said = _said, True
    try:
        yield
    finally:
        _said = before


def say_once(consent: Consent | None, pictures: Iterable[NDArray[np.uint8]] | None = None) -> None:
    """Logs the notice at the first call of the process that has no statement of consent.

    Args:
        consent: what is stated.
        pictures: (H, W, 3) uint8, those whose faces are meant; nothing is said of those for which consent was stated
            in a call before. None: not known.
    """
    global _said
    keys = None if pictures is None else {_key(picture) for picture in pictures}
    if consent is not None:
        _stated_for.update(keys or ())
    elif not _said and (keys is None or not keys <= _stated_for):
        _said = True
        log.warning(NOTICE)


def _key(picture: NDArray[np.uint8]) -> int:
    """The same for the same picture: a part of its pixels will do."""
    return hash((picture.shape, picture[::8, ::8].tobytes()))
