"""monalive: one photo becomes a moving head."""

from importlib import import_module

from monalive.version import __version__

TYPE_CHECKING = False  # to type checkers it is true; `typing` itself would take longer to load than all else here
if TYPE_CHECKING:
    from monalive.animator import PhotoAnimator
    from monalive.bundle import Bundle, default_bundle_path
    from monalive.faces.blendshapes import BLENDSHAPE_NAMES
    from monalive.faces.crop import SquareCrop, portrait_crop
    from monalive.faces.tracker import Face, FaceTracker
    from monalive.faces.tracker_factory import FaceTrackerFactory, SharedNetworkTrackers
    from monalive.media.image_io import load_image, save_image
    from monalive.media.video_io import VideoReader
    from monalive.media.video_sinks import open_sink
    from monalive.media.window import open_window
    from monalive.motions import builtin_motions
    from monalive.motions.motion import Motion
    from monalive.networks.runtimes import RuntimeOptions
    from monalive.options import PhotoAnimatorOptions, RunningMode
    from monalive.packaged_assets import sample_portrait_path
    from monalive.portrait import Portrait
    from monalive.render.animation import AnimationRequest, animate, animate_photos
    from monalive.render.render import RenderedFile
    from monalive.result import AnimatedFrame
    from monalive.retargeting.retarget_options import RetargetOptions
    from monalive.trust.badge import Badge
    from monalive.trust.consent import Consent
    from monalive.trust.credential import Credential
    from monalive.trust.disclosure import Disclosure
    from monalive.trust.mark_code import MarkMessage
    from monalive.trust.pixel_mark import PixelMark
    from monalive.verification import Origin, State, Verification, verify

__all__ = [
    "BLENDSHAPE_NAMES",
    "AnimatedFrame",
    "AnimationRequest",
    "Badge",
    "Bundle",
    "Consent",
    "Credential",
    "Disclosure",
    "Face",
    "FaceTracker",
    "FaceTrackerFactory",
    "MarkMessage",
    "Motion",
    "Origin",
    "PhotoAnimator",
    "PhotoAnimatorOptions",
    "PixelMark",
    "Portrait",
    "RenderedFile",
    "RetargetOptions",
    "RunningMode",
    "RuntimeOptions",
    "SharedNetworkTrackers",
    "SquareCrop",
    "State",
    "Verification",
    "VideoReader",
    "__version__",
    "animate",
    "animate_photos",
    "builtin_motions",
    "default_bundle_path",
    "load_image",
    "open_sink",
    "open_window",
    "portrait_crop",
    "sample_portrait_path",
    "save_image",
    "verify",
]

# Where each name comes from. It is imported when it is first asked for: the command line says at once what is wrong
# with a camera or an argument, and Ctrl-C reaches it while libraries are loaded.
_MODULES = {
    "AnimatedFrame": "result",
    "AnimationRequest": "render.animation",
    "BLENDSHAPE_NAMES": "faces.blendshapes",
    "Badge": "trust.badge",
    "Bundle": "bundle",
    "Consent": "trust.consent",
    "Credential": "trust.credential",
    "Disclosure": "trust.disclosure",
    "Face": "faces.tracker",
    "FaceTracker": "faces.tracker",
    "FaceTrackerFactory": "faces.tracker_factory",
    "MarkMessage": "trust.mark_code",
    "Motion": "motions.motion",
    "Origin": "verification",
    "PhotoAnimator": "animator",
    "PhotoAnimatorOptions": "options",
    "PixelMark": "trust.pixel_mark",
    "Portrait": "portrait",
    "RenderedFile": "render.render",
    "RetargetOptions": "retargeting.retarget_options",
    "RunningMode": "options",
    "RuntimeOptions": "networks.runtimes",
    "SharedNetworkTrackers": "faces.tracker_factory",
    "SquareCrop": "faces.crop",
    "State": "verification",
    "Verification": "verification",
    "VideoReader": "media.video_io",
    "animate": "render.animation",
    "animate_photos": "render.animation",
    "builtin_motions": "motions.builtin_motions",
    "default_bundle_path": "bundle",
    "load_image": "media.image_io",
    "open_sink": "media.video_sinks",
    "open_window": "media.window",
    "portrait_crop": "faces.crop",
    "sample_portrait_path": "packaged_assets",
    "save_image": "media.image_io",
    "verify": "verification",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module 'monalive' has no attribute {name!r}")
    import_module("monalive.opencv").require_opencv()
    module = import_module(f"monalive.{_MODULES[name]}")
    value: object = module if _MODULES[name].rpartition(".")[2] == name else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
