"""What the bundle's face tracker computes, step by step and as a whole, for the golden vectors of the bindings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from monalive.bundle import Bundle
from monalive.faces.closer_looks import QUARTER_TURNS, TILES_PER_SIDE, tile_looks, whole_looks
from monalive.faces.driver_follower import DriverFollower
from monalive.faces.level_crop import LEVEL_SCALE, extract_level, from_region, level_region, to_region
from monalive.faces.rotated_square import RotatedSquare, whole_picture
from monalive.faces.still_search import is_sure
from monalive.faces.tracker import Face, FaceTracker
from monalive.faces.tracker_interface import FoundFace, TrackerNetworks
from monalive.faces.tracker_networks import LevelFaceDetector
from monalive.networks.runtimes import RuntimeOptions

Answers = tuple[tuple[float, ...], ...]
Scene = dict[str, Any]

BUNDLE: Final = "sdk/monalive/assets/default.bundle"
GRID: Final = 16
GREY: Final = 128
BORDERS: Final = {"repeat": cv2.BORDER_REPLICATE, "black": cv2.BORDER_CONSTANT}
# File, region of the photo, pixels per side, what is outside the photo.
CROPS: Final = (
    ("enlarged", RotatedSquare(150.3, 120.8, 60.0, 0.35), 96, "repeat"),
    ("beyond", RotatedSquare(20.5, 250.0, 130.0, -0.6), 80, "repeat"),
    ("beyond_black", RotatedSquare(144.0, 144.0, 400.0, 0.0), 64, "black"),
    ("shrunk", RotatedSquare(140.0, 150.0, 260.0, 0.2), 48, "repeat"),
    ("shrunk_part", RotatedSquare(130.3, 140.7, 150.0, -0.4), 31, "repeat"),
    ("upside_down", RotatedSquare(144.0, 144.0, 288.0, np.pi), 60, "black"),
)
# Size of the picture, where the detector looks (None: everywhere), its answers: row, column, score, five numbers.
ANSWERS: Final = (
    ((640, 480), None, ()),
    ((640, 480), None, ((7, 4, 0.9, 0.02, -0.01, -1.4, 0.9, 0.1), (3, 12, 0.6, -0.01, 0.03, -2.0, 0.8, -0.5))),
    (
        (480, 640),  # four places that say the same face, one of them too unsure
        None,
        (
            *((8, 7, 0.7, 0.03, 0.01, -1.0, 0.7, 0.6), (8, 8, 0.95, -0.03, 0.01, -1.1, 0.6, 0.7)),
            *((9, 8, 0.55, -0.03, -0.05, -1.05, 0.65, 0.7), (9, 7, 0.45, 0.5, 0.5, -3.0, 1.0, 0.0)),
        ),
    ),
    ((300, 300), RotatedSquare(120.0, 90.0, 250.0, 2.2), ((5, 9, 0.8, 0.04, 0.04, -0.7, -0.2, 0.9),)),
)
# The detector's answers to the picture as it is, then to it turned as the first answer says: a face upright; two that
# seem to lie, one of which is not upright the second time; one not found again; none.
ANY_WAY_UP: Final = (
    (((7, 7, 0.6, 0.0, 0.0, -1.0, 1.0, 0.1),), ()),
    (((5, 6, 0.55, 0.01, 0.02, -1.2, 0.1, 0.9),), ((9, 9, 0.7, -0.02, 0.0, -1.1, 1.0, -0.2),)),
    (((5, 6, 0.55, 0.01, 0.02, -1.2, -0.9, 0.1),), ((9, 9, 0.7, -0.02, 0.0, -1.1, -0.8, 0.2),)),
    (((5, 6, 0.8, 0.01, 0.02, -1.2, -0.2, -0.9),), ()),
    ((), ()),
)
# A detector's score, a presence, and how unsettled the landmarks are.
SCORES: Final = (
    *((0.3, 0.99, 0.0), (0.3, 0.9995, 0.0), (0.9, 0.8, 0.0), (0.9, 0.9, 0.0), (0.5, 0.99, 0.0), (0.5, 0.995, 0.0)),
    *((0.8, 1.0, 0.1), (0.8, 1.0, 0.15), (0.62, 0.9966, 0.01), (0.62, 0.9966, 0.067), (0.3, 0.0, 0.0)),
)
# Pictures made of the photo: their size, and where copies of it stand on grey, clipped.
STILLS: Final[tuple[Scene, ...]] = (
    {"size": [288, 288], "photos": [[0, 0]]},
    {"size": [620, 300], "photos": [[310, 12], [0, 0]]},
    {"size": [1500, 900], "photos": [[1100, 560]]},
    {"size": [100, 80], "photos": []},
)
# Searches of pictures of one level that show faces: their places, how sure the detector is of them at most, and whether
# they are only seen once the picture is toned down. `call`: all faces of a still, its largest one, a video's thorough
# search, or its quick one beside those known (numbers of the faces).
SEARCHES: Final[tuple[Scene, ...]] = (
    {"call": "all", "size": [640, 480], "faces": [[320.0, 240.0, 300.0, 0.1, 0.9, 0.999]]},
    {"call": "largest", "size": [640, 480], "faces": [[320.0, 240.0, 300.0, 0.1, 0.9, 0.999]]},
    {"call": "all", "size": [480, 640], "faces": [[200.0, 300.0, 250.0, 1.5, 0.95, 0.9995]]},
    {
        "call": "all",
        "size": [1000, 700],
        "faces": [[300.0, 300.0, 400.0, -0.2, 0.9, 0.999], [850.0, 560.0, 60.0, 0.1, 0.85, 0.999]],
    },
    {
        "call": "largest",
        "size": [1000, 700],
        "faces": [[300.0, 300.0, 400.0, -0.2, 0.9, 0.999], [850.0, 560.0, 60.0, 0.1, 0.85, 0.999]],
    },
    {"call": "largest", "size": [900, 900], "faces": [[620.0, 300.0, 70.0, 0.0, 0.8, 0.999]]},
    {"call": "all", "size": [300, 300], "faces": [[150.0, 150.0, 200.0, 0.0, 0.6, 0.3]]},
    {"call": "all", "size": [300, 300], "level": 252, "toned": True, "faces": [[150.0, 150.0, 200.0, 0.0, 0.8, 0.99]]},
    {"call": "thorough", "size": [300, 400], "faces": [[150.0, 150.0, 40.0, 0.2, 0.8, 0.999]]},
    {
        "call": "quick",
        "size": [640, 480],
        "known": [0],
        "faces": [[200.0, 240.0, 200.0, 0.0, 0.9, 0.999], [460.0, 240.0, 180.0, 0.1, 0.8, 0.999]],
    },
)
# It moves, leaves, and is there again elsewhere.
FRAME_MS: Final = 40.0
VIDEO: Final[tuple[Scene, ...]] = tuple(
    {"size": [260, 240], "photos": photos}
    for photos in ([[0, 0]], [[-9, -6]], [[-18, -11]], [[-22, -20]], [], [[-6, -30]], [[-2, -34]])
)


def tracker_cases(photo: NDArray[np.uint8], faces: dict[str, Any], kept: list[int]) -> dict[str, Any]:
    """The content of tracker.json; the pictures of `level_crops` belong to its "crops"."""
    turns = [(name, angle) for name in ("portrait", "three_quarter_portrait") for angle in (0.0, 2.5)]
    return {
        "bundle": {"file": BUNDLE, "model_version": Bundle.load().model_version},
        "crops": [
            {"region": asdict(region), "size": size, "border": border, "picture": f"level_{name}.png"}
            for name, region, size, border in CROPS
        ],
        "detections": [_detection(*case) for case in ANSWERS],
        "any_way_up": [_any_way_up(calls) for calls in ANY_WAY_UP],
        "closer_looks": [_closer_looks(width, height) for width, height in ((300, 200), (700, 520))],
        "sure": [[*case, is_sure(*case)] for case in SCORES],
        "searches": [_search(scene, np.array(faces["portrait"])) for scene in SEARCHES],
        "regions": [_region(faces, name, angle) for name, angle in turns],
        "points": _points_back(),
        "kept_landmarks": kept,
        "stills": _stills(photo, kept),
        "video": _video(photo, kept),
    }


def level_crops(photo: NDArray[np.uint8]) -> dict[str, NDArray[np.uint8]]:
    """The pictures that `tracker_cases` names, by their file."""
    return {
        f"level_{name}.png": extract_level(photo, region, size, border=BORDERS[border])
        for name, region, size, border in CROPS
    }


def scene_picture(photo: NDArray[np.uint8], scene: Scene) -> NDArray[np.uint8]:
    """The picture that a scene describes, pixel for pixel."""
    width, height = scene["size"]
    picture = np.full((height, width, 3), GREY, np.uint8)
    for x, y in scene["photos"]:
        left, top = max(x, 0), max(y, 0)
        part = photo[top - y : height - y, left - x : width - x]
        picture[top : top + part.shape[0], left : left + part.shape[1]] = part
    return picture


class _Answers:
    """Stands for the detector network: gives each of a list of answers in turn."""

    def __init__(self, calls: Iterable[Answers]) -> None:
        self._calls = iter(calls)

    def __call__(self, inputs: Mapping[str, object]) -> dict[str, NDArray[np.float32]]:
        """Where no answer is given, the score is 0."""
        scores = np.zeros((1, GRID, GRID, 1), np.float32)
        places = np.zeros((1, GRID, GRID, 5), np.float32)
        for row, column, score, *numbers in next(self._calls):
            scores[0, int(row), int(column), 0] = score
            places[0, int(row), int(column)] = numbers
        return {"scores": scores, "places": places}


def _detector(calls: Iterable[Answers]) -> LevelFaceDetector:
    detector = LevelFaceDetector(Bundle.load(), RuntimeOptions())
    detector._network = _Answers(calls)  # type: ignore[assignment]
    return detector


class _Scene(LevelFaceDetector):
    """Stands for both networks on a picture of grey with faces in it, and keeps what they answered."""

    def __init__(self, scene: Scene, face: NDArray[np.float64]) -> None:
        super().__init__(Bundle.load(), RuntimeOptions())
        self._scene = scene
        self._unit = to_region(face, level_region(face))
        self.answers: list[list[list[float]]] = []
        self.presences: list[float] = []

    def detect(self, image: NDArray[np.uint8], region: RotatedSquare | None = None) -> list[FoundFace]:
        """As the network would, surest where a face is half as large as the look, and upright in it."""
        look = region or whole_picture(image)
        shown = not self._scene.get("toned") or image[0, 0, 0] < self._scene["level"]
        answers = [answer for face in self._scene["faces"] if shown and (answer := self._answer(look, face))]
        self.answers.append(answers)
        self._network = _Answers([tuple(tuple(answer) for answer in answers)])  # type: ignore[assignment]
        return super().detect(image, look)

    @staticmethod
    def _answer(look: RotatedSquare, face: list[float]) -> list[float] | None:
        x, y, side, angle, score, _ = face
        u, v = to_region(np.array([x, y]), look)
        size, roll = side / look.side, float(np.angle(np.exp(1j * (angle - look.angle))))
        if not (0 < u < 1 and 0 < v < 1 and 0.1 < size < 1.2):
            return None
        row, column = int(v * GRID), int(u * GRID)
        seen = score - 0.1 * abs(np.log(2 * size)) - 0.1 * abs(roll)
        place = [
            u - (column + 0.5) / GRID,
            v - (row + 0.5) / GRID,
            np.log(size / LEVEL_SCALE),
            np.cos(roll),
            np.sin(roll),
        ]
        return [row, column, round(seen, 4), *(round(float(number), 5) for number in place)]

    def __call__(self, image: NDArray[np.uint8], region: RotatedSquare) -> tuple[NDArray[np.float32], float]:
        """A face just as the region asks for it; its presence is that of the nearest one."""
        nearest = min(self._scene["faces"], key=lambda face: float(np.hypot(face[0] - region.x, face[1] - region.y)))
        self.presences.append(nearest[5])
        return from_region(self._unit, region).astype(np.float32), nearest[5]

    region_of = staticmethod(level_region)


def _search(scene: Scene, face: NDArray[np.float64]) -> dict[str, Any]:
    """What was asked of the networks in turn, and the regions of the faces found."""
    both = _Scene(scene, face)
    width, height = scene["size"]
    picture = np.full((height, width, 3), scene.get("level", GREY), np.uint8)
    with FaceTracker(TrackerNetworks(both, both, None), num_faces=8, settle=True) as tracker:
        known = [Face(both(picture, RotatedSquare(*scene["faces"][at][:4]))[0], 1.0) for at in scene.get("known", ())]
        both.presences.clear()
        if scene["call"] in ("all", "largest"):
            found = tracker.detect(picture, largest_only=scene["call"] == "largest")
        else:
            found = tracker.search(picture, thorough=scene["call"] == "thorough", known=known)
    return {
        "call": scene["call"],
        "picture_size": scene["size"],
        "level": scene.get("level", GREY),
        "known": [_rounded_region(level_region(face.landmarks)) for face in known],
        "answers": both.answers,
        "presences": both.presences,
        "found": [_rounded_region(level_region(face.landmarks)) for face in found],
    }


def _detection(size: tuple[int, int], region: RotatedSquare | None, answers: Answers) -> dict[str, Any]:
    found = _detector([answers]).detect(np.zeros((size[1], size[0], 3), np.uint8), region)
    return {
        "picture_size": list(size),
        "region": None if region is None else asdict(region),
        "answers": _listed(answers),
        "found": [_found(face) for face in found],
    }


def _any_way_up(calls: tuple[Answers, ...]) -> dict[str, Any]:
    found = _detector(calls).detect_any_way_up(np.zeros((300, 420, 3), np.uint8))
    return {
        "picture_size": [420, 300],
        "answers": [_listed(answers) for answers in calls],
        "found": [_found(face) for face in found],
    }


def _closer_looks(width: int, height: int) -> dict[str, Any]:
    picture = np.zeros((height, width, 3), np.uint8)
    tiles = [
        tile_looks(picture, parts, turns) for parts, turns in zip(TILES_PER_SIDE, (QUARTER_TURNS, (3,)), strict=True)
    ]
    return {
        "picture_size": [width, height],
        "looks": [
            [_rounded_region(region) for region in looks] for looks in (whole_looks(picture, QUARTER_TURNS), *tiles)
        ],
    }


def _region(faces: dict[str, Any], name: str, angle: float) -> dict[str, Any]:
    """`level_region` of landmarks, turned by `angle` about the picture's origin, clockwise."""
    landmarks = np.array(faces[name])
    cos, sin = np.cos(angle), np.sin(angle)
    landmarks[:, :2] = landmarks[:, :2] @ np.array([[cos, -sin], [sin, cos]]).T
    return {"landmarks": name, "turned": angle, "region": _rounded_region(level_region(landmarks))}


