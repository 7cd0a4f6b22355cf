"""The jobs of an export, a graph and a target each: one after the other, or in processes that work side by side."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any, Final

import torch

from monalive_export.checks.frames import Array, Frame
from monalive_export.checks.parity import Reference
from monalive_export.graph_exporter import ExportOptions, GraphExporter, Made, Say
from monalive_export.graphs.pipelines import ExportModel
from monalive_export.targets.base import Tensors

Job = tuple[int, str]  # the target's place among the options' targets, and the graph's name
# What `Shared` is made of in another process: options, frames, PyTorch's outputs on them, calibration.
Known = tuple[ExportOptions, Sequence[Frame], Sequence[Mapping[str, dict[str, Array]]], Mapping[str, Sequence[Tensors]]]
_LOOK_EVERY: Final = 0.2  # seconds, for lines of progress
_PATIENCE: Final = 5.0  # seconds in which a process that is told to end has cleaned up


@dataclass(frozen=True)
class Shared:
    """What every job is given.

    Attributes:
        options: see `ExportOptions`.
        reference: PyTorch's results on the frames of the gate.
        calibration: by graph, the inputs on which static quantisation measures ranges.
    """

    options: ExportOptions
    reference: Reference
    calibration: Mapping[str, Sequence[Tensors]]


def in_turn(model: ExportModel, shared: Shared, jobs: Sequence[Job], say: Say) -> dict[Job, Made]:
    """Does the jobs here, in their order; see `GraphExporter`."""
    return {job: _done(model, shared, job, say) for job in jobs}


def in_processes(source: Callable[[], ExportModel], shared: Shared, jobs: Sequence[Job], say: Say) -> dict[Job, Made]:
    """Does the jobs in as many processes as the options say; where one fails, all stop.

    Args:
        source: see `ExportModel`.
        shared: what every job is given.
        jobs: the longest first.
        say: called here with a line for every file, in the order in which they are done.

    Raises:
        Exception: what the job that failed raised, as if it had been done here; nothing half-written stays.
        ChildProcessError: a process was ended from outside.
    """
    count = min(shared.options.processes, len(jobs))
    threads = max(1, torch.get_num_threads() // count)
    context = multiprocessing.get_context("spawn")  # the runtimes' threads do not survive a fork
    told, given, stopping = context.SimpleQueue(), context.SimpleQueue(), context.Event()
    known = (shared.options, shared.reference.frames, shared.reference.outputs, shared.calibration)
    # Beside: it is much, and waits until every process has started and taken it.
    threading.Thread(target=_hand_over, args=(given, known, count), daemon=True).start()
    started: list[int] = []
    with (
        contextlib.closing(given),
        ProcessPoolExecutor(count, context, _start, (source, given, told, stopping, threads)) as pool,
    ):
        try:
            futures = {pool.submit(_run, job): job for job in jobs}
            return _collected(futures, told, started, say)
        except BrokenProcessPool as error:
            raise ChildProcessError(
                "a process of the export was ended from outside, perhaps because memory ran out; "
                "close other programs, or export with fewer --processes"
            ) from error
        except BaseException:
            stopping.set()
            started += [message for message in _messages(told) if isinstance(message, int)]
            pool.shutdown(wait=False, cancel_futures=True)
            _end(set(started))
            raise


def _end(numbers: Collection[int]) -> None:
    """Stops processes, and waits until they have cleaned up."""
    left = [child for child in multiprocessing.active_children() if child.pid in numbers]
    while left:
        for child in left:
            child.terminate()
        # Foreign code may swallow what the signal raises: those that go on are told again.
        until = time.monotonic() + _PATIENCE
        for child in left:
            child.join(max(0.0, until - time.monotonic()))
        left = [child for child in left if child.is_alive()]


def _hand_over(given: Any, known: Known, count: int) -> None:
    with contextlib.suppress(OSError):  # closed: nobody needs it any more
        for _ in range(count):
            given.put(known)


def _collected(futures: Mapping[Future[Made], Job], told: Any, started: list[int], say: Say) -> dict[Job, Made]:
    """Waits for all and passes on what they tell: lines, and at first their numbers, which go into `started`."""
    waiting = set(futures)
    while waiting:
        done, waiting = wait(waiting, _LOOK_EVERY, FIRST_COMPLETED)
        for message in _messages(told):
            if isinstance(message, int):
                started.append(message)
            else:
                say(message)
        for future in done:
            future.result()  # raises what the job raised
    return {job: future.result() for future, job in futures.items()}


def _messages(told: Any) -> Iterator[int | str]:
    while not told.empty():
        yield told.get()


def _done(model: ExportModel, shared: Shared, job: Job, say: Say) -> Made:
    number, name = job
    target = shared.options.targets[number]
    exporter = GraphExporter(model, name, target, shared.options, shared.reference, shared.calibration[name])
    return exporter.write_all(say)


# What follows runs in the other processes.


class _Stopped(BaseException):
    """Leaves a job at once, through every block that cleans up."""


class _Worker:
    """One of the processes."""

    def __init__(self, source: Callable[[], ExportModel], given: Any, told: Any, stopping: Any) -> None:
        self._source, self._given, self._told, self._stopping = source, given, told, stopping
        self._loaded: tuple[ExportModel, Shared] | None = None
        self._busy = False

    def run(self, job: Job) -> Made:
        self._busy = True
        try:
            self._check()
            if self._loaded is None:
                model = self._source()
                options, frames, outputs, calibration = self._given.get()
                self._loaded = model, Shared(options, Reference(model, frames, outputs), calibration)
            return _done(*self._loaded, job, self._say)
        finally:
            self._busy = False

    def stop(self, *_: object) -> None:
        """Of the signal. (Between jobs there is nothing to leave.)"""
        if self._busy:
            raise _Stopped

    def _say(self, line: str) -> None:
        self._check()
        self._told.put(line)

    def _check(self) -> None:
        if self._stopping.is_set():
            raise _Stopped


_worker: _Worker | None = None


def _start(source: Callable[[], ExportModel], given: Any, told: Any, stopping: Any, threads: int) -> None:
    global _worker
    _worker = _Worker(source, given, told, stopping)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all; the first process tells the others to stop
    signal.signal(signal.SIGTERM, _worker.stop)
    torch.set_num_threads(threads)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    told.put(os.getpid())


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _run(job: Job) -> Made:
    assert _worker is not None
    return _worker.run(job)
