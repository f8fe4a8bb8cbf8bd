"""300,000 pairs of 20 variants: IVW, MR-Egger and their Q with p values, against a loop of numpy calls."""

from __future__ import annotations

import numpy as np

from benchmarks.measure import print_pair, timed
from osteobiome.mr import Block, fit_block
from osteobiome.study.executors import default_workers

N_PAIRS, N_VARIANTS, N_LOOP = 300_000, 20, 3_000


def make_block(n_pairs: int) -> Block:
    """Return simulated pairs with a true effect of 0.1."""
    rng = np.random.default_rng(1)
    shape = (n_pairs, N_VARIANTS)
    x = rng.normal(0.0, 0.1, shape)
    se_x = rng.uniform(0.005, 0.02, shape)
    se_y = rng.uniform(0.01, 0.03, shape)
    y = 0.1 * x + rng.normal(0.0, 1.0, shape) * se_y
    return Block(x, se_x, y, se_y, np.ones(shape, dtype=bool))


def ours(block: Block, workers: int) -> list[np.ndarray]:
    """Fit both estimators with p values, intervals and Q."""
    parts = []
    for method in ("ivw", "egger"):
        for fit in fit_block(block, method, workers=workers):
            parts += [fit.beta, fit.se, fit.neg_log_10_p_value(), *fit.interval()]
            parts += [column.neg_log_10_p_value for column in fit.tests if column.neg_log_10_p_value is not None]
    return parts


def numpy_loop(block: Block) -> list[tuple[float, ...]]:
    """Fit both estimators pair by pair with numpy, slopes, errors and Q only: what a script would do."""
    rows = []
    for i in range(block.n_pairs):
        x, y, w = block.beta_exposure[i], block.beta_outcome[i], 1.0 / block.se_outcome[i] ** 2
        slope = np.sum(w * x * y) / np.sum(w * x * x)
        q = np.sum(w * (y - slope * x) ** 2)
        turn = np.where(x < 0, -1.0, 1.0)
        design = np.column_stack([np.ones_like(x), x * turn])
        information = design.T @ (design * w[:, None])
        coefficients = np.linalg.solve(information, design.T @ (w * y * turn))
        residual = y * turn - design @ coefficients
        error = np.sqrt(np.diag(np.linalg.inv(information)))
        rows.append((slope, q, *coefficients, *error, np.sum(w * residual**2)))
    return rows


def main() -> None:
    """Measure and print."""
    block, small = make_block(N_PAIRS), make_block(N_LOOP)
    workers = default_workers()
    fast = timed(f"osteobiome, {workers} threads", lambda: ours(block, workers), repetitions=5)
    slow = timed(f"numpy loop, scaled from {N_LOOP:,}", lambda: numpy_loop(small), repetitions=3)
    print_pair(
        f"{N_PAIRS:,} pairs x {N_VARIANTS} variants, IVW + Egger + Q",
        fast, slow, scale=N_PAIRS / N_LOOP, budget_s=1.0,
    )  # fmt: skip


if __name__ == "__main__":
    main()
