"""monalive: one photo becomes a moving head."""

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
from monalive.retargeting.retarget import RetargetOptions
from monalive.trust.consent import Consent
from monalive.trust.disclosure import Disclosure
from monalive.verification import verify
from monalive.version import __version__

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
