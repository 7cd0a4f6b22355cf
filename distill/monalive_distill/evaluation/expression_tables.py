"""Tables of expressions: how much arrives, how much is left stage by stage, and how teeth move."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from monalive_distill.evaluation.expressions import A_BLINK, Stages, measured_reach, measured_stages
from monalive_distill.evaluation.face_readings import GROUP_MOVES
from monalive_distill.evaluation.reenactment import ABSOLUTE, CROSS, RELATIVE, ClipResult
from monalive_distill.metrics.reach import Reach, measure_reach

TITLES: Final = {
    ABSOLUTE: "absolute, a clip's own photo",
    RELATIVE: "relative, a clip's own photo",
    CROSS: "relative, another clip's photo",
}
STAGES: Final = {"tracked": "the tracker reads", "asked": "asked of the portrait", "seen": "seen in the picture"}
# A lip that moves less, in pixels of the mouth crop, says nothing about what moves with it.
LIP_MOVES: Final = 2.0


def expression_record(results: Sequence[ClipResult]) -> dict[str, Any]:
    """Mode -> "reach": method -> group -> figures; "stages": method -> measure -> stage -> slope; plain dicts."""
    modes = dict.fromkeys(mode for result in results for mode in result.expressions)
    record = {}
    for mode in modes:
        clips = {result.name: result.expressions[mode] for result in results if mode in result.expressions}
        reach, stages = measured_reach(clips), measured_stages(clips)
        record[mode] = {
            "reach": {method: _plain(row) for method, row in reach.items()},
            "stages": {method: _plain(row) for method, row in stages.items()},
        }
    return record


def _plain(row: Mapping[str, Reach] | Mapping[str, Stages]) -> dict[str, dict[str, Any]]:
    return {name: asdict(value) for name, value in row.items()}


def teeth_record(results: Sequence[ClipResult]) -> dict[str, dict[str, float | int | None]]:
    """Method, or the truth -> how upper teeth follow the upper lip; left out where they were never seen to."""
    record = {}
    for name in dict.fromkeys(name for result in results for name in result.teeth):
        moved = {result.name: result.teeth[name] for result in results if name in result.teeth}
        reach = measure_reach({clip: (pairs[:, 0], pairs[:, 1]) for clip, pairs in moved.items()}, LIP_MOVES)
        if reach is not None:
            record[name] = {"slope": reach.slope, "correlation": reach.correlation, "clips": reach.clips}
    return record


def expression_section(modes: Mapping[str, Any], teeth: Mapping[str, Any]) -> str:
    """The tables as HTML, from the two records."""
    parts = [
        "<h2>Expression reach</h2>",
        "<p>How much of the driver's expression arrives: slope of the result's blendshapes on the truth's, both since "
        "frame 0, through the origin, as MediaPipe reads them; 1 is all of it. In brackets the correlation, then the "
        "mean slope of the worst tenth of the clips and how many clips count: those whose truth moves the group by "
        f"{GROUP_MOVES:g} in one of its frames. A blink's peak: the result over the truth where the truth's eyes are "
        f"most shut, in clips where a blink rises by {A_BLINK:g}. Under the pointer: mean of the clips' own slopes, "
        "and the worst clip.</p>",
    ]
    for mode, tables in modes.items():
        parts += [f"<h3>{html.escape(TITLES[mode])}</h3>", _table(tables["reach"], _reach_cell)]
    parts += [
        "<h2>Stage by stage</h2>",
        "<p>Slopes on the driver's truth of what landmarks say: as the tracker reads the driver, as is asked of the "
        "portrait, as MediaPipe sees it in the picture; relative, in brackets absolute.</p>",
    ]
    for method, rows in stage_rows(modes).items():
        parts += [f"<h3>{html.escape(method)}</h3>", _table(rows, "<td>{}".format)]
    if teeth:
        parts += [
            "<h2>Teeth</h2>",
            "<p>How far upper teeth move with the upper lip, in the skull's own frame: 0 is right, 1 sticks to the "
            "lip; in brackets the correlation. What the truth shows is the measure's own error.</p>",
            _table({name: {"slope": figures} for name, figures in teeth.items()}, _teeth_cell),
        ]
    return "".join(parts)


def stage_rows(modes: Mapping[str, Any]) -> dict[str, dict[str, dict[str, str]]]:
    """Method -> stage -> measure -> "relative (absolute)"; empty where one of the two was not measured."""
    if ABSOLUTE not in modes or RELATIVE not in modes:
        return {}
    absolute, relative = modes[ABSOLUTE]["stages"], modes[RELATIVE]["stages"]
    return {
        method: {
            words: {
                name: f"{slope:.2f} ({absolute[method][name][stage]:.2f})"
                for name, stages in measures.items()
                if (slope := stages[stage]) is not None and name in absolute[method]
            }
            for stage, words in STAGES.items()
        }
        for method, measures in relative.items()
        if measures and all(stages["asked"] is not None for stages in measures.values())
    }


def _table(rows: Mapping[str, Mapping[str, Any]], cell: Callable[[Any], str]) -> str:
    columns = list(dict.fromkeys(name for row in rows.values() for name in row))
    head = "".join(f"<th>{html.escape(name)}" for name in columns)
    lines = [
        f"<tr><th>{html.escape(name)}" + "".join(cell(row[column]) if column in row else "<td>-" for column in columns)
        for name, row in rows.items()
    ]
    return f"<div class=wide><table><tr><th>{head}{''.join(lines)}</table></div>"


def _reach_cell(figures: Mapping[str, Any]) -> str:
    bracket = "" if figures["correlation"] is None else f" ({figures['correlation']:.2f})"
    more = html.escape(f"mean of clips {figures['clip_mean']:.2f}, worst clip {figures['worst_clip']}", quote=True)
    return f"<td title='{more}'>{figures['slope']:.2f}{bracket} {figures['worst_tenth']:.2f} ·{figures['clips']}"


def _teeth_cell(figures: Mapping[str, Any]) -> str:
    bracket = "" if figures["correlation"] is None else f" ({figures['correlation']:.2f})"
    return f"<td>{figures['slope']:.2f}{bracket} · {figures['clips']} clips"
