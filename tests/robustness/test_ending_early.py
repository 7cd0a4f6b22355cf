"""Ctrl-C while loading, a terminal that is closed, `kill -9`, too little memory, a terminal of few letters."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from monalive.atomic_file import atomic_path, unfinished_name
from monalive.media.frame_sink import Target
from monalive.media.picture_sinks import FolderSink
from monalive.packaged_assets import sample_portrait_path

ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[1] / "support"), *sys.path])}


def run(*words: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # type: ignore[call-overload, no-any-return]
        [sys.executable, *words], **{"env": ENVIRONMENT, "capture_output": True, "text": True, "timeout": 120} | options
    )


@pytest.mark.parametrize("module", ["monalive.cli.main", "numpy.random", "cv2"])
def test_ctrl_c_while_libraries_are_loaded(module: str, tmp_path: Path) -> None:
    program = textwrap.dedent("""
        import os, runpy, signal, sys

        signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background it may be ignored
        module = sys.argv.pop(1)

        class Press:
            def find_spec(self, name, path=None, target=None):
                if name == module:
                    sys.meta_path.remove(self)
                    os.kill(os.getpid(), signal.SIGINT)

        sys.meta_path.insert(0, Press())
        runpy.run_module("monalive", run_name="__main__", alter_sys=True)
    """)
    words = ["animate", str(sample_portrait_path()), "--motion", "smile", "-o", "out.mp4"]
    done = run("-c", program, module, *words, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "monalive: interrupted\n")
    assert not list(tmp_path.iterdir())


WRITER = Path(__file__).parents[1] / "support" / "slow_writer.py"


def interrupted_writer(folder: Path, output: str, number: signal.Signals) -> tuple[int, str]:
    """Starts a writer, sends it a signal while it writes, and returns its exit code and what it said."""
    process = subprocess.Popen(
        [sys.executable, WRITER, sample_portrait_path(), output, "0.05", "1000"],
        cwd=folder,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    while not list(folder.iterdir()):  # some encoders begin their file after a few frames
        assert process.stdout.readline() == "frame\n"
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    return process.returncode, said


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="no terminals that hang up")
def test_a_terminal_that_is_closed_leaves_nothing(tmp_path: Path) -> None:
    code, said = interrupted_writer(tmp_path, "out.gif", signal.SIGHUP)
    assert (code, "Traceback" in said, list(tmp_path.iterdir())) == (129, False, [])


@pytest.mark.skipif(os.name != "posix", reason="needs kill -9")
@pytest.mark.parametrize("output", ["out.mp4", "frames"])
def test_what_kill_9_left_is_removed_by_the_next_run_into_the_folder(tmp_path: Path, output: str) -> None:
    code, _ = interrupted_writer(tmp_path, output, signal.SIGKILL)
    assert code == -signal.SIGKILL
    assert list(tmp_path.iterdir())
    (tmp_path / ".notes.txt").write_text("mine")
    with atomic_path(tmp_path / "another.txt") as unfinished:
        unfinished.write_text("done")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".notes.txt", "another.txt"]


def test_files_that_are_being_written_are_left_alone(tmp_path: Path) -> None:
    with atomic_path(tmp_path / "a.txt") as first:
        first.write_text("a")
        with FolderSink(Target(tmp_path / "frames", 25, (4, 4))) as sink:
            sink.abort()
        other = tmp_path / first.name.replace(f"-{os.getpid()}-", f"-{os.getppid()}-")  # of a process that runs
        other.touch()
        with atomic_path(tmp_path / "b.txt") as second:
            assert first.exists() and other.exists()
            second.write_text("b")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([other.name, "a.txt", "b.txt"])


def test_files_of_another_machine_are_left_alone_for_a_day(tmp_path: Path) -> None:
    machine = unfinished_name(tmp_path / "a.mp4").name.split("monalive-")[1].split("-")[0]
    name = unfinished_name(tmp_path / "a.mp4").name.replace(machine, "0" * 8)
    (tmp_path / name).touch()
    unfinished_name(tmp_path / "a.mp4")
    assert (tmp_path / name).exists()
    os.utime(tmp_path / name, (0, 0))
    unfinished_name(tmp_path / "a.mp4")
    assert not (tmp_path / name).exists()


def test_a_name_of_many_letters(tmp_path: Path) -> None:
    path = tmp_path / ("写" * 80 + ".txt")
    with atomic_path(path) as unfinished:
        unfinished.write_text("a")
    assert path.read_text() == "a"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is no limit on address space")
def test_a_memory_limit_is_said_in_one_line(tmp_path: Path) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (600 << 20, 600 << 20))

    words = ["-m", "monalive", "animate", str(sample_portrait_path()), "--motion", "smile", "-o", "out.mp4"]
    done = run(*words, cwd=tmp_path, preexec_fn=limit)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), done.stderr
    assert "memory" in done.stderr and "ulimit -v" in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_terminal_of_few_letters(tmp_path: Path) -> None:
    """Names keep their letters, as codes; the exit code is that of the work."""
    few = {**ENVIRONMENT, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = run(str(WRITER), str(sample_portrait_path()), "Mädchen.gif", "0", "2", cwd=tmp_path, env=few)
    assert (done.returncode, (tmp_path / "Mädchen.gif").is_file()) == (0, True), done.stderr
    assert done.stdout.endswith("M\\xe4dchen.gif: 2 frames\n")
    done = run("-m", "monalive", "verify", "Mädchen.mp4", cwd=tmp_path, env=few)
    assert done.returncode == 2 and "M\\xe4dchen.mp4" in done.stderr and "?" not in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        "animate loop.jpg --motion blink -o out.mp4",
        "animate photo.jpg --driver loop.jpg -o out.mp4",
        "animate photo.jpg --motion loop.jpg -o out.mp4",
        "animate photo.jpg --motion blink -o loop.jpg",
        "animate photo.jpg --motion blink -o loop.jpg/",
        "animate photo.jpg --motion blink -o loop",
        "animate photo.jpg --motion blink --bundle loop.jpg -o out.mp4",
        "animate photo.jpg --motion blink --credential loop.jpg -o out.mp4",
        "verify loop.jpg",
        "info loop.jpg",
        "motion extract loop.jpg -o a.motion",
        "motion extract photo.jpg -o loop.motion",
    ],
)
def test_links_that_lead_in_a_circle(words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from monalive.cli import main

    monkeypatch.chdir(tmp_path)
    for name in ("loop.jpg", "loop", "loop.motion"):
        (tmp_path / name).symlink_to(name)
    (tmp_path / "photo.jpg").write_bytes(sample_portrait_path().read_bytes())
    before = sorted(path.name for path in tmp_path.iterdir())
    assert main(words.split()) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == before
