"""A grid of pictures with captions, to look at many results at once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from monalive.atomic_file import atomic_path
from monalive.rgb_image import require_rgb

_BACKGROUND: Final = (255, 255, 255)
_INK: Final = (30, 30, 30)
_EMPTY: Final = (238, 238, 238)
_LINE_SPACING: Final = 1.25
_JPEG_QUALITY: Final = 88
# Width of the column of row captions, in cells.
_ROW_CAPTION_WIDTH: Final = 0.55


def contact_sheet(
    rows: Sequence[Sequence[NDArray[np.uint8] | None]],
    *,
    row_captions: Sequence[str] | None = None,
    column_captions: Sequence[str] | None = None,
    title: str | None = None,
    cell: int = 256,
    cell_height: int | None = None,
    gap: int = 6,
) -> NDArray[np.uint8]:
    """Lays pictures out in rows.

    Each picture is scaled to fit a cell, keeping its proportions; pictures of the cell's size are
    copied bit for bit. Captions that are too long for their place are broken into lines.

    Args:
        rows: pictures (H, W, 3) uint8 RGB of any size; None leaves a cell grey. Rows may differ in length.
        row_captions: one text per row, at its left.
        column_captions: one text per column of the longest row, above it.
        title: a text over everything.
        cell: width of a cell in pixels, at least 16.
        cell_height: its height; None for square cells.
        gap: space between cells in pixels.

    Returns:
        (H, W, 3) uint8 RGB.

    Raises:
        ValueError: no pictures, a wrong number of captions, or something that is not such a picture.
    """
    columns = max((len(row) for row in rows), default=0)
    if columns == 0:
        raise ValueError("a contact sheet needs at least one picture")
    height = cell if cell_height is None else cell_height
    if cell < 16 or height < 16 or gap < 0:
        raise ValueError(
            f"cells must be at least 16 x 16 pixels and gaps not negative, not {cell} x {height} and {gap}"
        )
    _check_captions("row", row_captions, len(rows))
    _check_captions("column", column_captions, columns)

    font = _font(max(10, round(cell / 14)))
    headline = _font(max(12, round(cell / 9)))
    left = round(cell * _ROW_CAPTION_WIDTH) + gap if row_captions else gap
    width = left + columns * (cell + gap)
    title_lines = _wrap(title or "", headline, width - 2 * gap)
    column_lines = [_wrap(text, font, cell) for text in column_captions or ()]
    title_height = _text_height(title_lines, headline) + gap if title else 0
    top = gap + title_height + max((_text_height(lines, font) + gap for lines in column_lines), default=0)

    sheet = Image.new("RGB", (width, top + len(rows) * (height + gap)), _BACKGROUND)
    draw = ImageDraw.Draw(sheet)
    if title:
        _draw_lines(draw, title_lines, headline, gap, gap)
    for column, lines in enumerate(column_lines):
        y = top - gap - _text_height(lines, font)
        _draw_lines(draw, lines, font, left + column * (cell + gap), y, centred_in=cell)
    for index, row in enumerate(rows):
        y = top + index * (height + gap)
        if row_captions:
            lines = _wrap(row_captions[index], font, left - 2 * gap)
            _draw_lines(draw, lines, font, gap, y + max(0, (height - _text_height(lines, font)) // 2))
        for column in range(columns):
            image = row[column] if column < len(row) else None
            _draw_cell(sheet, image, (left + column * (cell + gap), y), (cell, height), grey=column < len(row))
    return np.asarray(sheet).copy()


def save_sheet(path: Path, sheet: NDArray[np.uint8]) -> None:
    """Writes a picture (H, W, 3) uint8 RGB as JPEG; nothing is left half-written."""
    done, data = cv2.imencode(".jpg", sheet[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    if not done:
        raise RuntimeError(f"{path.name} could not be encoded")
    with atomic_path(path) as temporary:
        temporary.write_bytes(data.tobytes())


def _check_captions(kind: str, captions: Sequence[str] | None, wanted: int) -> None:
    if captions is not None and len(captions) != wanted:
        raise ValueError(f"{wanted} {kind}(s) need {wanted} captions, not {len(captions)}")


def _draw_cell(
    sheet: Image.Image, image: NDArray[np.uint8] | None, at: tuple[int, int], cell: tuple[int, int], *, grey: bool
) -> None:
    if image is None:
        if grey:
            sheet.paste(_EMPTY, (*at, at[0] + cell[0], at[1] + cell[1]))
        return
    require_rgb(image)
    picture = Image.fromarray(np.ascontiguousarray(image))
    scale = min(cell[0] / picture.width, cell[1] / picture.height)
    if scale != 1:
        size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
        picture = picture.resize(size, Image.Resampling.LANCZOS if scale < 1 else Image.Resampling.BICUBIC)
    sheet.paste(picture, (at[0] + (cell[0] - picture.width) // 2, at[1] + (cell[1] - picture.height) // 2))


def _draw_lines(
    draw: ImageDraw.ImageDraw,
    lines: list[str],
    font: ImageFont.FreeTypeFont,
    x: int,
    y: int,
    centred_in: int = 0,
) -> None:
    for line in lines:
        shift = max(0.0, (centred_in - font.getlength(line)) / 2) if centred_in else 0.0
        draw.text((x + shift, y), line, _INK, font=font)
        y += _line_height(font)


def _wrap(text: str, font: ImageFont.FreeTypeFont, width: int) -> list[str]:
    """Lines no wider than `width` pixels; words that are too long by themselves are cut."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) <= width:
            lines[-1] = longer
            continue
        if lines[-1]:
            lines.append("")
        for letter in word:
            if lines[-1] and font.getlength(lines[-1] + letter) > width:
                lines.append("")
            lines[-1] += letter
    return lines


def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size=size)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise RuntimeError("this Pillow was built without FreeType: install one from PyPI to write captions")
    return font


def _line_height(font: ImageFont.FreeTypeFont) -> int:
    return round(font.size * _LINE_SPACING)


def _text_height(lines: list[str], font: ImageFont.FreeTypeFont) -> int:
    return len(lines) * _line_height(font)
