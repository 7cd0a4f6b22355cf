"""The golden vectors of speech are what the packaged network gives today."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import numpy as np
import pytest

from monalive.bundle import Bundle
from monalive.faces.expressions import load_expressions
from monalive.packaged_assets import asset_path

GOLDEN = json.loads((Path(__file__).resolve().parents[1] / "golden" / "speech.json").read_text())


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return Bundle.load(asset_path("speech.bundle"))


@pytest.mark.parametrize("case", GOLDEN["cases"], ids=lambda case: case["name"])
def test_the_network_gives_them(bundle: Bundle, case: dict[str, object]) -> None:
    samples = np.frombuffer(base64.b64decode(str(case["samples"])), "<i2")
    sound = samples.astype(np.float32)[None] / np.float32(32767)
    made = bundle.network("speech")({"sound": sound})["coefficients"]
    assert made[0] == pytest.approx(np.array(case["coefficients"]), abs=1e-3)


def test_the_manifest_says_how_to_call_it(bundle: Bundle) -> None:
    entry = bundle.part_manifest("speech")
    assert entry["coefficients"] == GOLDEN["names"] and set(GOLDEN["names"]) <= set(load_expressions().names)
    assert (entry["sample_rate"], entry["before_ms"], entry["after_ms"]) == (16000, 520, 120)
    assert entry["inputs"][0]["shape"] == [1, (520 + 120) * 16]
    assert entry["outputs"][0]["shape"] == [1, len(GOLDEN["names"])]


def test_it_is_small() -> None:
    assert asset_path("speech.bundle").stat().st_size <= 1_000_000


def test_silence_shuts_the_mouth_and_voices_open_it(bundle: Bundle) -> None:
    basis = load_expressions()

    def gap(case: dict[str, object]) -> float:
        values = dict(zip(GOLDEN["names"], case["coefficients"], strict=True))  # type: ignore[arg-type]
        return float(basis.apertures.mouth.openness(basis.face(values)))

    openness = {str(case["name"]): gap(case) for case in GOLDEN["cases"]}
    assert openness["silence"] < 0.05
    assert max(openness["voice"], openness["other_voice"]) > openness["silence"]
