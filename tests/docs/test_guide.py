"""What the docs show works: every Python snippet runs, every command is understood, every link leads somewhere."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest
import yaml
from gather_pages import LINK, gathered, without_sources

import monalive
from monalive.cli.main import COMMAND_LINE as SDK
from monalive_distill.cli.main import COMMAND_LINE as DISTILL
from monalive_export.cli.main import COMMAND_LINE as EXPORT

ROOT = Path(__file__).resolve().parents[2]
GUIDE = sorted((ROOT / "docs" / "guide").glob("*.md"))
PROGRAMS = {program.name: program for program in (SDK, DISTILL, EXPORT)}


def _blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of the names that the snippets use."""
    folder = tmp_path_factory.mktemp("guide")
    photo = monalive.load_image(monalive.sample_portrait_path(), longest_side=256)
    for name in ("photo.jpg", "smiling.jpg"):
        monalive.save_image(folder / name, photo)
    (folder / "me.bundle").write_bytes(monalive.default_bundle_path().read_bytes())
    with wave.open(str(folder / "voice.wav"), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(16000)
        time = np.arange(16000) / 16000
        vowel = sum(np.sin(2 * np.pi * 120 * k * time) / k for k in range(1, 20)) * np.sin(2 * np.pi * 1.5 * time) ** 2
        sound.writeframes((6000 * vowel).astype("<i2").tobytes())
    wink = monalive.Motion.builtin("wink")
    short = monalive.Motion.from_landmarks(wink.landmarks[18:34], wink.image_size, 25, name="wink")
    monalive.animate(folder / "photo.jpg", short, folder / "talk.mp4", consent="artwork")
    return folder


@pytest.mark.parametrize("page", [page for page in GUIDE if _blocks(page, "python")], ids=lambda page: page.stem)
def test_snippets_run(page: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One after the other, in one program, as a reader would type them."""
    program = "\n".join(_blocks(page, "python"))
    environment = {"PYTHONPATH": ":".join(sys.path), "PATH": "", "MONALIVE_HOME": str(folder / "settings")}
    done = subprocess.run(
        [sys.executable, "-W", "error::DeprecationWarning:monalive", "-c", program],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr


def _commands() -> list[tuple[str, list[str]]]:
    found = []
    for page in GUIDE:
        for block in _blocks(page, "sh"):
            for line in block.splitlines():
                words = shlex.split(line, comments=True)
                if words and words[0] in PROGRAMS:
                    found.append((page.stem, words))
    return found


@pytest.mark.parametrize(("page", "words"), _commands(), ids=lambda value: value if isinstance(value, str) else None)
def test_commands_are_understood(page: str, words: list[str]) -> None:
    assert PROGRAMS[words[0]].parse(words[1:]).command


def test_links_lead_somewhere() -> None:
    dead = []
    for page in gathered():
        if page.suffix == ".md":
            text = (ROOT / page).read_text()
            targets = [link[1] for link in LINK.findall(text)] + re.findall(r"!\[[^\]]*\]\(([^):\s]+)\)", text)
            dead += [f"{page}: {target}" for target in targets if not (ROOT / page.parent / target).exists()]
    assert not dead


def test_every_public_name_is_in_the_reference() -> None:
    pages = "\n".join(path.read_text() for path in (ROOT / "docs" / "reference").glob("*.md"))
    described = re.findall(r"^::: monalive\.(\w+)$", pages, re.MULTILINE)
    assert len(described) == len(set(described))
    assert set(described) == set(monalive.__all__) - {"__version__"}


def test_the_site_shows_every_page() -> None:
    def pages(entry: object) -> list[str]:
        if isinstance(entry, str):
            return [entry]
        values = entry.values() if isinstance(entry, dict) else entry
        return [page for value in values for page in pages(value)]  # type: ignore[attr-defined]

    shown = pages(yaml.safe_load((ROOT / "mkdocs.yml").read_text())["nav"])
    assert len(shown) == len(set(shown)) and all((ROOT / page).is_file() for page in shown)
    missing = {str(page) for page in gathered() if page.suffix == ".md" and page.parts[0] == "docs"} - set(shown)
    assert not missing


def test_links_to_sources_become_text() -> None:
    page = Path("docs/a.md")
    shown = {page, Path("docs/b.md")}
    text = "[b](b.md#x), [code](../sdk/monalive/version.py), [gone](gone.md), [there](https://example.com)"
    assert without_sources(page, text, shown) == ("[b](b.md#x), code, [gone](gone.md), [there](https://example.com)")


def test_prose_is_wrapped() -> None:
    """Lines of prose stay within 120 columns; tables, headings and code may be longer."""
    long = []
    for page in gathered():
        if page.suffix == ".md" and page.parts[0] in ("docs", "README.md", "CHANGELOG.md", "CONTRIBUTING.md"):
            prose = re.sub(r"^```.*?^```", "", (ROOT / page).read_text(), flags=re.MULTILINE | re.DOTALL)
            long += [
                f"{page}: {line[:60]}" for line in prose.splitlines() if len(line) > 120 and line[0] not in "|#!<*[:"
            ]
    assert not long