def _points_back() -> dict[str, Any]:
    region = RotatedSquare(201.5, -20.25, 144.0, 1.1)
    unit = np.array([[0.0, 0.0, 0.0], [0.5, 0.5, -0.25], [1.0, 0.25, 0.1], [-0.125, 1.5, 0.0]])
    return {
        "region": asdict(region),
        "unit": unit.tolist(),
        "picture": from_region(unit, region).round(6).tolist(),
    }


def _stills(photo: NDArray[np.uint8], kept: list[int]) -> list[dict[str, Any]]:
    """Faces from left to right."""
    cases = []
    with FaceTracker(num_faces=8, output_blendshapes=True, settle=True) as tracker:
        for scene in STILLS:
            faces = sorted(tracker.detect(scene_picture(photo, scene)), key=lambda face: face.box[0])
            cases.append(scene | {"faces": [_face(face, kept) for face in faces]})
    return cases


def _video(photo: NDArray[np.uint8], kept: list[int]) -> list[dict[str, Any]]:
    cases = []
    with FaceTracker(settle=True) as tracker:
        follower = DriverFollower(tracker)
        for index, scene in enumerate(VIDEO):
            face = follower.track(scene_picture(photo, scene), index * FRAME_MS)
            cases.append(scene | {"faces": [] if face is None else [_face(face, kept)]})
    return cases


def _face(face: Face, kept: list[int]) -> dict[str, Any]:
    landmarks = face.landmarks[kept].astype(np.float64).round(2).tolist()
    scores = None if face.blendshapes is None else face.blendshapes.astype(np.float64).round(2).tolist()
    return {"presence": round(face.presence, 2), "landmarks": landmarks, "blendshapes": scores}


def _rounded_region(region: RotatedSquare) -> dict[str, float]:
    return {name: round(float(value), 5) for name, value in asdict(region).items()}


def _found(face: FoundFace) -> dict[str, Any]:
    return {"score": round(face.score, 6), "region": _rounded_region(face.roi)}


def _listed(answers: Answers) -> list[list[float]]:
    return [list(answer) for answer in answers]
