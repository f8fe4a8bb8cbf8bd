"""Files of summary statistics to checked Parquet, and two stored traits joined; whole processes, against polars alone.

``python -m benchmarks.sumstats`` takes a million rows; ``--full`` the eight million of the project's figures;
``--huge`` a hundred million rows once, for memory only (some 8 GB of disk).
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks.gwas_file import write_gwas
from benchmarks.processes import Usage, measured

INGEST = """
import sys
from pathlib import Path

from osteobiome.sumstats.table import IngestOptions, begin
ingest = begin(Path(sys.argv[1]), trait_id="x", options=IngestOptions(genome_build="GRCh37"))

ingest.store(Path(sys.argv[2]), max_bad_rows=0.05)
"""
PLAIN = """
import sys
import polars as pl
pl.read_csv(sys.argv[1], separator="\\t").write_parquet(sys.argv[2])
"""
JOIN = """
import sys
from pathlib import Path
import polars as pl
from osteobiome.sumstats.joining import StoredPair
table = pl.concat(StoredPair(Path(sys.argv[1]), Path(sys.argv[2])).frames())
assert table.height
"""
POLARS_JOIN = """
import sys
import polars as pl
columns = ["chromosome", "position", "effect_allele", "other_allele", "beta", "se", "eaf"]
first, second = (pl.read_parquet(path, columns=columns) for path in sys.argv[1:3])
met = first.join(second, on=["chromosome", "position"], suffix="_outcome")
same = pl.col("effect_allele") == pl.col("effect_allele_outcome")
table = met.with_columns(pl.when(same).then("beta_outcome").otherwise(-pl.col("beta_outcome")).alias("beta_outcome"))
assert table.height
"""


def main(arguments: list[str]) -> None:
    """Measure and print."""
    n_rows = 8_000_000 if "--full" in arguments else 1_000_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        packed = folder / "gwas.tsv.gz"
        written = write_gwas(packed, n_rows=n_rows)
        print(f"{written:,} simulated rows, {packed.stat().st_size / 1e6:,.0f} MB gzip, to checked, sorted Parquet")
        ours = measured("osteobiome, all checks", INGEST, str(packed), str(folder / "x.parquet"), repetitions=3)
        plain = measured("polars, no check", PLAIN, str(packed), str(folder / "plain.parquet"), repetitions=3)
        _print(ours, plain, wall=8.0 if "--full" in arguments else None)
        (folder / "y.parquet").write_bytes((folder / "x.parquet").read_bytes())
        print(f"two traits of {written:,} rows, joined and oriented")
        pair = str(folder / "x.parquet"), str(folder / "y.parquet")
        ours = measured("osteobiome", JOIN, *pair, repetitions=5)
        plain = measured("polars, by position", POLARS_JOIN, *pair, repetitions=5)
        _print(ours, plain, wall=1.5 if "--full" in arguments else None)
        packed.unlink()
        if "--huge" in arguments:
            huge = folder / "huge.tsv"
            written = write_gwas(huge, n_rows=100_000_000)
            print(f"{written:,} simulated rows, {huge.stat().st_size / 1e9:,.1f} GB of text")
            once = measured("osteobiome, all checks", INGEST, str(huge), str(folder / "h.parquet"), repetitions=1,
                            warm_up=False)  # fmt: skip
            print(once.line())


def _print(ours: Usage, other: Usage, *, wall: float | None) -> None:
    print(ours.line())
    print(other.line())
    print(f"  ratio {ours.wall / other.wall:.2f} (wall), {ours.memory_mb / other.memory_mb:.2f} (memory)")
    if wall is not None:
        met = ours.wall < wall and ours.memory_mb < 1_000.0
        print(f"  budget {wall:g} s and 1,000 MB: {'met' if met else 'NOT MET'}")


if __name__ == "__main__":
    main(sys.argv[1:])
