"""One version everywhere, a changelog that says something, packages that can be uploaded and installed."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest
from release import changelog_problems

from monalive.bundle import SCHEMA, Bundle
from monalive.motions.motion import VERSION as MOTION_SCHEMA
from monalive.version import __version__

ROOT = Path(__file__).resolve().parents[1]
CHANGELOG = (ROOT / "CHANGELOG.md").read_text()


def _toml(path: str) -> dict[str, Any]:
    return tomllib.loads((ROOT / path).read_text())


def test_one_version() -> None:
    versions = {room: _toml(f"{room}/pyproject.toml")["project"]["version"] for room in ("distill", "export")}
    versions["web"] = json.loads((ROOT / "bindings/web/package.json").read_text())["version"]
    lock = json.loads((ROOT / "bindings/web/package-lock.json").read_text())
    versions |= {"lock": lock["version"], "lock, package": lock["packages"][""]["version"]}
    versions["bump"] = _toml(".bumpversion.toml")["tool"]["bumpversion"]["current_version"]
    versions["changelog"] = re.findall(r"^## \[(\d[^\]]*)\]", CHANGELOG, re.MULTILINE)[0]
    asked = [
        *_toml("distill/pyproject.toml")["project"]["dependencies"],
        *_toml("export/pyproject.toml")["project"]["dependencies"],
    ]
    versions |= {line: line.partition("==")[2] for line in asked}
    assert len(versions) == 10 and set(versions.values()) == {__version__}, versions


def test_every_place_of_the_version_is_bumped() -> None:
    """Each search of the bump finds what it is to replace."""
    places = _toml(".bumpversion.toml")["tool"]["bumpversion"]["files"]
    assert len(places) == 9
    for place in places:
        wanted = place["search"].replace("{current_version}", __version__)
        text = (ROOT / place["filename"]).read_text()
        found = re.findall(wanted, text) if place.get("regex") else [wanted] * text.count(wanted)
        assert found, place


def test_the_changelog_names_weights_and_schemas() -> None:
    rows = re.findall(r"^\| (\S+) \| (.+?) \| (.+?) \| (.+?) \|$", CHANGELOG, re.MULTILINE)
    assert rows[1] == (__version__, Bundle.load().model_version, str(SCHEMA), str(MOTION_SCHEMA))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("# Changelog\n\n## [0.8.0] - 2026-12-01\n\n- a\n", "no section"),
        ("# Changelog\n\n## [Unreleased]\n\n## [0.8.0] - 2026-12-01\n\n- a\n", "says nothing"),
        ("# Changelog\n\n## [Unreleased]\n\n### Added\n\n- a thing\n\n## [0.8.0]\n", ""),
    ],
)
def test_a_release_needs_something_to_say(text: str, problem: str) -> None:
    found = changelog_problems(text)
    assert bool(found) == bool(problem) and all(problem in line for line in found)


def test_the_wheel_is_whole(tmp_path: Path) -> None:
    """Built as it is uploaded: it imports from a folder of its own, with version, licence, readme and type mark."""
    pytest.importorskip("hatchling")
    build = "from hatchling.build import build_sdist, build_wheel; print(build_wheel(r'{0}')); build_sdist(r'{0}')"
    subprocess.run([sys.executable, "-c", build.format(tmp_path)], cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    assert wheel.name == f"monalive-{__version__}-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        archive.extractall(tmp_path / "installed")
        about = archive.read(f"monalive-{__version__}.dist-info/METADATA").decode()
    assert {"monalive/py.typed", "monalive/assets/default.bundle"} <= set(names)
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert "Classifier: Typing :: Typed" in about and "# monalive" in about
    assert not [name for name in names if "test" in name.lower() or name.startswith("monalive_")]
    code = "import monalive; print(monalive.__version__, monalive.Bundle.load().model_version, monalive.__file__)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path / "installed"), "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    version, model, place = done.stdout.split()
    assert (version, model) == (__version__, Bundle.load().model_version)
    assert Path(place).is_relative_to(tmp_path)


def test_workflows_and_templates_are_valid_yaml() -> None:
    yaml = pytest.importorskip("yaml")
    files = sorted((ROOT / ".github").rglob("*.yml"))
    assert len(files) >= 4
    for path in files:
        content = yaml.safe_load(path.read_text())
        assert content, path
    workflow = yaml.safe_load((ROOT / ".github/workflows/tests.yml").read_text())
    matrix = workflow["jobs"]["sdk"]["strategy"]["matrix"]
    assert len(matrix["os"]) == 3 and matrix["python"] == ["3.11", "3.12", "3.13", "3.14"]
    for job in workflow["jobs"].values():
        for step in job["steps"]:
            assert ("run" in step) != ("uses" in step)
