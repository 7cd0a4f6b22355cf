"""Whether OpenCV can be imported. Its distributions share a folder: uninstalling one leaves another in pieces."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Final

DISTRIBUTIONS: Final = (
    "opencv-python-headless",
    "opencv-python",
    "opencv-contrib-python-headless",
    "opencv-contrib-python",
)


def installed() -> dict[str, str]:
    """The distributions that are installed, and their versions."""
    from importlib import metadata  # slow to load, and seldom needed

    found = {}
    for name in DISTRIBUTIONS:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def require_opencv() -> None:
    """Raises ImportError if there is none, or only what an uninstallation left of it."""
    spec = find_spec("cv2")
    if spec is None:
        raise ImportError("OpenCV is missing; pip install opencv-python-headless, or another OpenCV package")
    if spec.origin is None:  # a folder without its `__init__.py`
        names = ", ".join(installed()) or "opencv-python-headless"
        raise ImportError(
            "OpenCV is damaged, probably because one of two OpenCV packages was uninstalled; "
            f"pip install --force-reinstall --no-deps {names}"
        )
