"""Runs a bundle's networks for the tests of a binding that has no runtime of its own where they run.

Reads requests from standard input and answers on standard output, until the input ends. A request is one line of JSON,

    {"bundle": PATH, "part": NAME, "inputs": {NAME: COUNT, ...}}

followed by the inputs' numbers in that order, little-endian float32; so is the answer: {"outputs": {NAME: COUNT, ...}}.
"""

from __future__ import annotations

import functools
import json
import os
import sys

import numpy as np

from monalive.bundle import Bundle
from monalive.networks.named_network import NamedNetwork
from monalive.networks.runtimes import RuntimeOptions

_load_bundle = functools.cache(Bundle.load)


@functools.cache
def _load(bundle: str, part: str) -> NamedNetwork:
    opened = _load_bundle(bundle)
    return NamedNetwork(opened.parts[part], opened.part_manifest(part), RuntimeOptions(num_threads=1), part)


def main() -> None:
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a runtime prints must not get in between
    requests = sys.stdin.buffer
    while line := requests.readline():
        request = json.loads(line)
        network = _load(request["bundle"], request["part"])
        shapes = {
            port["name"]: tuple(port["shape"])
            for port in _load_bundle(request["bundle"]).part_manifest(request["part"])["inputs"]
        }
        inputs = {
            name: np.frombuffer(requests.read(4 * count), "<f4").reshape(shapes[name])
            for name, count in request["inputs"].items()
        }
        outputs = network(inputs)
        answers.write(json.dumps({"outputs": {name: value.size for name, value in outputs.items()}}).encode() + b"\n")
        for value in outputs.values():
            answers.write(np.ascontiguousarray(value, "<f4").tobytes())
        answers.flush()


if __name__ == "__main__":
    main()
