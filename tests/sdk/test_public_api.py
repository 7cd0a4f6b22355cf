"""What people import: everything of it is in `monalive`, and type checkers know it."""

from __future__ import annotations

import ast
import inspect
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import monalive
from monalive import Bundle, Motion, PhotoAnimator, PhotoAnimatorOptions, default_bundle_path

ROOT = Path(__file__).resolve().parents[2]
PYRIGHT = ROOT / "bindings" / "web" / "node_modules" / "pyright" / "index.js"
SAMPLES = sorted((ROOT / "samples" / "python").glob("*.py"))


def test_every_name_is_there() -> None:
    missing = [name for name in monalive.__all__ if not hasattr(monalive, name)]
    assert not missing and set(monalive.__all__) <= set(dir(monalive))
    with pytest.raises(AttributeError, match="no attribute 'PhotoAnimater'"):
        _ = monalive.PhotoAnimater


def _public_callables() -> Iterator[tuple[str, Callable[..., object]]]:
    """What `monalive` exports, and the public methods of its classes."""
    for name in monalive.__all__:
        thing = getattr(monalive, name)
        if callable(thing):
            yield name, thing
        if inspect.isclass(thing):
            for key in vars(thing):
                method = getattr(thing, key)
                if not key.startswith("_") and (inspect.isfunction(method) or inspect.ismethod(method)):
                    yield f"{name}.{key}", method


def _fault(thing: Callable[..., object]) -> str:
    """What a docstring lacks of summary, Args and Raises, in this order; empty: nothing."""
    text = inspect.getdoc(thing) or ""
    if not text or "\n" in text.split("\n\n")[0]:
        return "a summary on one line"
    takes = not inspect.isclass(thing) and set(inspect.signature(thing).parameters) - {"self"}
    if takes and "\nArgs:" not in text:
        return "Args"
    return "Args before Raises" if -1 < text.find("\nRaises:") < text.find("\nArgs:") else ""


def test_public_things_are_described() -> None:
    faults = {name: fault for name, thing in _public_callables() if (fault := _fault(thing))}
    assert not faults


def test_faults_of_docstrings_are_found() -> None:
    def bare(path: str) -> None: ...

    def long(path: str) -> None:
        """Reads a file,
        or not.
        """

    def silent(path: str) -> None:
        """Reads a file."""

    def turned(path: str) -> None:
        """Reads a file.

        Raises:
            ValueError: it cannot be read.

        Args:
            path: the file.
        """

    assert [_fault(one) for one in (bare, long, silent, turned)] == [
        "a summary on one line",
        "a summary on one line",
        "Args",
        "Args before Raises",
    ]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.name)
def test_samples_use_public_names_only(sample: Path) -> None:
    tree = ast.parse(sample.read_text())
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    modules |= {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    assert "monalive" in modules
    assert not [module for module in modules if module and module.startswith(("monalive.", "monalive_"))]
    used = [
        name.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "monalive"
        for name in node.names
    ]
    assert set(used) <= set(monalive.__all__)


def test_motions_by_name() -> None:
    assert Motion.names() == monalive.builtin_motions.names()
    assert Motion.builtin("nod").name == "nod"
    with pytest.raises(ValueError, match="choose from idle"):
        Motion.builtin("grin")


def test_a_bundle_as_a_file_as_bytes_and_opened() -> None:
    path = default_bundle_path()
    content = path.read_bytes()
    for options in (
        PhotoAnimatorOptions(bundle_path=path),
        PhotoAnimatorOptions(bundle=content),
        PhotoAnimatorOptions(bundle=Bundle.load(path)),
    ):
        with PhotoAnimator.create_from_options(options) as animator:
            assert animator.bundle.sha256 == Bundle.load().sha256


def test_bundles_that_cannot_be() -> None:
    with pytest.raises(ValueError, match="either a bundle or a bundle_path"):
        PhotoAnimatorOptions(bundle=b"", bundle_path="a.bundle")
    for content in (b"", b"no bundle", default_bundle_path().read_bytes()[:5000]):
        with pytest.raises(ValueError, match="the bundle is not a monalive bundle, or a damaged one"):
            PhotoAnimator.create_from_options(PhotoAnimatorOptions(bundle=content))


USER_CODE = """
import numpy as np
from monalive import BLENDSHAPE_NAMES, Face, FaceTracker, Motion, PhotoAnimator, PhotoAnimatorOptions, RunningMode
from monalive import AnimatedFrame, Badge, RuntimeOptions, SquareCrop, VideoReader, animate, open_sink


def shown(frame: AnimatedFrame, time: float) -> None:
    print(frame.image.shape, time)


options = PhotoAnimatorOptions(running_mode=RunningMode.VIDEO, runtime=RuntimeOptions(num_threads=2), max_faces=3)
with PhotoAnimator.create_from_options(options) as animator, VideoReader("talk.mp4") as frames:
    portrait = animator.enroll("photo.jpg", consent="self")
    crop: SquareCrop = portrait.crop
    badge = Badge((512, 512))
    with open_sink("out.mp4", frames.fps, (512, 512)) as sink:
        for time, image in frames:
            frame = animator.animate_for_video(portrait, image, time)
            sink.write(badge.apply(frame.image), frame.timestamp_ms)
with FaceTracker(num_faces=2, output_blendshapes=True) as tracker:
    faces: list[Face] = tracker.detect(np.zeros((64, 64, 3), np.uint8))
motion: Motion = Motion.builtin(Motion.names()[0])
print(animate("photo.jpg", motion, "out.webm", consent="given").frames, len(BLENDSHAPE_NAMES))
"""


WRONG_CODE = "from monalive import Motion, animate\nanimate(3, Motion.builtin('nod'), 'out.mp4')\n"


def test_strict_type_checking_of_user_code(tmp_path: Path) -> None:
    """mypy --strict finds nothing in code that uses the API as documented, and finds what is wrong."""
    right, wrong = tmp_path / "right.py", tmp_path / "wrong.py"
    right.write_text(USER_CODE)
    wrong.write_text(WRONG_CODE)
    command = [sys.executable, "-m", "mypy", "--strict", "--ignore-missing-imports", "--cache-dir", str(tmp_path / "c")]
    environment = {"MYPYPATH": str(ROOT / "sdk"), "PATH": ""}
    done = subprocess.run(
        [*command, str(right), str(wrong)], capture_output=True, text=True, env=environment, cwd=tmp_path, check=False
    )
    lines = [line for line in done.stdout.splitlines() if "error" in line and not line.startswith("Found")]
    assert len(lines) == 1 and "wrong.py:2" in lines[0] and '"animate"' in lines[0], done.stdout


@pytest.mark.skipif(not PYRIGHT.is_file() or shutil.which("node") is None, reason="pyright is not installed: make web")
def test_strict_type_checking_by_pyright(tmp_path: Path) -> None:
    """The same by pyright, which editors use."""
    (tmp_path / "right.py").write_text(USER_CODE)
    (tmp_path / "wrong.py").write_text(WRONG_CODE)
    settings = {"typeCheckingMode": "strict", "extraPaths": [str(ROOT / "sdk")], "include": ["right.py", "wrong.py"]}
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings))
    command = ["node", str(PYRIGHT), "--outputjson", "--pythonpath", sys.executable, "--project", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    found = json.loads(done.stdout)["generalDiagnostics"]
    assert {(Path(one["file"]).name, one["range"]["start"]["line"]) for one in found} == {("wrong.py", 1)}, done.stdout
