"""A large file of summary statistics made from a seed: simulated, with real markers in it so that checks can speak."""

from __future__ import annotations

import gzip
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import polars as pl

from osteobiome.stats.tails import neg_log10_p_normal
from osteobiome.sumstats.reference import chromosome_lengths, markers

ALLELES = np.array(["A", "C", "G", "T"])
BATCH = 1_000_000


def write_gwas(path: Path, *, n_rows: int, seed: int = 1, level: int = 6) -> int:
    """Write a GWAS-SSF file of simulated rows, sorted by position, in batches; return the rows written.

    One row in fifteen is an insertion or deletion. Numbers have six significant digits, as programs print them.
    """
    rng = np.random.default_rng(seed)
    lengths = chromosome_lengths("GRCh37")
    total = sum(lengths[c] for c in range(1, 23))
    known = markers().sort("chromosome", "position_grch37")
    written = 0
    with path.open("wb") as plain, ExitStack() as stack:
        packs = path.suffix == ".gz"
        handle = stack.enter_context(gzip.GzipFile(fileobj=plain, mode="wb", compresslevel=level)) if packs else plain
        for chromosome in range(1, 23):
            n = round(n_rows * lengths[chromosome] / total)
            step = lengths[chromosome] / n
            mine = known.filter(pl.col("chromosome") == chromosome)
            for first in range(0, n, BATCH):
                size = min(BATCH, n - first)
                position = ((first + np.arange(size) + rng.uniform(0, 0.9, size)) * step).astype(np.int64) + 1
                frame = _rows(rng, position, chromosome, written)
                inside = mine.filter(pl.col("position_grch37").is_between(int(position[0]), int(position[-1])))
                frame = _with_markers(rng, frame, inside)
                handle.write(frame.write_csv(separator="\t", include_header=written == 0, null_value="NA").encode())
                written += frame.height
    return written


def _rows(rng: np.random.Generator, position: np.ndarray, chromosome: int, written: int) -> pl.DataFrame:
    n = len(position)
    effect = rng.integers(0, 4, n)
    other = (effect + rng.integers(1, 4, n)) % 4
    letters, others = ALLELES[effect].astype("U4"), ALLELES[other].astype("U4")
    long = rng.uniform(size=n) < 1 / 15
    others[long] = np.char.add(letters[long], ALLELES[rng.integers(0, 4, int(long.sum()))])
    eaf = rng.uniform(0.01, 0.99, n)
    return _numbers(
        rng,
        pl.DataFrame(
            {
                "chromosome": np.full(n, chromosome),
                "base_pair_location": position,
                "effect_allele": letters,
                "other_allele": others,
                "effect_allele_frequency": eaf,
                "rsid": [f"rs{i}" for i in range(3_000_000_000 + written, 3_000_000_000 + written + n)],
            }
        ),
    )


def _numbers(rng: np.random.Generator, frame: pl.DataFrame) -> pl.DataFrame:
    """Add effects whose errors and p values belong to each other."""
    n = frame.height
    eaf = frame["effect_allele_frequency"].to_numpy()
    people = rng.integers(400_000, 420_000, n)
    se = 1.0 / np.sqrt(2.0 * eaf * (1.0 - eaf) * people)
    z = rng.standard_normal(n)
    p = 10.0 ** -neg_log10_p_normal(z)
    return frame.select(
        "chromosome",
        "base_pair_location",
        "effect_allele",
        "other_allele",
        pl.Series("beta", z * se).round_sig_figs(6),
        pl.Series("standard_error", se).round_sig_figs(6),
        pl.col("effect_allele_frequency").round_sig_figs(6),
        pl.Series("p_value", p).round_sig_figs(6),
        "rsid",
        pl.Series("n", people),
    )


def _with_markers(rng: np.random.Generator, frame: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Put real markers among the rows, in their place."""
    if known.is_empty():
        return frame
    rows = known.select(
        pl.col("chromosome").cast(pl.Int64),
        pl.col("position_grch37").alias("base_pair_location"),
        pl.col("allele_1").alias("effect_allele"),
        pl.col("allele_2").alias("other_allele"),
        pl.col("frequency").cast(pl.Float64).alias("effect_allele_frequency"),
        "rsid",
    )
    return pl.concat([frame, _numbers(rng, rows).cast(frame.schema)]).sort("base_pair_location", maintain_order=True)
