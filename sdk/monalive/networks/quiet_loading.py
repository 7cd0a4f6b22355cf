"""Keeps LiteRT's notices ("INFO: Created TensorFlow Lite XNNPACK delegate for CPU.") off standard error."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Final

_STANDARD_ERROR: Final = 2
_NOTICE: Final = b"INFO: "
_taking = Lock()  # there is one standard error


@contextmanager
def without_notices() -> Iterator[None]:
    """Inside, what goes to the process's standard error waits; what is no notice is written to it at the end."""
    with _taking, tempfile.TemporaryFile() as waiting:
        try:
            kept = os.dup(_STANDARD_ERROR)
        except OSError:  # there is none
            yield
            return
        os.dup2(waiting.fileno(), _STANDARD_ERROR)
        try:
            yield
        finally:
            os.dup2(kept, _STANDARD_ERROR)
            waiting.seek(0)
            lines = [line for line in waiting if not line.startswith(_NOTICE)]
            if lines:
                os.write(kept, b"".join(lines))
            os.close(kept)
