"""What moves the photo that the full-size generator sees beside the drawing: a switch of the model."""

from __future__ import annotations

from typing import Any, Literal, get_args

WarpedPhoto = Literal["none", "geometry", "lightweight"]
WARPED_PHOTO: tuple[WarpedPhoto, ...] = get_args(WarpedPhoto)


def read_warped_photo(value: Any) -> WarpedPhoto:
    """The switch from a record or configuration; before it had three values it was a bool.

    Raises:
        ValueError: anything else.
    """
    if isinstance(value, bool):
        return "geometry" if value else "none"
    if value not in WARPED_PHOTO:
        raise ValueError(f"warped_photo must be one of {', '.join(WARPED_PHOTO)}, not {value!r}")
    return value  # type: ignore[no-any-return]
