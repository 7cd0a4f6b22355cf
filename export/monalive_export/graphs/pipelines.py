"""What can be exported: weights from a file to the graphs of a pipeline, in the order in which they run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from monalive.retargeting.retarget_networks import (
    ABSOLUTE_PART,
    BACKGROUND_PART,
    IMAGE_MODE_PART,
    START_PART,
    STEP_PART,
)
from monalive_distill.few_shot.checkpoint import MODEL_NAME as FEW_SHOT
from monalive_distill.few_shot.checkpoint import load_few_shot_model
from monalive_distill.few_shot.model import FewShotModel
from monalive_distill.few_shot.person import MODEL_NAME as PERSON
from monalive_distill.few_shot.person import FewShotPerson, load_person
from monalive_distill.few_shot.regions.checkpoint import MODEL_NAME as EXPERT
from monalive_distill.few_shot.regions.checkpoint import load_expert
from monalive_distill.generator.lightweight_generator import LightweightGenerator, load_generator
from monalive_distill.regions.weights_file import MODEL_NAME as REGIONS
from monalive_distill.regions.weights_file import load_region_networks
from monalive_distill.speech.network import MODEL_NAME as SPEECH
from monalive_distill.speech.network import load_speech
from monalive_distill.tracker.networks import load_tracker
from monalive_distill.tracker.weights_file import MODEL_NAME as TRACKER
from monalive_distill.training.checkpoint import read_record
from monalive_export.graphs.background_flow import BackgroundFlowGraph
from monalive_export.graphs.eyes_and_mouth import EyePictureGraph, MouthPictureGraph, region_graphs
from monalive_export.graphs.few_shot import FewShotAnimateGraph, FewShotEnrollGraph, MovePhotoGraph
from monalive_export.graphs.image_mode import ImageModeGraph
from monalive_export.graphs.lightweight import AnimateGraph, EnrollGraph, PictureGraph
from monalive_export.graphs.ports import Graph
from monalive_export.graphs.region_experts import ExpertPictureGraph, expert_graphs
from monalive_export.graphs.retarget import RetargetGraph, RetargetStartGraph
from monalive_export.graphs.retarget_absolute import RetargetAbsoluteGraph
from monalive_export.graphs.speech import speech_graphs
from monalive_export.graphs.tracker import tracker_graphs

LIGHTWEIGHT_SIZE = 256
# What every pipeline has before its networks, in the order in which it runs: a part is one line here.
GEOMETRY: Mapping[str, Callable[[], Graph]] = {
    IMAGE_MODE_PART: ImageModeGraph,
    START_PART: RetargetStartGraph,
    STEP_PART: RetargetGraph,
    ABSOLUTE_PART: RetargetAbsoluteGraph,
    BACKGROUND_PART: BackgroundFlowGraph,
}


@dataclass(frozen=True)
class ExportModel:
    """A pipeline.

    Attributes:
        name: what it is, for people.
        image_size: side of the photos that it takes.
        graphs: by part name, in the order in which they run; an output feeds every later input of the same name.
        source: makes it once more in another process (and can be sent there); None where none can.
        pictures: what an app makes pictures with, where graphs leave that to it; each has one output, the picture.
    """

    name: str
    image_size: int
    graphs: Mapping[str, Graph]
    source: Callable[[], ExportModel] | None = None
    pictures: Sequence[Graph] = ()


def load_model(weights: Path, tracker: Path | None = None, regions: Path | None = None) -> ExportModel:
    """The pipeline of a checkpoint: the lightweight generator, the few-shot model, a fine-tuned person, the networks of
    eyes and mouth, the full-size expert of one of them, the tracker, or the network that moves the lips.

    Args:
        weights: the checkpoint.
        tracker: weights of the tracker that becomes part of the pipeline; None for one without a tracker.
        regions: weights of the networks of eyes and mouth, alike.

    Raises:
        FileNotFoundError: no such file.
        ValueError: it is no checkpoint of these; the message says what it is.
    """
    source = partial(load_model, weights, tracker, regions)
    record: dict[str, Any] = read_record(weights)
    kind, variant = record.get("model"), record.get("variant")
    if kind == TRACKER:
        return ExportModel("monalive tracker", LIGHTWEIGHT_SIZE, tracker_graphs(load_tracker(weights)), source)
    if kind == SPEECH:
        return ExportModel("monalive speech", LIGHTWEIGHT_SIZE, speech_graphs(load_speech(weights)), source)
    if kind == EXPERT:
        mover, expert = load_expert(weights)
        graphs = expert_graphs(mover.region, mover, expert)
        name = f"monalive expert of the {mover.region.name}"
        return ExportModel(name, LIGHTWEIGHT_SIZE, graphs, source, (ExpertPictureGraph(mover.region),))
    if kind == REGIONS:
        return with_regions(ExportModel("monalive eyes and mouth", LIGHTWEIGHT_SIZE, {}, source), weights)
    model = replace(_whole_picture(weights, kind, variant), source=source)
    before = {} if tracker is None else tracker_graphs(load_tracker(tracker))
    model = replace(model, graphs={**before, **model.graphs})
    return model if regions is None else with_regions(model, regions)


def with_regions(model: ExportModel, weights: Path) -> ExportModel:
    """A pipeline with the networks of eyes and mouth after its own.

    Raises:
        FileNotFoundError, ValueError: no such weights, or another kind of file.
    """
    graphs = {name: graph.eval() for name, graph in region_graphs(load_region_networks(weights)).items()}
    pictures = (*model.pictures, EyePictureGraph(), MouthPictureGraph())
    return replace(model, graphs={**model.graphs, **graphs}, pictures=pictures)


def _whole_picture(weights: Path, kind: object, variant: object) -> ExportModel:
    if kind == FEW_SHOT:
        model = load_few_shot_model(weights)
        return few_shot_pipeline(f"monalive few-shot model ({variant})", model, {"enroll": FewShotEnrollGraph(model)})
    if kind == PERSON:
        return few_shot_pipeline(f"monalive few-shot model ({variant}), fine-tuned", load_person(weights), {})
    if kind is not None or not isinstance(variant, str):
        raise ValueError(f"{weights} is a checkpoint of a kind that cannot be exported ({kind or 'no variant named'})")
    return lightweight_model(load_generator(weights))


def lightweight_model(generator: LightweightGenerator) -> ExportModel:
    """The pipeline of a lightweight generator."""
    generator = generator.eval()
    graphs: dict[str, Graph] = {"enroll": EnrollGraph(generator), "animate": AnimateGraph(generator)}
    model = _with_geometry("monalive lightweight generator", LIGHTWEIGHT_SIZE, graphs)
    return replace(model, pictures=(PictureGraph(),))


def few_shot_pipeline(name: str, model: FewShotModel | FewShotPerson, graphs: dict[str, Graph]) -> ExportModel:
    """A few-shot pipeline. Where the lightweight generator moves the photo, its two graphs run first."""
    mover, size = model.mover, model.size
    if mover is not None and mover.how == "lightweight":
        generator, size = mover.full_precision_generator(), mover.photo_size
        lightweight = {"enroll_mover": EnrollGraph(generator), "move_photo": MovePhotoGraph(generator, model.size)}
        graphs = {**lightweight, **graphs}
    return _with_geometry(name, size, {**graphs, "animate": FewShotAnimateGraph(model)})


def count_macs(graph: Graph, inputs: Mapping[str, torch.Tensor]) -> int:
    """Multiply-accumulates of convolutions and matrix products in one call."""
    counter = FlopCounterMode(display=False)
    with torch.no_grad(), counter:
        graph(**{port.name: inputs[port.name] for port in graph.inputs})
    return int(counter.get_total_flops()) // 2


def _with_geometry(name: str, image_size: int, graphs: dict[str, Graph]) -> ExportModel:
    every: dict[str, Graph] = {**{part: graph() for part, graph in GEOMETRY.items()}, **graphs}
    return ExportModel(name, image_size, {part: graph.eval() for part, graph in every.items()})
