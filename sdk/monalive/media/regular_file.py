"""Files that are read are plain files: a device or a pipe would never end."""

from __future__ import annotations

from pathlib import Path


def require_file(path: Path, what: str) -> None:
    """Checks, before anything is opened, that there is a plain file.

    Args:
        path: what the user named; links are followed.
        what: what should be there, for the message: "picture", "video".

    Raises:
        FileNotFoundError: there is nothing.
        IsADirectoryError: it is a folder.
        ValueError: it is a device, a pipe or a socket.
    """
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder, not a {what}")
    if not path.exists():
        raise FileNotFoundError(f"there is no {what} at {path}")
    if not path.is_file():
        raise ValueError(f"{path} is a device or a pipe, not a {what} file; save its content to a file first")
