"""LD scores and LD matrices: CPU seconds, and the time of a matrix as a multiple of the bare matrix product.

``python -m benchmarks.ld [PREFIX ...]`` times LD scores of PLINK 1 files (``PREFIX.bed``, ``.bim`` or ``.bim.gz``,
``.fam``) besides simulated genotypes.
"""

from __future__ import annotations

import gzip
import sys
from pathlib import Path

import numpy as np

from benchmarks.measure import Timing, timed
from osteobiome.ld.correlation import ld_matrix, ld_windows, standardised
from osteobiome.ld.genotypes import Genotypes
from osteobiome.ld.scores import ld_scores

N_VARIANTS, N_PEOPLE, LENGTH = 17_489, 343, 35_000_000
MATRIX_VARIANTS, MATRIX_PEOPLE = 5_000, 500
SCORES_CPU, MATRIX_RATIO = 0.4, 1.5


def simulated(n_variants: int, n_people: int) -> Genotypes:
    """Return genotypes whose neighbours are correlated, with a share of rare variants."""
    rng = np.random.default_rng(1)
    frequency = rng.uniform(0.02, 0.5, n_variants)
    carried = np.zeros((n_variants, 2 * n_people), dtype=np.int8)
    carried[0] = rng.random(2 * n_people) < frequency[0]
    for i in range(1, n_variants):
        fresh = rng.random(2 * n_people) < 0.2
        carried[i] = np.where(fresh, rng.random(2 * n_people) < frequency[i], carried[i - 1])
    return Genotypes.from_dosages((carried[:, ::2] + carried[:, 1::2]).astype(np.int8))


def read_bed(prefix: str) -> tuple[Genotypes, np.ndarray, np.ndarray]:
    """Return genotypes, chromosome and position of a PLINK 1 file."""
    packed = Path(prefix + ".bim.gz")
    text = gzip.decompress(packed.read_bytes()) if packed.exists() else Path(prefix + ".bim").read_bytes()
    rows = [line.split() for line in text.decode().splitlines()]
    n_people = len(Path(prefix + ".fam").read_text().splitlines())
    content = np.fromfile(prefix + ".bed", dtype=np.uint8)[3:].reshape(len(rows), -1)
    chromosome, position = (np.array([int(row[k]) for row in rows]) for k in (0, 3))
    return Genotypes.from_bed(content, n_people=n_people), chromosome, position


def time_scores(title: str, genotypes: Genotypes, chromosome: np.ndarray, position: np.ndarray) -> None:
    """Time LD scores within 1 Mb, and all pairs of the same windows kept."""
    scores = timed("LD scores, 1 Mb", lambda: ld_scores(genotypes, chromosome, position), repetitions=7)
    windows = timed(
        "every r of the windows, kept", lambda: ld_windows(genotypes, chromosome, position, window_kb=1000.0),
        repetitions=3,
    )  # fmt: skip
    print(f"{title}: {genotypes.n_variants:,} variants x {genotypes.n_people} people")
    _print(scores)
    _print(windows)
    print(f"  budget {SCORES_CPU:g} s CPU: {'met' if scores.cpu < SCORES_CPU else 'NOT MET'}")


def time_matrix(genotypes: Genotypes) -> None:
    """Time a matrix of r against the bare product of standardised genotypes, in double and single precision."""
    x = standardised(genotypes)
    single = x.astype(np.float32)
    ours = timed("osteobiome, bits to r", lambda: ld_matrix(genotypes), repetitions=5)
    others: list[Timing] = [
        timed("numpy x @ x.T, double", lambda: x @ x.T, repetitions=5),
        timed("numpy x @ x.T, single", lambda: single @ single.T, repetitions=5),
        timed("numpy corrcoef", lambda: np.corrcoef(x), repetitions=5),
    ]
    print(f"LD matrix {genotypes.n_variants:,} x {genotypes.n_variants:,} of {genotypes.n_people} people")
    _print(ours)
    for other in others:
        _print(other)
        print(f"    ours takes {ours.wall / other.wall:.2f} times as long (wall), {ours.cpu / other.cpu:.2f} (CPU)")
    met = ours.wall < MATRIX_RATIO * others[0].wall
    print(f"  budget {MATRIX_RATIO:g} times the double product: {'met' if met else 'NOT MET'}")


def _print(t: Timing) -> None:
    print(f"  {t.name:<34} wall {t.wall:8.3f} s   cpu {t.cpu:8.3f} s   ({t.repetitions} runs)")


def main(prefixes: list[str]) -> None:
    """Measure and print."""
    position = np.sort(np.random.default_rng(2).integers(16_000_000, 16_000_000 + LENGTH, N_VARIANTS))
    time_scores("simulated", simulated(N_VARIANTS, N_PEOPLE), np.full(N_VARIANTS, 22), position)
    for prefix in prefixes:
        time_scores(Path(prefix).name, *read_bed(prefix))
    time_matrix(simulated(MATRIX_VARIANTS, MATRIX_PEOPLE))


if __name__ == "__main__":
    main(sys.argv[1:])
