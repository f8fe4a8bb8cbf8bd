"""Make the inputs of the bundled studies from the files of their origin.

Usage: python validation/make_example_inputs.py ORIGIN

ORIGIN holds ``mr_bone_adiposity`` and ``sost_region_bone`` as described in the README of each example. Values are
copied digit by digit; only column names, file names and the split into one file per trait change. Nothing but the
standard library is needed.
"""

from __future__ import annotations

import csv
import gzip
import io
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ADIPOSITY = ROOT / "examples" / "adiposity-bone" / "data"
SCLEROSTIN = ROOT / "src" / "osteobiome" / "examples" / "sclerostin-bone" / "data"

COPIES = {
    "harmonised/Harmonized_data_for_LSBMD_to_PercentBodyFat_Males.txt.gz": "ls_male.txt.gz",
    "harmonised/Harmonized_data_for_LSBMD_to_PercentBodyFat_Females.txt.gz": "ls_female.txt.gz",
    "harmonised/Harmonized_data_for_FNBMD_to_PercentBodyFat_Males.txt.gz": "fn_male.txt.gz",
    "harmonised/Harmonized_data_for_FNBMD_to_PercentBodyFat_Females.txt.gz": "fn_female.txt.gz",
    "exposure/exposure_dat_for_PercentBodyFat.txt.gz": "exposure_body_fat.txt.gz",
    "outcome/outcome_dat_for_FemoralNeckBMD_to_PercentBodyFat.txt.gz": "outcome_fn.txt.gz",
    "outcome/outcome_dat_for_LSBMD_to_PercentBodyFat.txt.gz": "outcome_ls.txt.gz",
    "outcome/outcome_dat_for_ForearmBMD_to_PercentBodyFat.txt.gz": "outcome_fa.txt.gz",
}
SSF = (
    "chromosome", "base_pair_location", "effect_allele", "other_allele", "beta", "standard_error",
    "effect_allele_frequency", "p_value", "rsid",
)  # fmt: skip


def read(path: Path) -> list[dict[str, str]]:
    """Return the rows of a tab-separated file, plain or gzip."""
    raw = path.read_bytes()
    text = gzip.decompress(raw).decode() if path.suffix == ".gz" else raw.decode()
    return list(csv.DictReader(io.StringIO(text), delimiter="\t"))


def write(path: Path, header: tuple[str, ...], rows: list[list[str]]) -> None:
    """Write a tab-separated file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="\n") as handle:
        for row in [list(header), *rows]:
            handle.write("\t".join(row) + "\n")


def ssf(row: dict[str, str]) -> list[str]:
    """Return one row of the SOST tables in GWAS-SSF order; their effect allele is ``alt``."""
    return [row[name] for name in ("chr", "pos", "alt", "ref", "beta", "se", "af", "pvalue", "rsid")]


def adiposity(origin: Path) -> None:
    """Copy the files as found."""
    ADIPOSITY.mkdir(parents=True, exist_ok=True)
    for source, target in COPIES.items():
        shutil.copyfile(origin / source, ADIPOSITY / target)


def sclerostin(origin: Path) -> None:
    """Split the look-ups by trait and cut the LD matrix down to the five variants."""
    instruments = read(origin / "pqtls5.tsv.gz")
    write(SCLEROSTIN / "sclerostin.tsv", SSF, [ssf(row) for row in instruments])
    look_ups = read(origin / "gwas_at_pqtls5.tsv.gz")
    for trait in dict.fromkeys(row["id"] for row in look_ups):
        write(SCLEROSTIN / f"{trait}.tsv", SSF, [ssf(row) for row in look_ups if row["id"] == trait])
    names = [row["rsid"] for row in instruments]
    ld = {row["rsid"]: row for row in read(origin / "ld_matrix_1kg_586snps.tsv.gz")}
    write(SCLEROSTIN / "ld_r.tsv", ("rsid", *names), [[a, *(ld[a][b] for b in names)] for a in names])
    alleles = {row["rsid"]: row for row in read(origin / "ld_snps.tsv.gz")}
    rows = [[name, alleles[name]["alt"], alleles[name]["ref"]] for name in names]
    write(SCLEROSTIN / "ld_variants.tsv", ("rsid", "effect_allele", "other_allele"), rows)


def main() -> None:
    """Make both."""
    origin = Path(sys.argv[1])
    adiposity(origin / "mr_bone_adiposity")
    sclerostin(origin / "sost_region_bone")


if __name__ == "__main__":
    main()
