"""Where tasks run: in this process, or in a pool of spawned ones. Same tasks, same bytes."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

import osteobiome.study.steps  # noqa: F401 - a spawned process must know the steps
from osteobiome.core.errors import Fault, OsteobiomeError
from osteobiome.store import StudyFolder
from osteobiome.study.task import STEPS, Inputs, Task

_WORKER_DIED = (
    "The worker process died: out of memory, killed from outside, or started from a script that calls run_study with "
    'several workers outside `if __name__ == "__main__":`.'
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a task ended.

    Parameters
    ----------
    task : Task
        The task.
    seconds : float
        Time it took.
    faults : tuple of Fault
        Empty if it is done; what is wrong with the input if not.
    crash : str
        Traceback if the code failed, else empty.
    """

    task: Task
    seconds: float
    faults: tuple[Fault, ...] = ()
    crash: str = ""

    @property
    def is_done(self) -> bool:
        """Whether the artefact exists."""
        return not self.faults and not self.crash


def execute(task: Task, root: Path) -> Outcome:
    """Run one task and commit its artefact; errors become values.

    Parameters
    ----------
    task : Task
        What to do.
    root : pathlib.Path
        Study folder.
    """
    start = time.perf_counter()
    store = StudyFolder(root)
    try:
        with store.committing(task.step, task.subject, task.key) as out:
            locations = {name: Path(path) for name, path in task.locations.items()}
            STEPS[task.step].run(Inputs(task.params, locations, task.key), out)
    except OsteobiomeError as error:
        return Outcome(task, time.perf_counter() - start, faults=error.faults)
    except Exception:  # noqa: BLE001 - one crashed task must not take the others with it; the traceback is kept
        return Outcome(task, time.perf_counter() - start, crash=traceback.format_exc())
    return Outcome(task, time.perf_counter() - start)


def default_workers() -> int:
    """Return the number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_tasks(tasks: Sequence[Task], root: Path, *, workers: int, started: Callable[[Task], None]) -> Iterator[Outcome]:
    """Run tasks as soon as what they depend on is done; yield outcomes as they come.

    A task whose dependency failed is not run and not reported: its cause is.

    Parameters
    ----------
    tasks : sequence of Task
        To be done, in an order in which they can run.
    root : pathlib.Path
        Study folder.
    workers : int
        Processes; 1 runs everything in this one.
    started : callable
        Called with each task that is handed out.
    """
    if workers <= 1 or len(tasks) <= 1:
        yield from _in_process(tasks, root, started)
    else:
        yield from _in_pool(tasks, root, workers, started)


def _in_process(tasks: Sequence[Task], root: Path, started: Callable[[Task], None]) -> Iterator[Outcome]:
    waiting = {task.key for task in tasks}
    for task in tasks:
        if waiting & set(task.depends):
            continue
        started(task)
        outcome = execute(task, root)
        if outcome.is_done:
            waiting.discard(task.key)
        yield outcome


def _in_pool(tasks: Sequence[Task], root: Path, workers: int, started: Callable[[Task], None]) -> Iterator[Outcome]:
    context = multiprocessing.get_context("spawn")
    unfinished = {task.key for task in tasks}
    queue = list(tasks)
    running: dict[Future[Outcome], Task] = {}
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_die_with_parent) as pool:
        while queue or running:
            ready = [task for task in queue if not unfinished & set(task.depends)]
            # no more than the workers can hold: what is handed out counts as started
            for task in ready[: max(0, workers - len(running))]:
                queue.remove(task)
                started(task)
                try:
                    with _interrupts_held():
                        running[pool.submit(execute, task, root)] = task
                except BrokenProcessPool:
                    yield Outcome(task, 0.0, crash=_WORKER_DIED)
            if not running:
                return
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                task = running.pop(future)
                outcome = _result(future, task)
                if outcome.is_done:
                    unfinished.discard(task.key)
                yield outcome


@contextlib.contextmanager
def _interrupts_held() -> Iterator[None]:
    """Hold Ctrl-C back while a worker may be started: it inherits the mask and leaves the answer to this process."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def _result(future: Future[Outcome], task: Task) -> Outcome:
    try:
        return future.result()
    except BrokenProcessPool:
        return Outcome(task, 0.0, crash=_WORKER_DIED)


def _die_with_parent() -> None:
    """End a worker when its parent is gone: after ``kill -9`` nobody else would.

    Ctrl-C goes to the whole group of processes; the parent alone answers it, and lets running tasks finish.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_watch, args=(parent.join,), daemon=True).start()


def _watch(join: Callable[[], None]) -> None:
    join()
    os._exit(1)
