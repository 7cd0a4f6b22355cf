"""Data, networks, losses and training of our tracker, on faces made of random colours."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch.utils.flop_counter import FlopCounterMode

from monalive.faces.blendshapes import BLENDSHAPE_NAMES
from monalive.faces.expressions import load_expressions
from monalive_distill.data.training_pairs import FaceSequence
from monalive_distill.evaluation.clip_attributes import read_clip_attributes
from monalive_distill.evaluation.tracker_measures import blendshape_groups, measure_frame, worst_tenth
from monalive_distill.tracker import landmark_task
from monalive_distill.tracker.augmentations import Augmentations
from monalive_distill.tracker.blendshape_samples import compose
from monalive_distill.tracker.blendshape_task import BlendshapeTask
from monalive_distill.tracker.detector_network import DetectorNetwork
from monalive_distill.tracker.detector_task import DetectorTask, detector_loss, read_map, target_map
from monalive_distill.tracker.face_pool import FacePool, openness_of
from monalive_distill.tracker.landmark_loss import LandmarkLoss, LandmarkLossWeights
from monalive_distill.tracker.landmark_network import FaceReading, LandmarkNetwork
from monalive_distill.tracker.landmark_samples import LandmarkSampler, mirror_points
from monalive_distill.tracker.landmark_task import LandmarkTask
from monalive_distill.tracker.networks import load_tracker, write_tracker_weights
from monalive_distill.tracker.train import Task, TrackerTrainingConfig, train_task
from monalive_distill.tracker.weights_file import start_network
from monalive_distill.training.checkpoint import STATE_FILE, read_record


@pytest.fixture(autouse=True)
def _few_faces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landmark_task, "FACES_FOR_THE_MEAN", 20)


def face(jaw_open: float = 0.0, blink_left: float = 0.0) -> NDArray[np.float64]:
    """(478, 3) in units of a picture's side."""
    expression = {"jawOpen": jaw_open, "eyeBlinkLeft": blink_left}
    placed: NDArray[np.float64] = load_expressions().face(expression) * 0.24 + np.array([0.5, 0.45, 0.0])
    return placed


@pytest.fixture(scope="module")
def sequences() -> list[FaceSequence]:
    rng = np.random.default_rng(0)
    made = []
    for number, kind in enumerate(("clip", "stills", "clip")):
        frames = rng.integers(0, 255, (4, 16, 16, 3), np.uint8).repeat(16, 1).repeat(16, 2)
        landmarks = np.stack([face(0.2 * i, 0.3 * i) for i in range(4)]).astype(np.float32)
        made.append(FaceSequence(f"clip{number}", f"person{number}", kind, frames, landmarks))
    return made


def macs(network: torch.nn.Module, side: int) -> int:
    counter = FlopCounterMode(display=False)
    with torch.no_grad(), counter:
        network.eval()(torch.zeros(1, 3, side, side))
    return int(counter.get_total_flops()) // 2


def test_budgets() -> None:
    assert macs(LandmarkNetwork(), 192) <= 120e6
    assert macs(DetectorNetwork(), 128) <= 20e6
    assert sum(p.numel() for p in LandmarkNetwork().parameters()) <= 1.6e6  # a byte each


def test_the_landmark_network_starts_from_the_faces(sequences: list[FaceSequence]) -> None:
    faces = np.stack([face(0.1 * i, 0.5) for i in range(5)])
    network = LandmarkNetwork().eval()
    network.start_from_faces(faces)
    with torch.no_grad():
        readers = network.regions
        for layer in (network.shape_numbers, readers.eye_reader.shape_numbers, readers.mouth_reader.shape_numbers):
            layer.weight.zero_()
            layer.bias.zero_()
        reading = network(torch.rand(2, 3, 192, 192))
    assert reading.first.numpy() == pytest.approx(faces.mean(axis=0)[None].repeat(2, 0), abs=1e-5)
    assert reading.landmarks.numpy() == pytest.approx(reading.first.numpy(), abs=3e-3)  # both eyes' mean for each
    assert reading.presence.shape == (2, 1) and reading.openness.shape == (2, 3)


def test_batches_repeat_and_hold_mirror_images(sequences: list[FaceSequence]) -> None:
    pool = FacePool(sequences)
    sampler = LandmarkSampler(pool, Augmentations())
    first, again, other = sampler.draw(3, 8), sampler.draw(3, 8), sampler.draw(4, 8)
    assert np.array_equal(first.pictures, again.pictures) and not np.array_equal(first.pictures, other.pictures)
    for i in range(4):
        if first.present[i]:
            back = mirror_points(first.landmarks[4 + i], pool.mirror)
            assert back == pytest.approx(first.landmarks[i], abs=1e-6)
            assert first.openness[4 + i][[1, 0, 2]] == pytest.approx(first.openness[i])
        else:
            assert not first.landmarks[[i, 4 + i]].any()


