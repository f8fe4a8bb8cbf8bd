"""Measuring whole processes: wall and CPU seconds and peak memory, as the system accounts for a finished process."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass

MB = 1024.0  # ru_maxrss is in kB on Linux


@dataclass(frozen=True, slots=True)
class Usage:
    """Medians over repetitions of one command."""

    name: str
    wall: float
    cpu: float
    memory_mb: float
    repetitions: int

    def line(self) -> str:
        """Return the figures as one line."""
        return (
            f"  {self.name:<44} wall {self.wall:7.2f} s   cpu {self.cpu:7.2f} s   peak {self.memory_mb:6,.0f} MB   "
            f"({self.repetitions} runs)"
        )


def measured(name: str, code: str, *arguments: str, repetitions: int, warm_up: bool = True) -> Usage:
    """Run Python code in fresh processes of this interpreter; return medians.

    Parameters
    ----------
    name : str
        For the printout.
    code : str
        What to run; its arguments are ``sys.argv[1:]``.
    *arguments : str
        Arguments.
    repetitions : int
        Counted runs.
    warm_up : bool
        Whether one run before them is not counted, so that compiled kernels and files are in their caches.
    """
    if warm_up:
        _once(code, arguments)
    runs = [_once(code, arguments) for _ in range(repetitions)]
    wall, cpu, memory = (statistics.median(column) for column in zip(*runs, strict=True))
    return Usage(name, wall, cpu, memory, repetitions)


def _once(code: str, arguments: tuple[str, ...]) -> tuple[float, float, float]:
    began = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-c", code, *arguments])
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        message = f"a measured process ended with {process.returncode}"
        raise RuntimeError(message)
    return time.perf_counter() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / MB
