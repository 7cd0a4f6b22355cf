"""monalive: one photo becomes a moving head."""

from importlib import import_module

from monalive.version import __version__

TYPE_CHECKING = False  # to type checkers it is true; `typing` itself would take longer to load than all else here
if TYPE_CHECKING:
    from monalive.animator import PhotoAnimator
    from monalive.bundle import Bundle
    from monalive.media.image_io import load_image, save_image
    from monalive.motions import builtin_motions
    from monalive.motions.motion import Motion
    from monalive.networks.runtimes import RuntimeOptions
    from monalive.options import PhotoAnimatorOptions, RunningMode
    from monalive.portrait import Portrait
    from monalive.render.animation import AnimationRequest, animate_photos
    from monalive.result import AnimatedFrame
    from monalive.retargeting.retarget_options import RetargetOptions
    from monalive.trust.consent import Consent
    from monalive.trust.disclosure import Disclosure
    from monalive.verification import verify

__all__ = [
    "AnimatedFrame",
    "AnimationRequest",
    "Bundle",
    "Consent",
    "Disclosure",
    "Motion",
    "PhotoAnimator",
    "PhotoAnimatorOptions",
    "Portrait",
    "RetargetOptions",
    "RunningMode",
    "RuntimeOptions",
    "__version__",
    "animate_photos",
    "builtin_motions",
    "load_image",
    "save_image",
    "verify",
]

# Where each name comes from. It is imported when it is first asked for: the command line says at once what is wrong
# with a camera or an argument, and Ctrl-C reaches it while libraries are loaded.
_MODULES = {
    "AnimatedFrame": "result",
    "AnimationRequest": "render.animation",
    "Bundle": "bundle",
    "Consent": "trust.consent",
    "Disclosure": "trust.disclosure",
    "Motion": "motions.motion",
    "PhotoAnimator": "animator",
    "PhotoAnimatorOptions": "options",
    "Portrait": "portrait",
    "RetargetOptions": "retargeting.retarget_options",
    "RunningMode": "options",
    "RuntimeOptions": "networks.runtimes",
    "animate_photos": "render.animation",
    "builtin_motions": "motions.builtin_motions",
    "load_image": "media.image_io",
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
