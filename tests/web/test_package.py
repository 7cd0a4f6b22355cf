"""The npm package as somebody else would use it: packed, installed into a fresh Vite app in strict TypeScript, run."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest

from monalive import builtin_motions
from monalive.bundle import default_bundle_path
from monalive.packaged_assets import sample_portrait_path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "bindings" / "web"
APP = Path(__file__).with_name("vite_app")
CHROMIUM = os.environ.get("MONALIVE_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
# Fifty rounds take minutes: `make test-web` asks for them.
SLOW = bool(os.environ.get("MONALIVE_SLOW"))
ROUNDS = 50 if SLOW else 3
# Megabytes that 20 rounds may add: each fetches a bundle of 8, and one animator takes 150.
MOST_GROWTH = 30

pytestmark = pytest.mark.skipif(
    shutil.which("npm") is None or not (PACKAGE / "node_modules" / "esbuild").is_dir(),
    reason="npm is not installed, or bindings/web is not: make web",
)


def _npm(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["npm", *arguments], cwd=folder, capture_output=True, text=True, timeout=600)


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("packed")
    done = _npm(PACKAGE, "pack", "--silent", "--pack-destination", str(folder))
    assert done.returncode == 0, done.stderr
    return next(folder.glob("monalive-web-*.tgz"))


def test_package_holds_what_it_needs(packed: Path) -> None:
    with tarfile.open(packed) as archive:
        names = {name.removeprefix("package/") for name in archive.getnames()}
        license_text = archive.extractfile("package/LICENSE")
        manifest = archive.extractfile("package/package.json")
        assert license_text is not None and license_text.read() == (ROOT / "LICENSE").read_bytes()
        assert manifest is not None
        described: dict[str, Any] = json.load(manifest)
    assert described["exports"]["."]["types"].removeprefix("./") in names
    assert described["exports"]["."]["default"].removeprefix("./") in names
    assert {"README.md", "dist/worker.js"} <= names
    for kind in ("threaded", "compat"):
        assert {f"dist/wasm/litert_wasm_{kind}_internal{suffix}" for suffix in (".js", ".wasm")} <= names
    assert not [name for name in names if name.startswith(("src", "tests", "browser", "node_modules"))]


@pytest.mark.skipif(CHROMIUM is None or shutil.which("node") is None, reason="Chromium or node is not installed")
def test_a_fresh_app_finds_worker_and_wasm_and_leaks_nothing(packed: Path, tmp_path: Path) -> None:
    app, data = tmp_path / "app", tmp_path / "data"
    shutil.copytree(APP, app)
    shutil.copy(packed, app / "monalive-web.tgz")
    if (installed := _npm(app, "install", "--no-audit", "--no-fund", "--silent")).returncode:
        pytest.skip(f"npm has no network: {installed.stderr[-200:]}")
    for step in ("check", "build"):
        done = _npm(app, "run", "--silent", step)
        assert done.returncode == 0, done.stdout + done.stderr
    data.mkdir()
    shutil.copy(default_bundle_path(), data / "default.bundle")
    shutil.copy(sample_portrait_path(), data / "sample.jpg")
    builtin_motions.load("laugh").save(data / "laugh.motion")

    done = subprocess.run(
        ["node", "browser/package_check.mjs", str(app / "dist"), str(data), str(ROUNDS)],
        cwd=PACKAGE,
        capture_output=True,
        text=True,
        timeout=900,
        env=os.environ | {"MONALIVE_CHROMIUM": str(CHROMIUM)},
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    print(result)
    assert result["errors"] == []
    isolated, alone, rounds = result["isolated"], result["open"], result["rounds"]
    assert isolated["moved"] > 500 and isolated["threads"] and isolated["isolated"] and isolated["said"] == []
    assert alone["moved"] > 500 and not alone["threads"] and not alone["isolated"]  # without SharedArrayBuffer
    assert any("SharedArrayBuffer" in text and "Cross-Origin-Opener-Policy" in text for text in alone["said"])
    assert rounds["workers"] == 0
    # The browser's own caches fill in the first 20 rounds. Then the least of ten rounds each: ended workers and what
    # nobody needs any more go when the browser likes.
    used = rounds["megabytes"]
    assert not SLOW or min(used[-10:]) - min(used[20:30]) < MOST_GROWTH, used
