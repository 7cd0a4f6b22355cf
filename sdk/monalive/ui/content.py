"""What the page is made of: the built files, and what the SDK itself has to offer."""

from __future__ import annotations

import json
import mimetypes
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from importlib import resources
from pathlib import Path
from typing import Final

from monalive.bundle import Bundle, default_bundle_path
from monalive.faces import expressions
from monalive.faces.tracker_networks import holds_tracker
from monalive.motions import builtin_motions
from monalive.packaged_assets import asset_path, sample_portrait_path
from monalive.speech.lips_network import speech_bundle_path
from monalive.ui.hand_driver import hand_driver

STATIC: Final = Path(str(resources.files("monalive").joinpath("ui", "static")))
_NEEDED: Final = ("index.html", "main.js", "worker.js", "style.css")
_TYPES: Final = {".js": "text/javascript", ".wasm": "application/wasm", ".css": "text/css", ".html": "text/html"}
_BINARY: Final = "application/octet-stream"

# URL path to (media type, function that makes the content).
Routes = Mapping[str, tuple[str, Callable[[], bytes]]]


def page_routes(bundle: str | Path | None = None, static: Path = STATIC) -> Routes:
    """Every URL that the server answers; nothing else on this machine can be asked for.

    Args:
        bundle: the models; None for those that come with the package.
        static: the folder of the built page.

    Raises:
        FileNotFoundError: the page was not built, or the bundle is missing.
        ValueError: the bundle is damaged, or holds no tracker.
    """
    missing = [name for name in _NEEDED if not (static / name).is_file()]
    if missing or not list(static.glob("wasm/*.wasm")):
        raise FileNotFoundError(
            f"the page is not built ({static} lacks {', '.join(missing) or 'wasm/'}); in a clone run `make web` "
            "(it needs npm, or fetches its own); released packages include the page"
        )
    bundle_path = Path(bundle) if bundle is not None else default_bundle_path()
    opened = Bundle.load(bundle_path)  # a damaged one is told here, not in the browser
    if not holds_tracker(opened.parts):
        raise ValueError(f"{bundle_path} has no face tracker, which the page needs; export again with monalive-export")
    names = builtin_motions.names()
    routes: dict[str, tuple[str, Callable[[], bytes]]] = {
        "/models/default.bundle": (_BINARY, bundle_path.read_bytes),
        "/models/speech.bundle": (_BINARY, speech_bundle_path().read_bytes),
        "/models/expressions.npz": (_BINARY, asset_path(expressions.ASSET).read_bytes),
        "/motions.json": ("application/json", lambda: json.dumps(names).encode()),
        "/hand.json": ("application/json", lambda: json.dumps(hand_driver(), separators=(",", ":")).encode()),
        "/sample.jpg": ("image/jpeg", sample_portrait_path().read_bytes),
    }
    for name in names:
        routes[f"/motions/{name}.motion"] = (_BINARY, partial(_motion_file, name))
    for path in static.rglob("*"):
        if path.is_file():
            kind = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or _BINARY
            routes["/" + path.relative_to(static).as_posix()] = (kind, path.read_bytes)
    routes["/"] = routes["/index.html"]
    return routes


def _motion_file(name: str) -> bytes:
    """A built-in motion as the content of a .motion file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.motion"
        builtin_motions.load(name).save(path)
        return path.read_bytes()
