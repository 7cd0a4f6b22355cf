"""The benchmark's parts: honest statistics, a driver that moves, a memory check that sees growth."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_animator import FakeAnimator

from monalive.bundle import Bundle
from monalive.cli import main
from monalive.measuring import benchmark
from monalive.measuring.network_benchmark import measure_networks, networks_of_bundle, networks_of_export, random_inputs
from monalive.measuring.photo_benchmark import as_photo_table, measure_photos
from monalive.measuring.stopwatch import timings
from monalive.measuring.whole_frame import as_lines, compare
from monalive.media.video_sinks import open_sink
from monalive.networks.runtimes import RuntimeOptions


def test_timings_keep_the_first_run_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(np.cumsum([0, 100, 0, 1, 0, 2, 0, 3, 0, 4]) / 1000.0)
    monkeypatch.setattr("monalive.measuring.stopwatch.time.perf_counter", lambda: float(next(clock)))
    calls: list[int] = []
    result = timings(calls.append, 4)
    assert calls == [0, 1, 2, 3, 4]
    assert result == {"runs": 4, "first_ms": 100.0, "median_ms": 2.5, "p95_ms": 3.85}


def test_the_whole_is_compared_with_the_sum_of_its_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("monalive.measuring.whole_frame.time.perf_counter", lambda: now[0])

    def taking(*milliseconds: float) -> Any:
        def run(index: int) -> None:
            now[0] += milliseconds[index % len(milliseconds)] / 1000

        return run

    measured = compare({"one": taking(2, 4, 3), "two": taking(6)}, taking(12, 10, 11), 9)
    assert measured == {"rounds": 9, "steps": {"one": 3.0, "two": 6.0}, "sum_ms": 9.0, "frame_ms": 11.0, "ratio": 1.222}
    assert [line.split() for line in as_lines([{"threads": 2, **measured}])] == [
        ["sum", "of", "the", "steps,", "2", "threads", "9.00", "ms"],
        ["whole", "frame,", "2", "threads", "11.00", "ms,", "1.22", "times", "the", "sum"],
    ]


@pytest.mark.parametrize("size", [(300, 200), (2000, 400), (400, 2000), (1280, 720)])
def test_any_photo_fills_the_scene(size: tuple[int, int]) -> None:
    photo = np.full((size[1], size[0], 3), 77, np.uint8)
    scene = benchmark.to_scene(photo)
    assert scene.shape == (720, 1280, 3)
    assert (scene == 77).all()


def test_the_driver_sways_there_and_back() -> None:
    scene = np.random.default_rng(0).integers(0, 256, (72, 128, 3), np.uint8)
    np.testing.assert_array_equal(benchmark.sway(scene, 0), scene)
    assert (benchmark.sway(scene, 12) != scene).any()


def test_random_inputs_follow_the_manifest() -> None:
    inputs = random_inputs({"inputs": [{"name": "photo", "shape": [1, 4, 4, 3]}]})
    assert inputs["photo"].shape == (1, 4, 4, 3)
    assert inputs["photo"].dtype == np.float32


def test_memory_is_read_at_the_quarters(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    sizes = iter([100.0, 110.0, 115.0, 121.5])
    monkeypatch.setattr(benchmark, "resident_mb", lambda: next(sizes))

    class Animator(FakeAnimator):
        def enroll(self, photos: Any, face: str | int = "largest", consent: Any = None) -> Any:
            return type("Portrait", (), {"photo": photos[0]})()

    with open_sink(tmp_path / "driver.mp4", 25, (640, 360)) as sink:
        for index in range(8):
            sink.write(np.full((360, 640, 3), 50 * (index % 2), np.uint8))
    memory = benchmark.watch_memory(Animator(), np.zeros((720, 1280, 3), np.uint8), tmp_path / "driver.mp4", 8)
    assert memory == {"frames": [2, 4, 6, 8], "resident_mb": [100.0, 110.0, 115.0, 121.5], "growth_mb": 21.5}


def test_the_command_prints_a_table_and_writes_json(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    results = {
        "date": "2031-02-03",
        "machine": benchmark.about_machine() | {"cpu": "ACME (R) 9"},
        "threads": 2,
        "model": {"version": "1", "sha256": "00"},
        "steps": {"enroll": {"runs": 3, "first_ms": 9.0, "median_ms": 5.0, "p95_ms": 6.0}},
        "networks": [
            {"part": "animate", "precision": "int8", "runtime": "litert", "bytes": 1_400_000, "macs": 900_000_000}
            | {"median_ms": 11.5, "p95_ms": 12.0, "first_ms": 20.0},
            {"part": "animate", "precision": "fp16", "runtime": "coreml", "error": "runs on macOS only"},
        ],
        "memory": {"frames": [2, 8], "resident_mb": [10.0, 10.5], "growth_mb": 0.5},
    }
    monkeypatch.setattr(benchmark, "run_benchmark", lambda **options: results)
    command = ["bench", "--json", str(tmp_path / "bench.json"), "--record", str(tmp_path), "--repeats", "3"]
    assert main(command) == 0
    out, err = capfd.readouterr()
    assert "enroll" in out
    assert "+0.5 MB" in out
    assert err == ""
    assert "animate int8, litert" in out and "1.40 MB, 900 M MACs" in out and "runs on macOS only" in out
    assert json.loads((tmp_path / "bench.json").read_text()) == results
    assert json.loads((tmp_path / "2031-02-03-1-acme-r-9.json").read_text()) == results


def test_every_network_is_measured_on_every_runtime_that_can_run_it() -> None:
    bundle = Bundle.load()
    results = measure_networks(networks_of_bundle(bundle), RuntimeOptions(num_threads=1), 2, lambda line: None)
    assert {(r["part"], r["runtime"]) for r in results} >= {("animate", "litert"), ("enroll", "litert")}
    for result in results:
        assert result["bytes"] == len(bundle.parts[result["part"]])
        assert 0 < result["median_ms"] <= result["p95_ms"]


def test_photos_are_measured_by_size(tmp_path: Path) -> None:
    (row,) = measure_photos({2: (2000, 1000)}, frames=1, runtime=RuntimeOptions(num_threads=1))
    assert (row["megapixels"], row["width"], row["height"], row["frames"]) == (2, 2000, 1000, 1)
    assert row["seconds"] > 0 and row["peak_mb"] > 100
    assert list(as_photo_table([{**row, "seconds": 1.24, "peak_mb": 345.6}]))[1].split() == (
        ["2", "MP,", "2000", "x", "1000", "1", "1.2", "s", "346", "MB"]
    )


def test_bench_photo_without_a_file_prints_sizes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    row = {"megapixels": 12, "width": 4032, "height": 3024, "frames": 90, "seconds": 5.0, "peak_mb": 500.0}
    monkeypatch.setattr("monalive.measuring.photo_benchmark.measure_photos", lambda **options: [row])
    assert main(["bench", "--json", str(tmp_path / "photos.json"), "--photo"]) == 0
    assert "12 MP, 4032 x 3024" in capfd.readouterr().out
    assert json.loads((tmp_path / "photos.json").read_text())["photos"] == [row]


def test_a_folder_without_an_export_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="monalive-export"):
        networks_of_export(tmp_path)
    (tmp_path / "export.json").write_text('{"files": [{"graph": "animate", "path": "gone.tflite"}]}')
    with pytest.raises(FileNotFoundError, match="missing"):
        networks_of_export(tmp_path)
    (tmp_path / "export.json").write_text("{}")
    with pytest.raises(ValueError, match="not what monalive-export writes"):
        networks_of_export(tmp_path)


def test_bad_options_are_refused(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="at least 3"):
        benchmark.run_benchmark(repeats=1)
    assert main(["bench", "--repeats", "0"]) == 2
    assert main(["bench", "--photo", "missing.jpg"]) == 2
    assert capfd.readouterr().err.count("\n") == 2