def test_rare_expressions_are_drawn_more_often(sequences: list[FaceSequence]) -> None:
    shut = [face() if i < 9 else face(blink_left=1.0) for i in range(10)]
    landmarks = np.stack(shut).astype(np.float32)
    pool = FacePool([FaceSequence("a", "a", "clip", np.zeros((10, 8, 8, 3), np.uint8), landmarks)])
    rng = np.random.default_rng(0)
    share = np.mean([pool.draw(rng).openness[:2].min() < 0.15 for _ in range(400)])
    assert 0.2 < share < 0.5  # one frame of ten


def test_openness() -> None:
    right, left, mouth = openness_of(face())
    _, closed_left, open_mouth = openness_of(face(0.8, 1.0))
    assert right == pytest.approx(left, abs=0.02) and closed_left < 0.5 * left and open_mouth > mouth + 0.2


def test_the_landmark_loss_is_least_at_the_truth() -> None:
    mirror = load_expressions().mirror
    one = face(0.3, 0.4).astype(np.float32)
    truth = torch.from_numpy(np.stack([one, mirror_points(one, mirror)]))
    openness = torch.rand(2, 3)
    present = torch.ones(2)
    loss = LandmarkLoss(LandmarkLossWeights())
    least, terms = loss(FaceReading(truth, torch.full((2, 1), 9.0), openness, truth), truth, openness, present)
    assert float(least) < 0.1 and terms["mean_percent"] < 0.02
    moved = truth + torch.tensor([0.0042, 0.0, 0.0])
    off = FaceReading(moved, torch.full((2, 1), 9.0), openness, truth)
    _, terms = loss(off, truth, openness, present)
    assert terms["mean_percent"] == pytest.approx(1.0, abs=0.01) and terms["first"] < 0.02
    assert terms["pairs"] < 0.02 and terms["steadiness"] == pytest.approx(2.0, abs=0.01)


def test_faces_without_presence_teach_no_places() -> None:
    loss = LandmarkLoss(LandmarkLossWeights())
    places = torch.rand(2, 478, 3)
    reading = FaceReading(places, torch.full((2, 1), -9.0), torch.rand(2, 3), places)
    total, _ = loss(reading, torch.zeros(2, 478, 3), torch.zeros(2, 3), torch.zeros(2))
    assert float(total) < 0.01


def test_the_detectors_map_says_where_faces_are() -> None:
    faces = np.array([[0.3, 0.4, 0.3, 0.5], [0.8, 0.75, 0.1, -0.7]], np.float32)
    wanted = target_map(faces)
    output = wanted.copy()
    output[0] = np.where(wanted[0] >= 1.0, 9.0, -9.0)
    assert read_map(output) == pytest.approx(faces, abs=1e-5)
    total, terms = detector_loss(torch.from_numpy(output[None]), torch.from_numpy(wanted[None]))
    assert float(total) < 0.01 and terms["roll"] == pytest.approx(0.0)
    assert float(detector_loss(torch.from_numpy(-output[None]), torch.from_numpy(wanted[None]))[0]) > 1.0


def test_measures() -> None:
    teacher = (face() * 256).astype(np.float32)
    image = np.full((256, 256, 3), 51, np.uint8)
    shifted = teacher + np.array([0.0, 2.0, 0.0], np.float32)
    measure = measure_frame(shifted, teacher, image)
    eyes = np.linalg.norm(teacher[263, :2] - teacher[33, :2])
    assert measure.percent == pytest.approx(200 / eyes, rel=1e-3)
    assert measure.cheeks == pytest.approx(0.2, abs=0.01) and measure.openness.max() < 1e-3
    assert measure.slices == ("from the front", "dark cheeks")
    groups = blendshape_groups()
    assert sorted(index for indices in groups.values() for index in indices) == [
        index for index, name in enumerate(BLENDSHAPE_NAMES) if not name.startswith(("_", "cheek", "nose"))
    ]
    assert worst_tenth(np.arange(20.0)) == pytest.approx(18.5)


def teacher_of_jaws(landmarks: NDArray[np.float32]) -> NDArray[np.float32]:
    """In MediaPipe's place: how open the mouth is, as jawOpen."""
    scores = np.zeros(52, np.float32)
    scores[BLENDSHAPE_NAMES.index("jawOpen")] = np.clip(openness_of(landmarks)[2], 0, 1)
    return scores


def blendshape_task(sequences: list[FaceSequence]) -> BlendshapeTask:
    torch.manual_seed(0)
    return BlendshapeTask(sequences, reader=LandmarkNetwork(), teacher=teacher_of_jaws, composed=30)


