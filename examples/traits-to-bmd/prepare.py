"""Make the inputs of this study from the files of their origin.

Usage: python prepare.py ORIGIN

ORIGIN holds ``mr_instruments`` and ``mr_bone_adiposity`` as described in README.md. Which traits are kept is read from
``traits.csv``. Rows are copied as they are, in the order of their file; nothing but the standard library is needed.
"""

from __future__ import annotations

import csv
import gzip
import shutil
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent

TABLES = {
    # ours: (origin, column that names the trait)
    "mrbase_instruments.tsv.gz": ("mr_instruments/mrbase_instruments.tsv.gz", "id.exposure"),
    "metab_qtls.tsv.gz": ("mr_instruments/metab_qtls.tsv.gz", "phenotype"),
    "proteomic_qtls.tsv.gz": ("mr_instruments/proteomic_qtls.tsv.gz", "analyte"),
}
BMD = "mr_bone_adiposity/outcome/outcome_dat_for_{}BMD_to_PercentBodyFat.txt.gz"
COPIES = {
    "bmd_femoral_neck.txt.gz": BMD.format("FemoralNeck"),
    "bmd_lumbar_spine.txt.gz": BMD.format("LS"),
    "bmd_forearm.txt.gz": BMD.format("Forearm"),
    "bmd_total_body_15_30.txt.gz": BMD.format("15-30"),
    "bmd_total_body_30_45.txt.gz": BMD.format("30-45"),
    "bmd_total_body_45_60.txt.gz": BMD.format("45-60"),
    "bmd_total_body_60.txt.gz": BMD.format("60_or_more_"),
    "body_fat_ukb.txt.gz": "mr_bone_adiposity/exposure/exposure_dat_for_PercentBodyFat.txt.gz",
}


def wanted(table: str) -> set[str]:
    """Return the traits of a table that the study uses."""
    with (HERE / "traits.csv").open(encoding="utf-8", newline="") as handle:
        return {row["trait_in_file"] for row in csv.DictReader(handle) if row["file"] == f"data/{table}"}


def cut(source: Path, target: Path, *, column: str, keep: set[str]) -> None:
    """Write the rows of some traits, byte for byte, and say if one is not there."""
    header, *lines = gzip.decompress(source.read_bytes()).decode().splitlines(keepends=True)
    at = header.rstrip("\n").split("\t").index(column)
    named = [(line.rstrip("\n").split("\t")[at], line) for line in lines]
    missing = keep - {name for name, _ in named}
    if missing:
        sys.exit(f"{source.name} has no {', '.join(sorted(missing))}")
    content = "".join([header, *(line for name, line in named if name in keep)])
    target.write_bytes(gzip.compress(content.encode(), mtime=0))


def main() -> None:
    """Write ``data``."""
    origin, data = Path(sys.argv[1]), HERE / "data"
    data.mkdir(exist_ok=True)
    for name, (source, column) in TABLES.items():
        cut(origin / source, data / name, column=column, keep=wanted(name))
    for name, source in COPIES.items():
        shutil.copyfile(origin / source, data / name)


if __name__ == "__main__":
    main()
