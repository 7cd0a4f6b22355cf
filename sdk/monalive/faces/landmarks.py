"""Index groups of the 478 face landmarks (MediaPipe Face Mesh order: 468 mesh points, then two irises of five).

"Left" and "right" are the person's own. Contours are ordered so that neighbours are joined by a line.
"""

from __future__ import annotations

from typing import Final

LANDMARK_COUNT: Final = 478
MESH_COUNT: Final = 468  # without the irises, which come last

LIPS_OUTER: Final = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185)
LIPS_INNER: Final = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 415, 310, 311, 312, 13, 82, 81, 80, 191)
LEFT_EYE: Final = (263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466)
RIGHT_EYE: Final = (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246)
LEFT_BROW: Final = (276, 283, 282, 295, 285)
RIGHT_BROW: Final = (46, 53, 52, 65, 55)
NOSE: Final = (168, 6, 197, 195, 5, 4, 1, 2)
FACE_OVAL: Final = (
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377),
    *(152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
)
RIGHT_IRIS: Final = (468, 469, 470, 471, 472)
LEFT_IRIS: Final = (473, 474, 475, 476, 477)
IRISES: Final = (*RIGHT_IRIS, *LEFT_IRIS)
IRIS_CENTRES: Final = (468, 473)

# (upper, lower) points that meet when an eye closes, from the outer to the inner corner.
RIGHT_LID_PAIRS: Final = ((246, 7), (161, 163), (160, 144), (159, 145), (158, 153), (157, 154), (173, 155))
LEFT_LID_PAIRS: Final = ((466, 249), (388, 390), (387, 373), (386, 374), (385, 380), (384, 381), (398, 382))
# (outer, inner) corners.
RIGHT_EYE_CORNERS: Final = (33, 133)
LEFT_EYE_CORNERS: Final = (263, 362)
# (upper, lower) points of the inner lips that meet when the mouth closes, from the person's right to left.
LIP_PAIRS: Final = ((191, 95), (80, 88), (81, 178), (82, 87), (13, 14), (312, 317), (311, 402), (310, 318), (415, 324))
MOUTH_CORNERS: Final = (78, 308)

# Points that move with the skull rather than with the expression: forehead, nose bridge, eye corners, temples, ears.
RIGID: Final = (
    *(10, 151, 9, 8, 168, 6, 197, 195, 5, 4, 1, 33, 133, 362, 263),
    *(127, 356, 234, 454, 93, 323, 54, 284, 21, 251, 162, 389),
)

# What a pose is fitted to where brows move: the forehead goes up with them, and fitted to it a head would nod instead.
_FOREHEAD: Final = (10, 151, 9, 8, 54, 284, 21, 251)
POSE_POINTS: Final = tuple(index for index in RIGID if index not in _FOREHEAD)

# What a landmark drawing shows: (contour, closed?).
DRAWN_CONTOURS: Final = (
    (FACE_OVAL, True),
    (LIPS_OUTER, True),
    (LIPS_INNER, True),
    (LEFT_EYE, True),
    (RIGHT_EYE, True),
    (LEFT_BROW, False),
    (RIGHT_BROW, False),
    (NOSE, False),
)
