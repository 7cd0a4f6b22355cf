"""Phones: names of sentences, what is kept of them, and the mouths they make."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from spoken_clips import spoken_clip

from monalive_distill.speech.clips import load_clips, parse_words
from monalive_distill.speech.mouth_basis import TIED, lip_opening, mouth_basis
from monalive_distill.speech.phone_mouths import PHONES, PhoneMouths, PhoneTable, phone_numbers
from monalive_distill.speech.phones import PHONES_FILE, SILENCE, Phone, Phones, grid_sentence, load_phones

JAW = TIED.index("jawOpen")
TIMES = np.arange(0, 3, 0.04)


def _babble(seed: int) -> list[Phone]:
    """Half a second of silence, then b, a, m, a ... 150 ms each."""
    names = np.random.default_rng(seed).permutation(["B", "AA", "M", "AA", "S", "IY", "P", "AA", "T", "AA"])
    said = [Phone(str(name), 0.5 + 0.15 * k, 0.65 + 0.15 * k) for k, name in enumerate(names)]
    return [Phone(SILENCE, 0.0, 0.5), *said, Phone(SILENCE, 2.0, 3.0)]


def _mouths(phones: list[Phone]) -> np.ndarray:
    """The jaw is open in "AA", half in "IY", shut elsewhere."""
    made = np.zeros((len(TIMES), len(TIED)))
    for phone in phones:
        now = (phone.start <= TIMES) & (phone.end > TIMES)
        made[now, JAW] = {"AA": 0.6, "IY": 0.3}.get(phone.name, 0.0)
    return made


def test_names_of_the_corpus_say_the_words() -> None:
    assert grid_sentence("bbaf2n") == "bin blue at f two now"
    assert grid_sentence("swizzp") == "set white in z zero please"
    assert grid_sentence("hello!") is None and grid_sentence("bbaf2") is None


def test_words_with_times() -> None:
    assert parse_words("sil@0.0-0.54 set@0.54-0.83") == [("sil", 0.0, 0.54), ("set", 0.54, 0.83)]
    with pytest.raises(ValueError, match="not WORD@START-END"):
        parse_words("set 0.54")


def test_phones_are_kept_beside_the_clips(tmp_path: Path) -> None:
    said = {"phones": [["B", 0.1, 0.2]], "aligned": True}
    (tmp_path / PHONES_FILE).write_text(json.dumps({"clip": said}))
    assert load_phones(tmp_path) == {"clip": Phones([Phone("B", 0.1, 0.2)], aligned=True)}
    assert load_phones(tmp_path / "nothing") == {}
    with pytest.raises(FileNotFoundError, match="is not a cache of talking clips"):
        load_clips(tmp_path)


def test_phones_at_moments() -> None:
    numbers = phone_numbers([Phone("B", 0.1, 0.2), Phone("XX", 0.2, 0.3)], np.array([0.0, 0.1, 0.19, 0.2, 9.0]))
    assert [PHONES[number] for number in numbers] == [SILENCE, "B", "B", SILENCE, SILENCE]


@pytest.mark.parametrize("kind", [PhoneMouths, PhoneTable])
def test_mouths_of_phones_are_learnt(kind: type[PhoneMouths] | type[PhoneTable]) -> None:
    said = [_babble(seed) for seed in range(40)]
    model = kind([(phones, TIMES, _mouths(phones)) for phones in said])
    new = _babble(99)
    made, wanted = model(new, TIMES), _mouths(new)
    assert made.shape == wanted.shape
    assert np.corrcoef(made[:, JAW], wanted[:, JAW])[0, 1] > 0.8
    assert made[TIMES < 0.3, JAW].max() < 0.1


def test_bilabials_shut_the_lips_for_certain() -> None:
    said = [_babble(seed) for seed in range(40)]
    # Of people who never quite close them.
    model = PhoneMouths([(phones, TIMES, np.maximum(_mouths(phones), 0.1)) for phones in said])
    new = _babble(99)
    lips = lip_opening(model(new, TIMES) @ mouth_basis().gaps)
    for phone in new:
        if phone.name in ("P", "B", "M"):
            near = np.abs(TIMES - (phone.start + phone.end) / 2) < 0.03
            assert lips[near].min() < 1e-6, phone
    assert lips.max() > 0.1


def test_words_are_aligned_to_sound() -> None:
    pytest.importorskip("pocketsphinx")
    from monalive_distill.speech.phones import PhoneReader

    with pytest.raises(ValueError, match="not in pocketsphinx's dictionary"):
        PhoneReader().aligned(spoken_clip(np.zeros((25, len(TIED)))).sound, ["xyzzyx"])
