"""Many pairs at once: the same kernels as the scalar calls, failures as a status, order and threads without effect."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

from osteobiome.core.errors import EstimationError
from osteobiome.core.estimate import Estimate, Status, failed
from osteobiome.mr.fit import BatchFit, Block
from osteobiome.mr.registry import ESTIMATORS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from osteobiome.instruments import Instruments
    from osteobiome.mr.registry import Estimator

CHUNK = 16_384
"""Pairs per unit of work; results do not depend on it."""
PADDING = 2
"""Pairs whose sizes differ by less than this factor share a padded block."""


def fit_block(block: Block, method: str, *, workers: int = 1, chunk: int = CHUNK) -> list[BatchFit]:
    """Fit one estimator to all pairs of a block, in chunks on several threads.

    Parameters
    ----------
    block : Block
        Pairs, shape (n_pairs, n_variants).
    method : str
        Name of an estimator that has a batch form.
    workers : int
        Threads; the kernels release the interpreter lock.
    chunk : int
        Pairs per unit of work.

    Returns
    -------
    list of BatchFit
        One per chunk, in order.
    """
    batch = ESTIMATORS[method].batch
    if batch is None:
        msg = f"estimator '{method}' has no batch form"
        raise TypeError(msg)
    parts = [block.rows(start, start + chunk) for start in range(0, block.n_pairs, chunk)]
    if workers <= 1 or len(parts) == 1:
        return [batch(part) for part in parts]
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(batch, parts))


def grid(
    pairs: Sequence[Instruments], methods: Sequence[str], *, workers: int = 1, seed: int = 1
) -> list[list[Estimate]]:
    """Estimate every pair by every method; a pair that cannot be estimated gets a status.

    A pair with a single variant has one estimate, the Wald ratio, whichever of the methods were asked for: IVW is the
    same number, and the others need more. Its message says so.

    Parameters
    ----------
    pairs : sequence of Instruments
        Harmonised pairs.
    methods : sequence of str
        Names of estimators.
    workers : int
        Threads.
    seed : int
        Seed of stochastic methods; every pair and method has a stream of its own, so order changes nothing.

    Returns
    -------
    list of list of Estimate
        Per pair, in order, the estimates in the order of ``methods``.

    Raises
    ------
    UnknownNameError
        A method is not registered.
    """
    entries = [ESTIMATORS[name] for name in methods]
    single = [i for i, pair in enumerate(pairs) if pair.n_variants == 1]
    several = [i for i, pair in enumerate(pairs) if pair.n_variants != 1]
    results: list[list[Estimate]] = [[] for _ in pairs]
    for i in single:
        results[i] = [_single(pairs[i], methods)]
    for entry in entries:
        for i, estimate in zip(several, _fit(entry, [pairs[i] for i in several], workers, seed), strict=True):
            results[i].append(estimate)
    return results


def _single(pair: Instruments, methods: Sequence[str]) -> Estimate:
    """Return the Wald ratio of a pair with one variant, marked as a stand-in."""
    estimate = _fit(ESTIMATORS["wald_ratio"], [pair], 1, 1)[0]
    others = [name for name in methods if name != "wald_ratio"]
    if others and estimate.status is Status.OK:
        estimate = replace(estimate, message=f"One variant is left: Wald ratio in place of {', '.join(others)}.")
    return estimate


def _fit(entry: Estimator, pairs: Sequence[Instruments], workers: int, seed: int) -> list[Estimate]:
    """Fit one estimator to pairs of any size."""
    if entry.batch is None:
        return [_fit_one(entry, pair, seed) for pair in pairs]
    results: list[Estimate | None] = [None] * len(pairs)
    order = sorted(range(len(pairs)), key=lambda i: (pairs[i].n_variants, i))
    start = 0
    while start < len(order):
        limit = max(PADDING * pairs[order[start]].n_variants, 8)
        stop = start
        while stop < len(order) and pairs[order[stop]].n_variants <= limit:
            stop += 1
        members = order[start:stop]
        fits = fit_block(Block.from_pairs([pairs[i] for i in members]), entry.name, workers=workers)
        estimates = [estimate for fit in fits for estimate in fit.estimates()]
        for i, estimate in zip(members, estimates, strict=True):
            pair = pairs[i]
            results[i] = estimate.label(exposure=pair.exposure, outcome=pair.outcome, unit=pair.unit)
        start = stop
    return [estimate for estimate in results if estimate is not None]


def _fit_one(entry: Estimator, pair: Instruments, seed: int) -> Estimate:
    """Call the scalar form and turn its error into a status."""
    try:
        return entry.function(pair, seed=seed) if entry.stochastic else entry.function(pair)
    except EstimationError as error:
        message = error.faults[0].found
        estimate = failed(entry.name, Status(error.status), n_variants=pair.n_variants, message=message)
        return estimate.label(exposure=pair.exposure, outcome=pair.outcome, unit=pair.unit)
