"""Files that hold the averaged weights of several networks, each trained in a run of its own."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from monalive_distill.training.checkpoint import load_average, read_record, write_half


@dataclass(frozen=True)
class CombinedWeights:
    """A kind of such files.

    Attributes:
        model: what the record of a file names.
        words: what a file holds, for errors.
        parts: by the name of a run, the network's name in the module of all of them.
        name_of_run: names the run of a checkpoint; raises ValueError where it is no run of these.
    """

    model: str
    words: str
    parts: Mapping[str, str]
    name_of_run: Callable[[Path], str]

    def load(self, file: Path, networks: nn.Module) -> None:
        """Loads all networks of a file.

        Raises:
            FileNotFoundError, ValueError: no such file, or another kind of file.
        """
        self._record(file)
        load_average(file, networks)

    def load_part(self, weights: Path, network: nn.Module, part: str) -> None:
        """Loads one network, from a run of it or from a file of all.

        Raises:
            FileNotFoundError, ValueError: no such file, or another network's.
        """
        whole = read_record(weights).get("model") == self.model
        load_average(weights, network, f"{part}." if whole else "")

    def write(
        self,
        networks: nn.Module,
        states: Sequence[Path],
        output: Path,
        others: Path | None,
        finish: Callable[[Collection[str]], Mapping[str, object]] = lambda runs: {},
    ) -> None:
        """Writes the averaged weights of runs as one file, in half precision.

        Args:
            networks: the module of all networks; it is given the weights.
            states: `state.safetensors` of at most one run of each network.
            output: the file to write.
            others: such a file, for the networks that no run is given of.
            finish: called before `networks` are written with the names of the runs given; what it returns joins the
                file's record.

        Raises:
            FileNotFoundError: a file is missing.
            ValueError: one is of another kind, two are of the same network, or a network is missing.
        """
        runs: dict[str, object] = {}
        for path in states:
            name = self.name_of_run(path)
            if name in runs:
                raise ValueError(f"{path} is another run of {name!r}; give one of each")
            self.load_part(path, networks.get_submodule(self.parts[name]), self.parts[name])
            runs[name] = read_record(path)
        given = tuple(runs)
        for name, part in self.parts.items():
            if name not in runs:
                if others is None:
                    raise ValueError(f"no run of {name!r} is given, nor a file to take that network from")
                before = self._record(others).get("runs")
                self.load_part(others, networks.get_submodule(part), part)
                runs[name] = before.get(name) if isinstance(before, dict) else None
        record = {"model": self.model, "runs": runs, **finish(given)}
        write_half(networks.state_dict(), record, output)

    def _record(self, file: Path) -> dict[str, object]:
        record = read_record(file)
        if record.get("model") != self.model:
            raise ValueError(f"{file} holds {record.get('model') or 'something else'}, not {self.words}")
        return record
