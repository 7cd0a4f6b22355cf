"""The pixel mark's message: it survives noise, and nothing else passes for one."""

from __future__ import annotations

import numpy as np
import pytest

from monalive.trust.mark_code import CODE_BITS, ID_BITS, MAX_ATTEMPTS, MarkMessage, decode, encode

MESSAGES = [
    MarkMessage(0, 0, 0),
    MarkMessage((1 << ID_BITS) - 1, 15, 15),
    MarkMessage(0x5A5A5A5, 0, 1),
    MarkMessage(1, 3, 9),
]


@pytest.mark.parametrize("message", MESSAGES)
def test_a_code_word_reads_back(message: MarkMessage) -> None:
    word = encode(message)
    assert word.shape == (CODE_BITS,)
    assert set(np.unique(word)) == {-1, 1}
    assert decode(word.astype(float)) == message


def test_code_words_of_neighbours_differ_in_at_least_24_places() -> None:
    """The code's free distance; the checksum changes with every id."""
    words = np.array([encode(MarkMessage(file_id, 0, 1)) for file_id in range(40)])
    for index, word in enumerate(words):
        others = np.delete(words, index, axis=0)
        assert (others != word).sum(axis=1).min() >= 24


def test_noise_as_loud_as_the_signal_is_no_obstacle() -> None:
    random = np.random.default_rng(0)
    read = [decode(encode(message) + random.normal(size=CODE_BITS)) == message for message in MESSAGES * 5]
    assert all(read)


def test_noise_alone_is_no_message() -> None:
    random = np.random.default_rng(1)
    for soft in (np.zeros(CODE_BITS), np.ones(CODE_BITS), -np.ones(CODE_BITS), *random.normal(size=(200, CODE_BITS))):
        assert decode(soft) is None


def test_the_chance_of_a_mistake_is_below_one_in_a_million() -> None:
    assert MAX_ATTEMPTS * 2.0**-24 <= 1e-6


def test_an_id_is_new_for_every_file_and_written_in_seven_digits() -> None:
    ids = {MarkMessage.for_release("0.1.0").file_id for _ in range(50)}
    assert len(ids) == 50
    assert MarkMessage(0xAB, 0, 1).id_text == "00000ab"
    assert (MarkMessage.for_release("17.18.3").major, MarkMessage.for_release("17.18.3").minor) == (1, 2)
