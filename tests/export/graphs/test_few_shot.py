"""The full-size model, feed-forward and fine-tuned: from its checkpoint to files that compute what it does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

pytest.importorskip("litert_torch")

from gpu_delegate import assert_taken, needs_gpu

from monalive.bundle import Bundle
from monalive.faces.tracker_networks import TRACKER_PARTS
from monalive.networks.named_network import NamedNetwork
from monalive.networks.runtimes import RuntimeOptions
from monalive.player.region_networks import CROPS_PART, REGION_PARTS
from monalive_distill.few_shot.checkpoint import load_few_shot_model
from monalive_distill.few_shot.model import build_few_shot_model
from monalive_distill.few_shot.person import FewShotPerson, load_person, save_person
from monalive_distill.few_shot.person_photos import PersonPhotos
from monalive_distill.generator.lightweight_generator import build_generator
from monalive_distill.training.average import running_average
from monalive_distill.training.checkpoint import save_state
from monalive_export.checks.frames import packaged_frames
from monalive_export.checks.parity import torch_run
from monalive_export.cli import main
from monalive_export.graphs.few_shot import FewShotEnrollGraph
from monalive_export.graphs.pipelines import GEOMETRY, few_shot_pipeline, load_model

SIZE = 32


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    model = build_few_shot_model("tiny")
    path = tmp_path_factory.mktemp("few_shot") / "state.safetensors"
    record = {"model": "few_shot", "variant": "tiny", "warped_photo": True, "people": []}
    save_state(path, {"model": model}, {}, running_average(model, 0.9).module, record)
    return path


@pytest.fixture(scope="module")
def person(tmp_path_factory: pytest.TempPathFactory, checkpoint: Path) -> Path:
    frames = packaged_frames(1, SIZE)
    images = torch.from_numpy(frames[0].inputs["photo"]).permute(0, 3, 1, 2).contiguous()
    flat = torch.from_numpy(frames[0].inputs["source_landmarks"])
    photos = PersonPhotos(images, torch.cat((flat, torch.zeros_like(flat[:, :, :1])), 2))
    path = tmp_path_factory.mktemp("person") / "me.ckpt"
    save_person(path, FewShotPerson(load_few_shot_model(checkpoint), photos), {"variant": "tiny"})
    return path


@torch.inference_mode()
def test_the_graphs_are_the_model(checkpoint: Path) -> None:
    inputs = dict(packaged_frames(1, SIZE)[0].inputs)
    exported = load_model(checkpoint)
    for name in ("enroll", "animate"):
        inputs |= torch_run(exported.graphs[name])(inputs)
    photo, source, target = (
        torch.from_numpy(inputs[name]) for name in ("photo", "source_landmarks", "target_landmarks")
    )
    wanted = load_few_shot_model(checkpoint)(photo.permute(0, 3, 1, 2)[:, None], source[:, None], target).images
    np.testing.assert_allclose(inputs["image"], wanted.permute(0, 2, 3, 1).numpy(), atol=1e-6)


@torch.inference_mode()
def test_the_lightweight_generator_moves_the_photo_in_graphs_of_its_own(tmp_path: Path) -> None:
    torch.manual_seed(0)
    light = tmp_path / "lightweight.safetensors"
    save_state(light, {}, {}, build_generator("tiny"), {"variant": "tiny"})
    model = build_few_shot_model("tiny", "lightweight", light)
    assert model.mover is not None
    model.mover._generator.autocast_dtype = None  # type: ignore[union-attr]  # as exported: in float32
    graphs = few_shot_pipeline("few-shot", model.eval(), {"enroll": FewShotEnrollGraph(model)}).graphs
    assert list(graphs)[-4:] == ["enroll_mover", "move_photo", "enroll", "animate"]
    inputs = dict(packaged_frames(1, model.photo_size)[0].inputs)
    for name in list(graphs)[-4:]:
        inputs |= torch_run(graphs[name])(inputs)
    photo, source, target = (
        torch.from_numpy(inputs[name]) for name in ("photo", "source_landmarks", "target_landmarks")
    )
    wanted = model(photo.permute(0, 3, 1, 2)[:, None], source[:, None], target)
    assert wanted.moved is not None and wanted.moved.shape[-1] == SIZE
    np.testing.assert_allclose(inputs["moved_photo"], wanted.moved.permute(0, 2, 3, 1).numpy(), atol=1e-5)
    np.testing.assert_allclose(inputs["image"], wanted.images.permute(0, 2, 3, 1).numpy(), atol=1e-5)


@torch.inference_mode()
def test_a_persons_graph_is_the_person(person: Path) -> None:
    inputs = dict(packaged_frames(1, SIZE)[0].inputs)
    exported = load_model(person)
    assert set(exported.graphs) == {*GEOMETRY, "animate"}
    loaded = load_person(person)
    target = torch.from_numpy(inputs["target_landmarks"])
    inputs["photo"] = loaded.photos.images.permute(0, 2, 3, 1).contiguous().numpy()
    made = torch_run(exported.graphs["animate"])(inputs)["image"]
    wanted = loaded(loaded.photos, target)
    np.testing.assert_allclose(made, wanted.permute(0, 2, 3, 1).numpy(), atol=1e-6)


@pytest.fixture(scope="module")
def exported_person(tmp_path_factory: pytest.TempPathFactory, person: Path) -> Path:
    folder = tmp_path_factory.mktemp("exported")
    assert main([str(person), "-o", str(folder), "--precision", "fp32,int8", "-q"]) == 0
    return folder


def test_a_person_goes_to_litert(exported_person: Path) -> None:
    """The whole command, retargeting, the tracker, eyes and mouth included."""
    bundle = Bundle.load(exported_person / "litert.bundle")
    assert {name: part["precision"] for name, part in bundle.manifest["parts"].items()} == {
        **dict.fromkeys(GEOMETRY, "fp32"),
        "animate": "int8",
        **dict.fromkeys((*TRACKER_PARTS, *REGION_PARTS), "int8"),
        CROPS_PART: "fp32",
    }
    inputs = packaged_frames(1, SIZE)[0].inputs
    for name in bundle.parts:
        network = NamedNetwork(bundle.parts[name], bundle.part_manifest(name), RuntimeOptions(), name)
        inputs = {**inputs, **network(inputs)}
    assert inputs["image"].shape == (1, SIZE, SIZE, 3)


@needs_gpu
def test_the_gpu_delegate_takes_a_person(exported_person: Path) -> None:
    assert_taken(exported_person / "animate_fp32.tflite")
