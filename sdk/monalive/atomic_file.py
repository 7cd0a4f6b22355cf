"""Files appear whole or not at all."""

from __future__ import annotations

import ctypes
import errno
import hashlib
import os
import platform
import re
import secrets
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

# `.NAME.monalive-MACHINE-PROCESS-RANDOM.SUFFIX`: whose unfinished file it is, so that a later run knows whether anybody
# is still writing it.
_UNFINISHED: Final = re.compile(r"\..*\.monalive-([0-9a-f]{8})-(\d+)-[0-9a-f]{8}(\.[^.]*)?")
_MACHINE: Final = hashlib.sha256(platform.node().encode()).hexdigest()[:8]
_ABANDONED_AFTER_S: Final = 24 * 3600.0  # without a change, where the process is of another machine
_WINDOWS_LINK_LOOP: Final = 1921
_own: Final[set[str]] = set()  # names that this process gave


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """A temporary name beside `path` to write to; it takes the place of `path` when the block ends well.

    The temporary name has the suffix of `path`, so that encoders that go by it choose the same format. After
    an error nothing is left behind and a file that was there before stays as it was.

    Raises:
        FileNotFoundError: the folder does not exist.
        IsADirectoryError: `path` is a folder.
        PermissionError: the folder cannot be written to.
        OSError: `path` is a symbolic link that leads to itself.
    """
    path = Path(path)
    require_no_link_loop(path)
    if path.is_dir():
        raise IsADirectoryError(f"cannot write the file {path}: it is a folder")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"cannot write {path}: the folder {path.parent} does not exist; make it first")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise PermissionError(f"cannot write {path}: no permission to write into the folder {path.parent}")
    temporary = unfinished_name(path)
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def unfinished_name(path: Path) -> Path:
    """A name beside `path`, with its suffix, for what is to take its place; a folder that exists is looked through for
    names of processes that ended without removing them (`kill -9`, a power cut), and those are removed."""
    remove_abandoned(path.parent)
    name = f".{path.stem[:20]}.monalive-{_MACHINE}-{os.getpid()}-{secrets.token_hex(4)}{path.suffix}"
    _own.add(name)
    return path.with_name(name)


def remove_abandoned(folder: Path) -> None:
    """Removes unfinished files and folders that nobody is writing any more."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            found = _UNFINISHED.fullmatch(entry.name)
            if found is None or _is_written(entry, found[1], int(found[2])):
                continue
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path, ignore_errors=True)
            else:
                with suppress(OSError):
                    os.unlink(entry.path)


def require_no_link_loop(path: Path) -> None:
    """Raises OSError if `path` is a symbolic link that leads to itself, or goes through one."""
    try:
        path.stat()
    except OSError as error:
        if error.errno == errno.ELOOP or getattr(error, "winerror", None) == _WINDOWS_LINK_LOOP:
            raise OSError(f"{path} is a symbolic link that leads to itself; name the real file") from None
    except ValueError:  # a zero byte in the name: what opens it says so
        return


def _is_written(entry: os.DirEntry[str], machine: str, process: int) -> bool:
    if machine == _MACHINE:  # a container's processes have the same few numbers again and again
        return entry.name in _own if process == os.getpid() else _is_running(process)
    try:
        return time.time() - entry.stat(follow_symlinks=False).st_mtime < _ABANDONED_AFTER_S
    except OSError:
        return True


def _is_running(process: int) -> bool:
    if os.name == "nt":  # there `os.kill` would end it
        handle = ctypes.WinDLL("kernel32").OpenProcess(0x1000, False, process)  # type: ignore[attr-defined]
        if handle:
            ctypes.WinDLL("kernel32").CloseHandle(handle)  # type: ignore[attr-defined]
        return bool(handle)
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def exchange(one: Path, other: Path) -> bool:
    """Lets two existing paths on one file system trade places in one step.

    Returns:
        False where the system cannot do that; nothing is changed then.
    """
    library, call, flag = ctypes.CDLL(None, use_errno=True) if os.name == "posix" else None, "", 0
    if sys.platform == "linux":
        call, flag = "renameat2", 2  # RENAME_EXCHANGE
    elif sys.platform == "darwin":
        call, flag = "renameatx_np", 2  # RENAME_SWAP
    function = getattr(library, call, None) if call else None
    if function is None:
        return False
    here = -100 if sys.platform == "linux" else -2  # AT_FDCWD
    return function(here, os.fsencode(one), here, os.fsencode(other), flag) == 0  # type: ignore[no-any-return]
