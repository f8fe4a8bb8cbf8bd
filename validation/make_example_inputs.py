"""Make the inputs of the bundled studies from the files of their origin.

Usage: python validation/make_example_inputs.py ORIGIN

ORIGIN holds ``mr_bone_adiposity``, ``sost_region_bone``, ``eqtl_osteoporosis`` and ``genes`` as described in the README
of each example. Values are copied digit by digit; only column names, file names and the split into one file per trait
change. Nothing but the standard library is needed.
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
EQTL = ROOT / "examples" / "eqtl-osteoporosis" / "data"
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
GENES = ("gene", "chromosome", "start", "end", "strand")
"""Columns of the gene table."""
REGION = ("17", 41731101, 41961051)
"""Chromosome, first and last position of the SOST region, GRCh37: those of the LD matrix."""


def read(path: Path) -> list[dict[str, str]]:
    """Return the rows of a tab-separated file, plain or gzip."""
    raw = path.read_bytes()
    text = gzip.decompress(raw).decode() if path.suffix == ".gz" else raw.decode()
    return list(csv.DictReader(io.StringIO(text), delimiter="\t"))


def write(path: Path, header: tuple[str, ...], rows: list[list[str]]) -> None:
    """Write a tab-separated file, as gzip if the name says so; the same rows give the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = "".join("\t".join(row) + "\n" for row in [list(header), *rows]).encode()
    path.write_bytes(gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)


def ssf(row: dict[str, str]) -> list[str]:
    """Return one row of the SOST tables in GWAS-SSF order; their effect allele is ``alt``."""
    return [row[name] for name in ("chr", "pos", "alt", "ref", "beta", "se", "af", "pvalue", "rsid")]


def adiposity(origin: Path) -> None:
    """Copy the files as found."""
    ADIPOSITY.mkdir(parents=True, exist_ok=True)
    for source, target in COPIES.items():
        shutil.copyfile(origin / source, ADIPOSITY / target)


def outcomes(origin: Path) -> dict[str, list[dict[str, str]]]:
    """Return the rows of the region by trait; where the authors' look-ups of the five pQTLs differ, the look-ups."""
    look_ups = {(row["id"], row["rsid"]): row for row in read(origin / "gwas_at_pqtls5.tsv.gz")}
    traits: dict[str, list[dict[str, str]]] = {}
    for row in read(origin / "gwas_sost_region.tsv.gz"):
        used = look_ups.pop((row["id"], row["rsid"]), row)
        if used != row:
            print(f"{row['id']} {row['rsid']}: look-up {used['beta']}, p {used['pvalue']}; "
                  f"region {row['beta']}, p {row['pvalue']}")  # fmt: skip
        traits.setdefault(row["id"], []).append(used)
    assert not look_ups, "look-ups outside the region"
    return traits


def sclerostin(origin: Path, genes: Path) -> None:
    """Write one file per trait, the LD matrix with its alleles, and the genes of the region."""
    write(SCLEROSTIN / "sclerostin.tsv", SSF, [ssf(row) for row in read(origin / "pqtls5.tsv.gz")])
    pqtls = read(origin / "04_data_ukbb_pqtls_region.tsv.gz")
    named = ("chr", "pos", "ea", "oa", "beta", "se", "eaf", "pvalue", "rsid", "n")
    write(SCLEROSTIN / "sclerostin_ukb.tsv.gz", (*SSF, "n"), [[row[name] for name in named] for row in pqtls])
    for trait, rows in outcomes(origin).items():
        write(SCLEROSTIN / f"{trait}.tsv.gz", SSF, [ssf(row) for row in rows])
    matrix = read(origin / "ld_matrix_1kg_586snps.tsv.gz")
    names = [row["rsid"] for row in matrix]
    write(SCLEROSTIN / "ld_r.tsv.gz", ("rsid", *names), [[row[name] for name in ("rsid", *names)] for row in matrix])
    alleles = [[row[name] for name in ("rsid", "alt", "ref", "af")] for row in read(origin / "ld_snps.tsv.gz")]
    write(SCLEROSTIN / "ld_variants.tsv.gz", ("rsid", "effect_allele", "other_allele", "eaf"), alleles)
    chromosome, start, end = REGION
    rows = [
        [row[name] for name in ("symbol", "chr", "start", "end", "strand")]
        for row in read(genes / "genes_grch37.tsv.gz")
        if row["chr"] == chromosome and int(row["end"]) >= start and int(row["start"]) <= end
        if row["biotype"] in {"protein_coding", "lincRNA"}
    ]
    write(SCLEROSTIN / "genes.tsv", GENES, sorted(rows, key=lambda row: int(row[2])))


def eqtl(origin: Path) -> None:
    """Copy the harmonised table and the published result as found."""
    EQTL.mkdir(parents=True, exist_ok=True)
    for name in ("YTHDF3_cis_eqtl_vs_ukb_osteoporosis_harmonised.csv.gz", "table.MRresult.csv"):
        shutil.copyfile(origin / name, EQTL / name)


def main() -> None:
    """Make all three."""
    origin = Path(sys.argv[1])
    adiposity(origin / "mr_bone_adiposity")
    sclerostin(origin / "sost_region_bone", origin / "genes")
    eqtl(origin / "eqtl_osteoporosis")


if __name__ == "__main__":
    main()