def test_the_blendshape_task(sequences: list[FaceSequence], tmp_path: Path) -> None:
    task, same = blendshape_task(sequences), blendshape_task(sequences)
    batch, again = task.draw(5, 40), same.draw(5, 40)
    assert batch.landmarks.shape == (40, 478, 2) and batch.scores.shape == (40, 52)
    assert np.array_equal(batch.landmarks, again.landmarks) and np.array_equal(batch.scores, again.scores)
    jaw = BLENDSHAPE_NAMES.index("jawOpen")
    teachers = slice(round(40 * 0.5), round(40 * 0.5) + round(40 * 0.2))
    for points, scores in zip(batch.landmarks[teachers], batch.scores[teachers], strict=True):
        gap, width = (np.linalg.norm(points[i] - points[j]) for i, j in ((13, 14), (78, 308)))
        assert scores[jaw] == pytest.approx(gap / width, abs=0.15)  # mirrored and noisy, but the same face
    wanted = torch.from_numpy(batch.scores).clamp(1e-6, 1 - 1e-6)
    least, terms = task.loss(torch.logit(wanted), batch)
    more, _ = task.loss(torch.logit(wanted) + 1.0, batch)
    assert float(least) < float(more) and terms["error_percent"] < 0.02
    clock = ticking(1.0)
    train_task(task, tmp_path, 0.2, TrackerTrainingConfig(batch=8), clock=lambda: next(clock))
    assert read_record(tmp_path / STATE_FILE)["model"] == "tracker blendshapes"


def test_a_composed_face_keeps_its_person_and_changes_its_expression() -> None:
    still = (face() * 256).astype(np.float32)
    changed = [compose(np.random.default_rng(seed), still) for seed in range(6)]
    for one in changed:
        assert one.shape == (478, 3) and np.isfinite(one).all()
        moved = np.linalg.norm(one - still, axis=1).mean()
        assert 1.0 < moved < 60.0


def test_attributes_of_clips(tmp_path: Path) -> None:
    table = tmp_path / "a.tsv"
    table.write_text("clip\tskin\tglasses\nx\tdark\tyes\ny\tlight\tno\n")
    assert read_clip_attributes(table) == {"x": ("dark skin", "glasses"), "y": ("light skin", "no glasses")}
    table.write_text("clip\tskin\nx\n")
    with pytest.raises(ValueError, match="as many fields"):
        read_clip_attributes(table)
    table.write_text("name\tskin\nx\tdark\n")
    with pytest.raises(ValueError, match="no column 'clip'"):
        read_clip_attributes(table)
    with pytest.raises(FileNotFoundError):
        read_clip_attributes(tmp_path / "none.tsv")


def ticking(seconds: float) -> Iterator[float]:
    moment = 0.0
    while True:
        yield moment
        moment += seconds


@pytest.mark.parametrize("kind", [DetectorTask, LandmarkTask])
def test_training_goes_on_where_it_stopped(
    kind: type[DetectorTask] | type[LandmarkTask], sequences: list[FaceSequence], tmp_path: Path
) -> None:
    config = TrackerTrainingConfig(batch=4)

    def train(folder: Path, minutes: float) -> Path:
        clock = ticking(1.0)
        task: Task = kind(sequences)
        train_task(task, folder, minutes, config, sequences=sequences, total_minutes=0.1, clock=lambda: next(clock))
        return folder / STATE_FILE

    whole = train(tmp_path / "whole", 5 / 60)
    train(tmp_path / "parts", 2 / 60)
    parts = train(tmp_path / "parts", 3 / 60)
    assert read_record(whole)["model"] == kind.name
    one, other = (int(str(read_record(path)["step"])) for path in (whole, parts))
    assert one >= 4 and abs(one - other) <= 1
    assert (tmp_path / "whole" / "record.json").is_file()
    with pytest.raises(ValueError, match="was trained as"):
        wrong = LandmarkTask if kind is DetectorTask else DetectorTask
        train_task(wrong(sequences), tmp_path / "whole", 0.01, config)


def test_weights_of_all(sequences: list[FaceSequence], tmp_path: Path) -> None:
    states = []
    for make in (LandmarkTask, DetectorTask, blendshape_task):
        clock = ticking(1.0)
        task: Task = make(sequences)
        train_task(task, tmp_path / task.name, 0.01, TrackerTrainingConfig(batch=2), clock=clock.__next__)
        states.append(tmp_path / task.name / STATE_FILE)
    output, newer = tmp_path / "tracker.safetensors", tmp_path / "newer.safetensors"
    write_tracker_weights(states, output)
    networks = load_tracker(output)
    assert not networks.training and output.stat().st_size < 5e6
    write_tracker_weights(states[1:2], newer, others=output)
    assert read_record(newer)["runs"] == read_record(output)["runs"]
    for name, value in load_tracker(newer).state_dict().items():
        assert torch.equal(value, networks.state_dict()[name])
    started = LandmarkNetwork()
    start_network(started, output, "landmarks")
    assert torch.equal(started.presence.weight, networks.landmarks.presence.weight)
    with pytest.raises(ValueError, match="another variant or model"):
        start_network(started, states[1], "landmarks")
    with pytest.raises(ValueError, match="another run of 'tracker detector'"):
        write_tracker_weights([states[1], states[1]], output)
    with pytest.raises(ValueError, match="no run of 'tracker blendshapes' is given"):
        write_tracker_weights(states[:2], output)
    with pytest.raises(ValueError, match="not of a tracker's network"):
        write_tracker_weights([output], newer)
    with pytest.raises(ValueError, match="not a tracker's weights"):
        load_tracker(states[0])
