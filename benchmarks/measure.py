"""Measuring: medians over repetitions, wall and CPU seconds, always against a second way in the same run."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timing:
    """Median wall and CPU seconds of one way to do a piece of work."""

    name: str
    wall: float
    cpu: float
    repetitions: int


def timed(name: str, work: Callable[[], object], *, repetitions: int) -> Timing:
    """Run ``work`` once to warm up, then ``repetitions`` times; return medians."""
    work()
    walls, cpus = [], []
    for _ in range(repetitions):
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return Timing(name, statistics.median(walls), statistics.median(cpus), repetitions)


def print_pair(title: str, ours: Timing, other: Timing, *, scale: float = 1.0, budget_s: float | None = None) -> None:
    """Print both timings, their ratio and the budget; ``scale`` brings the other to the same amount of work."""
    print(title)
    for t, factor in ((ours, 1.0), (other, scale)):
        print(f"  {t.name:<34} wall {t.wall * factor:8.3f} s   cpu {t.cpu * factor:8.3f} s   ({t.repetitions} runs)")
    print(f"  ratio {other.wall * scale / ours.wall:,.0f} x (wall), {other.cpu * scale / ours.cpu:,.0f} x (CPU)")
    if budget_s is not None:
        print(f"  budget {budget_s:g} s wall: {'met' if ours.wall < budget_s else 'NOT MET'}")
