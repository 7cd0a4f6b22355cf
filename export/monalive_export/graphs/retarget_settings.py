"""What retargeting is tuned to: how far a head may turn, what counts as closed, how strongly each part is smoothed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from monalive.faces.landmarks import LEFT_IRIS, RIGHT_IRIS

# How far a portrait that looks straight at the camera may be turned, in degrees.
MAX_YAW, MAX_PITCH, MAX_ROLL = 32.0, 22.0, 30.0
# Turned away already, a face may be turned further away only by what is left of the range, and by this at least.
LEAST_TURN: Final = 4.0
# Each degree that a portrait looks away costs this much of the turn back to the front.
BACK_LOSS: Final = 0.7
MAX_SCALE_CHANGE: Final = 0.05
# The head may come so near to the crop's border, as a part of the room that the photo leaves it there.
ROOM_USED: Final = 0.7
# Below this part of a limit a movement is passed on as it is; above, it bends towards the limit: softly for heads, for
# eyes and lips only near to what they can do.
KNEE: Final = 0.5
FACE_KNEE: Final = 0.8

# Eye openness (lid gap over eye width). Typical: the middle of what 54 people show; closed: what they show in a blink.
TYPICAL_OPENNESS: Final = 0.28
CLOSED_EYE: Final = 0.22  # of the open eye
SURELY_OPEN: Final = (0.05, 0.15)
# A driver whose eyes were, in the reference frame, less open than the first part of what was seen since was blinking;
# from the second part on, the eyes were as they are at rest.
BLINKING: Final = (0.45, 0.7)
# The photo's eyes open to this openness, its lips to this mean gap over the mouth's width, whatever the driver does.
# Beyond, only as far as the driver's really do: what the photo does already counts.
WIDE_EYE, WIDE_MOUTH = 0.36, 0.25
ROOM_SLACK: Final = 0.03  # and by this more
# Lip gaps over mouth width below the first are a closed mouth; above the second the mouth was surely open.
CLOSED_LIPS, OPEN_LIPS = 0.012, 0.05
# How far the iris may be from the middle of the eye, in eye widths: there it touches the corner or goes under the lids.
MAX_GAZE_X, MAX_GAZE_Y = 0.28, 0.18
# Proportions of two faces are trusted within these bounds; beyond, an expression at the reference frame is more likely.
MOUTH_RATIO, HEIGHT_RATIO, BROW_RATIO = (0.75, 1.35), (0.8, 1.25), (0.75, 1.3)

NOSE_BASE, CHIN = 2, 152
IRIS_OF_EYE: Final = (RIGHT_IRIS, LEFT_IRIS)
# What a gaze blendshape score of 1 stands for.
EYE_TURN_DEGREES: Final = 30.0


@dataclass(frozen=True)
class FilterSettings:
    """A One-Euro filter (`retarget_filter`).

    Attributes:
        min_cutoff: cutoff at rest in Hz.
        beta: Hz of cutoff gained per unit of speed.
        derivative_cutoff: cutoff of the speed estimate in Hz.
        pooled: whether a landmark's velocity is averaged with its neighbours' (`face_regions.neighbour_average`). Noise
            differs from point to point, motion does not: the speed is told from the noise at a lower cutoff.
    """

    min_cutoff: float
    beta: float
    derivative_cutoff: float = 1.0
    pooled: bool = False


# Smoothed apart, a head at rest is steady while its lips move, a moving head does not let the face's noise through, and
# eyelids stay quick enough for a blink of 100 ms. Distances are in outer-eye-corner distances, about a quarter of the
# crop.
MOVEMENT_FILTER: Final = FilterSettings(min_cutoff=1.0, beta=25.0)
FACE_FILTER: Final = FilterSettings(min_cutoff=0.8, beta=50.0, pooled=True)
CLOSING_FILTER: Final = FilterSettings(min_cutoff=0.6, beta=4.5, derivative_cutoff=4.0)
GAZE_FILTER: Final = FilterSettings(min_cutoff=0.4, beta=16.0)
# For whole landmarks in crop units, head movement and expression together.
LANDMARK_FILTER: Final = FilterSettings(min_cutoff=1.2, beta=150.0, pooled=True)
# As slow and as quick as the landmarks' filter, so that shoulders do not trail behind the head.
BACKGROUND_FLOW_FILTER: Final = FilterSettings(min_cutoff=1.2, beta=150.0)
BACKGROUND_KNOWN_FILTER: Final = FilterSettings(min_cutoff=1.2, beta=3.0)
