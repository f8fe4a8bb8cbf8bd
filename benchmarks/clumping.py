"""Clumping 200 exposures with a panel of eight million variants and 503 people, from indexed candidates.

``python -m benchmarks.clumping`` takes a panel of 400,000 variants; ``--full`` the eight million of the project's
figures (1.3 GB of disk). PLINK is timed on a few of the exposures where it is installed; the rest is extrapolated.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.panel_file import write_panel
from benchmarks.processes import measured
from osteobiome.core.schema import table
from osteobiome.sumstats.identity import add_keys, orient

N_EXPOSURES, N_PEOPLE = 200, 503
N_LOCI, NEAR = 60, 25
"""Signals of an exposure, and variants on either side of each that are candidates."""
N_PLINK = 3
CLUMP = """
import sys
from pathlib import Path
import polars as pl
from osteobiome.ld.panel import open_panel
from osteobiome.ld.panel_clumping import PanelClumpOptions
from osteobiome.ld.trait_clumping import clump_traits

tables = {path.stem: pl.read_parquet(path) for path in sorted(Path(sys.argv[2]).glob("*.parquet"))}
options = PanelClumpOptions(p1=5e-8, r2=0.001, kb=10_000)
clumps = clump_traits(tables, open_panel(sys.argv[1]), options=options)
assert len(clumps) == len(tables)
assert all((frame["reason"] == "").any() for frame in clumps.values())
"""


def main(arguments: list[str]) -> None:
    """Measure and print."""
    n_variants = 8_000_000 if "--full" in arguments else 400_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prefix = folder / "panel"
        write_panel(prefix, n_variants=n_variants, n_people=N_PEOPLE)
        (folder / "candidates").mkdir()
        n_candidates = _write_candidates(prefix, folder / "candidates", n_variants)
        print(f"{N_EXPOSURES} exposures, {n_candidates:,} candidates, panel of {n_variants:,} simulated variants")
        ours = measured("osteobiome", CLUMP, str(prefix), str(folder / "candidates"), repetitions=3)
        print(ours.line())
        if shutil.which("plink1.9"):
            each = _plink(prefix, folder)
            whole = each * N_EXPOSURES
            print(f"  plink1.9 --clump, one exposure {each:8.2f} s wall, {N_EXPOSURES} of them {whole:,.0f} s")
            print(f"  ratio {ours.wall / whole:.4f}")


def _write_candidates(prefix: Path, folder: Path, n_variants: int) -> int:
    """Write the candidates of each exposure as ingest does; return how many there are in all."""
    rng = np.random.default_rng(2)
    bim = pl.read_csv(
        prefix.with_suffix(".bim"), separator="\t", has_header=False,
        new_columns=["chromosome", "rsid", "cm", "position", "effect_allele", "other_allele"],
    )  # fmt: skip
    total = 0
    for number in range(N_EXPOSURES):
        leads = rng.choice(n_variants, N_LOCI, replace=False)
        rows = np.unique(np.clip(leads[:, None] + np.arange(-NEAR, NEAR + 1), 0, n_variants - 1))
        distance = np.abs(rows[:, None] - leads[None, :]).min(axis=1)
        strength = np.maximum(4.0, 30.0 * np.exp(-distance / 12.0) + rng.uniform(0, 3, rows.size))
        plain = bim[rows.tolist()].select(
            "rsid", pl.col("chromosome").cast(pl.Int8), "position", "effect_allele", "other_allele",
            pl.lit(0.1).alias("beta"), pl.lit(0.01).alias("se"), pl.lit(0.3).alias("eaf"),
            pl.Series("neg_log_10_p_value", strength), pl.Series("line", np.arange(2, rows.size + 2)),
        )  # fmt: skip
        frame = add_keys(orient(plain)).sort("variant_key")
        pl.concat([table("candidates"), frame], how="diagonal").write_parquet(folder / f"x{number:03}.parquet")
        total += frame.height
    return total


def _plink(prefix: Path, folder: Path) -> float:
    """Return the median seconds that PLINK takes for one exposure."""
    seconds = []
    for number in range(N_PLINK):
        frame = pl.read_parquet(folder / "candidates" / f"x{number:03}.parquet")
        report = folder / "assoc.txt"
        frame.select(pl.col("rsid").alias("SNP"), (10.0 ** -pl.col("neg_log_10_p_value")).alias("P")).write_csv(
            report, separator="\t"
        )
        began = time.perf_counter()
        subprocess.run(
            ["plink1.9", "--bfile", str(prefix), "--clump", str(report), "--clump-p1", "5e-8", "--clump-p2", "1",
             "--clump-r2", "0.001", "--clump-kb", "10000", "--out", str(folder / "plink"), "--silent"],
            check=True,
        )  # fmt: skip
        seconds.append(time.perf_counter() - began)
    return float(np.median(seconds))


if __name__ == "__main__":
    main(sys.argv[1:])
