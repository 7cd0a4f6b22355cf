"""OpenCV in whichever distribution; missing, or what an uninstallation left of it."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from monalive import opencv


def test_the_installed_one_is_used_and_named() -> None:
    opencv.require_opencv()
    assert set(opencv.installed()) <= set(opencv.DISTRIBUTIONS)


def test_distributions_are_found_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        if name == "opencv-contrib-python":
            return "4.12.0.88"
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", version)
    assert opencv.installed() == {"opencv-contrib-python": "4.12.0.88"}


def test_what_an_uninstallation_left(tmp_path: Path) -> None:
    """A folder cv2 without its modules, after one of two distributions was removed: one line says what to do."""
    (tmp_path / "cv2" / "data").mkdir(parents=True)
    program = (
        "import sys; sys.path[:] = [sys.argv[1], *(p for p in sys.path if 'site-packages' not in p)]; "
        "from monalive.cli.main import main; sys.exit(main(['motion', 'list']))"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", program, str(tmp_path)],
        env=_source_only(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2 and done.stderr.count("\n") == 1, done.stderr
    assert "OpenCV is damaged" in done.stderr and "--force-reinstall" in done.stderr


def test_none_at_all() -> None:
    done = subprocess.run(
        [sys.executable, "-S", "-c", "import monalive; monalive.PhotoAnimator"],
        env=_source_only(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "ImportError: OpenCV is missing; pip install" in done.stderr


def _source_only() -> dict[str, str]:
    """An environment in which this package is found and no other."""
    source = Path(opencv.__file__).parents[1]
    return {**os.environ, "PYTHONPATH": str(source)}
