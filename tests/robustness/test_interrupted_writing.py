"""Power cuts, full disks, folders that cannot be written: the old file, or a whole new one, and never half."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from kill_helper import NAMES

HERE = Path(__file__).parents[1] / "support"
KILLS = 21


def run(program: list[str], folder: Path, **options: object) -> subprocess.CompletedProcess[str]:
    paths = os.pathsep.join([str(HERE), *sys.path])
    environment = {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, *program]
    return subprocess.run(  # type: ignore[call-overload, no-any-return]
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=240, **options
    )


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_kill_9_at_random_moments_leaves_a_whole_file(tmp_path: Path) -> None:
    done = run([str(HERE / "kill_helper.py"), str(tmp_path), "1", str(KILLS)], tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    lines = done.stdout.splitlines()
    assert len(lines) == KILLS
    assert sum("killed whole" in line for line in lines) == KILLS


FULL_DISK = textwrap.dedent("""
    import sys
    from pathlib import Path
    from kill_helper import write
    for name in sys.argv[1:]:
        try:
            write(Path(name), 7)
        except OSError as error:
            print("refused", name, error)
        else:
            print("written", name)
""")


@pytest.mark.parametrize("limit", [0, 3_000, 40_000])
def test_a_disk_that_runs_full_keeps_the_old_file(tmp_path: Path, limit: int) -> None:
    """The system refuses to let files grow beyond the limit, at three points of the writing."""
    from kill_helper import require_whole, write

    for name in NAMES:
        write(tmp_path / name, 3)
    before = sorted(tmp_path.rglob("*"))

    def fill() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    done = run(["-c", FULL_DISK, *NAMES], tmp_path, preexec_fn=fill)
    assert done.returncode == 0, done.stderr[-2000:]
    lines = done.stdout.splitlines()
    assert len(lines) == len(NAMES)
    assert any(line.startswith("refused") for line in lines)
    assert limit or not any(line.startswith("written") for line in lines)
    assert sorted(tmp_path.rglob("*")) == before
    for name in NAMES:
        require_whole(tmp_path / name)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="the root user may write everywhere")
def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    from kill_helper import write

    tmp_path.chmod(0o500)
    try:
        for name in NAMES:
            with pytest.raises(PermissionError):
                write(tmp_path / name, 1)
    finally:
        tmp_path.chmod(0o700)
    assert not list(tmp_path.iterdir())


def test_two_folders_trade_places_in_one_step(tmp_path: Path) -> None:
    from monalive.atomic_file import exchange

    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
    if exchange(tmp_path / "one", tmp_path / "other"):
        assert [path.name for path in (tmp_path / "one").iterdir()] == ["other"]
    assert not exchange(tmp_path / "one", tmp_path / "none")
