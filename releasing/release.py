"""Makes a release: checks, writes the new version everywhere, commits and tags. Nothing is uploaded.

    python releasing/release.py patch|minor|major [--dry-run]

Needs bump-my-version: pip install 'monalive[release]'. What is checked: a clean tree on main, something to say under
"Unreleased" in CHANGELOG.md, and that the version is the same in all places.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]


def main() -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=["patch", "minor", "major"])
    parser.add_argument("--dry-run", action="store_true", help="check, and say what would be written")
    arguments = parser.parse_args()
    problems = [*_tree_problems(), *changelog_problems((ROOT / "CHANGELOG.md").read_text())]
    for problem in problems:
        print(f"release: {problem}", file=sys.stderr)
    if problems and not arguments.dry_run:
        return 2
    bump = [sys.executable, "-m", "bumpversion", "bump", arguments.part]
    bump += ["--dry-run", "--verbose"] if arguments.dry_run else []
    if subprocess.run(bump, cwd=ROOT, env=os.environ | _schemas(), check=False).returncode:
        return 1
    if not arguments.dry_run:
        version = _version()
        _git("commit", "--all", "--message", f"Release {version}")
        _git("tag", "--annotate", f"v{version}", "--message", f"monalive {version}")
        print(f"committed and tagged v{version}; next: make dist, git push --follow-tags, upload dist/")
    return 0


def changelog_problems(text: str) -> list[str]:
    """What is wrong with a changelog of which a release is to be made."""
    sections = re.split(r"^## ", text, flags=re.MULTILINE)
    unreleased = next((part for part in sections if part.startswith("[Unreleased]")), None)
    if unreleased is None:
        return ["CHANGELOG.md has no section [Unreleased]; add one"]
    if not re.search(r"^- \S", unreleased, flags=re.MULTILINE):
        return ["CHANGELOG.md says nothing under [Unreleased]; list what changed"]
    return []


def _tree_problems() -> list[str]:
    problems = []
    if _git("status", "--porcelain"):
        problems.append("the tree has changes that are not committed; commit or drop them")
    if _git("branch", "--show-current") != "main":
        problems.append("this is not the branch main; releases are made there")
    return problems


def _schemas() -> dict[str, str]:
    """What the table of versions says beside the package's."""
    sys.path.insert(0, str(ROOT / "sdk"))
    from monalive.bundle import SCHEMA, Bundle
    from monalive.motions.motion import VERSION

    return {
        "MODEL_VERSION": Bundle.load().model_version,
        "BUNDLE_SCHEMA": str(SCHEMA),
        "MOTION_SCHEMA": str(VERSION),
    }


def _version() -> str:
    (version,) = re.findall(r'= "(.+)"', (ROOT / "sdk/monalive/version.py").read_text())
    return str(version)


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
