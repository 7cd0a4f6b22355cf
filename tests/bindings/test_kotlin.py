"""The Kotlin binding and the Android sample: compiled on the JVM, the core tested on the golden vectors.

The Android layer and the sample are type-checked against stubs (kotlin/stubs), nothing more. Bundles' networks, for
which the JVM has no runtime here, are run by a Python process beside it (network_server.py).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT / "tests" / "bindings" / "kotlin"
CORE = ROOT / "bindings" / "kotlin" / "core" / "src"
SOURCES = (
    CORE / "main",
    CORE / "test",
    ROOT / "bindings" / "kotlin" / "android" / "src" / "main",
    ROOT / "samples" / "android" / "app" / "src" / "main",
    TOOLS / "stubs",
)
FAST_START = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto")


def _compiler() -> Path:
    """The Kotlin compiler's folder, from the lock file."""
    for command in ("java", "npm"):
        if shutil.which(command) is None:
            pytest.skip(f"{command} is not installed: the Kotlin binding is neither compiled nor tested")
    folder = TOOLS / "node_modules" / "kotlin-compiler"
    if not (folder / "lib" / "kotlin-compiler.jar").exists():
        npm = ["npm", "ci", "--no-audit", "--no-fund", "--silent"]
        done = subprocess.run(npm, cwd=TOOLS, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            pytest.skip(f"npm cannot install the Kotlin compiler: {done.stderr.strip()[-300:]}")
    return folder


def _resources(folder: Path) -> str:
    """Kotlin's view of res/values/strings.xml, which Android's tools would make."""
    strings = (ROOT / "samples/android/app/src/main/res/values/strings.xml").read_text()
    names = re.findall(r'<string name="(\w+)"', strings)
    lines = "".join(f"        const val {name} = {number}\n" for number, name in enumerate(names))
    path = folder / "R.kt"
    path.write_text(
        f"package monalive.sample\n\nclass R {{\n    class string {{ companion object {{\n{lines}    }} }}\n}}\n"
    )
    return str(path)


@pytest.fixture(scope="module")
def classes(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """What the sources compile to, and the compiler's folder."""
    compiler, folder = _compiler(), tmp_path_factory.mktemp("kotlin")
    sources = [str(path) for source in SOURCES for path in sorted(source.rglob("*.kt"))]
    command = ["java", *FAST_START, "-cp", str(compiler / "lib" / "*"), "org.jetbrains.kotlin.cli.jvm.K2JVMCompiler"]
    command += ["-kotlin-home", str(compiler), "-no-reflect", "-jvm-target", "17", "-d", str(folder / "classes")]
    done = subprocess.run([*command, *sources, _resources(folder)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    warnings = [line for line in done.stderr.splitlines() if "warning:" in line and str(ROOT / "bindings") in line]
    assert not warnings, warnings
    return folder / "classes", compiler


def test_core_on_golden_vectors(classes: tuple[Path, Path]) -> None:
    folder, compiler = classes
    path = [str(folder), str(compiler / "lib" / "kotlin-stdlib.jar")]
    command = ["java", *FAST_START, "-cp", os.pathsep.join(path), "monalive.GoldenTestKt", str(ROOT), sys.executable]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    failed = [line for line in done.stdout.splitlines() if line.startswith("failed")]
    assert done.returncode == 0 and not failed, "\n".join([*failed, done.stderr[-2000:]])
    passed = [line.removeprefix("ok ") for line in done.stdout.splitlines() if line.startswith("ok ")]
    assert {"retarget", "background_flow", "image_mode", "paste_back", "frames_with_networks"} <= set(passed)
    assert {"bundles", "running_modes"} <= set(passed)
    assert {"region_crop", "region_paste", "regions_painted", "regions_missing"} <= set(passed)
    assert {"lips_windows", "lips_refused", "lips_network"} <= set(passed)
    assert {"level_crops", "detections", "tracker_on_stills", "tracker_on_video"} <= set(passed)


def test_android_is_type_checked(classes: tuple[Path, Path]) -> None:
    folder, _ = classes
    for name in ("monalive/android/LiteRtRuntime", "monalive/android/CameraFrames", "monalive/sample/MainActivity"):
        assert (folder / f"{name}.class").exists()


def test_one_oldest_android_everywhere() -> None:
    files = ("bindings/kotlin/android/build.gradle.kts", "samples/android/app/build.gradle.kts", "export/README.md")
    oldest = {name: re.findall(r"minSdk = (\d+)", (ROOT / name).read_text()) for name in files}
    assert oldest == {name: ["29"] for name in files}


@pytest.mark.parametrize("folder", ["bindings/kotlin", "samples/android"])
def test_the_version_of_gradle_is_fixed(folder: str) -> None:
    wrapper = (ROOT / folder / "gradle" / "wrapper" / "gradle-wrapper.properties").read_text()
    built = re.findall(r'gradleVersion = "([\d.]+)"', (ROOT / folder / "build.gradle.kts").read_text())
    assert re.findall(r"/gradle-([\d.]+)-bin\.zip", wrapper) == built == ["9.4.1"]  # the least that AGP 9.2 takes


def test_turning_and_darkness_keep_the_activity() -> None:
    manifest = (ROOT / "samples/android/app/src/main/AndroidManifest.xml").read_text()
    (listed,) = re.findall(r'android:configChanges="([^"]+)"', manifest)
    assert {"orientation", "screenSize", "smallestScreenSize", "screenLayout", "uiMode"} <= set(listed.split("|"))


def test_rules_for_shrinking_keep_what_native_code_names() -> None:
    folder = ROOT / "bindings/kotlin/android"
    (name,) = re.findall(r'consumerProguardFiles\("([^"]+)"\)', (folder / "build.gradle.kts").read_text())
    assert "-keep class com.google.ai.edge.litert.** { *; }" in (folder / name).read_text()


def test_the_lock_file_names_no_host() -> None:
    assert "resolved" not in (TOOLS / "package-lock.json").read_text()
