"""What works on this machine, tried rather than read off versions: what `monalive doctor` prints."""

from __future__ import annotations

import os
import platform
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from monalive.media.cameras import cameras
from monalive.media.screen import require_screen
from monalive.opencv import installed, require_opencv
from monalive.version import __version__

_VIDEO_SUFFIXES: Final = (".mp4", ".webm", ".webp", ".gif")


@dataclass(frozen=True)
class Finding:
    """One thing that works here, or does not.

    Attributes:
        name: of the thing.
        works: whether it does.
        what: what was found, or why it does not work.
        advice: what to do about it; empty where there is nothing to do.
        needed: nothing can be animated without it.
    """

    name: str
    works: bool
    what: str
    advice: str = ""
    needed: bool = False


def examine() -> list[Finding]:
    """Tries everything, needed things first. It takes about two seconds and leaves nothing behind."""
    return [
        _tried("python", _python, needed=True),
        _tried("opencv", _opencv, "pip install opencv-python-headless", needed=True),
        _tried("models", _models, "pip install --force-reinstall monalive", needed=True),
        _tried("animation", _animation, "set MONALIVE_DEBUG=1 to see what the libraries say", needed=True),
        *(
            _tried(suffix, partial(_written, suffix), "pip install --force-reinstall av pillow")
            for suffix in _VIDEO_SUFFIXES
        ),
        _tried("credential", _credential, "set MONALIVE_HOME to a folder that you can write to"),
        _tried("page", _page, "run make web in a clone; released packages include it"),
        _tried("onnx", partial(_package, "onnxruntime", "runs ONNX bundles"), "pip install 'monalive[onnx]'"),
        _tried("coreml", _core_ml, "on macOS, pip install 'monalive[coreml]'"),
        _tried("heic photos", partial(_package, "pillow_heif", "can be read"), "pip install 'monalive[heif]'"),
        _tried("avif photos", _avif, "pip install --upgrade pillow"),
        _tried("window", _window, "on a machine with a screen, pip install 'monalive[live]'"),
        _tried("camera", _camera, "connect one, or use a video file as the driver"),
        _tried("virtual camera", partial(_package, "pyvirtualcam", "installed"), "pip install 'monalive[live]'"),
        _tried("training", partial(_package, "monalive_distill", "installed"), "pip install monalive-distill"),
        _tried("export", partial(_package, "monalive_export", "installed"), "pip install monalive-export"),
    ]


def _tried(name: str, check: Callable[[], str], advice: str = "", *, needed: bool = False) -> Finding:
    """What a check found; whatever it raises, it does not work."""
    try:
        return Finding(name, True, check(), needed=needed)
    except Exception as error:  # any library may be missing or damaged: that is what is looked for
        text = " ".join(str(error).split()) or type(error).__name__
        return Finding(name, False, text, advice, needed)


def _python() -> str:
    return f"monalive {__version__} on Python {platform.python_version()}, {platform.system()} {platform.machine()}"


def _opencv() -> str:
    require_opencv()
    import cv2

    return f"OpenCV {cv2.__version__} ({', '.join(installed()) or 'not from a package'})"


def _models() -> str:
    from monalive.bundle import Bundle

    bundle = Bundle.load()
    return f"{bundle.model_version}, {len(bundle.parts)} networks, none damaged"


def _animation() -> str:
    from monalive.animator import PhotoAnimator
    from monalive.motions.motion import Motion
    from monalive.options import PhotoAnimatorOptions
    from monalive.packaged_assets import sample_portrait_path

    options = PhotoAnimatorOptions(longest_side=None)  # so that nothing is said of its size
    with PhotoAnimator.create_from_options(options) as animator:
        portrait = animator.enroll(sample_portrait_path(), consent="artwork")
        frame = next(iter(animator.play(portrait, Motion.builtin("smile"))))
    height, width = frame.image.shape[:2]
    return f"the sample portrait moves ({width}x{height}, {options.runtime.delegate})"


def _written(suffix: str) -> str:
    import numpy as np

    from monalive.media.video_io import VideoReader
    from monalive.media.video_sinks import open_sink
    from monalive.trust.disclosure import Disclosure

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"tried{suffix}"
        with open_sink(path, 25, (64, 64), disclosure=Disclosure(credentials=False)) as sink:
            for level in (0, 128, 255):
                sink.write(np.full((64, 64, 3), level, np.uint8))
        with VideoReader(path) as frames:
            count = sum(1 for _ in frames)
    if count != 3:
        raise ValueError(f"of three frames written, {count} could be read")
    return "written and read"


def _credential() -> str:
    from monalive.trust.credential import credential_path

    path = credential_path()
    if path.exists():
        return f"files are signed with {path}"
    folder = next(folder for folder in path.parents if folder.exists())
    if not os.access(folder, os.W_OK):
        raise PermissionError(f"{path} cannot be written, so every run signs with a temporary credential")
    return f"{path} is made when the first file is written"


def _page() -> str:
    from monalive.ui.content import page_routes

    try:
        return f"monalive ui opens it ({len(page_routes())} files)"
    except FileNotFoundError:
        raise FileNotFoundError("not built") from None


def _package(module: str, says: str) -> str:
    if find_spec(module) is None:
        raise ModuleNotFoundError("not installed")
    return says


def _core_ml() -> str:
    if platform.system() != "Darwin":
        raise OSError("runs on macOS only")
    return _package("coremltools", "runs Core ML bundles")


def _avif() -> str:
    from PIL import features

    if not features.check("avif"):
        raise OSError("this build of Pillow reads none")
    return "can be read"


def _window() -> str:
    try:
        require_screen()
    except ValueError:
        raise OSError("there is no screen") from None
    return _package("pygame", "monalive live opens one")


def _camera() -> str:
    known = cameras()
    if not known:
        raise OSError("none found")
    return ", ".join(f"{camera.number} ({camera.name})" for camera in known)
