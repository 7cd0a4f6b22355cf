"""Gathers what the docs site shows: `python docs/gather_pages.py build/docs`, then `mkdocs build --strict`.

Pages keep their places, so that links between them work there as they do in the repository. Links to sources become
plain text: a page of code is no page of the site. A link to nothing is left for mkdocs to complain about.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
_SHOWN: Final = {".md", ".png", ".jpg", ".svg", ".gif", ".webp"}
LINK: Final = re.compile(r"(?<!!)\[([^\]]*)\]\(([^)#\s:]+)(#[^)\s]*)?\)")


def gathered() -> list[Path]:
    """Pages and pictures, relative to the repository, that it keeps."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True
    )
    paths = [Path(line) for line in listed.stdout.decode().splitlines()]
    return [path for path in paths if path.suffix in _SHOWN and path.parts[0] != "tests" and (ROOT / path).is_file()]


def without_sources(page: Path, text: str, shown: set[Path]) -> str:
    """The text of a page whose links to files that are there, but not shown, are plain text."""

    def plain(link: re.Match[str]) -> str:
        target = (ROOT / page.parent / link[2]).resolve()
        inside = target.is_relative_to(ROOT) and target.relative_to(ROOT) not in shown
        return link[1] if inside and target.exists() else link[0]

    return LINK.sub(plain, text)


def main() -> int:
    """Returns the exit code."""
    folder = Path(sys.argv[1])
    shutil.rmtree(folder, ignore_errors=True)
    pages = gathered()
    shown = set(pages)
    for page in pages:
        (folder / page).parent.mkdir(parents=True, exist_ok=True)
        if page.suffix == ".md":
            (folder / page).write_text(without_sources(page, (ROOT / page).read_text(), shown))
        else:
            shutil.copyfile(ROOT / page, folder / page)
    print(f"{folder}: {len(pages)} files")
    return 0


if __name__ == "__main__":
    sys.exit(main())
