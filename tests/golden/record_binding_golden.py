"""Records tests/golden/bindings: what the Python SDK computes, for the tests of the other platforms' bindings.

    PYTHONPATH=sdk:tests/support python tests/golden/record_binding_golden.py

Numbers are JSON, pictures PNG; tests/golden/README.md says what each file holds and how near a binding must come. The
runtimes' own vectors are beside it (`record_runtime_golden.py`): those compare networks, these everything around them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from broken_files import bundle_cases, motion_cases
from driver_cases import driver_cases
from numpy.typing import NDArray
from PIL import Image
from region_cases import region_crop_cases, region_paste_cases
from speech_cases import speech_cases
from tracker_cases import level_crops, tracker_cases

import monalive
from monalive.faces.blendshapes import BLENDSHAPE_NAMES
from monalive.faces.crop import NETWORK_SIZE, SquareCrop, portrait_crop
from monalive.faces.head_pose import angles_rotation
from monalive.faces.picture_change import PictureChange
from monalive.faces.tracker import FaceTracker, choose_face
from monalive.media.image_io import is_black_and_white
from monalive.motions.motion import Motion, Take
from monalive.motions.neutral_face import departures, face_measures
from monalive.player.bundle_networks import BundleNetworks
from monalive.player.driver_anchor import DriverAnchor
from monalive.player.paste_back import PasteBack, crop_feather
from monalive.player.portrait_player import PortraitPlayer
from monalive.portrait import PhotoOfPerson, Portrait
from monalive.retargeting.retarget import Retargeter
from monalive.retargeting.retarget_networks import RetargetNetworks
from monalive.retargeting.surroundings_transfer import SurroundingsTransfer
from monalive.trust.mark_code import MarkMessage, encode
from monalive.trust.mark_picture import picture_bits
from monalive.trust.pixel_mark import PixelMark

HERE: Final = Path(__file__).resolve().parent
FOLDER: Final = HERE / "bindings"
SAMPLE: Final = HERE.parents[1] / "sdk" / "monalive" / "assets" / "sample_portrait.jpg"
PHOTO_SIZE: Final = 288
FLOW_STEP: Final = 2.0**-14  # crop units
# Frames of built-in motions that are far from rest: an open mouth, one eye closed, turned, nodding.
DRIVER_FRAMES: Final = (("laugh", 0), ("laugh", 24), ("laugh", 40), ("wink", 28), ("shake", 20), ("nod", 18))
# Every tenth landmark, and those of eyes, irises, lips and chin.
KEPT: Final = sorted(
    {*range(0, 468, 10), 33, 133, 159, 145, 263, 362, 386, 374, 13, 14, 78, 308, 152, *range(468, 478)}
)


def main(folder: Path = FOLDER) -> None:
    (folder / "files").mkdir(parents=True, exist_ok=True)
    photo = _photo()
    faces = _faces(photo)
    _save_image(folder / "photo.png", photo)
    _save(folder / "faces.json", faces)
    _save(folder / "crop.json", _crop_cases(folder, photo, faces))
    _save(folder / "retarget.json", _retarget_cases(faces))
    _save(folder / "driver_anchor.json", _driver_anchor_cases(faces))
    _save(folder / "background_flow.json", _background_flow())
    _save(folder / "image_mode.json", _image_mode_cases(faces))
    _save(folder / "paste_back.json", _paste_back_cases(folder))
    tiles, frame = _image(folder / "paste_photo.png"), _image(folder / "pasted_fraction.png")
    regions = {"region_crop": region_crop_cases(photo), "region_paste": region_paste_cases(tiles, frame)}
    for name, (cases, pictures) in regions.items():
        _save(folder / f"{name}.json", cases)
        for file, picture in pictures.items():
            _save_image(folder / file, picture)
    _save(folder / "pixel_mark.json", _pixel_mark_cases(folder, photo))
    _save(folder / "frames.json", _frames(folder, photo, faces))
    _save(folder / "running_modes.json", _running_modes())
    _save(folder / "tracker.json", tracker_cases(photo, faces, KEPT))
    _save(folder / "driver.json", driver_cases())
    _save(folder / "speech.json", speech_cases())
    for name, picture in level_crops(photo).items():
        _save_image(folder / name, picture)
    for name, files in (("bundles", bundle_cases()), ("motions", motion_cases())):
        listed = []
        for case in files:
            (folder / "files" / case.file).write_bytes(case.content)
            listed.append({"file": case.file, "error": case.error, "says": case.says} | case.holds(folder / "files"))
        _save(folder / f"{name}.json", listed)


def _photo() -> NDArray[np.uint8]:
    """(288, 288, 3): the sample portrait, small."""
    with Image.open(SAMPLE) as picture:
        return np.asarray(picture.convert("RGB").resize((PHOTO_SIZE, PHOTO_SIZE), Image.Resampling.LANCZOS))


def _faces(photo: NDArray[np.uint8]) -> dict[str, Any]:
    """Landmarks (478 x 3) in pixels, to a thousandth: everything else is computed from these."""
    tracker = FaceTracker(settle=True)
    portrait = choose_face(tracker.detect(photo), "largest").landmarks
    tracker.close()
    centre = portrait.mean(0)
    turned = (portrait - centre) @ angles_rotation(24.0, -6.0, 3.0).T + centre
    motions = {name: monalive.builtin_motions.load(name) for name, _ in DRIVER_FRAMES}
    driver = [motions[name].landmarks[index] for name, index in DRIVER_FRAMES]
    middle = driver[0].mean(0)
    # Further than a portrait may go: turned, tilted, nearer, and elsewhere in the picture.
    driver.append((driver[1] - middle) @ angles_rotation(48.0, 20.0, -35.0).T * 1.2 + middle + [40.0, -30.0, 0.0])
    return {
        "portrait": _rounded(portrait, 3),
        "three_quarter_portrait": _rounded(turned, 3),
        "driver": [_rounded(face, 3) for face in driver],
        "driver_size": list(motions["laugh"].image_size),
        "driver_timestamps_ms": [0.0, 40.0, 80.0, 120.0, 160.0, 200.0, 233.3],
    }


def _crop_cases(folder: Path, photo: NDArray[np.uint8], faces: dict[str, Any]) -> dict[str, Any]:
    landmarks = _points(faces["portrait"])
    chosen = []
    for scale, shift, size in (
        (1.0, (0, 0), (288, 288)),  # the photo is hardly larger: its largest square
        (1.0, (150, 90), (640, 480)),
        (0.5, (10, 4), (500, 400)),  # moved to lie inside
        (3.0, (900, 700), (4000, 3000)),
        (2.0, (0, 0), (400, 700)),  # the face reaches outside
    ):
        moved = (landmarks * np.float32(scale) + np.array([*shift, 0], np.float32)).astype(np.float32)
        crop = portrait_crop(moved, *size)
        chosen.append(
            {"scale": scale, "shift": list(shift), "image_size": list(size), "crop": asdict(crop)}
            | {"unit_of_landmark_1": _rounded(crop.to_unit(moved)[1], 6)}
        )
    extracted = []
    for name, crop, side in (
        ("inside", SquareCrop(40.25, 31.75, 170.5), 96),
        ("beyond", SquareCrop(-60.0, 150.5, 200.0), 80),
        ("shrunk", SquareCrop(0.0, 0.0, 288.0), 60),
        ("enlarged", SquareCrop(120.5, 100.0, 40.0), 96),
    ):
        _save_image(folder / f"crop_{name}.png", crop.extract(photo, side))
        extracted.append({"crop": asdict(crop), "size": side, "picture": f"crop_{name}.png"})
    grey = photo.mean(-1, keepdims=True).repeat(3, -1).astype(np.uint8)
    black_and_white = {"photo": is_black_and_white(photo), "mean_of_channels": is_black_and_white(grey)}
    return {"portrait_crop": chosen, "extract": extracted, "black_and_white": black_and_white}


def _retarget_cases(faces: dict[str, Any]) -> dict[str, Any]:
    driver, times = [_points(face) for face in faces["driver"]], faces["driver_timestamps_ms"]
    networks, cases = RetargetNetworks(), []
    for name, portrait, options in (
        ("relative", "portrait", {}),
        ("relative, not smoothed", "portrait", {"smooth": False}),
        ("gains", "portrait", {"gains": {"pose": 0.5, "eyes": 0.6, "lips": 1.5, "brows": 2.0}, "smooth": False}),
        ("eyes and brows alone", "portrait", {"regions": ["eyes", "brows"], "smooth": False}),
        ("pose limits of a portrait turned away", "three_quarter_portrait", {}),
        ("absolute", "portrait", {"absolute": True}),
        ("absolute, not smoothed", "portrait", {"absolute": True, "smooth": False}),
        ("absolute, head still", "portrait", {"absolute": True, "smooth": False, "gains": {"pose": 0.0}}),
    ):
        landmarks = _points(faces[portrait])
        crop = portrait_crop(landmarks, 640, 480)
        chosen: Any = options
        retarget = Retargeter(landmarks, crop, monalive.RetargetOptions(**chosen), networks=networks)
        retarget.start(driver[0], tuple(faces["driver_size"]))
        outputs = [retarget.step(face, time)[KEPT] for face, time in zip(driver, times, strict=True)]
        cases.append(
            {"name": name, "portrait": portrait, "image_size": [640, 480], "crop": asdict(crop), "options": options}
            | {"landmarks": [_rounded(output, 5) for output in outputs]}
        )
    return {"kept_landmarks": KEPT, "cases": cases}


def _driver_anchor_cases(faces: dict[str, Any]) -> dict[str, Any]:
    """How neutral faces are, and what drivers made of them are counted from, frame by frame (100 ms apart)."""
    known = [_points(face) for face in (faces["portrait"], faces["three_quarter_portrait"], *faces["driver"])]
    measures = np.stack([face_measures(face) for face in known])
    neutral, laughing, turned = 2, 3, 6  # of a driver: frame 0 of a laugh, its frame 24, a shake's frame 20
    # Number of the face (-1: none), its shift to the right, grey level of the picture, whether the user asks.
    frames: list[tuple[int, float, int, bool]] = [
        *[(-1, 0.0, 90, False)] * 2,
        *[(laughing, 0.0, 90, False)] * 8,
        *[(turned, 0.0, 90, False)] * 4,
        *[(neutral, 0.0, 90, False)] * 40,
        *[(neutral, 2.0 * index, 90, False) for index in range(20)],
        *[(neutral, 40.0, 90, False)] * 160,
        (turned, 40.0, 90, True),
        *[(neutral, 40.0, 90, False)] * 40,
        *[(laughing, 200.0, 180, False)] * 6,
        *[(neutral, 200.0, 180, False)] * 10,
    ]
    sequences = []
    for reference in ("neutral", "first", "recent", 12):
        anchor, becomes_another, anchored = DriverAnchor(reference), PictureChange(), []
        for number, (index, shift, level, asked) in enumerate(frames):
            if asked:
                anchor.ask()
            face = None if index < 0 else (known[index] + np.array([shift, 0, 0])).astype(np.float32)
            other_picture = becomes_another(np.full((24, 32, 3), level, np.uint8))
            made = anchor(face, 100.0 * number, other_picture=other_picture)
            if made is not None:
                anchored.append([number, round(float(made.landmarks[1, 0]), 2), made.glide_ms, made.after_cut])
        sequences.append({"reference": reference, "anchored": anchored})
    known_to_be = {"measures": _rounded(measures, 4), "departed": _rounded(departures(measures), 4)}
    return known_to_be | {"frames": frames, "sequences": sequences, "motion": _counted_anew(known)}


def _counted_anew(known: list[NDArray[np.float32]]) -> dict[str, Any]:
    """A motion of two takes, 100 ms from frame to frame, counted from other frames."""
    neutral, laughing, turned = 2, 3, 6
    frames = [
        *[(turned, 0.0)] * 4,
        *[(laughing, float(index)) for index in range(6)],
        *[(neutral, 5.0)] * 3,
        *[(laughing, 60.0)] * 35,
        (neutral, 70.0),  # later than three seconds into its take
    ]
    faces = np.stack([(known[index] + np.array([shift, 0, 0])).astype(np.float32) for index, shift in frames])
    second = 13
    motion = Motion.from_landmarks(faces, (640, 480), 10.0)
    motion = replace(motion, takes=(Take(0, faces[0]), Take(second, faces[second])))
    cases = []
    for reference in ("neutral", "first", 4, len(frames) - 1):
        references = motion.with_reference(reference).references
        takes = [[start, round(float(face[1, 0]), 2)] for start, face in references.items()]
        cases.append({"reference": reference, "takes": takes})
    return {"frames": frames, "second_take": second, "cases": cases}


def _background_flow() -> dict[str, Any]:
    """What is around a driver as measured (it moves, cells come into sight and go), and as absolute motion uses it."""
    random, times = np.random.default_rng(13), np.cumsum([0.0, 33.3, 40.0, 16.7]).round(3)
    moved = np.cumsum(random.normal(0, 0.01, (len(times), 16, 16, 2)), 0)
    measured = np.concatenate((moved, random.uniform(0, 1, (len(times), 16, 16, 1))), -1).round(3).astype(np.float32)
    transfer = SurroundingsTransfer(RetargetNetworks(), monalive.RetargetOptions(absolute=True))
    smoothed = []
    for frame, time in zip(measured, times, strict=True):
        flow = transfer.step(frame, time)
        assert flow is not None
        smoothed.append(flow.ravel())
    return {
        "timestamps_ms": times.tolist(),
        "measured": _rounded(measured.reshape(len(times), -1), 3),
        "smoothed": _rounded(np.stack(smoothed), 6),
    }


def _image_mode_cases(faces: dict[str, Any]) -> list[dict[str, Any]]:
    """What stands for the driver of a single picture: the mean face at rest, and with its expression and pose."""
    networks, random, cases = RetargetNetworks(), np.random.default_rng(11), []
    for landmarks in (faces["portrait"], faces["three_quarter_portrait"], faces["driver"][6]):
        scores = (random.uniform(0, 1, len(BLENDSHAPE_NAMES)) ** 3).astype(np.float32).round(4)
        reference, moved = networks.as_mean_face(_points(landmarks), scores)
        cases.append(
            {"landmarks": landmarks, "blendshapes": _rounded(scores, 4)}
            | {"reference": _rounded(reference[KEPT], 5), "moved": _rounded(moved[KEPT], 5)}
        )
    return cases


def _paste_back_cases(folder: Path) -> list[dict[str, Any]]:
    """Made-up flow, mask and paint on a made-up photo of flat tiles, so that the files are small."""
    width, height = 330, 300
    tiles = np.random.default_rng(5).integers(20, 236, (10, 11, 3), np.uint8)
    photo = tiles.repeat(30, 0).repeat(30, 1)
    y, x = (np.mgrid[0:NETWORK_SIZE, 0:NETWORK_SIZE] + 0.5) / NETWORK_SIZE
    mask = np.rint(255 * np.clip(1.3 - 4 * np.exp(-((x - 0.5) ** 2 + (y - 0.6) ** 2) / 0.02), 0, 1)).astype(np.uint8)
    painted = np.rint(255 * np.stack([x, 1 - y, 0.5 + 0.5 * np.sin(20 * x)], -1)).astype(np.uint8)
    v, u = (np.mgrid[0:32, 0:32] + 0.5) / 32
    flow = np.stack([0.05 * np.sin(6 * v), 0.04 * np.cos(5 * u) * v], -1)
    levels = np.rint(flow / FLOW_STEP).astype(int)
    for name, image in (("photo", photo), ("mask", mask), ("painted", painted)):
        _save_image(folder / f"paste_{name}.png", image)
    cases = []
    for name, crop in (
        ("inside", SquareCrop(20.0, 10.0, 280.0)),
        ("fraction", SquareCrop(30.4, 14.75, 270.3)),
        ("small", SquareCrop(100.2, 120.0, 90.6)),
        ("border", SquareCrop(0.0, 0.0, 300.0)),
        ("beyond", SquareCrop(180.0, -40.0, 200.0)),
    ):
        paste = PasteBack(crop, width, height)
        frame = paste(photo, *_network_arrays(levels, mask, painted))
        _save_image(folder / f"pasted_{name}.png", frame)
        feather = crop_feather(crop, width, height)
        cases.append(
            {"crop": asdict(crop), "photo": "paste_photo.png", "mask": "paste_mask.png", "painted": "paste_painted.png"}
            | {"flow": _flow(levels), "result": f"pasted_{name}.png"}
            | {"feather_row_128": _rounded(feather[128], 6), "feather_column_128": _rounded(feather[:, 128], 6)}
        )
    return cases


def _pixel_mark_cases(folder: Path, photo: NDArray[np.uint8]) -> list[dict[str, Any]]:
    """Code words, and the photo marked in one square: inside, over the border, in one that is measured smaller."""
    cases: list[dict[str, Any]] = []
    for name, repeated, region, file_id in (
        ("inside", 1, SquareCrop(20.4, 10.75, 240.3), 0),
        ("beyond", 1, SquareCrop(150.2, -30.0, 180.0), 2**16 - 1),
        ("every pixel doubled", 2, SquareCrop(6.0, 4.5, 541.5), 0xBCE5),
        ("too small", 1, SquareCrop(30.0, 30.0, 63.0), 0xBCE5),
    ):
        picture = photo.repeat(repeated, 0).repeat(repeated, 1)
        height, width = picture.shape[:2]
        bits = picture_bits(picture, region)
        marked = PixelMark(MarkMessage(file_id), (width, height), [region]).apply(picture)
        change = marked[..., 1].astype(int) - picture[..., 1]
        rows = list(range(3, height, 40))
        word = "".join("+" if sign > 0 else "-" for sign in encode(file_id, bits))
        cases.append(
            {"name": name, "repeated": repeated, "crop": asdict(region), "code_word": word}
            | {"message": {"file_id": file_id, "picture": bits}}
            | {"rows": rows, "change_of_green": [change[row].tolist() for row in rows]}
        )
    return cases


def _frames(folder: Path, photo: NDArray[np.uint8], faces: dict[str, Any]) -> dict[str, Any]:
    """Two frames as a whole, the networks of the packaged bundle included, and without those of eyes and mouth."""
    bundle = monalive.Bundle.load()
    networks, without_regions = BundleNetworks(bundle), BundleNetworks(bundle)
    without_regions.regions = None
    landmarks = _points(faces["portrait"])
    crop = portrait_crop(landmarks, PHOTO_SIZE, PHOTO_SIZE)
    portrait = Portrait((networks.enroll(PhotoOfPerson(photo, landmarks, crop)),))
    players = [PortraitPlayer(portrait, each, monalive.RetargetOptions()) for each in (networks, without_regions)]
    driver, times = [_points(face) for face in faces["driver"]], faces["driver_timestamps_ms"]
    for player in players:
        player.start(driver[0], tuple(faces["driver_size"]))
    _save_image(folder / "frame_photo_crop.png", crop.extract(photo, NETWORK_SIZE))
    frames: list[dict[str, Any]] = []
    for index, (face, time) in enumerate(zip(driver, times, strict=True)):
        whole, plain = (player.frame(face, time) for player in players)
        if index not in (1, 4):
            continue
        out = networks.animate(portrait.enrolled[0], whole.landmarks)
        levels = np.rint(out.flow / FLOW_STEP).astype(int)
        mask, painted = (np.rint(np.clip(x, 0, 1) * 255).astype(np.uint8) for x in (out.mask, out.painted))
        # Pasted from the rounded values that the files hold, so that it can be told to the last bit.
        frame = PasteBack(crop, PHOTO_SIZE, PHOTO_SIZE)(photo, *_network_arrays(levels, mask, painted))
        difference = (plain.image.astype(float) - frame) ** 2
        assert 10 * np.log10(255**2 / difference.mean()) > 50, "rounding must not be seen"
        pictures = {"mask": mask, "painted": painted, "image": frame, "crop_image": whole.crop_image}
        names = {name: f"frame_{index}_{name}.png" for name in pictures}
        for name, image in pictures.items():
            _save_image(folder / names[name], image)
        frames.append(
            {"index": index, "timestamp_ms": time, "target_landmarks": _rounded(whole.landmarks[:, :2], 6)}
            | {"flow": _flow(levels)}
            | names
        )
    return {
        "bundle": {"file": "sdk/monalive/assets/default.bundle", "model_version": bundle.model_version},
        "photo": "photo.png",
        "crop": asdict(crop),
        "photo_crop": "frame_photo_crop.png",
        "source_landmarks": _rounded(crop.to_unit(landmarks)[:, :2], 6),
        "frames": frames,
    }


def _running_modes() -> list[dict[str, Any]]:
    """Calls on one animator each, in order, with the error that the SDK raises."""
    mode, no_face = monalive.RunningMode, np.full((48, 64, 3), 90, np.uint8)
    rising = ("animate_for_video", [0.0, 40.0, 40.0, 20.0, 41.0, float("nan"), 80.0])
    results: list[dict[str, Any]] = []
    for own, calls in (
        (mode.VIDEO, [(rising[0], time) for time in rising[1]]),
        (mode.VIDEO, [(rising[0], 500.0), ("reset", None), (rising[0], 0.0)]),
        (mode.VIDEO, [("animate", None), ("animate_async", 0.0), ("close", None), ("close", None), (rising[0], 0.0)]),
        (mode.IMAGE, [("animate_for_video", 0.0), ("animate_async", 0.0)]),
        (mode.LIVE_STREAM, [("animate", None), ("animate_for_video", 0.0), ("animate_async", 5.0)]),
        (mode.LIVE_STREAM, [("animate_async", 5.0), ("animate_async", 5.0), ("animate_async", 6.0)]),
    ):
        callback = (lambda frame, timestamp_ms: None) if own is mode.LIVE_STREAM else None
        animator = monalive.PhotoAnimator(monalive.PhotoAnimatorOptions(running_mode=own, result_callback=callback))
        portrait = animator.enroll(str(SAMPLE), consent="artwork")
        said = []
        for method, time in calls:
            given = () if method in ("reset", "close") else (portrait, no_face, *([] if time is None else [time]))
            call: Callable[..., object] = getattr(animator, method)
            named = "nan" if time is not None and np.isnan(time) else time
            said.append({"method": method, "timestamp_ms": named, "error": _error(call, *given)})
        animator.close()
        results.append({"running_mode": own.name, "calls": said})
    for own, callback in ((mode.LIVE_STREAM, None), (mode.VIDEO, print)):
        error = _error(lambda: monalive.PhotoAnimatorOptions(running_mode=own, result_callback=callback))  # noqa: B023
        results.append({"running_mode": own.name, "has_callback": callback is not None, "options_error": error})
    return results


def _error(call: Callable[..., object], *given: object) -> str | None:
    try:
        call(*given)
    except (ValueError, RuntimeError, OSError) as error:
        return type(error).__name__
    return None


def _network_arrays(
    levels: NDArray[np.int_], mask: NDArray[np.uint8], painted: NDArray[np.uint8]
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """flow, mask and painted as the network gives them."""
    flow = (levels * FLOW_STEP).astype(np.float32)
    return flow, mask.astype(np.float32) / np.float32(255), painted.astype(np.float32) / np.float32(255)


def _flow(levels: NDArray[Any]) -> dict[str, Any]:
    return {"side": len(levels), "step": FLOW_STEP, "levels": levels.ravel().tolist()}


def _points(values: list[list[float]]) -> NDArray[np.float32]:
    return np.array(values, np.float32)


def _rounded(values: NDArray[Any], digits: int) -> Any:
    return np.asarray(values, np.float64).round(digits).tolist()


def _save(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, separators=(",", ":")) + "\n", "utf-8")


def _image(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as picture:
        return np.asarray(picture)


def _save_image(path: Path, image: NDArray[np.uint8]) -> None:
    Image.fromarray(image).save(path, optimize=True)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
