"""The pixel mark's message: it survives noise, and nothing else passes for one."""

from __future__ import annotations

import numpy as np
import pytest

from monalive.trust.mark_code import (
    CHANCE_OF_MISTAKE,
    CODE_BITS,
    ID_BITS,
    MAX_ATTEMPTS,
    PICTURE_BITS,
    MarkMessage,
    _code_word,
    decode,
    encode,
)

MESSAGES = [(0, 0), ((1 << ID_BITS) - 1, (1 << PICTURE_BITS) - 1), (0x5A5A, 0x12345), (1, 9)]


@pytest.mark.parametrize(("file_id", "picture"), MESSAGES)
def test_a_code_word_reads_back(file_id: int, picture: int) -> None:
    word = encode(file_id, picture)
    assert word.shape == (CODE_BITS,)
    assert set(np.unique(word)) == {-1, 1}
    assert decode(word.astype(float)) == MarkMessage(file_id, picture)


def test_marks_of_version_1_are_read() -> None:
    """What releases up to 0.7 wrote: version, major, minor, an id of 28 bits."""
    word = _code_word(((1 << 4 | 0) << 4 | 7) << 28 | 0x0ABCDE5)
    message = decode(word.astype(float))
    assert message == MarkMessage(0x0ABCDE5, None, "0.7")
    assert message.id_text == "0abcde5"


@pytest.mark.parametrize("version", [0, 3, 15])
def test_other_versions_are_no_message(version: int) -> None:
    assert decode(_code_word(version << 36 | 0x123456789).astype(float)) is None


def test_code_words_of_neighbours_differ_in_at_least_24_places() -> None:
    """The code's free distance; the checksum changes with every id."""
    words = np.array([encode(file_id, 0x12345) for file_id in range(40)])
    for index, word in enumerate(words):
        others = np.delete(words, index, axis=0)
        assert (others != word).sum(axis=1).min() >= 24


def test_noise_as_loud_as_the_signal_is_no_obstacle() -> None:
    random = np.random.default_rng(0)
    read = [decode(encode(*said) + random.normal(size=CODE_BITS)) == MarkMessage(*said) for said in MESSAGES * 5]
    assert all(read)


def test_noise_alone_is_no_message() -> None:
    random = np.random.default_rng(1)
    for soft in (np.zeros(CODE_BITS), np.ones(CODE_BITS), -np.ones(CODE_BITS), *random.normal(size=(200, CODE_BITS))):
        assert decode(soft) is None


def test_the_chance_of_a_mistake_is_below_one_in_a_million() -> None:
    """24 bits of checksum, and two of 16 versions."""
    assert CHANCE_OF_MISTAKE == MAX_ATTEMPTS * 2.0**-24 * 2 / 16
    assert CHANCE_OF_MISTAKE <= 1e-6


def test_an_id_is_random_and_written_in_four_digits() -> None:
    ids = {MarkMessage.random().file_id for _ in range(50)}
    assert len(ids) > 40
    assert all(0 <= file_id < 1 << ID_BITS for file_id in ids)
    assert MarkMessage(0xAB).id_text == "00ab"
