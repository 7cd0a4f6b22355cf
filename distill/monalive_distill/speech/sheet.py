"""A picture of some clips: the sound's wave form, its phones, jaw and lips as measured and as made, and mouths."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from monalive.atomic_file import atomic_path
from monalive.faces.expressions import load_expressions
from monalive.faces.landmarks import LIPS_INNER, LIPS_OUTER
from monalive_distill.speech.baselines import Method, loudness
from monalive_distill.speech.measures import openings
from monalive_distill.speech.mouth_basis import mouth_basis
from monalive_distill.speech.phones import SILENCE
from monalive_distill.speech.sound import SAMPLE_RATE
from monalive_distill.speech.tracks import Track

_WIDTH, _LEFT, _MARGIN = 1500, 110, 14
_WAVE, _CURVE, _MOUTH, _TEXT = 60, 90, 64, 18
_SECONDS: Final = 3.0
_MOST_OPEN: Final = 0.2  # top of the curves, outer-eye-corner distances
_MEASURED, _MADE, _LOUD, _INK = (40, 110, 200), (215, 70, 40), (175, 175, 175), (40, 40, 40)
_SHOWN: Final = {"sentences": 2, "speakers": 3}


def write_speech_sheet(path: Path, tracks: Sequence[Track], ours: Method) -> None:
    """Writes a PNG: the first clips of held-out sentences and of held-out speakers.

    Args:
        path: the file.
        tracks: of `load_tracks`.
        ours: what to compare with the measured mouths.
    """
    shown = [
        track for split, count in _SHOWN.items() for track in [each for each in tracks if each.split == split][:count]
    ]
    height = _WAVE + 2 * _CURVE + 2 * _MOUTH + 2 * _TEXT + _MARGIN
    sheet = Image.new("RGB", (_WIDTH, max(height * len(shown), 1)), "white")
    for row, track in enumerate(shown):
        _draw_clip(ImageDraw.Draw(sheet), track, ours(track), row * height)
    with atomic_path(path) as unfinished:
        sheet.save(unfinished, "PNG", optimize=True)


def _draw_clip(draw: ImageDraw.ImageDraw, track: Track, made: NDArray[np.floating], top: int) -> None:
    across = (_WIDTH - _LEFT - _MARGIN) / _SECONDS

    def place(seconds: float) -> float:
        return _LEFT + seconds * across

    draw.text((_MARGIN, top + 2), f"{track.person}, {track.name}", fill=_INK)
    y = top + _TEXT
    draw.text((_MARGIN, y + _WAVE / 2 - 6), "sound", fill=_INK)
    step = SAMPLE_RATE // 250
    peak = max(float(np.abs(track.sound).max()), 1e-6)
    for index in range(0, min(len(track.sound), int(_SECONDS * SAMPLE_RATE)), step):
        half = float(np.abs(track.sound[index : index + step]).max()) / peak * _WAVE / 2
        x = place(index / SAMPLE_RATE)
        draw.line([(x, y + _WAVE / 2 - half), (x, y + _WAVE / 2 + half)], fill=(120, 120, 120))
    y += _WAVE
    for phone in track.phones.phones if track.phones is not None else ():
        if phone.name != SILENCE and phone.start < _SECONDS:
            draw.line([(place(phone.start), y), (place(phone.start), y + _TEXT + 2 * _CURVE)], fill=(230, 230, 230))
            draw.text((place(phone.start) + 2, y + 2), phone.name, fill=_INK)
    y += _TEXT
    kept = track.times_s < _SECONDS
    places = [place(float(moment)) for moment in track.times_s[kept]]
    level = loudness(track.sound, track.times_s)[kept] * 0.1
    for name, measured, values in zip(("jaw", "lips"), (track.jaw, track.lips), openings(made), strict=True):
        draw.text((_MARGIN, y + _CURVE / 2 - 6), f"{name}: measured", fill=_MEASURED)
        draw.text((_MARGIN, y + _CURVE / 2 + 8), "from sound", fill=_MADE)
        draw.text((_MARGIN, y + _CURVE / 2 + 22), "loudness", fill=_LOUD)
        for curve, colour in ((level, _LOUD), (measured[kept], _MEASURED), (values[kept], _MADE)):
            heights = y + _CURVE - 4 - np.clip(curve / _MOST_OPEN, -0.02, 1) * (_CURVE - 10)
            draw.line(list(zip(places, heights.tolist(), strict=True)), fill=colour, width=2)
        y += _CURVE
    for name, coefficients, colour in (("measured", track.coefficients, _MEASURED), ("from sound", made, _MADE)):
        draw.text((_MARGIN, y + _MOUTH / 2 - 6), name, fill=colour)
        for moment in np.arange(0.06, min(_SECONDS, float(track.times_s[-1])), 0.12):
            nearest = int(np.abs(track.times_s - moment).argmin())
            _draw_mouth(draw, coefficients[nearest], place(float(moment)), y + _MOUTH / 2, colour)
        y += _MOUTH


def _draw_mouth(
    draw: ImageDraw.ImageDraw, coefficients: NDArray[np.floating], x: float, y: float, colour: tuple[int, int, int]
) -> None:
    basis = load_expressions()
    points = basis.mean_face + np.tensordot(coefficients, mouth_basis().displacements, axes=1)
    points = basis.apertures.mouth.separate(points)[:, :2] * 90
    middle = basis.mean_face[list(LIPS_OUTER), :2].mean(0) * 90
    for contour in (LIPS_OUTER, LIPS_INNER):
        line = [(x + px - middle[0], y - 6 + py - middle[1]) for px, py in points[list((*contour, contour[0]))]]
        draw.line(line, fill=colour, width=1)
