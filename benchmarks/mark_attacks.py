"""What the pixel mark survives: `python benchmarks/mark_attacks.py FOLDER -o benchmarks/marks.json`.

One clip of the animator's output per photo in FOLDER is marked as the sinks mark it, attacked, and read. With
`--compare FOLDER`, where the packages invisible-watermark==0.2.0 and PyWavelets are unpacked, their dwtDctSvd goes
through the same (32 bits, read from the middle frame, right if all of them are).
"""

from __future__ import annotations

import argparse
import io
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from PIL import Image

from monalive import PhotoAnimator, PhotoAnimatorOptions, RuntimeOptions, builtin_motions, load_image
from monalive.trust.mark_code import MAX_ATTEMPTS, MarkMessage
from monalive.trust.pixel_mark import LOSSLESS, LOSSY, MarkStrength, PixelMark
from monalive.verification import _mark

Frames = list[np.ndarray]
SIZE, LENGTH = 256, 36


def h264(frames: Frames, crf: int) -> Frames:
    """Encoded (preset medium) and decoded."""
    encoded = io.BytesIO()
    with av.open(encoded, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": str(crf)})
        stream.width, stream.height = frames[0].shape[1] // 2 * 2, frames[0].shape[0] // 2 * 2
        stream.pix_fmt = "yuv420p"
        for frame in frames:
            picture = np.ascontiguousarray(frame[: stream.height, : stream.width])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    encoded.seek(0)
    with av.open(encoded, "r") as written:
        return [frame.to_ndarray(format="rgb24") for frame in written.decode(video=0)]


def each(change: Callable[[np.ndarray], np.ndarray]) -> Callable[[Frames], Frames]:
    """A change of every frame."""
    return lambda frames: [change(frame) for frame in frames]


def jpeg(quality: int) -> Callable[[np.ndarray], np.ndarray]:
    """Encoded and decoded."""

    def change(image: np.ndarray) -> np.ndarray:
        encoded = io.BytesIO()
        Image.fromarray(image).save(encoded, "JPEG", quality=quality)
        return np.asarray(Image.open(encoded))

    return change


def resized(factor: float) -> Callable[[np.ndarray], np.ndarray]:
    """Area or bilinear."""
    kind = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    return lambda image: cv2.resize(image, None, fx=factor, fy=factor, interpolation=kind)


def screen(frames: Frames) -> Frames:
    """Shown enlarged in a window, and recorded."""
    shown = [resized(1.37)(frame) for frame in frames]
    return h264([cv2.copyMakeBorder(one, 60, 61, 100, 101, cv2.BORDER_CONSTANT, value=(240,) * 3) for one in shown], 23)


ATTACKS: dict[str, Callable[[Frames], Frames]] = {
    "none": lambda frames: frames,
    "H.264 CRF 23": lambda frames: h264(frames, 23),
    "H.264 CRF 28": lambda frames: h264(frames, 28),
    "half size": each(resized(0.5)),
    "JPEG 70, one frame": lambda frames: [jpeg(70)(frames[len(frames) // 2])],
    "20 % of each side length cropped": each(lambda image: image[26:230, 26:230]),
    "20 % of each side length cropped, off centre": each(lambda image: image[51:, :205]),
    "0.8 of the size": each(resized(0.8)),
    "screen recording": screen,
    "mirrored": each(lambda image: image[:, ::-1]),
}


def ours(strength: MarkStrength) -> tuple[Callable[[Frames], Frames], Callable[[Frames], bool]]:
    """Marks and reads."""
    message = MarkMessage.for_release("0.1.0")
    mark = PixelMark(message, (SIZE, SIZE), None, strength)

    def read(frames: Frames) -> bool:
        found = _mark(frames[::4][:12])
        return found is not None and found.message == message

    return lambda frames: [mark.apply(frame) for frame in frames], read


def dwt_dct_svd(packages: str) -> tuple[Callable[[Frames], Frames], Callable[[Frames], bool]]:
    """The known library, with 32 bits."""
    sys.path += [packages, f"{packages}/imwatermark"]  # the package itself would load PyTorch
    from dwtDctSvd import EmbedDwtDctSvd

    bits = np.random.default_rng(0).integers(0, 2, 32).tolist()
    tool = EmbedDwtDctSvd(bits, wmLen=32)

    def write(frames: Frames) -> Frames:
        return [np.clip(tool.encode(frame[..., ::-1].copy()), 0, 255).astype(np.uint8)[..., ::-1] for frame in frames]

    def read(frames: Frames) -> bool:
        image = np.ascontiguousarray(frames[len(frames) // 2][..., ::-1])
        scores = tool.decode(image)
        return bool((np.array(scores) > 0.5).astype(int).tolist() == bits)

    return write, read


def clips(folder: Path, most: int) -> list[Frames]:
    """The animator's output for the first photos (or first frames of videos) of a folder."""
    made: list[Frames] = []
    names = list(builtin_motions.names())
    with PhotoAnimator.create_from_options(PhotoAnimatorOptions(runtime=RuntimeOptions(num_threads=1))) as animator:
        for path in sorted(folder.iterdir()):
            if len(made) == most:
                break
            if path.suffix == ".mp4":
                with av.open(str(path)) as container:
                    image = next(container.decode(video=0)).to_ndarray(format="rgb24")
            else:
                image = load_image(path)
            side = min(image.shape[:2])
            square = cv2.resize(image[:side, :side], (SIZE, SIZE), interpolation=cv2.INTER_AREA)
            try:
                portrait = animator.enroll(np.asarray(square, np.uint8), consent="given")
            except ValueError:
                continue
            motion = builtin_motions.load(names[len(made) % len(names)])
            made.append([frame.image for frame, _ in zip(animator.play(portrait, motion), range(LENGTH), strict=False)])
    return made


def main() -> None:
    """Writes, for each method, how many clips survived each attack, what it costs and how much it changes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--clips", type=int, default=12)
    parser.add_argument("--compare", metavar="FOLDER")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    made = clips(arguments.folder, arguments.clips)
    methods = {"monalive, PNG": ours(LOSSLESS), "monalive, lossy formats": ours(LOSSY)}
    if arguments.compare:
        methods["dwtDctSvd"] = dwt_dct_svd(arguments.compare)
    results: dict[str, Any] = {"clips": len(made), "size": SIZE, "chance_of_mistake": MAX_ATTEMPTS / 2**24}
    for name, (write, read) in methods.items():
        survived = dict.fromkeys(ATTACKS, 0)
        decibels, milliseconds = [], []
        for clip in made:
            started = time.thread_time()  # a busy machine would count other programs, too
            marked = write(clip)
            milliseconds.append((time.thread_time() - started) * 1000 / len(clip))
            decibels.append(10 * np.log10(255**2 / np.mean((marked[0].astype(float) - clip[0]) ** 2)))
            written = marked if name == "monalive, PNG" else h264(marked, 18)
            for attack, change in ATTACKS.items():
                survived[attack] += read(change(written))
        results[name] = {
            "survived": survived,
            "survived_share": round(sum(survived.values()) / (len(made) * len(ATTACKS)), 3),
            "psnr_db_mean": round(float(np.mean(decibels)), 2),
            "psnr_db_min": round(float(np.min(decibels)), 2),
            "cpu_ms_per_frame_median": round(float(np.median(milliseconds)), 2),
        }
        print(name, results[name], flush=True)
        arguments.output.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
