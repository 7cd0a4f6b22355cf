"""Files appear whole or not at all."""

from __future__ import annotations

import ctypes
import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """A temporary name beside `path` to write to; it takes the place of `path` when the block ends well.

    The temporary name has the suffix of `path`, so that encoders that go by it choose the same format. After
    an error nothing is left behind and a file that was there before stays as it was.

    Raises:
        FileNotFoundError: the folder does not exist.
        IsADirectoryError: `path` is a folder.
        PermissionError: the folder cannot be written to.
    """
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(f"cannot write the file {path}: it is a folder")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"cannot write {path}: the folder {path.parent} does not exist; make it first")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise PermissionError(f"cannot write {path}: no permission to write into the folder {path.parent}")
    temporary = path.with_name(f".{path.stem[:100]}.{secrets.token_hex(4)}{path.suffix}")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


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
