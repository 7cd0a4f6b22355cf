"""monalive: one photo becomes a moving head."""

from monalive import builtin_motions
from monalive.animation import AnimationRequest, animate_photos
from monalive.animator import AnimatedFrame, PhotoAnimator, PhotoAnimatorOptions, RunningMode
from monalive.bundle import Bundle
from monalive.image_io import load_image, save_image
from monalive.motion import Motion
from monalive.portrait import Portrait
from monalive.retarget import RetargetOptions

__version__ = "0.1.0"

__all__ = [
    "AnimatedFrame",
    "AnimationRequest",
    "Bundle",
    "Motion",
    "PhotoAnimator",
    "PhotoAnimatorOptions",
    "Portrait",
    "RetargetOptions",
    "RunningMode",
    "animate_photos",
    "builtin_motions",
    "load_image",
    "save_image",
]
