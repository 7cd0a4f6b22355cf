"""Reading members of zip archives that may be anything: damaged, or made to fill the memory."""

from __future__ import annotations

import zipfile
import zlib
from typing import Final

# What `zipfile` raises on archives that are damaged, encrypted or packed in another way, and `json` on what is nested
# too deeply (a RecursionError is a RuntimeError).
UNREADABLE: Final = (
    *(zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError),
    *(LookupError, TypeError, AttributeError, OverflowError, ValueError),
)


def read_member(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    """A member's bytes, none of them before its announced size is known to be sensible.

    Nothing is ever written to disk under a member's name, so names with `..` or a leading slash are but names.

    Raises:
        KeyError: there is no such member.
        zipfile.BadZipFile: it is larger than `most` bytes, or damaged.
    """
    size = archive.getinfo(name).file_size
    if size > most:
        raise zipfile.BadZipFile(f"{name} has {size} bytes, more than {most}")
    with archive.open(name) as member:
        content = member.read(most + 1)  # also when the announced size is a lie
    if len(content) != size:
        raise zipfile.BadZipFile(f"{name} does not have the {size} bytes it announces")
    return content
