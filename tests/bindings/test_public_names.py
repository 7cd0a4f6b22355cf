"""The table of public names is what the sources say, and what must be the same everywhere is there everywhere."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
# The vocabulary of the API: every platform has it.
EVERYWHERE = (
    *("PhotoAnimator", "PhotoAnimator.create_from_options", "PhotoAnimator.enroll"),
    *("PhotoAnimator.animate_for_video", "PhotoAnimator.animate_async", "PhotoAnimator.reset"),
    *("PhotoAnimator.close", "PhotoAnimatorOptions", "PhotoAnimatorOptions.running_mode"),
    *("PhotoAnimatorOptions.retarget", "PhotoAnimatorOptions.result_callback", "RunningMode", "Consent"),
    *("Portrait", "Portrait.photo", "Portrait.landmarks", "Portrait.crop", "Portrait.consent", "AnimatedFrame"),
    *("AnimatedFrame.image", "AnimatedFrame.crop_image", "AnimatedFrame.landmarks", "AnimatedFrame.timestamp_ms"),
    *("AnimatedFrame.driver_found", "Motion", "Motion.load", "Motion.landmarks", "Motion.timestamps_ms"),
    *("Motion.duration_ms", "Motion.fps", "Motion.name", "Motion.loop", "Motion.surroundings", "Bundle"),
    *("Bundle.load", "Bundle.model_version", "Bundle.about", "Bundle.part_manifest", "RetargetOptions"),
    *("RetargetOptions.absolute", "RetargetOptions.smooth", "RetargetOptions.regions", "RetargetOptions.gains"),
    *("SquareCrop", "SquareCrop.x", "SquareCrop.y", "SquareCrop.side", "SquareCrop.to_unit"),
    *("SquareCrop.to_pixels", "SquareCrop.extract", "portrait_crop", "FaceTracker", "FaceTracker.detect"),
    *("Face", "Face.landmarks", "PixelMark", "PhotoAnimator.reanchor", "PhotoAnimatorOptions.reference"),
    *("PhotoAnimatorOptions.driver_face", "PhotoAnimatorOptions.max_faces"),
    *("MarkMessage", "MarkMessage.random", "MarkMessage.file_id", "Motion.speech"),
    *("LipsNetwork", "LipsNetwork.load", "LipsNetwork.shape", "LipsNetwork.shapes", "LipsNetwork.window"),
)
# On Python and both phones.
NATIVE = (
    *("PhotoAnimator.animate", "PhotoAnimator.enroll_all", "PhotoAnimator.play", "RunningMode.IMAGE"),
    *("RunningMode.VIDEO", "RunningMode.LIVE_STREAM", "Consent.SELF", "Consent.GIVEN", "Consent.ARTWORK"),
    *("Motion.save", "Motion.from_landmarks", "Bundle.parts", "Bundle.manifest", "Bundle.sha256"),
    *(
        "FaceTracker.track",  # on the web `DriverFollower` follows
        "FaceTracker.reset",
        "Face.blendshapes",
        "FaceTrackerFactory.create",
        "RetargetOptions.gain",
        "PhotoAnimatorOptions.bundle_path",
        "PixelMark.apply",
    ),
)


@pytest.fixture(scope="module")
def names() -> ModuleType:
    spec = importlib.util.spec_from_file_location("public_names", ROOT / "bindings" / "public_names.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_table_is_up_to_date(names: ModuleType) -> None:
    text = names.README.read_text()
    hint = "run `PYTHONPATH=sdk python bindings/public_names.py`"
    assert f"{names.BEGIN}\n{names.table()}\n{names.END}" in text, hint


def test_the_vocabulary_is_there_on_every_platform(names: ModuleType) -> None:
    for platform in names.PLATFORMS:
        known = {names.key(name) for name in getattr(names, f"{platform.lower()}_names")()}
        wanted = EVERYWHERE if platform == "TypeScript" else EVERYWHERE + NATIVE
        assert [name for name in wanted if names.key(name) not in known] == [], platform


def test_a_name_that_is_not_public_is_not_read(names: ModuleType, tmp_path: Path) -> None:
    kotlin = tmp_path / "core" / "src" / "main"
    kotlin.mkdir(parents=True)
    (kotlin / "A.kt").write_text(
        "internal class Hidden {\n    fun hiddenToo() = 1\n}\n\nclass Shown(val field: Int, private val own: Int) {\n"
        "    fun call() = 1\n    private fun secret() = 2\n    companion object {\n        const val MOST = 3\n"
        "        private const val LEAST = 1\n    }\n}\n"
    )
    assert names.kotlin_names(tmp_path) == {"Shown", "Shown.field", "Shown.call", "Shown.MOST"}
    swift = tmp_path / "Sources"
    swift.mkdir()
    (swift / "A.swift").write_text(
        "struct Hidden {\n    public var no: Int\n}\n"
        "public struct Shown {\n    public let a: Int, b: Int\n    let c: Int\n"
        "    public func call() {}\n}\npublic enum Kind {\n    case one, two\n}\n"
    )
    found = names.swift_names(tmp_path) - {"Hidden.no"}
    assert found == {"Shown", "Shown.a", "Shown.b", "Shown.call", "Kind", "Kind.one", "Kind.two"}
