"""Run as a program: kills a writer at random moments, as the power cord does, and looks at what is left.

    python kill_helper.py FOLDER SEED TRIALS

Each writer is a fork that has everything loaded, so that most kills hit the writing and not the start.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from pathlib import Path

import av
import numpy as np
from PIL import Image

from monalive.bundle import Bundle, write_bundle
from monalive.media.video_sinks import open_sink
from monalive.motions.motion import Motion
from monalive.trust.content_credentials import MEDIA_TYPES
from monalive.trust.credential import local
from monalive.trust.credentials_reader import read_credentials

NAMES = ("a.mp4", "a.gif", "a.png", "a.webp", "a.motion", "a.bundle", "frames")
FRAMES = 6
SIZE = (160, 128)


def write(path: Path, value: int) -> None:
    """A whole new file whose content tells `value`."""
    if path.suffix == ".motion":
        Motion.from_landmarks(np.full((40, 478, 3), value, np.float32), (64, 64), name=str(value)).save(path)
    elif path.suffix == ".bundle":
        manifest = {"name": "x", "model_version": str(value), "parts": {"animate": {}}}
        write_bundle(path, manifest, {"animate": bytes([value]) * 300_000})
    else:
        noise = np.random.default_rng(value).integers(0, 60, (SIZE[1], SIZE[0], 3), np.uint8)
        with open_sink(path, 25, SIZE) as sink:
            for index in range(1 if path.suffix == ".png" else FRAMES):
                sink.write(np.roll(noise, index, axis=0))


def require_whole(path: Path) -> None:
    """Raises if there is anything but one whole file at `path`."""
    if path.suffix == ".motion":
        motion = Motion.load(path)
        assert (motion.landmarks == float(motion.name)).all(), "a mixture of two motions"
    elif path.suffix == ".bundle":
        bundle = Bundle.load(path)
        assert set(bundle.parts["animate"]) == {int(bundle.model_version)}, "a mixture of two bundles"
    elif path.is_dir():
        files = sorted(path.iterdir())
        assert [file.name for file in files] == [f"{index:06d}.png" for index in range(FRAMES)], "missing frames"
        for file in files:
            _require_signed(file, "image/png")
    else:
        _require_signed(path, MEDIA_TYPES[path.suffix])
        if path.suffix == ".mp4":
            with av.open(str(path)) as container:
                assert len(list(container.decode(video=0))) == FRAMES, "missing frames"
        else:
            with Image.open(path) as image:
                assert getattr(image, "n_frames", 1) == (1 if path.suffix == ".png" else FRAMES), "missing frames"


def _require_signed(path: Path, media_type: str) -> None:
    credentials = read_credentials(path, media_type)
    assert credentials is not None and credentials.intact, "a file that is not as it was signed"


def main() -> None:
    """Kills writers and prints one line per kill."""
    folder, chance, trials = Path(sys.argv[1]), random.Random(int(sys.argv[2])), int(sys.argv[3])
    local()
    for trial in range(trials):
        name = NAMES[trial % len(NAMES)]
        path = folder / name
        ready, tell = os.pipe()
        writer = os.fork()
        if writer == 0:
            for value in range(1, 250):
                write(path, value)
                if value == 1:
                    os.write(tell, b"1")
            os._exit(0)
        os.close(tell)
        assert os.read(ready, 1), "the writer failed"  # one whole file is there
        time.sleep(chance.uniform(0.0, 0.15))
        os.kill(writer, signal.SIGKILL)
        killed = os.waitstatus_to_exitcode(os.waitpid(writer, 0)[1]) == -signal.SIGKILL
        os.close(ready)
        require_whole(path)
        left = sum(entry.name.startswith(".") for entry in folder.iterdir())
        print(f"{name} {'killed' if killed else 'done'} whole, {left} temporary files so far", flush=True)


if __name__ == "__main__":
    main()
