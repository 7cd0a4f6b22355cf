"""VoxCeleb2's folders, person/video/clip, go through `prepare` as they are and come out as people."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import numpy as np

from monalive.media.image_io import load_image
from monalive.media.video_sinks import open_sink
from monalive_distill.data.augmentation import Augmentation
from monalive_distill.data.prepare import prepare
from monalive_distill.data.training_pairs import load_sequences
from monalive_distill.few_shot.episodes import EpisodeSampler


def test_clips_of_several_videos_are_one_person(tmp_path: Path) -> None:
    portrait = load_image(Path(str(resources.files("monalive").joinpath("assets", "sample_portrait.jpg"))))[::4, ::4]
    portrait = np.ascontiguousarray(portrait[: portrait.shape[0] // 2 * 2, : portrait.shape[1] // 2 * 2])
    for clip in ("id00012/21Uxsk56VDQ/00001", "id00012/2DLq_Kkc1r8/00001", "id00017/21Uxsk56VDQ/00001"):
        path = tmp_path / "mp4" / f"{clip}.mp4"
        path.parent.mkdir(parents=True)
        with open_sink(path, 25, (portrait.shape[1], portrait.shape[0])) as sink:
            for index in range(2):
                sink.write(portrait, index * 40.0)
    made = prepare(tmp_path / "mp4", tmp_path / "cache", kind="clip", stride=1, progress=False)
    assert made.sequences == 3 and not made.left_out
    sequences = load_sequences(tmp_path / "cache")
    sampler = EpisodeSampler(sequences, Augmentation(), {}, 0, episodes=2, photos=2, size=32)
    assert sampler.people == ("clip/id00012", "clip/id00017")
    assert sampler[0].photos.shape == (2, 2, 32, 32, 3)
